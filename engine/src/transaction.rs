//! The transaction that a script runs in: opened by us, and known again when the script is through.
//!
//! The reader of scripts refuses each script that would end it. A reader can be wrong, so the server is asked too.

use crate::session::Session;
use crate::{Result, sqlstate};

/// The parameter that tells afterwards whether the transaction was committed. It is set for the session, and an abort
/// takes that back.
const MARK: &str = "lockstep.transaction";

/// A relation that is locked while the transaction lasts. Every role may lock it like this, no script has a use for it,
/// and the lock disturbs no other session. Unlike a parameter it cannot be reset, and `AND CHAIN` does not keep it.
const LOCKED: &str = "pg_catalog.pg_ts_template";

/// Opens the transaction. None of the statements takes a snapshot, so a script may begin with SET TRANSACTION.
pub(crate) fn open(modes: Option<&str>, nonce: &str) -> [String; 4] {
    [
        modes.map_or_else(|| "BEGIN".to_owned(), |modes| format!("BEGIN {modes}")),
        // Our own queries have another one, see `Session`.
        "RESET search_path".to_owned(),
        format!("SET {MARK} = '{nonce}'"),
        format!("LOCK TABLE {LOCKED} IN ACCESS SHARE MODE"),
    ]
}

/// A condition on a row `l` of `pg_locks`: it shows that the transaction is still the one that [`open`] opened.
pub(crate) fn is_open() -> String {
    format!(
        "l.locktype = 'relation' AND l.relation = '{LOCKED}'::pg_catalog.regclass::pg_catalog.oid \
         AND l.mode = 'AccessShareLock' AND l.granted"
    )
}

/// What became of a transaction in which an error came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is rolled back, and all that was in it.
    RolledBack,
    /// It is committed: the error came behind our own COMMIT, or the script had one.
    Committed,
    /// The script ended it in another way.
    Ended,
}

/// Asks what became of the transaction that was opened with `nonce`, rolls back what is open, and has the session be as
/// it was opened.
pub(crate) async fn fate(session: &mut Session, nonce: &str) -> Result<Fate> {
    let is_over = session.try_code("SAVEPOINT lockstep").await?.as_deref() == Some(sqlstate::NO_ACTIVE_SQL_TRANSACTION);
    let mark = format!("ROLLBACK; SELECT coalesce(pg_catalog.current_setting('{MARK}', true), '') = '{nonce}'; ");
    let rows = session.reset(&mark, "").await?;
    let committed = rows.first().map(|row| sqlx::Row::try_get::<bool, _>(row, 0)).transpose();
    let committed = committed.map_err(|error| session.error("looking what became of a transaction", &error))?;
    Ok(match (committed, is_over) {
        (Some(true), _) => Fate::Committed,
        (_, true) => Fate::Ended,
        _ => Fate::RolledBack,
    })
}

/// What tells one transaction from every other.
pub(crate) fn nonce() -> String {
    format!("{:016x}", fastrand::u64(..))
}
