//! ALTER COLUMN TYPE: decides which changes leave the rows as they are.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Table;
use crate::catalog::Constraint;
use crate::effects::named::type_name;
use crate::effects::{has, identifier_of, text, world::World};
use crate::name::{Name, quoted};

pub(super) fn effects(set: &ast::SetType, column: &str, table: &Table, world: &mut World) {
    let Some(to) = set.ty().map(|ty| canonical(ty.syntax())) else { return };
    let converts = set.using_expr().is_some_and(|using| !is_plain(using.syntax(), column, &to));
    let collated = set.collate().is_some();
    super::refuse_used(column, table, world);
    // From here on the values are other ones.
    world.has_changed_rows = true;
    refuse_uncast(set.using_expr().is_some(), column, &to, table, world);
    for name in table.family(world) {
        let known = world.column(&name, column).cloned();
        let from = known.as_ref().map(|column| column.of_type.clone()).unwrap_or_default();
        // Without COLLATE, the column gets its type's collation.
        let sorts = collated || known.is_some_and(|column| column.collated);
        // A type that the plan made may be another one under the same name.
        let is_same = from != to || !world.plan_types.contains(&Name::parse(&to).name);
        let stays = !converts && is_same && is_same_on_disk(&from, &to, world.is_utc);
        if !stays || split(&from).0 != split(&to).0 {
            world.converts();
        }
        if stays {
            world.lock(&name, Lock::AccessExclusive);
            rebuild(&name, column, sorts || !keeps_indexes(&from, &to), world);
            if is_checked(&name, column, world) {
                world.works(&name, Lock::AccessExclusive, Work::Scan);
            }
        } else {
            world.works(&name, Lock::AccessExclusive, Work::Rewrite);
        }
        world.change_column(&name, column, |known| {
            known.of_type.clone_from(&to);
            known.collated = collated;
        });
        recheck(&name, column, world);
    }
}

/// Reports what the server refuses because it does not cast it implicitly: values without USING, and the default in any
/// case.
fn refuse_uncast(is_using: bool, column: &str, to: &str, table: &Table, world: &mut World) {
    let Some(known) = world.column(&table.name, column) else { return };
    // The plan's own changes to the column or the type are not followed that far.
    let type_name = Name::parse(split(to).0.trim_end_matches("[]")).name;
    if !world.is_as_before(column) || !world.is_as_before(&type_name) {
        return;
    }
    let (from, bare) = (split(&known.of_type).0, split(to).0);
    let is_refused = |from: &str| world.casts(from, &bare) == Some(false);
    let name = quoted(column);
    let why = if !is_using && is_refused(&from) {
        format!("the column {name} is {from}, which is not cast to {bare} without USING")
    } else if known.default.as_deref().and_then(type_of_constant).is_some_and(|of_type| is_refused(&of_type)) {
        format!("the default of the column {name} is not cast to {bare}: drop the default before, and set one behind")
    } else {
        return;
    };
    world.fails(why);
}

/// Returns the type of a default that is one constant, as `pg_get_expr` writes it: `'a'::text`, `0`, `true`.
fn type_of_constant(default: &str) -> Option<String> {
    if default.parse::<i64>().is_ok() {
        return Some("integer".to_owned());
    }
    if matches!(default, "true" | "false") {
        return Some("boolean".to_owned());
    }
    let (value, of_type) = default.strip_prefix('\'')?.rsplit_once("'::")?;
    // If there is another text inside, nothing is known.
    let is_plain = !value.replace("''", "").contains('\'') && !of_type.contains(|c: char| "+|(".contains(c));
    is_plain.then(|| of_type.to_owned())
}

/// Rebuilds the column's indexes: all of them, or only those with an expression or a condition. For those the server
/// does not detect that they stay the same.
fn rebuild(table: &Name, column: &str, all: bool, world: &mut World) {
    let Some(relation) = world.relation(table) else { return };
    let of_column = relation.columns.iter().find(|it| it.name == column).map_or(&[][..], |it| &it.indexes);
    let indexes = relation.indexes.iter().filter(|index| of_column.contains(&index.name));
    let rebuilt: Vec<_> = indexes.filter(|index| all || index.computed).collect();
    let excludes = |it: &Constraint| it.kind == 'x' && rebuilt.iter().any(|index| index.name.name == it.name);
    let (many, excludes) = (rebuilt.len(), relation.constraints.iter().any(excludes));
    for _ in 0..many {
        world.works(table, Lock::AccessExclusive, Work::IndexBuild);
    }
    if excludes {
        world.works(table, Lock::AccessExclusive, Work::Scan);
    }
}

/// Whether a CHECK names the column. It is checked again, unless it was never validated.
fn is_checked(table: &Name, column: &str, world: &World) -> bool {
    let Some(relation) = world.relation(table) else { return false };
    relation.constraints.iter().any(|it| it.kind == 'c' && it.validated && it.columns.iter().any(|name| name == column))
}

/// Recreates the column's foreign keys, and checks them, unless they were never validated.
fn recheck(table: &Name, column: &str, world: &mut World) {
    let own = world.relation(table).map_or_else(Vec::new, |relation| relation.constraints.clone());
    for constraint in own.iter().filter(|it| it.kind == 'f' && it.columns.iter().any(|name| name == column)) {
        if let Some(other) = &constraint.refers_to {
            world.lock(other, Lock::AccessExclusive);
            if constraint.validated {
                world.works(other, Lock::AccessExclusive, Work::Scan);
                world.works(table, Lock::AccessExclusive, Work::Scan);
            }
        }
    }
    let refers = |it: &Constraint| {
        it.kind == 'f' && it.refers_to.as_ref() == Some(table) && it.refers_to_columns.iter().any(|name| name == column)
    };
    for other in world.referring(refers) {
        world.lock(&other, Lock::AccessExclusive);
    }
    for other in world.referring(|it| it.validated && refers(it)) {
        world.works(&other, Lock::AccessExclusive, Work::Scan);
    }
}

/// Whether USING is no more than a cast to the new type.
fn is_plain(using: &SyntaxNode, column: &str, to: &str) -> bool {
    let Some(expression) = using.children().next() else { return false };
    match expression.kind() {
        SyntaxKind::NAME_REF => identifier_of(&expression) == column,
        SyntaxKind::CAST_EXPR => {
            let mut parts = expression.children();
            let is_column = parts
                .next()
                .is_some_and(|inner| inner.kind() == SyntaxKind::NAME_REF && identifier_of(&inner) == column);
            is_column && expression.children().last().is_some_and(|of_type| canonical(&of_type) == to)
        }
        _ => false,
    }
}

/// Returns a type as `format_type` writes it.
pub(in crate::effects) fn canonical(of_type: &SyntaxNode) -> String {
    let mut arguments = String::new();
    for list in of_type.children().filter(|child| child.kind() == SyntaxKind::ARG_LIST) {
        arguments = text(&list);
    }
    let has_token = |kind| of_type.children_with_tokens().any(|element| element.kind() == kind);
    let zoned = has(of_type, SyntaxKind::WITH_KW);
    let literal =
        of_type.children().find(|child| child.kind() == SyntaxKind::LITERAL).map(|node| format!("({})", text(&node)));
    let zone = if zoned { "with" } else { "without" };
    match of_type.kind() {
        SyntaxKind::VARCHAR_TYPE => format!("character varying{arguments}"),
        SyntaxKind::CHARACTER_TYPE if has_token(SyntaxKind::VARYING_KW) => format!("character varying{arguments}"),
        SyntaxKind::CHARACTER_TYPE if arguments.is_empty() => "character(1)".into(),
        SyntaxKind::CHARACTER_TYPE => format!("character{arguments}"),
        SyntaxKind::BIT_VARYING_TYPE => format!("bit varying{arguments}"),
        SyntaxKind::BIT_TYPE if arguments.is_empty() => "bit(1)".into(),
        SyntaxKind::BIT_TYPE => format!("bit{arguments}"),
        SyntaxKind::DOUBLE_TYPE => "double precision".into(),
        SyntaxKind::TIMESTAMP_TYPE => format!("timestamp{} {zone} time zone", literal.unwrap_or_default()),
        SyntaxKind::TIME_TYPE => format!("time{} {zone} time zone", literal.unwrap_or_default()),
        SyntaxKind::ARRAY_TYPE => {
            let element = of_type.children().next().map(|inner| canonical(&inner)).unwrap_or_default();
            format!("{element}[]")
        }
        SyntaxKind::PATH_TYPE => {
            let name = type_name(of_type);
            let plain = if name.schema.as_deref() == Some("pg_catalog") { name.name.clone() } else { name.to_string() };
            // PostgreSQL's own types are written in lower case, even where a key word needs quotes.
            let bare = plain.trim_matches('"');
            alias(if bare.contains(char::is_uppercase) { &plain } else { bare }, &arguments)
        }
        _ => text(of_type).to_lowercase(),
    }
}

/// Returns the canonical name for one of the other names of PostgreSQL's own types.
fn alias(name: &str, arguments: &str) -> String {
    let (name, takes_arguments) = match name {
        "int" | "int4" | "integer" | "serial" | "serial4" => ("integer", false),
        "int8" | "bigint" | "bigserial" | "serial8" => ("bigint", false),
        "int2" | "smallint" | "smallserial" | "serial2" => ("smallint", false),
        "float4" | "real" => ("real", false),
        "float" if is_short(arguments) => ("real", false),
        "float8" | "float" => ("double precision", false),
        "bool" | "boolean" => ("boolean", false),
        "decimal" | "numeric" | "dec" => ("numeric", true),
        "varchar" => ("character varying", true),
        "bpchar" => ("character", true),
        "varbit" => ("bit varying", true),
        "timestamptz" => return zoned("timestamp", arguments),
        "timetz" => return zoned("time", arguments),
        "timestamp" => return format!("timestamp{arguments} without time zone"),
        "time" => return format!("time{arguments} without time zone"),
        other => (other, true),
    };
    if takes_arguments { format!("{name}{arguments}") } else { name.to_owned() }
}

/// Whether so many binary digits fit into four bytes.
fn is_short(digits: &str) -> bool {
    digits.trim_matches(['(', ')']).parse::<u8>().is_ok_and(|digits| digits <= 24)
}

fn zoned(name: &str, arguments: &str) -> String {
    format!("{name}{arguments} with time zone")
}

/// Returns a type's name and its arguments: `numeric(10,2)` is numeric with 10 and 2.
fn split(of_type: &str) -> (String, Vec<i64>) {
    let Some((name, rest)) = of_type.split_once('(') else { return (of_type.to_owned(), Vec::new()) };
    let Some((arguments, behind)) = rest.split_once(')') else { return (of_type.to_owned(), Vec::new()) };
    let numbers = arguments.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    (format!("{name}{behind}"), numbers)
}

/// Whether the server takes the stored values for values of the new type without reading them.
fn is_same_on_disk(from: &str, to: &str, is_utc: bool) -> bool {
    if from == to {
        return true;
    }
    let ((from_name, from_arguments), (to_name, to_arguments)) = (split(from), split(to));
    let bare = |arguments: &[i64]| arguments.is_empty();
    match (from_name.as_str(), to_name.as_str()) {
        ("character varying" | "text", "text") => true,
        ("text", "character varying") => bare(&to_arguments),
        ("character varying" | "bit varying" | "varbit", _) if from_name == to_name => {
            bare(&to_arguments) || grows(&from_arguments, &to_arguments)
        }
        ("numeric", "numeric") => {
            bare(&to_arguments)
                || (scale(&from_arguments) == scale(&to_arguments) && grows(&from_arguments, &to_arguments))
        }
        (
            "timestamp without time zone"
            | "timestamp with time zone"
            | "time without time zone"
            | "time with time zone",
            _,
        ) if from_name == to_name => bare(&to_arguments) || grows(&from_arguments, &to_arguments),
        (
            "timestamp without time zone" | "timestamp with time zone",
            "timestamp without time zone" | "timestamp with time zone",
        ) => is_utc && (bare(&to_arguments) || grows(&from_arguments, &to_arguments)),
        ("inet", "cidr") => false,
        ("cidr", "inet") => true,
        ("xml", "text") => true,
        _ => false,
    }
}

fn scale(arguments: &[i64]) -> i64 {
    arguments.get(1).copied().unwrap_or(0)
}

fn grows(from: &[i64], to: &[i64]) -> bool {
    match (from.first(), to.first()) {
        (Some(from), Some(to)) => to >= from,
        _ => false,
    }
}

fn keeps_indexes(from: &str, to: &str) -> bool {
    let ((from_name, _), (to_name, _)) = (split(from), split(to));
    let textual = |name: &str| matches!(name, "text" | "character varying");
    from_name == to_name || (textual(&from_name) && textual(&to_name))
}
