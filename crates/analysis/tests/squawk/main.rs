//! Tests squawk's linter as the report uses it.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod corpora;
mod document;
mod examples;
mod ignores;
mod mapping;
mod panics;
#[path = "../real_histories/mod.rs"]
mod real_histories;
mod speed;

use analysis::apart::deep;
use analysis::squawk::Linted;
use squawk_syntax::SourceFile;

/// PostgreSQL 18.4, as it numbers itself.
const VERSION: u32 = 180_004;

/// Returns squawk's findings on a text.
fn lint(sql: &str, pg_version: u32, in_transaction: bool) -> Linted {
    let lint = || analysis::squawk::lint(&SourceFile::parse(&scan::readable(sql)), pg_version, in_transaction);
    deep(lint).unwrap()
}
