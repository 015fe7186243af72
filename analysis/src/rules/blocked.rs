//! Whom a statement keeps waiting, and how long.

use report::{Effect, Magnitude, Verdict};

use super::{Context, Found, Rule};
use crate::effects::World;
use crate::estimate::{magnitude, milliseconds};

/// The effect that keeps others waiting longest.
pub(crate) struct Blocked<'a> {
    pub(crate) effect: &'a Effect,
    pub(crate) how_long: Magnitude,
    pub(crate) basis: String,
}

/// The longest that one of `effects` blocks readers or writers of what existed before; nothing, if none does.
pub(crate) fn blocked<'a>(effects: &'a [Effect], world: &World) -> Option<Blocked<'a>> {
    let blocking = effects.iter().filter(|effect| !effect.is_new && effect.lock.blocks_writes());
    let longest = blocking.map(|effect| {
        let Some(facts) = world.facts(effect) else {
            let how_long = if effect.work.is_empty() { Magnitude::Moment } else { Magnitude::Unknown };
            return Blocked { effect, how_long, basis: "its size is not known".to_owned() };
        };
        // Each work is done under the statement's locks, whichever table it is on.
        let (taken, basis) = milliseconds(&effect.work, facts);
        Blocked { effect, how_long: magnitude(taken), basis }
    });
    longest.max_by(|a, b| (a.how_long, a.effect.lock).cmp(&(b.how_long, b.effect.lock)))
}

impl Blocked<'_> {
    /// How much it matters.
    pub(crate) fn verdict(&self) -> Verdict {
        verdict(self.how_long)
    }

    /// Who waits, for what and how long, as a sentence.
    pub(crate) fn sentence(&self) -> String {
        let who = if self.effect.lock.blocks_reads() { "Readers and writers" } else { "Writers" };
        let for_long = match self.how_long {
            Magnitude::Moment => "a moment",
            Magnitude::Seconds => "some seconds",
            Magnitude::Minutes => "minutes",
            Magnitude::Hours => "hours",
            Magnitude::Unknown => "a time that cannot be told",
        };
        format!("{who} of {} wait for {for_long}: {}", self.effect.relation, self.basis)
    }
}

/// `found` where the statement blocks for longer than a moment.
pub(super) fn where_long(context: &Context, safer: impl FnOnce() -> Option<report::Safer>) -> Option<Found> {
    let blocked = blocked(&context.effects.of, context.world)?;
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

/// How much it matters to wait so long.
pub(crate) fn verdict(how_long: Magnitude) -> Verdict {
    match how_long {
        Magnitude::Moment => Verdict::Safe,
        Magnitude::Seconds | Magnitude::Unknown => Verdict::Caution,
        Magnitude::Minutes | Magnitude::Hours => Verdict::Danger,
    }
}
