//! About how long something takes: an order of magnitude, with what it is based on.

use report::{Effect, Lock, Magnitude, Table, Work};

use crate::effects::{Effects, World};

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
    /// What there is no telling of, as a clause: a relation's name, or the statement itself.
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
    /// How long `effects` take on what existed before.
    pub(crate) fn of(effects: &Effects, world: &World) -> Self {
        let mut time = Self::default();
        for effect in effects.of.iter().filter(|effect| !effect.is_new && !effect.work.is_empty()) {
            match world.facts(effect).filter(|facts| is_known(facts)) {
                Some(facts) => {
                    let builds = effects.builds.get(&effect.relation).copied().unwrap_or(1);
                    time.parts.extend(effect.work.iter().map(|work| part(effect, *work, builds, facts)));
                }
                None => time.unknown = Some(format!("how large {} is cannot be told", effect.relation)),
            }
        }
        if effects.untimed {
            time.unknown.get_or_insert_with(|| "how long it runs cannot be told".to_owned());
        }
        time
    }

    /// This, and `other` behind it.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.parts.extend(other.parts.iter().cloned());
        if self.unknown.is_none() {
            self.unknown.clone_from(&other.unknown);
        }
    }

    fn milliseconds(&self) -> u64 {
        self.parts.iter().map(|part| part.milliseconds).fold(0, u64::saturating_add)
    }

    /// What is known is said where it is long already, whatever else there is.
    pub(crate) fn how_long(&self) -> Magnitude {
        match magnitude(self.milliseconds()) {
            short @ (Magnitude::Moment | Magnitude::Seconds) if self.unknown.is_none() => short,
            Magnitude::Moment | Magnitude::Seconds => Magnitude::Unknown,
            long => long,
        }
    }

    /// What that is based on, as a clause. Where all of it is work on `relation`, that is not said again.
    pub(crate) fn basis(&self, relation: &str) -> String {
        let mut parts: Vec<_> = self.parts.iter().collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.milliseconds));
        let known = parts.first().map(|first| {
            let of = if first.relation == relation { String::new() } else { format!(" of {}", first.relation) };
            let mut text = format!("{}{of} {} at about {} a second", size(first.bytes), first.doing, size(first.rate));
            if parts.len() > 1 {
                let all = parts.iter().map(|part| part.bytes).fold(0, u64::saturating_add);
                text = format!("{text}, {} in all", size(all));
            }
            text
        });
        match (known, &self.unknown) {
            (Some(known), Some(unknown)) => format!("{known}, at least: {unknown}"),
            (Some(known), None) => known,
            (None, Some(unknown)) => unknown.clone(),
            (None, None) => "the catalog alone is changed".to_owned(),
        }
    }
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

/// So many bytes, for people: two digits are enough.
pub fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut whole = bytes;
    let mut tenths = 0;
    let mut unit = 0;
    while whole >= 1024 && unit + 1 < units.len() {
        tenths = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit += 1;
    }
    let unit = units.get(unit).copied().unwrap_or_default();
    if whole < 10 && unit != "B" { format!("{whole}.{tenths} {unit}") } else { format!("{whole} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_at_a_glance() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (20 * MIB, "20 MiB"), (5 << 40, "5.0 TiB")]
        {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(size(u64::MAX), "16777215 TiB");
    }

    #[test]
    fn a_tenth_of_a_second_is_a_moment_and_ten_minutes_are_long() {
        let magnitudes = [0, 200, 60_000, 6_000_000].map(magnitude);
        assert_eq!(magnitudes, [Magnitude::Moment, Magnitude::Seconds, Magnitude::Minutes, Magnitude::Hours]);
    }
}
