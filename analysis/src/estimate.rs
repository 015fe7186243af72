//! About how long something takes: an order of magnitude, with what it is based on.

use report::{Effect, Lock, Magnitude, Table, Verdict, Work, quantity};

use crate::effects::{Effects, Lookup, World};
use crate::rules::is_large;

/// What a volume of the usual kind reads in a second: gp3's own 125 MB, rounded down.
const READ_PER_SECOND: u64 = 100 * MIB;

/// What is left of that where an index is sorted and written.
const INDEXED_PER_SECOND: u64 = 25 * MIB;

/// What is left of that where a table and all its indexes are written, or its rows one by one, and the log with them.
const WRITTEN_PER_SECOND: u64 = 20 * MIB;

/// How often a row is found by an index on a foreign key, a trigger's work included.
const LOOKED_UP_PER_SECOND: u64 = 20_000;

/// How many rows are written one by one, with their indexes and the log.
const ROWS_WRITTEN_PER_SECOND: u64 = 50_000;

const MIB: u64 = 1024 * 1024;

/// How long something takes, by the relations that it works on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Time {
    parts: Vec<Part>,
    /// What a CHECK may save.
    at_worst: Vec<Part>,
    /// What there is no telling of, as a clause.
    unknown: Option<String>,
}

/// The work on one relation.
#[derive(Debug, Clone)]
struct Part {
    relation: String,
    milliseconds: u64,
    /// How much is read or written in all.
    bytes: u64,
    /// What there is so much of: `40 GiB`, `up to 300 scans`.
    amount: String,
    /// What is done with it, and at what pace; it stands behind the relation's name.
    pace: String,
}

impl Time {
    /// How long `effects` take on what has rows.
    pub(crate) fn of(effects: &Effects, world: &World) -> Self {
        let mut time = Self::default();
        let has_rows = |effect: &Effect| !effect.is_new || world.facts(effect).is_some();
        for effect in effects.of.iter().filter(|effect| !effect.work.is_empty() && has_rows(effect)) {
            // How often that is, the look-ups say.
            if effect.work == [Work::Scan] && effects.only_looked.contains(&effect.relation) {
                continue;
            }
            let Some(facts) = world.facts(effect).filter(|facts| is_known(facts)) else {
                time.unknown = Some(format!("how large {} is cannot be told", effect.relation));
                continue;
            };
            // By its key, once for each of a few rows.
            let by = effects.looked_up.get(&effect.relation).filter(|_| effect.work == [Work::Scan]);
            if by.is_some_and(|by| !is_large(world.facts_of_name(by))) {
                continue;
            }
            let builds = effects.builds.get(&effect.relation).copied().unwrap_or(1);
            let parts = effect.work.iter().map(|work| part(effect, *work, builds, facts));
            if effects.provable { time.at_worst.extend(parts) } else { time.parts.extend(parts) }
        }
        for lookup in &effects.lookups {
            time.extend(&Self::of_lookup(lookup, world));
        }
        if effects.untimed {
            time.unknown.get_or_insert_with(|| "how long it runs cannot be told".to_owned());
        }
        time
    }

    /// How long it takes to follow one foreign key.
    pub(crate) fn of_lookup(lookup: &Lookup, world: &World) -> Self {
        let mut time = Self::default();
        if lookup.times == Some(0) {
            return time;
        }
        let Some(times) = lookup.times else {
            time.unknown = Some(format!("how many rows of {} change cannot be told", lookup.refers_to));
            return time;
        };
        let up_to = |many: u64| if many > 1 { format!("up to {}", quantity::about(many)) } else { "one".to_owned() };
        let named = |one: &str, many: u64| format!("{} {one}{}", up_to(many), if many > 1 { "s" } else { "" });
        let relation = &lookup.relation;
        for part in &lookup.unindexed {
            match world.facts_of_name(part).filter(|facts| is_known(facts)) {
                Some(facts) => time.parts.push(Part {
                    relation: part.clone(),
                    milliseconds: milliseconds(times.saturating_mul(facts.bytes), READ_PER_SECOND),
                    bytes: 0,
                    amount: named("scan", times),
                    pace: format!(
                        ", {} each, at about {} a second",
                        quantity::bytes(facts.bytes),
                        quantity::bytes(READ_PER_SECOND)
                    ),
                }),
                // The plan has made it, and it has no rows of others.
                None if world.is_made(part) => {}
                None => time.unknown = Some(format!("how large {part} is cannot be told")),
            }
        }
        let by_index = times.saturating_mul(lookup.indexed);
        if by_index > 0 {
            time.parts.push(Part {
                relation: relation.clone(),
                milliseconds: milliseconds(by_index, LOOKED_UP_PER_SECOND),
                bytes: 0,
                amount: named("look-up", by_index),
                pace: format!(" by an index at about {} a second", quantity::about(LOOKED_UP_PER_SECOND)),
            });
        }
        match lookup.written {
            Some(0) => {}
            Some(rows) => time.parts.push(Part {
                relation: relation.clone(),
                milliseconds: milliseconds(rows, ROWS_WRITTEN_PER_SECOND),
                bytes: 0,
                amount: named("row", rows),
                pace: format!(" to write at about {} a second", quantity::about(ROWS_WRITTEN_PER_SECOND)),
            }),
            None => time.unknown = Some(format!("how many rows of {relation} go with others cannot be told")),
        }
        time
    }

    /// This, and `other` behind it.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.parts.extend(other.parts.iter().cloned());
        self.at_worst.extend(other.at_worst.iter().cloned());
        if self.unknown.is_none() {
            self.unknown.clone_from(&other.unknown);
        }
    }

    /// What is known is said where it is long already, whatever else there is.
    pub(crate) fn how_long(&self) -> Magnitude {
        let known = magnitude(self.milliseconds());
        let is_open = self.unknown.is_some() || magnitude(sum(&self.at_worst)) > Magnitude::Moment;
        if is_open && known < Magnitude::Minutes { Magnitude::Unknown } else { known }
    }

    /// What is known of it, in milliseconds.
    pub(crate) fn milliseconds(&self) -> u64 {
        sum(&self.parts)
    }

    /// How much it matters to wait so long, for a table that `is_large` or for another.
    pub(crate) fn verdict(&self, is_large: bool) -> Verdict {
        match self.how_long() {
            Magnitude::Moment => Verdict::Safe,
            Magnitude::Unknown if is_large && self.unknown.is_some() => Verdict::Danger,
            Magnitude::Seconds | Magnitude::Unknown => Verdict::Caution,
            Magnitude::Minutes | Magnitude::Hours => Verdict::Danger,
        }
    }

    /// What that is based on, as a clause. Where all of it is work on `relation`, that is not said again.
    pub(crate) fn basis(&self, relation: &str) -> String {
        let known = largest(&self.parts, relation);
        let at_worst = largest(&self.at_worst, relation).map(|largest| format!("at worst {largest}"));
        let parts: Vec<_> = [known, at_worst, self.unknown.clone()].into_iter().flatten().collect();
        if parts.is_empty() { "the catalog alone is changed".to_owned() } else { parts.join(", and ") }
    }
}

fn sum(parts: &[Part]) -> u64 {
    parts.iter().map(|part| part.milliseconds).fold(0, u64::saturating_add)
}

/// The largest of `parts`, and how much there is in all.
fn largest(parts: &[Part], relation: &str) -> Option<String> {
    let first = parts.iter().rev().max_by_key(|part| part.milliseconds)?;
    let of = if first.relation == relation { String::new() } else { format!(" of {}", first.relation) };
    let text = format!("{}{of}{}", first.amount, first.pace);
    let all = parts.iter().map(|part| part.bytes).fold(0, u64::saturating_add);
    Some(if all > first.bytes { format!("{text}, {} in all", quantity::bytes(all)) } else { text })
}

/// Whether there is a size: a table that somebody has locked, and that nobody has counted, has none.
fn is_known(facts: &Table) -> bool {
    facts.bytes > 0 || facts.rows.is_some()
}

fn part(effect: &Effect, work: Work, builds: u64, facts: &Table) -> Part {
    let whole = facts.bytes.saturating_add(facts.index_bytes);
    let (doing, bytes, rate) = match work {
        // Rows are changed, and not only looked for.
        Work::Scan if effect.lock == Lock::RowExclusive => ("to write row by row", whole, WRITTEN_PER_SECOND),
        Work::Scan => ("to read", facts.bytes, READ_PER_SECOND),
        Work::IndexBuild => ("to index", facts.bytes.saturating_mul(builds), INDEXED_PER_SECOND),
        Work::Rewrite => ("to write anew", whole, WRITTEN_PER_SECOND),
    };
    Part {
        relation: effect.relation.clone(),
        milliseconds: milliseconds(bytes, rate),
        bytes,
        amount: quantity::bytes(bytes),
        pace: format!(" {doing} at about {} a second", quantity::bytes(rate)),
    }
}

/// How long so many take, at `rate` a second.
fn milliseconds(many: u64, rate: u64) -> u64 {
    u64::try_from(u128::from(many) * 1000 / u128::from(rate)).unwrap_or(u64::MAX)
}

/// The order of magnitude of so many milliseconds.
fn magnitude(milliseconds: u64) -> Magnitude {
    match milliseconds {
        0..1000 => Magnitude::Moment,
        1000..10_000 => Magnitude::Seconds,
        10_000..600_000 => Magnitude::Minutes,
        _ => Magnitude::Hours,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_a_second_is_a_moment_and_ten_minutes_are_long() {
        let magnitudes = [0, 999, 1000, 60_000, 6_000_000].map(magnitude);
        let told = [Magnitude::Moment, Magnitude::Moment, Magnitude::Seconds, Magnitude::Minutes, Magnitude::Hours];
        assert_eq!(magnitudes, told);
    }
}
