//! LOCK, and the maintenance of tables: ANALYZE, VACUUM, CLUSTER, statistics.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::locks::{each, on};
use super::world::World;
use super::{Unknown, has, name_of, names_table, text};
use crate::catalog::RelationKind;

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::Lock(it) => lock(it, world),
        Stmt::Analyze(it) => maintenance(it.syntax(), Lock::ShareUpdateExclusive, None, world),
        Stmt::Vacuum(it) => vacuum(it, world),
        Stmt::Cluster(it) => maintenance(it.syntax(), Lock::AccessExclusive, Some(Work::Rewrite), world),
        Stmt::CreateStatistics(it) => {
            on(it.from_table().map(|from| from.syntax().clone()), Lock::ShareUpdateExclusive, world);
        }
        // The text does not say to which tables the statistics belong.
        Stmt::DropStatistics(_) | Stmt::AlterStatistics(_) => world.opaque(Unknown::which("table")),
        _ => {}
    }
}

fn lock(lock: &ast::Lock, world: &mut World) {
    let words = lock.lock_mode_clause().map(|mode| text(mode.syntax()).to_uppercase()).unwrap_or_default();
    let mode = Lock::ALL.into_iter().find(|known| words == format!("IN{}MODE", known.name().replace(' ', "")));
    let mode = mode.unwrap_or(Lock::AccessExclusive);
    each(lock.syntax(), mode, world);
    // Locking a view also locks the tables that it reads.
    let views = lock.syntax().descendants().filter(names_table).map(|node| name_of(&node));
    let below = views.filter_map(|view| world.relation(&view)).filter(|relation| relation.kind == RelationKind::View);
    for table in below.flat_map(|view| view.reads.clone()).collect::<Vec<_>>() {
        for member in world.family(&table) {
            world.lock(&member, mode);
        }
    }
}

fn vacuum(vacuum: &ast::Vacuum, world: &mut World) {
    let is_full = has(vacuum.syntax(), SyntaxKind::FULL_KW);
    let (lock, work) =
        if is_full { (Lock::AccessExclusive, Work::Rewrite) } else { (Lock::ShareUpdateExclusive, Work::Scan) };
    maintenance(vacuum.syntax(), lock, Some(work), world);
}

/// Infers the maintenance of the tables that `node` names; of all tables, if it names none.
fn maintenance(node: &SyntaxNode, lock: Lock, work: Option<Work>, world: &mut World) {
    let names: Vec<_> = node.descendants().filter(names_table).map(|node| name_of(&node)).collect();
    if names.is_empty() {
        // All tables that the role may maintain, one after the other: no session waits long, unless they are rewritten.
        if work == Some(Work::Rewrite) {
            world.unknown(Unknown::which("tables"));
        }
        return;
    }
    for member in names.iter().flat_map(|name| world.family(name)).collect::<Vec<_>>() {
        match work {
            Some(work) => world.works(&member, lock, work),
            None => world.lock(&member, lock),
        }
    }
}
