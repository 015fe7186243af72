//! Tests the directory reader: whatever is in a directory, it returns a history or an error that says why not.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use engine::Error;
use engine::history::{Files, read, read_files, recognise};
use proptest::prelude::*;

/// An entry of a directory.
#[derive(Debug, Clone)]
enum Entry {
    File(Vec<u8>),
    Directory(BTreeMap<Vec<u8>, Vec<u8>>),
    Link(Vec<u8>),
}

/// Generates names that have a meaning, nearly have one, or have none at all.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let any_bytes = prop::collection::vec(any::<u8>().prop_filter("a name", |byte| *byte != 0 && *byte != b'/'), 1..12);
    prop_oneof![
        3 => "[0-9]{1,4}_[a-zA-Z_ é.-]{0,8}".prop_map(String::into_bytes),
        3 => "[+-]?[0-9]{1,20}_[a-z_]{0,6}(\\.up|\\.down)?\\.sql".prop_map(String::into_bytes),
        1 => prop::sample::select(vec!["migration_lock.toml", "migration.sql", ".sql", "_.sql", "a_b.sql", "README.md"])
            .prop_map(|name| name.as_bytes().to_vec()),
        1 => any_bytes.prop_filter("not the directory itself", |name| *name != b"." && *name != b".."),
    ]
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-zA-Z0-9 ;'\"=\\r\\n\u{feff}é-]{0,40}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..20),
        Just(b"provider = \"postgresql\"".to_vec()),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let inside = prop_oneof![
        6 => Just(b"migration.sql".to_vec()),
        1 => Just(b"ops.json".to_vec()),
        1 => name(),
    ];
    prop_oneof![
        4 => content().prop_map(Entry::File),
        4 => prop::collection::btree_map(inside, content(), 0..3).prop_map(Entry::Directory),
        1 => name().prop_map(Entry::Link),
    ]
}

fn write(root: &Path, entries: &BTreeMap<Vec<u8>, Entry>) {
    for (name, entry) in entries {
        let path = root.join(OsStr::from_bytes(name));
        match entry {
            Entry::File(content) => fs::write(path, content).unwrap(),
            Entry::Link(to) => symlink(OsStr::from_bytes(to), path).unwrap(),
            Entry::Directory(files) => {
                fs::create_dir(&path).unwrap();
                for (name, content) in files {
                    fs::write(path.join(OsStr::from_bytes(name)), content).unwrap();
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_stands_there_is_a_history_or_an_error(entries in prop::collection::btree_map(name(), entry(), 0..6)) {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &entries);
        match read(root.path()) {
            Err(Error::HistoryInvalid(reason)) => prop_assert!(!reason.is_empty()),
            Err(other) => prop_assert!(false, "{}", other),
            Ok(history) => {
                prop_assert_eq!(recognise(root.path()).unwrap(), history.format);
                prop_assert!(!history.migrations.is_empty());
                let keys: Vec<_> = history.migrations.iter().map(|migration| &migration.key).collect();
                prop_assert!(keys.is_sorted() && keys.array_windows().all(|[a, b]| a != b), "{:?}", keys);
                // Every script is some file's text, byte for byte.
                let texts: Vec<&[u8]> = entries
                    .values()
                    .flat_map(|entry| match entry {
                        Entry::File(content) => vec![content.as_slice()],
                        Entry::Directory(files) => files.values().map(Vec::as_slice).collect(),
                        Entry::Link(_) => vec![],
                    })
                    .collect();
                for migration in &history.migrations {
                    prop_assert!(texts.contains(&migration.sql.as_bytes()), "{:?}", migration);
                }
                prop_assert_eq!(read(root.path()).unwrap(), history);
            }
        }
    }
}

/// Returns what is in the directory, in memory; `None` where it has a link, or a name that memory cannot have.
fn in_memory(entries: &BTreeMap<Vec<u8>, Entry>) -> Option<engine::Result<Files>> {
    let add = || -> Result<Files, Option<Error>> {
        let mut files = Files::new("the bundle");
        for (name, entry) in entries {
            let name = str::from_utf8(name).map_err(|_| None)?;
            match entry {
                Entry::Link(_) => return Err(None),
                Entry::File(content) => files.add(name, content.clone())?,
                // The system's own words say that this is no file.
                Entry::Directory(_) if name == "migration_lock.toml" => return Err(None),
                Entry::Directory(inside) => {
                    files.add_directory(name)?;
                    for (file, content) in inside {
                        let file = str::from_utf8(file).map_err(|_| None)?;
                        files.add(&format!("{name}/{file}"), content.clone())?;
                    }
                }
            }
        }
        Ok(files)
    };
    match add() {
        Ok(files) => Some(Ok(files)),
        Err(error) => error.map(Err),
    }
}

proptest! {
    #[test]
    fn what_is_in_memory_is_read_as_the_directory_is(entries in prop::collection::btree_map(name(), entry(), 0..6)) {
        let Some(files) = in_memory(&entries) else { return Ok(()) };
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &entries);
        match (files.and_then(read_files), read(root.path())) {
            (Ok(in_memory), Ok(in_directory)) => prop_assert_eq!(in_memory, in_directory),
            (Err(in_memory), Err(in_directory)) => {
                let (in_memory, in_directory) = (in_memory.to_string(), in_directory.to_string());
                // Several odd names are found in any order.
                if !in_memory.contains("holds U+") {
                    let root = root.path().display().to_string();
                    let expected = in_directory.replace(&format!("{root}/"), "").replace(&root, "the bundle");
                    prop_assert_eq!(in_memory.replace(" in the bundle", ""), expected);
                }
            }
            (in_memory, in_directory) => prop_assert!(false, "{:?} {:?}", in_memory, in_directory),
        }
    }
}

#[test]
fn a_pipe_is_no_script() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("1_a")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.path().join("1_a/migration.sql")).status().unwrap();
    assert!(made.success());
    assert!(read(root.path()).unwrap_err().to_string().contains("1_a/migration.sql is no file"));
}

#[test]
fn a_layer_of_another_shape_is_told_of() {
    let layer = tempfile::tempdir().unwrap();
    let told = |directory: &Path| read(directory).unwrap_err().to_string();
    let migrations = layer.path().join("migrations");
    let missing = format!("there is no directory {}; name the one", migrations.display());
    // The history itself in the place of its parent, as it was packed before.
    fs::create_dir(layer.path().join("1_a")).unwrap();
    fs::write(layer.path().join("1_a/migration.sql"), "SELECT 1").unwrap();
    assert!(told(&migrations).contains(&missing), "{}", told(&migrations));
    fs::create_dir(&migrations).unwrap();
    assert!(told(&migrations).contains("holds no migration"), "{}", told(&migrations));
    // Its parent in the place of the history.
    fs::create_dir_all(migrations.join("migrations/1_a")).unwrap();
    fs::write(migrations.join("migrations/1_a/migration.sql"), "SELECT 1").unwrap();
    assert!(told(&migrations).contains("give that directory instead"), "{}", told(&migrations));
}
