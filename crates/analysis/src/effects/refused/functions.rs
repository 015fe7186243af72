//! Functions: made again, missing, or without the tables that they name.

use squawk_syntax::ast::{self, AstNode as _, Stmt};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::all;
use crate::catalog::Overload;
use crate::effects::named::callee;
use crate::effects::{canonical, is_plain, name_of, names_table, world::World};
use crate::name::Name;

/// From this version on, indexes and materialized views are built with a search path of their own.
const OWN_PATH: u32 = 170_000;

pub(super) fn refused(statement: &Stmt, world: &World) -> Option<String> {
    match statement {
        Stmt::CreateFunction(it) => made_again(it, world),
        Stmt::CreateProcedure(_) => None,
        Stmt::CreateIndex(it) => missing(it.syntax(), world).or_else(|| needs_path(it.syntax(), "an index", world)),
        Stmt::CreateMaterializedView(it) => {
            missing(it.syntax(), world).or_else(|| needs_path(it.syntax(), "a materialized view", world))
        }
        Stmt::Refresh(_) => None,
        _ => missing(statement.syntax(), world),
    }
}

/// Returns why the statement fails: it calls a function that does not exist.
fn missing(statement: &SyntaxNode, world: &World) -> Option<String> {
    if world.is_extended {
        return None;
    }
    // `a(t)` can be a column of a row.
    let is_field = |call: &SyntaxNode| {
        let arguments: Vec<_> = all(call, SyntaxKind::ARG).collect();
        matches!(&arguments[..], [one] if one.children().all(|inner| inner.kind() == SyntaxKind::NAME_REF))
    };
    let called = all(statement, SyntaxKind::CALL_EXPR).filter(|call| !is_field(call)).filter_map(|call| callee(&call));
    let is_as_before = |name: &Name| {
        world.is_as_before(&name.name) && name.schema.as_deref().is_none_or(|schema| world.is_as_before(schema))
    };
    let name = called.into_iter().filter(is_as_before).find(|name| {
        let is_system = name.schema.as_deref().is_some_and(|schema| schema.starts_with("pg_"));
        // `uuid('…')` is a cast, and the catalog has no entry for functions that are part of SQL's syntax.
        !is_system && !is_word(name) && !world.functions.contains_key(name) && world.type_facts(name).is_none()
    })?;
    Some(format!("there is no function {name}"))
}

/// Whether `name` is a word of SQL's own that looks like a function.
fn is_word(name: &Name) -> bool {
    const BEGINNINGS: [&str; 3] = ["xml", "json", "current_"];
    const WORDS: [&str; 19] = [
        "all",
        "any",
        "array",
        "cast",
        "collation",
        "exists",
        "extract",
        "localtime",
        "localtimestamp",
        "merge_action",
        "normalize",
        "overlay",
        "position",
        "row",
        "some",
        "substring",
        "treat",
        "trim",
        "values",
    ];
    let own = name.name.as_str();
    name.schema.is_none() && (WORDS.contains(&own) || BEGINNINGS.iter().any(|beginning| own.starts_with(beginning)))
}

/// Returns why CREATE FUNCTION fails: a function of the same arguments exists.
fn made_again(create: &ast::CreateFunction, world: &World) -> Option<String> {
    let name = name_of(create.name()?.syntax());
    if !world.is_as_before(&name.name) {
        return None;
    }
    let schema = name.schema.clone().or_else(|| world.schema_of(&Name::unqualified(&name.name)))?;
    let arguments = arguments(create)?;
    let is_same = |overload: &&Overload| overload.schema == schema && overload.arguments == arguments;
    let there = world.functions.get(&name)?.overloads.iter().find(is_same)?;
    if create.or_replace().is_none() {
        return Some(format!("there is a function {name}({arguments}) already"));
    }
    let returns = create.ret_type()?.func_type().map(|it| canonical(it.syntax()))?;
    let before = there.returns.as_ref()?;
    let is_known = |of_type: &str| is_plain(of_type) || matches!(of_type, "trigger" | "void");
    let is_other = is_known(&returns) && is_known(before) && returns != *before;
    is_other
        .then(|| format!("{name}({arguments}) returns {before}, and cannot be replaced by one that returns {returns}"))
}

/// Returns the types of the input arguments, as `format_type` writes them; `None` where one is not plain.
pub(in crate::effects) fn arguments(create: &ast::CreateFunction) -> Option<String> {
    arguments_of(&create.param_list()?)
}

/// Returns the types of the input arguments in `list`, as `format_type` writes them; `None` where one is not plain.
pub(super) fn arguments_of(list: &ast::ParamList) -> Option<String> {
    let mut types = Vec::new();
    for param in list.params() {
        if param.mode().is_some() {
            return None;
        }
        let of_type = canonical(param.func_type()?.syntax());
        // The arguments of a type are not recorded.
        types.push(of_type.split('(').next().unwrap_or_default().to_owned());
    }
    types.iter().all(|of_type| is_plain(of_type)).then(|| types.join(", "))
}

/// Returns why building `what` fails: an SQL function names a table without its schema, which is not found then.
fn needs_path(statement: &SyntaxNode, what: &str, world: &World) -> Option<String> {
    let is_empty = statement.descendants().any(|node| node.kind() == SyntaxKind::WITH_NO_DATA);
    if world.version < OWN_PATH || is_empty {
        return None;
    }
    // Without rows, the function is not called.
    let tables = statement.descendants().filter(names_table).map(|node| name_of(&node));
    if tables.filter_map(|name| world.relation(&name)).any(|table| table.facts.rows == Some(0)) {
        return None;
    }
    let called = all(statement, SyntaxKind::CALL_EXPR).filter_map(|call| callee(&call));
    called.into_iter().find_map(|name| {
        let [overload] = &world.functions.get(&name)?.overloads[..] else { return None };
        let table = bare_table(overload.body.as_deref().filter(|_| world.is_as_before(&name.name))?)?;
        Some(format!(
            "the function {name} names {table} without its schema, and since PostgreSQL 17 {what} is built with a \
             search_path of pg_catalog alone; write the schema in the function, or SET search_path there"
        ))
    })
}

/// Returns a table that `body` names without its schema.
fn bare_table(body: &str) -> Option<String> {
    let parse = SourceFile::parse(body);
    let file = parse.tree();
    let with: Vec<Name> = all(file.syntax(), SyntaxKind::CTE_NAME).map(|node| name_of(&node)).collect();
    let mut names = all(file.syntax(), SyntaxKind::RELATION_NAME_REF).map(|node| name_of(&node));
    let is_system = |name: &Name| name.name.starts_with("pg_");
    names.find(|name| name.schema.is_none() && !with.contains(name) && !is_system(name)).map(|name| name.to_string())
}
