//! What a comment remembers of its report, so that the next push can say what has changed. It is invisible on the page.

use std::collections::BTreeMap;

use report::{Report, Verdict};
use serde::{Deserialize, Serialize};

use super::Subject;

/// The maximum number of remembered migrations: a comment has no room for thousands.
const MOST: usize = 300;

const BEGINS: &str = "<!-- lockstep state: ";
const ENDS: &str = " -->";

/// The verdicts of a report, by migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The commit that the report was made of.
    pub(super) head: String,
    /// The verdict of each migration: of the last ones, where there are many.
    pub(super) verdicts: BTreeMap<String, Verdict>,
}

impl State {
    pub(super) fn of(report: &Report, head: &str) -> Self {
        let last = report.migrations.iter().rev().take(MOST);
        Self {
            head: head.to_owned(),
            verdicts: last.map(|migration| (migration.name.clone(), migration.worst())).collect(),
        }
    }

    /// Reads the state in a comment. A comment that a person has edited may have none.
    pub(super) fn read(comment: &str) -> Option<Self> {
        let (_, rest) = comment.rsplit_once(BEGINS)?;
        serde_json::from_str(rest.split_once(ENDS)?.0).ok()
    }

    /// Returns the state as a comment of HTML's. Nothing in it can end that comment.
    pub(super) fn written(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{BEGINS}{}{ENDS}", json.replace('-', "\\u002d").replace('<', "\\u003c").replace('>', "\\u003e"))
    }
}

/// Returns the line by which the comment on a subject is found again.
pub(super) fn marker(subject: Subject<'_>) -> String {
    let safe = |character: &char| character.is_ascii_alphanumeric() || "._/".contains(*character);
    let plain = |text: &str| text.chars().filter(safe).collect::<String>();
    let on = subject.stack.map(|stack| format!(" on {}", plain(stack))).unwrap_or_default();
    format!("<!-- lockstep report: {}{on} -->", plain(subject.directory))
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn a_state_is_read_back_whatever_the_names_are() {
        let state = State::of(&report(&[("a --> <b> -- \"x\"", Verdict::Danger), ("c", Verdict::Safe)]), "abc");
        let subject = Subject { directory: "a -->b", stack: Some("c-->d") };
        let text = format!("{}\n# heading\n{}", marker(subject), state.written());
        assert_eq!(State::read(&text), Some(state));
        assert_eq!(text.matches("-->").count(), 2, "{text}");
        assert_eq!(State::read("edited"), None);
    }

    #[test]
    fn no_subject_has_the_comment_of_another() {
        let marker = |directory, stack| marker(Subject { directory, stack });
        let all = [
            marker("prisma/migrations/", None),
            marker("prisma/migrations/", Some("shop-migrations-dev")),
            marker("prisma/migrations/", Some("shop-migrations-qa")),
            marker("migrations/", Some("shop-migrations-dev")),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| !other.starts_with(one) && !one.starts_with(other)), "{one}");
        }
    }
}
