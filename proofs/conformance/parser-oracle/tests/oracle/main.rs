//! Compares how Lockstep reads scripts with PostgreSQL's own parser: no statement that the server would run is hidden
//! from the checks.
//!
//! The cases are the same in every run. `PROPTEST_CASES` tries more of them, `PROPTEST_RNG_SEED` others.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod compare;
mod expressions;
mod files;
mod generated;
mod statements;
mod strings;
