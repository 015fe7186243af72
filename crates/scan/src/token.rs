//! What a token is.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Blanks and line breaks. A vertical tab is one only from PostgreSQL 16 on; before, it is a syntax error.
    Space,
    /// A comment of either form. One of the form `--` ends before the line break.
    Comment,
    /// A key word or a name without quotes.
    Word,
    /// A name in quotes, also one with Unicode escapes.
    QuotedName,
    /// A string in which only a doubled quote is special: plain, `U&''`, or `N''`, of which the server makes two tokens.
    Text,
    /// A string with backslash escapes: `E''`.
    EscapeText,
    /// A string of bits, in which nothing is special: `B''` or `X''`.
    BitText,
    /// A string in dollar quotes.
    DollarText,
    /// A number in the form that PostgreSQL 14 knows. What later versions add to it, as in `0xff` and `1_000`, is a word
    /// behind it, and so is what they call junk: each later version that takes the script finds the same ends.
    Number,
    /// A parameter, as in `$1`.
    Parameter,
    /// Operator characters up to a comment, also where the server would see several operators.
    Operator,
    /// `;`
    Semicolon,
    /// `(`
    Open,
    /// `)`
    Close,
    /// Any other character.
    Other,
}

/// A token and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// The byte behind it.
    pub end: usize,
    /// Whether it is a string that goes on with the one before it. Only blanks, comments of the form `--` and at least one
    /// line break are between the two, and the rules for escapes are those of the first.
    pub continues: bool,
    /// Whether a string, name or comment ends. What does not goes up to the end of the script.
    pub closed: bool,
}

impl Token {
    /// Its bytes in the script.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}
