//! Partitions: attached and detached.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode as _, DetachPartitionOption, PartitionType};

use super::{Table, constraint, remember};
use crate::catalog::{Column, Index, Relation};
use crate::effects::{name_of, world::World};
use crate::name::Name;

pub(super) fn attach(attach: &ast::AttachPartition, table: &Table, world: &mut World) {
    world.lock(&table.name, Lock::ShareUpdateExclusive);
    let Some(partition) = attach.table_name_ref().map(|name| world.resolve(&name_of(name.syntax()))) else {
        return;
    };
    // Only the server can find out whether a CHECK proves that every row belongs there: assume the worse.
    for name in world.family(&partition) {
        world.works(&name, Lock::AccessExclusive, Work::Scan);
    }
    if let Some(default) = default_of(table, world) {
        for name in world.family(&default) {
            world.works(&name, Lock::AccessExclusive, Work::Scan);
        }
    }
    for name in world.family(&partition) {
        for (key, columns) in missing(&table.name, &name, world) {
            world.builds(&name, Lock::AccessExclusive, &key.key);
            let index = Index { name: remember::index_name(&columns, &name, world), ..key };
            remember::built(index, &columns, &name, world);
        }
    }
    let members = world.family(&partition);
    for constraint in world.relation(&table.name).map_or_else(Vec::new, |parent| parent.constraints.clone()) {
        if let Some(other) = &constraint.refers_to {
            world.lock(other, Lock::ShareRowExclusive);
            if members.iter().any(|member| constraint::has_rows(member, &constraint.columns, world)) {
                world.works(other, Lock::ShareRowExclusive, Work::Scan);
            }
        }
    }
    for other in referring(table, world) {
        world.lock(&other, Lock::ShareRowExclusive);
    }
    world.joins(&partition, &table.name);
    if let Some(relation) = world.relation_mut(&partition) {
        relation.parent = Some(table.name.clone());
    }
    if matches!(attach.partition_type(), Some(PartitionType::PartitionDefault(_)))
        && let Some(relation) = world.relation_mut(&table.name)
    {
        relation.default_partition = Some(partition);
    }
}

/// Returns the indexes of `table` without a counterpart in `partition`, each with all its columns.
fn missing(table: &Name, partition: &Name, world: &World) -> Vec<(Index, Vec<String>)> {
    let Some(table) = world.relation(table) else { return Vec::new() };
    let partition = world.relation(partition).into_iter();
    let own: Vec<_> = partition.flat_map(|it| it.indexes.iter().map(|index| signature(index, it))).collect();
    let is_missing = |index: &&Index| index.computed || !own.contains(&signature(index, table));
    let indexes = table.indexes.iter().filter(is_missing);
    indexes.map(|index| (index.clone(), columns(index, table))).collect()
}

/// Returns what has to agree for one index to stand for another. An index with an expression or a condition never
/// stands for another, so its text is not compared.
fn signature<'a>(index: &'a Index, of: &Relation) -> (bool, bool, &'a [String], Vec<String>, Option<char>) {
    let constraint =
        of.constraints.iter().find(|it| index.name == of.name.renamed(&it.name) && "pux".contains(it.kind));
    (index.computed, index.unique, &index.key, columns(index, of), constraint.map(|it| it.kind))
}

/// Returns the columns of an index, sorted by name.
fn columns(index: &Index, of: &Relation) -> Vec<String> {
    let is_in = |column: &&Column| column.indexes.contains(&index.name);
    let mut columns: Vec<_> = of.columns.iter().filter(is_in).map(|column| column.name.clone()).collect();
    columns.sort();
    columns
}

pub(super) fn detach(detach: &ast::DetachPartition, table: &Table, world: &mut World) {
    let lock = match detach.detach_partition_option() {
        Some(DetachPartitionOption::DetachConcurrently(_) | DetachPartitionOption::DetachFinalize(_)) => {
            Lock::ShareUpdateExclusive
        }
        None => Lock::AccessExclusive,
    };
    world.lock(&table.name, lock);
    let Some(partition) = detach.table_name_ref().map(|name| world.resolve(&name_of(name.syntax()))) else {
        return;
    };
    world.lock(&partition, Lock::AccessExclusive);
    let other = world.relation(&table.name).and_then(|it| it.detaching.clone());
    if let Some(other) = other.filter(|other| *other != partition)
        && matches!(detach.detach_partition_option(), Some(DetachPartitionOption::DetachConcurrently(_)))
    {
        world.fails(format!(
            "detaching {other} from {} was cut off: finish that first, with ALTER TABLE {} DETACH PARTITION {other} FINALIZE",
            table.name, table.name
        ));
    }
    if matches!(detach.detach_partition_option(), Some(DetachPartitionOption::DetachConcurrently(_)))
        && let Some(default) = default_of(table, world)
    {
        world.fails(format!(
            "{} has a default partition, {default}: nothing can be detached concurrently beside it",
            table.name
        ));
    }
    if let Some(default) = default_of(table, world).filter(|default| *default != partition) {
        world.lock(&default, lock);
    }
    // The partition's own foreign keys are made anew. Those that refer to it end, if no row refers to one of its rows.
    let constraints = world.relation(&table.name).map_or_else(Vec::new, |parent| parent.constraints.clone());
    for other in constraints.iter().filter_map(|constraint| constraint.refers_to.as_ref()) {
        world.lock(other, Lock::ShareRowExclusive);
    }
    for other in referring(table, world) {
        world.works(&other, Lock::AccessExclusive, Work::Scan);
        for name in world.family(&partition) {
            world.works(&name, Lock::AccessExclusive, Work::Scan);
        }
    }
    world.leaves(&partition, &table.name);
    if let Some(relation) = world.relation_mut(&partition) {
        relation.parent = None;
    }
    if let Some(relation) = world.relation_mut(&table.name) {
        relation.default_partition = relation.default_partition.take().filter(|default| *default != partition);
    }
}

/// Returns the tables whose foreign keys refer to a partitioned table, or to a table of which that is a partition.
fn referring(table: &Table, world: &World) -> Vec<Name> {
    let above = world.ancestors(&table.name);
    let others = world.referring(|it| it.refers_to.as_ref().is_some_and(|other| above.contains(other)));
    others.into_iter().flat_map(|other| world.family(&other)).collect()
}

fn default_of(table: &Table, world: &World) -> Option<Name> {
    world.relation(&table.name)?.default_partition.clone()
}
