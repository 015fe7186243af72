//! The engine knows PostgreSQL and migration histories. It knows no AWS.
//!
//! A [`History`](history::History) is a directory of scripts. A [`Ledger`](ledger::Ledger) is the database's record of
//! the applied ones. [`plan`] compares the two without writing anything, and [`apply`] carries a plan out: it applies
//! each migration exactly once, even after interruptions.
//!
//! Everything rests on one invariant: **a script and its ledger row commit in the same transaction, and the ledger is
//! read only after the lock is held.** So a row exists if and only if the script's work does, and a session that holds
//! the lock can trust what it reads.

pub mod apply;
pub mod attempt;
pub mod baseline;
pub mod deadline;
pub mod error;
pub mod failure;
pub mod history;
pub mod ledger;
pub mod name;
pub mod plan;
pub mod preflight;
pub mod resolve;
pub mod script;
pub mod session;
pub mod wording;

pub use error::{Error, Result};

mod blockers;
mod digest;
mod durability;
mod fate;
mod lock;
mod lookup;
mod message;
mod planted;
mod quote;
mod reconcile;
mod server_text;
mod sqlstate;
mod standalone;
mod transaction;
mod tried;
