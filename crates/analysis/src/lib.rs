//! What each statement of a plan does to whom, and how dangerous that is on this database.
//!
//! [`catalog`] asks the database what it knows of the relations that scripts name; [`effects`] infers from a
//! statement and the catalog what it locks, reads and writes; `rules` judge that.

pub mod catalog;
pub mod effects;
pub mod estimate;
pub mod name;
mod needs;
pub mod plan;
pub mod rules;
pub mod server;
pub mod squawk;
