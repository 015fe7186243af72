//! One attempt of a run.

use crate::history::History;
use crate::session::Target;

/// One attempt of a run: where it works, and for which run.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// How to reach the database.
    pub target: &'a Target,
    /// The server's name outside of SQL.
    pub instance: &'a str,
    /// The history that the plan was made of.
    pub history: &'a History,
    /// The run's name, the same in each attempt.
    pub run: &'a str,
}
