//! Whom a statement keeps waiting, and how long.

use report::{Blocking, Effect, Lock, Verdict};

use super::keys::sentence;
use super::{Context, Found, Rule, is_large};
use crate::effects::{Effects, World};
use crate::estimate::Time;

/// The effect that keeps most waiting, for as long as the statement's work takes.
pub(crate) struct Blocked<'a> {
    effect: &'a Effect,
    /// The others that are locked as much.
    others: Vec<&'a str>,
    time: Time,
    /// Whether one of those that are locked is so large that many will mind.
    is_large: bool,
}

/// Whom `effects` keep waiting, of those who use what existed before; nothing, if nobody.
pub(crate) fn blocked<'a>(effects: &'a Effects, world: &World) -> Option<Blocked<'a>> {
    let locked: Vec<_> = effects.of.iter().filter(|effect| blocks(effect, world)).collect();
    // All that the statement does is done under the strongest of its locks.
    let size = |effect: &Effect| world.facts(effect).map_or(u64::MAX, |facts| facts.bytes);
    let effect = locked.iter().max_by_key(|effect| (effect.lock, size(effect)))?;
    let is_large = locked.iter().any(|effect| is_large(world.facts(effect)));
    let is_other = |other: &&&Effect| other.lock == effect.lock && other.relation != effect.relation;
    let others = locked.iter().filter(is_other).map(|other| other.relation.as_str()).collect();
    Some(Blocked { effect, others, time: Time::of(effects, world), is_large })
}

/// Whether somebody waits for that lock.
pub(crate) fn blocks(effect: &Effect, world: &World) -> bool {
    // Nobody writes a materialized view, but whoever refreshes it.
    let has_no_writers = || world.facts(effect).is_some_and(|facts| facts.kind == "materialized view");
    !effect.is_new && effect.lock.blocks_writes() && (effect.lock.blocks_reads() || !has_no_writers())
}

impl Blocked<'_> {
    /// How much it matters.
    pub(crate) fn verdict(&self) -> Verdict {
        self.time.verdict(self.is_large)
    }

    /// Who waits, for what and how long, as a sentence.
    pub(crate) fn sentence(&self) -> String {
        let who = if self.effect.lock.blocks_reads() { "Readers and writers" } else { "Writers" };
        let others = match &self.others[..] {
            [] => String::new(),
            [other] => format!(" and of {other}"),
            others => format!(" and of {} more", others.len()),
        };
        let (relation, length) = (&self.effect.relation, self.time.length());
        format!("{who} of {relation}{others} wait for {length}: {}", self.basis())
    }

    /// The same for the report.
    pub(crate) fn blocking(&self) -> Blocking {
        Blocking {
            readers: self.effect.lock.blocks_reads(),
            writers: true,
            how_long: self.time.how_long(),
            basis: self.basis(),
        }
    }

    fn basis(&self) -> String {
        self.time.basis(&self.effect.relation)
    }
}

/// `found` where the statement blocks for longer than a moment.
pub(super) fn where_long(context: &Context, safer: impl FnOnce() -> Option<report::Safer>) -> Option<Found> {
    let blocked = blocked(context.effects, context.world)?;
    let verdict = blocked.verdict();
    (verdict > Verdict::Safe).then(|| Found { verdict, text: blocked.sentence(), safer: safer() })
}

pub(super) const LONG_BLOCK: Rule = Rule {
    name: "long-block",
    about: "A statement that keeps readers or writers of a large table waiting, where no other rule knows a better way.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ADD COLUMN b integer CHECK (b > 0)",
    good: "ALTER TABLE big ADD COLUMN b integer",
    judge: |context| where_long(context, || None),
};

/// Who waits for a statement that keeps nobody from a whole table, as a sentence, and what is looked up for it.
pub(crate) fn harmless(effects: &Effects) -> String {
    let existing = || effects.of.iter().filter(|effect| !effect.is_new);
    let who = if effects.of.is_empty() {
        "It locks no table"
    } else if existing().next().is_none() {
        "It touches only what this plan makes"
    } else if existing().any(|effect| matches!(effect.lock, Lock::RowShare | Lock::RowExclusive)) {
        "Only who writes one of the same rows waits, until the script ends"
    } else if existing().any(|effect| effect.lock == Lock::ShareUpdateExclusive) {
        "Readers and writers go on; other changes of the table wait"
    } else {
        "It keeps nobody waiting"
    };
    // The others are there too, in the effects.
    effects.lookups.first().map_or_else(|| who.to_owned(), |lookup| format!("{who}; {}", sentence(lookup)))
}
