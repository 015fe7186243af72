//! What the tokens alone show, even of a script that could not be parsed as a whole.

use squawk_syntax::{SyntaxKind, SyntaxNode};

/// Returns where an unterminated dollar-quoted text starts. The parser accepts such a text.
pub(super) fn open_dollar_quote(root: &SyntaxNode) -> Option<usize> {
    root.descendants_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token)
        .filter(|token| token.kind() == SyntaxKind::DOLLAR_QUOTED_STRING)
        .find(|token| {
            let text = token.text();
            let tag = text[1..].find('$').map_or(text.len(), |end| end + 2);
            text.len() < 2 * tag || !text.ends_with(&text[..tag])
        })
        .map(|token| token.text_range().start().into())
}

/// Returns where a backslash is outside of every quote, what it is, and the way out. SQL has no such token.
pub(super) fn meta_command(root: &SyntaxNode) -> Option<(usize, String, &'static str)> {
    let mut tokens = root.descendants_with_tokens().filter_map(squawk_syntax::SyntaxElement::into_token);
    let backslash = tokens.find(|token| token.kind() == SyntaxKind::ERROR && token.text().starts_with('\\'))?;
    let at = usize::from(backslash.text_range().start());
    // Only the command's name: what follows it may be secret.
    let rest = root.text().slice(backslash.text_range().start()..).to_string();
    let mut name: String = rest.chars().skip(1).take_while(char::is_ascii_alphabetic).collect();
    if name.is_empty() {
        name.extend(rest.chars().nth(1).filter(char::is_ascii_punctuation));
    }
    let way_out = match name.as_str() {
        "restrict" | "unrestrict" => {
            "Delete the lines that begin with \\restrict and \\unrestrict, which pg_dump writes for psql"
        }
        "copy" => "Write the rows as INSERT, as pg_dump --inserts does",
        "i" | "ir" | "include" => "Write out what that file holds",
        "c" | "connect" => "Delete it: the stack says which database it is",
        _ => "Write it in SQL",
    };
    Some((at, format!("\\{name} is a command that only psql knows"), way_out))
}

/// Returns where a statement starts with a word that would begin or end a transaction, in a script that is not
/// understood as a whole. This also finds such words inside a function's BEGIN ATOMIC body, so it refuses too much,
/// never too little.
pub(super) fn transaction_control(root: &SyntaxNode) -> Option<usize> {
    let mut starts_statement = true;
    for token in root.descendants_with_tokens().filter_map(squawk_syntax::SyntaxElement::into_token) {
        match token.kind() {
            SyntaxKind::WHITESPACE | SyntaxKind::COMMENT => {}
            SyntaxKind::SEMICOLON => starts_statement = true,
            kind => {
                let controls = matches!(
                    kind,
                    SyntaxKind::BEGIN_KW
                        | SyntaxKind::START_KW
                        | SyntaxKind::COMMIT_KW
                        | SyntaxKind::END_KW
                        | SyntaxKind::ROLLBACK_KW
                        | SyntaxKind::ABORT_KW
                        | SyntaxKind::PREPARE_KW
                );
                if starts_statement && controls {
                    return Some(token.text_range().start().into());
                }
                starts_statement = false;
            }
        }
    }
    None
}
