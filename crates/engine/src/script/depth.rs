//! Measures how deep a parser would have to descend into a script. Our parser descends once for each level and has no
//! limit of its own, and a stack overflow ends the whole process.

use squawk_lexer::{TokenKind, tokenize};

/// The maximum nesting of brackets and CASEs. PostgreSQL's own stack is exhausted in the thousands.
const MOST_BRACKETS: usize = 500;

/// The maximum number of words and operators in a row, over all open brackets. Each could be a level, as in NOT NOT
/// NOT.
const MOST_LEVELS: usize = 10_000;

/// Returns the maximum depth that a script can have; as an error, where it is too deep.
pub(super) fn levels(sql: &str) -> Result<usize, usize> {
    let mut open: Vec<Open> = vec![Open { is_case: false, levels: 0 }];
    let (mut total, mut deepest, mut at) = (0, 0, 0);
    for token in tokenize(sql) {
        let start = at;
        at += token.len as usize;
        let text = sql.get(start..at).unwrap_or_default();
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        let opens_case = token.kind == TokenKind::Ident && is("case");
        let next = match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => Step::Open(false),
            _ if opens_case => Step::Open(true),
            TokenKind::CloseParen | TokenKind::CloseBracket => Step::Close(false),
            TokenKind::Ident if is("end") => Step::Close(true),
            TokenKind::Comma | TokenKind::Semi => Step::Anew,
            TokenKind::Ident if is("when") || is("then") || is("else") => Step::Anew,
            TokenKind::Whitespace
            | TokenKind::LineComment
            | TokenKind::BlockComment { .. }
            | TokenKind::Literal { .. } => continue,
            _ => Step::Deeper,
        };
        match next {
            Step::Open(is_case) => {
                open.push(Open { is_case, levels: 1 });
                total += 1;
            }
            Step::Close(is_case) => {
                if open.len() > 1
                    && let Some(closed) = open.pop_if(|open| open.is_case == is_case)
                {
                    total -= closed.levels;
                }
            }
            Step::Anew => {
                if let Some(innermost) = open.last_mut() {
                    total -= innermost.levels;
                    innermost.levels = 1;
                    total += 1;
                }
            }
            Step::Deeper => {
                if let Some(innermost) = open.last_mut() {
                    innermost.levels += 1;
                    total += 1;
                }
            }
        }
        deepest = deepest.max(total);
        if open.len() > MOST_BRACKETS || total > MOST_LEVELS {
            return Err(start);
        }
    }
    Ok(deepest)
}

/// An open bracket or CASE.
struct Open {
    is_case: bool,
    /// The words and operators in it since its last comma.
    levels: usize,
}

enum Step {
    Open(bool),
    Close(bool),
    /// What follows is on the same level as what was before.
    Anew,
    Deeper,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_side_by_side_are_not_deep() {
        for sql in [
            "SELECT 1;\n".repeat(20_000),
            format!("INSERT INTO t VALUES {}", "(1, now() + interval '1 day', $$((($$), ".repeat(20_000)),
            format!("SELECT CASE x {} END", "WHEN 1 THEN CASE y WHEN 2 THEN 3 END ".repeat(20_000)),
            format!("SELECT '{}' -- {0}\n/* {0} */", "(".repeat(20_000)),
        ] {
            assert!(levels(&sql).is_ok_and(|levels| levels < 50), "{sql:.60}");
        }
    }

    #[test]
    fn nested_expressions_are_deep() {
        for level in ["(", "SELECT (", "CASE WHEN ", "ARRAY[", "NOT ", "- ", "EXPLAIN ", "1 + ", "a AND "] {
            assert!(levels(&level.repeat(20_000)).is_err(), "{level}");
            assert!(levels(&level.repeat(100)).is_ok_and(|levels| levels >= 100), "{level}");
        }
    }
}
