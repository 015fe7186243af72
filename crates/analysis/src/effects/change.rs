//! The changes to rows and values that existed before the plan, and the number of indexes that are built.

/// A change to a relation's rows or values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The relation, as in [`report::Effect`].
    pub relation: String,
    /// What happens to its rows or values.
    pub what: What,
}

/// What happens to rows or values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The table is dropped.
    Drop,
    /// This column is dropped.
    DropColumn(String),
    /// All rows are deleted at once.
    Truncate,
    /// All rows are deleted, one after the other.
    DeleteAll,
    /// Any number of rows is deleted: those that a condition finds.
    Delete,
    /// About so many rows are deleted with others to which they refer; `None` if the number cannot be known.
    DeleteAlong(Option<u64>),
    /// All rows are written.
    UpdateAll,
    /// Any number of rows is written.
    Update,
    /// About so many rows are written because of others to which they refer; `None` if the number cannot be known.
    UpdateAlong(Option<u64>),
    /// Any number of rows is locked against writers.
    LockRows,
}

/// How many indexes of a relation are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Builds {
    /// Indexes of numbers, dates and the like, whose values are a few bytes to compare.
    pub narrow: u64,
    /// All other indexes.
    pub wide: u64,
}
