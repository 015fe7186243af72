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
        SyntaxKind::ALTER_TABLE if !lets_readers_through(node) => node
            .children()
            .find(|child| child.kind() == SyntaxKind::TABLE_RELATION_NAME)
            .map_or_else(Vec::new, |table| names_in(&table)),
        SyntaxKind::DROP_TABLE | SyntaxKind::TRUNCATE => names_in(node),
        _ => Vec::new(),
    }
}

/// Whether an ALTER TABLE has an action that readers do not notice. One beside it may be stronger: then nobody looks, and
/// the lock timeout has to do.
fn lets_readers_through(node: &SyntaxNode) -> bool {
    let weak =
        [SyntaxKind::VALIDATE_KW, SyntaxKind::CONCURRENTLY_KW, SyntaxKind::ATTACH_PARTITION, SyntaxKind::STATISTICS_KW];
    let foreign_key = has(node, SyntaxKind::FOREIGN_KW) && !has(node, SyntaxKind::ADD_COLUMN);
    foreign_key || weak.iter().any(|kind| has(node, *kind))
}
