//! Reads a directory of migrations. The layout tells which tool it belongs to.

use std::path::Path;
use std::{fs, io};

use super::file::is_sql;
use super::{Format, History, name, prisma, sqlx};
use crate::{Error, Result};

/// The contents of a directory, sorted by name.
pub(super) struct Entries {
    /// Names of sub-directories. A symbolic link to one is not among them, since Prisma does not follow it.
    pub(super) directories: Vec<String>,
    /// Names of files.
    pub(super) files: Vec<String>,
}

/// Reads the history in `directory`.
///
/// # Errors
///
/// [`Error::HistoryInvalid`] names the file or directory that is missing, unreadable, in another layout, or whose name
/// is not plain text. An empty directory is an error too: it is more likely a layer that did not arrive than a project
/// without migrations.
pub fn read(directory: &Path) -> Result<History> {
    let entries = list(directory)?;
    match format_of(directory, &entries)? {
        Format::Prisma => prisma::read(directory, entries.directories),
        Format::Sqlx => sqlx::read(directory, &entries.files),
    }
}

/// Returns the tool whose history is in `directory`. Reads names only.
///
/// # Errors
///
/// [`Error::HistoryInvalid`] when the directory has the layout of no tool, or of more than one.
pub fn recognise(directory: &Path) -> Result<Format> {
    format_of(directory, &list(directory)?)
}

fn format_of(directory: &Path, entries: &Entries) -> Result<Format> {
    let shown = directory.display();
    let of_prisma = entries.directories.iter().find(|name| prisma::is_one(&directory.join(name)));
    let of_sqlx = entries.files.iter().find(|name| sqlx::is_one(name));
    match (of_prisma, of_sqlx) {
        (Some(prisma), Some(sqlx)) => Err(Error::HistoryInvalid(format!(
            "{shown} holds migrations of two tools: {prisma}/ in Prisma's layout and {sqlx} in sqlx's; \
             keep one history in a directory, and remove the other"
        ))),
        (None, Some(_)) => Ok(Format::Sqlx),
        (Some(_), None) => Ok(Format::Prisma),
        // A directory without a script is most likely a migration of Prisma's that lacks its file.
        (None, None) if !entries.directories.is_empty() => Ok(Format::Prisma),
        (None, None) => Err(Error::HistoryInvalid(match entries.files.iter().find(|name| is_sql(name)) {
            Some(file) => format!(
                "{shown} holds {file}, but no migration in a layout that is known: name it <version>_<description>.sql \
                 as sqlx does, or put it into <name>/{} as Prisma does",
                prisma::SCRIPT
            ),
            None => format!(
                "{shown} holds no migration, which would be <name>/{} (Prisma) or <version>_<description>.sql (sqlx); \
                 is it the right directory?",
                prisma::SCRIPT
            ),
        })),
    }
}

/// Returns the file of the migration that is called `name`, as a path within `directory`.
pub fn file(directory: &Path, name: &str) -> Option<String> {
    let layouts = [format!("{name}/{}", prisma::SCRIPT), format!("{name}.sql"), format!("{name}.up.sql")];
    layouts.into_iter().filter(|_| !name.contains('/')).find(|file| directory.join(file).is_file())
}

fn list(directory: &Path) -> Result<Entries> {
    let shown = directory.display();
    let unreadable = |error: io::Error| {
        Error::HistoryInvalid(if error.kind() == io::ErrorKind::NotFound {
            format!("there is no directory {shown}; name the one that holds the migrations")
        } else {
            format!("cannot read the directory {shown}: {error}")
        })
    };
    let mut entries = Entries { directories: Vec::new(), files: Vec::new() };
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().into_string().map_err(|name| {
            let name = name::shown(&name.display().to_string());
            Error::HistoryInvalid(format!("the name {name} in {shown} is not UTF-8; rename it"))
        })?;
        let kind = entry.file_type().map_err(unreadable)?;
        // Any other file is ignored: some systems put a file with a control character in its name into a directory.
        if kind.is_dir() || is_sql(&name) {
            name::check(&name, directory)?;
        }
        if kind.is_dir() {
            entries.directories.push(name);
        } else if entry.path().is_file() {
            // A link to a file counts as a file. Reading a pipe or a socket would never end.
            entries.files.push(name);
        }
    }
    entries.directories.sort_unstable();
    entries.files.sort_unstable();
    Ok(entries)
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
