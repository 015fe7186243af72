//! Rules on sequences that give other numbers from now on.

use report::Verdict;
use squawk_syntax::ast::{AstNode as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::rule::{Context, Found, Rule};
use super::safer::safer;
use crate::effects::{World, callee, constant, is_of_rows, name_of};
use crate::name::Name;

pub(super) const NUMBERS_SET: Rule = Rule {
    name: "numbers-set",
    about: "setval() and RESTART change the next number of a sequence for every session. Where rows have that number, inserts \
            fail with a duplicate key; the script does not know the numbers that other sessions take meanwhile.",
    setup: "CREATE SEQUENCE numbers; CREATE TABLE big (id bigint)",
    bad: "SELECT setval('numbers', 1)",
    good: "SELECT nextval('numbers')",
    judge: |context| {
        let sequence = set(context)?;
        Some(Found {
            verdict: Verdict::Caution,
            text: format!(
                "{sequence} gives other numbers from now on. If a row has such a number already, or another session takes \
                 one meanwhile, an INSERT fails with a duplicate key"
            ),
            safer: safer("Set it higher than every number that is in use", None),
        })
    },
};

/// Returns a sequence that existed before and whose next number is set, as the beginning of a sentence.
fn set(context: &Context) -> Option<String> {
    let node = context.statement.syntax();
    match context.statement {
        Stmt::AlterSequence(_) => {
            let restarts = node.descendants().any(|part| part.kind() == SyntaxKind::OPTION_RESTART);
            let sequence = node.descendants().find(|part| part.kind() == SyntaxKind::SEQUENCE_REF)?;
            told(&name_of(&sequence), context.world).filter(|_| restarts)
        }
        Stmt::AlterTable(_) => {
            let (table, _) = context.altered()?;
            let restarts = node.descendants().any(|part| part.kind() == SyntaxKind::RESTART);
            (restarts && !context.world.is_new(&table)).then(|| format!("A column of {table}"))
        }
        statement if matches!(statement, Stmt::CreateTableAs(_)) || is_of_rows(statement) => {
            let calls = node.descendants().filter(|part| part.kind() == SyntaxKind::CALL_EXPR);
            let mut calls = calls.filter(|call| callee(call).is_some_and(|name| name.name == "setval"));
            calls.find_map(|call| called(&call, context.world))
        }
        _ => None,
    }
}

/// Returns the text on the sequence that a call of setval names, unless the plan makes the sequence.
fn called(setval: &SyntaxNode, world: &World) -> Option<String> {
    let argument = setval.descendants().find(|part| part.kind() == SyntaxKind::ARG)?;
    if let Some(name) = constant(&argument) {
        return told(&Name::parse(&name), world);
    }
    let inner = argument.descendants().find(|part| part.kind() == SyntaxKind::CALL_EXPR);
    let is_serial = |call: &SyntaxNode| callee(call).is_some_and(|name| name.name == "pg_get_serial_sequence");
    let table = inner.filter(is_serial).and_then(|call| {
        let of = call.descendants().find(|part| part.kind() == SyntaxKind::ARG)?;
        Some(Name::parse(&constant(&of)?))
    });
    match table {
        Some(table) => (!world.is_new(&table)).then(|| format!("A column of {table}")),
        None => Some("A sequence".to_owned()),
    }
}

/// Returns the text on the sequence `name`, unless the plan makes it.
fn told(name: &Name, world: &World) -> Option<String> {
    // The sequence of a column is named after its table.
    let mut tables =
        name.name.match_indices('_').map(|(at, _)| Name { name: name.name[..at].to_owned(), ..name.clone() });
    let is_of_new = name.name.ends_with("_seq") && tables.any(|table| world.is_new(&table));
    (!is_of_new && !world.is_new(name)).then(|| name.to_string())
}
