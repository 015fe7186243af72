//! A rule, its context, and its finding.

use report::{Safer, Verdict};
use squawk_syntax::ast::{self, AlterTableAction, AstNode as _};

use crate::catalog::Relation;
use crate::effects::{Effects, World, name_of};
use crate::name::Name;
use crate::size::is_large;

/// A rule of ours.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// The subject of the rule, in one sentence.
    pub about: &'static str,
    /// The objects that the examples need. The table `big` is treated as if it had 50 million rows.
    pub setup: &'static str,
    /// A statement in which the rule finds something.
    pub bad: &'static str,
    /// Statements with the same result but without the finding; an empty line separates several migrations.
    pub good: &'static str,
    pub(super) judge: fn(&Context) -> Option<Found>,
}

/// The context of a statement.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own of the statement")]
pub(crate) struct Context<'a> {
    pub(crate) statement: &'a ast::Stmt,
    pub(crate) effects: &'a Effects,
    /// The database after the statement.
    pub(crate) world: &'a World,
    /// The tables that [`before`](super::before) returns.
    pub(crate) before: &'a [Relation],
    /// Whether the plan has changed rows before the statement.
    pub(crate) had_changed_rows: bool,
    /// Whether earlier statements of the same script have taken strong locks.
    pub(crate) earlier_locks: bool,
    /// Whether the statement runs outside of a transaction.
    pub(crate) is_standalone: bool,
    /// Whether its names may no longer stand for what the catalog was asked about.
    pub(crate) is_unclear: bool,
}

impl Context<'_> {
    /// Returns the subcommands of an ALTER TABLE, with the table's name as the script writes it.
    pub(crate) fn altered(&self) -> Option<(Name, Vec<AlterTableAction>)> {
        let ast::Stmt::AlterTable(alter) = self.statement else { return None };
        let table = alter.table_relation_name()?.table_name_ref()?;
        Some((name_of(table.syntax()), alter.actions().collect()))
    }

    /// Returns the table that the statement alters or indexes, in its state before the statement.
    pub(crate) fn target(&self) -> Option<&Relation> {
        self.before.first()
    }

    /// Whether a touched relation that existed before is so large that other sessions notice even a moment's lock.
    pub(crate) fn is_large(&self) -> bool {
        self.effects.of.iter().any(|effect| !effect.is_new && is_large(self.world.facts(effect)))
    }
}

/// The finding of a rule.
pub(crate) struct Found {
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
    pub(crate) safer: Option<Safer>,
}
