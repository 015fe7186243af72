//! Tests what holds for any input: arbitrary names and bytes in a directory, arbitrary text as a script.
//!
//! The cases are the same in every run. `PROPTEST_CASES` tries more of them, `PROPTEST_RNG_SEED` others.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod directories;
mod scripts;
mod soup;
