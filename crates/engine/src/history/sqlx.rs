//! sqlx's layout: `<version>_<description>.sql`, or `.up.sql` beside `.down.sql`.

use super::file::{Content, is_sql};
use super::{Files, Format, History, Key, Migration};
use crate::{Error, Result};

const DOWN: &str = ".down.sql";

/// Whether a file of this name would be a migration. sqlx ignores every other file.
pub(super) fn is_one(file: &str) -> bool {
    // To sqlx, a name that begins with no number is an error. Alone, such a file does not make a directory sqlx's.
    is_named(file) && version(file).is_some() && !file.ends_with(DOWN)
}

/// Whether sqlx looks at a file of this name.
pub(super) fn is_named(file: &str) -> bool {
    file.contains('_') && is_sql(file)
}

fn version(file: &str) -> Option<i64> {
    file.split('_').next()?.parse().ok()
}

/// Returns the files in which the migration that is called `name` can be.
pub(super) fn scripts_of(name: &str) -> [String; 2] {
    [format!("{name}.sql"), format!("{name}.up.sql")]
}

/// Reads the history that these `files` are.
pub(super) fn read(mut files: Files) -> Result<History> {
    let mut migrations: Vec<Migration> = Vec::new();
    let mut undone = Vec::new();
    let names: Vec<String> = files.names().files.iter().filter(|file| is_named(file)).cloned().collect();
    for file in &names {
        let version = version(file).ok_or_else(|| {
            Error::HistoryInvalid(format!(
                "{file} does not begin with a version: sqlx takes a whole number before the first _ (as in 01_{file}); \
                 rename or move the file"
            ))
        })?;
        if let Some(name) = file.strip_suffix(DOWN) {
            // A down script never runs here, so a typing error in it does no harm.
            undone.push((version, name));
            continue;
        }
        let ending = if file.ends_with(".up.sql") { ".up.sql" } else { ".sql" };
        let text = files.take(file).unwrap_or(Content::NoFile).text(file)?;
        // Repeatedly, as sqlx does.
        migrations.push(Migration::sqlx(version, file.trim_end_matches(ending), text));
    }
    migrations.sort_by(|a, b| a.key.cmp(&b.key));
    if let Some([first, second]) = migrations.array_windows().find(|[a, b]| a.key == b.key) {
        return Err(Error::HistoryInvalid(format!(
            "{} and {} have the same version; give one of them another, unless it was applied somewhere",
            first.name, second.name
        )));
    }
    undone.retain(|(version, _)| !migrations.iter().any(|migration| migration.key == Key::Version(*version)));
    let warn = |(_, name): &_| format!("{name}{DOWN} undoes a migration that is not here; is its .up.sql missing?");
    let warnings = undone.iter().map(warn).collect();
    let undone = undone.into_iter().map(|(version, _)| Key::Version(version)).collect();
    Ok(History { undone, warnings, ..History::new(Format::Sqlx, migrations) })
}

#[cfg(test)]
mod tests {
    use crate::history::Key;
    use crate::history::directory::tests::{directory, names, refusal};

    #[test]
    fn migrations_come_in_the_order_of_their_versions() {
        let root = directory(&[
            ("10_ten.sql", b"SELECT 10"),
            ("9_nine_lives.up.sql", b"SELECT 9"),
            ("9_nine_lives.down.sql", b"not looked at \xff"),
            ("0002_two.sql", b"SELECT 2"),
            ("README.md", b""),
            ("notes.sql", b"no _ before its ending, so no migration"),
        ]);
        let history = super::super::read(root.path()).unwrap();
        assert_eq!(names(&history), ["0002_two", "9_nine_lives", "10_ten"]);
        assert_eq!(history.migrations[0].key, Key::Version(2));
        assert!(history.warnings.is_empty(), "{:?}", history.warnings);
    }

    #[test]
    fn what_cannot_be_used_is_named_with_the_way_out() {
        let seed = refusal(&[("1_a.sql", b""), ("seed_data.sql", b"")]);
        assert!(seed.contains("seed_data.sql does not begin with a version"), "{seed}");
        for files in [[("1_a.sql", &b""[..]), ("001_b.sql", b"")], [("1_a.sql", b""), ("1_a.up.sql", b"")]] {
            let twice = refusal(&files);
            assert!(twice.contains("have the same version"), "{twice}");
        }
        assert!(refusal(&[("1_a.sql", b"SELECT '\xff'")]).contains("1_a.sql is not UTF-8: byte 9"));
    }

    #[test]
    fn a_script_that_undoes_nothing_is_warned_of() {
        let root = directory(&[("1_a.sql", b""), ("2_b.down.sql", b"")]);
        let history = super::super::read(root.path()).unwrap();
        assert_eq!(names(&history), ["1_a"]);
        assert!(history.warnings[0].contains("2_b.down.sql undoes a migration that is not here"));
    }
}
