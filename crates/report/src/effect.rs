//! What a statement does to a relation, and how long other sessions wait.

use serde::{Deserialize, Serialize};

/// A lock on a relation. The order is PostgreSQL's own, from weakest to strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lock {
    /// ACCESS SHARE: reading.
    AccessShare,
    /// ROW SHARE: SELECT FOR UPDATE, and the check of a foreign key.
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
    /// Returns the lock's name, as PostgreSQL's manual writes it.
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

    /// Returns the lock's name, as in `pg_locks.mode`.
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

    /// Whether one transaction waits for this lock while another holds `other`, by table 13.2 of the manual.
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

    /// Whether a plain SELECT waits while this lock is held.
    pub fn blocks_reads(self) -> bool {
        self == Self::AccessExclusive
    }

    /// Whether INSERT, UPDATE and DELETE wait while this lock is held.
    pub fn blocks_writes(self) -> bool {
        self >= Self::Share
    }
}

/// A statement's work that takes longer for a larger table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Work {
    /// It reads every row.
    Scan,
    /// It builds an index over every row.
    IndexBuild,
    /// It rewrites the table, with all its indexes.
    Rewrite,
}

impl Work {
    /// Returns the text for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scan => "reads every row",
            Self::IndexBuild => "builds an index over every row",
            Self::Rewrite => "rewrites the table",
        }
    }
}

/// A statement's effect on one relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// The relation's name, as the script writes it, or qualified where the database has found the relation.
    pub relation: String,
    /// The strongest lock that it takes.
    pub lock: Lock,
    /// The work that takes long, in order; empty where only the catalog changes.
    pub work: Vec<Work>,
    /// Whether this plan has made the relation itself. If so, no other session waits for it.
    pub is_new: bool,
}

/// The sessions that a statement blocks, and for about how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blocking {
    /// Whether readers wait.
    pub readers: bool,
    /// Whether writers wait.
    pub writers: bool,
    /// For about how long, once the statement has its lock.
    pub how_long: Magnitude,
    /// The basis of the estimate, in a clause: `4 GiB to rewrite at 50 to 500 MiB a second`.
    pub basis: String,
}

/// A duration as an order of magnitude. The order is from shortest to longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Magnitude {
    /// Less than a second.
    Moment,
    /// Less than ten seconds.
    Seconds,
    /// Less than an hour.
    Minutes,
    /// An hour or more.
    Hours,
    /// Not known.
    Unknown,
}

impl Magnitude {
    /// Returns the text for people.
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
