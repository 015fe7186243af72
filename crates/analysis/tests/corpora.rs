//! Real histories from the directory that CORPORA names: every script is parsed, one after the other, without a panic.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::fs;

use analysis::catalog::Catalog;
use analysis::effects::{infer, named};

mod real_histories;

#[test]
fn most_statements_of_real_histories_are_understood() {
    let Some(corpora) = real_histories::directory() else { return };
    let paths = real_histories::scripts(&corpora);
    let (mut statements, mut opaque) = (0, 0);
    for path in &paths {
        let sql = fs::read_to_string(path).unwrap();
        named(&sql);
        for (_, effects) in infer(&sql, &Catalog::default()) {
            statements += 1;
            opaque += usize::from(effects.is_opaque());
        }
    }
    eprintln!("{statements} statements in {} scripts, {opaque} of them opaque", paths.len());
    assert!(statements > 0 && opaque * 20 < statements, "{opaque} of {statements} statements are opaque");
}
