//! The words of the renderings for the report's facts. The renderings themselves write every text from outside.

use crate::quantity::{about, bytes, exactly, moment, plural};
use crate::{Blocking, Counts, Effect, Live, Lock, Magnitude, Report, Suppression, Table};

/// The text in which both renderings describe themselves.
pub(crate) const DECIDES_NOTHING: &str =
    "Reading this approves nothing. Where this plan needs an approval, it runs when a person approves this digest.";

/// The text in the place of a statement where a migration is worse than each of its statements.
pub(crate) const WHOLE: &str = "The migration as a whole";

/// The text in which a report says that no database was asked.
pub(crate) const TEXT_ALONE: &str = "No database was asked: this is what the text of the scripts tells. Every table \
                                     counts as existing, and its size is unknown.";

/// Returns the text in which every rendering describes itself.
pub(crate) fn about_itself(report: &Report) -> &'static str {
    if report.live.is_some() { DECIDES_NOTHING } else { TEXT_ALONE }
}

/// The subject of a report without a database, for a title.
pub(crate) const SCRIPTS: &str = "the scripts, without a database";

/// Returns the subject of the report, for a title: the database and its environment, each written by `name`.
pub(crate) fn subject(report: &Report, name: impl Fn(&str) -> String) -> String {
    match &report.live {
        Some(live) => format!("{} on {}", name(&live.database.name), name(&live.environment)),
        None => SCRIPTS.to_owned(),
    }
}

/// Returns which plan this is, on which database: the name and the text of each line. A text that is not known has no
/// line.
pub(crate) fn identity(report: &Report) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(Live { digest, bundle, environment, database, .. }) = &report.live {
        lines.extend([
            ("Digest", digest.clone()),
            ("Bundle", bundle.clone().unwrap_or_default()),
            ("Environment", environment.clone()),
            ("Database", database.name.clone()),
            ("Schema", database.schema.clone()),
            ("Endpoint", database.endpoint.clone()),
            ("Instance", database.instance.clone()),
        ]);
    }
    lines.push(("Made", moment(&report.made_at)));
    lines.retain(|(_, text)| !text.is_empty());
    lines
}

/// Returns who waits, and for how long.
pub(crate) fn waiting(blocking: &Blocking) -> String {
    let who = match (blocking.readers, blocking.writers) {
        (true, true) => "Readers and writers wait",
        (true, false) => "Readers wait",
        (false, true) => "Writers wait",
        (false, false) => return "No session waits".to_owned(),
    };
    match blocking.how_long {
        Magnitude::Moment => format!("{who} a moment"),
        Magnitude::Unknown => format!("{who}, and how long is not known"),
        known => format!("{who} for {}", known.name()),
    }
}

/// Returns who waits for a lock.
pub(crate) fn lock_blocks(effect: &Effect) -> &'static str {
    match (effect.is_new, effect.lock.blocks_reads(), effect.lock.blocks_writes()) {
        (true, ..) => "this plan makes it, so no session waits",
        (_, true, _) => "readers and writers wait",
        (_, _, true) => "writers wait",
        _ => match effect.lock {
            Lock::ShareUpdateExclusive => "readers and writers go on; other schema changes and autovacuum wait",
            Lock::RowExclusive => "sessions that write the same rows wait until the script ends",
            Lock::RowShare => "sessions that change a row that it locks wait until the script ends",
            _ => "no session waits",
        },
    }
}

impl Effect {
    /// Whether the size of the relation matters.
    pub(crate) fn lasts(&self) -> bool {
        !self.is_new && (self.lock.blocks_writes() || !self.work.is_empty())
    }
}

/// Returns how large a table is.
pub(crate) fn size(table: &Table) -> String {
    format!("{} and {} of indexes, {}", bytes(table.bytes), bytes(table.index_bytes), rows(table.rows))
}

/// Returns how many rows a table has, as the planner estimates.
pub(crate) fn rows(rows: Option<u64>) -> String {
    match rows {
        None => "rows never counted".to_owned(),
        Some(1) => "about 1 row".to_owned(),
        Some(rows) => format!("about {} rows", about(rows)),
    }
}

/// Returns how many migrations and statements there are.
pub(crate) fn pending(report: &Report) -> String {
    let migrations = plural(report.migrations.len(), "migration");
    let before = exactly(report.already_applied as u64);
    match &report.live {
        Some(_) => format!("{migrations} pending, {before} applied already"),
        None => format!("{migrations}, after {before} earlier"),
    }
}

/// Returns the numbers by verdict: `9 statements: 1 danger, 2 caution, 6 safe`.
pub(crate) fn counted(counts: Counts) -> String {
    let parts = counts.worst_first().map(|(verdict, many)| format!("{} {}", exactly(many as u64), verdict.name()));
    format!("{}: {}", plural(counts.total(), "statement"), parts.join(", "))
}

/// Returns how many findings comments hide, if any.
pub(crate) fn suppressed(report: &Report) -> Option<String> {
    let comments: usize = report.migrations.iter().map(|migration| migration.suppressed.len()).sum();
    let verb = if comments == 1 { "hides" } else { "hide" };
    let findings = plural(report.suppressed(), "finding");
    (comments > 0).then(|| format!("{} {verb} {findings} of squawk's", plural(comments, "comment")))
}

/// Returns where a suppression is and how much it hides. The renderings write the rules' names.
pub(crate) fn suppression(suppression: &Suppression) -> String {
    let whole = if suppression.file { ", for the whole file" } else { "" };
    format!("line {}{whole}, hides {}", suppression.line, plural(suppression.hides, "finding"))
}

/// Returns the parts of a sentence, and whether each is code, which is between backticks.
pub(crate) fn spans(text: &str) -> Vec<(bool, &str)> {
    let parts = text.split('`').enumerate().map(|(at, part)| (at % 2 == 1, part));
    let parts: Vec<(bool, &str)> = parts.collect();
    let paired = parts.len() % 2 == 1 && parts.iter().all(|(is_code, part)| !is_code || !part.trim().is_empty());
    if paired { parts } else { vec![(false, text)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_session_waits_for_a_lock_that_only_reads_or_for_a_new_table() {
        let said = |lock, is_new| lock_blocks(&Effect { relation: "orders".into(), lock, work: Vec::new(), is_new });
        for lock in Lock::ALL {
            let waits = !said(lock, false).contains("no session waits");
            assert_eq!(waits, lock != Lock::AccessShare, "{}", lock.name());
            assert!(said(lock, true).contains("no session waits"));
        }
        assert!(said(Lock::ShareUpdateExclusive, false).contains("autovacuum"));
    }

    #[test]
    fn who_waits_is_said_for_every_case() {
        let said = |readers, writers, how_long| waiting(&Blocking { readers, writers, how_long, basis: String::new() });
        assert_eq!(said(false, false, Magnitude::Hours), "No session waits");
        assert_eq!(said(false, true, Magnitude::Moment), "Writers wait a moment");
        assert_eq!(said(true, true, Magnitude::Minutes), "Readers and writers wait for minutes");
        assert_eq!(said(true, false, Magnitude::Unknown), "Readers wait, and how long is not known");
    }
}
