//! Tests the engine on a real PostgreSQL, which `TEST_POSTGRES_*` names: `make test` starts one.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod applying;
mod baselining;
mod blocks;
mod connecting;
mod contention;
mod corpora;
mod durability;
mod failing;
mod generated_blocks;
mod hygiene;
mod languages;
mod ledger_rows;
mod planning;
mod reasons;
mod resolving;
mod row_values;
mod sessions;
mod soup;
mod sqlx_histories;
mod standalone;
mod support;
mod traps;
