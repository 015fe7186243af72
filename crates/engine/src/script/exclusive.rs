//! The tables that a script locks against readers and writers.

use squawk_syntax::ast::{self, AlterTableAction, AstNode as _, DetachPartitionOption};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::evidence::table;
use super::text;
use crate::name::Name;

/// Returns the tables that the statement `node` locks in ACCESS EXCLUSIVE mode for certain, or almost so. For its other
/// locks there is the lock timeout.
pub(super) fn tables(node: &SyntaxNode) -> Vec<Name> {
    match node.kind() {
        SyntaxKind::ALTER_TABLE => ast::AlterTable::cast(node.clone())
            .filter(|statement| !lets_readers_through(statement))
            .and_then(|statement| table(&statement.table_relation_name()?))
            .into_iter()
            .collect(),
        SyntaxKind::DROP_TABLE | SyntaxKind::TRUNCATE => node
            .descendants()
            .filter(|inner| inner.kind() == SyntaxKind::TABLE_NAME_REF)
            .map(|name| Name::parse(&text(&name)))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether none of an ALTER TABLE's actions blocks readers.
fn lets_readers_through(statement: &ast::AlterTable) -> bool {
    let is_weak = |action: AlterTableAction| match action {
        AlterTableAction::ValidateConstraint(_) | AlterTableAction::AttachPartition(_) => true,
        AlterTableAction::DetachPartition(action) => {
            matches!(action.detach_partition_option(), Some(DetachPartitionOption::DetachConcurrently(_)))
        }
        AlterTableAction::AddConstraint(action) => has_child(action.syntax(), SyntaxKind::FOREIGN_KEY_CONSTRAINT),
        AlterTableAction::AlterColumn(action) => has_child(action.syntax(), SyntaxKind::SET_STATISTICS),
        _ => false,
    };
    statement.actions().all(is_weak)
}

fn has_child(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children().any(|child| child.kind() == kind)
}
