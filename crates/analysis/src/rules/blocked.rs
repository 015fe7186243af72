//! Finds which sessions a statement blocks, and for how long.

use report::{Blocking, Effect, Lock, Verdict};
use squawk_syntax::ast::{AlterTableAction, Constraint};

use super::keys::sentence;
use super::rule::{Context, Found, Rule};
use super::safer::safer;
use crate::catalog::RelationKind;
use crate::effects::{Effects, World};
use crate::estimate::Time;
use crate::size::is_large;

/// The effect that blocks most sessions, for as long as the statement's work takes.
pub(crate) struct Blocked<'a> {
    effect: &'a Effect,
    users: Users<'a>,
    /// The other relations that are locked in the same mode.
    others: Vec<&'a str>,
    time: Time,
    /// Whether one of the locked relations is so large that a lock on it affects many sessions.
    is_large: bool,
}

/// The sessions that use a locked relation.
#[derive(Clone, Copy)]
enum Users<'a> {
    All,
    /// A materialized view has no writers.
    Readers,
    /// Users of the index's table, if that is locked too.
    OfIndex(Option<&'a str>),
}

/// Returns whom `effects` block, among the users of what existed before; `None` if they block no session.
pub(crate) fn blocked<'a>(effects: &'a Effects, world: &World) -> Option<Blocked<'a>> {
    let locked: Vec<_> = effects.of.iter().filter(|effect| blocks(effect, world)).collect();
    // The whole statement holds the strongest of its locks.
    let size = |effect: &Effect| world.facts(effect).map_or(u64::MAX, |facts| facts.bytes);
    // An index is locked along with its table.
    let effect =
        locked.iter().max_by_key(|effect| (effect.lock, !is_kind(effect, RelationKind::Index, world), size(effect)))?;
    let is_large = locked.iter().any(|effect| is_large(world.facts(effect)));
    let tables = || locked.iter().filter(|effect| !is_kind(effect, RelationKind::Index, world));
    let users = if is_kind(effect, RelationKind::Index, world) {
        Users::OfIndex(tables().next().map(|table| table.relation.as_str()))
    } else if is_kind(effect, RelationKind::MaterializedView, world) {
        Users::Readers
    } else {
        Users::All
    };
    let is_other = |other: &&&Effect| other.lock == effect.lock && other.relation != effect.relation;
    let others = tables().filter(is_other).map(|other| other.relation.as_str()).collect();
    Some(Blocked { effect, users, others, time: Time::of(effects, world), is_large })
}

fn is_kind(effect: &Effect, kind: RelationKind, world: &World) -> bool {
    world.kind_of(&effect.relation) == Some(kind)
}

/// Whether the lock of this effect blocks readers or writers.
pub(crate) fn blocks(effect: &Effect, world: &World) -> bool {
    // Only REFRESH writes a materialized view.
    let has_writers = || !is_kind(effect, RelationKind::MaterializedView, world);
    !effect.is_new && effect.lock.blocks_writes() && (effect.lock.blocks_reads() || has_writers())
}

impl Blocked<'_> {
    /// Returns how much the block matters.
    pub(crate) fn verdict(&self) -> Verdict {
        self.time.verdict(self.is_large)
    }

    /// Returns who waits, for what and how long, as a sentence.
    pub(crate) fn sentence(&self) -> String {
        format!("{} wait for {}: {}", self.who(), self.time.length(), self.basis())
    }

    /// Returns who waits for a lock that is the statement's own purpose.
    pub(crate) fn sentence_of_lock(&self) -> String {
        format!("{} wait until the script ends", self.who())
    }

    fn who(&self) -> String {
        let others = match &self.others[..] {
            [] => String::new(),
            [other] => format!(" and of {other}"),
            others => format!(" and of {} more", others.len()),
        };
        let relation = &self.effect.relation;
        match (self.effect.lock.blocks_reads(), self.users) {
            (true, Users::All) => format!("Readers and writers of {relation}{others}"),
            (true, Users::Readers) => format!("Readers of {relation}{others}"),
            // PostgreSQL locks each index of a query's tables to plan the query.
            (true, Users::OfIndex(Some(table))) => format!("Writers of {table}, and nearly all its readers,"),
            (true, Users::OfIndex(None)) => format!("Queries that use the index {relation}{others}"),
            (false, _) => format!("Writers of {relation}{others}"),
        }
    }

    /// Returns who waits and how long, for the report.
    pub(crate) fn blocking(&self) -> Blocking {
        Blocking {
            readers: self.effect.lock.blocks_reads(),
            writers: !matches!(self.users, Users::Readers),
            how_long: self.time.how_long(),
            basis: self.basis(),
        }
    }

    fn basis(&self) -> String {
        self.time.basis(&self.effect.relation)
    }
}

/// Returns `found` where the statement blocks for longer than a moment.
pub(super) fn where_long(context: &Context, safer: impl FnOnce() -> Option<report::Safer>) -> Option<Found> {
    let blocked = blocked(context.effects, context.world)?;
    let verdict = blocked.verdict();
    (verdict > Verdict::Safe).then(|| Found { verdict, text: blocked.sentence(), safer: safer() })
}

/// Returns the way to add a new column's constraint later.
fn later(context: &Context) -> Option<report::Safer> {
    let (_, actions) = context.altered()?;
    let is_checked = |action: &AlterTableAction| match action {
        AlterTableAction::AddColumn(it) => it.constraints().any(|it| matches!(it, Constraint::CheckConstraint(_))),
        _ => false,
    };
    let way = "Add the column without its CHECK. Add that NOT VALID, and validate it in a later migration: reads and writes \
               continue";
    actions.iter().any(is_checked).then(|| safer(way, None))?
}

pub(super) const LONG_BLOCK: Rule = Rule {
    name: "long-block",
    about: "A statement that keeps readers or writers of a large table waiting, where no other rule knows a better way.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ADD COLUMN b integer CHECK (b > 0)",
    good: "ALTER TABLE big ADD COLUMN b integer",
    judge: |context| where_long(context, || later(context)),
};

/// Returns who waits for a statement that blocks no whole table, as a sentence, and what the statement looks up.
pub(crate) fn harmless(effects: &Effects) -> String {
    let existing = || effects.of.iter().filter(|effect| !effect.is_new);
    let who = if effects.of.is_empty() {
        "It locks no table"
    } else if existing().next().is_none() {
        "It touches only what this plan makes"
    } else if existing().any(|effect| matches!(effect.lock, Lock::RowShare | Lock::RowExclusive)) {
        "Only sessions that write one of the same rows wait, until the script ends"
    } else if existing().any(|effect| effect.lock == Lock::ShareUpdateExclusive) {
        "Readers and writers go on; other changes of the table wait"
    } else {
        "It keeps no other session waiting"
    };
    // The effects list the other lookups too.
    effects.lookups.first().map_or_else(|| who.to_owned(), |lookup| format!("{who}; {}", sentence(lookup)))
}
