//! SQL in colours, line by line.

use std::collections::HashSet;
use std::sync::LazyLock;

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

/// A part of a line in one colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// The CSS class of its colour; empty for none.
    pub(super) class: &'static str,
    /// Its text, without a line break.
    pub(super) text: &'a str,
}

/// The length from which on a statement is shown without colours, in bytes: such a statement is a million values.
const TOO_LONG: usize = 128 * 1024;

/// Returns the lines of a script, without their line breaks.
pub(super) fn lines(sql: &str) -> Vec<Vec<Part<'_>>> {
    let mut lines = vec![Vec::new()];
    each(sql, true, &mut |class, text| {
        for text in text.split_inclusive('\n') {
            let ends = text.ends_with('\n');
            let text = text.strip_suffix("\r\n").or(text.strip_suffix('\n')).unwrap_or(text);
            if let Some(line) = lines.last_mut().filter(|_| !text.is_empty()) {
                line.push(Part { class, text });
            }
            if ends {
                lines.push(Vec::new());
            }
        }
    });
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

fn each<'a>(sql: &'a str, into_bodies: bool, found: &mut impl FnMut(&'static str, &'a str)) {
    if sql.len() > TOO_LONG {
        return found("", sql);
    }
    let mut at = 0;
    // The readable text has the same length, so positions agree with the shown text.
    for token in tokenize(&scan::readable(sql)) {
        let text = sql.get(at..at + token.len as usize).unwrap_or_default();
        at += text.len();
        match token.kind {
            // The body of a function is SQL again, or nearly so.
            TokenKind::Literal { kind: LiteralKind::DollarQuotedString { terminated: true } } if into_bodies => {
                let quote = text[1..].find('$').map_or(0, |end| end + 2);
                let (open, rest) = text.split_at(quote);
                let (body, close) = rest.split_at(rest.len() - quote);
                found("s", open);
                each(body, false, found);
                found("s", close);
            }
            kind => found(class(kind, text), text),
        }
    }
    // No byte is missing, whatever the lexer finds.
    found("", sql.get(at..).unwrap_or_default());
}

fn class(kind: TokenKind, text: &str) -> &'static str {
    match kind {
        TokenKind::LineComment | TokenKind::BlockComment { .. } => "c",
        TokenKind::Literal { kind: LiteralKind::Int { .. } | LiteralKind::Numeric { .. } } => "n",
        TokenKind::Literal { .. } => "s",
        TokenKind::QuotedIdent { .. } => "q",
        TokenKind::Ident if is_key_word(text) => "k",
        _ => "",
    }
}

fn is_key_word(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| KEY_WORDS.split(' ').collect());
    WORDS.contains(word.to_ascii_uppercase().as_str())
}

/// The words that form a statement's structure. Types are left out: they are names.
const KEY_WORDS: &str = "\
    ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND ANY AS ASC ATTACH BEFORE BEGIN BETWEEN BY CALL CASCADE CASE CAST \
    CHECK CLUSTER COLLATE COLUMN COMMENT COMMIT CONCURRENTLY CONFLICT CONSTRAINT COPY CREATE CROSS DATABASE DECLARE \
    DEFAULT DEFERRABLE DEFERRED DELETE DESC DETACH DISABLE DISTINCT DO DOMAIN DROP EACH ELSE ELSIF ENABLE END ENUM \
    EXCEPT EXCEPTION EXCLUDE EXECUTE EXISTS EXTENSION FALSE FETCH FOR FOREIGN FROM FULL FUNCTION GENERATED GRANT \
    GROUP HAVING IDENTITY IF ILIKE IMMEDIATE IMMUTABLE IN INCLUDE INDEX INHERIT INITIALLY INNER INSERT INTERSECT \
    INTO IS ISNULL JOIN KEY LANGUAGE LATERAL LEFT LIKE LIMIT LOCK LOGGED LOOP MATERIALIZED MERGE MODE NO NOT NOTHING \
    NOTNULL NULL OF OFFSET ON ONLY OR ORDER OUTER OVER OWNED OWNER PARTITION PERFORM POLICY PRIMARY PROCEDURE RAISE \
    RANGE REASSIGN REFERENCES REFRESH REINDEX RENAME REPLACE RESET RESTRICT RETURN RETURNING RETURNS REVOKE RIGHT \
    ROLE ROLLBACK ROW ROWS RULE SAVEPOINT SCHEMA SELECT SEQUENCE SET SOME STABLE START STATISTICS STORED TABLE \
    TABLESPACE TEMP TEMPORARY THEN TO TRIGGER TRUE TRUNCATE TYPE UNION UNIQUE UNLOGGED UPDATE USING VACUUM VALID \
    VALIDATE VALUES VIEW VOLATILE WHEN WHERE WHILE WINDOW WITH WITHOUT";

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sql: &str) -> Vec<String> {
        let line = |parts: &Vec<Part<'_>>| {
            parts.iter().map(|part| format!("{}[{}]", part.class, part.text)).collect::<Vec<_>>().concat()
        };
        lines(sql).iter().map(line).collect()
    }

    #[test]
    fn tokens_have_their_colours() {
        assert_eq!(shown("ALTER table \"A\" -- x"), ["k[ALTER][ ]k[table][ ]q[\"A\"][ ]c[-- x]"]);
        assert_eq!(shown("'a\n\nb', 1.5"), ["s['a]", "", "s[b'][,][ ]n[1.5]"]);
        assert_eq!(shown("-- a\r\n'b\r\nc'\r\n"), ["c[-- a]", "s['b]", "s[c']"]);
        assert_eq!(shown("E'a'\n'\\'; b'"), ["s[E'a']", "s['\\'; b']"]);
        assert_eq!(shown("DO $x$\nBEGIN\n$x$;\n"), ["k[DO][ ]s[$x$]", "k[BEGIN]", "s[$x$][;]"]);
    }
}
