//! What string literals say.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::text;

/// What a string literal says.
pub(super) fn literal(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

/// The values that are written in `node`, in their order.
pub(super) fn labels(node: &SyntaxNode) -> Vec<String> {
    let written = node.descendants().filter(|inner| inner.kind() == SyntaxKind::LITERAL);
    written.filter_map(|value| literal(&text(&value))).collect()
}
