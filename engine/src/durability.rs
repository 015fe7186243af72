//! Makes sure that what was committed survives a crash of the server, and verifies it.

use crate::session::Session;
use crate::{Error, Result, sqlstate};

/// A transaction that writes and waits: an empty one would flush nothing, whatever its mode.
const WRITE: &str = "BEGIN; SET LOCAL synchronous_commit = on; \
                     SELECT pg_catalog.pg_logical_emit_message(true, 'lockstep', '') IS NOT NULL; COMMIT";

/// Where this session remembers how much the server had written.
const WRITTEN: &str = "lockstep.written";

/// Flushes all that the server has written so far: no commit of ours waits for that itself, and neither may one of an
/// attempt whose answer was lost. Only when it is verified, evaluates the expression `then`. One round trip.
///
/// # Errors
///
/// [`Error::ConnectionClosed`] when the server does not show that everything is flushed.
pub(crate) async fn flush(session: &mut Session, then: &str) -> Result<()> {
    let doing = "flushing what was committed";
    let sql = format!(
        "SELECT pg_catalog.set_config('{WRITTEN}', pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text, false) IS NULL; \
         {WRITE}; \
         SELECT CASE WHEN pg_catalog.pg_current_wal_flush_lsn() >= pg_catalog.current_setting('{WRITTEN}')::pg_catalog.pg_lsn \
         THEN ({then}) IS NOT NULL ELSE false END"
    );
    let flushed = match session.value::<bool>(doing, &sql).await {
        // A storage of its own, such as Aurora's, has no log to look at; its commits wait all the same.
        Err(Error::Query { code, .. }) if code == sqlstate::FEATURE_NOT_SUPPORTED => {
            session.value::<bool>(doing, &format!("{WRITE}; SELECT ({then}) IS NOT NULL")).await?
        }
        flushed => flushed?,
    };
    if flushed {
        return Ok(());
    }
    Err(Error::ConnectionClosed { during: doing.into(), reason: "the server has not flushed it".into() })
}
