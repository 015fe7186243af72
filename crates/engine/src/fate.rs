//! Asks the server what became of a transaction in which an error occurred.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::session::{OWN_PATH, Session};
use crate::transaction::{MARK, NUMBER, Opened};
use crate::{Result, sqlstate};

/// The maximum number of transaction ids that are examined, which takes about a second.
const MOST_IDS: i64 = 1_000_000;

/// What became of a transaction in which an error occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is rolled back as a whole.
    RolledBack,
    /// It is committed: the error came after our own COMMIT, or the script had a COMMIT.
    Committed,
    /// The script ended it, and no mark shows that it was committed.
    Ended,
}

/// Asks what became of the transaction that was `opened` with `nonce`, rolls back an open transaction, and resets the
/// session to the state in which it was opened.
pub(crate) async fn fate(session: &mut Session, nonce: &str, opened: Option<Opened>) -> Result<Fate> {
    let doing = "looking for the end of a transaction";
    let is_over = session.try_code("SAVEPOINT lockstep").await?.as_deref() == Some(sqlstate::NO_ACTIVE_SQL_TRANSACTION);
    let rollback = if is_over { "" } else { "ROLLBACK; " };
    // After a COMMIT of the script's own, the script's search path is still in force.
    let look = format!(
        "{rollback}{OWN_PATH}; SELECT coalesce(pg_catalog.current_setting('{MARK}', true), '') = '{nonce}', {NUMBER}; "
    );
    let rows = session.reset(&look, "").await?;
    let read = |row: &PgRow| Ok((row.try_get::<bool, _>(0)?, row.try_get::<i64, _>(1)?));
    let (is_committed, number) =
        rows.first().ok_or(sqlx::Error::RowNotFound).and_then(read).map_err(|error| session.error(doing, &error))?;
    // If no transaction was open, the SAVEPOINT was in one of its own.
    let last = number - 1 - i64::from(is_over);
    Ok(match opened {
        // The message did not reach the script.
        None => Fate::RolledBack,
        Some(_) if is_committed => Fate::Committed,
        Some(opened) if last == opened.number + 1 => Fate::RolledBack,
        Some(_) => Fate::Ended,
    })
}

/// Whether the server has committed any transaction since the transaction was `opened`. The server does not tell whose
/// it was, so it can be another session's. A transaction that writes nothing has no id, and leaves nothing.
pub(crate) async fn is_anything_committed(session: &mut Session, opened: Opened) -> Result<bool> {
    let first = opened.first_id;
    let sql = format!(
        "SELECT e.id - {first} > {MOST_IDS} OR EXISTS (\
         SELECT FROM pg_catalog.generate_series({first}::pg_catalog.int8, least(e.id - 1, {first} + {MOST_IDS})) i \
         WHERE pg_catalog.txid_status(i) = 'committed') \
         FROM (SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) AS id) e"
    );
    session.value("looking for the committed parts", &sql).await
}
