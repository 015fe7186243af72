//! Locks on the relations that a part of a statement names.

use report::Lock;
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::world::World;
use super::{name_of, names_table};
use crate::catalog::RelationKind;

/// Locks the relation that `node` names first.
pub(super) fn on(node: Option<SyntaxNode>, lock: Lock, world: &mut World) {
    let name = node.and_then(|node| node.descendants().find(names_table));
    if let Some(name) = name.map(|node| name_of(&node))
        && world.relation(&name).is_some()
    {
        world.lock(&name, lock);
    }
}

/// Locks the relation that `node` names first, with its partitions or the tables that inherit from it.
pub(super) fn family(node: Option<SyntaxNode>, lock: Lock, world: &mut World) {
    let name = node.and_then(|node| node.descendants().find(|inner| inner.kind() == SyntaxKind::RELATION_NAME_REF));
    if let Some(name) = name.map(|node| name_of(&node))
        && let Some(kind) = world.relation(&name).map(|relation| relation.kind)
    {
        let members = if kind == RelationKind::Partitioned { world.family(&name) } else { vec![name] };
        for member in &members {
            world.lock(member, lock);
        }
    }
}

/// Locks every relation that `node` names.
pub(super) fn each(node: &SyntaxNode, lock: Lock, world: &mut World) {
    for name in node.descendants().filter(names_table).map(|node| name_of(&node)).collect::<Vec<_>>() {
        for member in world.family(&name) {
            world.lock(&member, lock);
        }
    }
}
