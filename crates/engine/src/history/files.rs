//! The files of a history, in memory: from a directory, or from anywhere else.

use std::collections::BTreeMap;
use std::path::Path;

use super::file::Content;
use super::place::Place;
use super::{Format, History, Names, directory, prisma, sqlx};
use crate::Result;

/// The files of a history, with their bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Files {
    names: Names,
    /// By their paths.
    contents: BTreeMap<String, Content>,
}

impl Files {
    /// Returns no files yet. Messages name the `place` in which they are, such as `the bundle`.
    pub fn new(place: impl Into<String>) -> Self {
        Self { names: Names::new(Place::Named(place.into())), contents: BTreeMap::new() }
    }

    /// Reads the files that belong to the history in `directory`. What cannot be read is an error only when it is
    /// needed.
    ///
    /// # Errors
    ///
    /// [`Error::HistoryInvalid`](crate::Error::HistoryInvalid) as for [`recognise`](super::recognise).
    pub fn of_directory(directory: &Path) -> Result<Self> {
        let mut names = directory::names(directory)?;
        let mut contents = BTreeMap::new();
        match names.format()? {
            Format::Prisma => {
                if let Some(lock) = directory::lock_file(&directory.join(prisma::LOCK_FILE)) {
                    contents.insert(prisma::LOCK_FILE.to_owned(), lock);
                }
                for (name, _) in names.directories.iter().filter(|(_, inside)| inside.script) {
                    let path = prisma::script_of(name);
                    contents.insert(path.clone(), directory::content(&directory.join(path)));
                }
                if !names.directories.values().any(|inside| inside.is_one()) {
                    for (name, inside) in &mut names.directories {
                        inside.migrations = directory::holds_migrations(&directory.join(name));
                    }
                }
            }
            Format::Sqlx => {
                for name in names.files.iter().filter(|name| sqlx::is_named(name)) {
                    contents.insert(name.clone(), directory::content(&directory.join(name)));
                }
            }
        }
        Ok(Self { names, contents })
    }

    /// Adds the file at `path`, which is `<file>` or `<directory>/<file>`. The `bytes` of a file that belongs to no
    /// history are dropped.
    ///
    /// # Errors
    ///
    /// [`Error::HistoryInvalid`](crate::Error::HistoryInvalid) when a name is not plain text.
    pub fn add(&mut self, path: &str, bytes: Vec<u8>) -> Result<()> {
        let is_kept = if let Some((directory, file)) = path.split_once('/') {
            self.add_directory(directory)?;
            let inside = self.names.directories.entry(directory.to_owned()).or_default();
            inside.script |= file == prisma::SCRIPT;
            inside.operations |= file == prisma::OPERATIONS;
            inside.migrations |= sqlx::is_one(file);
            file == prisma::SCRIPT
        } else {
            self.names.check_file(path)?;
            self.names.files.insert(path.to_owned());
            path == prisma::LOCK_FILE || sqlx::is_named(path)
        };
        if is_kept {
            self.contents.insert(path.to_owned(), Content::Bytes(bytes));
        }
        Ok(())
    }

    /// Adds a directory that may have no file.
    ///
    /// # Errors
    ///
    /// [`Error::HistoryInvalid`](crate::Error::HistoryInvalid) when the name is not plain text.
    pub fn add_directory(&mut self, name: &str) -> Result<()> {
        self.names.check_directory(name)?;
        self.names.directories.entry(name.to_owned()).or_default();
        Ok(())
    }

    /// Returns the names of all that is there.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Returns the path and the bytes of each file that belongs to the history, sorted by the paths' bytes. A file that
    /// could not be read comes as an [`Error::HistoryInvalid`](crate::Error::HistoryInvalid) that names it.
    pub fn contents(&self) -> impl Iterator<Item = Result<(&str, &[u8])>> {
        self.contents.iter().map(|(path, content)| Ok((path.as_str(), content.bytes(path)?)))
    }

    /// Takes out what was found at `path`; `None` if nothing is there.
    pub(super) fn take(&mut self, path: &str) -> Option<Content> {
        self.contents.remove(path)
    }
}

/// Reads the history that these files are. A script is moved into it, not copied.
///
/// # Errors
///
/// As for [`read`](super::read).
pub fn read_files(files: Files) -> Result<History> {
    match files.names.format()? {
        Format::Prisma => prisma::read(files),
        Format::Sqlx => sqlx::read(files),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::directory::tests::{directory, names};
    use crate::history::read;

    fn files(files: &[(&str, &[u8])]) -> Files {
        let mut made = Files::new("the bundle");
        for (path, bytes) in files {
            made.add(path, bytes.to_vec()).unwrap();
        }
        made
    }

    #[test]
    fn a_history_in_memory_is_the_one_in_the_directory() {
        for written in [
            &[
                ("2_b/migration.sql", &b"SELECT 2"[..]),
                ("1_a/migration.sql", b"SELECT 1"),
                ("migration_lock.toml", b""),
            ][..],
            &[("2_b.up.sql", b"SELECT 2"), ("2_b.down.sql", b"\xff"), ("1_a.sql", b"SELECT 1"), ("seeds/a.sql", b"")],
        ] {
            let made = files(written);
            let format = made.names().format().unwrap();
            let [one, two, none] = ["1_a", "2_b", "3_c"].map(|name| made.names().file(name));
            let history = read_files(made).unwrap();
            let root = directory(written);
            assert_eq!(history, read(root.path()).unwrap());
            assert_eq!((history.format, names(&history)), (format, vec!["1_a", "2_b"]));
            let file = |name| crate::history::file(root.path(), name);
            assert_eq!((one, two, none), (file("1_a"), file("2_b"), None));
        }
    }

    #[test]
    fn only_files_that_belong_to_the_history_are_kept() {
        let written: &[(&str, &[u8])] =
            &[("1_a/migration.sql", b"a"), ("1_a/notes.txt", b"b"), ("migration_lock.toml", b"c"), ("README.md", b"d")];
        let kept = [("1_a/migration.sql", &b"a"[..]), ("migration_lock.toml", b"c")];
        for made in [files(written), Files::of_directory(directory(written).path()).unwrap()] {
            assert_eq!(made.contents().collect::<Result<Vec<_>>>().unwrap(), kept);
        }
    }

    #[test]
    fn refusals_name_the_place() {
        for (written, refusal) in [
            (&[("README.md", &b""[..])][..], "the bundle holds no migration, which would be"),
            (&[("1_a/migration.sql", b""), ("2_b.sql", b"")], "the bundle holds migrations of two tools: 1_a/"),
            (&[("sql/1_a.sql", b"")], "the bundle holds no migration, but sql in the bundle does; give that directory"),
            (
                &[("1_a/migration.sql", b""), ("migration_lock.toml", b"\xff")],
                "cannot read migration_lock.toml in the bundle: stream did not contain valid UTF-8",
            ),
        ] {
            let message = read_files(files(written)).unwrap_err().to_string();
            assert!(message.contains(refusal), "{message}");
        }
        let odd = Files::new("the bundle").add("1_a\u{202e}.sql", Vec::new()).unwrap_err().to_string();
        assert!(odd.contains("the name 1_a\\u{202e}.sql in the bundle holds U+202E"), "{odd}");
    }

    #[test]
    fn a_directory_without_a_file_lacks_its_script() {
        let mut made = files(&[("1_a/migration.sql", b"")]);
        made.add_directory("2_b").unwrap();
        let message = read_files(made).unwrap_err().to_string();
        assert!(message.contains("migration 2_b has no migration.sql (P3015)"), "{message}");
    }
}
