//! A rule, what it looks at, and what it says.

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
    /// What it is about, in one sentence.
    pub about: &'static str,
    /// What has to be there for the examples. The table `big` is made out to have 50 million rows.
    pub setup: &'static str,
    /// What it finds.
    pub bad: &'static str,
    /// The same end without the finding; several migrations are separated by an empty line.
    pub good: &'static str,
    pub(super) judge: fn(&Context) -> Option<Found>,
}

/// What a rule looks at.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own of the statement")]
pub(crate) struct Context<'a> {
    pub(crate) statement: &'a ast::Stmt,
    pub(crate) effects: &'a Effects,
    /// The database behind the statement.
    pub(crate) world: &'a World,
    /// What [`before`](super::before) says.
    pub(crate) before: &'a [Relation],
    /// Whether the plan has changed rows before it.
    pub(crate) had_changed_rows: bool,
    /// Whether statements of the same script have taken strong locks before it.
    pub(crate) earlier_locks: bool,
    /// Whether it runs outside of a transaction.
    pub(crate) is_standalone: bool,
    /// Whether what it names is perhaps not what the catalog was asked about.
    pub(crate) is_unclear: bool,
}

impl Context<'_> {
    /// The subcommands of an ALTER TABLE, with the table's name as the script writes it.
    pub(crate) fn altered(&self) -> Option<(Name, Vec<AlterTableAction>)> {
        let ast::Stmt::AlterTable(alter) = self.statement else { return None };
        let table = alter.table_relation_name()?.table_name_ref()?;
        Some((name_of(table.syntax()), alter.actions().collect()))
    }

    /// The table that the statement alters or indexes, as it was before.
    pub(crate) fn target(&self) -> Option<&Relation> {
        self.before.first()
    }

    /// Whether anything that existed before and is touched is so large that a moment's lock is felt by other sessions.
    pub(crate) fn is_large(&self) -> bool {
        self.effects.of.iter().any(|effect| !effect.is_new && is_large(self.world.facts(effect)))
    }
}

/// What a rule says.
pub(crate) struct Found {
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
    pub(crate) safer: Option<Safer>,
}
