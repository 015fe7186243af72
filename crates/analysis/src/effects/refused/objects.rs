//! Schemas, types, triggers and policies that exist already, are missing, or are needed by others.

use squawk_syntax::ast::{self, AlterTypeAction, AstNode as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::functions::arguments_of;
use super::{all, cascades, is_lenient};
use crate::catalog::{Object, Relation};
use crate::effects::literal::{labels, literal};
use crate::effects::{identifier_of, name_of, names_table, text, world::World};
use crate::name::{Name, quoted};

pub(super) fn refused(statement: &Stmt, world: &World) -> Option<String> {
    let node = statement.syntax();
    // The plan's own changes to these are not followed that far.
    let is_as_before = |node: SyntaxNode| world.is_as_before(&name_of(&node).name);
    let subjects = [
        SyntaxKind::TYPE_NAME,
        SyntaxKind::TYPE_NAME_REF,
        SyntaxKind::DOMAIN,
        SyntaxKind::DOMAIN_REF,
        SyntaxKind::FUNCTION_NAME_REF,
        SyntaxKind::SEQUENCE_REF,
        SyntaxKind::SCHEMA_REF,
        SyntaxKind::SCHEMA,
        SyntaxKind::TRIGGER,
        SyntaxKind::TRIGGER_REF,
        SyntaxKind::POLICY,
        SyntaxKind::POLICY_REF,
    ];
    if !node.descendants().filter(|inner| subjects.contains(&inner.kind())).all(is_as_before) {
        return None;
    }
    schema(statement, world).or_else(|| match statement {
        Stmt::CreateType(it) => type_there(&name_of(it.type_name()?.syntax()), world),
        Stmt::AlterType(it) => value(it, world),
        Stmt::CreateDomain(it) => type_there(&name_of(it.domain()?.syntax()), world),
        Stmt::DropType(_) => dropped(node, SyntaxKind::TYPE_NAME_REF, Object::Type, world),
        Stmt::DropDomain(_) => dropped(node, SyntaxKind::DOMAIN_REF, Object::Type, world),
        Stmt::DropFunction(_) if is_another_overload(node, world) => None,
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
    let missing = of_made
        .chain(moved_to)
        .find(|schema| !schema.starts_with("pg_") && !world.schemas.contains(schema) && world.is_as_before(schema))?;
    Some(format!("there is no schema {}", quoted(&missing)))
}

fn type_there(name: &Name, world: &World) -> Option<String> {
    let there = world.type_facts(name)?;
    let schema = name.schema.clone().or_else(|| world.schema_of(&Name::unqualified(&name.name)));
    // Array and multirange types come and go with other types, and give up their names.
    let is_own = !name.name.starts_with('_') && !name.name.contains("multirange");
    (is_own && schema.as_ref() == Some(&there.schema)).then(|| format!("there is a type {name} already"))
}

/// Returns why the statement fails: an enum's value exists already, or is missing.
fn value(alter: &ast::AlterType, world: &World) -> Option<String> {
    let name = name_of(alter.type_name_ref()?.syntax());
    let facts = world.type_facts(&name);
    let Some(facts) = facts else {
        return (!world.is_extended).then(|| format!("there is no type {name}"));
    };
    let has = |value: &str| facts.labels.iter().any(|label| label == value);
    let there = |value: &str| format!("{name} has a value '{value}' already");
    let missing = |value: &str| format!("{name} has no value '{value}'");
    match alter.action()? {
        AlterTypeAction::AddValue(it) => {
            let added = literal(&text(it.literal()?.syntax()))?;
            if has(&added) && is_lenient(it.syntax()) {
                return None;
            }
            let beside = it.syntax().children().filter(|child| child.kind() != SyntaxKind::LITERAL);
            let beside = beside.flat_map(|child| labels(&child)).find(|value| !has(value));
            has(&added).then(|| there(&added)).or_else(|| beside.map(|value| missing(&value)))
        }
        AlterTypeAction::RenameValue(it) => {
            let values = labels(it.syntax());
            let [from, to] = &values[..] else { return None };
            let lost = (!has(from)).then(|| missing(from));
            lost.or_else(|| has(to).then(|| there(to)))
        }
        _ => None,
    }
}

/// Returns why a DROP fails: the object is missing, or others need it.
fn dropped(statement: &SyntaxNode, kind: SyntaxKind, object: Object, world: &World) -> Option<String> {
    let names: Vec<Name> = all(statement, kind).map(|node| name_of(&node)).collect();
    if !is_lenient(statement)
        && !world.is_extended
        && let Some(name) = names.iter().find(|name| is_missing(object, name, world))
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
    let goes_too = |table: &Name| names.iter().any(|name| name.name == table.name);
    let used = names.iter().find_map(|name| {
        let dependent = world.dependent(object, name)?;
        (world.is_as_before(&dependent.table.name) && !goes_too(&dependent.table)).then_some((name, dependent))
    });
    // In the catalog, a view is a rule.
    used.map(|(name, dependent)| {
        format!("the {} depends on {name}", dependent.what.trim_start_matches("rule _RETURN on "))
    })
}

/// Whether DROP FUNCTION names arguments that are not known to be those of the only function of that name.
fn is_another_overload(drop: &SyntaxNode, world: &World) -> bool {
    all(drop, SyntaxKind::FUNCTION_SIG).filter_map(ast::FunctionSig::cast).any(|written| {
        let (Some(name), Some(list)) = (written.function_name_ref(), written.param_list()) else { return false };
        let known = world.functions.get(&name_of(name.syntax()));
        let overloads = known.map_or(&[][..], |function| &function.overloads[..]);
        let arguments = arguments_of(&list);
        !matches!(overloads, [only] if Some(&only.arguments) == arguments.as_ref())
    })
}

fn is_missing(object: Object, name: &Name, world: &World) -> bool {
    match object {
        Object::Type => world.type_facts(name).is_none(),
        Object::Function => !world.functions.contains_key(name),
        Object::Schema => !world.schemas.contains(&name.name),
        // Relations are checked elsewhere.
        Object::Sequence => false,
    }
}

/// Whether none of the objects of a DROP exists.
pub(super) fn are_absent(drop: &Stmt, world: &World) -> bool {
    let node = drop.syntax();
    let none_of = |kind, object| all(node, kind).all(|name| is_missing(object, &name_of(&name), world));
    let lacks = |name: Option<SyntaxNode>, known: fn(&Relation) -> &Vec<String>| {
        let is_known =
            |name: &SyntaxNode| table(node, world).is_some_and(|table| known(table).contains(&identifier_of(name)));
        name.is_some_and(|name| !is_known(&name))
    };
    match drop {
        Stmt::DropType(_) => none_of(SyntaxKind::TYPE_NAME_REF, Object::Type),
        Stmt::DropDomain(_) => none_of(SyntaxKind::DOMAIN_REF, Object::Type),
        Stmt::DropFunction(_) => none_of(SyntaxKind::FUNCTION_NAME_REF, Object::Function),
        Stmt::DropSchema(_) => none_of(SyntaxKind::SCHEMA_REF, Object::Schema),
        Stmt::DropTrigger(it) => lacks(it.trigger_ref().map(|it| it.syntax().clone()), |table| &table.triggers),
        Stmt::DropPolicy(it) => lacks(it.policy_ref().map(|it| it.syntax().clone()), |table| &table.policies),
        Stmt::DropTable(_)
        | Stmt::DropIndex(_)
        | Stmt::DropView(_)
        | Stmt::DropMaterializedView(_)
        | Stmt::DropSequence(_) => {
            let mut names = node.descendants().filter(super::missing::names_relation);
            names.all(|name| world.relation(&name_of(&name)).is_none())
        }
        _ => false,
    }
}

/// Returns the table that the statement is about.
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

/// Records what later statements find after `statement`.
pub(super) fn remember(statement: &Stmt, world: &mut World) {
    let node = statement.syntax();
    match statement {
        Stmt::CreateSchema(_) => {
            let mut names = all(node, SyntaxKind::SCHEMA).map(|name| identifier_of(&name)).peekable();
            // The schema has the role's name then.
            if names.peek().is_none() {
                world.doubts();
            }
            world.schemas.extend(names);
        }
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
                // Which of several functions it was is not recorded.
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

/// Lets `change` record the name `name` at the table that the statement is about.
fn named(statement: &SyntaxNode, name: Option<SyntaxNode>, world: &mut World, change: fn(&mut Relation, String)) {
    let Some(name) = name.map(|name| identifier_of(&name)) else { return };
    let Some(table) = table(statement, world).map(|table| table.name.clone()) else { return };
    if let Some(table) = world.relation_mut(&table) {
        change(table, name);
    }
}
