//! Rewrites a script so that squawk's parser can read it.

use std::borrow::Cow;

use crate::{Kind, Token, tokens};

/// Returns `sql` in a form in which squawk's lexer finds the same ends as the server. It has the same length and the
/// same lines. To the server it is the same script, except for the last two of these changes.
///
/// - squawk takes the continuation of an `E''` string for a plain string. There `\'` becomes `''`, which means the same
///   in both.
/// - `SET NAMES 'x'` becomes `SET NAMES='x'`, because squawk does not know that it takes no sign.
/// - `ALTER USER MAPPING FOR USER` becomes `... FOR self`, because squawk does not know that USER is a role there.
pub fn readable(sql: &str) -> Cow<'_, str> {
    let mut text = String::new();
    let mut copied = 0;
    let mut names = SetNames::default();
    let mut mapping = UserMapping::default();
    for token in tokens(sql) {
        if token.kind == Kind::EscapeText && token.continues {
            for at in escaped_quotes(&sql[token.range()]) {
                let at = token.start + at;
                text.push_str(&sql[copied..at]);
                text.push_str("''");
                copied = at + 2;
            }
        }
        if let Some(blank) = names.blank_before(token, &sql[token.range()]) {
            text.push_str(&sql[copied..blank]);
            text.push('=');
            copied = blank + 1;
        }
        if mapping.is_at_role(token, &sql[token.range()]) {
            text.push_str(&sql[copied..token.start]);
            text.push_str("self");
            copied = token.range().end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(sql);
    }
    text.push_str(&sql[copied..]);
    Cow::Owned(text)
}

/// Returns where `\'` stands for a quote in `text`.
fn escaped_quotes(text: &str) -> impl Iterator<Item = usize> {
    let mut bytes = text.bytes().enumerate();
    std::iter::from_fn(move || {
        while let Some((at, byte)) = bytes.next() {
            if byte == b'\\' && bytes.next().is_some_and(|(_, escaped)| escaped == b'\'') {
                return Some(at);
            }
        }
        None
    })
}

/// How much of `SET [SESSION | LOCAL] NAMES` has been seen.
#[derive(Default)]
enum SetNames {
    #[default]
    Nothing,
    Set,
    Scope,
    /// NAMES, with the position of the first blank after it.
    Names(Option<usize>),
}

impl SetNames {
    /// Takes the next token. If it is the string after NAMES, returns the blank after NAMES.
    fn blank_before(&mut self, token: Token, text: &str) -> Option<usize> {
        match (token.kind, &mut *self) {
            (Kind::Space, Self::Names(blank @ None)) => *blank = text.find(' ').map(|at| token.start + at),
            (Kind::Space | Kind::Comment, _) => {}
            (Kind::Text | Kind::EscapeText, Self::Names(blank)) => {
                let blank = *blank;
                *self = Self::Nothing;
                return blank;
            }
            _ => {
                let is = |word: &str| token.kind == Kind::Word && text.eq_ignore_ascii_case(word);
                *self = match self {
                    _ if is("set") => Self::Set,
                    Self::Set if is("session") || is("local") => Self::Scope,
                    Self::Set | Self::Scope if is("names") => Self::Names(None),
                    _ => Self::Nothing,
                };
            }
        }
        None
    }
}

/// How many of its words have been seen.
#[derive(Default)]
struct UserMapping(usize);

impl UserMapping {
    const WORDS: [&str; 5] = ["alter", "user", "mapping", "for", "user"];

    /// Takes the next token. Returns whether it is the last of the words.
    fn is_at_role(&mut self, token: Token, text: &str) -> bool {
        if matches!(token.kind, Kind::Space | Kind::Comment) {
            return false;
        }
        let is = |word: &str| token.kind == Kind::Word && text.eq_ignore_ascii_case(word);
        self.0 = if is(Self::WORDS[self.0]) { self.0 + 1 } else { usize::from(is(Self::WORDS[0])) };
        let is_last = self.0 == Self::WORDS.len();
        self.0 %= Self::WORDS.len();
        is_last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_string_that_goes_on_is_read_as_the_server_reads_it() {
        for (sql, text) in [
            ("SELECT E'a'\n'b\\'; c', 1", "SELECT E'a'\n'b''; c', 1"),
            ("E'\\''\r-- it\\'s\n'\\\\\\'\\n'\n'\\''", "E'\\''\r-- it\\'s\n'\\\\''\\n'\n''''"),
            ("set /* é */ names/* */\n  'x'; E''\n'\\''", "set /* é */ names/* */\n= 'x'; E''\n''''"),
            ("SET SESSION NAMES 'x'", "SET SESSION NAMES='x'"),
            ("ALTER ROLE r SET NAMES E'x'", "ALTER ROLE r SET NAMES=E'x'"),
            (
                "ALTER USER MAPPING FOR USER SERVER a; alter /* é */ user mapping\nfor user server b",
                "ALTER USER MAPPING FOR self SERVER a; alter /* é */ user mapping\nfor self server b",
            ),
            ("ALTER ALTER USER MAPPING FOR USER", "ALTER ALTER USER MAPPING FOR self"),
        ] {
            assert_eq!(readable(sql), text);
            assert_eq!(text.len(), sql.len());
        }
    }

    #[test]
    fn everything_else_is_left_as_it_is() {
        for sql in [
            "E'\\''",
            "E'a' '\\'",
            "E'a' /* \n */ '\\'",
            "'a'\n'\\'",
            "E'a'\n'\\\\'",
            "E'a'\n, '\\'",
            "SET NAMES",
            "CREATE USER MAPPING FOR USER SERVER a",
            "ALTER USER MAPPING FOR \"user\" SERVER a",
            "ALTER USER MAPPING FOR CURRENT_USER SERVER a; ALTER USER user",
            "SET NAMES'x'",
            "SET names = 'x'",
            "SET a, names 'x'",
            "SET NAMES DEFAULT 'x'",
        ] {
            assert!(matches!(readable(sql), Cow::Borrowed(same) if same == sql), "{sql}");
        }
    }

    #[test]
    fn a_long_string_takes_no_longer_for_each_of_its_parts() {
        let sql = format!("E'a'{}", " -- it's\n'b\\''".repeat(200_000));
        assert_eq!(readable(&sql), format!("E'a'{}", " -- it's\n'b'''".repeat(200_000)));
    }
}
