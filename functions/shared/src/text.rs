//! Keeps text from outside plain: in a failure's message, in a mail, in a line of the log.
//!
//! Names, messages and reasons come from directories, from the database, from callers. A character that could end a
//! line, move a cursor, change the direction of writing or hide is shown as an escape, like `\u{202e}`.

use std::fmt::Write as _;

/// Returns `text` with an escape in the place of each character that is not plain text. Line feeds stay: a message of
/// ours may have several lines.
pub fn harmless(text: &str) -> String {
    written(text, |c| c == '\n')
}

/// Returns `text` as plain text on one line: a line feed, a carriage return or a tab becomes a space.
pub fn one_line(text: &str) -> String {
    written(&text.replace(['\n', '\r', '\t'], " "), |_| false)
}

/// Returns [`one_line`] cut to at most `longest` characters; an ellipsis shows that it was cut.
pub fn short(text: &str, longest: usize) -> String {
    let (start, whole) = match text.char_indices().nth(longest) {
        None => (text, true),
        Some((end, _)) => (&text[..end], false),
    };
    let line = one_line(start);
    if whole && line.chars().count() <= longest {
        return line;
    }
    line.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// Whether `text` is plain text on one line.
pub fn is_one_line(text: &str) -> bool {
    !text.chars().any(is_more_than_text)
}

/// Returns a line of JSON with a JSON escape in the place of each character that is not plain text. In JSON such
/// characters occur only within strings, so the values stay the same.
pub fn harmless_json(line: &str) -> String {
    let mut written = String::with_capacity(line.len());
    for c in line.chars() {
        if is_more_than_text(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into a String cannot fail.
                let _ = write!(written, "\\u{unit:04x}");
            }
        } else {
            written.push(c);
        }
    }
    written
}

fn written(text: &str, stays: fn(char) -> bool) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        if is_more_than_text(c) && !stays(c) {
            written.extend(c.escape_unicode());
        } else {
            written.push(c);
        }
    }
    written
}

/// Whether `c` is a control character, a line break, a mark that changes the direction of writing, or has no width.
fn is_more_than_text(c: char) -> bool {
    c.is_control() || report::is_invisible(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Whether `c` must not remain in a text. Independent of the two lists in the code under test.
    fn is_dangerous(c: char) -> bool {
        matches!(c,
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    }

    /// Generates a text from outside with many dangerous characters.
    fn text() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            3 => prop::char::range(' ', '~'),
            2 => prop::char::ranges(vec!['\0'..='\u{1f}', '\u{7f}'..='\u{9f}', '\u{200b}'..='\u{200f}'].into()),
            2 => prop::char::ranges(vec!['\u{2028}'..='\u{202e}', '\u{2060}'..='\u{2069}'].into()),
            1 => prop::sample::select(vec!['\n', '\r', '\u{61c}', '\u{feff}', '\u{ad}', '\u{e0041}', 'é', '😀', '\u{fe0f}']),
            1 => any::<char>(),
        ];
        prop::collection::vec(character, 0..40).prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn no_dangerous_character_is_left(text in text(), longest in 1..50_usize) {
            prop_assert!(!harmless(&text).contains(|c| c != '\n' && is_dangerous(c)));
            prop_assert_eq!(harmless(&text).matches('\n').count(), text.matches('\n').count());
            prop_assert!(!one_line(&text).contains(is_dangerous));
            prop_assert!(is_one_line(&one_line(&text)));
            prop_assert_eq!(one_line(&text) == text, is_one_line(&text));
            prop_assert!(!short(&text, longest).contains(is_dangerous));
            prop_assert!(short(&text, longest).chars().count() <= longest);
        }

        #[test]
        fn harmless_text_stays_the_same(text in text()) {
            prop_assert_eq!(harmless(&harmless(&text)), harmless(&text));
            prop_assert_eq!(one_line(&harmless(&text)), one_line(&one_line(&harmless(&text))));
        }

        #[test]
        fn a_line_of_json_means_the_same(text in text()) {
            let value = json!({ "message": text });
            let line = harmless_json(&value.to_string());
            prop_assert!(!line.contains(is_dangerous));
            prop_assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
        }
    }

    #[test]
    fn what_is_no_text_is_shown() {
        assert_eq!(harmless("a\nb\r\u{1b}[31m\u{202e}\u{200b}"), "a\nb\\u{d}\\u{1b}[31m\\u{202e}\\u{200b}");
        assert_eq!(one_line("a\r\nApproved by: me\u{2028}"), "a  Approved by: me\\u{2028}");
    }

    #[test]
    fn what_people_write_stays() {
        for text in ["add_é 'quoted' \"ü\" 😀 ❤\u{fe0f} שלום 漢字", "", " "] {
            assert_eq!((harmless(text), one_line(text), is_one_line(text)), (text.into(), text.into(), true));
        }
    }

    #[test]
    fn a_short_text_is_whole_and_a_long_one_ends_in_an_ellipsis() {
        assert_eq!(short("one\ntwo", 7), "one two");
        assert_eq!(short("nine char", 8), "nine ch…");
        assert_eq!(short("one\u{202e}", 8), "one\\u{2…");
    }
}
