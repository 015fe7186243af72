//! Reads a directory of migrations.

use std::path::Path;
use std::{fs, io};

use super::file::Content;
use super::names::Inside;
use super::place::Place;
use super::{Files, Format, History, Names, name, prisma, read_files, sqlx};
use crate::{Error, Result};

/// Reads the history in `directory`.
///
/// # Errors
///
/// [`Error::HistoryInvalid`] names the file or directory that is missing, unreadable, in another layout, or whose name
/// is not plain text. An empty directory is an error too: it is more likely a layer that did not arrive than a project
/// without migrations.
pub fn read(directory: &Path) -> Result<History> {
    read_files(Files::of_directory(directory)?)
}

/// Returns the tool whose history is in `directory`. Reads names only.
///
/// # Errors
///
/// [`Error::HistoryInvalid`] when the directory has the layout of no tool, or of more than one.
pub fn recognise(directory: &Path) -> Result<Format> {
    names(directory)?.format()
}

/// Returns the file of the migration that is called `name`, as a path within `directory`.
pub fn file(directory: &Path, name: &str) -> Option<String> {
    let [plain, up] = sqlx::scripts_of(name);
    let layouts = [prisma::script_of(name), plain, up];
    layouts.into_iter().filter(|_| !name.contains('/')).find(|file| directory.join(file).is_file())
}

/// Returns the names of what is in `directory`.
pub(super) fn names(directory: &Path) -> Result<Names> {
    let shown = directory.display();
    let unreadable = |error: io::Error| {
        Error::HistoryInvalid(if error.kind() == io::ErrorKind::NotFound {
            format!("there is no directory {shown}; name the one that holds the migrations")
        } else {
            format!("cannot read the directory {shown}: {error}")
        })
    };
    let mut names = Names::new(Place::Directory(directory.to_owned()));
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().into_string().map_err(|name| {
            let name = name::shown(&name.display().to_string());
            Error::HistoryInvalid(format!("the name {name} in {shown} is not UTF-8; rename it"))
        })?;
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            names.check_directory(&name)?;
            names.directories.insert(name, inside(&entry.path()));
        } else {
            names.check_file(&name)?;
            // A link to a file counts as a file. Reading a pipe or a socket would never end.
            if entry.path().is_file() {
                names.files.insert(name);
            }
        }
    }
    Ok(names)
}

fn inside(directory: &Path) -> Inside {
    let has = |file: &str| directory.join(file).exists();
    Inside { script: has(prisma::SCRIPT), operations: has(prisma::OPERATIONS), migrations: false }
}

/// Whether one of the entries of `directory` is a migration.
pub(super) fn holds_migrations(directory: &Path) -> bool {
    let is_migration =
        |entry: fs::DirEntry| inside(&entry.path()).is_one() || entry.file_name().to_str().is_some_and(sqlx::is_one);
    // Another check reports what cannot be read.
    fs::read_dir(directory).is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(is_migration)))
}

/// Returns what is at `path`, where a script is wanted.
pub(super) fn content(path: &Path) -> Content {
    if !path.is_file() {
        return Content::NoFile;
    }
    fs::read(path).map_or_else(|error| Content::Unreadable(error.to_string()), Content::Bytes)
}

/// Returns what is at `path`, where Prisma's file may be that names the kind of database; `None` if nothing is.
pub(super) fn lock_file(path: &Path) -> Option<Content> {
    // Reading a pipe would never end.
    if path.exists() && !path.is_file() {
        return Some(Content::Unreadable("it is no file".into()));
    }
    match fs::read(path) {
        Ok(bytes) => Some(Content::Bytes(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(Content::Unreadable(error.to_string())),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    pub(crate) fn refusal(files: &[(&str, &[u8])]) -> String {
        read(directory(files).path()).unwrap_err().to_string()
    }

    pub(crate) fn names(history: &History) -> Vec<&str> {
        history.migrations.iter().map(|migration| migration.name.as_str()).collect()
    }

    #[test]
    fn a_history_is_recognised_by_its_shape() {
        let prisma = directory(&[("1_a/migration.sql", b""), ("seed.sql", b""), ("README.md", b"")]);
        let sqlx = directory(&[("1_a.sql", b""), ("seeds/users.sql", b""), ("README.md", b"")]);
        for (root, format) in [(prisma, Format::Prisma), (sqlx, Format::Sqlx)] {
            assert_eq!(recognise(root.path()).unwrap(), format);
            let history = read(root.path()).unwrap();
            assert_eq!((history.format, names(&history)), (format, vec!["1_a"]));
        }
    }

    #[test]
    fn a_directory_of_no_tool_or_of_two_tools_is_named_with_the_way_out() {
        for (files, parts) in [
            (&[("notes.txt", &b""[..])][..], &["holds no migration", "is it the right directory?"][..]),
            (&[("init.sql", b"")], &["holds init.sql", "<version>_<description>.sql", "<name>/migration.sql"]),
            (&[("1_a/migration.sql", b""), ("2_b.sql", b"")], &["two tools", "1_a/", "2_b.sql", "keep one history"]),
            (&[("1_a/ops.json", b""), ("2_b.sql", b"")], &["two tools"]),
        ] {
            let refusal = refusal(files);
            assert!(parts.iter().all(|part| refusal.contains(part)), "{refusal}");
        }
        assert!(read(Path::new("/nowhere")).unwrap_err().to_string().contains("/nowhere"));
    }

    #[test]
    fn a_pipe_is_not_read() {
        let root = directory(&[("1_a/migration.sql", b"SELECT 1")]);
        let pipe = root.path().join(prisma::LOCK_FILE);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let message = read(root.path()).unwrap_err().to_string();
        assert!(message.contains("migration_lock.toml: it is no file"), "{message}");
    }

    #[test]
    fn a_script_in_utf_16_is_told_from_one_that_is_broken() {
        let encoded = |text: &str, little: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
        };
        let text = "-- Größe\r\nCREATE TABLE a ();\r\n";
        for little in [true, false] {
            for text in [text.to_owned(), format!("\u{feff}{text}")] {
                let refusal = refusal(&[("1_a/migration.sql", &encoded(&text, little))]);
                assert!(refusal.contains("1_a/migration.sql looks like UTF-16"), "{refusal}");
            }
        }
        let broken = refusal(&[("1_a/migration.sql", b"SELECT '\xff\xfe'")]);
        assert!(broken.contains("is not UTF-8: byte 9"), "{broken}");
        // These characters are the script's own: its reader handles them.
        for script in [&b""[..], b"\n", b"SELECT '\0'", b"SELECT 1"] {
            assert!(read(directory(&[("1_a/migration.sql", script)]).path()).is_ok(), "{script:?}");
        }
    }
}
