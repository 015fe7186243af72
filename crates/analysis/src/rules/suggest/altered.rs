//! An ALTER TABLE of a table that is known.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AlterTableAction, AstNode as _};

use super::plain;
use super::text::has_escaped_name;
use crate::catalog::{Relation, RelationKind};
use crate::effects::{World, name_of};
use crate::name::Name;
use crate::rules::rule::Context;

/// An ALTER TABLE, and the table in its state before.
pub(in crate::rules) struct Altered<'a> {
    pub(in crate::rules) context: &'a Context<'a>,
    pub(in crate::rules) before: &'a Relation,
    /// The table, as the script writes it.
    pub(in crate::rules) table: Name,
    pub(in crate::rules) actions: Vec<AlterTableAction>,
    /// The text before the actions: `ALTER TABLE IF EXISTS ONLY orders`.
    pub(in crate::rules) head: String,
    pub(super) if_exists: bool,
}

impl<'a> Altered<'a> {
    /// Returns `None` if it is another statement, if it does not alter a table, if it leaves children of the table
    /// alone, or if its names cannot be read.
    pub(in crate::rules) fn of(context: &'a Context<'a>) -> Option<Self> {
        let ast::Stmt::AlterTable(alter) = context.statement else { return None };
        let before = context.target()?;
        let target = alter.table_relation_name()?;
        let leaves_some = target.only_token().is_some() && !before.descendants.is_empty();
        let is_table = matches!(before.kind, RelationKind::Table | RelationKind::Partitioned);
        if !is_table || leaves_some || has_escaped_name(alter.syntax()) {
            return None;
        }
        let if_exists = alter.if_exists().is_some();
        let condition = if if_exists { "IF EXISTS " } else { "" };
        Some(Self {
            context,
            before,
            table: name_of(target.table_name_ref()?.syntax()),
            actions: alter.actions().collect(),
            head: format!("ALTER TABLE {condition}{}", plain(target.syntax())),
            if_exists,
        })
    }

    pub(in crate::rules) fn is_partitioned(&self) -> bool {
        self.before.kind == RelationKind::Partitioned
    }

    /// Returns the action, if there is only one.
    pub(in crate::rules) fn only_action(&self) -> Option<&AlterTableAction> {
        match &self.actions[..] {
            [action] => Some(action),
            _ => None,
        }
    }
}

/// Whether a new column of this type is checked in every row, even if the column has no value.
pub(in crate::rules) fn is_domain_with_constraint(of_type: &ast::Type, world: &World) -> bool {
    let names = of_type.syntax().descendants().filter(|node| node.kind() == SyntaxKind::PATH_REF);
    names.map(|name| name_of(&name)).any(|name| world.types.get(&name).is_some_and(|facts| facts.constrained_domain))
}
