//! Views: those who read through one wait for its lock, not for its tables'.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode, DataOption, DropBehavior};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{data, has, name_of, world::World};
use crate::catalog::Kind;
use crate::name::Name;

pub(super) fn create(create: &ast::CreateView, world: &mut World) {
    let Some(view) = create.view().map(|name| name_of(name.syntax())) else { return };
    if let Some(query) = create.query() {
        data::names(query.syntax(), world);
    }
    if world.relation(&view).is_none() {
        world.create(&view, Kind::View, Vec::new());
    }
    world.lock(&view, Lock::AccessExclusive);
}

pub(super) fn create_materialized(create: &ast::CreateMaterializedView, world: &mut World) {
    let Some(view) = create.view().map(|name| name_of(name.syntax())) else { return };
    if create.if_not_exists().is_some() && world.relation(&view).is_some() {
        return;
    }
    data::made_of(create.query().as_ref().map(AstNode::syntax), create.data_option().as_ref(), world);
    world.create(&view, Kind::MaterializedView, Vec::new());
    world.lock(&view, Lock::AccessExclusive);
}

pub(super) fn drop(statement: &SyntaxNode, behavior: Option<&DropBehavior>, world: &mut World) {
    for view in names(statement) {
        if world.relation(&view).is_some() {
            world.lock(&view, Lock::AccessExclusive);
            world.remove(&view);
        }
    }
    if matches!(behavior, Some(DropBehavior::Cascade(_))) {
        world.opaque();
    }
}

pub(super) fn alter(statement: &SyntaxNode, world: &mut World) {
    for view in names(statement).into_iter().take(1) {
        if world.relation(&view).is_some() {
            world.lock(&view, Lock::AccessExclusive);
        }
    }
}

pub(super) fn refresh(refresh: &ast::Refresh, world: &mut World) {
    let Some(view) = refresh.view_ref().map(|name| name_of(name.syntax())) else { return };
    if has(refresh.syntax(), SyntaxKind::CONCURRENTLY_KW) {
        return world.works(&view, Lock::Exclusive, Work::Scan);
    }
    world.lock(&view, Lock::AccessExclusive);
    if !matches!(refresh.data_option(), Some(DataOption::WithNoData(_))) {
        world.works(&view, Lock::AccessExclusive, Work::Rewrite);
    }
}

fn names(statement: &SyntaxNode) -> Vec<Name> {
    let names = statement.descendants().filter(|node| node.kind() == SyntaxKind::VIEW_REF);
    names.map(|name| name_of(&name)).collect()
}
