//! What a statement does to a relation, and for how long others wait.

use serde::{Deserialize, Serialize};

/// A lock on a relation. The order is PostgreSQL's own, from weakest to strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lock {
    /// ACCESS SHARE: reading.
    AccessShare,
    /// ROW SHARE: SELECT FOR UPDATE, and what a foreign key refers to.
    RowShare,
    /// ROW EXCLUSIVE: writing.
    RowExclusive,
    /// SHARE UPDATE EXCLUSIVE: VACUUM, CREATE INDEX CONCURRENTLY, VALIDATE CONSTRAINT.
    ShareUpdateExclusive,
    /// SHARE: CREATE INDEX.
    Share,
    /// SHARE ROW EXCLUSIVE: CREATE TRIGGER, adding a foreign key.
    ShareRowExclusive,
    /// EXCLUSIVE: REFRESH MATERIALIZED VIEW CONCURRENTLY.
    Exclusive,
    /// ACCESS EXCLUSIVE: most of ALTER TABLE, DROP, TRUNCATE.
    AccessExclusive,
}

impl Lock {
    /// As PostgreSQL's manual writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// As `pg_locks.mode` has it.
    pub fn mode(self) -> &'static str {
        match self {
            Self::AccessShare => "AccessShareLock",
            Self::RowShare => "RowShareLock",
            Self::RowExclusive => "RowExclusiveLock",
            Self::ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Self::Share => "ShareLock",
            Self::ShareRowExclusive => "ShareRowExclusiveLock",
            Self::Exclusive => "ExclusiveLock",
            Self::AccessExclusive => "AccessExclusiveLock",
        }
    }

    /// Every lock, from weakest to strongest.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// Whether one transaction waits for it while another holds `other`: the manual's table 13.2.
    pub fn conflicts(self, other: Self) -> bool {
        let (weaker, stronger) = (self.min(other), self.max(other));
        match weaker {
            Self::AccessShare => stronger == Self::AccessExclusive,
            Self::RowShare => stronger >= Self::Exclusive,
            Self::RowExclusive => stronger >= Self::Share,
            Self::Share => stronger > Self::Share,
            _ => true,
        }
    }

    /// Whether a plain SELECT waits for it.
    pub fn blocks_reads(self) -> bool {
        self == Self::AccessExclusive
    }

    /// Whether INSERT, UPDATE and DELETE wait for it.
    pub fn blocks_writes(self) -> bool {
        self >= Self::Share
    }
}

/// What a statement does that takes longer the larger the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Work {
    /// Reads every row.
    Scan,
    /// Builds an index over every row.
    IndexBuild,
    /// Writes the table anew, with all its indexes.
    Rewrite,
}

impl Work {
    /// As it is written for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scan => "reads every row",
            Self::IndexBuild => "builds an index over every row",
            Self::Rewrite => "rewrites the table",
        }
    }
}

/// What a statement does to one relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// The relation, as the script writes it, or qualified where the database told.
    pub relation: String,
    /// The strongest lock that it takes.
    pub lock: Lock,
    /// What takes long, in order; empty where only the catalog changes.
    pub work: Vec<Work>,
    /// Whether this plan has made the relation itself: then no other session waits for it.
    pub is_new: bool,
}

/// Which sessions a statement blocks, and about how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blocking {
    /// Whether readers wait.
    pub readers: bool,
    /// Whether writers wait.
    pub writers: bool,
    /// About how long, once the lock is there.
    pub how_long: Magnitude,
    /// What that is based on, in a clause: `4 GiB to rewrite at 50 to 500 MiB a second`.
    pub basis: String,
}

/// An order of magnitude. The order is from shortest to longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Magnitude {
    /// Less than a second.
    Moment,
    /// Some seconds: less than ten.
    Seconds,
    /// Less than an hour.
    Minutes,
    /// More.
    Hours,
    /// It cannot be known.
    Unknown,
}

impl Magnitude {
    /// As it is written for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Moment => "a moment",
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_conflict_as_the_manual_says() {
        let conflicts = Lock::ALL.map(|one| Lock::ALL.map(|other| if one.conflicts(other) { 'x' } else { '.' }));
        let rows: Vec<String> = conflicts.iter().map(|row| row.iter().collect()).collect();
        let manual = [".......x", "......xx", "....xxxx", "...xxxxx", "..xx.xxx", "..xxxxxx", ".xxxxxxx", "xxxxxxxx"];
        assert_eq!(rows, manual);
    }
}
