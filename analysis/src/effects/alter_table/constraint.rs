//! Constraints: added, validated, dropped.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode, Constraint as Written, ConstraintOption};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Table;
use crate::catalog::{Constraint, Kind};
use crate::effects::{has, identifier_of, name_of, world::World};
use crate::name::Name;

pub(super) fn add(add: &ast::AddConstraint, table: &Table, world: &mut World) {
    let Some(written) = add.constraint() else {
        return world.lock(&table.name, Lock::AccessExclusive);
    };
    let columns = columns(written.syntax());
    added(&written, &columns, table, world, With::Rows);
}

/// What a constraint is added with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    /// With the rows that are there.
    Rows,
    /// With its column, which has the same value in every row.
    Value,
    /// With its column, which has none.
    Nothing,
}

/// A constraint that stands behind a column's type. `has_value` says that the column has a default.
pub(super) fn inline(written: &Written, column: &str, has_value: bool, table: &Table, world: &mut World) {
    let with = if has_value { With::Value } else { With::Nothing };
    added(written, &[column.to_owned()], table, world, with);
}

fn added(written: &Written, columns: &[String], table: &Table, world: &mut World, with: With) {
    let options = options(written);
    let valid = !options
        .iter()
        .any(|option| matches!(option, ConstraintOption::NotValid(_) | ConstraintOption::NotEnforced(_)));
    match written {
        Written::ForeignKeyConstraint(it) => {
            let Some(other) = it.table_name_ref().map(|name| name_of(name.syntax())) else { return };
            foreign_key(table, &other, valid, world);
        }
        Written::ReferencesConstraint(it) => {
            let Some(other) = it.table().map(|name| name_of(name.syntax())) else { return };
            // Where every row has a null there, nothing has to be looked up.
            foreign_key(table, &other, with == With::Value, world);
        }
        Written::CheckConstraint(_) => {
            table.lock(world, Lock::AccessExclusive);
            if valid && with == With::Rows {
                table.works(world, Lock::AccessExclusive, Work::Scan);
            }
        }
        Written::NotNullConstraint(_) => {
            table.lock(world, Lock::AccessExclusive);
            if valid && with == With::Rows {
                for column in columns {
                    needs_no_null(column, table, world);
                }
            }
        }
        Written::UniqueConstraint(it) => index(it.using_index().is_some(), table, world),
        Written::PrimaryKeyConstraint(it) => {
            index(it.using_index().is_some(), table, world);
            if has(it.syntax(), SyntaxKind::OVERLAPS_KW) {
                excludes(table, world);
            }
            if let Some(index) = it.using_index().and_then(|using| using.index_ref()) {
                let index = name_of(index.syntax()).name;
                for column in indexed(&index, &table.name, world) {
                    needs_no_null(&column, table, world);
                }
            }
            if with == With::Rows {
                for column in columns {
                    needs_no_null(column, table, world);
                }
            }
        }
        Written::ExcludeConstraint(_) => {
            index(false, table, world);
            excludes(table, world);
        }
        _ => {}
    }
    remember(written, columns, valid, table, world);
}

fn options(written: &Written) -> Vec<ConstraintOption> {
    written.syntax().children().filter_map(ConstraintOption::cast).collect()
}

/// The columns that a table's constraint names, without those that a foreign key refers to.
fn columns(constraint: &SyntaxNode) -> Vec<String> {
    let mut behind_references = false;
    let mut found = Vec::new();
    for element in constraint.descendants_with_tokens() {
        match element.kind() {
            SyntaxKind::REFERENCES_KW => behind_references = true,
            SyntaxKind::COLUMN_NAME_REF if !behind_references => {
                found.extend(element.as_node().map(identifier_of));
            }
            _ => {}
        }
    }
    found
}

fn foreign_key(table: &Table, other: &Name, valid: bool, world: &mut World) {
    table.lock(world, Lock::ShareRowExclusive);
    world.lock(other, Lock::ShareRowExclusive);
    if valid {
        table.works(world, Lock::ShareRowExclusive, Work::Scan);
    }
    // Its partitions are referred to too.
    for name in world.family(other) {
        world.lock(&name, Lock::ShareRowExclusive);
        if valid {
            world.works(&name, Lock::RowShare, Work::Scan);
        }
    }
}

fn index(exists: bool, table: &Table, world: &mut World) {
    table.lock(world, Lock::AccessExclusive);
    if !exists {
        table.works(world, Lock::AccessExclusive, Work::IndexBuild);
    }
}

/// Whether two rows exclude one another is looked at when the index is there.
fn excludes(table: &Table, world: &mut World) {
    table.works(world, Lock::AccessExclusive, Work::Scan);
}

/// The columns that are in the index `name` of `table`.
fn indexed(name: &str, table: &Name, world: &World) -> Vec<String> {
    let columns = world.relation(table).map_or_else(Vec::new, |relation| relation.columns.clone());
    columns.into_iter().filter(|it| it.indexes.iter().any(|index| index.name == name)).map(|it| it.name).collect()
}

pub(super) fn set_not_null(column: &str, table: &Table, world: &mut World) {
    table.lock(world, Lock::AccessExclusive);
    needs_no_null(column, table, world);
    for name in table.family(world) {
        world.change_column(&name, column, |known| known.not_null = true);
    }
}

/// Every row is read for a null, unless it is known that there is none.
fn needs_no_null(column: &str, table: &Table, world: &mut World) {
    for name in table.family(world) {
        let known =
            world.column(&name, column).is_some_and(|known| known.not_null) && !is_in_doubt(&name, column, world);
        let known = known || is_proved(&name, column, world);
        if !known {
            world.works(&name, Lock::AccessExclusive, Work::Scan);
        }
    }
}

/// Whether NOT NULL was declared NOT VALID, and nobody has looked since.
fn is_in_doubt(table: &Name, column: &str, world: &World) -> bool {
    let Some(relation) = world.relation(table) else { return false };
    relation
        .constraints
        .iter()
        .any(|it| it.kind == 'n' && !it.validated && it.columns.iter().any(|name| name == column))
}

/// Whether a validated CHECK says that the column has no null.
fn is_proved(table: &Name, column: &str, world: &World) -> bool {
    let Some(relation) = world.relation(table) else { return false };
    relation
        .constraints
        .iter()
        .filter(|it| it.validated && it.kind == 'c')
        .any(|it| says_not_null(&it.definition, column))
}

/// Whether a CHECK's definition is `column IS NOT NULL`, perhaps AND something.
fn says_not_null(definition: &str, column: &str) -> bool {
    let quoted = crate::name::quoted(column);
    let words = definition.trim().trim_start_matches("CHECK").replace(['(', ')'], " ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    // An OR anywhere could make it say less.
    let has_or = words.split(' ').any(|word| word.eq_ignore_ascii_case("or"));
    let wanted = [format!("{quoted} IS NOT NULL"), format!("\"{column}\" IS NOT NULL")];
    let mut parts = words.split(" AND ");
    !has_or && parts.any(|part| wanted.iter().any(|wanted| part.eq_ignore_ascii_case(wanted)))
}

pub(super) fn validate(validate: &ast::ValidateConstraint, table: &Table, world: &mut World) {
    let name = validate.constraint_name_ref().map(|name| identifier_of(name.syntax())).unwrap_or_default();
    let known = world.constraint(&table.name, &name).cloned();
    if known.as_ref().is_some_and(|constraint| constraint.validated) {
        return world.lock(&table.name, Lock::ShareUpdateExclusive);
    }
    table.works(world, Lock::ShareUpdateExclusive, Work::Scan);
    if let Some(other) = known.and_then(|constraint| constraint.refers_to) {
        for name in world.family(&other) {
            world.works(&name, Lock::RowShare, Work::Scan);
        }
    }
    for member in table.family(world) {
        if let Some(relation) = world.relation_mut(&member) {
            relation.constraints.iter_mut().filter(|it| it.name == name).for_each(|it| it.validated = true);
        }
    }
}

pub(super) fn alter(alter: &ast::AlterConstraint, table: &Table, world: &mut World) {
    let name = alter.constraint_name_ref().map(|name| identifier_of(name.syntax())).unwrap_or_default();
    world.lock(&table.name, Lock::AccessExclusive);
    if !alter.constraint_options().any(|option| matches!(option, ConstraintOption::Enforced(_))) {
        return;
    }
    table.works(world, Lock::AccessExclusive, Work::Scan);
    if let Some(other) = world.constraint(&table.name, &name).and_then(|constraint| constraint.refers_to.clone()) {
        world.works(&other, Lock::ShareRowExclusive, Work::Scan);
    }
}

pub(super) fn drop(drop: &ast::DropConstraint, table: &Table, world: &mut World) {
    table.lock(world, Lock::AccessExclusive);
    let name = drop.constraint_name_ref().map(|name| identifier_of(name.syntax())).unwrap_or_default();
    let gone = world.constraint(&table.name, &name).cloned();
    for member in table.family(world) {
        if let Some(relation) = world.relation_mut(&member) {
            relation.constraints.retain(|it| it.name != name);
        }
    }
    if let Some(gone) = gone {
        dropped(&table.name, &gone, world);
    }
}

/// What else is locked when `constraint` of `table` goes.
pub(in crate::effects) fn dropped(table: &Name, constraint: &Constraint, world: &mut World) {
    // The triggers on the other table go with it.
    if let Some(other) = &constraint.refers_to {
        for name in world.family(other) {
            world.lock(&name, Lock::AccessExclusive);
        }
    }
    if matches!(constraint.kind, 'p' | 'u') {
        let uses = |it: &Constraint| {
            it.kind == 'f' && it.refers_to.as_ref() == Some(table) && it.refers_to_columns == constraint.columns
        };
        for other in world.referring(uses) {
            world.lock(&other, Lock::AccessExclusive);
        }
    }
}

/// What later statements of the plan meet.
fn remember(written: &Written, columns: &[String], valid: bool, table: &Table, world: &mut World) {
    let (kind, refers_to) = match written {
        Written::CheckConstraint(_) => ('c', None),
        Written::ForeignKeyConstraint(it) => ('f', it.table_name_ref().map(|name| name_of(name.syntax()))),
        Written::ReferencesConstraint(it) => ('f', it.table().map(|name| name_of(name.syntax()))),
        Written::NotNullConstraint(_) => ('n', None),
        Written::PrimaryKeyConstraint(_) => ('p', None),
        Written::UniqueConstraint(_) => ('u', None),
        Written::ExcludeConstraint(_) => ('x', None),
        _ => return,
    };
    let refers_to = refers_to.map(|name| world.resolve(&name));
    let named = written.syntax().descendants().find(|node| node.kind() == SyntaxKind::CONSTRAINT_NAME);
    let name = named.map_or_else(|| default_name(kind, columns, &table.name), |name| identifier_of(&name));
    let expression = match written {
        Written::CheckConstraint(it) => it.expr().map(|expr| expr.syntax().text().to_string()),
        _ => None,
    };
    let constraint = Constraint {
        name,
        kind,
        validated: valid,
        columns: columns.to_vec(),
        refers_to,
        refers_to_columns: Vec::new(),
        definition: expression.map(|text| format!("CHECK ({text})")).unwrap_or_default(),
    };
    for member in table.family(world) {
        let Some(relation) = world.relation_mut(&member) else { continue };
        // Checking for nulls is up to the columns from now on.
        if valid && matches!(kind, 'p' | 'n') {
            relation.columns.iter_mut().filter(|it| columns.contains(&it.name)).for_each(|it| it.not_null = true);
        }
        if relation.kind != Kind::View {
            relation.constraints.push(constraint.clone());
        }
    }
}

/// As PostgreSQL names a constraint that has no name of its own.
fn default_name(kind: char, columns: &[String], table: &Name) -> String {
    let suffix = match kind {
        'c' => "check",
        'f' => "fkey",
        'n' => "not_null",
        'p' => return format!("{}_pkey", table.name),
        'u' => "key",
        _ => "excl",
    };
    format!("{}_{}_{suffix}", table.name, columns.join("_"))
}
