//! Tests on a real PostgreSQL, which `TEST_POSTGRES_*` names: `make test` starts one.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod cases;
mod catalog;
mod forms;
mod histories;
mod large;
mod lookups;
mod plans;
#[path = "../real_histories/mod.rs"]
mod real_histories;
mod rules;
mod server;
mod support;
mod traps;
mod unforetold;
