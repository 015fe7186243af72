//! What the server is known to refuse, by the text and the catalog, whatever the rows are.
//!
//! A statement is checked before it changes the world. If an earlier statement was not understood, nothing is
//! predicted: see [`World::fails`].

mod events;
mod functions;
mod missing;
mod objects;
mod since;
mod view;

use squawk_syntax::ast::{AstNode as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

pub(super) use functions::arguments;

use super::{is_of_rows, world::World};

/// Reports why the server will refuse `statement`, if it is known to.
pub(super) fn check(statement: &Stmt, world: &mut World) {
    let node = statement.syntax();
    // The statement may also make the objects that its parts name.
    if matches!(statement, Stmt::CreateSchema(it) if it.schema_elements().next().is_some()) {
        return;
    }
    if is_lenient(node) && objects::are_absent(statement, world) {
        world.absent();
    }
    let why = since::refused(node, world)
        .or_else(|| objects::refused(statement, world))
        .or_else(|| missing::refused(statement, world))
        .or_else(|| functions::refused(statement, world))
        .or_else(|| view::refused(statement, world))
        .or_else(|| events::refused(statement, world));
    if let Some(why) = why {
        world.fails(why);
    }
}

/// Records the changes of `statement` for the checks of later statements.
pub(super) fn remember(statement: &Stmt, world: &mut World) {
    objects::remember(statement, world);
    events::remember(statement, world);
    // SELECT INTO makes a table.
    let leaves_catalog = matches!(statement, Stmt::Set(_) | Stmt::CommentOn(_))
        || is_of_rows(statement) && !matches!(statement, Stmt::SelectInto(_));
    if !leaves_catalog {
        world.keep_names(statement.syntax());
    }
    if statement.syntax().descendants().any(|node| changes_rows(node.kind())) {
        world.has_changed_rows = true;
    }
}

/// Whether such a part of a statement changes rows or their values.
fn changes_rows(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::INSERT
            | SyntaxKind::UPDATE
            | SyntaxKind::DELETE
            | SyntaxKind::MERGE
            | SyntaxKind::TRUNCATE
            | SyntaxKind::COPY
            | SyntaxKind::DROP_TABLE
            | SyntaxKind::ATTACH_PARTITION
            | SyntaxKind::DETACH_PARTITION
            | SyntaxKind::SET_TYPE
            | SyntaxKind::SET_EXPRESSION
            | SyntaxKind::DROP_COLUMN
            | SyntaxKind::TABLE_RENAME_TO
            | SyntaxKind::RENAME_COLUMN
            | SyntaxKind::CREATE_TABLE_AS
            | SyntaxKind::INTO_CLAUSE
    )
}

/// Whether a statement says IF EXISTS or IF NOT EXISTS.
fn is_lenient(statement: &SyntaxNode) -> bool {
    let says = |kind| matches!(kind, SyntaxKind::IF_EXISTS | SyntaxKind::IF_NOT_EXISTS);
    statement.children().any(|child| says(child.kind()))
}

/// Whether a DROP says CASCADE.
fn cascades(statement: &SyntaxNode) -> bool {
    statement.children().any(|child| child.kind() == SyntaxKind::CASCADE)
}

/// Returns the nodes of this `kind` in `node`.
fn all(node: &SyntaxNode, kind: SyntaxKind) -> impl Iterator<Item = SyntaxNode> {
    node.descendants().filter(move |inner| inner.kind() == kind)
}
