//! What each statement of a plan does to whom, and how dangerous that is on this database.
//!
//! A script passes these rooms on its way to the report:
//!
//! - [`effects::named`] lists the relations that it names, and [`catalog`] asks the database for them;
//! - `needs` lists the privileges that it takes, and [`server`] asks for those and for the server's state;
//! - [`effects`] infers from a statement and the catalog what it locks, reads and writes;
//! - [`estimate`] says from that and from sizes how long a lock may last;
//! - [`rules`] judge the effects, and [`squawk`] judges the text alone;
//! - [`plan`] puts all of it together: the report.
//!
//! [`plan::look`] leads through them as far as the database is asked. [`name`] holds the names of relations,
//! and [`apart`] gives the work a thread of its own.

pub mod apart;
pub mod catalog;
pub mod effects;
pub mod estimate;
pub mod name;
mod needs;
pub mod plan;
pub mod rules;
pub mod server;
mod size;
pub mod squawk;
mod unknown;

pub use unknown::Unknown;
