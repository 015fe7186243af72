//! Finds where statements end.

use crate::{Kind, tokens};

/// Returns the semicolons that end a statement of `sql`: those outside of brackets and of BEGIN ATOMIC bodies.
///
/// Like psql, it counts the words that open and close such a body, so a column with the name "case" may spoil the
/// count. That is why the result has to be compared with a parser's.
pub fn statement_ends(sql: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut brackets, mut blocks) = (0_usize, 0_usize);
    let mut before = "";
    for token in tokens(sql).filter(|token| !matches!(token.kind, Kind::Space | Kind::Comment)) {
        let text = &sql[token.range()];
        // After these, a key word is a name.
        let is_name = before == "." || before.eq_ignore_ascii_case("as");
        let is = |word: &str| text.eq_ignore_ascii_case(word) && !is_name;
        match token.kind {
            Kind::Open => brackets += 1,
            Kind::Close => brackets = brackets.saturating_sub(1),
            Kind::Semicolon if brackets == 0 && blocks == 0 => ends.push(token.start),
            Kind::Word if brackets == 0 => match blocks {
                0 if is("atomic") && before.eq_ignore_ascii_case("begin") => blocks = 1,
                1.. if is("case") => blocks += 1,
                1.. if is("end") => blocks -= 1,
                _ => {}
            },
            _ => {}
        }
        before = text;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_outside_of_everything() {
        for sql in [
            "SELECT ';' | -- ;\n",
            "SELECT E'a'\n'b\\'; ' | SELECT 2 |",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2) | ",
            "create or replace function f() returns int begin/**/atomic select case when a then (case b when 1 then 2 end) \
             end; end | select 1 | ",
            "CREATE PROCEDURE p() BEGIN ATOMIC SELECT x.end, x.case AS CASE; END | BEGIN | COMMIT | ",
            "CREATE FUNCTION begin() RETURNS atomic LANGUAGE sql AS 'x' | SELECT 1 | ",
            ") | SELECT $$ ; $$ | SELECT $1$$;$$ | SELECT 1e-- ;\n | \"a;\" | U&\"b;\" | /* ; /* ; */ ; */ | a$$ | $$ ;",
        ] {
            let expected: Vec<_> = sql.match_indices('|').map(|(at, _)| at).collect();
            assert_eq!(statement_ends(&sql.replace('|', ";")), expected, "{sql}");
        }
    }
}
