//! The engine on a real PostgreSQL, which `TEST_POSTGRES_*` names: `make test` starts one.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod applying;
mod baselining;
mod connecting;
mod contention;
mod corpora;
mod durability;
mod failing;
mod hygiene;
mod planning;
mod resolving;
mod soup;
mod sqlx_histories;
mod standalone;
mod support;
