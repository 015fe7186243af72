//! The work on one relation: how much there is, and how long it takes.

use report::{Effect, Table, quantity};

use crate::catalog::rows;
use crate::effects::{Effects, What};

// The assumed speeds: those of a small instance of RDS, with two cores and a volume of the usual kind (gp3). Each is at
// most half of what `python -m proofs.bench --estimates` measures on two busy cores with a fast disk. That command also
// puts a machine's own speeds in the place of these, and shows the error of the sums below: it has the same sums.

/// How many bytes are read in a second: gp3's own 125 MB, rounded down.
const READ_PER_SECOND: u64 = 100 * MIB;

/// How many bytes of a table are rewritten in a second: gp3's 125 MB are shared by reading, writing and the log.
const WRITTEN_PER_SECOND: u64 = 30 * MIB;

/// How many rows are sorted in a second, and written into an index of numbers, dates and the like.
const NARROW_PER_SECOND: u64 = 500_000;

/// How many rows are sorted in a second, and written into an index of texts. Texts are longer, and compared by the
/// rules of a language.
const WIDE_PER_SECOND: u64 = 100_000;

/// How many rows, and entries of indexes, are written one by one in a second, together with the log.
const ENTRIES_PER_SECOND: u64 = 100_000;

/// How many rows are marked as deleted in a second, which changes no index.
const DELETED_PER_SECOND: u64 = 200_000;

/// How many rows are joined with those to which they refer in a second, when a new foreign key is checked for all rows.
const JOINED_PER_SECOND: u64 = 500_000;

/// How many lookups by an index are done in a second for rows that refer to a deleted row, including the trigger's
/// work.
const LOOKED_UP_PER_SECOND: u64 = 20_000;

/// The approximate size of an entry in an index of a number, in bytes; it can be a little more.
const NARROW_ENTRY: u64 = 40;

const MIB: u64 = 1024 * 1024;

/// The work on one relation.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) relation: String,
    pub(super) milliseconds: u64,
    /// How much is read or written in all.
    pub(super) bytes: u64,
    /// The amount, in words: `40 GiB`, `up to 300 scans`.
    pub(super) amount: String,
    /// The kind of work and its pace; it follows the relation's name.
    pub(super) pace: String,
}

impl Part {
    /// Returns all of it as a clause, which names `relation` only if the work is on another one.
    pub(super) fn text(&self, relation: &str) -> String {
        let of = if self.relation == relation { String::new() } else { format!(" of {}", self.relation) };
        format!("{}{of}{}", self.amount, self.pace)
    }
}

/// Returns the work of reading every row.
pub(super) fn read(effect: &Effect, facts: &Table) -> Part {
    Part {
        relation: effect.relation.clone(),
        milliseconds: milliseconds(facts.bytes, READ_PER_SECOND),
        bytes: facts.bytes,
        amount: quantity::bytes(facts.bytes),
        pace: format!(" to read at about {} a second", quantity::bytes(READ_PER_SECOND)),
    }
}

/// Returns the work of joining the rows of `relation` with those to which they refer.
pub(super) fn joined(relation: &str, facts: &Table) -> Part {
    let many = rows(facts).unwrap_or(0);
    Part {
        relation: relation.to_owned(),
        milliseconds: milliseconds(many, JOINED_PER_SECOND),
        bytes: 0,
        amount: counted(many, "row"),
        pace: format!(" to check at about {} a second", quantity::about(JOINED_PER_SECOND)),
    }
}

/// Returns the work of writing or deleting rows one by one.
pub(super) fn written(effect: &Effect, effects: &Effects, facts: &Table) -> Part {
    let own = || effects.changes.iter().filter(|change| change.relation == effect.relation).map(|change| &change.what);
    let goes = own().next().is_some() && own().all(|what| matches!(what, What::Delete | What::DeleteAll));
    let (doing, rate) = if goes { ("delete", DELETED_PER_SECOND) } else { ("write", entries_per_second(facts)) };
    let many = rows(facts).unwrap_or(0);
    Part {
        relation: effect.relation.clone(),
        milliseconds: milliseconds(facts.bytes, READ_PER_SECOND).saturating_add(milliseconds(many, rate)),
        bytes: facts.bytes,
        amount: counted(many, "row"),
        pace: format!(" to {doing} at about {} a second", quantity::about(rate)),
    }
}

/// Returns how many rows of a table are written in a second, each with an entry in every index.
fn entries_per_second(facts: &Table) -> u64 {
    (ENTRIES_PER_SECOND / (1 + facts.indexes.len() as u64)).max(1)
}

/// Returns the work of building indexes: each reads every row, and sorts them.
pub(super) fn indexed(effect: &Effect, effects: &Effects, facts: &Table) -> Part {
    let builds = effects.builds.get(&effect.relation).copied().unwrap_or_default();
    let (times, many) = ((builds.narrow + builds.wide).max(1), rows(facts).unwrap_or(0));
    let bytes = facts.bytes.saturating_mul(times);
    let sorted = |builds, rate| milliseconds(many.saturating_mul(builds), rate);
    let sorted = sorted(builds.narrow, NARROW_PER_SECOND).saturating_add(sorted(builds.wide, WIDE_PER_SECOND));
    let rate = if builds.wide > 0 { WIDE_PER_SECOND } else { NARROW_PER_SECOND };
    Part {
        relation: effect.relation.clone(),
        milliseconds: milliseconds(bytes, READ_PER_SECOND).saturating_add(sorted),
        bytes,
        amount: counted(many.saturating_mul(times), "row"),
        pace: format!(" to index at about {} a second, and {} to read", quantity::about(rate), quantity::bytes(bytes)),
    }
}

/// Returns the work of rewriting a table and building its indexes.
pub(super) fn rewritten(effect: &Effect, facts: &Table) -> Part {
    let many = rows(facts).unwrap_or(0);
    let is_narrow = |bytes: u64| bytes <= many.saturating_mul(NARROW_ENTRY);
    let sorted = |bytes| milliseconds(many, if is_narrow(bytes) { NARROW_PER_SECOND } else { WIDE_PER_SECOND });
    let building = facts.indexes.iter().map(|index| sorted(index.bytes)).fold(0, u64::saturating_add);
    let indexes = match facts.indexes.len() {
        0 => String::new(),
        1 => ", and an index to build".to_owned(),
        many => format!(", and {many} indexes to build"),
    };
    Part {
        relation: effect.relation.clone(),
        milliseconds: milliseconds(facts.bytes, WRITTEN_PER_SECOND).saturating_add(building),
        bytes: facts.bytes,
        amount: quantity::bytes(facts.bytes),
        pace: format!(" to rewrite at about {} a second{indexes}", quantity::bytes(WRITTEN_PER_SECOND)),
    }
}

/// Returns the work of reading all of `relation` so many times.
pub(super) fn scanned(relation: &str, times: u64, facts: &Table) -> Part {
    let (each, rate) = (quantity::bytes(facts.bytes), quantity::bytes(READ_PER_SECOND));
    Part {
        relation: relation.to_owned(),
        milliseconds: milliseconds(times.saturating_mul(facts.bytes), READ_PER_SECOND),
        bytes: 0,
        amount: up_to(times, "scan"),
        pace: format!(", {each} each, at about {rate} a second"),
    }
}

/// Returns the work of looking up rows of `relation` by an index so many times.
pub(super) fn found(relation: &str, times: u64) -> Part {
    Part {
        relation: relation.to_owned(),
        milliseconds: milliseconds(times, LOOKED_UP_PER_SECOND),
        bytes: 0,
        amount: up_to(times, "look-up"),
        pace: format!(" by an index at about {} a second", quantity::about(LOOKED_UP_PER_SECOND)),
    }
}

/// Returns the work of deleting or writing so many rows of `relation` because of others to which they refer.
pub(super) fn written_along(relation: &str, goes: bool, many: u64, facts: Option<&Table>) -> Part {
    let written = facts.map_or(ENTRIES_PER_SECOND, entries_per_second);
    let (doing, rate) = if goes { ("delete", DELETED_PER_SECOND) } else { ("write", written) };
    Part {
        relation: relation.to_owned(),
        milliseconds: milliseconds(many, rate),
        bytes: 0,
        amount: up_to(many, "row"),
        pace: format!(" to {doing} at about {} a second", quantity::about(rate)),
    }
}

fn up_to(many: u64, one: &str) -> String {
    if many > 1 { format!("up to {}", counted(many, one)) } else { format!("one {one}") }
}

/// Returns a number with its noun: `1 row`, `5,000 rows`.
fn counted(many: u64, one: &str) -> String {
    format!("{} {one}{}", quantity::about(many), if many == 1 { "" } else { "s" })
}

/// Returns how long so many take, at `rate` a second.
fn milliseconds(many: u64, rate: u64) -> u64 {
    u64::try_from(u128::from(many) * 1000 / u128::from(rate)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use report::{IndexFacts, Lock};

    use super::*;
    use crate::effects::{Builds, Change};

    fn orders(indexes: usize) -> Table {
        let index = IndexFacts { name: "i".into(), bytes: 22 << 20, valid: true, unique: false };
        Table {
            name: "orders".into(),
            kind: "table".into(),
            rows: Some(1_000_000),
            bytes: 100 * MIB,
            index_bytes: 0,
            indexes: vec![index; indexes],
            referenced_by: Vec::new(),
            partitions: 0,
            reads: None,
            writes: None,
            since: None,
            holders: Vec::new(),
        }
    }

    #[test]
    fn a_look_up_is_a_scan_without_an_index_and_little_with_one() {
        assert_eq!(scanned("orders", 300, &orders(0)).milliseconds, 300_000);
        assert_eq!(found("orders", 300).milliseconds, 15);
    }

    #[test]
    fn indexes_and_writes_take_their_time_by_row() {
        let effect = Effect { relation: "orders".into(), lock: Lock::Share, work: Vec::new(), is_new: false };
        let built = |builds| {
            let builds = [("orders".to_owned(), builds)].into();
            indexed(&effect, &Effects { builds, ..Effects::default() }, &orders(0)).milliseconds
        };
        assert_eq!(built(Builds { narrow: 1, wide: 0 }), 3_000);
        assert_eq!(built(Builds { narrow: 0, wide: 1 }), 11_000);
        assert_eq!(built(Builds { narrow: 2, wide: 0 }), 6_000);
        let change = |what| Effects { changes: vec![Change { relation: "orders".into(), what }], ..Effects::default() };
        assert_eq!(written(&effect, &change(What::UpdateAll), &orders(1)).milliseconds, 21_000);
        assert_eq!(written(&effect, &change(What::UpdateAll), &orders(3)).milliseconds, 41_000);
        assert_eq!(written(&effect, &change(What::DeleteAll), &orders(3)).milliseconds, 6_000);
        assert_eq!(rewritten(&effect, &orders(1)).milliseconds, 5_333);
    }
}
