//! Real histories from the directory that CORPORA names: every script is parsed, one after the other, without a panic.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use analysis::catalog::Catalog;
use analysis::effects::{infer, named};

fn scripts(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            scripts(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "sql") {
            found.push(path);
        }
    }
}

#[test]
fn most_statements_of_real_histories_are_understood() {
    let Some(corpora) = env::var_os("CORPORA").filter(|named| !named.is_empty()) else {
        eprintln!("CORPORA names no directory of real histories: skipped");
        return;
    };
    let mut paths = Vec::new();
    scripts(Path::new(&corpora), &mut paths);
    paths.sort();
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
