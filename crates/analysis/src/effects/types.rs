//! Types and functions: a later statement of the plan may depend on their values and results.

use squawk_syntax::ast::{self, AlterTypeAction, AstNode as _, CreateTypeKind, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::literal::{labels, literal};
use super::refused::arguments;
use super::{Unknown, name_of, runs, text, world::World};
use crate::catalog::{Function, Overload, TypeFacts};
use crate::name::{Name, identifier};

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::CreateType(it) => {
            let Some(name) = it.type_name().map(|name| name_of(name.syntax())) else { return };
            match it.kind() {
                None | Some(CreateTypeKind::BaseType(_)) => {}
                Some(CreateTypeKind::EnumType(_)) => makes(&name, 'e', false, labels(it.syntax()), world),
                // A range type has functions of its name.
                Some(CreateTypeKind::RangeType(_)) => {
                    makes(&name, 'r', false, Vec::new(), world);
                    world.doubts();
                }
                Some(_) => makes(&name, 'c', false, Vec::new(), world),
            }
        }
        Stmt::AlterType(it) => alter(it, world),
        // Its base type may have a constraint, too.
        Stmt::CreateDomain(it) => {
            let Some(name) = it.domain().map(|name| name_of(name.syntax())) else { return };
            makes(&name, 'd', true, Vec::new(), world);
        }
        Stmt::AlterDomain(it) => domain(it, world),
        Stmt::CreateFunction(it) => {
            runs::body(it.syntax(), world);
            let made = overload(it, world);
            function(it.syntax(), made.as_ref(), world);
        }
        Stmt::CreateProcedure(it) => runs::body(it.syntax(), world),
        Stmt::AlterFunction(it) => function(it.syntax(), None, world),
        _ => {}
    }
}

/// Records a type under both of its names.
fn is(name: &Name, facts: &TypeFacts, world: &mut World) {
    for name in [name.clone(), Name::unqualified(name.name.clone())] {
        world.types.insert(name, facts.clone());
    }
}

/// Records a type that the script itself makes.
fn makes(name: &Name, kind: char, constrained_domain: bool, labels: Vec<String>, world: &mut World) {
    let schema = world.schema_of(name).unwrap_or_default();
    is(name, &TypeFacts { constrained_domain, schema, labels, kind }, world);
    world.made_types.insert(name.name.clone());
    world.plan_types.insert(name.name.clone());
}

fn alter(alter: &ast::AlterType, world: &mut World) {
    let Some(name) = alter.type_name_ref().map(|name| name_of(name.syntax())) else { return };
    match alter.action() {
        // A composite type's change also changes the tables of that type.
        Some(AlterTypeAction::AlterTypeAttributeActionList(_)) => {
            world.unknown(Unknown::which("tables with a column of the type"));
        }
        Some(AlterTypeAction::RenameValue(it)) => relabeled(&name, it.syntax(), world),
        // From PostgreSQL 17 on, a transaction may use new values of a type that it has made itself.
        Some(AlterTypeAction::AddValue(it)) => {
            let is_there = |value: &String| world.type_facts(&name).is_some_and(|facts| facts.labels.contains(value));
            let value = it.literal().and_then(|value| literal(&text(value.syntax()))).filter(|value| !is_there(value));
            for facts in world.types_called(&name) {
                facts.labels.extend(value.clone());
            }
            if world.version < 170_000 || !world.made_types.contains(&name.name) {
                world.added_values.extend(value.map(|value| (name, value)));
            }
        }
        Some(AlterTypeAction::TypeRenameTo(it)) => {
            let to = it.syntax().descendants().find(|node| node.kind() == SyntaxKind::TYPE_NAME);
            renamed(&name, to.map(|to| name.renamed(identifier(&text(&to)))), world);
        }
        Some(AlterTypeAction::SetSchema(it)) => renamed(&name, moved(&name, it.syntax()), world),
        _ => {}
    }
}

/// Records RENAME VALUE.
fn relabeled(name: &Name, rename: &SyntaxNode, world: &mut World) {
    let [from, to] = &labels(rename)[..] else { return };
    for facts in world.types_called(name) {
        facts.labels.iter_mut().filter(|label| *label == from).for_each(|label| label.clone_from(to));
    }
}

/// Returns `name` in the schema that SET SCHEMA names.
fn moved(name: &Name, set: &SyntaxNode) -> Option<Name> {
    let schema = set.descendants().find(|node| node.kind() == SyntaxKind::SCHEMA_REF)?;
    Some(Name { schema: Some(identifier(&text(&schema))), name: name.name.clone() })
}

/// Records the new name `to` of a type.
fn renamed(name: &Name, to: Option<Name>, world: &mut World) {
    let Some((to, known)) = to.zip(world.type_facts(name)) else { return };
    world.remove_type(name);
    if world.made_types.contains(&name.name) {
        makes(&to, known.kind, known.constrained_domain, known.labels, world);
    } else {
        let schema = to.schema.clone().unwrap_or_else(|| known.schema.clone());
        is(&to, &TypeFacts { schema, ..known }, world);
    }
}

/// Infers the check of a domain's new constraint in every table that uses the domain. Only the server can list these.
fn domain(alter: &ast::AlterDomain, world: &mut World) {
    let Some(name) = alter.syntax().descendants().find(|node| node.kind() == SyntaxKind::DOMAIN_REF) else { return };
    let name = name_of(&name);
    let child = |kind| alter.syntax().children().find(|node| node.kind() == kind);
    if let Some(to) = child(SyntaxKind::DOMAIN_RENAME_TO) {
        let to = to.descendants().find(|node| node.kind() == SyntaxKind::DOMAIN);
        return renamed(&name, to.map(|to| name.renamed(identifier(&text(&to)))), world);
    }
    if let Some(set) = child(SyntaxKind::SET_SCHEMA) {
        return renamed(&name, moved(&name, &set), world);
    }
    let schema = world.schema_of(&name).unwrap_or_default();
    is(&name, &TypeFacts { constrained_domain: true, schema, labels: Vec::new(), kind: 'd' }, world);
    let checks = alter.syntax().descendants().any(|node| {
        matches!(node.kind(), SyntaxKind::ADD_CONSTRAINT | SyntaxKind::SET_NOT_NULL | SyntaxKind::VALIDATE_CONSTRAINT)
    });
    let later = alter.syntax().descendants().any(|node| node.kind() == SyntaxKind::NOT_VALID);
    if checks && !later && !world.made_types.contains(&name.name) {
        world.unknown(Unknown::which("tables with a column of the domain"));
    }
}

/// Records that a function of that name may do something else from now on. `made` is a new function whose arguments
/// differ from those of the existing ones.
fn function(statement: &SyntaxNode, made: Option<&Overload>, world: &mut World) {
    let named = statement
        .descendants()
        .find(|node| matches!(node.kind(), SyntaxKind::FUNCTION_NAME | SyntaxKind::FUNCTION_NAME_REF));
    let Some(name) = named.map(|node| name_of(&node)) else { return };
    for name in [name.clone(), Name::unqualified(name.name.clone())] {
        let unknown = Function { volatility: 'v', builtin: false, overloads: Vec::new() };
        let known = world.functions.entry(name).or_insert(unknown);
        (known.volatility, known.builtin) = ('v', false);
        known.overloads.extend(made.cloned());
    }
}

/// Returns what CREATE FUNCTION makes, if the types of its arguments are plain enough to recognise another function of
/// the same arguments.
fn overload(create: &ast::CreateFunction, world: &World) -> Option<Overload> {
    let name = name_of(create.name()?.syntax());
    let schema = name.schema.clone().or_else(|| world.schema_of(&name))?;
    let arguments = arguments(create)?;
    let is_same = |it: &Overload| it.schema == schema && it.arguments == arguments;
    let is_there = world.functions.get(&name).is_some_and(|function| function.overloads.iter().any(is_same));
    (!is_there).then_some(Overload { schema, arguments, returns: None, body: None })
}
