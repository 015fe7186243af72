//! Renders the report for programs.

use std::fmt::Write as _;

use crate::Report;
use crate::visible::is_invisible;

/// Returns the report as JSON. Characters that a terminal would obey, or that change the direction of a text, are
/// written as `\u....`. JSON itself demands that only below U+0020, and some terminals begin an escape sequence at
/// U+009B.
///
/// # Errors
///
/// None that this structure can cause.
pub fn json(report: &Report) -> serde_json::Result<String> {
    let written = serde_json::to_string_pretty(report)?;
    let mut visible = String::with_capacity(written.len());
    // Outside of its strings, JSON has no such character.
    for character in written.chars() {
        if character == '\x7f' || is_invisible(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(visible, "\\u{unit:04x}");
            }
        } else {
            visible.push(character);
        }
    }
    Ok(visible)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn json_is_the_whole_report_and_shows_all_of_it() {
        for report in [sample::small(), sample::hostile()] {
            let written = json(&report).unwrap();
            assert!(written.chars().all(|c| c == '\n' || !(c.is_control() || is_invisible(c))), "{written}");
            assert_eq!(serde_json::from_str::<Report>(&written).unwrap(), report);
        }
    }
}
