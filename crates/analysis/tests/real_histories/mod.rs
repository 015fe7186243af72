//! The real histories in the directory that `CORPORA` names: `prisma/<history>/` and `sqlx/<history>/`.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Returns the directory of all real histories; prints that the test is skipped and returns `None` where there is none.
pub(crate) fn directory() -> Option<PathBuf> {
    let named = env::var_os("CORPORA").map(PathBuf::from).filter(|corpora| corpora.is_dir());
    if named.is_none() {
        eprintln!("skipped: CORPORA names no directory of real histories");
    }
    named
}

/// Returns the scripts below `directory` that are run, in their order.
pub(crate) fn scripts(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(scripts(&path));
        } else if path.extension().is_some_and(|end| end == "sql") && !path.to_string_lossy().ends_with(".down.sql") {
            found.push(path);
        }
    }
    found.sort();
    found
}
