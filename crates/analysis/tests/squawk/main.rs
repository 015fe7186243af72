//! squawk's linter as the report uses it.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod corpora;
mod document;
mod examples;
mod ignores;
mod mapping;
mod panics;
mod speed;

/// PostgreSQL 18.4, as it numbers itself.
const VERSION: u32 = 180_004;
