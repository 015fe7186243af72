//! What has changed between the reports of two pushes.

use report::Verdict;
use shared::text::short;

use super::state::State;

/// The maximum number of changes that are listed.
const MOST: usize = 20;

/// The longest name that is shown, in characters.
const LONGEST_NAME: usize = 100;

/// Returns the changes as Markdown, with an empty line behind them.
pub(super) fn between(before: &State, now: &State) -> String {
    let mut lines = Vec::new();
    for (name, verdict) in &now.verdicts {
        match before.verdicts.get(name) {
            None => lines.push(format!("- {} is new: {}", code(name), verdict.name())),
            Some(earlier) if earlier != verdict => {
                lines.push(format!("- {}: {} instead of {}", code(name), verdict.name(), earlier.name()));
            }
            Some(_) => {}
        }
    }
    let gone = before.verdicts.keys().filter(|name| !now.verdicts.contains_key(*name));
    lines.extend(gone.map(|name| format!("- {} is gone", code(name))));
    let since = format!("**Since {}:**", code(&before.head.chars().take(7).collect::<String>()));
    let rest = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if rest > 0 {
        lines.push(format!("- And {rest} more"));
    }
    match (lines.is_empty(), worst(before) == worst(now)) {
        (true, _) => format!("{since} nothing has changed.\n\n"),
        (false, true) => format!("{since}\n\n{}\n\n", lines.join("\n")),
        (false, false) => {
            format!("{since} {} instead of {}.\n\n{}\n\n", worst(now).name(), worst(before).name(), lines.join("\n"))
        }
    }
}

fn worst(state: &State) -> Verdict {
    state.verdicts.values().copied().max().unwrap_or(Verdict::Safe)
}

/// Returns a name as code in Markdown. A grave accent would end it.
fn code(name: &str) -> String {
    format!("`{}`", short(name, LONGEST_NAME).replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn a_push_says_what_it_changes() {
        let state = |migrations: &[(&str, Verdict)], head: &str| State::of(&report(migrations), head);
        let before = state(&[("1", Verdict::Danger), ("2", Verdict::Safe), ("3", Verdict::Safe)], "0123456789");
        let now = state(&[("1", Verdict::Caution), ("2", Verdict::Safe), ("4`", Verdict::Safe)], "abc");
        assert_eq!(
            between(&before, &now),
            "**Since `0123456`:** caution instead of danger.\n\n- `1`: caution instead of danger\n- `4'` is new: safe\n- `3` is gone\n\n"
        );
        assert_eq!(between(&before, &before), "**Since `0123456`:** nothing has changed.\n\n");
    }
}
