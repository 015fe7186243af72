//! Bugs that the fault harness has to find (`proofs/harness/planted_bugs.py`). The variable `PLANTED_BUG` switches one on by its
//! name.
//!
//! Only test builds have them. The feature `planted-bugs` is off by default, and no deployed build turns it on: there
//! [`is_on`] is always false, and nothing reads the variable.

use squawk_syntax::SyntaxKind;

use crate::deadline::Deadline;
use crate::session::{Answer, ScriptError, Session};

/// A bug that can be switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Success is reported before it is written: no commit is waited for, and nothing is flushed.
    NoFlush,
    /// No session takes the migration lock, and nothing that is written asks for it or for a row that is there already.
    NoLock,
    /// What the plan names is run, whatever the ledger says meanwhile. A row that is there already is no error.
    NoReconciliation,
    /// The ledger row is written in a transaction of its own, behind the script's. Only [`send`] looks for it.
    #[cfg(feature = "planted-bugs")]
    RowApart,
    /// The reader takes no notice of transaction control: it is neither refused nor blanked nor counted. The harness
    /// does not have to find this bug. Under it the promises still have to hold (`proofs/chaos/wrong_reader.py`).
    WrongReader,
}

/// Whether the bug is switched on.
#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn is_on(_: Bug) -> bool {
    false
}

/// Whether the bug is switched on.
#[cfg(feature = "planted-bugs")]
pub(crate) fn is_on(bug: Bug) -> bool {
    named::ON.is_some_and(|on| on == bug)
}

/// Whether the reader overlooks statements of this `kind`.
pub(crate) fn is_overlooked(kind: SyntaxKind) -> bool {
    is_on(Bug::WrongReader)
        && matches!(
            kind,
            SyntaxKind::BEGIN
                | SyntaxKind::COMMIT_TRANSACTION
                | SyntaxKind::ROLLBACK_TRANSACTION
                | SyntaxKind::PREPARE_TRANSACTION
        )
}

/// Sends the message of a script and its row.
#[cfg(not(feature = "planted-bugs"))]
pub(crate) async fn send(session: &mut Session, text: String, deadline: Deadline) -> Result<Answer, ScriptError> {
    session.send(text, deadline).await
}

/// Sends the message of a script and its row; under [`Bug::RowApart`] it is two messages.
#[cfg(feature = "planted-bugs")]
pub(crate) async fn send(session: &mut Session, text: String, deadline: Deadline) -> Result<Answer, ScriptError> {
    const RECORDING: &str = "SET CONSTRAINTS ALL IMMEDIATE; ";
    let parts = text.split_once(&format!("\n;{RECORDING}"));
    let Some((script, row)) = parts.filter(|_| is_on(Bug::RowApart)) else {
        return session.send(text, deadline).await;
    };
    let first = session.send(format!("{script}\n;COMMIT"), deadline).await?;
    let row = format!("BEGIN; LOCK TABLE pg_catalog.pg_ts_template IN ACCESS SHARE MODE; {RECORDING}{row}");
    let mut answer = session.send(row, deadline).await?;
    // The statements are counted, and these three are more than there would be in one message: COMMIT, BEGIN, LOCK.
    answer.completed += first.completed - 3;
    answer.last = answer.last.or(answer.first);
    answer.first = first.first;
    Ok(answer)
}

#[cfg(feature = "planted-bugs")]
mod named {
    use std::sync::LazyLock;
    use std::{env, process};

    use super::Bug;

    const VARIABLE: &str = "PLANTED_BUG";

    const NAMES: [(&str, Bug); 5] = [
        ("no-flush", Bug::NoFlush),
        ("no-lock", Bug::NoLock),
        ("no-reconciliation", Bug::NoReconciliation),
        ("row-apart", Bug::RowApart),
        ("wrong-reader", Bug::WrongReader),
    ];

    /// The bug that is switched on.
    pub(super) static ON: LazyLock<Option<Bug>> = LazyLock::new(|| {
        let name = env::var_os(VARIABLE)?;
        let found = NAMES.iter().find(|(known, _)| name == *known);
        let Some((_, bug)) = found else {
            // A panic would not do: the reader takes it for one of the parser.
            eprintln!(
                "{VARIABLE} is {}, which is none of {}",
                name.display(),
                NAMES.map(|(known, _)| known).join(", ")
            );
            process::exit(1);
        };
        Some(*bug)
    });
}
