//! Renders the report for a terminal: the verdict first, then what is not safe, in the order in which it runs.

use crate::quantity::plural;
use crate::visible::{name, prose};
use crate::{MigrationReport, Report, StatementReport, Verdict, words};

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLine {
    /// The verdict that colours the line's first word; `None` for a line of details.
    pub verdict: Option<Verdict>,
    /// The verdict's word, or the empty text.
    pub head: &'static str,
    /// The rest. It is plain text on one line.
    pub text: String,
}

/// Returns the report as lines. Safe migrations have one line each.
pub fn text(report: &Report) -> Vec<TextLine> {
    let mut lines = vec![
        judged(report.verdict, format!(": {}", words::subject(report, name))),
        detail(0, &report.why),
        detail(0, &format!("{}; {}", words::pending(report), words::counted(report.counts()))),
    ];
    lines.extend(words::suppressed(report).map(|suppressed| detail(0, &suppressed)));
    lines.extend(report.live.is_none().then(|| detail(0, words::TEXT_ALONE)));
    for migration in &report.migrations {
        of_migration(migration, &mut lines);
    }
    if !report.notes.is_empty() {
        lines.push(detail(0, ""));
    }
    for note in &report.notes {
        lines.push(judged(note.verdict, format!("  {}", prose(&note.text))));
    }
    lines
}

fn of_migration(migration: &MigrationReport, lines: &mut Vec<TextLine>) {
    let worst = migration.worst();
    let statements = plural(migration.statements.len(), "statement");
    if worst == Verdict::Safe {
        lines.push(judged(worst, format!("  {}, {statements}", name(&migration.name))));
        return;
    }
    lines.push(judged(worst, format!("  {}, {statements}, {}", name(&migration.name), migration.class.name())));
    let is_worse = migration.statements.iter().all(|statement| statement.verdict < migration.verdict);
    if is_worse {
        lines.push(detail(2, &migration.why));
    }
    for statement in migration.statements.iter().filter(|statement| statement.verdict > Verdict::Safe) {
        of_statement(statement, lines);
    }
}

fn of_statement(statement: &StatementReport, lines: &mut Vec<TextLine>) {
    lines.push(judged(statement.verdict, format!("    line {}: {}", statement.line, prose(&statement.what))));
    let mut said = vec![statement.why.as_str()];
    lines.push(detail(6, &statement.why));
    for finding in statement.findings.iter().filter(|finding| finding.verdict > Verdict::Safe) {
        if !said.contains(&finding.text.as_str()) {
            said.push(&finding.text);
            lines.push(detail(6, &finding.text));
        }
    }
    if let Some(blocking) = statement.blocking.as_ref().filter(|_| !said.iter().any(|said| said.contains("wait"))) {
        lines.push(detail(6, &format!("{}: {}", words::waiting(blocking), blocking.basis)));
    }
    if let Some(safer) = &statement.safer {
        lines.push(detail(6, &format!("Safer: {}", safer.text)));
        for (heading, sql) in safer.named() {
            lines.extend(heading.map(|heading| detail(6, &heading)));
            lines.extend(sql.trim().lines().map(|line| code(8, line)));
        }
    }
}

fn judged(verdict: Verdict, text: String) -> TextLine {
    let head = match verdict {
        Verdict::Safe => "✓ safe",
        Verdict::Caution => "⚠ caution",
        Verdict::Danger => "✗ danger",
    };
    TextLine { verdict: Some(verdict), head, text }
}

fn detail(indent: usize, text: &str) -> TextLine {
    TextLine { verdict: None, head: "", text: format!("{:indent$}{}", "", prose(text)) }
}

fn code(indent: usize, text: &str) -> TextLine {
    TextLine { verdict: None, head: "", text: format!("{:indent$}{}", "", name(text)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::{self, UNSEEN};
    use crate::sample;

    #[test]
    fn what_is_not_safe_is_whole_and_what_is_safe_is_one_line() {
        let report = sample::small();
        let lines = text(&report);
        let written: Vec<_> = lines.iter().map(|line| format!("{}{}", line.head, line.text)).collect();
        let written = written.join("\n");
        for ranked in report.worst_first() {
            assert!(written.contains(&prose(ranked.why())), "{}: {written}", ranked.why());
        }
        for migration in &report.migrations {
            assert!(written.contains(&migration.name), "{written}");
        }
        assert!(lines[0].text.contains("shop on prod") && lines[0].verdict == Some(report.verdict));
    }

    #[test]
    fn without_a_database_it_says_so() {
        let report = Report { live: None, ..sample::small() };
        assert!(text(&report).iter().any(|line| line.text == words::TEXT_ALONE));
    }

    proptest! {
        #![proptest_config(arbitrary::config())]
        #[test]
        fn each_line_is_one_line_of_plain_text(report in arbitrary::report()) {
            for line in text(&report) {
                prop_assert!(!line.text.contains('\n') && !line.text.contains(UNSEEN), "{line:?}");
            }
        }
    }
}
