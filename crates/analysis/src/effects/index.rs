//! Indexes: their table is locked.

use engine::script::is_concurrent;
use report::{Lock, Work};
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AlterIndexAction, AstNode as _, ReindexTarget};

use super::alter_table::{Table, column, indexed, refuse_doubles};
use super::{Unknown, identifier_of, name_of, world::World};
use crate::catalog::{Constraint, RelationKind};
use crate::name::{Name, quoted};

pub(super) fn create(create: &ast::CreateIndex, world: &mut World) {
    let Some(target) = create.table_relation_name() else { return };
    let Some(table) = target.table_name_ref().map(|name| world.resolve(&name_of(name.syntax()))) else {
        return;
    };
    let index = create.index().map(|name| table.renamed(identifier_of(name.syntax())));
    let is_concurrent = create.concurrently_token().is_some();
    let is_partitioned = world.relation(&table).is_some_and(|relation| relation.kind == RelationKind::Partitioned);
    if is_concurrent && is_partitioned {
        world.fails(format!("{table} is partitioned, and no index of such a table can be made concurrently"));
    }
    let is_there = |index: &Name| world.has_index(index) || world.relation(index).is_some();
    let makes_nothing = create.if_not_exists().is_some() && index.as_ref().is_some_and(is_there);
    if create.unique_token().is_some() && create.where_clause().is_none() && !makes_nothing {
        let items = create.partition_item_list().into_iter().flat_map(|list| list.partition_items());
        let key: Option<Vec<String>> = items.map(|item| column(&item.expr()?)).collect();
        refuse_doubles(&key.unwrap_or_default(), &table, world);
    }
    if let Some(index) = index
        .as_ref()
        .filter(|index| create.if_not_exists().is_none() && world.has_index(index) && world.is_as_before(&index.name))
    {
        world.fails(format!("there is an index {index} already"));
    }
    if let Some(column) = virtual_column(create, &table, world) {
        world.fails(format!("the column {} is computed when it is read, and takes no index", quoted(&column)));
    }
    if create.if_not_exists().is_some()
        && let Some(index) = &index
    {
        meets(create, index, &table, world);
    }
    if makes_nothing {
        return world.lock(
            &table,
            if create.concurrently_token().is_some() { Lock::ShareUpdateExclusive } else { Lock::Share },
        );
    }
    let lock = if create.concurrently_token().is_some() { Lock::ShareUpdateExclusive } else { Lock::Share };
    let items = create.partition_item_list().into_iter().flat_map(|list| list.partition_items());
    let key: Option<Vec<String>> = items.map(|item| column(&item.expr()?)).collect();
    let key = key.unwrap_or_default();
    let members = if target.only_token().is_some() { vec![table.clone()] } else { world.family(&table) };
    for member in members {
        match world.relation(&member).map(|relation| relation.kind) {
            Some(RelationKind::Partitioned) => world.lock(&member, lock),
            // A table that inherits without being a partition has indexes of its own.
            _ if member != table && world.relation(&table).is_some_and(|it| it.kind != RelationKind::Partitioned) => {}
            _ => world.builds(&member, lock, &key),
        }
    }
    indexed(create, &Table { name: table, only: target.only_token().is_some() }, world);
}

/// Removes the index that the statement made and did not complete.
pub(super) fn clears(create: &ast::CreateIndex, world: &mut World) {
    let table = create.table_relation_name().and_then(|target| target.table_name_ref());
    let Some((table, index)) = table.zip(create.index()) else { return };
    let table = world.resolve(&name_of(table.syntax()));
    let index = table.renamed(identifier_of(index.syntax()));
    // Another table's index of that name stays in the way.
    let is_own = |known: &crate::catalog::Relation| known.indexes.iter().any(|known| known.name == index);
    if world.relation(&table).is_some_and(is_own) {
        world.remove(&index);
    }
}

/// Returns a virtual column of `table` that the index names.
fn virtual_column(create: &ast::CreateIndex, table: &Name, world: &World) -> Option<String> {
    let names = create.syntax().descendants().filter(|node| node.kind() == SyntaxKind::NAME_REF);
    let mut names = names.map(|node| identifier_of(&node));
    names.find(|name| world.column(table, name).is_some_and(|column| column.generated == 'v'))
}

/// Reports that IF NOT EXISTS finds a relation of the index's name, which perhaps is not the index in the text.
fn meets(create: &ast::CreateIndex, index: &Name, table: &Name, world: &mut World) {
    let Some(there) = world.relation(index) else { return };
    let Some(of) = there.table.clone() else { return world.skips(format!("{index} is no index")) };
    if of != *table {
        let what = format!("{index} is an index of {of}");
        // For a standalone statement, the engine itself checks whether the index was made.
        return if create.concurrently_token().is_some() { world.fails(what) } else { world.skips(what) };
    }
    let items: Vec<_> = create.partition_item_list().into_iter().flat_map(|list| list.partition_items()).collect();
    let keys: Option<Vec<String>> = items.iter().map(|item| item.expr().and_then(|expr| column(&expr))).collect();
    let known = world.relation(table).and_then(|table| table.indexes.iter().find(|known| known.name == *index));
    if let (Some(keys), Some(known)) = (keys, known)
        && !known.computed
        && known.key != keys
    {
        let what = format!("{index} is an index of ({})", known.key.join(", "));
        world.skips(what);
    }
}

pub(super) fn drop(drop: &ast::DropIndex, world: &mut World) {
    if drop.concurrently_token().is_some() {
        let cascades = matches!(drop.drop_behavior(), Some(ast::DropBehavior::Cascade(_)));
        if drop.index_refs().count() > 1 {
            world.fails("DROP INDEX CONCURRENTLY takes one index at a time".to_owned());
        } else if cascades {
            world.fails("DROP INDEX CONCURRENTLY takes no CASCADE".to_owned());
        }
    }
    let lock = if drop.concurrently_token().is_some() { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive };
    let is_absent = drop.index_refs().all(|name| world.relation(&name_of(name.syntax())).is_none());
    for written in drop.index_refs().map(|name| name_of(name.syntax())).collect::<Vec<_>>() {
        if let Some(table) = world.relation(&written).and_then(|relation| relation.table.clone()) {
            let name = world.resolve(&written);
            let holds = |it: &Constraint| matches!(it.kind, 'p' | 'u' | 'x') && it.name == name.name;
            let holds = world.relation(&table).is_some_and(|table| table.constraints.iter().any(holds));
            if holds && world.is_as_before(&name.name) {
                world.fails(format!(
                    "the constraint {} of {table} needs the index: drop the constraint",
                    quoted(&name.name)
                ));
            }
            for member in world.family(&table) {
                world.lock(&member, lock);
            }
            forget_parts(&name, &table, world);
        } else if world.is_of_text() && world.relation(&written).is_some() {
            // No script tells the index's table, which is locked too.
            world.lock(&written, lock);
        }
        world.remove(&written);
    }
    if !is_absent && matches!(drop.drop_behavior(), Some(ast::DropBehavior::Cascade(_))) {
        let names: Vec<_> = drop.index_refs().map(|name| name_of(name.syntax()).to_string()).collect();
        world.opaque(Unknown::cascade(&names.join(", "), &[]));
    }
}

/// Forgets the partitions' parts of an index of a partitioned `table`: they are dropped with it. They have the same
/// columns.
fn forget_parts(index: &Name, table: &Name, world: &mut World) {
    let Some(relation) = world.relation(table).filter(|relation| relation.kind == RelationKind::Partitioned) else {
        return;
    };
    let Some(key) = relation.indexes.iter().find(|known| known.name == *index).map(|known| known.key.clone()) else {
        return;
    };
    for member in world.family(table) {
        let Some(relation) = world.relation(&member).filter(|_| member != *table) else { continue };
        let parts: Vec<_> =
            relation.indexes.iter().filter(|known| known.key == key).map(|it| it.name.clone()).collect();
        for part in &parts {
            world.remove(part);
        }
    }
}

/// Takes `lock` on every index of `table`.
fn indexes(table: &Name, lock: Lock, world: &mut World) {
    let names = world.relation(table).map_or_else(Vec::new, |relation| relation.facts.indexes.clone());
    for index in names {
        world.lock(&table.renamed(index.name), lock);
    }
}

pub(super) fn alter(alter: &ast::AlterIndex, world: &mut World) {
    let Some(written) = alter.index_ref().map(|name| name_of(name.syntax())) else {
        return world.opaque(Unknown::which("indexes of the tablespace"));
    };
    if world.relation(&written).is_none() {
        return;
    }
    let index = world.resolve(&written);
    match alter.action() {
        Some(AlterIndexAction::IndexRenameTo(it)) => {
            world.lock(&index, Lock::ShareUpdateExclusive);
            if let Some(to) = it.index() {
                world.rename(&index, &index.renamed(identifier_of(to.syntax())));
            }
        }
        Some(
            AlterIndexAction::SetOptions(_)
            | AlterIndexAction::ResetOptions(_)
            | AlterIndexAction::AlterSetStatistics(_),
        ) => {
            world.lock(&index, Lock::ShareUpdateExclusive);
        }
        Some(AlterIndexAction::AttachIndexPartition(it)) => {
            world.lock(&index, Lock::ShareUpdateExclusive);
            let named = it.syntax().descendants().find(|node| node.kind() == SyntaxKind::INDEX_REF);
            if let Some(child) = named.map(|node| name_of(&node)) {
                world.lock(&child, Lock::AccessExclusive);
                let tables = [&index, &child].map(|index| world.relation(index).and_then(|it| it.table.clone()));
                for table in tables.into_iter().flatten() {
                    world.lock(&table, Lock::AccessShare);
                }
            }
        }
        Some(AlterIndexAction::SetTablespace(_)) => world.works(&index, Lock::AccessExclusive, Work::Rewrite),
        _ => world.lock(&index, Lock::AccessExclusive),
    }
}

pub(super) fn reindex(reindex: &ast::Reindex, world: &mut World) {
    let is_concurrent = is_concurrent(reindex);
    let (of_table, of_index) = if is_concurrent {
        (Lock::ShareUpdateExclusive, Lock::ShareUpdateExclusive)
    } else {
        (Lock::Share, Lock::AccessExclusive)
    };
    let named = |kind| reindex.syntax().descendants().find(|node| node.kind() == kind).map(|node| name_of(&node));
    match reindex.reindex_target() {
        Some(ReindexTarget::ReindexTargetIndex(_)) => {
            let Some(written) = named(SyntaxKind::INDEX_REF) else { return };
            if !is_concurrent {
                world.lock(&written, of_index);
            }
            if let Some(table) = world.relation(&written).and_then(|relation| relation.table.clone()) {
                let known = world
                    .relation(&table)
                    .and_then(|it| it.indexes.iter().find(|index| index.name == world.resolve(&written)).cloned());
                world.builds(&table, of_table, &known.map_or_else(Vec::new, |index| index.key));
            } else if world.is_of_text() {
                world.works(&written, if is_concurrent { of_table } else { of_index }, Work::IndexBuild);
            }
        }
        Some(ReindexTarget::ReindexTargetTable(_)) => {
            let Some(written) = named(SyntaxKind::TABLE_NAME_REF) else { return };
            for member in world.family(&written) {
                let built = world.relation(&member).map_or_else(Vec::new, |relation| relation.indexes.clone());
                for index in &built {
                    world.builds(&member, of_table, &index.key);
                }
                if built.is_empty() {
                    world.works(&member, of_table, Work::IndexBuild);
                }
                // The index of a partitioned table consists of its partitions' indexes.
                let whole = world.relation(&member).is_some_and(|relation| relation.kind == RelationKind::Partitioned);
                if !is_concurrent && !whole {
                    indexes(&member, of_index, world);
                }
            }
        }
        // The text does not name the tables.
        _ => world.unknown(Unknown::which("tables")),
    }
}
