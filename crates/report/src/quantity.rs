//! Writes numbers as people read them.

/// Returns a number of bytes: `41 GiB`, `1.2 MiB`.
pub fn bytes(bytes: u64) -> String {
    scaled(bytes, 1024, &["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
}

/// Returns an approximate number: `1.2 million`.
pub fn about(number: u64) -> String {
    // Two digits: more would be invented.
    let unit = match number {
        0..1_000 => 1,
        1_000..10_000 => 100,
        _ => 1_000,
    };
    let rounded = number.saturating_add(unit / 2) / unit * unit;
    if rounded < 100_000 {
        return exactly(rounded);
    }
    scaled(rounded, 1000, &["", "thousand", "million", "billion", "trillion"])
}

/// Returns every digit, in groups of three.
pub(crate) fn exactly(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a span of time in its two largest units.
pub(crate) fn duration(seconds: u64) -> String {
    let units = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let from = units.iter().position(|(many, _)| *many > 0).unwrap_or(3);
    let parts = units.iter().skip(from).take(2).filter(|(many, _)| *many > 0);
    let parts: Vec<String> = parts.map(|(many, unit)| format!("{many} {unit}")).collect();
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

/// Returns a number with its noun: `1 migration`, `2 migrations`.
pub(crate) fn plural(number: usize, one: &str) -> String {
    let many = exactly(number as u64);
    if number == 1 { format!("{many} {one}") } else { format!("{many} {one}s") }
}

/// Returns a moment in RFC 3339 to the second, with its zone in words; any other text as it is.
pub(crate) fn moment(text: &str) -> String {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let (seconds, zone) = (shape.get(..19), text.get(19..).unwrap_or_default());
    let zone = zone.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    match (seconds, text.get(..10), text.get(11..19), zone) {
        (Some("0000-00-00T00:00:00"), Some(day), Some(time), "Z" | "+00:00") => format!("{day} {time} UTC"),
        _ => text.to_owned(),
    }
}

fn scaled(number: u64, base: u64, units: &[&str]) -> String {
    let mut unit = 0;
    let mut of = 1;
    while unit + 1 < units.len() && number / of >= base {
        of *= base;
        unit += 1;
    }
    let tenths = u128::from(number) * 10 / u128::from(of);
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let value = if whole < 10 && tenth > 0 { format!("{whole}.{tenth}") } else { whole.to_string() };
    format!("{value} {}", units[unit]).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        for (number, read) in
            [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (44_023_414_784, "41 GiB"), (u64::MAX, "15 EiB")]
        {
            assert_eq!(bytes(number), read);
        }
        for (number, read) in [
            (0, "0"),
            (999, "999"),
            (9_949, "9,900"),
            (33_333, "33,000"),
            (99_999, "100 thousand"),
            (1_234_567, "1.2 million"),
            (u64::MAX, "18446744 trillion"),
        ] {
            assert_eq!(about(number), read);
        }
        assert_eq!(exactly(1_234_567), "1,234,567");
        assert_eq!(plural(1, "row") + &plural(1000, "row"), "1 row1,000 rows");
    }

    #[test]
    fn times_are_readable() {
        for (seconds, read) in [(0, "0 s"), (61, "1 min 1 s"), (3600, "1 h"), (7_500, "2 h 5 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(duration(seconds), read);
        }
        assert_eq!(moment("2026-03-09T02:10:45.123Z"), "2026-03-09 02:10:45 UTC");
        for other in ["2026-03-09T02:10:45+01:00", "yesterday", "", "é2026-03-09T02:10:45Z"] {
            assert_eq!(moment(other), other);
        }
    }
}
