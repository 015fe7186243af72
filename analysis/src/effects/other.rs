//! Statements beside tables, indexes and rows: triggers, rules, policies, comments, sequences, types, maintenance.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode as _, CommentObject, Stmt};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::named::{routine, table_of_column};
use super::{data, has, name_of, names_table, text, world::World};
use crate::catalog::Kind;

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::CreateTrigger(it) => {
            family(it.on_relation().map(|on| on.syntax().clone()), Lock::ShareRowExclusive, world);
            on(it.from_table().map(|from| from.syntax().clone()), Lock::AccessShare, world);
        }
        Stmt::DropTrigger(it) => family(it.on_relation().map(|on| on.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::AlterTrigger(it) => on(Some(it.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::CreateRule(it) => on(it.rule_on().map(|on| on.syntax().clone()), Lock::AccessExclusive, world),
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
        Stmt::CreateStatistics(it) => {
            on(it.from_table().map(|from| from.syntax().clone()), Lock::ShareUpdateExclusive, world);
        }
        Stmt::CommentOn(it) => comment(it, world),
        Stmt::Lock(it) => lock(it, world),
        Stmt::Analyze(it) => maintenance(it.syntax(), Lock::ShareUpdateExclusive, None, world),
        Stmt::Vacuum(it) => vacuum(it, world),
        Stmt::Cluster(it) => maintenance(it.syntax(), Lock::AccessExclusive, Some(Work::Rewrite), world),
        Stmt::CreateSequence(it) => sequence(it.syntax(), None, world),
        Stmt::AlterSequence(it) => sequence(it.syntax(), Some(Lock::ShareRowExclusive), world),
        Stmt::DropSequence(it) => {
            sequence(it.syntax(), Some(Lock::AccessExclusive), world);
            if matches!(it.drop_behavior(), Some(ast::DropBehavior::Cascade(_))) {
                world.opaque();
            }
        }
        // Which tables they are of, the text does not say.
        Stmt::DropStatistics(_) | Stmt::AlterStatistics(_) => world.opaque(),
        // From 18 on what is granted on is locked too, as readers do.
        Stmt::Grant(it) if world.version >= 180_000 => each(it.syntax(), Lock::AccessShare, world),
        Stmt::Revoke(it) if world.version >= 180_000 => each(it.syntax(), Lock::AccessShare, world),
        Stmt::CreateFunction(it) => body(it.syntax(), world),
        Stmt::CreateProcedure(it) => body(it.syntax(), world),
        Stmt::CreatePublication(it) => each(it.syntax(), Lock::ShareUpdateExclusive, world),
        Stmt::AlterPublication(it) => each(it.syntax(), Lock::ShareUpdateExclusive, world),
        Stmt::AlterDomain(it) => domain(it, world),
        Stmt::AlterType(it) => composite(it, world),
        Stmt::CreateExtension(_)
        | Stmt::AlterExtension(_)
        | Stmt::ImportForeignSchema(_)
        | Stmt::Reassign(_)
        | Stmt::Copy(_)
        | Stmt::Explain(_)
        | Stmt::Fetch(_)
        | Stmt::Move(_)
        | Stmt::Load(_)
        | Stmt::AlterSystem(_) => world.opaque(),
        // A new function's body runs later. The rest changes the catalog alone.
        _ => {}
    }
}

/// The relation that `node` names first.
fn on(node: Option<SyntaxNode>, lock: Lock, world: &mut World) {
    let name = node.and_then(|node| node.descendants().find(names_table));
    if let Some(name) = name.map(|node| name_of(&node))
        && world.relation(&name).is_some()
    {
        world.lock(&name, lock);
    }
}

/// The same for what inherits from it, or is a partition of it.
fn family(node: Option<SyntaxNode>, lock: Lock, world: &mut World) {
    let name = node.and_then(|node| node.descendants().find(|inner| inner.kind() == SyntaxKind::RELATION_NAME_REF));
    if let Some(name) = name.map(|node| name_of(&node))
        && let Some(kind) = world.relation(&name).map(|relation| relation.kind)
    {
        let members = if kind == Kind::Partitioned { world.family(&name) } else { vec![name] };
        for member in &members {
            world.lock(member, lock);
        }
    }
}

/// Sequences that are made, or locked, and the table that one belongs to from now on.
fn sequence(node: &SyntaxNode, lock: Option<Lock>, world: &mut World) {
    let renames = has(node, SyntaxKind::RENAME_KW);
    for inner in node.descendants() {
        let name = name_of(&inner);
        match (inner.kind(), lock) {
            (SyntaxKind::SEQUENCE_REF, Some(lock)) if world.relation(&name).is_some() => {
                world.lock(&name, if renames { Lock::AccessExclusive } else { lock });
            }
            (SyntaxKind::SEQUENCE, None) if world.relation(&name).is_none() => {
                world.create(&name, Kind::Sequence, Vec::new());
            }
            (SyntaxKind::QUALIFIED_COLUMN_NAME_REF, _) => {
                if let Some(table) = table_of_column(&inner) {
                    world.lock(&table, Lock::AccessShare);
                }
            }
            _ => {}
        }
    }
}

/// The server tries what is written in SQL, without running it: it locks as if it did.
fn body(function: &SyntaxNode, world: &mut World) {
    let Some(inner) = routine(function) else { return };
    let parse = SourceFile::parse(&inner);
    for statement in parse.tree().stmts() {
        world.only_locks(|world| data::effects(statement.syntax(), world));
    }
}

/// Every relation that `node` names.
fn each(node: &SyntaxNode, lock: Lock, world: &mut World) {
    for name in node.descendants().filter(names_table).map(|node| name_of(&node)).collect::<Vec<_>>() {
        for member in world.family(&name) {
            world.lock(&member, lock);
        }
    }
}

fn comment(comment: &ast::CommentOn, world: &mut World) {
    let named = |node: &SyntaxNode, kinds: &[SyntaxKind]| {
        node.descendants().find(|inner| kinds.contains(&inner.kind())).map(|node| name_of(&node))
    };
    // What belongs to a table is no more than looked up there.
    let lock = match comment.comment_object() {
        Some(
            CommentObject::ObjectConstraint(_)
            | CommentObject::ObjectTrigger(_)
            | CommentObject::ObjectRule(_)
            | CommentObject::ObjectPolicy(_),
        ) => Lock::AccessShare,
        _ => Lock::ShareUpdateExclusive,
    };
    let relation = match comment.comment_object() {
        Some(CommentObject::ObjectColumn(it)) => it
            .syntax()
            .descendants()
            .find(|node| node.kind() == SyntaxKind::QUALIFIED_COLUMN_NAME_REF)
            .and_then(|node| table_of_column(&node)),
        Some(object) => named(
            object.syntax(),
            &[
                SyntaxKind::TABLE_NAME_REF,
                SyntaxKind::RELATION_NAME_REF,
                SyntaxKind::VIEW_REF,
                SyntaxKind::INDEX_REF,
                SyntaxKind::SEQUENCE_REF,
            ],
        ),
        None => None,
    };
    if let Some(name) = relation
        && world.relation(&name).is_some()
    {
        world.lock(&name, lock);
    }
}

fn lock(lock: &ast::Lock, world: &mut World) {
    let words = lock.lock_mode_clause().map(|mode| text(mode.syntax()).to_uppercase()).unwrap_or_default();
    let mode = Lock::ALL.into_iter().find(|known| words == format!("IN{}MODE", known.name().replace(' ', "")));
    each(lock.syntax(), mode.unwrap_or(Lock::AccessExclusive), world);
}

fn vacuum(vacuum: &ast::Vacuum, world: &mut World) {
    let is_full = has(vacuum.syntax(), SyntaxKind::FULL_KW);
    let (lock, work) =
        if is_full { (Lock::AccessExclusive, Work::Rewrite) } else { (Lock::ShareUpdateExclusive, Work::Scan) };
    maintenance(vacuum.syntax(), lock, Some(work), world);
}

/// Of the tables that `node` names; of all, if it names none.
fn maintenance(node: &SyntaxNode, lock: Lock, work: Option<Work>, world: &mut World) {
    let names: Vec<_> = node.descendants().filter(names_table).map(|node| name_of(&node)).collect();
    if names.is_empty() {
        return world.opaque();
    }
    for member in names.iter().flat_map(|name| world.family(name)).collect::<Vec<_>>() {
        match work {
            Some(work) => world.works(&member, lock, work),
            None => world.lock(&member, lock),
        }
    }
}

/// A domain's new constraint is checked in every table that uses it, which only the server can list.
fn domain(alter: &ast::AlterDomain, world: &mut World) {
    let checks = alter.syntax().descendants_with_tokens().any(|element| {
        matches!(
            element.kind(),
            SyntaxKind::ADD_CONSTRAINT | SyntaxKind::SET_NOT_NULL | SyntaxKind::VALIDATE_CONSTRAINT
        )
    });
    let later = alter.syntax().descendants().any(|node| node.kind() == SyntaxKind::NOT_VALID);
    if checks && !later {
        world.opaque();
    }
}

/// A composite type's new shape reaches the tables that are of that type.
fn composite(alter: &ast::AlterType, world: &mut World) {
    if alter.syntax().descendants().any(|node| node.kind() == SyntaxKind::ALTER_TYPE_ATTRIBUTE_ACTION_LIST) {
        world.opaque();
    }
}
