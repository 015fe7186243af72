//! Analyses what each statement of a plan does, whom it blocks, and how dangerous that is on this database.
//!
//! A script passes these modules on its way to the report:
//!
//! - [`effects::named`] lists the relations that the script names, and [`catalog`] asks the database about them;
//! - `needs` lists the privileges that the script needs, and [`server`] asks about those and the server's state;
//! - [`effects`] infers what a statement locks, reads and writes, from the statement and the catalog;
//! - [`estimate`] computes from the effects and the sizes how long a lock may last;
//! - [`rules`] judge the effects, and [`squawk`] judges the text alone;
//! - [`plan`] makes the report of all this.
//!
//! [`plan::ask_database`] goes through the modules that ask the database. [`name`] has the names of relations, and
//! [`apart`] runs the work in a thread of its own.

pub mod apart;
pub mod catalog;
pub mod effects;
pub mod estimate;
pub mod name;
mod needs;
mod no_report;
pub mod plan;
pub mod rules;
pub mod server;
mod size;
pub mod squawk;

pub use no_report::NoReport;
