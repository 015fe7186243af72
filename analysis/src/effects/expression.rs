//! Whether an expression has one value for all rows.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::named::callee;
use super::world::World;

/// How much an expression's value changes. The order is from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volatility {
    /// Always the same.
    Immutable,
    /// The same within one statement.
    Stable,
    /// Another for each row, or it cannot be known.
    Volatile,
}

/// The worst of what `node` calls.
pub(super) fn volatility(node: &SyntaxNode, world: &World) -> Volatility {
    let calls = node.descendants().filter(|inner| inner.kind() == SyntaxKind::CALL_EXPR);
    calls.map(|call| of_call(&call, world)).max().unwrap_or(Volatility::Immutable)
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
