//! What becomes of rows and values that existed before the plan, and how many indexes are built.

/// A change to a relation's rows or values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The relation, as in [`report::Effect`].
    pub relation: String,
    /// What becomes of it.
    pub what: What,
}

/// What becomes of rows or values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The table goes.
    Drop,
    /// This column goes.
    DropColumn(String),
    /// All rows go at once.
    Truncate,
    /// All rows go, one after the other.
    DeleteAll,
    /// Any number of rows goes: as many as a condition finds.
    Delete,
    /// About so many rows go with others that they refer to; `None` if there is no telling.
    DeleteAlong(Option<u64>),
    /// All rows are written.
    UpdateAll,
    /// Any number of rows is written.
    Update,
    /// About so many rows are written, because of others that they refer to; `None` if there is no telling.
    UpdateAlong(Option<u64>),
    /// Any number of rows is locked against writers.
    LockRows,
}

/// How many indexes of a relation are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Builds {
    /// Those of numbers, dates and the like: a few bytes to compare.
    pub narrow: u64,
    /// All others.
    pub wide: u64,
}
