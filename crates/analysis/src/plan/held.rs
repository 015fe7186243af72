//! The locks that a transaction holds until its end, and for how long.

use std::collections::BTreeMap;

use report::{Blocking, Lock, Verdict};

use crate::effects::{Effects, World};
use crate::estimate::Time;
use crate::rules::blocks;
use crate::size::is_large;

/// The locks that the statements of a script have taken so far.
#[derive(Default)]
pub(super) struct Held {
    /// The locks that block other sessions, by relation.
    locks: BTreeMap<String, One>,
}

/// A lock, and the work that is done while it is held.
struct One {
    lock: Lock,
    is_large: bool,
    time: Time,
}

impl Held {
    /// Whether anything is locked against writers.
    pub(super) fn any(&self) -> bool {
        !self.locks.is_empty()
    }

    /// Adds the next statement of the script.
    pub(super) fn statement(&mut self, effects: &Effects, world: &World) {
        for effect in effects.of.iter().filter(|effect| blocks(effect, world)) {
            let is_large = is_large(world.facts(effect));
            let new = One { lock: effect.lock, is_large, time: Time::default() };
            let held = self.locks.entry(effect.relation.clone()).or_insert(new);
            held.lock = held.lock.max(effect.lock);
        }
        let time = Time::of(effects, world);
        self.locks.values_mut().for_each(|held| held.time.extend(&time));
    }

    /// Returns the worst lock, and how much it matters.
    pub(super) fn longest(&self) -> Option<(Verdict, Blocking)> {
        let verdict = |one: &One| one.time.verdict(one.is_large);
        // The first of equal ones.
        let (relation, one) =
            self.locks.iter().rev().max_by_key(|(_, one)| (verdict(one), one.time.how_long(), one.lock))?;
        let others = match self.locks.len() - 1 {
            0 => "is locked".to_owned(),
            1 => "and one more are locked".to_owned(),
            others => format!("and {others} more are locked"),
        };
        let basis = format!("{relation} {others}, and {}", one.time.basis(relation));
        let blocking = Blocking {
            readers: self.locks.values().any(|one| one.lock.blocks_reads()),
            writers: true,
            how_long: one.time.how_long(),
            basis,
        };
        Some((verdict(one), blocking))
    }
}
