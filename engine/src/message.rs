//! The one message that applies a transactional script: script and ledger row, all or nothing.

use crate::ledger::{Entry, Statements};
use crate::plan::Planned;
use crate::script::Script;
use crate::session::Session;
use crate::transaction;

/// How many statements of ours stand between the script and its COMMIT.
pub(crate) const RECORDING: usize = 6;

/// How a migration is recorded in its own message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recording {
    /// By statements of its own.
    SpelledOut,
    /// The same, and the server is to prepare them for those that follow.
    AndPrepare,
    /// By what the server has prepared.
    Prepared,
}

/// A script's message, and what stands where in it.
pub(crate) struct Message {
    /// What is sent.
    pub(crate) text: String,
    /// How many characters stand before the script.
    prefix: usize,
    /// What is inserted into the script: behind so many of its characters, so many.
    inserted: Vec<(usize, usize)>,
    /// The statements up to the script's last one: which of the script's it is, or `None` for one of ours.
    statements: Vec<Option<usize>>,
    /// How many statements it has in all, where that is known.
    total: Option<usize>,
}

impl Message {
    /// The message for `planned`, whose row will be `entry`, in a transaction that is known by `nonce`.
    ///
    /// The script comes first, so that it may start with SET TRANSACTION, and a newline comes behind it,
    /// for it may end in a comment. The role is reset before the ledger is written, since the script's
    /// own may not have the right; and the search path, since what the schema's other users make there must not be run.
    /// Before the COMMIT the script gets both back, for the triggers that it fires. The reset of the session stands behind it.
    pub(crate) fn transactional(
        session: &Session,
        ledger: &Statements,
        entry: Entry,
        planned: &Planned,
        recording: Recording,
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
        let looks = session.opened.is_none();
        let mut opening = if looks { transaction::look().to_vec() } else { Vec::new() };
        opening.extend(transaction::open(script.modes.as_deref(), nonce));
        let mut tail = vec![OWN_PATH.to_owned(), "RESET SESSION AUTHORIZATION".to_owned(), "RESET ROLE".to_owned()];
        tail.extend(record);
        tail.push(AS_THE_SCRIPT.to_owned());
        debug_assert_eq!(tail.len(), RECORDING, "what stands before the COMMIT is counted");
        tail.push("COMMIT".to_owned());
        tail.append(&mut reset);

        let mut message = Self::opened(&opening.join("; "), opening.len(), script);
        message.total = script.parsed.then_some(message.statements.len() + tail.len());
        message.text.push_str("\n;");
        message.text.push_str(&tail.join("; "));
        message
    }

    /// The message of a script that runs alone, as it is.
    pub(crate) fn alone(text: String) -> Self {
        Self { text, prefix: 0, inserted: Vec::new(), statements: vec![Some(0)], total: None }
    }

    /// The script behind the `opening` with its so many statements, and what has to be done where its own transactions end.
    fn opened(opening: &str, statements: usize, script: &Script) -> Self {
        let mut text = format!("{opening};\n");
        let mut message = Self {
            prefix: text.chars().count(),
            text: String::new(),
            inserted: Vec::new(),
            statements: vec![None; statements],
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

    /// Which of the script's characters stands at a position in the message, which counts characters from 1.
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

    /// Which of the script's statements runs when so many of the message's have completed.
    pub(crate) fn running(&self, completed: usize) -> Option<usize> {
        self.statements.get(completed).copied().flatten()
    }

    /// How many statements of the recording have completed when so many of the message's have.
    pub(crate) fn recorded(&self, completed: usize) -> Option<usize> {
        self.total.and(completed.checked_sub(self.statements.len()))
    }

    /// How many of the script's statements have completed when so many of the message's have, where that is known.
    pub(crate) fn completed_of_script(&self, completed: usize) -> usize {
        self.statements.iter().take(completed).flatten().count()
    }

    /// How many statements the message has, where that is known.
    pub(crate) fn len(&self) -> usize {
        self.total.unwrap_or_default()
    }

    /// Whether the server has run more or fewer statements than the message has.
    pub(crate) fn differs_from(&self, completed: usize) -> bool {
        self.total.is_some_and(|total| total != completed)
    }
}

/// Has our own statements find nothing but the system's objects, and keeps the script's path and roles for later.
const OWN_PATH: &str = "SELECT pg_catalog.set_config('lockstep.session', pg_catalog.current_setting('session_authorization'), true), \
     pg_catalog.set_config('lockstep.role', pg_catalog.current_setting('role'), true), \
     pg_catalog.set_config('lockstep.path', pg_catalog.current_setting('search_path'), true), \
     pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)";

/// Gives the script's roles and path back, and no row. It is a statement of its own: once a prepared one has run, the server
/// looks at it again along the path that there is then. All three are set, for `concat` evaluates each of its arguments.
const AS_THE_SCRIPT: &str = "SELECT WHERE pg_catalog.concat(\
     pg_catalog.set_config('session_authorization', pg_catalog.current_setting('lockstep.session'), true), \
     pg_catalog.set_config('role', pg_catalog.current_setting('lockstep.role'), true), \
     pg_catalog.set_config('search_path', pg_catalog.current_setting('lockstep.path'), true)) IS NULL";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::classify;

    #[test]
    fn what_stands_where_is_known_also_where_something_is_inserted() {
        let sql = "BEGIN; SET LOCAL search_path = é; CREATE TABLE a (); COMMIT;\nSELECT 2; SELECT x";
        let script = classify(sql).unwrap();
        let message = Message::opened("BEGIN", 1, &script);
        let sent: Vec<char> = message.text.chars().collect();
        for part in ["CREATE TABLE a", "SELECT 2", "SELECT x"] {
            let at = message.text.find(part).map(|at| message.text[..at].chars().count()).unwrap();
            let in_script = message.in_script(at + 1).unwrap();
            assert!(sql.chars().skip(in_script).collect::<String>().starts_with(part), "{part} {sent:?}");
        }
        // BEGIN, the path is kept, SET LOCAL, CREATE TABLE, it is given back, SELECT 2, SELECT x.
        let running: Vec<_> = (0..7).map(|completed| message.running(completed)).collect();
        assert_eq!(running, [None, None, Some(0), Some(1), None, Some(2), Some(3)]);
    }
}
