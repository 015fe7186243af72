//! Numbers and times in words.

/// Returns a number with its noun: `1 migration`, `2 migrations`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Returns a duration in words: `12 ms`, `1.3 s`, `12 s`, `3 min 5 s`, `2 h 10 min`.
pub fn milliseconds(value: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a duration is far below 2^52 milliseconds")]
    match (value, (value + 500) / 1_000) {
        (0..1_000, _) => format!("{value} ms"),
        (..10_000, _) => format!("{:.1} s", value as f64 / 1_000.0),
        (_, seconds @ ..60) => format!("{seconds} s"),
        (_, seconds @ ..3_600) => format!("{} min {} s", seconds / 60, seconds % 60),
        (_, seconds) => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_easily() {
        let said: Vec<_> = [0, 999, 1_300, 9_999, 59_400, 59_500, 185_000, 7_800_000].map(milliseconds).into();
        assert_eq!(said, ["0 ms", "999 ms", "1.3 s", "10.0 s", "59 s", "1 min 0 s", "3 min 5 s", "2 h 10 min"]);
    }
}
