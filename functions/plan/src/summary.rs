//! The summary of a report, small enough to cross a state.

use std::collections::HashMap;

use report::{MigrationReport, Report, Verdict};
use shared::payload::{Judged, LONGEST_WHY, MOST_JUDGED, PlanOutput, ReportSummary};
use shared::text::short;

use crate::analyse::WhyNoReport;
use crate::reports::Place;

/// Adds to `output` what the report says, or why there is none.
pub(crate) fn add(output: &mut PlanOutput, reported: Result<(Report, Place), WhyNoReport>) {
    match reported {
        Ok((report, place)) => {
            let by_name: HashMap<_, _> =
                report.migrations.iter().map(|judged| (judged.name.as_str(), judged)).collect();
            for migration in &mut output.migrations {
                let judged = by_name.get(migration.name.as_str());
                migration.verdict = judged.map(|judged| judged.verdict);
                migration.why = judged.map(|judged| short(&judged.why, LONGEST_WHY));
            }
            output.report = Some(summary(&report, place));
        }
        Err(why) => {
            let why = short(&why, LONGEST_WHY);
            tracing::warn!(why, "no report");
            // It comes first, since only the first few warnings are shown.
            let warning = format!("There is no report ({why}), so the migrations count as dangerous");
            output.warnings.insert(0, warning);
        }
    }
}

fn summary(report: &Report, place: Place) -> ReportSummary {
    let count = |verdict| report.migrations.iter().filter(|judged| judged.verdict == verdict).count();
    let mut worst: Vec<&MigrationReport> =
        report.migrations.iter().filter(|judged| judged.verdict > Verdict::Safe).collect();
    // Among equally bad ones, the first to run comes first.
    worst.sort_by_key(|judged| std::cmp::Reverse(judged.verdict));
    worst.truncate(MOST_JUDGED);
    let judged = |of: &MigrationReport| Judged {
        name: short(&of.name, LONGEST_WHY),
        verdict: of.verdict,
        why: short(&of.why, LONGEST_WHY),
    };
    ReportSummary {
        verdict: report.verdict,
        why: short(&report.why, LONGEST_WHY),
        safe: count(Verdict::Safe),
        caution: count(Verdict::Caution),
        danger: count(Verdict::Danger),
        worst: worst.into_iter().map(judged).collect(),
        bucket: place.bucket,
        key: place.key,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use report::{FORMAT, ScriptClass};
    use shared::payload::PendingMigration;

    use super::*;

    /// Returns a report on the database `app` with these migrations.
    pub(crate) fn report(migrations: &[(&str, Verdict, &str)]) -> Report {
        let of = |&(name, verdict, why): &(&str, Verdict, &str)| MigrationReport {
            name: name.into(),
            class: ScriptClass::Transactional,
            verdict,
            why: why.into(),
            sql: "SELECT 1".into(),
            statements: Vec::new(),
            blocking: None,
            suppressed: Vec::new(),
        };
        let migrations: Vec<_> = migrations.iter().map(of).collect();
        let worst = migrations.iter().map(|judged| judged.verdict).max().unwrap_or(Verdict::Safe);
        Report {
            format: FORMAT,
            live: None,
            made_at: "2026-01-01T12:00:00Z".into(),
            verdict: worst,
            why: "w".repeat(2 * LONGEST_WHY),
            already_applied: 0,
            migrations,
            tables: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn output(names: &[&str]) -> PlanOutput {
        let migration = |name: &&str| PendingMigration {
            name: (*name).into(),
            class: ScriptClass::Transactional,
            statements: Some(1),
            verdict: None,
            why: None,
        };
        PlanOutput {
            pending: names.len(),
            migrations: names.iter().map(migration).collect(),
            warnings: vec!["another".into()],
            ..crate::nothing_to_run("d1".into(), 0)
        }
    }

    fn place() -> Place {
        Place { bucket: "b".into(), key: "reports/d1".into() }
    }

    #[test]
    fn the_worst_come_first_and_everything_is_bounded() {
        let mut migrations =
            vec![("1_a", Verdict::Safe, "fine"), ("2_b", Verdict::Caution, "a\n\nTo approve:\n  this")];
        let dangerous: Vec<_> = (3..13).map(|number| format!("{number}_c")).collect();
        migrations.extend(dangerous.iter().map(|name| (name.as_str(), Verdict::Danger, "drops it")));
        let mut output = output(&["1_a", "2_b"]);
        add(&mut output, Ok((report(&migrations), place())));
        let summary = output.report.unwrap();
        assert_eq!((summary.safe, summary.caution, summary.danger), (1, 1, 10));
        assert_eq!(summary.verdict, Verdict::Danger);
        let worst: Vec<_> = summary.worst.iter().map(|judged| judged.name.as_str()).collect();
        assert_eq!(worst, ["3_c", "4_c", "5_c", "6_c", "7_c"]);
        assert_eq!(summary.why.chars().count(), LONGEST_WHY);
        assert_eq!((summary.bucket.as_str(), summary.key.as_str()), ("b", "reports/d1"));
        assert_eq!(output.migrations[0].verdict, Some(Verdict::Safe));
        // A text from outside stays on its line.
        assert_eq!(output.migrations[1].why.as_deref(), Some("a  To approve:   this"));
        assert_eq!(output.warnings, ["another"]);
    }

    #[test]
    fn without_a_report_the_first_warning_says_why() {
        let mut output = output(&["1_a"]);
        add(&mut output, Err("the analysis took too long".into()));
        assert_eq!(output.report, None);
        assert_eq!(output.migrations[0].verdict, None);
        assert!(output.warnings[0].starts_with("There is no report (the analysis took too long)"));
        assert_eq!(output.warnings[1], "another");
    }
}
