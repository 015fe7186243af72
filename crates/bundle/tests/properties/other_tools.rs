//! Python's reader of zips finds the same files in what is taken here, and what Python and Info-ZIP write is read.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use engine::history::{self, read_files};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use crate::mutations::mutated;
use crate::zipper::{Entry, zip};
use crate::{contents, opened, visible, write};

/// Prints the names and bytes of the files in each zip of a directory. A name that is not marked as UTF-8 is one all
/// the same, as Info-ZIP writes it.
const READER: &str = r#"
import json, pathlib, sys, zipfile
def name(entry):
    return entry.filename if entry.flag_bits & 0x800 else entry.filename.encode("cp437").decode()
found = {}
for path in pathlib.Path(sys.argv[1]).iterdir():
    with zipfile.ZipFile(path) as zip:
        found[path.name] = [[name(e), list(zip.read(e))] for e in zip.infolist()]
print(json.dumps(found))
"#;

/// Writes a directory into zips in the ways that Python's module has.
const WRITER: &str = r#"
import pathlib, sys, zipfile
root, to = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
class Pipe:
    def __init__(self, file): self.file = file
    def write(self, data): return self.file.write(data)
    def flush(self): self.file.flush()
for name, method, prefix, streamed in [
    ("stored", 0, "", False), ("deflated", 8, "", False), ("prefix", 8, "migrations/", False), ("streamed", 8, "", True)
]:
    with open(to / name, "wb") as file, zipfile.ZipFile(Pipe(file) if streamed else file, "w", method) as zip:
        for path in sorted(root.rglob("*")):
            zip.write(path, prefix + str(path.relative_to(root)))
"#;

fn python(script: &str, arguments: &[&Path]) -> String {
    let output = Command::new("python3").arg("-c").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const FILES: &[(&str, &[u8])] =
    &[("1_a/migration.sql", b"SELECT 1;\n"), ("2_b c/migration.sql", &[b' '; 10_000]), ("3_é/migration.sql", b"")];

#[test]
fn what_is_taken_is_read_by_python_as_the_same_files() {
    let directory = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::deterministic();
    let mut taken = BTreeMap::new();
    for number in 0..6_000 {
        let bytes = mutated().new_tree(&mut runner).unwrap().current();
        if let Ok(files) = opened(&bytes) {
            let name = number.to_string();
            std::fs::write(directory.path().join(&name), bytes).unwrap();
            taken.insert(name, contents(&files));
        }
    }
    assert!(taken.len() > 300, "{}", taken.len());
    let found: BTreeMap<String, Vec<(String, Vec<u8>)>> =
        serde_json::from_str(&python(READER, &[directory.path()])).unwrap();
    assert_eq!(found.len(), taken.len());
    for (number, taken) in taken {
        let files = visible(found[&number].clone());
        assert_eq!(contents(&files), taken, "{number}");
    }
}

#[test]
fn what_python_writes_is_read() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (path, bytes) in FILES {
        write(from.path(), path, bytes);
    }
    write(from.path(), "1_a/.hidden", b"ignored");
    python(WRITER, &[from.path(), to.path()]);
    let expected = history::read(from.path()).unwrap();
    for name in ["stored", "deflated", "prefix", "streamed"] {
        let bytes = std::fs::read(to.path().join(name)).unwrap();
        assert_eq!(read_files(opened(&bytes).unwrap()).unwrap(), expected, "{name}");
    }
}

/// As Info-ZIP's `zip -r` writes it: names in UTF-8 without the mark for that, times and owners in additional fields,
/// directories as entries and, into a pipe, the sizes behind the bytes.
#[test]
fn what_info_zip_writes_is_read() {
    let from = tempfile::tempdir().unwrap();
    for (path, bytes) in FILES {
        write(from.path(), path, bytes);
    }
    let expected = history::read(from.path()).unwrap();
    for prefix in ["", "migrations/"] {
        for streamed in [false, true] {
            let mut entries = vec![];
            if !prefix.is_empty() {
                entries.push(Entry::stored(prefix, b""));
            }
            for (path, bytes) in FILES {
                let (directory, _) = path.split_once('/').unwrap();
                entries.push(Entry::stored(format!("{prefix}{directory}/"), b""));
                let file = Entry::deflated(format!("{prefix}{path}"), bytes);
                entries.push(if streamed { file.streamed(true) } else { file });
            }
            let entries: Vec<_> = entries
                .into_iter()
                .map(|entry| Entry { flags: entry.flags & !0x0800, ..entry })
                .map(|entry| {
                    entry.with_field(0x5455, &[3, 0, 0, 0, 0]).with_field(0x7875, &[1, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0])
                })
                .collect();
            assert_eq!(read_files(opened(&zip(&entries)).unwrap()).unwrap(), expected, "{prefix} {streamed}");
        }
    }
}

#[test]
fn one_directory_at_the_top_may_have_the_migrations() {
    let read = |paths: &[&str]| {
        let entries: Vec<_> = paths.iter().map(|path| Entry::stored(path, b"")).collect();
        let files = opened(&zip(&entries)).map_err(|refused| refused.to_string())?;
        let history = read_files(files).map_err(|error| error.to_string())?;
        Ok::<_, String>(history.migrations.into_iter().map(|migration| migration.name).collect::<Vec<_>>())
    };
    let taken: &[&[&str]] = &[
        &["1_a.sql"],
        &["migrations/1_a.sql"],
        &[
            "migrations/",
            "migrations/1_a.sql",
            "migrations/.keep",
            ".git/a/b/c",
            "__MACOSX/",
            "__MACOSX/migrations/._1_a.sql",
        ],
        &["migrations/1_a/", "migrations/1_a/migration.sql", "migrations/migration_lock.toml"],
        &["1_a/migration.sql"],
    ];
    for paths in taken {
        assert_eq!(read(paths), Ok(vec!["1_a".to_owned()]), "{paths:?}");
    }
    for (paths, message) in [
        (&["prisma/migrations/1_a/migration.sql"][..], "in a directory in a directory; only <file> and"),
        (&["Migrations/1_a/migration.sql"], "in a directory in a directory; only <file> and"),
        (&["sql/1_a.sql"], "the bundle holds no migration, but sql in the bundle does; give that directory instead"),
        (&["migrations/1_a.sql", "README.md"], "the bundle holds no migration, but migrations in the bundle does"),
        (&["migrations/migration.sql", "migrations/1_a.sql"], "no migration"),
    ] {
        match read(paths) {
            Err(refusal) => assert!(refusal.contains(message), "{refusal}"),
            Ok(names) => assert_eq!((names, message), (vec!["migrations".to_owned()], "no migration")),
        }
    }
}

#[test]
fn what_zip_itself_writes_is_read_where_it_is_installed() {
    let from = tempfile::tempdir().unwrap();
    let migrations = from.path().join("migrations");
    for (path, bytes) in FILES {
        write(&migrations, path, bytes);
    }
    let expected = history::read(&migrations).unwrap();
    for (inside, what) in [(from.path(), "migrations"), (&migrations, ".")] {
        let script = format!("zip -qr - {what} | cat > pipe.zip && zip -qr file.zip {what} -x '*.zip'");
        let Ok(output) = Command::new("sh").arg("-c").arg(script).current_dir(inside).output() else { return };
        if !output.status.success() {
            // Without it there is the test above, of the same shapes.
            assert!(String::from_utf8_lossy(&output.stderr).contains("not found"), "{output:?}");
            return;
        }
        for name in ["file.zip", "pipe.zip"] {
            let bytes = std::fs::read(inside.join(name)).unwrap();
            let read = read_files(opened(&bytes).unwrap()).unwrap();
            assert_eq!(
                (read.migrations, read.format),
                (expected.migrations.clone(), expected.format),
                "{name} of {what}"
            );
            std::fs::remove_file(inside.join(name)).unwrap();
        }
    }
}
