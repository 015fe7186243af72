//! The one message that applies a transactional script: script and ledger row, all or nothing.

use crate::ledger::{Entry, Statements};
use crate::plan::Planned;
use crate::session::{RESET, RESET_BUT_PREPARED};

/// What stands before the script.
pub(crate) const BEGIN: &str = "BEGIN;\n";

/// How many statements of ours stand between the script and its COMMIT.
pub(crate) const RECORDING: usize = 4;

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

/// The message for `planned`, whose row will be `entry`.
///
/// The script comes first, so that it may start with SET TRANSACTION, and a newline comes behind it,
/// for it may end in a comment. The role is reset before the ledger is written, since the script's
/// own may not have the right. The reset of the session stands behind the COMMIT.
pub(crate) fn transactional(ledger: &Statements, entry: Entry, planned: &Planned, recording: Recording) -> String {
    let (record, reset) = match recording {
        Recording::SpelledOut => (ledger.record(entry), RESET.to_owned()),
        Recording::AndPrepare => (ledger.record(entry), format!("{RESET}; {}", ledger.prepare())),
        Recording::Prepared => (ledger.record_prepared(entry), RESET_BUT_PREPARED.to_owned()),
    };
    let script = &planned.script.text;
    format!("{BEGIN}{script}\n;RESET SESSION AUTHORIZATION; RESET ROLE; {record}; COMMIT; {reset}")
}
