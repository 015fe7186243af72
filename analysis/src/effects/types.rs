//! Types and functions: whose values and results a later statement of the plan has to know.

use squawk_syntax::ast::{self, AlterTypeAction, AstNode as _, CreateTypeKind, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::session::literal;
use super::{Unknown, name_of, other, text, world::World};
use crate::catalog::{Function, Object, TypeFacts};
use crate::name::{Name, identifier};

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::CreateType(it) => {
            let Some(name) = it.type_name().map(|name| name_of(name.syntax())) else { return };
            match it.kind() {
                None | Some(CreateTypeKind::BaseType(_)) => {}
                Some(CreateTypeKind::EnumType(_)) => makes(&name, 'e', false, world),
                // It has functions of its name.
                Some(CreateTypeKind::RangeType(_)) => {
                    makes(&name, 'r', false, world);
                    world.doubts();
                }
                Some(_) => makes(&name, 'c', false, world),
            }
        }
        Stmt::AlterType(it) => alter(it, world),
        // What it comes of may have a constraint, too.
        Stmt::CreateDomain(it) => {
            let Some(name) = it.domain().map(|name| name_of(name.syntax())) else { return };
            makes(&name, 'd', true, world);
        }
        Stmt::AlterDomain(it) => domain(it, world),
        Stmt::CreateFunction(it) => {
            other::body(it.syntax(), world);
            function(it.syntax(), world);
        }
        Stmt::CreateProcedure(it) => other::body(it.syntax(), world),
        Stmt::AlterFunction(it) => function(it.syntax(), world),
        _ => {}
    }
}

/// A type is known under both of its names.
fn is(name: &Name, facts: &TypeFacts, world: &mut World) {
    for name in [name.clone(), Name::unqualified(name.name.clone())] {
        world.types.insert(name, facts.clone());
    }
}

/// The script makes the type itself.
fn makes(name: &Name, kind: char, constrained_domain: bool, world: &mut World) {
    let schema = world.schema_of(name).unwrap_or_default();
    is(name, &TypeFacts { constrained_domain, schema, kind }, world);
    world.made_types.insert(name.name.clone());
    world.plan_types.insert(name.name.clone());
}

fn alter(alter: &ast::AlterType, world: &mut World) {
    let Some(name) = alter.type_name_ref().map(|name| name_of(name.syntax())) else { return };
    match alter.action() {
        // A composite type's new shape reaches the tables that are of that type.
        Some(AlterTypeAction::AlterTypeAttributeActionList(_)) => {
            world.unknown(Unknown::which("tables with a column of the type"));
        }
        // From PostgreSQL 17 on, who made the type in the same transaction may use its new values there.
        Some(AlterTypeAction::AddValue(it)) if world.version < 170_000 || !world.made_types.contains(&name.name) => {
            let value = it.literal().and_then(|value| literal(&text(value.syntax())));
            world.added_values.extend(value);
        }
        Some(AlterTypeAction::TypeRenameTo(it)) => {
            let to = it.syntax().descendants().find(|node| node.kind() == SyntaxKind::TYPE_NAME);
            renamed(&name, to.map(|to| name.renamed(identifier(&text(&to)))), world);
        }
        Some(AlterTypeAction::SetSchema(it)) => renamed(&name, moved(&name, it.syntax()), world),
        _ => {}
    }
}

/// `name` in the schema that SET SCHEMA says.
fn moved(name: &Name, set: &SyntaxNode) -> Option<Name> {
    let schema = set.descendants().find(|node| node.kind() == SyntaxKind::SCHEMA_REF)?;
    Some(Name { schema: Some(identifier(&text(&schema))), name: name.name.clone() })
}

/// A type is called `to` from now on.
fn renamed(name: &Name, to: Option<Name>, world: &mut World) {
    let Some((to, known)) = to.zip(world.type_facts(name)) else { return };
    world.remove_type(name);
    world.rename_object(Object::Type, name, &to);
    if world.made_types.contains(&name.name) {
        makes(&to, known.kind, known.constrained_domain, world);
    } else {
        let schema = to.schema.clone().unwrap_or_else(|| known.schema.clone());
        is(&to, &TypeFacts { schema, ..known }, world);
    }
}

/// A domain's new constraint is checked in every table that uses it, which only the server can list.
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
    is(&name, &TypeFacts { constrained_domain: true, schema, kind: 'd' }, world);
    let checks = alter.syntax().descendants().any(|node| {
        matches!(node.kind(), SyntaxKind::ADD_CONSTRAINT | SyntaxKind::SET_NOT_NULL | SyntaxKind::VALIDATE_CONSTRAINT)
    });
    let later = alter.syntax().descendants().any(|node| node.kind() == SyntaxKind::NOT_VALID);
    if checks && !later && !world.made_types.contains(&name.name) {
        world.unknown(Unknown::which("tables with a column of the domain"));
    }
}

/// Whatever a function of that name did, it can do something else now.
fn function(statement: &SyntaxNode, world: &mut World) {
    let named = statement
        .descendants()
        .find(|node| matches!(node.kind(), SyntaxKind::FUNCTION_NAME | SyntaxKind::FUNCTION_NAME_REF));
    let Some(name) = named.map(|node| name_of(&node)) else { return };
    for name in [name.clone(), Name::unqualified(name.name.clone())] {
        world.functions.insert(name, Function { volatility: 'v', builtin: false, overloads: Vec::new() });
    }
}
