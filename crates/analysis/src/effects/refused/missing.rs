//! Relations, columns and types that a statement names but that do not exist.

use std::collections::BTreeSet;

use squawk_syntax::ast::{AstNode as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{all, is_lenient};
use crate::catalog::RelationKind;
use crate::effects::named::{is_word_for_type, type_name};
use crate::effects::{identifier_of, name_of, world::World};
use crate::name::{Name, quoted};

pub(super) fn refused(statement: &Stmt, world: &World) -> Option<String> {
    // The names in a rule include its rows, and those in a function's body may be made later.
    let is_body =
        matches!(statement, Stmt::CreateRule(_) | Stmt::CreateFunction(_) | Stmt::CreateProcedure(_) | Stmt::Do(_));
    if is_body {
        return None;
    }
    let known = of_kind(statement, world).or_else(|| column(statement, world));
    if world.is_extended {
        return known;
    }
    known.or_else(|| relation(statement.syntax(), world)).or_else(|| of_type(statement, world))
}

fn relation(statement: &SyntaxNode, world: &World) -> Option<String> {
    if is_lenient(statement) {
        return None;
    }
    let with: BTreeSet<String> = all(statement, SyntaxKind::CTE_NAME).map(|name| identifier_of(&name)).collect();
    let made: Vec<Name> = statement
        .descendants()
        .filter(|node| matches!(node.kind(), SyntaxKind::TABLE_NAME | SyntaxKind::VIEW))
        .map(|node| name_of(&node))
        .collect();
    let named = statement.descendants().filter(names_relation).map(|node| (node.kind(), name_of(&node)));
    let (_, missing) = named.into_iter().find(|(kind, name)| {
        // ALTER TABLE also takes sequences.
        let is_beside = matches!(kind, SyntaxKind::INDEX_REF | SyntaxKind::SEQUENCE_REF) || name.name.ends_with("_seq");
        if !world.is_as_before(&name.name) || is_beside && world.may_belong_to_made(name) {
            return false;
        }
        let is_with = name.schema.is_none() && with.contains(&name.name);
        let is_made = || made.iter().any(|made| made == name || made.name == name.name);
        !is_with && !is_system(name) && !is_made() && world.relation(name).is_none()
    })?;
    Some(format!("there is no {missing}"))
}

pub(super) fn names_relation(node: &SyntaxNode) -> bool {
    let is_name = matches!(
        node.kind(),
        SyntaxKind::TABLE_NAME_REF | SyntaxKind::RELATION_NAME_REF | SyntaxKind::VIEW_REF | SyntaxKind::SEQUENCE_REF
    );
    // An index that ALTER TABLE names is looked up in its table's schema.
    let is_index = || {
        node.kind() == SyntaxKind::INDEX_REF && !node.ancestors().any(|outer| outer.kind() == SyntaxKind::ALTER_TABLE)
    };
    is_name || is_index()
}

/// Whether the catalog is not asked about the schema of `name`: the system's own, and that of temporary tables.
fn is_system(name: &Name) -> bool {
    name.schema.as_deref().is_some_and(|schema| schema.starts_with("pg_") || schema == "information_schema")
}

/// Returns why a DROP fails: the relation is of another kind.
fn of_kind(statement: &Stmt, world: &World) -> Option<String> {
    let (noun, kinds, named): (_, &[RelationKind], _) = match statement {
        Stmt::DropTable(_) => ("table", &[RelationKind::Table, RelationKind::Partitioned], SyntaxKind::TABLE_NAME_REF),
        Stmt::DropView(_) => ("view", &[RelationKind::View], SyntaxKind::VIEW_REF),
        Stmt::DropMaterializedView(_) => ("materialized view", &[RelationKind::MaterializedView], SyntaxKind::VIEW_REF),
        Stmt::DropIndex(_) => ("index", &[RelationKind::Index], SyntaxKind::INDEX_REF),
        Stmt::DropSequence(_) => ("sequence", &[RelationKind::Sequence], SyntaxKind::SEQUENCE_REF),
        _ => return None,
    };
    let relations = all(statement.syntax(), named).map(|node| name_of(&node));
    let known: Vec<_> = relations.filter_map(|name| world.relation(&name)).collect();
    let other = known.into_iter().find(|relation| !kinds.contains(&relation.kind))?;
    Some(format!("{} is no {noun}", other.name))
}

/// Returns why the statement fails: it writes or indexes a column that does not exist.
fn column(statement: &Stmt, world: &World) -> Option<String> {
    let (table, columns): (SyntaxNode, Vec<String>) = match statement {
        Stmt::Insert(it) => {
            let list = it.column_target_list()?;
            (it.relation_name_ref()?.syntax().clone(), targets(list.syntax()))
        }
        Stmt::Update(it) => {
            let list = it.syntax().children().find(|child| child.kind() == SyntaxKind::SET_CLAUSE)?;
            (it.relation_name()?.relation_name_ref()?.syntax().clone(), targets(&list))
        }
        Stmt::CreateIndex(it) => {
            let items = all(it.syntax(), SyntaxKind::PARTITION_ITEM).filter_map(|item| item.children().next());
            let keys = items.filter(|item| item.kind() == SyntaxKind::NAME_REF).map(|item| identifier_of(&item));
            (it.table_relation_name()?.table_name_ref()?.syntax().clone(), keys.collect())
        }
        _ => return None,
    };
    let written = name_of(&table);
    let name = world.existing(&written)?;
    let relation = world.relation(&written).filter(|relation| !relation.columns.is_empty())?;
    let is_there = |column: &String| relation.columns.iter().any(|known| known.name == *column);
    let missing = columns.iter().find(|column| !is_there(column) && world.is_as_before(column))?;
    Some(format!("{name} has no column {}", quoted(missing)))
}

/// Returns the columns that are set, except those of which only a part is set.
fn targets(list: &SyntaxNode) -> Vec<String> {
    let targets = all(list, SyntaxKind::COLUMN_TARGET).filter(|target| target.children().count() == 1);
    targets.filter_map(|target| target.first_child()).map(|name| identifier_of(&name)).collect()
}

/// Returns why the statement fails: the type of a column does not exist.
fn of_type(statement: &Stmt, world: &World) -> Option<String> {
    if !matches!(statement, Stmt::CreateTable(_) | Stmt::AlterTable(_)) || is_lenient(statement.syntax()) {
        return None;
    }
    let is_of_column = |node: &SyntaxNode| {
        let outer =
            |node: &SyntaxNode| node.parent().filter(|it| it.kind() != SyntaxKind::ARRAY_TYPE).map(|it| it.kind());
        let holder = node.ancestors().find_map(|inner| outer(&inner));
        // ADD COLUMN IF NOT EXISTS checks no type if the column exists.
        let is_lenient =
            node.ancestors().find(|it| it.kind() == SyntaxKind::ADD_COLUMN).is_some_and(|it| is_lenient(&it));
        !is_lenient && matches!(holder, Some(SyntaxKind::COLUMN | SyntaxKind::ADD_COLUMN | SyntaxKind::SET_TYPE))
    };
    let names = all(statement.syntax(), SyntaxKind::PATH_TYPE).filter(is_of_column).map(|node| type_name(&node));
    let missing = names.into_iter().find(|name| {
        // A table's rows have a type of the table's name, and each type has an array type.
        let is_array = name.name.starts_with('_');
        !is_array
            && world.is_as_before(&name.name)
            && !is_word_for_type(name)
            && !is_system(name)
            && world.type_facts(name).is_none()
            && world.relation(name).is_none()
    })?;
    Some(format!("there is no type {missing}"))
}
