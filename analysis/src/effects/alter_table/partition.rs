//! Partitions: attached and detached.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode as _, DetachPartitionOption};

use super::Table;
use crate::effects::{name_of, world::World};
use crate::name::Name;

pub(super) fn attach(attach: &ast::AttachPartition, table: &Table, world: &mut World) {
    world.lock(&table.name, Lock::ShareUpdateExclusive);
    let Some(partition) = attach.table_name_ref().map(|name| world.resolve(&name_of(name.syntax()))) else {
        return;
    };
    // Whether a CHECK proves that every row belongs there is for the server to find out: this is the worse.
    for name in world.family(&partition) {
        world.works(&name, Lock::AccessExclusive, Work::Scan);
    }
    if let Some(default) = default_of(table, world) {
        world.works(&default, Lock::AccessExclusive, Work::Scan);
    }
    let parent = world.relation(&table.name).cloned();
    let own = world.relation(&partition).map_or(0, |relation| relation.facts.indexes.len());
    // It gets what the others have.
    if parent.as_ref().is_some_and(|parent| parent.facts.indexes.len() > own) {
        world.works(&partition, Lock::AccessExclusive, Work::IndexBuild);
    }
    for constraint in parent.map_or_else(Vec::new, |parent| parent.constraints) {
        if let Some(other) = constraint.refers_to {
            world.works(&other, Lock::ShareRowExclusive, Work::Scan);
        }
    }
    if let Some(relation) = world.relation_mut(&table.name) {
        relation.descendants.push(partition.clone());
    }
    if let Some(relation) = world.relation_mut(&partition) {
        relation.parent = Some(table.name.clone());
    }
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
    if let Some(default) = default_of(table, world).filter(|default| *default != partition) {
        world.lock(&default, lock);
    }
    if let Some(relation) = world.relation_mut(&table.name) {
        relation.descendants.retain(|name| *name != partition);
    }
    if let Some(relation) = world.relation_mut(&partition) {
        relation.parent = None;
    }
}

fn default_of(table: &Table, world: &World) -> Option<Name> {
    world.relation(&table.name)?.default_partition.clone()
}
