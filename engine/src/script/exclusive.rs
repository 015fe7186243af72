//! The tables that a script locks against everybody.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{has, text};

/// The tables, as the script writes them, that the statement `node` takes ACCESS EXCLUSIVE on for certain or
/// almost so. What else it locks is left to the lock timeout.
pub(super) fn tables(node: &SyntaxNode) -> Vec<String> {
    let names_in = |node: &SyntaxNode| -> Vec<String> {
        node.descendants().filter(|inner| inner.kind() == SyntaxKind::TABLE_NAME_REF).map(|name| text(&name)).collect()
    };
    match node.kind() {
        // VALIDATE CONSTRAINT and DETACH PARTITION CONCURRENTLY let readers and writers through.
        SyntaxKind::ALTER_TABLE if !has(node, SyntaxKind::VALIDATE_KW) && !has(node, SyntaxKind::CONCURRENTLY_KW) => {
            node.children()
                .find(|child| child.kind() == SyntaxKind::TABLE_RELATION_NAME)
                .map_or_else(Vec::new, |table| names_in(&table))
        }
        SyntaxKind::DROP_TABLE | SyntaxKind::TRUNCATE => names_in(node),
        _ => Vec::new(),
    }
}
