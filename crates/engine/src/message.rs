//! The one message that applies a transactional script: the script and its ledger row, all or nothing.

use crate::ledger::{Entry, Statements};
use crate::plan::Planned;
use crate::script::Script;
use crate::session::{OWN_PATH, Session};
use crate::transaction;

/// How far a message had come after its script had completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// At the deferred checks and triggers of the transaction.
    Deferred,
    /// At the migration's row.
    Recording,
    /// At the COMMIT.
    Commit,
    /// After the COMMIT.
    Committed,
}

/// How a migration is recorded in its own message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recording {
    /// By statements that are spelled out.
    SpelledOut,
    /// By statements that are spelled out, and that the server is to prepare for the migrations that follow.
    AndPrepare,
    /// By statements that the server has prepared.
    Prepared,
}

/// A script's message, and the positions of its parts.
pub(crate) struct Message {
    /// The text that is sent.
    pub(crate) text: String,
    /// How many characters come before the script.
    prefix: usize,
    /// The texts inserted into the script: after how many of its characters, and how many characters each has.
    inserted: Vec<(usize, usize)>,
    /// The statements up to the script's last one: each with its index in the script, or `None` for one of ours.
    statements: Vec<Option<usize>>,
    /// How many statements of ours are between the script and the COMMIT.
    recording: usize,
    /// How many statements the message has in all, where that is known.
    total: Option<usize>,
}

impl Message {
    /// Returns the message for `planned`, whose row will be `entry`, in a transaction that is known by `nonce`. `guard`
    /// is a query that fails where the script must not be committed, for a script that needs one; it gives no row.
    ///
    /// The script comes first, so that it may start with SET TRANSACTION. A newline follows it, since it may end in a
    /// comment. Deferred checks and triggers fire next, with the script's role and search path. Then the role is reset,
    /// since the script's own role may not have the right to write to the ledger. The search path is reset too, so that
    /// the recording cannot run an object that another user of the schema made. The reset of the session comes after
    /// the COMMIT.
    pub(crate) fn transactional(
        session: &Session,
        ledger: &Statements,
        entry: Entry,
        planned: &Planned,
        recording: Recording,
        guard: Option<String>,
        nonce: &str,
    ) -> Self {
        let prepared = &session.prepared_names;
        let (record, mut reset) = match recording {
            Recording::SpelledOut => (ledger.record(entry), session.reset_statements(false)),
            Recording::AndPrepare => {
                let mut reset = session.reset_statements(false);
                reset.extend(ledger.prepare(prepared));
                (ledger.record(entry), reset)
            }
            Recording::Prepared => (ledger.record_prepared(entry, prepared), session.reset_statements(true)),
        };
        let script = &planned.script;
        let reads_state = session.opened.is_none();
        let mut opening = if reads_state { transaction::read_state().to_vec() } else { Vec::new() };
        opening.extend(transaction::open(script.modes.as_deref(), nonce));
        let mut tail = [transaction::FIRE_DEFERRED, "RESET SESSION AUTHORIZATION", "RESET ROLE", OWN_PATH]
            .map(str::to_owned)
            .to_vec();
        tail.extend(record);
        tail.extend(guard);
        let recording = tail.len();
        tail.push("COMMIT".to_owned());
        tail.append(&mut reset);

        let mut message = Self::opened(&opening.join("; "), opening.len(), script);
        message.recording = recording;
        message.total = script.parsed.then_some(message.statements.len() + tail.len());
        message.text.push_str("\n;");
        message.text.push_str(&tail.join("; "));
        message
    }

    /// Returns the message of a script that runs alone, unchanged.
    pub(crate) fn alone(text: String) -> Self {
        Self { text, prefix: 0, inserted: Vec::new(), statements: vec![Some(0)], recording: 0, total: None }
    }

    /// Returns the script after the `opening`, which has so many `statements`, and with the insertions at the ends of
    /// the script's own transactions.
    fn opened(opening: &str, statements: usize, script: &Script) -> Self {
        let mut text = format!("{opening};\n");
        let mut message = Self {
            prefix: text.chars().count(),
            text: String::new(),
            inserted: Vec::new(),
            statements: vec![None; statements],
            recording: 0,
            total: None,
        };
        let (mut from, mut sent) = (0, 0);
        for boundary in &script.boundaries {
            let inserted = format!("{};", boundary.sql.join("; "));
            let before = &script.text[..boundary.at];
            text.push_str(&script.text[from..boundary.at]);
            message.inserted.push((before.chars().count(), inserted.chars().count()));
            text.push_str(&inserted);
            message.statements.extend((sent..boundary.before).map(Some));
            message.statements.extend(boundary.sql.iter().map(|_| None));
            (from, sent) = (boundary.at, boundary.before);
        }
        text.push_str(&script.text[from..]);
        message.statements.extend((sent..script.statements.len()).map(Some));
        message.text = text;
        message
    }

    /// Returns the position in the script of a position in the message. Both count characters from 1.
    pub(crate) fn in_script(&self, position: usize) -> Option<usize> {
        let mut at = position.checked_sub(1)?.checked_sub(self.prefix)?;
        for (behind, length) in &self.inserted {
            if at < *behind {
                break;
            }
            at = at.checked_sub(*length)?.max(*behind);
        }
        Some(at)
    }

    /// Returns which of the script's statements runs when so many statements of the message have completed.
    pub(crate) fn running(&self, completed: usize) -> Option<usize> {
        self.statements.get(completed).copied().flatten()
    }

    /// Returns how far the message has come when so many of its statements have completed; `None` if that is in the
    /// script, or is not known.
    pub(crate) fn stage(&self, completed: usize) -> Option<Stage> {
        let behind = self.total.and(completed.checked_sub(self.statements.len()))?;
        Some(match behind {
            0 => Stage::Deferred,
            _ if behind < self.recording => Stage::Recording,
            _ if behind == self.recording => Stage::Commit,
            _ => Stage::Committed,
        })
    }

    /// Returns how many of the script's statements have completed when so many of the message's have, where that is
    /// known.
    pub(crate) fn completed_of_script(&self, completed: usize) -> usize {
        self.statements.iter().take(completed).flatten().count()
    }

    /// Returns how many statements the message has, where that is known.
    pub(crate) fn len(&self) -> usize {
        self.total.unwrap_or_default()
    }

    /// Whether the server has run more or fewer statements than the message has.
    pub(crate) fn differs_from(&self, completed: usize) -> bool {
        self.total.is_some_and(|total| total != completed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::classify;

    #[test]
    fn positions_in_the_message_lead_back_to_the_script() {
        let sql = "BEGIN; SET LOCAL search_path = é; CREATE TABLE a (); COMMIT;\nSELECT 2; SELECT x";
        let script = classify(sql).unwrap();
        let message = Message::opened("BEGIN", 1, &script);
        let sent: Vec<char> = message.text.chars().collect();
        for part in ["CREATE TABLE a", "SELECT 2", "SELECT x"] {
            let at = message.text.find(part).map(|at| message.text[..at].chars().count()).unwrap();
            let in_script = message.in_script(at + 1).unwrap();
            assert!(sql.chars().skip(in_script).collect::<String>().starts_with(part), "{part} {sent:?}");
        }
        // BEGIN, keep the path, SET LOCAL, CREATE TABLE, give the path back, SELECT 2, SELECT x.
        let running: Vec<_> = (0..7).map(|completed| message.running(completed)).collect();
        assert_eq!(running, [None, None, Some(0), Some(1), None, Some(2), Some(3)]);
    }
}
