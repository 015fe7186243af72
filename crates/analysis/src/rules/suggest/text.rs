//! Returns the text of a script with changes at its tokens.

use squawk_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

/// Returns the text of `node` without comments and empty lines.
pub(in crate::rules) fn plain(node: &SyntaxNode) -> String {
    edited(node, |_| true, |_| None)
}

/// Returns the text of `node` without comments, empty lines and the tokens that are not kept, and with texts inserted
/// `behind` tokens.
pub(in crate::rules) fn edited(
    node: &SyntaxNode,
    keep: impl Fn(&SyntaxToken) -> bool,
    behind: impl Fn(&SyntaxToken) -> Option<String>,
) -> String {
    let mut text = String::new();
    let mut gap = String::new();
    for token in node.descendants_with_tokens().filter_map(|element| element.as_token().cloned()) {
        match token.kind() {
            SyntaxKind::WHITESPACE => gap.push_str(token.text()),
            SyntaxKind::COMMENT => gap.push(' '),
            SyntaxKind::SEMICOLON => {}
            _ if !keep(&token) => gap.push(' '),
            _ => {
                if !text.is_empty() {
                    text.push_str(&narrowed(&gap));
                }
                gap.clear();
                text.push_str(token.text());
            }
        }
        text.extend(behind(&token));
    }
    text
}

/// Returns the text between two tokens, as short as possible. A line break stays: two strings that form one need it
/// between them.
fn narrowed(gap: &str) -> String {
    match gap.rsplit_once('\n') {
        Some((_, indent)) => format!("\n{indent}"),
        None if gap.is_empty() => String::new(),
        None => " ".to_owned(),
    }
}

/// Whether `token` is within `node`.
pub(super) fn is_in(token: &SyntaxToken, node: Option<&SyntaxNode>) -> bool {
    node.is_some_and(|node| node.text_range().contains_range(token.text_range()))
}

/// Whether a name is written as `U&"d\0061ta"`, which this program does not read.
pub(super) fn has_escaped_name(node: &SyntaxNode) -> bool {
    let mut tokens = node.descendants_with_tokens().filter_map(|element| element.as_token().cloned());
    tokens.any(|token| token.text().to_ascii_lowercase().starts_with("u&\""))
}

#[cfg(test)]
mod tests {
    use squawk_syntax::SourceFile;
    use squawk_syntax::ast::AstNode as _;

    use super::*;

    #[test]
    fn comments_and_empty_lines_go_and_strings_stay() {
        let sql = "SELECT -- one\n\n  'a  ; -- b'\n\n\n 'c', /* x */ 1 ;";
        let parse = SourceFile::parse(sql);
        assert_eq!(plain(parse.tree().syntax()), "SELECT\n  'a  ; -- b'\n 'c', 1");
        let without_one = edited(
            parse.tree().syntax(),
            |token| token.text() != "1",
            |token| (token.text() == ",").then(|| " 2".to_owned()),
        );
        assert_eq!(without_one, "SELECT\n  'a  ; -- b'\n 'c', 2");
    }
}
