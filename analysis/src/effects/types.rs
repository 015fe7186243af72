//! Types and functions: whose values and results a later statement of the plan has to know.

use squawk_syntax::ast::{self, AlterTypeAction, AstNode as _, CreateTypeKind, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::session::literal;
use super::{name_of, other, text, world::World};
use crate::catalog::{Function, TypeFacts};
use crate::name::{Name, identifier};

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::CreateType(it) => {
            let Some(name) = it.type_name().map(|name| name_of(name.syntax())) else { return };
            if !matches!(it.kind(), None | Some(CreateTypeKind::BaseType(_))) {
                makes(&name, false, world);
            }
        }
        Stmt::AlterType(it) => alter(it, world),
        // What it comes of may have a constraint, too.
        Stmt::CreateDomain(it) => {
            let Some(name) = it.domain().map(|name| name_of(name.syntax())) else { return };
            makes(&name, true, world);
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
fn is(name: &Name, constrained_domain: bool, world: &mut World) {
    for name in [name.clone(), Name::unqualified(name.name.clone())] {
        world.types.insert(name, TypeFacts { constrained_domain });
    }
}

/// The script makes the type itself.
fn makes(name: &Name, constrained_domain: bool, world: &mut World) {
    is(name, constrained_domain, world);
    world.made_types.insert(name.name.clone());
    world.plan_types.insert(name.name.clone());
}

fn alter(alter: &ast::AlterType, world: &mut World) {
    let Some(name) = alter.type_name_ref().map(|name| name_of(name.syntax())) else { return };
    match alter.action() {
        // A composite type's new shape reaches the tables that are of that type.
        Some(AlterTypeAction::AlterTypeAttributeActionList(_)) => world.unknown(),
        // Who made the type in the same transaction may use its new values there.
        Some(AlterTypeAction::AddValue(it)) if !world.made_types.contains(&name.name) => {
            let value = it.literal().and_then(|value| literal(&text(value.syntax())));
            world.added_values.extend(value);
        }
        Some(AlterTypeAction::TypeRenameTo(it)) => {
            let to = it.syntax().descendants().find(|node| node.kind() == SyntaxKind::TYPE_NAME);
            let known = world.types.get(&name).cloned();
            if let (Some(to), Some(known)) = (to, known) {
                let to = name.renamed(identifier(&text(&to)));
                if world.made_types.contains(&name.name) {
                    makes(&to, known.constrained_domain, world);
                } else {
                    is(&to, known.constrained_domain, world);
                }
            }
        }
        _ => {}
    }
}

/// A domain's new constraint is checked in every table that uses it, which only the server can list.
fn domain(alter: &ast::AlterDomain, world: &mut World) {
    let Some(name) = alter.syntax().descendants().find(|node| node.kind() == SyntaxKind::DOMAIN_REF) else { return };
    let name = name_of(&name);
    is(&name, true, world);
    let checks = alter.syntax().descendants().any(|node| {
        matches!(node.kind(), SyntaxKind::ADD_CONSTRAINT | SyntaxKind::SET_NOT_NULL | SyntaxKind::VALIDATE_CONSTRAINT)
    });
    let later = alter.syntax().descendants().any(|node| node.kind() == SyntaxKind::NOT_VALID);
    if checks && !later && !world.made_types.contains(&name.name) {
        world.unknown();
    }
}

/// Whatever a function of that name did, it can do something else now.
fn function(statement: &SyntaxNode, world: &mut World) {
    let named = statement
        .descendants()
        .find(|node| matches!(node.kind(), SyntaxKind::FUNCTION_NAME | SyntaxKind::FUNCTION_NAME_REF));
    let Some(name) = named.map(|node| name_of(&node)) else { return };
    for name in [name.clone(), Name::unqualified(name.name.clone())] {
        world.functions.insert(name, Function { volatility: 'v', builtin: false });
    }
}
