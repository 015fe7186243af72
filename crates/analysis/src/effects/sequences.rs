//! Sequences.

use report::Lock;
use squawk_syntax::ast::{AstNode as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::named::table_of_column;
use super::world::World;
use super::{has, name_of};
use crate::catalog::RelationKind;
use crate::name::Name;

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::CreateSequence(it) => sequence(it.syntax(), None, world),
        Stmt::AlterSequence(it) => sequence(it.syntax(), Some(Lock::ShareRowExclusive), world),
        Stmt::DropSequence(it) => {
            sequence(it.syntax(), Some(Lock::AccessExclusive), world);
            let names = it.syntax().descendants().filter(|node| node.kind() == SyntaxKind::SEQUENCE_REF);
            for name in names.map(|node| name_of(&node)).collect::<Vec<_>>() {
                world.remove(&name);
            }
        }
        _ => {}
    }
}

/// Makes or locks sequences, and the table that owns one from now on.
fn sequence(node: &SyntaxNode, lock: Option<Lock>, world: &mut World) {
    let renames = has(node, SyntaxKind::RENAME_KW);
    let written = node.descendants().find(|inner| inner.kind() == SyntaxKind::SEQUENCE_REF).map(|node| name_of(&node));
    let to = written.as_ref().map(|written| world.resolve(written)).and_then(|from| called_then(node, &from));
    for inner in node.descendants() {
        let name = name_of(&inner);
        match (inner.kind(), lock) {
            (SyntaxKind::SEQUENCE_REF, Some(lock)) if world.relation(&name).is_some() => {
                world.lock(&name, if renames { Lock::AccessExclusive } else { lock });
            }
            (SyntaxKind::SEQUENCE, None) if world.relation(&name).is_none() => {
                world.create(&name, RelationKind::Sequence, Vec::new());
            }
            (SyntaxKind::QUALIFIED_COLUMN_NAME_REF, _) => {
                if let Some(table) = table_of_column(&inner) {
                    world.lock(&table, Lock::AccessShare);
                }
            }
            _ => {}
        }
    }
    if let (Some(from), Some(to)) = (written, to) {
        world.rename(&from, &to);
    }
}

/// Returns the new name of a sequence, if the statement changes it.
fn called_then(alter: &SyntaxNode, from: &Name) -> Option<Name> {
    let named = |kind| alter.descendants().find(|node| node.kind() == kind).map(|node| name_of(&node).name);
    match (named(SyntaxKind::SEQUENCE), named(SyntaxKind::SCHEMA_REF)) {
        (Some(name), _) => Some(from.renamed(name)),
        (None, Some(schema)) => Some(Name { schema: Some(schema), name: from.name.clone() }),
        (None, None) => None,
    }
}
