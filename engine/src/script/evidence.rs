//! Statements that run in no transaction, and what can tell of them afterwards.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{has, text};

/// What the catalog can tell about a standalone statement that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// CREATE INDEX CONCURRENTLY: the index is valid, invalid or absent. Both names as the script
    /// writes them, quotes and schema included.
    IndexCreated {
        /// The index's name.
        index: String,
        /// The table's name.
        table: String,
    },
    /// DROP INDEX CONCURRENTLY of one index, by its name as written: it is there or not.
    IndexDropped {
        /// The index's name.
        index: String,
    },
    /// ALTER TABLE ... DETACH PARTITION CONCURRENTLY: detached, pending, or attached. Both names as
    /// the script writes them.
    PartitionDetached {
        /// The partitioned table.
        parent: String,
        /// The partition.
        partition: String,
    },
    /// REINDEX CONCURRENTLY, which a second run makes good, but for the invalid indexes that a cut off one leaves.
    Reindexed {
        /// What is rebuilt.
        what: Reindexed,
    },
    /// VACUUM, REINDEX and the like, which change nothing that a second run would not make good.
    Repeatable,
    /// Nothing tells.
    None,
}

/// What a REINDEX rebuilds, by its name as the script writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reindexed {
    /// One index.
    Index(String),
    /// All indexes of a table.
    Table(String),
    /// All of a schema or of the database.
    Many,
}

/// For a statement that PostgreSQL never runs in a transaction block: what can tell of it afterwards.
///
/// Statements that only sometimes refuse a transaction (REINDEX or CLUSTER of a partitioned table,
/// a subscription with a slot) are not here: they are tried in a transaction first, which leaves
/// nothing when PostgreSQL says no.
pub(super) fn outside_transaction(node: &SyntaxNode) -> Option<Evidence> {
    let concurrently = has(node, SyntaxKind::CONCURRENTLY_KW) && !has(node, SyntaxKind::FALSE_KW);
    match node.kind() {
        SyntaxKind::CREATE_INDEX if concurrently => Some(index_created(node)),
        SyntaxKind::DROP_INDEX if concurrently => Some(index_dropped(node)),
        SyntaxKind::REINDEX if concurrently => Some(Evidence::Reindexed { what: reindexed(node) }),
        SyntaxKind::REINDEX
            if has(node, SyntaxKind::SCHEMA_KW)
                || has(node, SyntaxKind::DATABASE_KW)
                || has(node, SyntaxKind::SYSTEM_KW) =>
        {
            Some(Evidence::Repeatable)
        }
        SyntaxKind::VACUUM => Some(Evidence::Repeatable),
        // Without a table: all of them.
        SyntaxKind::CLUSTER if !has(node, SyntaxKind::PATH_REF) => Some(Evidence::Repeatable),
        SyntaxKind::ALTER_SYSTEM => Some(Evidence::Repeatable),
        SyntaxKind::ALTER_TABLE if concurrently => Some(partition_detached(node)),
        SyntaxKind::ALTER_DATABASE if has(node, SyntaxKind::TABLESPACE_KW) => Some(Evidence::None),
        SyntaxKind::CREATE_DATABASE
        | SyntaxKind::DROP_DATABASE
        | SyntaxKind::CREATE_TABLESPACE
        | SyntaxKind::DROP_TABLESPACE
        | SyntaxKind::COMMIT_PREPARED
        | SyntaxKind::ROLLBACK_PREPARED => Some(Evidence::None),
        _ => None,
    }
}

fn reindexed(node: &SyntaxNode) -> Reindexed {
    let name = node.descendants().find(|inner| inner.kind() == SyntaxKind::PATH_REF).filter(|name| !is_escaped(name));
    match name {
        Some(name) if has(node, SyntaxKind::INDEX_KW) => Reindexed::Index(text(&name)),
        Some(name) if has(node, SyntaxKind::TABLE_KW) => Reindexed::Table(text(&name)),
        _ => Reindexed::Many,
    }
}

fn index_created(node: &SyntaxNode) -> Evidence {
    let child = |kind| node.children().find(|child| child.kind() == kind);
    let table = child(SyntaxKind::TABLE_RELATION_NAME)
        .and_then(|name| name.children().find(|child| child.kind() == SyntaxKind::TABLE_NAME_REF));
    match (child(SyntaxKind::INDEX), table) {
        (Some(index), Some(table)) if !is_escaped(&index) && !is_escaped(&table) => {
            Evidence::IndexCreated { index: text(&index), table: text(&table) }
        }
        // PostgreSQL chooses the name, or cannot read it back: nothing to look for.
        _ => Evidence::None,
    }
}

fn index_dropped(node: &SyntaxNode) -> Evidence {
    let mut names = node.children().filter(|child| child.kind() == SyntaxKind::INDEX_REF);
    match (names.next(), names.next()) {
        (Some(index), None) if !is_escaped(&index) => Evidence::IndexDropped { index: text(&index) },
        // PostgreSQL refuses to drop several at once.
        _ => Evidence::None,
    }
}

fn partition_detached(node: &SyntaxNode) -> Evidence {
    let table = |node: &SyntaxNode| node.descendants().find(|inner| inner.kind() == SyntaxKind::TABLE_NAME_REF);
    let parent = node.children().find(|child| child.kind() == SyntaxKind::TABLE_RELATION_NAME);
    let detach = node.children().find(|child| child.kind() == SyntaxKind::DETACH_PARTITION);
    match (parent.as_ref().and_then(table), detach.as_ref().and_then(table)) {
        (Some(parent), Some(partition)) if !is_escaped(&parent) && !is_escaped(&partition) => {
            Evidence::PartitionDetached { parent: text(&parent), partition: text(&partition) }
        }
        _ => Evidence::None,
    }
}

/// Whether a name is written with Unicode escapes, which PostgreSQL reads in statements only.
fn is_escaped(name: &SyntaxNode) -> bool {
    text(name).to_ascii_lowercase().contains("u&\"")
}
