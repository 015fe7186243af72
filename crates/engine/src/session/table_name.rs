//! A table's name as a person writes it in SQL.

use std::str::FromStr;

use crate::quote::identifier;

/// The maximum length of a name in PostgreSQL, in bytes.
const LONGEST: usize = 63;

/// A table's name, perhaps with its schema. It is read as PostgreSQL reads it, and as sqlx reads its own setting: in
/// lower case unless it is quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    /// Its schema; `None` for the first schema in the search path.
    pub schema: Option<String>,
    /// Its name in the schema.
    pub name: String,
}

impl TableName {
    /// Returns the qualified name, quoted; `schema` is the default schema.
    pub(crate) fn qualified(&self, schema: &str) -> String {
        format!("{}.{}", identifier(self.schema.as_deref().unwrap_or(schema)), identifier(&self.name))
    }
}

impl FromStr for TableName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, rest) = part(text)?;
        let Some(rest) = rest.strip_prefix('.') else {
            return if rest.is_empty() { Ok(Self { schema: None, name: first }) } else { Err(WRONG) };
        };
        match part(rest)? {
            (name, "") => Ok(Self { schema: Some(first), name }),
            _ => Err(WRONG),
        }
    }
}

const WRONG: &str = "give a table's name as in SQL: name, \"Name\" or schema.name, each part of 63 bytes at most";

/// Returns the first part of a name, and the text after it.
fn part(text: &str) -> Result<(String, &str), &'static str> {
    let (part, rest) = if let Some(quoted) = text.strip_prefix('"') {
        let end = end_of_quote(quoted).ok_or(WRONG)?;
        (quoted[..end].replace("\"\"", "\""), &quoted[end + 1..])
    } else {
        let letter = |c: char| c.is_alphabetic() || c == '_';
        let end = text.find(|c: char| !(letter(c) || c.is_ascii_digit() || c == '$')).unwrap_or(text.len());
        if !text.starts_with(letter) {
            return Err(WRONG);
        }
        (text[..end].to_ascii_lowercase(), &text[end..])
    };
    if part.is_empty() || part.len() > LONGEST || part.contains('\0') { Err(WRONG) } else { Ok((part, rest)) }
}

/// Returns the end of the quoted name at the beginning of a text. A doubled quote does not end it.
fn end_of_quote(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find('"')?;
        if !text[at + 1..].starts_with('"') {
            return Some(at);
        }
        from = at + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_postgresql_reads_it() {
        for (text, schema, name) in [
            ("_sqlx_migrations", None, "_sqlx_migrations"),
            ("Upper", None, "upper"),
            ("ops.Migrations", Some("ops"), "migrations"),
            (r#""Odd ""Name""""#, None, r#"Odd "Name""#),
            (r#""a.b"."C""#, Some("a.b"), "C"),
            (r#"ops."Ledger""#, Some("ops"), "Ledger"),
            ("größe", None, "größe"),
        ] {
            let expected = TableName { schema: schema.map(str::to_owned), name: name.to_owned() };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        let long = "x".repeat(64);
        for text in
            ["", ".", "a.", ".a", "a.b.c", "a b", "1a", "\"", "\"\"", "a\"b\"", "\"a\"b", "a; DROP", long.as_str()]
        {
            assert_eq!(text.parse::<TableName>(), Err(WRONG), "{text}");
        }
    }
}
