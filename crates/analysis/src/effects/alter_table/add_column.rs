//! ADD COLUMN: changes only the catalog, unless every row has to get a value of its own.

use report::{Lock, Work};
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode as _, Constraint};

use super::constraint::inline;
use super::{Table, column_type};
use crate::catalog::Column;
use crate::effects::expression::{Volatility, volatility};
use crate::effects::named::{is_serial, is_word_for_type, type_name};
use crate::effects::{has, identifier_of, text, world::World};
use crate::name::quoted;

/// Types of extensions that plans create themselves. None of them is a domain.
const OF_EXTENSIONS: [&str; 6] = ["citext", "geography", "geometry", "hstore", "ltree", "vector"];

pub(super) fn effects(add: &ast::AddColumn, table: &Table, world: &mut World) {
    table.lock(world, Lock::AccessExclusive);
    let Some(column) = add.column_name().map(|name| identifier_of(name.syntax())) else { return };
    if world.column(&table.name, &column).is_some() {
        if add.if_not_exists().is_some() {
            return meets(add, &column, table, world);
        }
        world.fails(format!("{} has a column {} already", table.name, quoted(&column)));
    }
    let constraints: Vec<Constraint> = add.constraints().collect();
    if fills_rows(add, &constraints, world) {
        table.works(world, Lock::AccessExclusive, Work::Rewrite);
    } else if constraints.iter().any(|constraint| scans(constraint, &constraints)) {
        table.works(world, Lock::AccessExclusive, Work::Scan);
    }
    let not_null = constraints
        .iter()
        .any(|constraint| matches!(constraint, Constraint::NotNullConstraint(_) | Constraint::PrimaryKeyConstraint(_)));
    let of_type = add.ty().map(|ty| column_type::canonical(ty.syntax())).unwrap_or_default();
    let default = constraints.iter().find_map(|constraint| match constraint {
        Constraint::DefaultConstraint(it) => Some(text(it.expr()?.syntax())),
        _ => None,
    });
    for name in table.family(world) {
        if let Some(relation) = world.relation_mut(&name) {
            relation.columns.push(Column {
                name: column.clone(),
                of_type: of_type.clone(),
                not_null,
                collated: add.collate().is_some(),
                generated: generated(&constraints),
                default: default.clone(),
                nulls: None,
                most: None,
                indexes: Vec::new(),
            });
        }
    }
    // A domain can have a default of its own.
    let is_domain =
        add.ty().and_then(|ty| world.type_facts(&type_name(ty.syntax()))).is_some_and(|facts| facts.kind == 'd');
    let is_unset =
        !is_domain && default.is_none() && generated(&constraints) == ' ' && !fills_rows(add, &constraints, world);
    if is_unset {
        let family = table.family(world);
        world.unset.extend(family.into_iter().map(|name| (name, column.clone())));
    }
    let has_value = constraints.iter().any(|it| matches!(it, Constraint::DefaultConstraint(_)));
    for constraint in &constraints {
        inline(constraint, &column, has_value, table, world);
    }
}

/// Reports that IF NOT EXISTS finds a column of that name, perhaps of another type.
fn meets(add: &ast::AddColumn, column: &str, table: &Table, world: &mut World) {
    let Some(of_type) = add.ty().map(|ty| column_type::canonical(ty.syntax())) else { return };
    let there = world.column(&table.name, column).map(|column| column.of_type.clone()).unwrap_or_default();
    // The types of columns that the plan makes are not recorded, and a type can have several names.
    if is_plain(&there) && is_plain(&of_type) && there != of_type {
        world.skips(format!("{} has a column {} already, of the type {there}", table.name, quoted(column)));
    }
}

/// Whether a type is one of PostgreSQL's own with only one name.
pub(in crate::effects) fn is_plain(of_type: &str) -> bool {
    let bare = of_type.split('(').next().unwrap_or_default();
    [
        "bigint",
        "boolean",
        "character varying",
        "date",
        "integer",
        "json",
        "jsonb",
        "numeric",
        "smallint",
        "text",
        "uuid",
    ]
    .contains(&bare)
}

/// Whether every row gets a value of its own, so that the table is rewritten.
fn fills_rows(add: &ast::AddColumn, constraints: &[Constraint], world: &World) -> bool {
    let of_type = add.ty().map(|ty| type_name(ty.syntax()));
    if of_type.as_ref().is_some_and(is_serial) {
        return true;
    }
    let default = constraints.iter().find_map(|constraint| match constraint {
        Constraint::DefaultConstraint(it) => it.expr(),
        _ => None,
    });
    let generated = constraints.iter().any(|constraint| match constraint {
        Constraint::GeneratedConstraint(it) => !is_virtual(it),
        _ => false,
    });
    let is_volatile = default.is_some_and(|expr| volatility(expr.syntax(), world) == Volatility::Volatile);
    is_volatile || generated || is_constrained_domain(add, world)
}

/// Returns `pg_attribute.attgenerated` of a column with these constraints.
pub(in crate::effects) fn generated(constraints: &[Constraint]) -> char {
    let written = constraints.iter().find_map(|constraint| match constraint {
        Constraint::GeneratedConstraint(it) if !has(it.syntax(), SyntaxKind::IDENTITY_KW) => Some(it),
        _ => None,
    });
    match written {
        Some(it) if is_virtual(it) => 'v',
        Some(_) => 's',
        None => ' ',
    }
}

/// Whether a column is virtual: computed when it is read. A column that does not say STORED is virtual: before
/// PostgreSQL 18 it had to say it.
fn is_virtual(generated: &ast::GeneratedConstraint) -> bool {
    !has(generated.syntax(), SyntaxKind::STORED_KW) && !has(generated.syntax(), SyntaxKind::IDENTITY_KW)
}

/// Whether the column's type is a domain with a constraint, which is checked for each row, even one without a value. A
/// type that is not known may be one.
fn is_constrained_domain(add: &ast::AddColumn, world: &World) -> bool {
    let Some(ast::Type::PathType(of_type)) = add.ty() else { return false };
    let name = type_name(of_type.syntax());
    match world.type_facts(&name) {
        Some(facts) => facts.constrained_domain,
        None => !is_word_for_type(&name) && !OF_EXTENSIONS.contains(&name.name.as_str()),
    }
}

/// Whether every row is read, though none is written.
fn scans(constraint: &Constraint, all: &[Constraint]) -> bool {
    let has_value = all.iter().any(|it| match it {
        Constraint::DefaultConstraint(_) => true,
        // Whether the computed value is ever null is not known.
        Constraint::GeneratedConstraint(it) => !is_virtual(it),
        _ => false,
    });
    match constraint {
        Constraint::CheckConstraint(_) => true,
        // A reference from an empty column has nothing to look up.
        Constraint::ReferencesConstraint(_) => has_value,
        Constraint::NotNullConstraint(_) => !has_value,
        _ => false,
    }
}
