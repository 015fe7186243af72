//! Zips that are made to mislead, or to harm.

use bundle::{BundleRefused, Digest, Flaw, MOST_BYTES, MOST_FILES, MOST_UNPACKED, read};
use engine::history::read_files;

use crate::zipper::{End, Entry, crc, deflate, mode, zip, zip_with};
use crate::{contents, opened};

const SQL: &[u8] = b"SELECT 1;\n";

fn plain() -> Entry {
    Entry::stored("1_a.sql", SQL)
}

fn other() -> Entry {
    Entry::deflated("2_b.sql", b"SELECT 2;\n")
}

/// Returns what is said of the one entry that is refused, with its name.
fn flaw_of(zip: &[u8]) -> (String, Flaw) {
    match opened(zip) {
        Err(BundleRefused::Entry { entry, flaw }) => (entry, flaw),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(entries: &[Entry], name: &str, flaw: &Flaw) {
    assert_eq!(flaw_of(&zip(entries)), (name.to_owned(), flaw.clone()));
}

#[track_caller]
fn no_zip(bytes: &[u8], reason: &str) {
    match opened(bytes) {
        Err(BundleRefused::NoZip(found)) => assert!(found.contains(reason), "{found}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_digest_comes_first() {
    let bytes = zip(&[plain(), other()]);
    assert_eq!(contents(&opened(&bytes).unwrap()).len(), 2);
    for bytes in [&bytes[..], b"no zip", b""] {
        let expected = Digest::of(b"another");
        let refused = read(bytes, &expected).unwrap_err();
        assert_eq!(refused, BundleRefused::OtherDigest { expected, found: Digest::of(bytes) });
        let message = refused.to_string();
        assert!(
            message.contains(&expected.to_string()) && message.contains("by the digest that sha256sum prints"),
            "{message}"
        );
    }
}

#[test]
fn what_is_no_zip_is_refused() {
    no_zip(b"", "does not end as a zip does");
    no_zip(b"PK", "does not end as a zip does");
    no_zip(&vec![0; 100_000], "does not end as a zip does");
    no_zip(b"\x1f\x8b a tar.gz", "does not end as a zip does");
    let whole = zip(&[plain(), other()]);
    for length in 4..whole.len() {
        no_zip(&whole[..length], if length < whole.len() - 18 { "its end is missing" } else { "cut off" });
    }
    no_zip(&[&whole[..], b"\n"].concat(), "other bytes follow its end");
    no_zip(&[&whole[..], &whole[..]].concat(), "is not where it says");
    no_zip(&[b"#!/bin/sh\n", &whole[..]].concat(), "is not where it says");
    assert_eq!(opened(&zip(&[])).unwrap_err(), BundleRefused::Empty);
    assert_eq!(opened(&zip(&[Entry::stored("1_a/", b"")])).unwrap_err(), BundleRefused::Empty);
    assert_eq!(opened(&zip(&[Entry::stored(".1_a.sql", b"")])).unwrap_err(), BundleRefused::Empty);
}

#[test]
fn an_encrypted_entry_is_refused() {
    for flags in [0x0001, 0x0041, 0x2000] {
        refused(&[plain(), Entry { flags, ..other() }], "2_b.sql", &Flaw::Encrypted);
    }
    // AES, as some tools mark it.
    refused(&[Entry { method: 99, ..plain() }], "1_a.sql", &Flaw::Method(99));
}

#[test]
fn what_is_not_read_is_refused() {
    for flags in [0x0010, 0x0020, 0x0080, 0x0100, 0x1000, 0x8000] {
        refused(&[Entry { flags, ..plain() }], "1_a.sql", &Flaw::Flags(flags));
    }
    let mut later = zip(&[plain()]);
    for at in [4, 10 + 30 + 7 + 6] {
        let before = std::mem::replace(&mut later[at], 46);
        assert_eq!(flaw_of(&later), ("1_a.sql".to_owned(), Flaw::Version(46)), "byte {at}");
        later[at] = before;
    }
    for method in [1, 6, 9, 12, 14, 93, 95, 98] {
        refused(&[Entry { method, ..plain() }], "1_a.sql", &Flaw::Method(method));
    }
}

#[test]
fn links_and_devices_are_refused() {
    let target = || Entry::stored("1_a.sql", b"/etc/passwd");
    for entry in [target(), Entry { flags: 0x0808, ..target() }.streamed(true)] {
        refused(&[Entry { attributes: mode(0o120_777), ..entry }], "1_a.sql", &Flaw::Link);
    }
    let directory = Entry { attributes: mode(0o120_777), ..Entry::stored("1_a/", b"") };
    refused(&[plain(), directory], "1_a/", &Flaw::Link);
    for kind in [0o010_644, 0o020_644, 0o060_644, 0o140_644, 0o170_644] {
        refused(&[Entry { attributes: mode(kind), ..plain() }], "1_a.sql", &Flaw::Special);
    }
    for (name, attributes) in [("1_a.sql", mode(0o040_755)), ("1_a.sql", 0x10), ("1_a/", mode(0o100_644))] {
        refused(&[Entry { attributes, ..Entry::stored(name, b"") }], name, &Flaw::Ambiguous);
    }
    refused(&[plain(), Entry::stored("2_b/", b"hidden")], "2_b/", &Flaw::Ambiguous);
}

#[test]
fn a_path_that_leads_elsewhere_is_refused() {
    for (name, shown, flaw) in [
        (&b"/etc/1_a.sql"[..], "/etc/1_a.sql", Flaw::Absolute),
        (b"C:/1_a.sql", "C:/1_a.sql", Flaw::Absolute),
        (b"../1_a.sql", "../1_a.sql", Flaw::Dots),
        (b"1_a/..", "1_a/..", Flaw::Dots),
        (b"migrations/../1_a.sql", "migrations/../1_a.sql", Flaw::Dots),
        (b"./1_a.sql", "./1_a.sql", Flaw::Dots),
        (b"1_a//migration.sql", "1_a//migration.sql", Flaw::Dots),
        (b"", "without a name", Flaw::Dots),
        (b"1_a\\migration.sql", "1_a\\\\migration.sql", Flaw::Backslash),
        (b"1_a\0.sql", "1_a\\0.sql", Flaw::Control),
        (b"1_a\r\n.sql", "1_a\\r\\n.sql", Flaw::Control),
        (b"1_a\x1b[2J.sql", "1_a\\u{1b}[2J.sql", Flaw::Control),
        (b"1_\xe9.sql", "1_\\xe9.sql", Flaw::NotUtf8),
        (b"a/b/c.sql", "a/b/c.sql", Flaw::Deep),
        (b"a/b/c/", "a/b/c/", Flaw::Deep),
        (b"migrations/a/b/c.sql", "migrations/a/b/c.sql", Flaw::Deep),
    ] {
        refused(&[plain(), Entry::stored(name, b"")], shown, &flaw);
    }
    let long = "a".repeat(65_535);
    let (shown, _) = flaw_of(&zip(&[plain(), Entry::stored(&format!("/{long}").as_bytes()[..65_535], b"")]));
    assert!(shown.len() < 200, "{shown}");
    // 32,767 directories in each other, whose paths together would have half a gigabyte.
    let (_, flaw) = flaw_of(&zip(&[plain(), Entry::stored("a/".repeat(32_767), b"")]));
    assert_eq!(flaw, Flaw::Deep);
}

#[test]
fn what_cannot_be_seen_in_a_name_is_refused_as_in_a_directory() {
    let message = opened(&zip(&[Entry::stored("1_a\u{202e}.sql", b"")])).unwrap_err().to_string();
    assert!(message.contains("the name 1_a\\u{202e}.sql in the bundle holds U+202E"), "{message}");
}

#[test]
fn two_entries_of_one_name_are_refused() {
    for (first, second) in [
        ("1_a.sql", "1_a.sql"),
        ("1_A.sql", "1_a.sql"),
        ("1_é.sql", "1_É.sql"),
        ("1_a", "1_a/"),
        ("1_a", "1_a/migration.sql"),
        ("1_a/migration.sql", "1_a"),
        ("1_a/migration.sql", "1_A/notes.txt"),
        ("1_a/", "1_a/"),
        ("migrations/1_a.sql", "Migrations/2_b.sql"),
    ] {
        let (name, flaw) =
            flaw_of(&zip(&[Entry::stored("0.sql", b""), Entry::stored(first, b""), Entry::stored(second, b"")]));
        assert_eq!(name, second);
        assert!(matches!(flaw, Flaw::Twice { .. }), "{first} {second} {flaw:?}");
    }
    // A field with the name in UTF-8, as some tools write it: the same name is taken, another one is a second name.
    let named = |name: &str| {
        let field = [&[1][..], &crc(b"1_a.sql").to_le_bytes(), name.as_bytes()].concat();
        zip(&[plain().with_field(0x7075, &field), other()])
    };
    assert!(opened(&named("1_a.sql")).is_ok());
    assert_eq!(flaw_of(&named("9_z.sql")), ("1_a.sql".to_owned(), Flaw::SecondName));
    let cut = plain().with_field(0x7075, b"\x01");
    refused(&[cut], "1_a.sql", &Flaw::SecondName);
    refused(&[Entry { fields: b"UT\x09\x00\x03".to_vec(), ..plain() }], "1_a.sql", &Flaw::Fields);
}

#[test]
fn a_header_that_differs_from_the_directory_is_refused() {
    let named = Entry { local_name: Some(b"9_z.sql".to_vec()), ..plain() };
    refused(&[named, other()], "1_a.sql", &Flaw::OtherHeader);
    // Each byte of the entry's own header that has a meaning: flags, method, checksum, sizes.
    let whole = zip(&[plain(), other()]);
    for at in (6..10).chain(14..26) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x04;
        assert_eq!(flaw_of(&bytes), ("1_a.sql".to_owned(), Flaw::OtherHeader), "byte {at}");
    }
    for at in 0..4 {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x04;
        assert_eq!(flaw_of(&bytes), ("1_a.sql".to_owned(), Flaw::Missing), "byte {at}");
    }
    for mark in [true, false] {
        assert!(opened(&zip(&[plain().streamed(mark), other().streamed(mark)])).is_ok());
        let mut lies = plain().streamed(mark);
        *lies.behind.last_mut().unwrap() = 1;
        refused(&[lies], "1_a.sql", &Flaw::OtherHeader);
        let mut long = plain().streamed(mark);
        long.behind.push(0);
        refused(&[long, other()], "2_b.sql", &Flaw::Gap);
    }
}

#[test]
fn bytes_of_no_entry_are_refused() {
    refused(&[Entry { before: b"x".to_vec(), ..plain() }, other()], "1_a.sql", &Flaw::Gap);
    refused(&[plain(), Entry { before: zip(&[plain()]), ..other() }], "2_b.sql", &Flaw::Gap);
    refused(&[Entry { is_listed: false, ..plain() }, other()], "2_b.sql", &Flaw::Gap);
    no_zip(&zip(&[plain(), Entry { is_listed: false, ..other() }]), "stand before its directory");
    no_zip(
        &zip_with(&[plain()], &End { before_directory: b"x".to_vec(), ..End::default() }),
        "stand before its directory",
    );
    no_zip(&zip_with(&[plain()], &End { gap: b"x".to_vec(), ..End::default() }), "is not where it says");
    let longer = End { gap: b"x".to_vec(), size: Some(54), ..End::default() };
    no_zip(&zip_with(&[plain()], &longer), "longer than it says");
}

#[test]
fn overlapping_entries_are_refused() {
    // One packed file under many names: the densest of bombs.
    let shared = |name: &str| Entry { is_there: false, start: Some(0), ..Entry::stored(name, SQL) };
    refused(&[plain(), shared("2_b.sql"), shared("3_c.sql")], "1_a.sql", &Flaw::Overlap);
    // The bytes of one are the header and the bytes of the next.
    let inner = zip(&[other()]);
    let quoted = Entry { packed_size: 60, ..plain() };
    refused(&[quoted, other()], "1_a.sql", &Flaw::Overlap);
    assert!(inner.len() > 60);
    // The last one reaches into the directory, and past the end.
    for packed_size in [11, 60, 1_000, 0x7fff_ffff] {
        refused(&[Entry { packed_size, ..plain() }], "1_a.sql", &Flaw::Overlap);
    }
    refused(&[Entry { start: Some(0x7fff_ffff), ..plain() }], "1_a.sql", &Flaw::Gap);
    refused(&[plain(), Entry { start: Some(1), ..other() }], "1_a.sql", &Flaw::Overlap);
}

#[test]
fn sizes_and_checksums_that_lie_are_refused() {
    for entry in [plain(), other()] {
        let name = String::from_utf8(entry.name.clone()).unwrap();
        for size in [0, entry.size - 1, entry.size + 1, 1_000_000] {
            refused(&[Entry { size, ..entry.clone() }], &name, &Flaw::Size);
        }
        refused(&[Entry { crc: !entry.crc, ..entry.clone() }], &name, &Flaw::Checksum);
        let mut broken = entry.clone();
        broken.packed[2] ^= 1;
        assert!(matches!(flaw_of(&zip(&[broken])).1, Flaw::Checksum | Flaw::Size), "{entry:?}");
    }
    let packed = [deflate(SQL), b"hidden".to_vec()].concat();
    let behind = Entry { packed_size: packed.len().try_into().unwrap(), packed, ..Entry::deflated("1_a.sql", SQL) };
    refused(&[behind], "1_a.sql", &Flaw::Size);
    let packed = deflate(SQL)[..5].to_vec();
    refused(&[Entry { packed_size: 5, packed, ..Entry::deflated("1_a.sql", SQL) }], "1_a.sql", &Flaw::Size);
    for bytes in [&b""[..], b"\x03", b"\xff\xff\xff"] {
        let entry = Entry {
            packed_size: bytes.len().try_into().unwrap(),
            packed: bytes.to_vec(),
            ..Entry::deflated("1_a.sql", SQL)
        };
        refused(&[entry], "1_a.sql", &Flaw::Size);
    }
    // A hidden file that is ignored is bound by the same.
    refused(&[plain(), Entry { crc: 1, ..Entry::stored(".hidden", SQL) }], ".hidden", &Flaw::Checksum);
}

#[test]
fn an_empty_file_is_a_file() {
    for empty in
        [Entry::stored("1_a.sql", b""), Entry::deflated("1_a.sql", b""), Entry::deflated("1_a.sql", b"").streamed(true)]
    {
        assert_eq!(contents(&opened(&zip(&[empty])).unwrap()), [("1_a.sql".to_owned(), Vec::new())]);
    }
}

#[test]
fn bombs_are_refused() {
    let most = vec![b' '; MOST_UNPACKED];
    let full = Entry::deflated("1_a.sql", &most);
    assert!(full.packed.len() < 40_000, "{}", full.packed.len());
    assert_eq!(contents(&opened(&zip(std::slice::from_ref(&full))).unwrap())[0].1.len(), MOST_UNPACKED);
    // One byte more, in this file or in another one; hidden or not.
    for name in ["2_b.sql", ".hidden", "notes.txt"] {
        let bytes = zip(&[full.clone(), Entry::stored(name, b"x")]);
        assert_eq!(opened(&bytes).unwrap_err(), BundleRefused::TooManyBytes);
    }
    let over = u32::try_from(MOST_UNPACKED + 1).unwrap();
    assert_eq!(opened(&zip(&[Entry { size: over, ..full.clone() }])).unwrap_err(), BundleRefused::TooManyBytes);
    // It says that it is small.
    for size in [0, 1, 1_000] {
        refused(&[Entry { size, ..full.clone() }], "1_a.sql", &Flaw::Size);
    }
    let message = BundleRefused::TooManyBytes.to_string();
    assert!(message.contains("more than 33554432 bytes, unpacked; leave out"), "{message}");
    assert_eq!(opened(&vec![0; MOST_BYTES + 1]).unwrap_err(), BundleRefused::TooLarge(MOST_BYTES + 1));
}

#[test]
fn too_many_files_are_refused() {
    let files = |count: usize| (0..count).map(|n| Entry::stored(format!("{n}_a.sql"), b"")).collect::<Vec<_>>();
    let directories = (0..20_000).map(|n| Entry::stored(format!("d{n}/"), b""));
    let most: Vec<_> = files(MOST_FILES).into_iter().chain(directories).collect();
    assert_eq!(read_files(opened(&zip(&most)).unwrap()).unwrap().migrations.len(), MOST_FILES);
    assert_eq!(opened(&zip(&files(MOST_FILES + 1))).unwrap_err(), BundleRefused::TooManyFiles);
    assert_eq!(opened(&zip(&files(65_534))).unwrap_err(), BundleRefused::TooManyFiles);
    assert_eq!(opened(&zip(&files(65_535))).unwrap_err(), BundleRefused::Zip64);
    // A million entries in the directory, of which the end counts a few, or as many as it can.
    let one = zip(&[plain()]);
    let (file, directory) = (&one[..30 + 7 + SQL.len()], &one[30 + 7 + SQL.len()..one.len() - 22]);
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap();
    let many = |count: usize, counted: u16| {
        let directory = directory.repeat(count);
        let counted = [0, 0, counted, counted].map(u16::to_le_bytes).concat();
        let places = [length(&directory), length(file)].map(u32::to_le_bytes).concat();
        [file, &directory, b"PK\x05\x06", &counted, &places, &[0; 2]].concat()
    };
    assert!(opened(&many(1, 1)).is_ok());
    for counted in [3, 0xfffe] {
        assert!(matches!(opened(&many(1_000_000, counted)), Err(BundleRefused::TooLarge(_))));
        no_zip(&many(900_000, counted), "longer than it says");
    }
}

#[test]
fn large_zips_are_refused() {
    refused(&[plain().with_field(0x0001, &[0; 16]), other()], "1_a.sql", &Flaw::Zip64);
    for entry in [
        Entry { size: u32::MAX, ..plain() },
        Entry { packed_size: u32::MAX, ..plain() },
        Entry { start: Some(u32::MAX), ..plain() },
    ] {
        refused(&[entry], "1_a.sql", &Flaw::Zip64);
    }
    let locator = || [&b"PK\x06\x07"[..], &[0; 16]].concat();
    for end in [
        End { gap: locator(), ..End::default() },
        End { gap: locator(), size: Some(73), ..End::default() },
        End { entries: Some(u16::MAX), ..End::default() },
        End { directory: Some(u32::MAX), ..End::default() },
        End { size: Some(u32::MAX), ..End::default() },
    ] {
        assert_eq!(opened(&zip_with(&[plain()], &end)).unwrap_err(), BundleRefused::Zip64);
    }
}

#[test]
fn an_end_that_lies_is_refused() {
    let said = |end: End| zip_with(&[plain(), other()], &end);
    no_zip(&said(End { disk: 1, ..End::default() }), "one part of several");
    no_zip(&said(End { entries: Some(1), ..End::default() }), "longer than it says");
    no_zip(&said(End { entries: Some(3), ..End::default() }), "fewer entries than it says");
    no_zip(&said(End { size: Some(0), ..End::default() }), "is not where it says");
    no_zip(&said(End { directory: Some(0), ..End::default() }), "is not where it says");
    no_zip(&said(End { comment_length: Some(1), ..End::default() }), "cut off");
    no_zip(&said(End { comment: b"ab".to_vec(), comment_length: Some(1), ..End::default() }), "follow its end");
    // A comment is taken, such as the one of git archive. One that holds another zip is not.
    assert!(opened(&said(End { comment: b"2473517 of main".to_vec(), ..End::default() })).is_ok());
    no_zip(&said(End { comment: zip(&[plain()]), ..End::default() }), "is not where it says");
}

#[test]
fn each_refusal_names_the_thing_and_the_way_out() {
    let mut flaws =
        vec![Flaw::Twice { other: "1_b".to_owned() }, Flaw::Method(9), Flaw::Flags(0x10), Flaw::Version(46)];
    flaws.extend([
        Flaw::Encrypted,
        Flaw::Link,
        Flaw::Special,
        Flaw::Ambiguous,
        Flaw::Absolute,
        Flaw::Dots,
        Flaw::Backslash,
        Flaw::Control,
        Flaw::NotUtf8,
        Flaw::Hidden,
        Flaw::Deep,
        Flaw::Zip64,
        Flaw::Fields,
        Flaw::SecondName,
        Flaw::Missing,
        Flaw::OtherHeader,
        Flaw::Overlap,
        Flaw::Gap,
        Flaw::Size,
        Flaw::Checksum,
    ]);
    let mut said: Vec<String> =
        flaws.into_iter().map(|flaw| BundleRefused::Entry { entry: "1_a.sql".to_owned(), flaw }.to_string()).collect();
    for sentence in &said {
        assert!(sentence.starts_with("the entry 1_a.sql of the bundle "), "{sentence}");
        assert!(sentence.contains("; ") || sentence.contains(": "), "{sentence}");
    }
    said.sort();
    said.dedup();
    assert_eq!(said.len(), 24);
}
