//! About how long something takes: an order of magnitude, with what it is based on.

use report::{Magnitude, Table, Work};

/// What a volume of the usual kind reads in a second: gp3's own 125 MB, rounded down.
const READ_PER_SECOND: u64 = 100 * MIB;

/// What is left of that where an index is sorted and written.
const INDEXED_PER_SECOND: u64 = 25 * MIB;

/// What is left of that where a table and all its indexes are written, and the log with them.
const WRITTEN_PER_SECOND: u64 = 20 * MIB;

const MIB: u64 = 1024 * 1024;

/// About how many milliseconds `work` takes on a table that is as `facts` say, and why.
pub(crate) fn milliseconds(work: &[Work], facts: &Table) -> (u64, String) {
    let (what, bytes, rate) = match work.iter().max() {
        None => return (0, "the catalog alone is changed".to_owned()),
        Some(Work::Scan) => ("to read", facts.bytes, READ_PER_SECOND),
        Some(Work::IndexBuild) => ("to index", facts.bytes, INDEXED_PER_SECOND),
        Some(Work::Rewrite) => ("to write anew", facts.bytes.saturating_add(facts.index_bytes), WRITTEN_PER_SECOND),
    };
    (bytes.saturating_mul(1000) / rate, format!("{} {what} at about {} a second", size(bytes), size(rate)))
}

/// The order of magnitude of so many milliseconds.
pub(crate) fn magnitude(milliseconds: u64) -> Magnitude {
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
