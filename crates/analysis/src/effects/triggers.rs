//! Triggers, rules and policies: what the server itself does with the rows of a table.

use report::Lock;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{AstNode as _, Stmt};

use super::locks::{family, on};
use super::world::World;
use super::{data, name_of, names_table, text};
use crate::name::{identifier, quoted};

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::CreateTrigger(it) => {
            let table = it.on_relation().map(|on| on.syntax().clone());
            family(table.clone(), Lock::ShareRowExclusive, world);
            on(it.from_table().map(|from| from.syntax().clone()), Lock::AccessShare, world);
            let name = it.trigger().map(|name| identifier(&text(name.syntax()))).unwrap_or_default();
            fires(table, &format!("the trigger {}", quoted(&name)), world);
        }
        Stmt::DropTrigger(it) => family(it.on_relation().map(|on| on.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::AlterTrigger(it) => on(Some(it.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::CreateRule(it) => {
            let table = it.rule_on().map(|on| on.syntax().clone());
            on(table.clone(), Lock::AccessExclusive, world);
            fires(table, "the rule", world);
        }
        Stmt::DropRule(it) => on(it.on_relation().map(|on| on.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::AlterRule(it) => on(Some(it.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::CreatePolicy(it) => {
            data::names(it.syntax(), world);
            on(it.on_table().map(|on| on.syntax().clone()), Lock::AccessExclusive, world);
        }
        Stmt::AlterPolicy(it) => {
            data::names(it.syntax(), world);
            on(it.on_table().map(|on| on.syntax().clone()), Lock::AccessExclusive, world);
        }
        Stmt::DropPolicy(it) => on(it.on_table().map(|on| on.syntax().clone()), Lock::AccessExclusive, world),
        _ => {}
    }
}

/// Records that changed rows of the table that `node` names fire `by` from now on.
fn fires(node: Option<SyntaxNode>, by: &str, world: &mut World) {
    let name = node.and_then(|node| node.descendants().find(names_table));
    if let Some(relation) = name.and_then(|name| world.relation_mut(&name_of(&name))) {
        relation.fires.push(by.to_owned());
    }
}
