//! What is looked at when a transaction ends stands in the way of a table's change until then.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode as _, Stmt};

use super::all;
use crate::catalog::Constraint;
use crate::effects::{What, name_of, names_table, world::World};
use crate::name::Name;

pub(super) fn refused(statement: &Stmt, world: &World) -> Option<String> {
    let changed = match statement {
        Stmt::AlterTable(it) => {
            it.table_relation_name().and_then(|it| it.table_name_ref()).map(|it| vec![name_of(it.syntax())])
        }
        Stmt::Truncate(_) | Stmt::DropTable(_) => {
            Some(statement.syntax().descendants().filter(names_table).map(|node| name_of(&node)).collect())
        }
        _ => None,
    };
    let table = changed?.into_iter().map(|name| world.resolve(&name)).find(|name| world.pending.contains(name))?;
    Some(format!(
        "a constraint on rows of {table} that the script has changed is deferred to the end of the transaction, and the \
         table cannot be changed before; put SET CONSTRAINTS ALL IMMEDIATE between them"
    ))
}

/// Keeps in mind what is looked at later.
pub(super) fn remember(statement: &Stmt, world: &mut World) {
    if let Stmt::SetConstraints(set) = statement {
        if is_immediate(set) {
            world.pending.clear();
        }
        return;
    }
    // Rows that refer to others: where they are written, and where what they refer to goes.
    let inserts = all(statement.syntax(), SyntaxKind::INSERT).filter_map(ast::Insert::cast);
    let inserted: Vec<Name> = inserts
        .filter_map(|insert| insert.relation_name_ref())
        .map(|name| world.resolve(&name_of(name.syntax())))
        .collect();
    let changed: Vec<Name> = world.changed().filter(|(_, what)| changes_rows(what)).map(|(name, _)| name).collect();
    for name in inserted.into_iter().chain(changed) {
        let is_deferred = |it: &Constraint| it.kind == 'f' && it.deferred;
        let refers = world.relation(&name).is_some_and(|table| table.constraints.iter().any(is_deferred));
        let is_referred_to =
            || !world.referring(|it| is_deferred(it) && it.refers_to.as_ref() == Some(&name)).is_empty();
        if world.may_have_rows(&name) && (refers || is_referred_to()) {
            world.pending.insert(name);
        }
    }
}

fn changes_rows(what: &What) -> bool {
    !matches!(what, What::Drop | What::DropColumn(_) | What::Truncate | What::LockRows)
}

fn is_immediate(set: &ast::SetConstraints) -> bool {
    set.syntax().children().any(|child| child.kind() == SyntaxKind::IMMEDIATE)
}
