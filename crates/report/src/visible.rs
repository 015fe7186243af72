//! Makes characters visible that cannot be seen, or that change the direction of the text beside them.
//!
//! A name may hold anything: an escape sequence for a terminal, a mark that makes `gnp.exe` read as `exe.png`.

use std::fmt::Write as _;

/// Returns a text of sentences: line breaks and tabs become spaces.
pub(crate) fn prose(text: &str) -> String {
    name(&text.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
}

/// Returns a name: a line break in it is shown too.
pub(crate) fn name(text: &str) -> String {
    shown(text, |_| false)
}

/// Returns lines of code: line breaks and tabs stay.
pub(crate) fn lines(text: &str) -> String {
    shown(&text.replace("\r\n", "\n"), |character| matches!(character, '\n' | '\t'))
}

fn shown(text: &str, stays: fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut marks = 0;
    for character in text.chars() {
        marks = if is_combining(character) { marks + 1 } else { 0 };
        let odd = character.is_control() || is_invisible(character) || marks > MOST_MARKS;
        if odd && !stays(character) {
            // Writing into a String cannot fail.
            let _ = write!(shown, "‹U+{:04X}›", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// How many combining marks a letter may have in any language. A heap of them covers the lines above and below.
const MOST_MARKS: usize = 2;

fn is_combining(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Whether a character is invisible: further control characters, line ends that only some programs know, marks of
/// direction, and characters without a width. Emoji keep their presentation selector.
pub fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns `text` or its beginning, and whether it was cut: a text in a place of fixed size has to be bounded.
pub(crate) fn clipped(text: &str, most: usize) -> (&str, bool) {
    (&text[..text.floor_char_boundary(most)], text.len() <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(name("a\u{1b}[31m\u{0}\u{7f}\n"), "a‹U+001B›[31m‹U+0000›‹U+007F›‹U+000A›");
        assert_eq!(name("a\u{202e}gnp.exe\u{9b}"), "a‹U+202E›gnp.exe‹U+009B›");
        assert_eq!(prose(" one\r\n\ttwo \u{2028}"), "one two ‹U+2028›");
        assert_eq!(lines("a\r\n\tb\rc\u{200b}\n"), "a\n\tb‹U+000D›c‹U+200B›\n");
    }

    #[test]
    fn marks_do_not_pile_up() {
        assert_eq!(name("e\u{302}\u{301}\u{300}a\u{300}"), "e\u{302}\u{301}‹U+0300›a\u{300}");
    }

    #[test]
    fn what_can_be_seen_stays() {
        let text = "naïve Ελλάδα שלום 漢字 ✓ 🙂 ❤\u{fe0f}";
        assert_eq!((name(text), lines(text)), (text.to_owned(), text.to_owned()));
    }

    #[test]
    fn a_text_is_clipped_between_characters() {
        assert_eq!(clipped("aé", 2), ("a", false));
        assert_eq!(clipped("aé", 3), ("aé", true));
    }
}
