//! Checks that are pending until the end of a transaction: until then they prevent changes to the table.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AlterTableAction, AstNode as _, Stmt};

use crate::catalog::Constraint;
use crate::effects::{Setting, data, name_of, names_table, settings, world::World};

pub(super) fn refused(statement: &Stmt, world: &World) -> Option<String> {
    let changed = match statement {
        Stmt::AlterTable(it) if !it.actions().all(|action| is_of_names(&action)) => {
            it.table_relation_name().and_then(|it| it.table_name_ref()).map(|it| vec![name_of(it.syntax())])
        }
        Stmt::Truncate(_) | Stmt::DropTable(_) => {
            Some(statement.syntax().descendants().filter(names_table).map(|node| name_of(&node)).collect())
        }
        _ => None,
    };
    let table = changed?.into_iter().map(|name| world.resolve(&name)).find(|name| world.pending.contains(name))?;
    Some(format!(
        "if the script has written a row of {table}, its foreign key is looked at when the transaction ends, and the table \
         cannot be changed before; put SET CONSTRAINTS ALL IMMEDIATE between them"
    ))
}

/// Whether an action changes only names, which the server does whatever checks are pending.
fn is_of_names(action: &AlterTableAction) -> bool {
    use AlterTableAction::{RenameColumn, RenameConstraint, SetSchema, TableRenameTo};
    matches!(action, RenameColumn(_) | RenameConstraint(_) | SetSchema(_) | TableRenameTo(_))
}

/// Records pending checks: of foreign keys of written rows.
pub(super) fn remember(statement: &Stmt, world: &mut World) {
    if let Stmt::SetConstraints(set) = statement {
        world.pending.clear();
        world.has_set_constraints = !is_all_deferred(set);
        return;
    }
    // Without triggers, no foreign key is checked.
    let silences = |setting: &Setting| setting.name.as_deref() == Some("session_replication_role");
    world.has_set_constraints |= settings(statement).iter().any(silences);
    let may_do_nothing = statement.syntax().children().any(|child| child.kind() == SyntaxKind::ON_CONFLICT_CLAUSE);
    if world.has_set_constraints || may_do_nothing {
        return;
    }
    let (table, columns) = match statement {
        Stmt::Insert(it) if it.syntax().children().any(|child| child.kind() == SyntaxKind::VALUES) => {
            (it.relation_name_ref().map(|name| name_of(name.syntax())), None)
        }
        Stmt::Update(it) => {
            let name = it.relation_name().and_then(|name| name.relation_name_ref());
            (name.map(|name| name_of(name.syntax())), Some(data::columns(it.syntax())))
        }
        _ => return,
    };
    let Some(name) = table.map(|table| world.resolve(&table)) else { return };
    let is_written =
        |it: &Constraint| columns.as_ref().is_none_or(|set| it.columns.iter().any(|column| set.contains(column)));
    let is_deferred = |it: &Constraint| it.kind == 'f' && it.deferred && is_written(it);
    let waits = world.relation(&name).is_some_and(|table| table.constraints.iter().any(is_deferred));
    // A condition on a key may find no row.
    let finds = columns.is_none() || world.has_changed(&name) && world.rows_of(&name) != Some(0);
    if waits && finds && world.is_as_before(&name.name) {
        world.pending.insert(name);
    }
}

fn is_all_deferred(set: &ast::SetConstraints) -> bool {
    let is_immediate = set.syntax().children().any(|child| child.kind() == SyntaxKind::IMMEDIATE);
    set.all_token().is_some() && !is_immediate
}
