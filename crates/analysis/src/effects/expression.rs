//! Decides whether an expression has one value for all rows, and whether it does more than return a value.

use std::collections::BTreeSet;

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::named::callee;
use super::world::World;
use crate::catalog::Function;
use crate::name::Name;

/// How an expression's value can change. The order is from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volatility {
    /// It is always the same.
    Immutable,
    /// It is the same within one statement.
    Stable,
    /// It is different for each row, or this is not known.
    Volatile,
}

/// Returns the worst volatility of the functions that `node` calls.
pub(crate) fn volatility(node: &SyntaxNode, world: &World) -> Volatility {
    calls(node).map(|call| of_call(&call, world)).max().unwrap_or(Volatility::Immutable)
}

fn calls(node: &SyntaxNode) -> impl Iterator<Item = SyntaxNode> {
    node.descendants().filter(|inner| inner.kind() == SyntaxKind::CALL_EXPR)
}

fn of_call(call: &SyntaxNode, world: &World) -> Volatility {
    // EXTRACT, SUBSTRING, TRIM and the like have a syntax of their own, and are immutable or stable.
    let Some(name) = callee(call) else { return Volatility::Stable };
    match world.functions.get(&name).map(|function| function.volatility) {
        Some('i') => Volatility::Immutable,
        Some('s') => Volatility::Stable,
        _ => Volatility::Volatile,
    }
}

/// PostgreSQL's own volatile functions that affect no other session, except by taking a sequence's next value.
const HARMLESS: [&str; 15] = [
    "clock_timestamp",
    "currval",
    "gen_random_uuid",
    "lastval",
    "nextval",
    "pg_notify",
    "random",
    "random_normal",
    "set_config",
    "setseed",
    "setval",
    "timeofday",
    "txid_current",
    "uuidv4",
    "uuidv7",
];

/// Harmless volatile functions of widely used extensions: uuid-ossp and pgcrypto.
const WELL_KNOWN: [&str; 5] =
    ["gen_random_bytes", "gen_random_uuid", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4"];

/// Returns the functions that `node` calls and that can do more than return a value, once each.
pub(super) fn acting(node: &SyntaxNode, world: &World) -> BTreeSet<Name> {
    let acts = |name: &Name| match world.functions.get(name) {
        Some(Function { volatility: 'i' | 's', .. }) => false,
        Some(Function { builtin: true, .. }) => !HARMLESS.contains(&name.name.as_str()),
        _ => !WELL_KNOWN.contains(&name.name.as_str()),
    };
    calls(node).filter_map(|call| callee(&call)).filter(acts).collect()
}

/// Whether `node` generates rows: no table's size tells how many.
pub(super) fn generates(node: &SyntaxNode) -> bool {
    let is_source =
        |node: SyntaxNode| matches!(node.kind(), SyntaxKind::FUNCTION_FROM_ITEM | SyntaxKind::ROWS_FROM_ITEM);
    let is_series = |name: Name| name.name.starts_with("generate_");
    let is_recursive = node.descendants_with_tokens().any(|element| element.kind() == SyntaxKind::RECURSIVE_KW);
    is_recursive || node.descendants().any(is_source) || calls(node).filter_map(|call| callee(&call)).any(is_series)
}
