//! Reads a directory in Prisma's layout: `<name>/migration.sql`, and perhaps a `migration_lock.toml`.

use std::fs;
use std::path::Path;

use super::{History, Migration};
use crate::{Error, Result};

const SCRIPT: &str = "migration.sql";
const LOCK_FILE: &str = "migration_lock.toml";

/// Reads the history in `directory`.
///
/// # Errors
///
/// [`Error::HistoryInvalid`] names the file or directory that is missing, unreadable or of another
/// layout. An empty directory is an error too: it is more likely a layer that did not arrive than a
/// project without migrations.
pub fn read(directory: &Path) -> Result<History> {
    let shown = directory.display();
    check_provider(&directory.join(LOCK_FILE))?;

    let entries = fs::read_dir(directory)
        .map_err(|error| Error::HistoryInvalid(format!("cannot read the directory {shown}: {error}")))?;
    let mut migrations = Vec::new();
    let mut flat_scripts = 0;
    for entry in entries {
        let entry = entry.map_err(|error| Error::HistoryInvalid(format!("cannot read {shown}: {error}")))?;
        let name = entry.file_name().into_string().map_err(|name| {
            Error::HistoryInvalid(format!("the name {} in {shown} is not UTF-8; rename it", name.display()))
        })?;
        // Prisma ignores symbolic links to directories: `file_type` does not follow them.
        let kind = entry
            .file_type()
            .map_err(|error| Error::HistoryInvalid(format!("cannot read {}: {error}", entry.path().display())))?;
        if kind.is_dir() {
            migrations.push(read_migration(&entry.path(), name)?);
        } else if Path::new(&name).extension().is_some_and(|extension| extension == "sql") {
            flat_scripts += 1;
        }
    }

    if migrations.is_empty() {
        return Err(Error::HistoryInvalid(if flat_scripts > 0 {
            format!("{shown} holds {flat_scripts} .sql file(s) but no <name>/{SCRIPT}; only Prisma's layout is read")
        } else {
            format!(
                "{shown} holds no migration, which would be <name>/{SCRIPT}; is it the right directory, and did the layer arrive?"
            )
        }));
    }
    migrations.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let warnings = order_warnings(&migrations);
    Ok(History { migrations, warnings })
}

fn read_migration(directory: &Path, name: String) -> Result<Migration> {
    let path = directory.join(SCRIPT);
    let bytes = fs::read(&path).map_err(|error| {
        Error::HistoryInvalid(if directory.join("ops.json").exists() {
            format!("migration {name} is in Prisma 8's layout (ops.json), which has no SQL script to apply; only <name>/{SCRIPT} is read")
        } else if error.kind() == std::io::ErrorKind::NotFound {
            format!("migration {name} has no {SCRIPT} (P3015); restore the file, or remove the directory {name}")
        } else {
            format!("cannot read {}: {error}", path.display())
        })
    })?;
    let sql = String::from_utf8(bytes).map_err(|error| {
        Error::HistoryInvalid(format!(
            "{name}/{SCRIPT} is not UTF-8: byte {} is not; save the file as UTF-8",
            error.utf8_error().valid_up_to() + 1
        ))
    })?;
    Ok(Migration::new(name, sql))
}

fn check_provider(path: &Path) -> Result<()> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        // Prisma takes an absent file as consent.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::HistoryInvalid(format!("cannot read {}: {error}", path.display()))),
    };
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

/// Prisma orders by ICU collation, we by bytes. The two agree on names such as
/// `20240131120000_add_users`; where they might not, say so.
fn order_warnings(migrations: &[Migration]) -> Vec<String> {
    let digits = |name: &str| name.bytes().take_while(u8::is_ascii_digit).count();
    let usual = |name: &str| {
        name[digits(name)..].bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let prefix = migrations.first().map_or(0, |m| digits(&m.name));
    let odd: Vec<_> = migrations
        .iter()
        .filter(|m| !usual(&m.name) || digits(&m.name) != prefix)
        .map(|m| m.name.as_str())
        .take(3)
        .collect();
    if odd.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "Prisma may order some names differently than by bytes, as is done here: {}; use <timestamp>_<lower_case>",
        odd.join(", ")
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    fn refusal(files: &[(&str, &[u8])]) -> String {
        read(directory(files).path()).unwrap_err().to_string()
    }

    #[test]
    fn migrations_come_in_the_order_of_their_names() {
        let root = directory(&[
            ("20240102000000_b/migration.sql", b"SELECT 2"),
            ("20240101000000_a/migration.sql", b"SELECT 1"),
            ("migration_lock.toml", b"# comment\nprovider = \"postgresql\" # ours\n"),
            ("README.md", b"not a migration"),
        ]);
        let history = read(root.path()).unwrap();
        let names: Vec<_> = history.migrations.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, ["20240101000000_a", "20240102000000_b"]);
        assert!(history.warnings.is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_named_with_the_way_out() {
        assert!(refusal(&[("1_a/notes.txt", b"")]).contains("migration 1_a has no migration.sql (P3015)"));
        assert!(refusal(&[("1_a/ops.json", b"[]")]).contains("Prisma 8's layout"));
        assert!(refusal(&[("1_a/migration.sql", b"SELECT '\xff'")]).contains("byte 9 is not"));
        assert!(refusal(&[("notes.txt", b"")]).contains("holds no migration"));
        assert!(refusal(&[("1_a.sql", b"")]).contains("only Prisma's layout is read"));
        let other = refusal(&[("migration_lock.toml", b"provider = \"mysql\""), ("1_a/migration.sql", b"")]);
        assert!(other.contains("for mysql, not for postgresql (P3019)"), "{other}");
        assert!(read(Path::new("/nowhere")).unwrap_err().to_string().contains("/nowhere"));
    }

    #[test]
    fn names_that_collations_order_differently_are_warned_of() {
        let root = directory(&[("1_a/migration.sql", b""), ("10_B/migration.sql", b"")]);
        assert!(read(root.path()).unwrap().warnings[0].contains("10_B"));
    }
}
