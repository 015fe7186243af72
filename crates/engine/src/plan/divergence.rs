//! Finds where ledger and directory disagree.

use std::collections::HashMap;

use crate::history::{Format, History, Migration};
use crate::ledger::Ledger;
use crate::{Error, Result, wording};

/// What to do where ledger and directory disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDivergence {
    /// Let pass what Prisma or sqlx itself would let pass, with a warning.
    #[default]
    AsTool,
    /// Refuse every disagreement.
    Strict,
}

/// One disagreement.
pub(super) struct Divergence {
    /// The disagreement, with the facts.
    what: String,
    way_out: &'static str,
    /// Whether the history's own tool would refuse it.
    refused_by_tool: bool,
}

/// Returns all disagreements. `asked_for` is a part of the history, and `unapplied` is the pending part of that.
pub(super) fn find(
    history: &History,
    asked_for: &[Migration],
    base: &Ledger,
    unapplied: &[&Migration],
) -> Vec<Divergence> {
    let is_sqlx = history.format == Format::Sqlx;
    let mut found = Vec::new();
    let applied = || base.rows.iter().filter(|row| row.is_applied());
    let rolled_back: HashMap<_, _> =
        base.rows.iter().filter(|row| row.rolled_back).map(|row| (&row.key, &row.started_at)).collect();
    for row in applied() {
        let at = &row.started_at;
        let Some(migration) = history.of_key(&row.key) else {
            found.push(Divergence {
                what: format!("{} is applied, but its script is missing; it was applied {at}", row.name),
                way_out: "Restore the script",
                refused_by_tool: is_sqlx && !history.undone.contains(&row.key),
            });
            continue;
        };
        let name = &migration.name;
        let refused_by_tool = is_sqlx && asked_for.last().is_some_and(|last| row.key <= last.key);
        if migration.is_edit_of(&row.checksum) && migration.has_other_line_ends_than(&row.checksum) {
            found.push(Divergence {
                what: format!(
                    "{name} differs from what was applied {at} in its line ends alone, which sqlx's checksum counts"
                ),
                way_out: line_ends(&migration.sql),
                refused_by_tool,
            });
        } else if migration.is_edit_of(&row.checksum) {
            found.push(Divergence {
                what: format!(
                    "{name} was edited after it was applied {at}, and the edit will not run: \
                     the checksum of what was applied begins with {}, that of the file with {}",
                    start(&row.checksum),
                    start(&migration.checksum)
                ),
                way_out: "Restore it as it was applied, and put the change into a new migration",
                refused_by_tool,
            });
        }
        if let Some(earlier) = rolled_back.get(&row.key) {
            found.push(Divergence {
                what: format!("{name} was started {earlier}, rolled back, and applied again {at}"),
                way_out: "Check that nothing of the first attempt is left, then delete its row from the ledger",
                refused_by_tool: false,
            });
        }
    }
    let newest = applied().map(|row| (&row.key, &row.name)).max();
    for migration in unapplied {
        if let Some((key, newest)) = newest
            && *key > migration.key
        {
            found.push(Divergence {
                what: format!(
                    "{} is older than the newest applied migration, {newest}, and will run after it",
                    migration.name
                ),
                way_out: "Give it a name that comes last",
                refused_by_tool: false,
            });
        }
    }
    found
}

/// Returns a warning for migrations that are about to be applied again, which is no disagreement.
pub(super) fn again(base: &Ledger, unapplied: &[&Migration]) -> Vec<String> {
    let pending: HashMap<_, _> = unapplied.iter().map(|migration| (&migration.key, &migration.name)).collect();
    base.rows
        .iter()
        .filter_map(|row| pending.get(&row.key).map(|name| (row, name)))
        .map(|(row, name)| format!("{name} was started {} and rolled back, and will be applied", row.started_at))
        .collect()
}

/// Returns the warnings that remain of the disagreements in `found`.
///
/// # Errors
///
/// [`Error::HistoryDiverged`] with the disagreements that are refused.
pub(super) fn judge(format: Format, on: OnDivergence, found: Vec<Divergence>) -> Result<Vec<String>> {
    let strict = on == OnDivergence::Strict;
    let (refused, passed): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|divergence| strict || divergence.refused_by_tool);
    if refused.is_empty() {
        return Ok(passed.into_iter().map(|divergence| divergence.what).collect());
    }
    let tool = format.tool();
    Err(Error::HistoryDiverged {
        why: if refused.iter().all(|divergence| divergence.refused_by_tool) {
            format!("{tool} itself would refuse that")
        } else {
            wording::strict(tool)
        },
        divergences: refused.into_iter().map(|Divergence { what, way_out, .. }| format!("{what}. {way_out}")).collect(),
    })
}

/// Returns how to give a script the line ends again with which it was applied.
fn line_ends(sql: &str) -> &'static str {
    if sql.contains("\r\n") {
        "Give it LF line ends again, and keep them by \"*.sql text eol=lf\" in .gitattributes"
    } else {
        "Give it CRLF line ends again, and keep them by \"*.sql text eol=crlf\" in .gitattributes"
    }
}

/// Returns enough of a checksum to tell it from another.
fn start(checksum: &str) -> &str {
    checksum.get(..12).unwrap_or(checksum)
}

#[cfg(test)]
mod tests {
    use super::super::plan;
    use super::super::tests::{applied, history, identity};
    use super::*;
    use crate::history::Key;
    use crate::ledger::Row;

    /// Returns a ledger with all four kinds of disagreement, for the history 1, 2, 4.
    fn ledger() -> Ledger {
        let edited = Row { checksum: "0123456789abcdef".into(), ..applied("2") };
        let first_try = Row { id: "first".into(), rolled_back: true, finished: false, ..applied("4") };
        Ledger { rows: vec![applied("3"), edited, first_try, applied("4")] }
    }

    fn planned(on: OnDivergence) -> Result<Vec<String>> {
        plan(&identity(), &history(&["1", "2", "4"]), &ledger(), None, on).map(|plan| plan.warnings)
    }

    const ALL: [&str; 4] = [
        "3 is applied, but its script is missing; it was applied 2026-01-01",
        "2 was edited after it was applied 2026-01-01 00:00:00+00, and the edit will not run: the checksum of what was applied \
         begins with 0123456789ab, that of the file with ",
        "4 was started 2026-01-01 00:00:00+00, rolled back, and applied again",
        "1 is older than the newest applied migration, 4, and will run after it",
    ];

    #[test]
    fn a_disagreement_that_prisma_accepts_is_a_warning() {
        let warnings = planned(OnDivergence::AsTool).unwrap();
        assert_eq!(warnings.len(), ALL.len(), "{warnings:?}");
        for (warning, start) in warnings.iter().zip(ALL) {
            assert!(warning.starts_with(start), "{warning}");
        }
    }

    #[test]
    fn strictly_everything_is_refused_with_its_way_out() {
        let error = planned(OnDivergence::Strict).unwrap_err().to_string();
        for start in ALL {
            assert!(error.contains(start), "{error}");
        }
        for part in ["Restore the script", "with as-tool, what Prisma itself accepts is only a warning"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_disagreement_that_sqlx_refuses_is_refused_and_the_others_are_warnings() {
        let migrations = [(1, "1_a"), (2, "2_b"), (3, "3_c")].map(|(n, name)| Migration::sqlx(n, name, name)).to_vec();
        let history = History::new(Format::Sqlx, migrations);
        let row = |at: usize| Row {
            id: format!("{}", at + 1),
            key: history.migrations[at].key.clone(),
            name: history.migrations[at].name.clone(),
            checksum: history.migrations[at].checksum.clone(),
            ..applied("1")
        };
        let planned = |rows: Vec<Row>, up_to| {
            plan(&identity(), &history, &Ledger { rows }, up_to, OnDivergence::AsTool).map(|plan| plan.warnings)
        };
        let warnings = planned(vec![row(0), row(2)], None).unwrap();
        assert!(warnings[0].starts_with("2_b is older than the newest applied migration, 3_c"), "{warnings:?}");

        let edited = Row { checksum: "00".into(), ..row(2) };
        let error = planned(vec![row(0), edited.clone()], None).unwrap_err().to_string();
        assert!(error.contains("3_c was edited") && error.contains("sqlx itself would refuse that"), "{error}");
        // sqlx itself does not look beyond its target version either.
        assert_eq!(planned(vec![row(0), row(1), edited], Some("2")).unwrap().len(), 1);

        let gone = Row { id: "9".into(), key: Key::Version(9), name: "9_gone".into(), ..row(0) };
        let error = planned(vec![gone], None).unwrap_err().to_string();
        assert!(error.contains("9_gone is applied, but its script is missing"), "{error}");
    }

    #[test]
    fn line_ends_alone_are_told_as_such_with_sqlx() {
        let [unix, windows] = ["SELECT 1;\n", "SELECT 1;\r\n"].map(|sql| Migration::sqlx(1, "1_a", sql));
        for (file, recorded, way_out) in [(&windows, &unix, "eol=lf"), (&unix, &windows, "eol=crlf")] {
            let history = History::new(Format::Sqlx, vec![file.clone()]);
            let row = Row { key: file.key.clone(), checksum: recorded.checksum.clone(), ..applied("1") };
            let error =
                plan(&identity(), &history, &Ledger { rows: vec![row] }, None, OnDivergence::AsTool).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("1_a differs from what was applied") && text.contains(way_out), "{text}");
            assert!(text.contains("sqlx itself would refuse that"), "{text}");
        }
    }
}
