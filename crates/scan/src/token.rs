//! The kinds of tokens.

use std::ops::Range;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Blanks and line breaks. A vertical tab is a blank only from PostgreSQL 16 on; before that, it is a syntax error.
    Space,
    /// A comment of either form. One of the form `--` ends before the line break.
    Comment,
    /// A key word or a name without quotes.
    Word,
    /// A quoted name, with or without Unicode escapes.
    QuotedName,
    /// A string in which only a doubled quote is special: plain, `U&''`, or `N''` (two tokens to the server).
    Text,
    /// A string with backslash escapes: `E''`.
    EscapeText,
    /// A string of bits, in which nothing is special: `B''` or `X''`.
    BitText,
    /// A string in dollar quotes.
    DollarText,
    /// A number in the form that PostgreSQL 14 knows. Later versions add forms, such as `0xff` and `1_000`, whose
    /// additions count as a word after the number here. So does what they call junk. Each later version that accepts
    /// the script finds the same ends.
    Number,
    /// A parameter, as in `$1`.
    Parameter,
    /// Operator characters up to a comment, even where the server would see several operators.
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
    /// Its kind.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last one.
    pub end: usize,
    /// Whether it is a string that continues the one before it. Only blanks, comments of the form `--` and at least one
    /// line break are between the two. The escapes follow the rules of the first one.
    pub continues: bool,
    /// Whether a string, name or comment is terminated. An unterminated one goes up to the end of the script.
    pub closed: bool,
}

impl Token {
    /// Returns its bytes in the script.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}
