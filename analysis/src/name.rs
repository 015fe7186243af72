//! Names of relations and columns, as PostgreSQL folds them.

use std::fmt;

/// The longest identifier that PostgreSQL keeps, in bytes.
pub(crate) const LONGEST: usize = 63;

/// A relation's name as a script writes it: folded to lower case where it is not quoted, and cut to what is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Its schema, where the script says it.
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

    /// A name without a schema.
    pub fn unqualified(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// The same name in another schema, or in none.
    #[must_use]
    pub fn renamed(&self, name: impl Into<String>) -> Self {
        Self { schema: self.schema.clone(), name: name.into() }
    }
}

/// Quoted where it has to be, so that PostgreSQL reads it as the same name.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quoted(schema))?;
        }
        write!(f, "{}", quoted(&self.name))
    }
}

/// One identifier as PostgreSQL folds it.
pub fn identifier(text: &str) -> String {
    parts(text).pop().unwrap_or_default()
}

/// `name` as an identifier, in quotes unless PostgreSQL reads it as the same name without them.
pub fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(&name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The key words that cannot be a column's or a table's name: PostgreSQL's manual, appendix C, "reserved".
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

fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    let mut in_quotes = false;
    while let Some(character) = characters.next() {
        let part = parts.last_mut().filter(|_| character != '.' || in_quotes);
        match (character, part) {
            ('"', Some(part)) if in_quotes && characters.peek() == Some(&'"') => {
                characters.next();
                part.push('"');
            }
            ('"', _) => in_quotes = !in_quotes,
            (_, None) => parts.push(String::new()),
            (character, Some(part)) if in_quotes => part.push(character),
            (character, Some(_)) if character.is_whitespace() => {}
            // PostgreSQL folds beyond ASCII only in single-byte encodings.
            (character, Some(part)) => part.push(character.to_ascii_lowercase()),
        }
    }
    parts.into_iter().map(cut).collect()
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
        ] {
            assert_eq!(Name::parse(text).to_string(), read);
        }
        assert_eq!(Name::parse(&"é".repeat(40)).name.len(), 62);
    }
}
