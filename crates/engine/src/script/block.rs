//! The transactions of a script, as PostgreSQL would run them.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::strings::constants;
use super::transaction::modes;
use super::{Parsed, text};
use crate::name::Name;

pub(super) const SPLIT: &str = "Split the file: put what stands behind that COMMIT into a migration of its own";

/// The statements of one transaction.
pub(super) struct Block<'a> {
    /// The BEGIN that opens it, if that BEGIN has modes.
    pub(super) begin: Option<&'a Parsed>,
    /// Whether the BEGIN comes after other statements of the transaction.
    pub(super) begins_late: bool,
    pub(super) statements: Vec<&'a Parsed>,
    /// The position of its COMMIT, in bytes.
    pub(super) end: Option<usize>,
}

impl Block<'_> {
    /// Returns the statements, each with its line.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&SyntaxNode, usize)> {
        self.statements.iter().map(|statement| (&statement.node, statement.place.line))
    }

    /// Whether it may leave deferred constraints to be checked. A statement that is not known to leave rows alone may
    /// change some. An expression that a table's definition evaluates for its rows does not count.
    pub(super) fn changes_rows(&self) -> bool {
        let own = [SyntaxKind::SET_CONSTRAINTS, SyntaxKind::TRUNCATE];
        let definitions =
            [SyntaxKind::ALTER_TABLE, SyntaxKind::ALTER_TYPE, SyntaxKind::CREATE_INDEX, SyntaxKind::CREATE_TABLE];
        self.statements.iter().any(|Parsed { place, node, .. }| {
            own.contains(&node.kind()) || place.reads_rows && !definitions.contains(&node.kind())
        })
    }

    /// Whether it returns to a savepoint, or could.
    pub(super) fn has_savepoints(&self) -> bool {
        self.nodes().any(|(node, _)| SAVEPOINTS.contains(&node.kind()))
    }
}

pub(super) const SAVEPOINTS: [SyntaxKind; 3] =
    [SyntaxKind::SAVEPOINT_CREATE, SyntaxKind::ROLLBACK_TO_SAVEPOINT, SyntaxKind::RELEASE_SAVEPOINT];

/// Returns the transactions as PostgreSQL would run them: each ends with its COMMIT, and a BEGIN joins the statements
/// before it.
pub(super) fn blocks(statements: &[Parsed]) -> Vec<Block<'_>> {
    let empty = || Block { begin: None, begins_late: false, statements: Vec::new(), end: None };
    let mut blocks = Vec::new();
    let mut open = empty();
    for statement in statements {
        match statement.node.kind() {
            SyntaxKind::BEGIN => {
                open.begins_late = !open.statements.is_empty();
                open.begin = modes(&statement.node).is_some().then_some(statement);
            }
            SyntaxKind::COMMIT_TRANSACTION => {
                open.end = Some(statement.node.text_range().start().into());
                blocks.push(std::mem::replace(&mut open, empty()));
            }
            _ => open.statements.push(statement),
        }
    }
    blocks.push(open);
    blocks.retain(|block| !block.statements.is_empty() || block.begin.is_some());
    if blocks.is_empty() { vec![empty()] } else { blocks }
}

/// Returns the body of a DO block, or of a function that has one, in lower case, with one blank between words.
pub(super) fn body_of(node: &SyntaxNode) -> String {
    let body: String = constants(node).collect();
    body.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the calls of functions of this name, in any schema.
pub(super) fn calls<'a>(node: &'a SyntaxNode, function: &'a str) -> impl Iterator<Item = SyntaxNode> + 'a {
    node.descendants()
        .filter(|part| part.kind() == SyntaxKind::CALL_EXPR)
        .filter(move |call| call.first_child().is_some_and(|callee| Name::parse(&text(&callee)).name == function))
}
