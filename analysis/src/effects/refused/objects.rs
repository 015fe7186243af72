//! Schemas, types, triggers and policies: there already, missing, or needed by others.

use squawk_syntax::ast::{AstNode as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{all, cascades, is_lenient};
use crate::catalog::{Object, Relation};
use crate::effects::{identifier_of, name_of, names_table, world::World};
use crate::name::{Name, quoted};

pub(super) fn refused(statement: &Stmt, world: &World) -> Option<String> {
    let node = statement.syntax();
    schema(statement, world).or_else(|| match statement {
        Stmt::CreateType(it) => type_there(&name_of(it.type_name()?.syntax()), world),
        Stmt::CreateDomain(it) => type_there(&name_of(it.domain()?.syntax()), world),
        Stmt::DropType(_) => dropped(node, SyntaxKind::TYPE_NAME_REF, Object::Type, world),
        Stmt::DropDomain(_) => dropped(node, SyntaxKind::DOMAIN_REF, Object::Type, world),
        Stmt::DropFunction(_) => dropped(node, SyntaxKind::FUNCTION_NAME_REF, Object::Function, world),
        Stmt::DropSequence(_) => dropped(node, SyntaxKind::SEQUENCE_REF, Object::Sequence, world),
        Stmt::DropSchema(_) => dropped(node, SyntaxKind::SCHEMA_REF, Object::Schema, world),
        Stmt::CreateTrigger(it) if it.or_replace().is_none() => {
            there(node, "trigger", &identifier_of(it.trigger()?.syntax()), |table| &table.triggers, world)
        }
        Stmt::DropTrigger(it) => {
            not_there(node, "trigger", &identifier_of(it.trigger_ref()?.syntax()), |table| &table.triggers, world)
        }
        Stmt::CreatePolicy(it) => {
            there(node, "policy", &identifier_of(it.policy()?.syntax()), |table| &table.policies, world)
        }
        Stmt::DropPolicy(it) => {
            not_there(node, "policy", &identifier_of(it.policy_ref()?.syntax()), |table| &table.policies, world)
        }
        Stmt::AlterPolicy(it) => {
            not_there(node, "policy", &identifier_of(it.policy_ref()?.syntax()), |table| &table.policies, world)
        }
        _ => None,
    })
}

fn schema(statement: &Stmt, world: &World) -> Option<String> {
    let node = statement.syntax();
    if let Stmt::CreateSchema(_) = statement {
        let name = all(node, SyntaxKind::SCHEMA).next().map(|name| identifier_of(&name))?;
        let is_there = world.schemas.contains(&name) && !is_lenient(node);
        return is_there.then(|| format!("there is a schema {} already", quoted(&name)));
    }
    if is_lenient(node) && !matches!(statement, Stmt::CreateTable(_) | Stmt::CreateSequence(_)) {
        return None;
    }
    let is_made = |node: &SyntaxNode| {
        matches!(
            node.kind(),
            SyntaxKind::TABLE_NAME
                | SyntaxKind::VIEW
                | SyntaxKind::SEQUENCE
                | SyntaxKind::TYPE_NAME
                | SyntaxKind::FUNCTION_NAME
                | SyntaxKind::DOMAIN
        )
    };
    let of_made = node.descendants().filter(is_made).filter_map(|node| name_of(&node).schema);
    let is_moved_to = |node: &SyntaxNode| matches!(node.parent().map(|it| it.kind()), Some(SyntaxKind::SET_SCHEMA));
    let moved_to = all(node, SyntaxKind::SCHEMA_REF).filter(is_moved_to).map(|name| identifier_of(&name));
    let missing =
        of_made.chain(moved_to).find(|schema| !schema.starts_with("pg_") && !world.schemas.contains(schema))?;
    Some(format!("there is no schema {}", quoted(&missing)))
}

fn type_there(name: &Name, world: &World) -> Option<String> {
    let there = world.type_facts(name)?;
    let schema = name.schema.clone().or_else(|| world.schema_of(&Name::unqualified(&name.name)));
    (schema.as_ref() == Some(&there.schema)).then(|| format!("there is a type {name} already"))
}

/// What is dropped is missing, or needed by others.
fn dropped(statement: &SyntaxNode, kind: SyntaxKind, object: Object, world: &World) -> Option<String> {
    let names: Vec<Name> = all(statement, kind).map(|node| name_of(&node)).collect();
    let is_missing = |name: &&Name| match object {
        Object::Type => world.type_facts(name).is_none(),
        Object::Function => !world.functions.contains_key(name),
        Object::Schema => !world.schemas.contains(&name.name),
        // Relations are looked at elsewhere.
        Object::Sequence => false,
    };
    if !is_lenient(statement)
        && let Some(name) = names.iter().find(is_missing)
    {
        let what = match object {
            Object::Type => "type",
            Object::Function => "function",
            Object::Schema => "schema",
            Object::Sequence => "sequence",
        };
        return Some(format!("there is no {what} {name}"));
    }
    if cascades(statement) {
        return None;
    }
    let used = names.iter().find_map(|name| Some((name, world.dependent(object, name)?)));
    used.map(|(name, dependent)| format!("the {} depends on {name}", dependent.what))
}

/// The table that the statement is about.
fn table<'a>(statement: &SyntaxNode, world: &'a World) -> Option<&'a Relation> {
    let on =
        statement.children().find(|child| matches!(child.kind(), SyntaxKind::ON_RELATION | SyntaxKind::ON_TABLE))?;
    let name = on.descendants().find(names_table)?;
    world.relation(&name_of(&name))
}

fn there(
    statement: &SyntaxNode,
    what: &str,
    name: &String,
    known: fn(&Relation) -> &Vec<String>,
    world: &World,
) -> Option<String> {
    let table = table(statement, world)?;
    known(table).contains(name).then(|| format!("{} has a {what} {} already", table.name, quoted(name)))
}

fn not_there(
    statement: &SyntaxNode,
    what: &str,
    name: &String,
    known: fn(&Relation) -> &Vec<String>,
    world: &World,
) -> Option<String> {
    let table = table(statement, world)?;
    let is_missing = !is_lenient(statement) && !known(table).contains(name);
    is_missing.then(|| format!("{} has no {what} {}", table.name, quoted(name)))
}

/// What the ones behind `statement` meet of it.
pub(super) fn remember(statement: &Stmt, world: &mut World) {
    let node = statement.syntax();
    match statement {
        Stmt::CreateSchema(_) => world.schemas.extend(all(node, SyntaxKind::SCHEMA).map(|name| identifier_of(&name))),
        Stmt::DropSchema(_) => {
            for name in all(node, SyntaxKind::SCHEMA_REF) {
                world.schemas.remove(&identifier_of(&name));
            }
        }
        Stmt::DropType(_) | Stmt::DropDomain(_) => {
            let is_name = |node: &SyntaxNode| matches!(node.kind(), SyntaxKind::TYPE_NAME_REF | SyntaxKind::DOMAIN_REF);
            for name in node.descendants().filter(is_name) {
                world.remove_type(&name_of(&name));
            }
        }
        Stmt::DropFunction(_) => {
            for name in all(node, SyntaxKind::FUNCTION_NAME_REF).map(|name| name_of(&name)) {
                // Which of several it was is not looked at.
                if world.functions.get(&name).is_some_and(|function| function.overloads.len() < 2) {
                    world.functions.remove(&name);
                } else if let Some(function) = world.functions.get_mut(&name) {
                    function.overloads.clear();
                }
            }
        }
        Stmt::CreateTrigger(it) => named(node, it.trigger().map(|it| it.syntax().clone()), world, |table, name| {
            table.triggers.push(name);
        }),
        Stmt::DropTrigger(it) => named(node, it.trigger_ref().map(|it| it.syntax().clone()), world, |table, name| {
            table.triggers.retain(|known| *known != name);
            let noun = format!("the trigger {}", quoted(&name));
            table.fires.retain(|known| *known != noun);
        }),
        Stmt::CreatePolicy(it) => named(node, it.policy().map(|it| it.syntax().clone()), world, |table, name| {
            table.policies.push(name);
        }),
        Stmt::DropPolicy(it) => named(node, it.policy_ref().map(|it| it.syntax().clone()), world, |table, name| {
            table.policies.retain(|known| *known != name);
        }),
        _ => {}
    }
}

/// Has `change` note what is called `name` at the table that the statement is about.
fn named(statement: &SyntaxNode, name: Option<SyntaxNode>, world: &mut World, change: fn(&mut Relation, String)) {
    let Some(name) = name.map(|name| identifier_of(&name)) else { return };
    let Some(table) = table(statement, world).map(|table| table.name.clone()) else { return };
    if let Some(table) = world.relation_mut(&table) {
        change(table, name);
    }
}
