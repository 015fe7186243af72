//! Makes sure that commits survive a crash of the server, and verifies it.

use sqlx::Row as _;

use crate::planted::{self, Bug};
use crate::session::Session;
use crate::{Error, Result, sqlstate};

/// A transaction that writes, and waits for its flush. An empty one would flush nothing, whatever its mode.
const WRITE: &str = "BEGIN; SET LOCAL synchronous_commit = on; \
                     SELECT pg_catalog.pg_logical_emit_message(true, 'lockstep', '') IS NOT NULL; COMMIT";

/// The parameter in which this session keeps how much the server had written.
const WRITTEN: &str = "lockstep.written";

/// Flushes all that the server has written so far. No commit of ours waits for its own flush, and a commit of an
/// attempt whose answer was lost may not have waited either. Evaluates the expression `then` only when the flush is
/// verified. One round trip.
///
/// # Errors
///
/// [`Error::NotFlushed`] when the server does not show that everything is flushed.
///
/// Runs the query `count`, if there is one, in the same round trip, and returns its numbers.
pub(crate) async fn flush(session: &mut Session, then: &str, count: Option<&str>) -> Result<Vec<i64>> {
    let doing = "flushing what was committed";
    let count = count.map_or_else(String::new, |count| format!("{count}; "));
    let unverified = format!("{count}SELECT ({then}) IS NOT NULL AS flushed");
    let sql = format!(
        "SELECT pg_catalog.set_config('{WRITTEN}', pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text, false) IS NULL AS written; \
         {WRITE}; {count}\
         SELECT CASE WHEN pg_catalog.pg_current_wal_flush_lsn() >= pg_catalog.current_setting('{WRITTEN}')::pg_catalog.pg_lsn \
         THEN ({then}) IS NOT NULL ELSE false END AS flushed"
    );
    let sql = if planted::is_on(Bug::NoFlush) { &unverified } else { &sql };
    let rows = match session.rows(doing, sql).await {
        // A server with storage of its own, such as Aurora, has no log position to check. Its commits wait all the
        // same.
        Err(Error::Query { code, .. }) if code == sqlstate::FEATURE_NOT_SUPPORTED => {
            session.rows(doing, &format!("{WRITE}; {unverified}")).await?
        }
        rows => rows?,
    };
    let flushed = rows.last().ok_or(sqlx::Error::RowNotFound).and_then(|row| row.try_get::<bool, _>("flushed"));
    if flushed.map_err(|error| session.error(doing, &error))? {
        return Ok(rows.iter().filter_map(|row| row.try_get::<i64, _>("number").ok()).collect());
    }
    Err(Error::NotFlushed)
}
