//! Estimates how long something takes: an order of magnitude, with the figures that it is based on.

mod part;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use report::{Effect, Lock, Magnitude, Table, Verdict, Work, quantity};

use crate::effects::{Effects, Lookup, World};
use crate::size::is_large;
use part::Part;

/// How long something takes, as the work on each relation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Time {
    parts: Vec<Part>,
    /// Work that a CHECK may save.
    at_worst: Vec<Part>,
    /// Work of unknown length, as a clause.
    unknown: Option<String>,
}

impl Time {
    /// Returns how long `effects` take on relations with rows.
    pub(crate) fn of(effects: &Effects, world: &World) -> Self {
        let mut time = Self::default();
        // A table refers to all partitions of another table at once.
        let mut joined = BTreeSet::new();
        let has_rows = |effect: &Effect| !effect.is_new || world.facts(effect).is_some();
        for effect in effects.of.iter().filter(|effect| !effect.work.is_empty() && has_rows(effect)) {
            // The lookups say how often the table is read.
            if effect.work == [Work::Scan] && effects.only_looked.contains(&effect.relation) {
                continue;
            }
            let Some(facts) = world.facts(effect).filter(|facts| is_known(facts)) else {
                time.unknown = Some(format!("the size of {} is not known", effect.relation));
                continue;
            };
            // A lookup by key, once for each of a few rows.
            let by = effects.looked_up.get(&effect.relation).filter(|_| effect.work == [Work::Scan]);
            let by = by.map(|by| (by, world.facts_of_name(by)));
            if by.is_some_and(|(_, facts)| !is_large(facts)) {
                continue;
            }
            if let Some((by, Some(facts))) = by
                && joined.insert(by)
            {
                time.parts.push(part::joined(by, facts));
            }
            let parts = effect.work.iter().map(|work| match work {
                Work::Scan if effect.lock == Lock::RowExclusive => part::written(effect, effects, facts),
                Work::Scan => part::read(effect, facts),
                Work::IndexBuild => part::indexed(effect, effects, facts),
                Work::Rewrite => part::rewritten(effect, facts),
            });
            if effects.provable { time.at_worst.extend(parts) } else { time.parts.extend(parts) }
        }
        for lookup in &effects.lookups {
            time.extend(&Self::of_lookup(lookup, world));
        }
        if effects.untimed {
            time.unknown.get_or_insert_with(|| "its run time is not known".to_owned());
        }
        time
    }

    /// Returns how long it takes to follow one foreign key.
    pub(crate) fn of_lookup(lookup: &Lookup, world: &World) -> Self {
        let mut time = Self::default();
        if lookup.times == Some(0) {
            return time;
        }
        let Some(times) = lookup.times else {
            time.unknown = Some(format!("it is not known how many rows of {} change", lookup.refers_to));
            return time;
        };
        let relation = &lookup.relation;
        for read in &lookup.unindexed {
            match world.facts_of_name(read).filter(|facts| is_known(facts)) {
                Some(facts) => time.parts.push(part::scanned(read, times, facts)),
                // The plan has made it, and has not filled it from others.
                None if world.is_made(read) => {}
                None => time.unknown = Some(format!("the size of {read} is not known")),
            }
        }
        if lookup.indexed > 0 {
            time.parts.push(part::found(relation, times.saturating_mul(lookup.indexed)));
        }
        match lookup.written {
            Some(0) => {}
            Some(many) => {
                let goes = lookup.goes && lookup.action == 'c';
                time.parts.push(part::written_along(relation, goes, many, world.facts_of_name(relation)));
            }
            None => time.unknown = Some(format!("it is not known how many rows of {relation} are deleted too")),
        }
        time
    }

    /// Adds the time of `other`, which comes after this one.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.parts.extend(other.parts.iter().cloned());
        self.at_worst.extend(other.at_worst.iter().cloned());
        if self.unknown.is_none() {
            self.unknown.clone_from(&other.unknown);
        }
    }

    /// Returns the order of magnitude. If the known part is long already, that is returned even if another part is
    /// unknown.
    pub(crate) fn how_long(&self) -> Magnitude {
        let known = magnitude(self.milliseconds());
        let is_open = self.unknown.is_some() || magnitude(sum(&self.at_worst)) > Magnitude::Moment;
        if is_open && known < Magnitude::Minutes { Magnitude::Unknown } else { known }
    }

    /// Returns the known part, in milliseconds.
    pub(crate) fn milliseconds(&self) -> u64 {
        sum(&self.parts)
    }

    /// Returns the length, for a sentence.
    pub(crate) fn length(&self) -> String {
        match self.how_long() {
            Magnitude::Moment => "a moment".to_owned(),
            Magnitude::Unknown => "a time that is not known".to_owned(),
            Magnitude::Seconds | Magnitude::Minutes | Magnitude::Hours => {
                let bound = if self.unknown.is_some() { "at least" } else { "about" };
                format!("{bound} {}", in_words(self.milliseconds()))
            }
        }
    }

    /// Returns how much a wait of this length matters, for a table that `is_large` or for another one.
    pub(crate) fn verdict(&self, is_large: bool) -> Verdict {
        match self.how_long() {
            Magnitude::Moment => Verdict::Safe,
            Magnitude::Unknown if is_large && self.unknown.is_some() => Verdict::Danger,
            Magnitude::Seconds | Magnitude::Unknown => Verdict::Caution,
            Magnitude::Minutes | Magnitude::Hours => Verdict::Danger,
        }
    }

    /// Returns what the estimate is based on, as a clause. If all work is on `relation`, the clause does not name it
    /// again.
    pub(crate) fn basis(&self, relation: &str) -> String {
        let known = largest(&self.parts, relation);
        let at_worst = largest(&self.at_worst, relation).map(|largest| format!("at worst {largest}"));
        let parts: Vec<_> = [known, at_worst, self.unknown.clone()].into_iter().flatten().collect();
        if parts.is_empty() { "only the catalog changes".to_owned() } else { parts.join(", and ") }
    }
}

fn sum(parts: &[Part]) -> u64 {
    parts.iter().map(|part| part.milliseconds).fold(0, u64::saturating_add)
}

/// Returns the parts that make up most of the time, the largest first, and how many parts there are.
fn largest(parts: &[Part], relation: &str) -> Option<String> {
    let mut sorted: Vec<_> = parts.iter().rev().collect();
    sorted.sort_by_key(|part| Reverse(part.milliseconds));
    // A part matters from a quarter of the whole on.
    let matters = |part: &Part| part.milliseconds > 0 && part.milliseconds.saturating_mul(4) >= sum(parts);
    let (first, rest) = sorted.split_first()?;
    let told: Vec<_> = std::iter::once(*first).chain(rest.iter().copied().filter(|part| matters(part))).collect();
    let texts: Vec<_> = told.iter().map(|part| part.text(relation)).collect();
    let bytes = |part: &Part| part.bytes;
    let (all, said) = (parts.iter().map(bytes), told.into_iter().map(bytes));
    let (all, said) = (all.fold(0, u64::saturating_add), said.fold(0, u64::saturating_add));
    let text = texts.join(" and ");
    Some(if all > said { format!("{text}, {} in all", quantity::bytes(all)) } else { text })
}

/// Whether the table's size is known: a table that another session has locked, and that was never counted, has none.
fn is_known(facts: &Table) -> bool {
    facts.bytes > 0 || facts.rows.is_some()
}

/// Returns so many milliseconds in the unit that people use for such a time.
fn in_words(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1000);
    match seconds {
        0..100 => format!("{seconds} seconds"),
        100..6_000 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3600)),
    }
}

/// Returns the order of magnitude of so many milliseconds.
fn magnitude(milliseconds: u64) -> Magnitude {
    match milliseconds {
        0..1000 => Magnitude::Moment,
        1000..10_000 => Magnitude::Seconds,
        10_000..3_600_000 => Magnitude::Minutes,
        _ => Magnitude::Hours,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_told_in_the_unit_that_a_person_would_take() {
        let told = [1_500, 99_000, 840_000, 7_000_000].map(in_words);
        assert_eq!(told, ["2 seconds", "99 seconds", "14 minutes", "2 hours"]);
    }

    #[test]
    fn less_than_a_second_is_a_moment_and_an_hour_is_long() {
        let magnitudes = [0, 999, 1000, 60_000, 6_000_000].map(magnitude);
        let told = [Magnitude::Moment, Magnitude::Moment, Magnitude::Seconds, Magnitude::Minutes, Magnitude::Hours];
        assert_eq!(magnitudes, told);
    }
}
