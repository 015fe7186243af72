//! CREATE TABLE: no session waits for a new table, but it can refer to existing ones.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode, Constraint, TableArg};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::alter_table::{canonical, generated, made_with};
use super::world::{World, made};
use super::{data, has, identifier_of, name_of};
use crate::catalog::{Column, RelationKind};
use crate::name::{Name, quoted};

pub(super) fn table(create: &ast::CreateTable, world: &mut World) {
    let Some(written) = create.table_name().map(|name| name_of(name.syntax())) else { return };
    let written = made(create.syntax(), &written);
    let arguments: Vec<_> = create.table_arg_list().map(|list| list.args().collect()).unwrap_or_default();
    let columns: Vec<Column> = arguments.iter().filter_map(column).collect();
    if create.if_not_exists().is_some() && world.relation(&written).is_some() {
        return meets(&written, &columns, world);
    }
    let kind = if create.partition_by().is_some() { RelationKind::Partitioned } else { RelationKind::Table };
    world.create(&written, kind, columns);
    world.lock(&written, Lock::AccessExclusive);
    for argument in &arguments {
        argument_effects(argument, &written, world);
    }
    for parent in create.inherits().into_iter().flat_map(|inherits| inherits.table_name_refs()) {
        let parent = world.resolve(&name_of(parent.syntax()));
        world.lock(&parent, Lock::ShareUpdateExclusive);
        joins(&written, &parent, world);
    }
    if let Some(parent) = create.partition_of().and_then(|of| of.table_name_ref()) {
        let parent = world.resolve(&name_of(parent.syntax()));
        world.lock(&parent, Lock::AccessExclusive);
        if let Some(default) = world.relation(&parent).and_then(|relation| relation.default_partition.clone()) {
            for name in world.family(&default) {
                world.works(&name, Lock::AccessExclusive, Work::Scan);
            }
        }
        let references: Vec<_> = world.relation(&parent).map_or_else(Vec::new, |relation| {
            relation.constraints.iter().filter_map(|it| it.refers_to.clone()).collect()
        });
        for other in references {
            world.lock(&other, Lock::ShareRowExclusive);
        }
        if has(create.syntax(), SyntaxKind::PARTITION_DEFAULT)
            && let Some(relation) = world.relation_mut(&parent)
        {
            relation.default_partition = Some(written.clone());
        }
        joins(&written, &parent, world);
    }
}

/// Reports that IF NOT EXISTS finds a relation of that name, which perhaps is not the table in the text.
fn meets(written: &Name, columns: &[Column], world: &mut World) {
    let Some(there) = world.relation(written) else { return };
    let is_table = matches!(there.kind, RelationKind::Table | RelationKind::Partitioned | RelationKind::Foreign);
    let has = |name: &String| there.columns.iter().any(|column| column.name == *name);
    let missing = columns.iter().map(|column| &column.name).find(|name| !has(name));
    let what = match missing {
        _ if !is_table => format!("{} is no table", there.name),
        // Of a table made from a query, the columns are not known.
        Some(column) if !there.columns.is_empty() => {
            format!("{} is there, without a column {}", there.name, quoted(column))
        }
        _ => return,
    };
    world.skips(what);
}

/// Records that a child inherits from its parent.
fn joins(child: &Name, parent: &Name, world: &mut World) {
    let child = world.resolve(child);
    let inherited = world.relation(parent).map_or_else(Vec::new, |relation| relation.columns.clone());
    world.joins(&child, parent);
    if let Some(relation) = world.relation_mut(&child) {
        relation.parent = Some(parent.clone());
        relation.columns.extend(inherited);
    }
}

fn column(argument: &TableArg) -> Option<Column> {
    let TableArg::Column(column) = argument else { return None };
    let name = identifier_of(column.name()?.syntax());
    let constraints: Vec<_> = column.syntax().children().filter_map(Constraint::cast).collect();
    let not_null = constraints
        .iter()
        .any(|it| matches!(it, Constraint::NotNullConstraint(_) | Constraint::PrimaryKeyConstraint(_)));
    Some(Column {
        name,
        of_type: column.ty().map(|of_type| canonical(of_type.syntax())).unwrap_or_default(),
        not_null,
        collated: has(column.syntax(), SyntaxKind::COLLATE_KW),
        generated: generated(&constraints),
        default: None,
        nulls: None,
        most: None,
        indexes: Vec::new(),
    })
}

fn argument_effects(argument: &TableArg, table: &Name, world: &mut World) {
    match argument {
        TableArg::LikeClause(like) => {
            if let Some(source) = like.relation_name_ref() {
                world.lock(&name_of(source.syntax()), Lock::AccessShare);
            }
        }
        TableArg::Column(_) | TableArg::TableConstraint(_) => refers(argument.syntax(), table, world),
    }
}

/// Locks the tables to which foreign keys in `node` refer, and records the keys.
fn refers(node: &SyntaxNode, table: &Name, world: &mut World) {
    let own = world.resolve(table);
    let column = node.children().find(|child| child.kind() == SyntaxKind::COLUMN_NAME).map(|name| identifier_of(&name));
    for constraint in node.descendants().filter_map(Constraint::cast).collect::<Vec<_>>() {
        // A later script of the text can find rows by it. Where a database is asked, the new table has no rows.
        let is_key = matches!(constraint, Constraint::PrimaryKeyConstraint(_) | Constraint::UniqueConstraint(_));
        if is_key && world.is_of_text() {
            made_with(&constraint, column.as_deref(), &own, world);
        }
        if !matches!(constraint, Constraint::ReferencesConstraint(_) | Constraint::ForeignKeyConstraint(_)) {
            continue;
        }
        let other = constraint.syntax().descendants().find(|inner| inner.kind() == SyntaxKind::TABLE_NAME_REF);
        if let Some(other) = other.map(|name| name_of(&name)).filter(|other| world.resolve(other) != own) {
            world.lock(&other, Lock::ShareRowExclusive);
        }
        made_with(&constraint, column.as_deref(), &own, world);
    }
}

pub(super) fn table_as(create: &ast::CreateTableAs, world: &mut World) {
    let Some(written) = create.table_name().map(|name| name_of(name.syntax())) else { return };
    let written = made(create.syntax(), &written);
    if create.if_not_exists().is_some() && world.relation(&written).is_some() {
        return;
    }
    data::made_of(create.query().as_ref().map(AstNode::syntax), create.data_option().as_ref(), world);
    world.create(&written, RelationKind::Table, Vec::new());
    world.fill(&written);
    world.lock(&written, Lock::AccessExclusive);
}
