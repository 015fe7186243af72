//! Names of relations and columns, as PostgreSQL folds them.

use std::fmt;

use squawk_lexer::{TokenKind, tokenize};
use squawk_syntax::unescape::{escape_unicode_esc_str, uescape_char};

use crate::quote;

/// The longest identifier that PostgreSQL keeps, in bytes.
pub const LONGEST: usize = 63;

/// A relation's name as a script writes it: folded to lower case unless quoted, and cut to the length that PostgreSQL
/// keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Its schema, if the script names one.
    pub schema: Option<String>,
    /// Its own name.
    pub name: String,
}

impl Name {
    /// Reads `text`, as it stands in a script: `orders`, `"Orders"`, `shop . "Orders"`.
    pub fn parse(text: &str) -> Self {
        let mut parts = parts(text);
        let name = parts.pop().unwrap_or_default();
        Self { schema: parts.pop(), name }
    }

    /// Returns a name without a schema.
    pub fn unqualified(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// Returns the name with this schema, or with none.
    #[must_use]
    pub fn renamed(&self, name: impl Into<String>) -> Self {
        Self { schema: self.schema.clone(), name: name.into() }
    }
}

/// Returns the name, quoted where necessary, so that PostgreSQL reads it as the same name.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quoted(schema))?;
        }
        write!(f, "{}", quoted(&self.name))
    }
}

/// Returns one identifier, as PostgreSQL folds it.
pub fn identifier(text: &str) -> String {
    parts(text).pop().unwrap_or_default()
}

/// Returns `name` as an identifier, quoted unless PostgreSQL reads it as the same name without quotes.
pub fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(&name);
    if plain { name.to_owned() } else { quote::identifier(name) }
}

/// The key words that cannot be the name of a column or a table: PostgreSQL's manual, appendix C, "reserved".
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

/// Returns the parts of a dotted name. Blanks and comments between them do not count.
pub(crate) fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut at = 0;
    for token in tokenize(text) {
        let start = at;
        at += token.len as usize;
        let token_text = text.get(start..at).unwrap_or_default();
        let read = match token.kind {
            TokenKind::Dot => {
                parts.push(String::new());
                continue;
            }
            TokenKind::QuotedIdent { uescape: true, .. } => unescaped(token_text, text.get(at..).unwrap_or_default()),
            TokenKind::QuotedIdent { .. } => inside(token_text),
            // The rest names the escape character of the quoted name before it.
            TokenKind::Ident if token_text.eq_ignore_ascii_case("uescape") && has_text(&parts) => break,
            // PostgreSQL folds beyond ASCII only in single-byte encodings.
            TokenKind::Ident => token_text.to_ascii_lowercase(),
            _ => continue,
        };
        if let Some(part) = parts.last_mut() {
            part.push_str(&read);
        }
    }
    parts.into_iter().map(cut).collect()
}

fn has_text(parts: &[String]) -> bool {
    parts.last().is_some_and(|part| !part.is_empty())
}

/// Returns the text between the quotes of a quoted identifier.
fn inside(quoted: &str) -> String {
    let from = quoted.find('"').map_or(0, |at| at + 1);
    let inner = quoted.get(from..).unwrap_or_default();
    inner.strip_suffix('"').unwrap_or(inner).replace("\"\"", "\"")
}

/// Returns the name that `U&"..."` stands for. `behind` is the text after it, which may set another escape character.
fn unescaped(quoted: &str, behind: &str) -> String {
    let mut name = String::new();
    escape_unicode_esc_str(&inside(quoted), escape_character(behind), |_, read| {
        if let Ok(character) = read {
            name.push(character);
        }
    });
    name
}

/// Returns the escape character that `UESCAPE '...'` at the beginning of `text` sets; a backslash without it.
fn escape_character(text: &str) -> char {
    let mut at = 0;
    let mut says = false;
    for token in tokenize(text) {
        let start = at;
        at += token.len as usize;
        let token_text = text.get(start..at).unwrap_or_default();
        match token.kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => {}
            TokenKind::Ident if !says && token_text.eq_ignore_ascii_case("uescape") => says = true,
            TokenKind::Literal { .. } if says => return uescape_char(token_text).unwrap_or('\\'),
            _ => break,
        }
    }
    '\\'
}

fn cut(mut name: String) -> String {
    let mut at = LONGEST.min(name.len());
    while !name.is_char_boundary(at) {
        at -= 1;
    }
    name.truncate(at);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_folded_as_postgresql_does() {
        for (text, read) in [
            ("Orders", "orders"),
            ("\"Orders\"", "\"Orders\""),
            ("Shop . \"a.b\"", "shop.\"a.b\""),
            ("\"a\"\"b\"", "\"a\"\"b\""),
            ("shop /* . */ . -- old\n orders /* \" */", "shop.orders"),
            (r#"U&"d\0061t\+000061""#, "data"),
            (r#"s.U&"d!0061ta" UESCAPE '!'"#, "s.data"),
            ("uescape", "uescape"),
            ("\"a", "a"),
        ] {
            assert_eq!(Name::parse(text).to_string(), read);
        }
        assert_eq!(Name::parse(&"é".repeat(40)).name.len(), 62);
    }
}
