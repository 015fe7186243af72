//! Scripts in files: the project's own, and real histories and cases where there are some.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::compare::{Outcome, compare, lexemes};

/// Returns the SQL files below `folder`.
fn scripts(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // A link may lead anywhere, also back.
        if path.is_dir() && !path.is_symlink() {
            found.extend(scripts(&path));
        } else if path.extension().is_some_and(|extension| extension == "sql")
            && let Ok(bytes) = fs::read(&path)
            && let Ok(sql) = String::from_utf8(bytes)
        {
            found.push((path, sql));
        }
    }
    found
}

/// Compares every script. Returns the scripts by outcome.
fn compare_all(scripts: &[(PathBuf, String)]) -> BTreeMap<&'static str, Vec<String>> {
    let mut outcomes: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (path, sql) in scripts.iter().filter(|(_, sql)| !sql.contains('\0')) {
        let outcome = compare(sql).unwrap_or_else(|difference| panic!("{}: {difference}", path.display()));
        if let Some([theirs, ours]) = lexemes(sql) {
            assert_eq!(theirs, ours, "{}", path.display());
        }
        let (name, reason) = match outcome {
            Outcome::Same => ("same", String::new()),
            Outcome::Refused(reason) => ("refused", reason),
            Outcome::LeftToTheServer => ("left to the server", String::new()),
            Outcome::NoScript => ("no script", String::new()),
        };
        outcomes.entry(name).or_default().push(format!("{}: {reason}", path.display()));
    }
    let counts: Vec<_> = outcomes.iter().map(|(name, scripts)| format!("{} {name}", scripts.len())).collect();
    eprintln!("{} scripts: {}", scripts.len(), counts.join(", "));
    outcomes
}

fn named_by(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("skipped: {variable} names no directory");
    }
    folder
}

/// Returns the forms and plans in a file of the analysis, one by one. Any other file is one piece.
fn pieces(sql: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for line in sql.split_inclusive('\n') {
        if ["-- form: ", "-- plan: ", "-- migration: "].iter().any(|mark| line.starts_with(mark)) {
            pieces.push(String::new());
        }
        pieces.last_mut().unwrap().push_str(line);
    }
    let is_whole = pieces.len() == 1;
    // The text before the first of them is prose.
    pieces.retain(|piece| is_whole || piece.starts_with("-- "));
    pieces
}

/// Checks that no script is refused because its statements could not be told apart.
fn is_certain(outcomes: &BTreeMap<&str, Vec<String>>) {
    let doubted = outcomes.get("refused").into_iter().flatten().filter(|reason| reason.contains("cannot be told"));
    assert_eq!(doubted.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn our_own_scripts_are_read_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let folders = ["crates/analysis/forms", "crates/analysis/plans", "migrations"];
    let files = folders.iter().flat_map(|folder| scripts(&root.join(folder)));
    let found: Vec<_> =
        files.flat_map(|(path, sql)| pieces(&sql).into_iter().map(move |piece| (path.clone(), piece))).collect();
    assert!(found.len() > 500, "{} scripts were found", found.len());
    let outcomes = compare_all(&found);
    is_certain(&outcomes);
    assert_eq!(outcomes.get("no script"), None);
}

#[test]
fn real_histories_are_read_alike_and_wholly() {
    let Some(corpora) = named_by("CORPORA") else { return };
    let outcomes = compare_all(&scripts(&corpora));
    assert!(outcomes.keys().eq([&"same"]), "{outcomes:#?}");
}

#[test]
fn cases_are_read_alike() {
    let Some(cases) = named_by("CASES") else { return };
    let outcomes = compare_all(&scripts(&cases));
    is_certain(&outcomes);
}
