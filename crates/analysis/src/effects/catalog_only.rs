//! Statements that change only the catalog, or little more: comments, privileges, publications, schemas, foreign
//! tables.

use report::Lock;
use squawk_syntax::ast::{self, AstNode as _, CommentObject, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::locks::{each, on};
use super::named::table_of_column;
use super::world::{Names, World};
use super::{Unknown, has, name_of, names_table};

/// Infers the effects of the statement, if it is of these kinds. Returns whether it is.
pub(super) fn effects(statement: &Stmt, world: &mut World) -> bool {
    match statement {
        Stmt::AlterForeignTable(it) => on(Some(it.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::DropForeignTable(it) => {
            for name in it.syntax().descendants().filter(names_table).map(|node| name_of(&node)).collect::<Vec<_>>() {
                world.lock(&name, Lock::AccessExclusive);
                world.remove(&name);
            }
        }
        Stmt::CommentOn(it) => comment(it, world),
        // From 18 on, the objects of a GRANT are locked too, as a reader locks them.
        Stmt::Grant(it) if world.version >= 180_000 => each(it.syntax(), Lock::AccessShare, world),
        Stmt::Revoke(it) if world.version >= 180_000 => each(it.syntax(), Lock::AccessShare, world),
        Stmt::CreatePublication(it) => each(it.syntax(), Lock::ShareUpdateExclusive, world),
        Stmt::AlterPublication(it) => each(it.syntax(), Lock::ShareUpdateExclusive, world),
        // CREATE SCHEMA with the objects that it is to contain.
        Stmt::CreateSchema(it) if it.syntax().children().any(|child| Stmt::can_cast(child.kind())) => {
            world.unknown(Unknown::statement());
        }
        Stmt::DropType(it) => {
            // Its name is free for a table then.
            for name in it.type_name_refs().map(|name| name_of(name.syntax())).collect::<Vec<_>>() {
                world.remove(&name);
            }
        }
        // From now on the objects in the schema have other names.
        Stmt::AlterSchema(it) if has(it.syntax(), SyntaxKind::RENAME_KW) => world.trusts(Names::Nothing),
        _ => return is_of_the_catalog_alone(statement),
    }
    true
}

/// Whether a statement changes only the catalog, or the session, and locks no table for it.
fn is_of_the_catalog_alone(statement: &Stmt) -> bool {
    matches!(
        statement,
        Stmt::AlterAggregate(_)
            | Stmt::AlterCollation(_)
            | Stmt::AlterConversion(_)
            | Stmt::AlterDatabase(_)
            | Stmt::AlterDefaultPrivileges(_)
            | Stmt::AlterEventTrigger(_)
            | Stmt::AlterForeignDataWrapper(_)
            | Stmt::AlterGroup(_)
            | Stmt::AlterLanguage(_)
            | Stmt::AlterLargeObject(_)
            | Stmt::AlterOperator(_)
            | Stmt::AlterOperatorClass(_)
            | Stmt::AlterOperatorFamily(_)
            | Stmt::AlterProcedure(_)
            | Stmt::AlterRole(_)
            | Stmt::AlterRoutine(_)
            | Stmt::AlterSchema(_)
            | Stmt::AlterServer(_)
            | Stmt::AlterTablespace(_)
            | Stmt::AlterTextSearchConfiguration(_)
            | Stmt::AlterTextSearchDictionary(_)
            | Stmt::AlterTextSearchParser(_)
            | Stmt::AlterTextSearchTemplate(_)
            | Stmt::AlterUser(_)
            | Stmt::AlterUserMapping(_)
            | Stmt::Begin(_)
            | Stmt::Close(_)
            | Stmt::Commit(_)
            | Stmt::CreateAccessMethod(_)
            | Stmt::CreateAggregate(_)
            | Stmt::CreateCast(_)
            | Stmt::CreateCollation(_)
            | Stmt::CreateConversion(_)
            | Stmt::CreateForeignDataWrapper(_)
            | Stmt::CreateForeignTable(_)
            | Stmt::CreateGroup(_)
            | Stmt::CreateLanguage(_)
            | Stmt::CreateOperator(_)
            | Stmt::CreateOperatorClass(_)
            | Stmt::CreateOperatorFamily(_)
            | Stmt::CreateRole(_)
            | Stmt::CreateSchema(_)
            | Stmt::CreateServer(_)
            | Stmt::CreateTextSearchConfiguration(_)
            | Stmt::CreateTextSearchDictionary(_)
            | Stmt::CreateTextSearchParser(_)
            | Stmt::CreateTextSearchTemplate(_)
            | Stmt::CreateTransform(_)
            | Stmt::CreateUser(_)
            | Stmt::CreateUserMapping(_)
            | Stmt::Deallocate(_)
            | Stmt::DropAccessMethod(_)
            | Stmt::DropAggregate(_)
            | Stmt::DropCast(_)
            | Stmt::DropCollation(_)
            | Stmt::DropConversion(_)
            | Stmt::DropDomain(_)
            | Stmt::DropEventTrigger(_)
            | Stmt::DropForeignDataWrapper(_)
            | Stmt::DropFunction(_)
            | Stmt::DropGroup(_)
            | Stmt::DropLanguage(_)
            | Stmt::DropOperator(_)
            | Stmt::DropOperatorClass(_)
            | Stmt::DropOperatorFamily(_)
            | Stmt::DropProcedure(_)
            | Stmt::DropPublication(_)
            | Stmt::DropRole(_)
            | Stmt::DropRoutine(_)
            | Stmt::DropSchema(_)
            | Stmt::DropServer(_)
            | Stmt::DropTextSearchConfig(_)
            | Stmt::DropTextSearchDict(_)
            | Stmt::DropTextSearchParser(_)
            | Stmt::DropTextSearchTemplate(_)
            | Stmt::DropTransform(_)
            | Stmt::DropUser(_)
            | Stmt::DropUserMapping(_)
            | Stmt::EmptyStmt(_)
            | Stmt::Grant(_)
            | Stmt::Listen(_)
            | Stmt::Notify(_)
            | Stmt::ReleaseSavepoint(_)
            | Stmt::ResetRole(_)
            | Stmt::ResetSessionAuth(_)
            | Stmt::Revoke(_)
            | Stmt::SavepointCreate(_)
            | Stmt::SecurityLabel(_)
            | Stmt::SetConstraints(_)
            | Stmt::SetRole(_)
            | Stmt::SetSessionAuth(_)
            | Stmt::SetTransaction(_)
            | Stmt::Show(_)
            | Stmt::Unlisten(_)
    )
}

fn comment(comment: &ast::CommentOn, world: &mut World) {
    let named = |node: &SyntaxNode, kinds: &[SyntaxKind]| {
        node.descendants().find(|inner| kinds.contains(&inner.kind())).map(|node| name_of(&node))
    };
    // For an object that belongs to a table, the table is only looked up.
    let lock = match comment.comment_object() {
        Some(
            CommentObject::ObjectConstraint(_)
            | CommentObject::ObjectTrigger(_)
            | CommentObject::ObjectRule(_)
            | CommentObject::ObjectPolicy(_),
        ) => Lock::AccessShare,
        _ => Lock::ShareUpdateExclusive,
    };
    let relation = match comment.comment_object() {
        Some(CommentObject::ObjectColumn(it)) => it
            .syntax()
            .descendants()
            .find(|node| node.kind() == SyntaxKind::QUALIFIED_COLUMN_NAME_REF)
            .and_then(|node| table_of_column(&node)),
        Some(object) => named(
            object.syntax(),
            &[
                SyntaxKind::TABLE_NAME_REF,
                SyntaxKind::RELATION_NAME_REF,
                SyntaxKind::VIEW_REF,
                SyntaxKind::INDEX_REF,
                SyntaxKind::SEQUENCE_REF,
            ],
        ),
        None => None,
    };
    if let Some(name) = relation
        && world.relation(&name).is_some()
    {
        world.lock(&name, lock);
    }
}
