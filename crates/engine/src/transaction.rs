//! The transaction that a script runs in: we open it, and check after the script that it is still the same one.
//!
//! The classifier refuses each script that would end it. The classifier can be wrong, so the server is asked too.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

/// The parameter that shows afterwards whether the transaction was committed. It is set for the session, and a rollback
/// undoes that.
pub(crate) const MARK: &str = "lockstep.transaction";

/// A relation that is locked while the transaction lasts. Every role may lock it in this mode, no script has a use for
/// it, and the lock disturbs no other session. Unlike a parameter, a lock cannot be reset, and `AND CHAIN` does not
/// keep it.
const LOCKED: &str = "pg_catalog.pg_ts_template";

/// Fires the deferred checks and triggers, which a COMMIT would do first.
pub(crate) const FIRE_DEFERRED: &str = "SET CONSTRAINTS ALL IMMEDIATE";

/// The number that the session gives to its current transaction, one more than the one before. A script cannot change
/// it. The expression takes the server some time.
pub(crate) const NUMBER: &str = "(SELECT pg_catalog.split_part(l.virtualtransaction, '/', 2)::pg_catalog.int8 FROM pg_catalog.pg_locks l \
                      WHERE l.locktype = 'virtualxid' AND l.pid = pg_catalog.pg_backend_pid())";

/// Returns statements that read the state of the session and the server in a transaction of their own. Their row is [`Opened`].
pub(crate) fn read_state() -> [String; 3] {
    let read = format!("SELECT {NUMBER}, pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())");
    ["BEGIN".to_owned(), read, "COMMIT".to_owned()]
}

/// Returns the statements that open the transaction. None of them takes a snapshot, so a script may begin with SET
/// TRANSACTION.
pub(crate) fn open(modes: Option<&str>, nonce: &str) -> [String; 4] {
    [
        modes.map_or_else(|| "BEGIN".to_owned(), |modes| format!("BEGIN {modes}")),
        // Our own queries have another search path, see `Session`.
        "RESET search_path".to_owned(),
        format!("SET {MARK} = '{nonce}'"),
        format!("LOCK TABLE {LOCKED} IN ACCESS SHARE MODE"),
    ]
}

/// Returns a condition on a row `l` of `pg_locks`: it shows that the transaction is still the one that [`open`] opened.
pub(crate) fn is_open() -> String {
    format!(
        "l.locktype = 'relation' AND l.relation = '{LOCKED}'::pg_catalog.regclass::pg_catalog.oid \
         AND l.mode = 'AccessShareLock' AND l.granted"
    )
}

/// The state of session and server when the transaction was opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened {
    /// The session's number of the transaction before it.
    pub(crate) number: i64,
    /// The lowest transaction id that the message can have taken.
    pub(crate) first_id: i64,
}

impl Opened {
    /// Returns the state that was `known` before the message, or else that of the message's first row; `None` where the
    /// message did not come so far.
    pub(crate) fn of(known: Option<Self>, first: Option<&PgRow>) -> Result<Option<Self>, sqlx::Error> {
        let said = || first.map(|row| Ok(Self { number: row.try_get(0)?, first_id: row.try_get(1)? })).transpose();
        known.map_or_else(said, |known| Ok(Some(known)))
    }

    /// Returns the state after a message that succeeded, with two more transactions: the script's, whose id is `id`,
    /// and that of the session's reset.
    pub(crate) fn behind(self, id: i64) -> Self {
        Self { number: self.number + 2, first_id: id + 1 }
    }
}

/// Returns a text that tells one transaction from every other.
pub(crate) fn nonce() -> String {
    format!("{:016x}", fastrand::u64(..))
}
