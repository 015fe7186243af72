//! About how long something takes: an order of magnitude, with what it is based on.

use report::{Effect, Lock, Magnitude, Table, Verdict, Work, quantity};

use crate::effects::{Effects, World};
use crate::rules::is_large;

/// What a volume of the usual kind reads in a second: gp3's own 125 MB, rounded down.
const READ_PER_SECOND: u64 = 100 * MIB;

/// What is left of that where an index is sorted and written.
const INDEXED_PER_SECOND: u64 = 25 * MIB;

/// What is left of that where a table and all its indexes are written, or its rows one by one, and the log with them.
const WRITTEN_PER_SECOND: u64 = 20 * MIB;

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
    bytes: u64,
    doing: &'static str,
    rate: u64,
}

impl Time {
    /// How long `effects` take on what has rows.
    pub(crate) fn of(effects: &Effects, world: &World) -> Self {
        let mut time = Self::default();
        let has_rows = |effect: &Effect| !effect.is_new || world.facts(effect).is_some();
        for effect in effects.of.iter().filter(|effect| !effect.work.is_empty() && has_rows(effect)) {
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
        if effects.untimed {
            time.unknown.get_or_insert_with(|| "how long it runs cannot be told".to_owned());
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
        let known = long(&self.parts);
        let is_open = self.unknown.is_some() || long(&self.at_worst) > Magnitude::Moment;
        if is_open && known < Magnitude::Minutes { Magnitude::Unknown } else { known }
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
        let known = sum(&self.parts, relation);
        let at_worst = sum(&self.at_worst, relation).map(|sum| format!("at worst {sum}"));
        let parts: Vec<_> = [known, at_worst, self.unknown.clone()].into_iter().flatten().collect();
        if parts.is_empty() { "the catalog alone is changed".to_owned() } else { parts.join(", and ") }
    }
}

fn long(parts: &[Part]) -> Magnitude {
    magnitude(parts.iter().map(|part| part.milliseconds).fold(0, u64::saturating_add))
}

/// The largest of `parts`, and how much there is in all.
fn sum(parts: &[Part], relation: &str) -> Option<String> {
    let first = parts.iter().rev().max_by_key(|part| part.milliseconds)?;
    let of = if first.relation == relation { String::new() } else { format!(" of {}", first.relation) };
    let (bytes, rate) = (quantity::bytes(first.bytes), quantity::bytes(first.rate));
    let text = format!("{bytes}{of} {} at about {rate} a second", first.doing);
    let all = parts.iter().map(|part| part.bytes).fold(0, u64::saturating_add);
    Some(if parts.len() > 1 { format!("{text}, {} in all", quantity::bytes(all)) } else { text })
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
    let milliseconds = bytes.saturating_mul(1000) / rate;
    Part { relation: effect.relation.clone(), milliseconds, bytes, doing, rate }
}

/// The order of magnitude of so many milliseconds.
fn magnitude(milliseconds: u64) -> Magnitude {
    match milliseconds {
        0..100 => Magnitude::Moment,
        100..10_000 => Magnitude::Seconds,
        10_000..600_000 => Magnitude::Minutes,
        _ => Magnitude::Hours,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_a_second_is_a_moment_and_ten_minutes_are_long() {
        let magnitudes = [0, 200, 60_000, 6_000_000].map(magnitude);
        assert_eq!(magnitudes, [Magnitude::Moment, Magnitude::Seconds, Magnitude::Minutes, Magnitude::Hours]);
    }
}
