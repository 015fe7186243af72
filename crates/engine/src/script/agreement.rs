//! Checks that the parser has read a script as the server will. A string or a statement that ends at another place on
//! the server hides what follows it.

use scan::Kind;
use squawk_lexer::{LiteralKind, TokenKind, tokenize};
use squawk_syntax::{SyntaxKind, SyntaxNode};

/// Returns where the parser's lexer first finds another string, quoted name, comment or semicolon in `readable` than
/// the server does in `sql`.
pub(super) fn other_token(sql: &str, readable: &str) -> Option<usize> {
    let mut on_server = scan::tokens(sql).filter_map(|token| {
        // To the parser, the continuation of a string is a plain string.
        let kind = if token.continues { Kind::Text } else { token.kind };
        is_compared(kind).then_some((kind, token.start, token.end))
    });
    let mut at = 0;
    let mut by_parser = tokenize(readable).filter_map(|token| {
        let start = at;
        at += token.len as usize;
        kind(token.kind).map(|kind| (kind, start, at))
    });
    loop {
        match (on_server.next(), by_parser.next()) {
            (None, None) => return None,
            (ours, theirs) if ours == theirs => {}
            (ours, theirs) => return ours.into_iter().chain(theirs).map(|(_, start, _)| start).min(),
        }
    }
}

/// Returns the first place where the tree `root` of `sql` ends a statement and the server does not, or the other way
/// round.
pub(super) fn other_end(sql: &str, root: &SyntaxNode) -> Option<usize> {
    let mut on_server = scan::statement_ends(sql).into_iter();
    let mut in_tree = root.children().filter_map(|statement| {
        let last = statement.last_token()?;
        let end =
            if last.kind() == SyntaxKind::SEMICOLON { last.text_range().start() } else { last.text_range().end() };
        // The last statement needs no semicolon.
        (last.kind() == SyntaxKind::SEMICOLON || statement.next_sibling().is_some()).then_some(usize::from(end))
    });
    loop {
        match (on_server.next(), in_tree.next()) {
            (None, None) => return None,
            (ours, theirs) if ours == theirs => {}
            (ours, theirs) => return ours.into_iter().chain(theirs).min(),
        }
    }
}

fn is_compared(kind: Kind) -> bool {
    match kind {
        Kind::Comment
        | Kind::QuotedName
        | Kind::Text
        | Kind::EscapeText
        | Kind::BitText
        | Kind::DollarText
        | Kind::Semicolon => true,
        Kind::Space
        | Kind::Word
        | Kind::Number
        | Kind::Parameter
        | Kind::Operator
        | Kind::Open
        | Kind::Close
        | Kind::Other => false,
    }
}

/// Returns our kind of a token that the parser's lexer calls by another name.
fn kind(of: TokenKind) -> Option<Kind> {
    Some(match of {
        TokenKind::LineComment | TokenKind::BlockComment { .. } => Kind::Comment,
        TokenKind::QuotedIdent { .. } => Kind::QuotedName,
        TokenKind::Semi => Kind::Semicolon,
        TokenKind::Literal { kind } => match kind {
            LiteralKind::Str { .. } | LiteralKind::NationalStr { .. } | LiteralKind::UnicodeEscStr { .. } => Kind::Text,
            LiteralKind::EscStr { .. } => Kind::EscapeText,
            LiteralKind::BitStr { .. } | LiteralKind::ByteStr { .. } => Kind::BitText,
            LiteralKind::DollarQuotedString { .. } => Kind::DollarText,
            LiteralKind::Int { .. } | LiteralKind::Numeric { .. } => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use squawk_syntax::SourceFile;

    use super::*;

    #[test]
    fn the_first_token_that_differs_is_found() {
        for (sql, readable, at) in [
            ("SELECT E'a'\n'\\'; COMMIT; '", "SELECT E'a'\n''' COMMIT; '", Some(12)),
            ("SELECT 'a'; -- b", "SELECT 'a'  -- b", Some(10)),
            ("SELECT 'a'", "SELECT  'a", Some(7)),
            ("SELECT 1 -- b", "SELECT 1 ++ b", Some(9)),
            ("SELECT B'1'\n'0', E'1'\n'0', N'a' || U&'b' || \"c\" || $$d$$ /* e */;", "", None),
        ] {
            let readable = if readable.is_empty() { sql } else { readable };
            assert_eq!(other_token(sql, readable), at, "{sql}");
        }
    }

    #[test]
    fn the_first_end_that_differs_is_found() {
        for (sql, tree, at) in [
            ("SELECT 1; SELECT 2", "SELECT 1; SELECT 2", None),
            ("SELECT 1;;\nSELECT 2;", "SELECT 1;;\nSELECT 2;", None),
            ("SELECT 1; SELECT 2", "SELECT 1, 'CT 2'  ", Some(8)),
            ("SELECT 1, 'CT 2'; ", "SELECT 1; SELECT 2", Some(8)),
            ("SELECT 1   CREATE TABLE t ()", "SELECT 1   CREATE TABLE t ()", Some(8)),
        ] {
            assert_eq!(other_end(sql, &SourceFile::parse(tree).syntax_node()), at, "{sql}");
        }
    }
}
