//! Which paths a bundle may have.

use crate::Flaw;

/// Where Finder puts a second file for each file.
const FINDERS: &str = "__MACOSX";

/// The most characters of a name that a message shows.
const SHOWN: usize = 120;

/// The path of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    /// Without the slash at the end of a directory's name.
    pub(crate) text: &'a str,
    pub(crate) is_directory: bool,
    /// Whether it, or a directory in which it is, is hidden.
    pub(crate) is_hidden: bool,
}

/// Returns the path that is written as `name`.
pub(crate) fn parse(name: &[u8]) -> Result<Path<'_>, Flaw> {
    let whole = str::from_utf8(name).map_err(|_| Flaw::NotUtf8)?;
    if whole.chars().any(char::is_control) {
        return Err(Flaw::Control);
    }
    if whole.contains('\\') {
        return Err(Flaw::Backslash);
    }
    if whole.starts_with('/') || has_drive(whole) {
        return Err(Flaw::Absolute);
    }
    let text = whole.strip_suffix('/').unwrap_or(whole);
    let mut parts = text.split('/');
    if parts.clone().any(|part| ["", ".", ".."].contains(&part)) {
        return Err(Flaw::Dots);
    }
    let is_hidden = parts.clone().next() == Some(FINDERS) || parts.any(|part| part.starts_with('.'));
    Ok(Path { text, is_directory: text.len() < whole.len(), is_hidden })
}

/// Whether a path begins with a drive of Windows.
fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':'] | [letter, b':', b'/', ..] if letter.is_ascii_alphabetic())
}

/// Returns a name as a message shows it: with escapes for what is not plain, and cut if it is long.
pub(crate) fn shown(name: &[u8]) -> String {
    let mut shown = String::new();
    let mut count = 0;
    for chunk in name.utf8_chunks() {
        let plain = chunk.valid().chars().map(escaped);
        let broken = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
        for text in plain.chain(broken) {
            if count == SHOWN {
                return format!("{shown}...");
            }
            count += 1;
            shown.push_str(&text);
        }
    }
    if shown.is_empty() { "without a name".to_owned() } else { shown }
}

fn escaped(c: char) -> String {
    // `escape_debug` leaves letters of all languages, and shows what cannot be seen.
    if matches!(c, '\'' | '"') { c.to_string() } else { c.escape_debug().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_migrations_are_taken() {
        for (name, text, is_directory) in [
            ("1_a/migration.sql", "1_a/migration.sql", false),
            ("1_a/", "1_a", true),
            ("1_é 漢字 '\"😀..sql", "1_é 漢字 '\"😀..sql", false),
            ("5_::error::.sql", "5_::error::.sql", false),
        ] {
            assert_eq!(parse(name.as_bytes()), Ok(Path { text, is_directory, is_hidden: false }));
        }
    }

    #[test]
    fn hidden_files_are_told_from_others() {
        for name in [".git/config", ".DS_Store", "1_a/.DS_Store", "__MACOSX/1_a/._migration.sql", "__MACOSX/", "..a"] {
            assert!(parse(name.as_bytes()).unwrap().is_hidden, "{name}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for (name, flaw) in [
            (&b"/1_a.sql"[..], Flaw::Absolute),
            (b"//1_a.sql", Flaw::Absolute),
            (b"/", Flaw::Absolute),
            (b"C:/1_a.sql", Flaw::Absolute),
            (b"c:", Flaw::Absolute),
            (b"", Flaw::Dots),
            (b"../1_a.sql", Flaw::Dots),
            (b"1_a/../2_b.sql", Flaw::Dots),
            (b"1_a/..", Flaw::Dots),
            (b"./1_a.sql", Flaw::Dots),
            (b"1_a//migration.sql", Flaw::Dots),
            (b"1_a//", Flaw::Dots),
            (b"1_a\\migration.sql", Flaw::Backslash),
            (b"1_a\0.sql", Flaw::Control),
            (b"1_a\n.sql", Flaw::Control),
            ("1_a\u{85}.sql".as_bytes(), Flaw::Control),
            (b"1_a\xff.sql", Flaw::NotUtf8),
            (b".git/\xff", Flaw::NotUtf8),
        ] {
            assert_eq!(parse(name), Err(flaw), "{}", name.escape_ascii());
        }
    }

    #[test]
    fn what_a_message_shows_is_plain_and_short() {
        assert_eq!(shown("1_é 'a'/b.sql".as_bytes()), "1_é 'a'/b.sql");
        assert_eq!(shown(b"a\n\xff\x1b\xe2\x80\xae"), "a\\n\\xff\\u{1b}\\u{202e}");
        assert_eq!(shown(b""), "without a name");
        assert_eq!(shown(&[b'a'; 9_999]), format!("{}...", "a".repeat(SHOWN)));
        assert_eq!(shown(&[b'a'; SHOWN]), "a".repeat(SHOWN));
    }
}
