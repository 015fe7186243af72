//! Statements on rows: they let readers through, and hold the rows that they change until the end.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode as _, DataOption};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::expression::{Volatility, volatility};
use super::{identifier_of, name_of, world::World};
use crate::catalog::{Constraint, Kind};
use crate::name::Name;

/// A statement that reads or writes rows, with all that stand in its WITH.
pub(super) fn effects(statement: &SyntaxNode, world: &mut World) {
    let mut targets = Vec::new();
    for node in statement.descendants() {
        let Some((target, only)) = target(&node) else { continue };
        let table = name_of(&target);
        targets.push(target);
        match node.kind() {
            SyntaxKind::INSERT => writes(&table, &Change::Insert, only, world),
            SyntaxKind::DELETE => writes(&table, &Change::Delete, only, world),
            _ => writes(&table, &Change::Update(columns(&node)), only, world),
        }
    }
    reads_besides(statement, &targets, world);
    creates(statement, world);
    // What a function does besides giving a value is not known.
    if targets.is_empty() && volatility(statement, world) == Volatility::Volatile {
        world.opaque();
    }
}

/// The relation that a statement on rows changes, and whether ONLY it.
fn target(node: &SyntaxNode) -> Option<(SyntaxNode, bool)> {
    match node.kind() {
        SyntaxKind::INSERT => Some((ast::Insert::cast(node.clone())?.relation_name_ref()?.syntax().clone(), true)),
        SyntaxKind::MERGE => {
            let name = ast::Merge::cast(node.clone())?.table_relation_name()?;
            Some((name.table_name_ref()?.syntax().clone(), name.only_token().is_some()))
        }
        SyntaxKind::UPDATE => changed(&ast::Update::cast(node.clone())?.relation_name()?),
        SyntaxKind::DELETE => changed(&ast::Delete::cast(node.clone())?.relation_name()?),
        _ => None,
    }
}

fn changed(name: &ast::RelationName) -> Option<(SyntaxNode, bool)> {
    Some((name.relation_name_ref()?.syntax().clone(), name.only_token().is_some()))
}

enum Change {
    Insert,
    /// Of these columns.
    Update(Vec<String>),
    Delete,
}

/// The columns that an UPDATE sets.
fn columns(update: &SyntaxNode) -> Vec<String> {
    let targets = update.descendants().filter(|node| node.kind() == SyntaxKind::COLUMN_TARGET);
    let names = targets.filter_map(|target| target.children().find(|node| node.kind() == SyntaxKind::COLUMN_NAME_REF));
    names.map(|name| identifier_of(&name)).collect()
}

fn writes(table: &Name, change: &Change, only: bool, world: &mut World) {
    let own = world.resolve(table);
    let members = match change {
        Change::Insert if world.relation(table).is_some_and(|it| it.kind != Kind::Partitioned) => vec![own.clone()],
        _ if only && !matches!(change, Change::Insert) => vec![own.clone()],
        _ => world.family(table),
    };
    for member in &members {
        if matches!(change, Change::Insert) {
            world.lock(member, Lock::RowExclusive);
        } else {
            // Without an index that fits, which only the server knows, it reads them all.
            world.works(member, Lock::RowExclusive, Work::Scan);
        }
        if world.relation(member).is_some_and(|relation| relation.fires) {
            world.opaque();
        }
    }
    let touches = |names: &[String]| match change {
        Change::Insert => true,
        Change::Update(columns) => columns.iter().any(|column| names.contains(column)),
        Change::Delete => false,
    };
    let constraints = world.relation(table).map_or_else(Vec::new, |relation| relation.constraints.clone());
    for constraint in constraints.iter().filter(|it| it.kind == 'f' && touches(&it.columns)) {
        if let Some(other) = &constraint.refers_to {
            world.lock(other, Lock::RowShare);
        }
    }
    // Rows that refer to those which go are looked for, and perhaps go with them.
    let refers = |it: &Constraint| {
        let goes = match change {
            Change::Insert => false,
            Change::Update(columns) => columns.iter().any(|column| it.refers_to_columns.contains(column)),
            Change::Delete => true,
        };
        goes && it.refers_to.as_ref() == Some(&own)
    };
    for other in world.referring(refers) {
        world.works(&other, Lock::RowExclusive, Work::Scan);
    }
}

/// SELECT INTO makes a table.
fn creates(statement: &SyntaxNode, world: &mut World) {
    let into = statement.descendants().find(|node| node.kind() == SyntaxKind::INTO_CLAUSE);
    let name = into.and_then(|into| {
        into.descendants()
            .find(|node| matches!(node.kind(), SyntaxKind::TABLE_NAME | SyntaxKind::PATH | SyntaxKind::PATH_REF))
    });
    if let Some(name) = name.map(|node| name_of(&node)) {
        world.create(&name, Kind::Table, Vec::new());
        world.lock(&name, Lock::AccessExclusive);
    }
}

/// What a query reads that a table or a view is made of: nothing yet, where it is to stay empty.
pub(super) fn made_of(query: Option<&SyntaxNode>, option: Option<&DataOption>, world: &mut World) {
    match (query, option) {
        (Some(query), Some(DataOption::WithNoData(_))) => names(query, world),
        (Some(query), _) => reads_besides(query, &[], world),
        (None, _) => {}
    }
}

/// The relations that an expression names, without a row of them being read now.
pub(super) fn names(expression: &SyntaxNode, world: &mut World) {
    for name in relations(expression, world) {
        world.lock(&name, Lock::AccessShare);
    }
}

fn relations(node: &SyntaxNode, world: &World) -> Vec<Name> {
    let named = node.descendants().filter(|inner| inner.kind() == SyntaxKind::RELATION_NAME_REF);
    // What is not there is a name of WITH, or of the system's catalog.
    named.map(|inner| name_of(&inner)).filter(|name| world.relation(name).is_some()).collect()
}

fn reads_besides(statement: &SyntaxNode, targets: &[SyntaxNode], world: &mut World) {
    let locked = locked_rows(statement);
    for inner in statement.descendants().filter(|inner| inner.kind() == SyntaxKind::RELATION_NAME_REF) {
        if targets.contains(&inner) {
            continue;
        }
        let name = name_of(&inner);
        let Some(kind) = world.relation(&name).map(|relation| relation.kind) else { continue };
        let is_locked = locked.as_ref().is_some_and(|of| of.is_empty() || of.contains(&name));
        let lock = if is_locked { Lock::RowShare } else { Lock::AccessShare };
        for member in world.family(&name) {
            match kind {
                Kind::View => world.lock(&member, lock),
                _ => world.works(&member, lock, Work::Scan),
            }
        }
    }
}

/// Whether rows are locked: those of the relations that FOR UPDATE OF names, or all.
fn locked_rows(node: &SyntaxNode) -> Option<Vec<Name>> {
    let locking = node.descendants().find(|inner| inner.kind() == SyntaxKind::LOCKING_CLAUSE)?;
    let of = locking.descendants().find(|inner| inner.kind() == SyntaxKind::LOCKING_OF);
    let names = of.map_or_else(String::new, |of| of.text().to_string());
    let names = names.trim_start_matches(|c: char| c.is_ascii_alphabetic()).split(',');
    Some(names.map(str::trim).filter(|name| !name.is_empty()).map(Name::parse).collect())
}
