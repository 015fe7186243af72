//! What is made is read again, and is the same wherever it is made.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use bundle::{BundleNotMade, Digest, Flaw, MOST_FILES, MOST_UNPACKED, Made, make};
use engine::history::{self, Files, read_files};
use proptest::prelude::*;

use crate::{contents, opened, write};

fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        write(root.path(), path, bytes);
    }
    root
}

fn made(files: &[(&str, &[u8])]) -> Made {
    make(directory(files).path()).unwrap()
}

fn not_made(files: &[(&str, &[u8])]) -> BundleNotMade {
    make(directory(files).path()).unwrap_err()
}

const PRISMA: &[(&str, &[u8])] = &[
    ("2_b/migration.sql", b"SELECT 2;\n"),
    ("1_a/migration.sql", b"SELECT 1;\n"),
    ("migration_lock.toml", b"provider = \"postgresql\"\n"),
];

#[test]
fn the_bytes_are_always_the_same() {
    // A digest is a name that is kept elsewhere. So no version may make other bytes.
    let made = made(PRISMA);
    assert_eq!(made.files, ["1_a/migration.sql", "2_b/migration.sql", "migration_lock.toml"]);
    assert_eq!(made.digest, Digest::of(&made.bytes));
    assert_eq!(made.digest.to_string(), "52401bc2714e24ddb405a313ee5471ed2df99cca120727a52698990d3e302771");
    assert!(made.warnings.is_empty(), "{:?}", made.warnings);
}

#[test]
fn only_what_belongs_to_the_history_is_taken() {
    let more: &[(&str, &[u8])] = &[("README.md", b""), (".gitkeep", b""), ("seed.sql", b""), ("1_a/notes.md", b"x")];
    assert_eq!(made(&[PRISMA, more].concat()).bytes, made(PRISMA).bytes);
    let sqlx: &[(&str, &[u8])] = &[("1_a.up.sql", b""), ("1_a.down.sql", b"\xff"), ("2_b.sql", b"")];
    let more: &[(&str, &[u8])] = &[("seeds/1.sql", b""), ("notes.sql", b""), (".hidden", b"")];
    let taken = made(&[sqlx, more].concat());
    assert_eq!(taken.files, ["1_a.down.sql", "1_a.up.sql", "2_b.sql"]);
    assert_eq!(taken.bytes, made(sqlx).bytes);
}

#[test]
fn links_are_followed_as_the_reader_follows_them() {
    let there = directory(&[("a", b"SELECT 1"), ("1_d/migration.sql", b"SELECT 2")]);
    let root = directory(&[("1_a/notes.md", b"")]);
    symlink(there.path().join("a"), root.path().join("1_a/migration.sql")).unwrap();
    // Prisma does not follow a link to a directory.
    symlink(there.path().join("1_d"), root.path().join("1_d")).unwrap();
    let linked = make(root.path()).unwrap();
    assert_eq!(linked.files, ["1_a/migration.sql"]);
    assert_eq!(linked.bytes, made(&[("1_a/migration.sql", b"SELECT 1")]).bytes);
}

#[test]
fn what_cannot_be_read_again_is_not_made() {
    for (files, message) in [
        (&[("README.md", &b""[..])][..], "holds no migration"),
        (&[("1_a/migration.sql", b""), ("2_b.sql", b"")], "two tools"),
        (&[("1_a/notes.md", b"")], "migration 1_a has no migration.sql"),
        (&[("1_a.sql", b"\xff")], "1_a.sql is not UTF-8"),
        (&[("1_a.sql", b""), ("seed_data.sql", b"")], "does not begin with a version"),
        (&[("1_a\n.sql", b"")], "holds U+000A"),
        (&[("migrations/1_a/migration.sql", b"")], "give that directory instead"),
    ] {
        let refused = not_made(files);
        assert!(matches!(refused, BundleNotMade::History(_)), "{refused:?}");
        assert!(refused.to_string().contains(message), "{refused}");
    }
    for (files, file, flaw) in [
        (&[("1_a/migration.sql", &b""[..]), (".old/migration.sql", b"")][..], ".old/migration.sql", Flaw::Hidden),
        (&[("1_a\\b.sql", b"")], "1_a\\\\b.sql", Flaw::Backslash),
        (&[("1_A.sql", b""), ("1_a.sql", b"")], "1_a.sql", Flaw::Twice { other: "1_A.sql".to_owned() }),
        (
            &[("A/migration.sql", b""), ("a/migration.sql", b"")],
            "a/migration.sql",
            Flaw::Twice { other: "A".to_owned() },
        ),
    ] {
        match not_made(files) {
            BundleNotMade::File { file: named, flaw: found } => assert_eq!((named.as_str(), found), (file, flaw)),
            other => panic!("{other:?}"),
        }
    }
    let large = vec![b' '; MOST_UNPACKED + 1];
    let refused = not_made(&[("1_a.sql", &large)]);
    assert!(matches!(refused, BundleNotMade::TooManyBytes(bytes) if bytes == large.len()), "{refused}");
    assert_eq!(made(&[("1_a.sql", &large[1..])]).files, ["1_a.sql"]);
    assert!(make(Path::new("/nowhere")).unwrap_err().to_string().contains("there is no directory /nowhere"));
}

#[test]
fn more_files_than_a_bundle_has_are_not_made() {
    let root = tempfile::tempdir().unwrap();
    for n in 0..=MOST_FILES {
        fs::write(root.path().join(format!("{n}_a.sql")), "").unwrap();
    }
    assert!(matches!(make(root.path()), Err(BundleNotMade::TooManyFiles(20_001))));
    fs::remove_file(root.path().join("0_a.sql")).unwrap();
    let made = make(root.path()).unwrap();
    assert_eq!(made.files.len(), MOST_FILES);
    assert_eq!(contents(&opened(&made.bytes).unwrap()).len(), MOST_FILES);
}

#[test]
fn line_ends_of_windows_are_warned_of() {
    let names: Vec<String> = (1..=7).map(|n| format!("{n}_a.sql")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"SELECT\r\n1"[..])).collect();
    let warned = |count: usize| made(&[&files[..count], &[("8_b.sql", b"SELECT\n1\r")]].concat()).warnings;
    assert_eq!(warned(0), Vec::<String>::new());
    assert!(warned(1)[0].contains("(CRLF) are in 1_a.sql: a checkout"), "{:?}", warned(1));
    assert!(warned(5)[0].contains("in 1_a.sql, 2_a.sql, 3_a.sql, 4_a.sql, 5_a.sql: "), "{:?}", warned(5));
    assert!(warned(7)[0].contains("4_a.sql, 5_a.sql and 2 more: "), "{:?}", warned(7));
    // The reader's own warnings are told here too.
    assert!(
        made(&[("1_a/migration.sql", b""), ("10_b/migration.sql", b"")]).warnings[0].contains("10_b comes before 1_a")
    );
}

#[test]
fn a_migration_may_be_called_as_the_directory() {
    for files in [
        &[("migrations/migration.sql", &b""[..])][..],
        &[("migrations/migration.sql", b""), ("migration_lock.toml", b"")],
    ] {
        let made = made(files);
        let history = read_files(opened(&made.bytes).unwrap()).unwrap();
        assert_eq!(history.migrations[0].name, "migrations");
    }
}

/// Generates histories of each tool, with files beside them that belong to none.
fn history() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let text = "[a-zA-Z0-9 ;'\r\n\u{feff}é-]{0,60}".prop_map(String::into_bytes);
    let others = || {
        prop::collection::btree_map(
            "(\\.[a-z]{1,4}|[a-z]{1,4}\\.(md|toml))",
            prop::collection::vec(any::<u8>(), 0..20),
            0..3,
        )
    };
    let prisma = prop::collection::btree_map("[0-9]{1,3}_[a-zé 'A-Z]{0,6}", text.clone(), 1..6).prop_map(|scripts| {
        scripts.into_iter().map(|(name, text)| (format!("{name}/migration.sql"), text)).collect::<BTreeMap<_, _>>()
    });
    let sqlx = prop::collection::btree_map("[1-9][0-9]{0,3}_[a-zé 'A-Z]{0,6}(\\.up|\\.down)?\\.sql", text, 1..6);
    (prop_oneof![prisma, sqlx], others()).prop_map(|(mut files, others)| {
        files.extend(others);
        files
    })
}

/// Writes the files in the order of `seed`, with other times and modes.
fn written(files: &BTreeMap<String, Vec<u8>>, seed: u64) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let mut order: Vec<_> = files.iter().collect();
    order.sort_by_key(|(path, _)| Digest::of(format!("{seed}{path}").as_bytes()));
    for (path, bytes) in order {
        write(root.path(), path, bytes);
        let file = fs::File::options().write(true).open(root.path().join(path)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seed % 4_000_000_000)).unwrap();
        let mode = if seed.is_multiple_of(2) { 0o755 } else { 0o600 };
        fs::set_permissions(root.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    root
}

proptest! {
    #[test]
    fn what_is_made_is_read_again(files in history(), seed in any::<u64>(), other in any::<u64>()) {
        let root = written(&files, seed);
        let here = history::read(root.path());
        match make(root.path()) {
            Ok(made) => {
                let again = written(&files, other);
                prop_assert_eq!(&make(again.path()).unwrap(), &made);
                let read = opened(&made.bytes).unwrap();
                let of_directory = Files::of_directory(root.path()).unwrap();
                prop_assert_eq!(contents(&read), contents(&of_directory));
                let paths: Vec<_> = contents(&read).into_iter().map(|(path, _)| path).collect();
                prop_assert_eq!(&paths, &made.files);
                prop_assert_eq!(read_files(read).unwrap(), here.unwrap());
            }
            Err(BundleNotMade::History(error)) => prop_assert_eq!(error.to_string(), here.unwrap_err().to_string()),
            Err(BundleNotMade::File { flaw, .. }) => prop_assert!(matches!(flaw, Flaw::Twice { .. }), "{:?}", flaw),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}
