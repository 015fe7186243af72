//! Without a database: a relation that a statement names exists, unless the scripts tell otherwise.

use std::collections::BTreeSet;

use squawk_syntax::ast::{AstNode as _, Stmt};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::named::{routine, table_of_column, tables_in};
use super::world::{World, made};
use super::{identifier_of, name_of};
use crate::catalog::RelationKind;
use crate::name::Name;

/// Records the relations that `statement` names and that no script has made: they exist, and nothing else is known of
/// them. Where a database was asked, this records nothing.
pub(crate) fn assume(statement: &Stmt, world: &mut World) {
    if !world.is_of_text() {
        return;
    }
    let node = statement.syntax();
    let of_kind = |kind| node.descendants().filter(move |inner| inner.kind() == kind);
    let with: BTreeSet<String> = of_kind(SyntaxKind::CTE_NAME).map(|name| identifier_of(&name)).collect();
    let makes = [SyntaxKind::TABLE_NAME, SyntaxKind::VIEW, SyntaxKind::INDEX, SyntaxKind::SEQUENCE];
    let own: BTreeSet<Name> = makes.into_iter().flat_map(of_kind).map(|name| name_of(&name)).collect();
    for inner in node.descendants() {
        let Some((name, kind)) = named(&inner, statement) else { continue };
        let is_with = name.schema.is_none() && with.contains(&name.name);
        if !is_with && !own.contains(&name) && !is_system(&name) {
            world.assume(&name, kind);
        }
    }
    if let Stmt::Do(block) = statement {
        for name in tables_in(block.syntax()).iter().filter(|name| !is_system(name)) {
            world.assume(name, RelationKind::Table);
        }
    }
    if let Some(body) =
        routine(node).filter(|_| matches!(statement, Stmt::CreateFunction(_) | Stmt::CreateProcedure(_)))
    {
        SourceFile::parse(&scan::readable(&body)).tree().stmts().for_each(|inner| assume(&inner, world));
    }
    if let Some(view) = replaced(statement) {
        world.assume(&view, RelationKind::View);
    }
}

/// Returns the relation that `node` names, with its kind.
fn named(node: &SyntaxNode, statement: &Stmt) -> Option<(Name, RelationKind)> {
    let of_materialized =
        matches!(statement, Stmt::AlterMaterializedView(_) | Stmt::DropMaterializedView(_) | Stmt::Refresh(_));
    let kind = match node.kind() {
        SyntaxKind::INDEX_REF => RelationKind::Index,
        SyntaxKind::SEQUENCE_REF => RelationKind::Sequence,
        SyntaxKind::VIEW_REF if of_materialized => RelationKind::MaterializedView,
        SyntaxKind::VIEW_REF => RelationKind::View,
        SyntaxKind::TABLE_NAME_REF | SyntaxKind::RELATION_NAME_REF => RelationKind::Table,
        SyntaxKind::QUALIFIED_COLUMN_NAME_REF => return Some((table_of_column(node)?, RelationKind::Table)),
        _ => return None,
    };
    // FOR UPDATE OF names aliases.
    let is_alias = node.ancestors().any(|outer| outer.kind() == SyntaxKind::LOCKING_CLAUSE);
    (!is_alias).then(|| (name_of(node), kind))
}

/// Returns the view that CREATE OR REPLACE VIEW may find.
fn replaced(statement: &Stmt) -> Option<Name> {
    let Stmt::CreateView(create) = statement else { return None };
    create.or_replace()?;
    let written = name_of(create.view()?.syntax());
    Some(made(create.syntax(), &written)).filter(|name| *name == written)
}

/// Whether `name` is of the system's own catalog, or of the session's own schema. An unqualified name that begins with
/// `pg_` is taken for one.
fn is_system(name: &Name) -> bool {
    let begins = |text: &str| text.starts_with("pg_") || text == "information_schema";
    name.schema.as_deref().map_or_else(|| name.name.starts_with("pg_"), begins)
}
