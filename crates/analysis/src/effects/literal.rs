//! Reads string literals.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::text;

/// Returns the value of a string literal.
pub(super) fn literal(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

/// Returns the values that are written in `node`, in order.
pub(super) fn labels(node: &SyntaxNode) -> Vec<String> {
    let written = node.descendants().filter(|inner| inner.kind() == SyntaxKind::LITERAL);
    written.filter_map(|value| literal(&text(&value))).collect()
}
