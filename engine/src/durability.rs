//! Makes sure that what was committed survives a crash of the server, and verifies it.

use crate::session::Session;
use crate::{Error, Result, sqlstate};

/// A transaction that writes: an empty one would flush nothing, whatever its mode.
const WRITE: &str = "BEGIN; SET LOCAL synchronous_commit = on; \
                     SELECT pg_catalog.pg_logical_emit_message(true, 'lockstep', '') IS NOT NULL; COMMIT";

/// Flushes all that the server has written so far.
///
/// Our own commits wait for it already. This is for those that do not: of an attempt whose answer was lost,
/// or of a statement that runs on its own.
///
/// # Errors
///
/// [`Error::ConnectionClosed`] when the server does not show that everything is flushed.
pub(crate) async fn flush(session: &mut Session) -> Result<()> {
    let doing = "flushing what was committed";
    let written =
        session.value::<String>(doing, "SELECT pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text").await;
    let written = match written {
        // A storage of its own, such as Aurora's, has no log to look at; its commits wait all the same.
        Err(Error::Query { code, .. }) if code == sqlstate::FEATURE_NOT_SUPPORTED => {
            return session.run(doing, WRITE).await;
        }
        written => written?,
    };
    let check = format!("SELECT pg_catalog.pg_current_wal_flush_lsn() >= '{written}'::pg_catalog.pg_lsn");
    if session.value::<bool>(doing, &format!("{WRITE}; {check}")).await? {
        return Ok(());
    }
    Err(Error::ConnectionClosed { during: doing.into(), reason: "the server has not flushed it".into() })
}
