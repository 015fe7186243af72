//! Which names a history may have.
//!
//! A migration's name goes into the ledger, into mails, into pages and to terminals. There it is text: it must not end
//! the line that it is on, change the direction of writing, or look like another name.

use super::place::Place;
use crate::{Error, Result};

/// Refuses the `name` of a directory or file in `place` if it is not plain text.
///
/// # Errors
///
/// [`Error::HistoryInvalid`] shows the name with the character as an escape.
pub(super) fn check(name: &str, place: &Place) -> Result<()> {
    let Some(odd) = name.chars().find(|c| is_odd(*c)) else { return Ok(()) };
    Err(Error::HistoryInvalid(format!(
        "the name {} in {place} holds U+{:04X}, which is a control character or cannot be seen; rename it, and if it was \
         applied already, its row in the ledger too",
        shown(name),
        u32::from(odd)
    )))
}

/// Returns `name` with an escape in the place of each character that is not plain text.
pub(super) fn shown(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for c in name.chars() {
        if is_odd(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether `c` is a control character, a line break, a mark of direction, or has no width.
fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::directory::tests::{directory, names, refusal};
    use super::super::read;

    const DANGEROUS: &[char] = &[
        '\u{1}', '\t', '\n', '\u{b}', '\u{c}', '\r', '\u{1b}', '\u{7f}', '\u{80}', '\u{85}', '\u{9b}', '\u{61c}',
        '\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}',
        '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
        '\u{feff}',
    ];

    proptest! {
        #[test]
        fn a_dangerous_character_is_refused_wherever_it_stands(
            before in "[a-zé😀'\" _]{0,9}", odd in prop::sample::select(DANGEROUS), after in "[a-zé😀'\"\n\u{202e} _]{0,9}"
        ) {
            let name = format!("1_{before}{odd}{after}");
            let [prisma, sqlx] = [format!("{name}/migration.sql"), format!("{name}.sql")];
            for file in [prisma, sqlx] {
                let refusal = refusal(&[("1_a.sql", b""), (&file, b"")]);
                let named = format!("holds U+{:04X}", u32::from(odd));
                prop_assert!(refusal.contains(&named) && refusal.contains("rename it"), "{refusal}");
                prop_assert!(!refusal.contains(DANGEROUS), "{refusal:?}");
            }
        }
    }

    #[test]
    fn names_that_people_give_are_taken() {
        for name in ["1_add_é", "2_ünïcode 'quoted' \"name\"", "3_😀❤\u{fe0f}", "4_漢字 שלום", "5_::error::"]
        {
            let [prisma, sqlx] = [format!("{name}/migration.sql"), format!("{name}.sql")];
            for file in [prisma, sqlx] {
                assert_eq!(names(&read(directory(&[(&file, b"")]).path()).unwrap()), [name]);
            }
        }
    }

    #[test]
    fn files_that_are_no_migrations_may_be_called_anything() {
        let root = directory(&[("1_a.sql", b""), ("Icon\r", b"")]);
        assert_eq!(names(&read(root.path()).unwrap()), ["1_a"]);
    }

    #[test]
    fn the_refusal_shows_what_cannot_be_seen() {
        let refusal = refusal(&[("1_a\u{202e}\n/migration.sql", b"")]);
        assert!(refusal.contains("the name 1_a\\u{202e}\\u{a} in "), "{refusal}");
        assert!(refusal.contains("holds U+202E"), "{refusal}");
    }
}
