//! A name that a history may have is plain text wherever it is shown. The engine and the functions agree on what plain
//! text is.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::fs;
use std::path::Path;

use shared::text::is_one_line;

fn add(root: &Path, c: char) {
    let migration = root.join(format!("1_{c}"));
    fs::create_dir(&migration).unwrap();
    fs::write(migration.join("migration.sql"), "").unwrap();
}

#[test]
fn no_name_holds_control_characters() {
    let all = ('\u{1}'..='\u{1ffff}').chain('\u{e0000}'..='\u{e0fff}').filter(|c| *c != '/');
    let (plain, odd): (Vec<_>, Vec<_>) = all.partition(|c| is_one_line(&c.to_string()));

    // A sample of the many thousands, but all of the blocks that hold special characters.
    let sample: Vec<_> =
        plain.into_iter().filter(|c| *c < '\u{400}' || u32::from(*c).is_multiple_of(97)).take(2_000).collect();
    let root = tempfile::tempdir().unwrap();
    for c in &sample {
        add(root.path(), *c);
    }
    assert_eq!(engine::history::read(root.path()).unwrap().migrations.len(), sample.len());

    let tags = |c: char| c >= '\u{e0000}' && !u32::from(c).is_multiple_of(101);
    let odd: Vec<_> = odd.into_iter().filter(|c| !tags(*c)).collect();
    assert!(odd.len() > 150, "{}", odd.len());
    for c in odd {
        let root = tempfile::tempdir().unwrap();
        add(root.path(), c);
        assert!(engine::history::read(root.path()).is_err(), "U+{:04X}", u32::from(c));
    }
}
