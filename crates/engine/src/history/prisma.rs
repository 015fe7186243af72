//! Prisma's layout: `<name>/migration.sql`, and perhaps a `migration_lock.toml`.

use std::cmp::Ordering;

use super::file::unreadable;
use super::{Files, Format, History, Migration, Names, collation};
use crate::{Error, Result};

/// The name of the script's file.
pub(super) const SCRIPT: &str = "migration.sql";
/// The file that Prisma 8 writes instead.
pub(super) const OPERATIONS: &str = "ops.json";
/// The file that names the kind of database.
pub(super) const LOCK_FILE: &str = "migration_lock.toml";

/// Returns the file of the script of the migration that is called `name`.
pub(super) fn script_of(name: &str) -> String {
    format!("{name}/{SCRIPT}")
}

/// Reads the history that these `files` are.
pub(super) fn read(mut files: Files) -> Result<History> {
    check_provider(&mut files)?;
    check_level(&files)?;
    let names: Vec<String> = files.names().directories.keys().cloned().collect();
    let warnings = order_warning(&names).into_iter().collect();
    let migrations = names.into_iter().map(|name| read_migration(&mut files, name)).collect::<Result<_>>()?;
    Ok(History { warnings, ..History::new(Format::Prisma, migrations) })
}

fn read_migration(files: &mut Files, name: String) -> Result<Migration> {
    let path = script_of(&name);
    let Some(script) = files.take(&path) else {
        let has_operations = files.names().directories.get(&name).is_some_and(|inside| inside.operations);
        return Err(Error::HistoryInvalid(if has_operations {
            format!(
                "migration {name} is in Prisma 8's layout ({OPERATIONS}), which has no SQL script to apply; \
                 only <name>/{SCRIPT} is read"
            )
        } else {
            format!("migration {name} has no {SCRIPT} (P3015); restore the file, or remove the directory {name}")
        }));
    };
    let sql = script.text(&path)?;
    Ok(Migration::prisma(name, sql))
}

/// Returns an error if there is no migration, but one of the directories contains migrations: the caller gave `prisma`
/// instead of `prisma/migrations`.
fn check_level(files: &Files) -> Result<()> {
    let Names { place, directories, .. } = files.names();
    if directories.values().any(|inside| inside.is_one()) {
        return Ok(());
    }
    match directories.iter().find(|(_, inside)| inside.migrations) {
        None => Ok(()),
        Some((inner, _)) => Err(Error::HistoryInvalid(format!(
            "{place} holds no migration, but {} does; give that directory instead",
            place.with(inner)
        ))),
    }
}

fn check_provider(files: &mut Files) -> Result<()> {
    let shown = files.names().place.with(LOCK_FILE);
    // To Prisma, an absent file means consent.
    let Some(content) = files.take(LOCK_FILE) else { return Ok(()) };
    let text =
        str::from_utf8(content.bytes(&shown)?).map_err(|_| unreadable(&shown, "stream did not contain valid UTF-8"))?;
    let provider = text
        .lines()
        .map(|line| line.split_once('#').map_or(line, |(line, _)| line))
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "provider")
        .map(|(_, value)| value.trim().trim_matches(['"', '\'']));
    match provider {
        None | Some("postgresql" | "postgres") => Ok(()),
        Some(other) => Err(Error::HistoryInvalid(format!(
            "{LOCK_FILE} says that these migrations are for {other}, not for postgresql (P3019)"
        ))),
    }
}

/// Prisma's command line orders names by a collation, this project by bytes. Where the two differ, returns a warning
/// with the names.
fn order_warning(names: &[String]) -> Option<String> {
    let is_known = |name: &&String| collation::compare(name, name) == Some(Ordering::Equal);
    if let Some(odd) = names.iter().find(|name| !is_known(name)) {
        return Some(format!(
            "Prisma may order {odd} and its neighbours differently than by bytes, as is done here; \
             use <timestamp>_<lower_case>"
        ));
    }
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_by(|a, b| collation::compare(a, b).unwrap_or_else(|| a.cmp(b)));
    let (ours, theirs) = names.iter().zip(sorted).find(|(ours, theirs)| ours != theirs)?;
    Some(format!(
        "here {ours} comes before {theirs}, by bytes; Prisma orders them the other way round: \
         use <timestamp>_<lower_case>"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::history::directory::tests::{directory, names, refusal};

    #[test]
    fn migrations_come_in_the_order_of_their_names() {
        let root = directory(&[
            ("20240102000000_b/migration.sql", b"SELECT 2"),
            ("20240101000000_a/migration.sql", b"SELECT 1"),
            ("migration_lock.toml", b"# comment\nprovider = \"postgresql\" # ours\n"),
            ("README.md", b"not a migration"),
        ]);
        let history = read(root.path()).unwrap();
        assert_eq!(names(&history), ["20240101000000_a", "20240102000000_b"]);
        assert!(history.warnings.is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_named_with_the_way_out() {
        assert!(refusal(&[("1_a/notes.txt", b"")]).contains("migration 1_a has no migration.sql (P3015)"));
        assert!(refusal(&[("1_a/ops.json", b"[]")]).contains("Prisma 8's layout"));
        assert!(refusal(&[("1_a/migration.sql", b"SELECT '\xff'")]).contains("1_a/migration.sql is not UTF-8: byte 9"));
        let other = refusal(&[("migration_lock.toml", b"provider = \"mysql\""), ("1_a/migration.sql", b"")]);
        assert!(other.contains("for mysql, not for postgresql (P3019)"), "{other}");
    }

    #[test]
    fn a_directory_one_level_too_high_is_told_from_one_without_scripts() {
        for files in [
            [("migrations/1_a/migration.sql", &b""[..]), ("client/index.js", b"")],
            [("migrations/1_a.sql", b""), ("migration_lock.toml", b"provider = \"postgresql\"")],
        ] {
            let refusal = refusal(&files);
            assert!(refusal.contains("/migrations does; give that directory instead"), "{refusal}");
        }
        // Beside a migration, the directory is one that lacks its script.
        let beside = refusal(&[("1_a/migration.sql", b""), ("old/1_a/migration.sql", b"")]);
        assert!(beside.contains("migration old has no migration.sql (P3015)"), "{beside}");
    }

    #[test]
    fn names_that_prisma_orders_differently_are_warned_of() {
        let warning = |names: &[&str]| {
            let mut names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            names.sort_unstable();
            order_warning(&names)
        };
        assert!(warning(&["1_a", "10_b"]).unwrap().starts_with("here 10_b comes before 1_a"));
        assert!(warning(&["1_B", "1_a"]).unwrap().starts_with("here 1_B comes before 1_a"));
        assert!(warning(&["1_a", "1_é"]).unwrap().contains("may order 1_é"));
        assert_eq!(warning(&["20240101000000_Add_X", "20240102000000_add-y"]), None);
    }
}
