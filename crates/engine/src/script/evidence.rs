//! Finds statements that run in no transaction, and what can show afterwards whether they finished.
//!
//! Both come from the syntax tree: a key word counts only at its own place in a statement.

use squawk_syntax::ast::{
    self, AlterDatabaseAction, AlterTableAction, AstNode as _, DetachPartitionOption, ReindexOption, ReindexTarget,
    TableRelationName,
};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::text;
use crate::name::Name;

/// What the catalog can show about a standalone statement that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// CREATE INDEX CONCURRENTLY: the index is valid, invalid or absent.
    IndexCreated {
        /// The index's name; `None` where PostgreSQL chooses it.
        index: Option<String>,
        /// The table.
        table: Name,
    },
    /// DROP INDEX CONCURRENTLY of one index: the index exists or not.
    IndexDropped {
        /// The index.
        index: Name,
    },
    /// ALTER TABLE ... DETACH PARTITION CONCURRENTLY: detached, pending, or attached.
    PartitionDetached {
        /// The partitioned table.
        parent: Name,
        /// The partition.
        partition: Name,
    },
    /// REINDEX CONCURRENTLY. A second run completes it, apart from the invalid indexes that a run leaves when it is cut
    /// off.
    Reindexed {
        /// What is rebuilt.
        what: Reindexed,
    },
    /// VACUUM, REINDEX and the like, which a second run completes.
    Repeatable,
    /// The catalog shows nothing.
    None,
}

/// What a REINDEX rebuilds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reindexed {
    /// One index.
    Index(Name),
    /// All indexes of a table.
    Table(Name),
    /// All indexes of a schema or of the database.
    Many,
}

/// Returns the evidence of a statement that PostgreSQL never runs in a transaction block; `None` for any other
/// statement.
///
/// Statements that only sometimes refuse a transaction (REINDEX or CLUSTER of a partitioned table, a subscription with
/// a slot) are not among them. They are tried in a transaction first, which leaves nothing when PostgreSQL refuses
/// them.
pub(super) fn outside_transaction(node: &SyntaxNode) -> Option<Evidence> {
    match node.kind() {
        SyntaxKind::CREATE_INDEX => index_created(&ast::CreateIndex::cast(node.clone())?),
        SyntaxKind::DROP_INDEX => index_dropped(&ast::DropIndex::cast(node.clone())?),
        SyntaxKind::REINDEX => reindexed(&ast::Reindex::cast(node.clone())?),
        SyntaxKind::ALTER_TABLE => partition_detached(&ast::AlterTable::cast(node.clone())?),
        SyntaxKind::VACUUM => Some(Evidence::Repeatable),
        // Without a table, it is about all tables.
        SyntaxKind::CLUSTER => is_of_all(&ast::Cluster::cast(node.clone())?).then_some(Evidence::Repeatable),
        SyntaxKind::ALTER_SYSTEM => Some(Evidence::Repeatable),
        SyntaxKind::ALTER_DATABASE => match ast::AlterDatabase::cast(node.clone())?.action()? {
            AlterDatabaseAction::SetTablespace(_) => Some(Evidence::None),
            _ => None,
        },
        SyntaxKind::CREATE_DATABASE
        | SyntaxKind::DROP_DATABASE
        | SyntaxKind::CREATE_TABLESPACE
        | SyntaxKind::DROP_TABLESPACE
        | SyntaxKind::COMMIT_PREPARED
        | SyntaxKind::ROLLBACK_PREPARED => Some(Evidence::None),
        _ => None,
    }
}

fn index_created(statement: &ast::CreateIndex) -> Option<Evidence> {
    statement.concurrently_token()?;
    let index = statement.index().map(|index| Name::parse(&text(index.syntax())).name);
    Some(match statement.table_relation_name().as_ref().and_then(table) {
        Some(table) => Evidence::IndexCreated { index, table },
        None => Evidence::None,
    })
}

fn index_dropped(statement: &ast::DropIndex) -> Option<Evidence> {
    statement.concurrently_token()?;
    let mut names = statement.index_refs();
    Some(match (names.next(), names.next()) {
        (Some(index), None) => Evidence::IndexDropped { index: Name::parse(&text(index.syntax())) },
        // PostgreSQL refuses to drop several at once.
        _ => Evidence::None,
    })
}

fn reindexed(statement: &ast::Reindex) -> Option<Evidence> {
    let target = statement.reindex_target()?;
    let what = match &target {
        ReindexTarget::ReindexTargetIndex(target) => {
            target.index_ref().map(|name| Reindexed::Index(Name::parse(&text(name.syntax()))))
        }
        ReindexTarget::ReindexTargetTable(target) => {
            target.table_name_ref().map(|name| Reindexed::Table(Name::parse(&text(name.syntax()))))
        }
        _ => Some(Reindexed::Many),
    };
    if is_concurrent(statement) {
        return Some(Evidence::Reindexed { what: what.unwrap_or(Reindexed::Many) });
    }
    // A REINDEX of one index or table runs in a transaction.
    (what == Some(Reindexed::Many)).then_some(Evidence::Repeatable)
}

/// Whether a REINDEX is concurrent: by its key word, or by its last option of that name, with the value that PostgreSQL
/// reads as a Boolean there.
pub fn is_concurrent(statement: &ast::Reindex) -> bool {
    let target = statement.reindex_target();
    let by_key_word = target.is_some_and(|target| {
        let mut tokens = target.syntax().children_with_tokens();
        tokens.any(|element| element.kind() == SyntaxKind::CONCURRENTLY_KW)
    });
    let options = statement.reindex_option_list();
    let options = options.iter().flat_map(ast::ReindexOptionList::reindex_options);
    let last = options.filter_map(|option| match option {
        ReindexOption::ReindexOptionConcurrently(option) => Some(is_true(option.syntax())),
        _ => None,
    });
    by_key_word || last.last().unwrap_or(false)
}

/// Returns the value of an option `NAME [value]`: true if it has none. PostgreSQL refuses a value that is no Boolean.
fn is_true(option: &SyntaxNode) -> bool {
    let words = option.descendants_with_tokens().filter_map(squawk_syntax::SyntaxElement::into_token);
    let mut values = words.filter(|token| !token.kind().is_trivia()).skip(1);
    values.next().is_none_or(|value| {
        let value = value.text().trim_matches('\'').to_ascii_lowercase();
        !matches!(value.as_str(), "false" | "off" | "0")
    })
}

fn partition_detached(statement: &ast::AlterTable) -> Option<Evidence> {
    let detached = statement.actions().find_map(|action| match action {
        AlterTableAction::DetachPartition(action) => Some(action),
        _ => None,
    })?;
    if !matches!(detached.detach_partition_option()?, DetachPartitionOption::DetachConcurrently(_)) {
        return None;
    }
    let partition = detached.table_name_ref().map(|name| Name::parse(&text(name.syntax())));
    Some(match (statement.table_relation_name().as_ref().and_then(table), partition) {
        (Some(parent), Some(partition)) => Evidence::PartitionDetached { parent, partition },
        _ => Evidence::None,
    })
}

fn is_of_all(statement: &ast::Cluster) -> bool {
    statement.table_name_ref().is_none()
        && !statement.syntax().descendants().any(|inner| inner.kind() == SyntaxKind::PATH_REF)
}

/// Returns the table of an ALTER TABLE or a CREATE INDEX.
pub(super) fn table(relation: &TableRelationName) -> Option<Name> {
    relation.table_name_ref().map(|name| Name::parse(&text(name.syntax())))
}
