//! Zips in which bytes were changed at random. Each is refused, or read as other tools read it.

use std::io::{Cursor, Read as _};

use proptest::prelude::*;
use zip::ZipArchive;

use crate::zipper::{Entry, zip};
use crate::{contents, opened, visible};

fn entry() -> impl Strategy<Value = Entry> {
    let name = prop::sample::select(vec![
        "1_a.sql",
        "2_b.sql",
        "1_a/",
        "1_a/migration.sql",
        "migrations/",
        "migrations/1_a.sql",
        ".hidden",
        "README.md",
        "1_é/migration.sql",
        "migration_lock.toml",
        "../x",
        "a/b/c",
        "1_A.sql",
    ]);
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    (name, bytes, any::<bool>(), 0..4).prop_map(|(name, bytes, is_deflated, streamed)| {
        let bytes = if name.ends_with('/') { &[][..] } else { &bytes };
        let entry = if is_deflated { Entry::deflated(name, bytes) } else { Entry::stored(name, bytes) };
        if streamed == 0 { entry.streamed(is_deflated) } else { entry }
    })
}

/// A change at a place that is counted from the front or from the end.
#[derive(Debug, Clone)]
enum Change {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
    Copy(prop::sample::Index, prop::sample::Index, usize),
}

pub(crate) fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let at = any::<prop::sample::Index>;
    let change = prop_oneof![
        4 => (at(), prop::sample::select(vec![0, 1, 8, 0x10, 0x2f, 0x7f, 0xff])).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (at(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        1 => (at(), 1..60_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (at(), at(), 1..80_usize).prop_map(|(from, to, count)| Change::Copy(from, to, count)),
    ];
    let entries = prop::collection::vec(entry(), 0..5);
    (entries, prop::collection::vec(change, 0..4)).prop_map(|(entries, changes)| {
        let mut bytes = zip(&entries);
        for change in changes {
            let length = bytes.len();
            if length == 0 {
                break;
            }
            match change {
                Change::Set(at, byte) => bytes[at.index(length)] = byte,
                Change::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
                Change::Remove(at, count) => {
                    let at = at.index(length);
                    bytes.drain(at..length.min(at + count));
                }
                Change::Insert(at, inserted) => {
                    let at = at.index(length);
                    bytes.splice(at..at, inserted);
                }
                Change::Copy(from, to, count) => {
                    let (from, to) = (from.index(length), to.index(length));
                    let copied = bytes[from..length.min(from + count)].to_vec();
                    bytes.splice(to..to, copied);
                }
            }
        }
        bytes
    })
}

/// Returns the files that the crate zip finds, of those that belong to a history.
fn found_by_library(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        found.push((String::from_utf8(file.name_raw().to_vec()).unwrap(), bytes));
    }
    contents(&visible(found))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_zip_is_read_or_refused(bytes in mutated()) {
        match opened(&bytes) {
            Ok(files) => {
                let files = contents(&files);
                prop_assert_eq!(&found_by_library(&bytes), &files);
                // The same files, written plainly, are the same history.
                let plain: Vec<_> = files.iter().map(|(path, bytes)| Entry::stored(path, bytes)).collect();
                if !plain.is_empty() {
                    prop_assert_eq!(contents(&opened(&zip(&plain)).unwrap()), files);
                }
            }
            Err(refused) => {
                let message = refused.to_string();
                prop_assert!(message.len() < 1_000 && !message.chars().any(char::is_control), "{message:?}");
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), end in any::<bool>()) {
        let bytes = if end { [&bytes[..], b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x10\0\0\0\0\0\0\0\0\0"].concat() } else { bytes };
        prop_assert!(opened(&bytes).is_err());
    }
}
