//! The transaction that a script runs in: opened by us, and known again when the script is through.
//!
//! The reader of scripts refuses each script that would end it. A reader can be wrong, so the server is asked too.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::session::{OWN_PATH, Session};
use crate::{Result, sqlstate};

/// The parameter that tells afterwards whether the transaction was committed. It is set for the session, and an abort
/// takes that back.
const MARK: &str = "lockstep.transaction";

/// A relation that is locked while the transaction lasts. Every role may lock it like this, no script has a use for it,
/// and the lock disturbs no other session. Unlike a parameter it cannot be reset, and `AND CHAIN` does not keep it.
const LOCKED: &str = "pg_catalog.pg_ts_template";

/// Has fire what waits for the end of a transaction, as its COMMIT would do first.
pub(crate) const FIRE_DEFERRED: &str = "SET CONSTRAINTS ALL IMMEDIATE";

/// The number that a session gives to a transaction of its own, each one more than the one before: what a script cannot
/// change. An expression that takes the server some time.
const NUMBER: &str = "(SELECT pg_catalog.split_part(l.virtualtransaction, '/', 2)::pg_catalog.int8 FROM pg_catalog.pg_locks l \
                      WHERE l.locktype = 'virtualxid' AND l.pid = pg_catalog.pg_backend_pid())";

/// How many transaction ids are looked through at the most, which takes about a second.
const MOST_IDS: i64 = 1_000_000;

/// A look at the session and the server in a transaction of its own, whose row is [`Opened`].
pub(crate) fn look() -> [String; 3] {
    let look = format!("SELECT {NUMBER}, pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())");
    ["BEGIN".to_owned(), look, "COMMIT".to_owned()]
}

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

/// What was there when the transaction was opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened {
    /// The session's number of the transaction before it.
    number: i64,
    /// The first transaction id that the message can have taken.
    first_id: i64,
}

impl Opened {
    /// What was `known` before the message, or else what its first row says; `None` where the message did not come so far.
    pub(crate) fn of(known: Option<Self>, first: Option<&PgRow>) -> Result<Option<Self>, sqlx::Error> {
        let said = || first.map(|row| Ok(Self { number: row.try_get(0)?, first_id: row.try_get(1)? })).transpose();
        known.map_or_else(said, |known| Ok(Some(known)))
    }

    /// What a look would show behind a message that ran as it was to, with the script's transaction, whose id is `id`, and
    /// that of the session's reset.
    pub(crate) fn behind(self, id: i64) -> Self {
        Self { number: self.number + 2, first_id: id + 1 }
    }
}

/// What became of a transaction in which an error came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is rolled back, and all that was in it.
    RolledBack,
    /// It is committed: the error came behind our own COMMIT, or the script had one.
    Committed,
    /// The script ended it, and no mark says that it was committed.
    Ended,
}

/// Asks what became of the transaction that was `opened` with `nonce`, rolls back what is open, and has the session be as
/// it was opened.
pub(crate) async fn fate(session: &mut Session, nonce: &str, opened: Option<Opened>) -> Result<Fate> {
    let doing = "looking what became of a transaction";
    let is_over = session.try_code("SAVEPOINT lockstep").await?.as_deref() == Some(sqlstate::NO_ACTIVE_SQL_TRANSACTION);
    let rollback = if is_over { "" } else { "ROLLBACK; " };
    // Where a script's own COMMIT was carried out, its search path is still in force.
    let look = format!(
        "{rollback}{OWN_PATH}; SELECT coalesce(pg_catalog.current_setting('{MARK}', true), '') = '{nonce}', {NUMBER}; "
    );
    let rows = session.reset(&look, "").await?;
    let read = |row: &PgRow| Ok((row.try_get::<bool, _>(0)?, row.try_get::<i64, _>(1)?));
    let (is_committed, number) =
        rows.first().ok_or(sqlx::Error::RowNotFound).and_then(read).map_err(|error| session.error(doing, &error))?;
    // Where nothing was open, the SAVEPOINT was one of its own.
    let last = number - 1 - i64::from(is_over);
    Ok(match opened {
        // The message did not come as far as to its script.
        None => Fate::RolledBack,
        Some(_) if is_committed => Fate::Committed,
        Some(opened) if last == opened.number + 1 => Fate::RolledBack,
        Some(_) => Fate::Ended,
    })
}

/// Whether the server has committed anything since the transaction was `opened`. It does not tell whose that was, so it
/// can be another session's. What writes nothing has no id, and leaves nothing.
pub(crate) async fn is_anything_committed(session: &mut Session, opened: Opened) -> Result<bool> {
    let first = opened.first_id;
    let sql = format!(
        "SELECT e.id - {first} > {MOST_IDS} OR EXISTS (\
         SELECT FROM pg_catalog.generate_series({first}::pg_catalog.int8, least(e.id - 1, {first} + {MOST_IDS})) i \
         WHERE pg_catalog.txid_status(i) = 'committed') \
         FROM (SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) AS id) e"
    );
    session.value("looking for what is committed", &sql).await
}

/// What tells one transaction from every other.
pub(crate) fn nonce() -> String {
    format!("{:016x}", fastrand::u64(..))
}
