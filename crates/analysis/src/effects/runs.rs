//! Statements that run others, or code that their text does not show: EXPLAIN, cursors, DO, CALL, extensions,
//! functions.

use squawk_syntax::ast::{self, AstNode as _, Stmt};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::named::{mentioned, routine};
use super::world::World;
use super::{Unknown, data, name_of, text};
use crate::name::{identifier, quoted};

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::Do(it) => {
            world.unknown(Unknown::block());
            for name in mentioned(it.syntax()) {
                world.mentions(&name);
            }
        }
        Stmt::Explain(it) => explain(it, world),
        // A prepared statement is likely to be executed at some time.
        Stmt::Prepare(it) => data::effects(it.syntax(), world),
        Stmt::Declare(it) => data::effects(it.syntax(), world),
        Stmt::CreateExtension(it) => extension(it.extension().map(|it| it.syntax().clone()), world),
        Stmt::AlterExtension(it) => {
            let name = it.syntax().descendants().find(|node| node.kind() == SyntaxKind::EXTENSION_REF);
            extension(name, world);
        }
        Stmt::Call(it) => match it.procedure_name_ref() {
            Some(name) => world.unknown(Unknown::procedure(&name_of(name.syntax()))),
            None => world.unknown(Unknown::statement()),
        },
        Stmt::Execute(_) => world.unknown(Unknown::prepared()),
        _ => world.unknown(Unknown::statement()),
    }
}

/// Extensions whose scripts make only objects of their own.
const OF_OWN: [&str; 18] = [
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "ltree",
    "pg_stat_statements",
    "pg_trgm",
    "pgcrypto",
    "plpgsql",
    "postgres_fdw",
    "unaccent",
    "uuid-ossp",
    "vector",
];

fn extension(name: Option<SyntaxNode>, world: &mut World) {
    let name = name.map(|name| identifier(&text(&name))).unwrap_or_default();
    if OF_OWN.contains(&name.as_str()) {
        world.is_extended = true;
        return;
    }
    world.unknown(Unknown::extension(&quoted(&name)));
}

/// Infers the effects of EXPLAIN: with ANALYZE it runs the statement.
fn explain(explain: &ast::Explain, world: &mut World) {
    let Some(inner) = explain.explain_stmt().map(|inner| inner.syntax().clone()) else {
        return world.unknown(Unknown::statement());
    };
    let before_it = explain.syntax().descendants_with_tokens();
    let mut before_it = before_it.take_while(|element| element.text_range().start() < inner.text_range().start());
    let runs = before_it.any(|element| matches!(element.kind(), SyntaxKind::ANALYZE_KW | SyntaxKind::ANALYSE_KW));
    match Stmt::cast(inner.clone()) {
        Some(statement) if runs => super::dispatch(&statement, world),
        _ => world.only_locks(|world| data::effects(&inner, world)),
    }
}

/// Infers the locks of an SQL body: the server checks it without running it, and takes the locks that running it would.
pub(super) fn body(function: &SyntaxNode, world: &mut World) {
    let Some(inner) = routine(function) else { return };
    let parse = SourceFile::parse(&scan::readable(&inner));
    for statement in parse.tree().stmts() {
        world.only_locks(|world| data::effects(statement.syntax(), world));
    }
}
