//! Numbers and times in words.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Returns a number with its noun: `1 migration`, `2 migrations`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Returns a duration in words: `12 ms`, `1.3 s`, `12 s`, `3 min 5 s`, `2 h 10 min`.
pub(crate) fn milliseconds(value: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a duration is far below 2^52 milliseconds")]
    match (value, (value + 500) / 1_000) {
        (0..1_000, _) => format!("{value} ms"),
        (..10_000, _) => format!("{:.1} s", value as f64 / 1_000.0),
        (_, seconds @ ..60) => format!("{seconds} s"),
        (_, seconds @ ..3_600) => format!("{} min {} s", seconds / 60, seconds % 60),
        (_, seconds) => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Returns a duration that a person waits for in words: `0.4 s`, `12 s`, `3 min 5 s`.
pub(crate) fn seconds(duration: SignedDuration) -> String {
    let value = u64::try_from(duration.as_millis()).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "it is below a second")]
    if value < 1_000 { format!("{:.1} s", value as f64 / 1_000.0) } else { milliseconds(value) }
}

/// Returns a moment on this machine's clock.
pub(crate) fn local_time(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// Returns a moment on this machine's clock; a text that is no time stays as it is.
pub(crate) fn local_time_of(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), local_time)
}

/// Returns a word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_easily() {
        let said: Vec<_> = [0, 999, 1_300, 9_999, 59_400, 59_500, 185_000, 7_800_000].map(milliseconds).into();
        assert_eq!(said, ["0 ms", "999 ms", "1.3 s", "10.0 s", "59 s", "1 min 0 s", "3 min 5 s", "2 h 10 min"]);
    }

    #[test]
    fn a_duration_that_is_waited_for_is_in_seconds() {
        let said: Vec<_> =
            [-5, 0, 420, 12_400, 185_000].map(|value| seconds(SignedDuration::from_millis(value))).into();
        assert_eq!(said, ["0.0 s", "0.0 s", "0.4 s", "12 s", "3 min 5 s"]);
    }

    #[test]
    fn a_text_that_is_no_time_stays() {
        assert_eq!(local_time_of("soon"), "soon");
        assert!(local_time_of("2026-01-01T12:00:00Z").starts_with("202"));
    }

    #[test]
    fn a_word_for_a_shell_is_quoted_where_it_has_to_be() {
        for (word, shown) in
            [("apply-1", "apply-1"), ("", "''"), ("a b", "'a b'"), ("a'b", "'a'\"'\"'b'"), ("$(x)", "'$(x)'")]
        {
            assert_eq!(quoted(word), shown);
        }
    }
}
