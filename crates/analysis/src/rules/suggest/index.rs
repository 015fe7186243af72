//! Suggestions for indexes: CONCURRENTLY at its place, one index at a time, each with a name.

use squawk_syntax::SyntaxToken;
use squawk_syntax::ast::{self, AstNode as _, DropBehavior, ReindexTarget};

use super::names::{Names, columns};
use super::text::{has_escaped_name, is_in};
use super::{Scripts, alone, edited, partitions, plain};
use crate::catalog::{Relation, RelationKind};
use crate::name::{Name, identifier, quoted};
use crate::rules::rule::Context;

/// Returns a CREATE INDEX with CONCURRENTLY, so that writers go on meanwhile. It has a name, by which an index that was
/// cut off can be recognised. It has no IF NOT EXISTS, which would take such an index for a valid one.
pub(in crate::rules) fn create_index(context: &Context, create: &ast::CreateIndex) -> Option<Scripts> {
    let before = context.target().filter(|_| !has_escaped_name(create.syntax()))?;
    let name = match create.index() {
        Some(name) => Some(identifier(&plain(name.syntax()))),
        None => columns(create).map(|columns| Names::of(before).choose(&before.name.name, &columns, "idx")),
    }?;
    match before.kind {
        RelationKind::Table | RelationKind::MaterializedView => Some(alone(concurrently(create, &name))),
        RelationKind::Partitioned => partitions::create_index(context.before, create, &name),
        _ => None,
    }
}

fn concurrently(create: &ast::CreateIndex, name: &str) -> String {
    let index = create.index_token();
    let left_out = [create.if_not_exists().map(|it| it.syntax().clone()), create.index().map(|it| it.syntax().clone())];
    edited(
        create.syntax(),
        |token| !left_out.iter().any(|node| is_in(token, node.as_ref())),
        |token| (Some(token) == index.as_ref()).then(|| format!(" CONCURRENTLY {}", quoted(name))),
    )
}

/// Returns an index on each of these tables and columns, a migration each, followed by the statement.
pub(in crate::rules) fn with_indexes<'a>(
    context: &Context,
    missing: impl Iterator<Item = (&'a str, &'a [String])>,
) -> Option<Scripts> {
    let mut scripts = Scripts::default();
    for (table, columns) in missing {
        let relation =
            context.world.relation(&Name::parse(table)).filter(|relation| relation.kind == RelationKind::Table)?;
        let name = Names::of(relation).choose(&relation.name.name, columns, "idx");
        let key = columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
        scripts.add([format!("CREATE INDEX CONCURRENTLY {} ON {table} ({key})", quoted(&name))]);
    }
    let statement = context.statement.syntax();
    scripts.add([plain(statement)]);
    (!has_escaped_name(statement)).then_some(scripts)
}

/// Returns DROP INDEX statements, one for each index; `None` where CONCURRENTLY is refused: with CASCADE, and for an
/// index of a partitioned table.
pub(in crate::rules) fn drop_index(context: &Context, drop: &ast::DropIndex) -> Option<Scripts> {
    let tables = || touched(context);
    if matches!(drop.drop_behavior(), Some(DropBehavior::Cascade(_)))
        || tables().any(|table| table.kind == RelationKind::Partitioned)
    {
        return None;
    }
    let condition = if drop.if_exists().is_some() { "IF EXISTS " } else { "" };
    let mut scripts = Scripts::default();
    for index in drop.index_refs() {
        scripts.add([format!("DROP INDEX CONCURRENTLY {condition}{}", plain(index.syntax()))]);
    }
    Some(scripts)
}

/// Returns a REINDEX of an index or a table; `None` for whole schemas, and for exclusion constraints, which
/// CONCURRENTLY leaves out.
pub(in crate::rules) fn reindex(context: &Context, reindex: &ast::Reindex) -> Option<Scripts> {
    let behind: SyntaxToken = match reindex.reindex_target()? {
        ReindexTarget::ReindexTargetIndex(it) => it.index_token()?,
        ReindexTarget::ReindexTargetTable(it) => it.table_token()?,
        _ => return None,
    };
    let excludes = |table: &Relation| table.constraints.iter().any(|constraint| constraint.kind == 'x');
    if touched(context).any(excludes) {
        return None;
    }
    let keyword = |token: &SyntaxToken| (*token == behind).then(|| " CONCURRENTLY".to_owned());
    Some(alone(edited(reindex.syntax(), |_| true, keyword)))
}

/// Returns the relations that the statement touches, as far as they are known.
fn touched<'a>(context: &'a Context) -> impl Iterator<Item = &'a Relation> {
    context.effects.of.iter().filter_map(|effect| context.world.relation(&Name::parse(&effect.relation)))
}
