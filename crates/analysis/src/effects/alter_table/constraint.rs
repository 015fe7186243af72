//! Constraints: added, validated, dropped.

use report::{Lock, Work, quantity};
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode, Constraint as Written, ConstraintOption};

use super::proof::says_not_null;
use super::{Table, remember, written};
use crate::catalog::{Constraint, Index, RelationKind};
use crate::effects::{has, identifier_of, name_of, world::World};
use crate::name::{Name, quoted};

pub(super) fn add(add: &ast::AddConstraint, table: &Table, world: &mut World) {
    let Some(written) = add.constraint() else {
        return world.lock(&table.name, Lock::AccessExclusive);
    };
    let columns = written::columns(&written, &table.name, world);
    if !matches!(written, Written::CheckConstraint(_) | Written::ExcludeConstraint(_)) {
        for column in &columns {
            super::refuse_missing(column, table, world);
        }
    }
    refuse_known(&written, table, world);
    added(&written, &columns, table, world, With::Rows);
}

/// Reports what the server refuses about a constraint, whatever the rows are.
fn refuse_known(written: &Written, table: &Table, world: &mut World) {
    let Some(relation) = world.relation(&table.name) else { return };
    let named = written.syntax().descendants().find(|node| node.kind() == SyntaxKind::CONSTRAINT_NAME);
    let named = named.map(|name| identifier_of(&name));
    let is_primary = matches!(written, Written::PrimaryKeyConstraint(_));
    // A CHECK is merged with an inherited one.
    let may_be_merged = matches!(written, Written::CheckConstraint(_)) && world.ancestors(&table.name).len() > 1;
    let is_there = |name: &String| world.is_as_before(name) && relation.constraints.iter().any(|it| it.name == *name);
    let why = if let Some(name) = named.filter(is_there).filter(|_| !may_be_merged) {
        format!("{} has a constraint {} already", table.name, quoted(&name))
    } else if is_primary && relation.constraints.iter().any(|it| it.kind == 'p') {
        format!("{} has a primary key already", table.name)
    } else if let Some(why) = refers_to_no_key(written, world) {
        why
    } else {
        return;
    };
    world.fails(why);
}

/// Returns why a foreign key cannot refer to the columns that it names: no unique key has exactly these. For tables
/// that the plan makes, not all keys are known.
fn refers_to_no_key(written: &Written, world: &World) -> Option<String> {
    let other = world.existing(&written::refers_to(written)?)?;
    let mut columns = written::refers_to_columns(written, world);
    let relation = world
        .relation(&other)
        .filter(|relation| matches!(relation.kind, RelationKind::Table | RelationKind::Partitioned))?;
    columns.sort();
    let is_key = |index: &Index| {
        let mut key = index.key.clone();
        key.sort();
        index.unique && key == columns
    };
    if columns.is_empty() || relation.indexes.iter().any(is_key) {
        return None;
    }
    Some(format!("no unique key of {other} has just the columns ({})", columns.join(", ")))
}

/// What a constraint is added to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    /// To existing rows.
    Rows,
    /// To a new column, which has the same value in every row.
    Value,
    /// To a new column, which has no value.
    Nothing,
}

/// Adds a constraint that is written after a column's type. `has_value` says that the column has a default.
pub(super) fn inline(written: &Written, column: &str, has_value: bool, table: &Table, world: &mut World) {
    let with = if has_value { With::Value } else { With::Nothing };
    let columns = match written {
        // It can name other columns too.
        Written::CheckConstraint(_) => written::columns(written, &table.name, world),
        _ => vec![column.to_owned()],
    };
    added(written, &columns, table, world, with);
}

fn added(written: &Written, columns: &[String], table: &Table, world: &mut World, with: With) {
    let options = options(written);
    let valid = !options
        .iter()
        .any(|option| matches!(option, ConstraintOption::NotValid(_) | ConstraintOption::NotEnforced(_)));
    match written {
        Written::ForeignKeyConstraint(_) | Written::ReferencesConstraint(_) => {
            let Some(other) = written::refers_to(written) else { return };
            // If every row has a null there, nothing has to be looked up.
            foreign_key(table, columns, &other, valid && with != With::Nothing, world);
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
        Written::UniqueConstraint(it) => {
            let is_built = it.using_index().is_none();
            if is_built {
                refuse_doubles(columns, &table.name, world);
            }
            index(!is_built, columns, table, world);
        }
        Written::PrimaryKeyConstraint(it) => {
            refuse_doubles(columns, &table.name, world);
            index(it.using_index().is_some(), columns, table, world);
            if has(it.syntax(), SyntaxKind::OVERLAPS_KW) {
                excludes(table, world);
            }
            if let Some(index) = it.using_index().and_then(|using| using.index_ref()) {
                let index = table.name.renamed(name_of(index.syntax()).name);
                match remember::find(&index, &table.name, world) {
                    Some(index) => index.key.iter().for_each(|column| needs_no_null(column, table, world)),
                    None => table.works(world, Lock::AccessExclusive, Work::Scan),
                }
            }
            if with == With::Rows {
                for column in columns {
                    needs_no_null(column, table, world);
                }
            }
        }
        Written::ExcludeConstraint(_) => {
            index(false, &[], table, world);
            excludes(table, world);
        }
        _ => {}
    }
    remember::added(written, columns, valid, table, world);
}

fn options(written: &Written) -> Vec<ConstraintOption> {
    written.syntax().children().filter_map(ConstraintOption::cast).collect()
}

fn foreign_key(table: &Table, columns: &[String], other: &Name, valid: bool, world: &mut World) {
    let looks_up = valid && table.family(world).iter().any(|member| has_rows(member, columns, world));
    table.lock(world, Lock::ShareRowExclusive);
    world.lock(other, Lock::ShareRowExclusive);
    if valid {
        table.works(world, Lock::ShareRowExclusive, Work::Scan);
    }
    // The foreign key refers to the table's partitions too.
    for name in world.family(other) {
        world.lock(&name, Lock::ShareRowExclusive);
        if looks_up {
            world.looks_up(&name, Lock::RowShare, &table.name);
        }
    }
}

/// Whether there can be rows whose other ends have to be looked up. A table that the plan makes starts without rows. Of
/// a table that it makes from a query, the columns are not known.
pub(super) fn has_rows(table: &Name, columns: &[String], world: &World) -> bool {
    // A key with a null refers to no row.
    if columns.iter().any(|column| world.unset.contains(&(world.resolve(table), column.clone()))) {
        return false;
    }
    !world.is_new(table) || world.is_filled(table) || columns.iter().any(|column| world.column(table, column).is_none())
}

fn index(exists: bool, key: &[String], table: &Table, world: &mut World) {
    table.lock(world, Lock::AccessExclusive);
    for name in table.family(world).iter().filter(|_| !exists) {
        world.builds(name, Lock::AccessExclusive, key);
    }
}

/// Reads the rows: whether two rows exclude one another is checked once the index exists.
fn excludes(table: &Table, world: &mut World) {
    table.works(world, Lock::AccessExclusive, Work::Scan);
}

pub(super) fn set_not_null(column: &str, table: &Table, world: &mut World) {
    table.lock(world, Lock::AccessExclusive);
    needs_no_null(column, table, world);
    for name in table.family(world) {
        world.change_column(&name, column, |known| known.not_null = true);
    }
}

/// Reports that a column without a value in some rows cannot be NOT NULL.
fn refuse_nulls(column: &str, table: &Table, world: &mut World) {
    if world.has_changed_rows {
        return;
    }
    // A column that the plan has added, and has filled in no row, has no value in any.
    let is_unset = world.unset.contains(&(world.resolve(&table.name), column.to_owned()));
    let all = || world.relation(&table.name).and_then(|known| known.facts.rows).filter(|_| is_unset);
    let nulls = world.column(&table.name, column).and_then(|known| known.nulls).or_else(all);
    if let Some(nulls) = nulls.filter(|nulls| *nulls > 0) {
        let (column, rows) = (quoted(column), rows(nulls));
        world.fails_by_statistics(format!("{column} has no value in {rows} of {}: fill them first", table.name));
    }
}

fn rows(count: u64) -> String {
    if count == 1 { "one row".to_owned() } else { format!("about {} rows", quantity::about(count)) }
}

/// Reports that a column with a repeated value cannot be unique.
pub(in crate::effects) fn refuse_doubles(columns: &[String], table: &Name, world: &mut World) {
    let [column] = columns else { return };
    let is_key = |index: &Index| index.unique && !index.computed && index.key == columns;
    // The statistics may be older than the index that proves it.
    let is_proved = world.relation(table).is_some_and(|relation| relation.indexes.iter().any(is_key));
    if world.has_changed_rows || is_proved {
        return;
    }
    let most = world.column(table, column).and_then(|known| known.most).filter(|most| *most > 1);
    if let Some(most) = most {
        let (column, rows) = (quoted(column), rows(most));
        world.fails_by_statistics(format!(
            "{column} has the same value in {rows} of {table}, and a unique index refuses that: change or delete such rows first"
        ));
    }
}

/// Reads every row for a null, unless it is known that there is none.
fn needs_no_null(column: &str, table: &Table, world: &mut World) {
    let is_known = |name: &Name, world: &World| {
        let is_declared = world.column(name, column).is_some_and(|known| known.not_null);
        is_declared && !is_in_doubt(name, column, world) || is_proved(name, column, world)
    };
    // The statistics may be older than the proof.
    if !is_known(&table.name, world) {
        refuse_nulls(column, table, world);
    }
    for name in table.family(world) {
        if !is_known(&name, world) {
            world.works(&name, Lock::AccessExclusive, Work::Scan);
        }
    }
}

/// Whether NOT NULL was declared NOT VALID, and was not validated since.
fn is_in_doubt(table: &Name, column: &str, world: &World) -> bool {
    let Some(relation) = world.relation(table) else { return false };
    relation
        .constraints
        .iter()
        .any(|it| it.kind == 'n' && !it.validated && it.columns.iter().any(|name| name == column))
}

/// Whether a validated CHECK proves that the column has no null.
fn is_proved(table: &Name, column: &str, world: &World) -> bool {
    let Some(relation) = world.relation(table) else { return false };
    relation
        .constraints
        .iter()
        .filter(|it| it.validated && it.kind == 'c')
        .any(|it| says_not_null(&it.definition, column))
}

pub(super) fn validate(validate: &ast::ValidateConstraint, table: &Table, world: &mut World) {
    let name = validate.constraint_name_ref().map(|name| identifier_of(name.syntax())).unwrap_or_default();
    let known = world.constraint(&table.name, &name).cloned();
    if known.as_ref().is_some_and(|constraint| constraint.validated) {
        return world.lock(&table.name, Lock::ShareUpdateExclusive);
    }
    table.works(world, Lock::ShareUpdateExclusive, Work::Scan);
    if let Some((other, columns)) = known.and_then(|it| Some((it.refers_to?, it.columns))) {
        let looks_up = table.family(world).iter().any(|member| has_rows(member, &columns, world));
        for name in world.family(&other) {
            world.lock(&name, Lock::RowShare);
            if looks_up {
                world.looks_up(&name, Lock::RowShare, &table.name);
            }
        }
    }
    for member in table.family(world) {
        let Some(relation) = world.relation_mut(&member) else { continue };
        for constraint in relation.constraints.iter_mut().filter(|it| it.name == name) {
            constraint.validated = true;
            let columns = relation.columns.iter_mut().filter(|it| constraint.columns.contains(&it.name));
            columns.filter(|_| constraint.kind == 'n').for_each(|it| it.not_null = true);
        }
    }
}

pub(super) fn alter(alter: &ast::AlterConstraint, table: &Table, world: &mut World) {
    let name = alter.constraint_name_ref().map(|name| identifier_of(name.syntax())).unwrap_or_default();
    world.lock(&table.name, Lock::AccessExclusive);
    let has = |is: fn(&ConstraintOption) -> bool| alter.constraint_options().any(|option| is(&option));
    if has(|option| matches!(option, ConstraintOption::NotEnforced(_))) {
        // The key's triggers are dropped, on both tables.
        if let Some(other) = world.constraint(&table.name, &name).and_then(|constraint| constraint.refers_to.clone()) {
            world.lock(&other, Lock::AccessExclusive);
        }
    }
    if !has(|option| matches!(option, ConstraintOption::Enforced(_))) {
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
    let cascades = matches!(drop.drop_behavior(), Some(ast::DropBehavior::Cascade(_)));
    let is_as_before = world.is_as_before(&name) && world.is_as_before(&table.name.name);
    let is_missing =
        is_as_before && world.existing(&table.name).is_some() && world.constraint(&table.name, &name).is_none();
    // From PostgreSQL 18 on, SET NOT NULL makes constraints with names, which are not recorded.
    if is_missing && drop.if_exists().is_none() && !name.ends_with("_not_null") {
        world.fails(format!("{} has no constraint {}", table.name, quoted(&name)));
    }
    if let Some(gone) = world.constraint(&table.name, &name).filter(|_| !cascades)
        && let Some(other) = relying(&table.name, gone, world)
    {
        world.fails(format!("a foreign key of {other} relies on the constraint {}", quoted(&name)));
    }
    // CASCADE also drops foreign keys, which are not followed.
    if cascades {
        world.doubts();
    }
    match remember::dropped(&name, table, world) {
        Some(gone) => dropped(&table.name, &gone, world),
        None => remember::unknown_dropped(table, world),
    }
}

/// Returns a table whose foreign key needs the key `constraint` of `table`, which has no other key of the same columns.
fn relying(table: &Name, constraint: &Constraint, world: &World) -> Option<Name> {
    let is_key = |it: &&Constraint| matches!(it.kind, 'p' | 'u') && it.columns == constraint.columns;
    let relation = world.relation(table)?;
    let keys = relation.constraints.iter().filter(is_key).count();
    // The foreign key may rely on another unique index of the same columns.
    let indexes = relation.indexes.iter().filter(|index| index.unique && index.key == constraint.columns).count();
    let uses = |it: &Constraint| {
        it.kind == 'f' && it.refers_to.as_ref() == Some(table) && it.refers_to_columns == constraint.columns
    };
    if keys != 1 || indexes > 1 || !matches!(constraint.kind, 'p' | 'u') {
        return None;
    }
    world.referring(uses).into_iter().next()
}

/// Locks what else is locked when `constraint` of `table` is dropped.
pub(in crate::effects) fn dropped(table: &Name, constraint: &Constraint, world: &mut World) {
    // The triggers on the other table are dropped with it.
    if let Some(other) = &constraint.refers_to {
        for name in world.family(other) {
            world.lock(&name, Lock::AccessExclusive);
        }
    }
    if matches!(constraint.kind, 'p' | 'u') {
        let uses = |it: &Constraint| {
            let is_among = |column| constraint.columns.contains(column);
            it.kind == 'f' && it.refers_to.as_ref() == Some(table) && it.refers_to_columns.iter().all(is_among)
        };
        for other in world.referring(uses) {
            world.lock(&other, Lock::AccessExclusive);
        }
    }
}
