//! Views: sessions that read through a view wait for its lock, not for the locks on its tables.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode, DataOption, DropBehavior};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::world::{World, made, temporary};
use super::{Unknown, data, has, name_of};
use crate::catalog::RelationKind;
use crate::name::Name;

pub(super) fn create(create: &ast::CreateView, world: &mut World) {
    let Some(view) = name_of_made(create, world) else { return };
    if let Some(query) = create.query() {
        data::names(query.syntax(), world);
    }
    // Without OR REPLACE, the server refuses an existing view.
    if create.or_replace().is_none() || world.relation(&view).is_none() {
        world.create(&view, RelationKind::View, Vec::new());
    } else {
        world.forgets_reads(&view);
        world.forgets_uses(&view);
        // The view may have more columns now.
        world.forgets_columns(&view);
    }
    sees(&view, create.query().as_ref().map(AstNode::syntax), world);
    world.lock(&view, Lock::AccessExclusive);
}

/// Returns the name of the view that CREATE VIEW makes: in the session's own schema, if it says TEMP or reads a
/// temporary table.
pub(super) fn name_of_made(create: &ast::CreateView, world: &World) -> Option<Name> {
    let written = made(create.syntax(), &name_of(create.view()?.syntax()));
    let query = create.query();
    let mut read = query.iter().flat_map(|query| query.syntax().descendants());
    let is_temporary =
        |node: SyntaxNode| node.kind() == SyntaxKind::RELATION_NAME_REF && world.is_temporary(&name_of(&node));
    Some(if written.schema.is_none() && read.any(is_temporary) { temporary(&written) } else { written })
}

/// Records the relations that reading the view will read.
fn sees(view: &Name, query: Option<&SyntaxNode>, world: &mut World) {
    let named = query.into_iter().flat_map(SyntaxNode::descendants);
    let named = named.filter(|node| node.kind() == SyntaxKind::RELATION_NAME_REF).map(|node| name_of(&node));
    let mut below = Vec::new();
    for name in named.collect::<Vec<_>>() {
        let Some(relation) = world.relation(&name) else { continue };
        match relation.kind {
            RelationKind::View => below.extend(relation.reads.iter().cloned()),
            _ => below.push(relation.name.clone()),
        }
    }
    below.sort();
    below.dedup();
    if let Some(relation) = world.relation_mut(view) {
        relation.reads = below;
    }
}

pub(super) fn create_materialized(create: &ast::CreateMaterializedView, world: &mut World) {
    let Some(view) = create.view().map(|name| name_of(name.syntax())) else { return };
    if create.if_not_exists().is_some() && world.relation(&view).is_some() {
        return;
    }
    data::made_of(create.query().as_ref().map(AstNode::syntax), create.data_option().as_ref(), world);
    world.create(&view, RelationKind::MaterializedView, Vec::new());
    world.fill(&view);
    sees(&view, create.query().as_ref().map(AstNode::syntax), world);
    world.lock(&view, Lock::AccessExclusive);
}

pub(super) fn drop(statement: &SyntaxNode, behavior: Option<&DropBehavior>, world: &mut World) {
    let cascades = matches!(behavior, Some(DropBehavior::Cascade(_)));
    let is_absent = names(statement).iter().all(|view| world.relation(view).is_none());
    let going: Vec<Name> = names(statement).iter().map(|view| world.resolve(view)).collect();
    let used: Vec<_> = going.iter().flat_map(|view| world.users_of(view, None)).collect();
    for view in names(statement) {
        if world.relation(&view).is_some() {
            if let Some(other) = world.user_of(&view, None).filter(|other| !cascades && !going.contains(other)) {
                world.fails(format!("the view {other} uses {}", world.resolve(&view)));
            }
            world.lock(&view, Lock::AccessExclusive);
            world.remove(&view);
        }
    }
    if cascades && !is_absent {
        let known: Vec<_> =
            used.into_iter().filter(|view| !going.iter().any(|name| view.ends_with(&name.to_string()))).collect();
        let names: Vec<_> = going.iter().map(ToString::to_string).collect();
        world.opaque(Unknown::cascade(&names.join(", "), &known));
    }
}

/// Returns the new name of a view, if the statement changes it.
fn renamed(statement: &SyntaxNode, view: &Name) -> Option<Name> {
    let child = |kind| statement.children().find(|node| node.kind() == kind);
    if let Some(to) = child(SyntaxKind::VIEW_RENAME_TO) {
        let to = to.children().find(|node| node.kind() == SyntaxKind::VIEW)?;
        return Some(view.renamed(name_of(&to).name));
    }
    let to = child(SyntaxKind::SET_SCHEMA)?.children().find(|node| node.kind() == SyntaxKind::SCHEMA_REF)?;
    Some(Name { schema: Some(name_of(&to).name), name: view.name.clone() })
}

pub(super) fn alter(statement: &SyntaxNode, world: &mut World) {
    // The server copies it, as it copies a table.
    let moves = [SyntaxKind::SET_TABLESPACE, SyntaxKind::SET_ACCESS_METHOD];
    let is_copied = moves.into_iter().any(|kind| has(statement, kind));
    for view in names(statement).into_iter().take(1) {
        if world.relation(&view).is_none() {
            continue;
        }
        world.forgets_columns(&view);
        if is_copied {
            world.works(&view, Lock::AccessExclusive, Work::Rewrite);
        } else {
            world.lock(&view, Lock::AccessExclusive);
        }
        if let Some(to) = renamed(statement, &world.resolve(&view)) {
            world.rename(&view, &to);
        }
    }
}

pub(super) fn refresh(refresh: &ast::Refresh, world: &mut World) {
    let Some(view) = refresh.view_ref().map(|name| name_of(name.syntax())) else { return };
    let is_filled = !matches!(refresh.data_option(), Some(DataOption::WithNoData(_)));
    if has(refresh.syntax(), SyntaxKind::CONCURRENTLY_KW) {
        world.works(&view, Lock::Exclusive, Work::Scan);
    } else if is_filled {
        world.works(&view, Lock::AccessExclusive, Work::Rewrite);
    } else {
        return world.lock(&view, Lock::AccessExclusive);
    }
    // The query runs again, however small its result is.
    let below = world.relation(&view).map_or_else(Vec::new, |relation| relation.reads.clone());
    if below.is_empty() {
        world.untimed();
    }
    for table in below {
        data::reads(&table, Lock::AccessShare, world);
    }
}

fn names(statement: &SyntaxNode) -> Vec<Name> {
    let names = statement.descendants().filter(|node| node.kind() == SyntaxKind::VIEW_REF);
    names.map(|name| name_of(&name)).collect()
}
