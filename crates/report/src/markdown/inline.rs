//! Writes texts from outside within a line of Markdown.
//!
//! A plain word stays as it is. Every other word goes into a code span, in which GitHub makes no link, mention, emoji,
//! formula or tag of it, and which is readable in a terminal. Characters that could end a code span or a cell of a
//! table become numeric entities. No such text begins a line.

use std::fmt::{self, Write as _};

use crate::{visible, words};

/// The maximum length of a sentence, and of a name, in bytes.
const LONGEST_PROSE: usize = 800;
const LONGEST_NAME: usize = 240;

/// Adds to a text. Writing into a String cannot fail.
pub(super) fn add(text: &mut String, more: fmt::Arguments<'_>) {
    let _ = text.write_fmt(more);
}

/// Returns sentences as Markdown. Their text between backticks stays code.
pub(super) fn prose(text: &str) -> String {
    let (text, whole) = visible::clipped(text, LONGEST_PROSE);
    let mut written = String::new();
    for (is_code, part) in words::spans(text) {
        if is_code {
            join(&mut written, &code(&visible::prose(part)), false);
            continue;
        }
        for (at, word) in visible::prose(part).split(' ').filter(|word| !word.is_empty()).enumerate() {
            join(&mut written, &self::word(word), at > 0 || part.starts_with(|c: char| c.is_ascii_whitespace()));
        }
        if part.ends_with(|c: char| c.is_ascii_whitespace()) {
            written.push(' ');
        }
    }
    let written = written.trim();
    if written.is_empty() {
        return "(nothing said)".to_owned();
    }
    written.to_owned() + if whole { "" } else { " …" }
}

/// Returns sentences as Markdown, with a full stop at the end, for a text that continues.
pub(super) fn sentence(text: &str) -> String {
    let written = prose(text);
    if written.ends_with(['.', '!', '?', '…']) { written } else { written + "." }
}

/// Joins adjacent code spans: side by side, their backticks would form a longer mark.
fn join(to: &mut String, word: &str, apart: bool) {
    let clash = to.ends_with('`') && word.starts_with('`');
    if (apart || clash) && !to.is_empty() && !to.ends_with(' ') {
        to.push(' ');
    }
    to.push_str(word);
}

/// Returns a name in a code span.
pub(super) fn name(text: &str) -> String {
    let (text, whole) = visible::clipped(text, LONGEST_NAME);
    code(&visible::name(text)) + if whole { "" } else { " …" }
}

fn word(word: &str) -> String {
    let core = word.trim_start_matches('(').trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
    let Some(from) = word.find(core).filter(|_| !core.is_empty()) else {
        // Punctuation alone, as after a code span.
        return word.to_owned();
    };
    let (before, after) = (&word[..from], &word[from + core.len()..]);
    if is_plain(core) || is_mark(core) { word.to_owned() } else { format!("{before}{}{after}", code(core)) }
}

/// Whether a mark has no meaning in Markdown between two spaces.
fn is_mark(word: &str) -> bool {
    matches!(word, "-" | "–" | "—" | "…" | "→" | "≈" | "×" | "≥" | "≤" | "%")
}

/// Whether a word has only letters, digits, and marks that are usual in a sentence. Left out are words of which GitHub
/// makes links: commits (seven hexadecimal digits or more), letters with a number (`GH-1`), and beginnings of an
/// address (`www.`).
fn is_plain(core: &str) -> bool {
    let characters: Vec<char> = core.chars().collect();
    let between = |at: usize, is: fn(&char) -> bool| {
        at > 0 && characters.get(at - 1).is_some_and(is) && characters.get(at + 1).is_some_and(is)
    };
    let reads = characters.iter().enumerate().all(|(at, character)| match character {
        '-' | '\'' | '’' => between(at, |c| c.is_alphabetic()),
        '.' | ',' => between(at, char::is_ascii_digit),
        other => other.is_alphanumeric(),
    });
    let is_number = core.starts_with(|c: char| c.is_ascii_digit()) && !core.contains(char::is_alphabetic);
    let is_commit = characters.len() >= 7 && characters.iter().all(char::is_ascii_hexdigit) && !is_number;
    reads && !is_commit && !core.eq_ignore_ascii_case("www")
}

fn code(text: &str) -> String {
    let harmless = !text.contains(['`', '|', '\\', '$', '<', '>', '&']) && !text.trim().is_empty();
    if harmless {
        return format!("`{text}`");
    }
    let mut entities = String::from("<code>");
    for character in text.chars() {
        match character {
            // GitHub looks for addresses in the whole text, even across entities: a tag has to divide them.
            '@' => entities.push_str("</code>`@`<code>"),
            ' ' => entities.push(' '),
            letter if letter.is_alphanumeric() => entities.push(letter),
            other => _ = write!(entities, "&#{};", u32::from(other)),
        }
    }
    entities + "</code>"
}

/// Returns lines of SQL in a fence that nothing in them can close.
pub(super) fn fence(sql: &str, most: usize) -> String {
    let (sql, whole) = visible::clipped(sql, most);
    let sql = visible::lines(sql);
    let longest = sql.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let rest = if whole { "" } else { "-- … and more, left out here\n" };
    format!("{fence}sql\n{}\n{rest}{fence}\n", sql.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_can_be_read() {
        for (text, written) in [
            ("Use `NOT VALID`, then\n`VALIDATE CONSTRAINT`.", "Use `NOT VALID`, then `VALIDATE CONSTRAINT`."),
            ("It's (4.2 GiB) two-phase – 1,000 rows: ok!", "It's (4.2 GiB) two-phase – 1,000 rows: ok!"),
            ("public.orders (\"Orders\"), a_b.", "`public.orders` (`\"Orders\"`), `a_b`."),
            ("`a`/b`c`", "`a` `/b` `c`"),
            ("one ` two", "one <code>&#96;</code> two"),
            ("`` x ``", "<code>&#96;&#96;</code> x <code>&#96;&#96;</code>"),
            (" \n", "(nothing said)"),
        ] {
            assert_eq!(prose(text), written);
        }
    }

    #[test]
    fn nothing_becomes_a_link_a_mention_or_a_commit() {
        for (text, written) in [
            ("@ann", "`@ann`"),
            ("see http://evil.example.", "see `http://evil.example`."),
            ("GH-1 deadbeef 1234567", "`GH-1` `deadbeef` 1234567"),
            ("www. WWW.", "`www`. `WWW`."),
            ("a|ann@evil.example", "<code>a&#124;ann</code>`@`<code>evil&#46;example</code>"),
            ("[x](y)", "`[x](y`)"),
        ] {
            assert_eq!(prose(text), written);
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_could_close_it() {
        assert_eq!(fence("a\n````\n", 100), "`````sql\na\n````\n`````\n");
        assert_eq!(fence("abc", 2), "```sql\nab\n-- … and more, left out here\n```\n");
    }
}
