//! Generates arbitrary reports, for checks that must hold for any content.
//!
//! The cases are the same in every run. `PROPTEST_CASES` tries more of them, `PROPTEST_RNG_SEED` others.

use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::Report;
use crate::sample::{ATTACKS, overwritten, small};

pub(crate) fn config() -> Config {
    Config::with_cases(64)
}

/// Characters that end a line, move a cursor, change the direction of writing or have no width. None of them may stay
/// as it is.
pub(crate) const UNSEEN: &[char] = &[
    '\0', '\u{7}', '\u{8}', '\u{b}', '\u{c}', '\u{1b}', '\u{1f}', '\u{7f}', '\u{80}', '\u{85}', '\u{9b}', '\u{9f}',
    '\u{ad}', '\u{61c}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}',
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}', '\u{feff}',
];

/// Generates a text from outside.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[<>&\"'`|\\\\\\[\\]()!#*_~:@$ \\n\\ra-z1./=-]{0,24}",
        2 => prop::collection::vec(any::<char>(), 0..12).prop_map(|characters| characters.into_iter().collect()),
        2 => prop::sample::select(ATTACKS).prop_map(str::to_owned),
        2 => prop::collection::vec(prop_oneof![prop::sample::select(UNSEEN), prop::char::range(' ', '~')], 0..12)
            .prop_map(|characters| characters.into_iter().collect()),
        1 => ("[`<|$a-]{1,3}", 1..60_usize).prop_map(|(part, times)| part.repeat(times)),
    ]
}

/// Generates a report with arbitrary texts. Statements are anywhere or nowhere in their script, and some are missing.
pub(crate) fn report() -> impl Strategy<Value = Report> {
    let texts = prop::collection::vec(text(), 1..20);
    let places = prop::collection::vec((0..300_usize, 0..300_usize, 0..20_usize), 1..9);
    (texts, places, 0..5_usize, any::<bool>()).prop_map(|(texts, places, migrations, is_live)| {
        let mut texts = texts.into_iter().cycle();
        let mut places = places.into_iter().cycle();
        let mut report = overwritten(&small(), &mut |_| texts.next().unwrap_or_default());
        report.migrations.truncate(migrations);
        report.live = report.live.filter(|_| is_live);
        for migration in &mut report.migrations {
            migration.sql.push_str(&texts.by_ref().take(6).collect::<String>());
            for statement in &mut migration.statements {
                let (start, end, line) = places.next().unwrap_or_default();
                (statement.start, statement.end, statement.line) = (start, end, line);
                for finding in &mut statement.findings {
                    finding.line = line;
                }
            }
        }
        report
    })
}
