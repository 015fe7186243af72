//! The tokens of a script, as `scan.l` of PostgreSQL 14 to 18 finds them with `standard_conforming_strings` on.

use crate::{Kind, Token};

/// Returns the tokens of `sql`, without a gap between them.
pub fn tokens(sql: &str) -> Tokens<'_> {
    Tokens { sql, at: 0, before: None, line_ended: false }
}

/// An iterator over the tokens of a script.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    sql: &'a str,
    at: usize,
    /// The kind of the string that ended before the current blanks and comments. The string may continue.
    before: Option<Kind>,
    /// Whether a line has ended since that string.
    line_ended: bool,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let first = self.peek(0)?;
        let continued = self.before.filter(|_| self.line_ended && first == b'\'');
        let (kind, closed) = match continued {
            Some(kind) => (kind, self.text(0, kind)),
            None => self.token(first),
        };
        match kind {
            Kind::Space => self.line_ended |= self.sql.as_bytes()[start..self.at].iter().any(|byte| is_newline(*byte)),
            Kind::Comment if first == b'-' => {}
            _ => {
                self.before = matches!(kind, Kind::Text | Kind::EscapeText | Kind::BitText).then_some(kind);
                self.line_ended = false;
            }
        }
        Some(Token { kind, start, end: self.at, continues: continued.is_some(), closed })
    }
}

impl Tokens<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.sql.as_bytes().get(self.at + ahead).copied()
    }

    fn skip_while(&mut self, belongs: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&belongs) {
            self.at += 1;
        }
    }

    /// Advances past the token that starts with `first`. Returns its kind, and whether it is closed.
    fn token(&mut self, first: u8) -> (Kind, bool) {
        let kind = match (first, self.peek(1), self.peek(2)) {
            (b'-', Some(b'-'), _) => {
                self.skip_while(|byte| !is_newline(byte));
                Kind::Comment
            }
            (b'/', Some(b'*'), _) => return (Kind::Comment, self.block_comment()),
            (b'\'', ..) => return (Kind::Text, self.text(0, Kind::Text)),
            (b'n' | b'N', Some(b'\''), _) => return (Kind::Text, self.text(1, Kind::Text)),
            (b'u' | b'U', Some(b'&'), Some(b'\'')) => return (Kind::Text, self.text(2, Kind::Text)),
            (b'e' | b'E', Some(b'\''), _) => return (Kind::EscapeText, self.text(1, Kind::EscapeText)),
            (b'b' | b'B' | b'x' | b'X', Some(b'\''), _) => return (Kind::BitText, self.text(1, Kind::BitText)),
            (b'"', ..) => return (Kind::QuotedName, self.quoted(1, b'"')),
            (b'u' | b'U', Some(b'&'), Some(b'"')) => return (Kind::QuotedName, self.quoted(3, b'"')),
            (b'$', ..) => return self.dollar(),
            (b'.', Some(b'0'..=b'9'), _) | (b'0'..=b'9', ..) => {
                self.number();
                Kind::Number
            }
            _ if is_space(first) => {
                self.skip_while(is_space);
                Kind::Space
            }
            _ if starts_word(first) => {
                self.skip_while(continues_word);
                Kind::Word
            }
            _ if is_operator(first) => {
                self.operator();
                Kind::Operator
            }
            (b'.', Some(b'.'), _) | (b':', Some(b':' | b'='), _) => {
                self.at += 2;
                Kind::Other
            }
            _ => {
                self.at += 1;
                match first {
                    b';' => Kind::Semicolon,
                    b'(' => Kind::Open,
                    b')' => Kind::Close,
                    _ => Kind::Other,
                }
            }
        };
        (kind, true)
    }

    /// Advances past a string whose first quote is `prefix` bytes ahead.
    fn text(&mut self, prefix: usize, kind: Kind) -> bool {
        match kind {
            Kind::EscapeText => self.escaped(prefix + 1),
            Kind::BitText => {
                self.at += prefix + 1;
                self.skip_while(|byte| byte != b'\'');
                let closed = self.peek(0).is_some();
                self.at += usize::from(closed);
                closed
            }
            _ => self.quoted(prefix + 1, b'\''),
        }
    }

    /// Advances past the next `quote` that is not doubled, starting `prefix` bytes ahead.
    fn quoted(&mut self, prefix: usize, quote: u8) -> bool {
        self.at += prefix;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == quote {
                if self.peek(0) != Some(quote) {
                    return true;
                }
                self.at += 1;
            }
        }
        false
    }

    /// Like `quoted`, but the character after each backslash stands for itself. None of the longer escapes that the
    /// server accepts contains a quote or a backslash.
    fn escaped(&mut self, prefix: usize) -> bool {
        self.at += prefix;
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'\\', Some(_)) | (b'\'', Some(b'\'')) => self.at += 2,
                (b'\'', _) => {
                    self.at += 1;
                    return true;
                }
                _ => self.at += 1,
            }
        }
        false
    }

    fn block_comment(&mut self) -> bool {
        self.at += 2;
        let mut depth = 1_usize;
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'/', Some(b'*')) => depth += 1,
                (b'*', Some(b'/')) => depth -= 1,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return true;
            }
        }
        false
    }

    fn dollar(&mut self) -> (Kind, bool) {
        let start = self.at;
        self.at += 1;
        if self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
            self.skip_while(|byte| byte.is_ascii_digit());
            return (Kind::Parameter, true);
        }
        if self.peek(0).is_some_and(starts_word) {
            self.skip_while(|byte| continues_word(byte) && byte != b'$');
        }
        if self.peek(0) != Some(b'$') {
            self.at = start + 1;
            return (Kind::Other, true);
        }
        self.at += 1;
        let quote = &self.sql[start..self.at];
        let end = self.sql[self.at..].find(quote);
        self.at = end.map_or(self.sql.len(), |end| self.at + end + quote.len());
        (Kind::DollarText, end.is_some())
    }

    fn number(&mut self) {
        let is_digit = |byte: u8| byte.is_ascii_digit();
        self.skip_while(is_digit);
        // Two dots are a token of their own, as in `1..10`.
        if self.peek(0) == Some(b'.') && self.peek(1) != Some(b'.') {
            self.at += 1;
            self.skip_while(is_digit);
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
            if self.peek(1 + sign).is_some_and(is_digit) {
                self.at += 1 + sign;
                self.skip_while(is_digit);
            }
        }
    }

    fn operator(&mut self) {
        let starts_comment =
            |it: &Self| matches!((it.peek(0), it.peek(1)), (Some(b'-'), Some(b'-')) | (Some(b'/'), Some(b'*')));
        self.at += 1;
        while self.peek(0).is_some_and(is_operator) && !starts_comment(self) {
            self.at += 1;
        }
    }
}

fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// Whether the character belongs to a word. Every character beyond ASCII does, even one that looks like a blank.
fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii()
}

fn continues_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_operator(byte: u8) -> bool {
    b"~!@#^&|`?+-*/%<>=".contains(&byte)
}

#[cfg(test)]
mod tests;
