//! Makes sure that what was committed survives a crash of the server, and verifies it.

use crate::session::Session;
use crate::{Error, Result};

/// Flushes all that the server has written so far.
///
/// Our own commits wait for it already. This is for those that do not: of an attempt whose answer was lost,
/// or of a statement that runs on its own. An empty transaction would flush nothing, whatever its mode, so
/// this one writes.
///
/// # Errors
///
/// [`Error::ConnectionClosed`] when the server does not show that everything is flushed.
pub(crate) async fn flush(session: &mut Session) -> Result<()> {
    let doing = "flushing what was committed";
    let written: String =
        session.value(doing, "SELECT pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text").await?;
    let flushed = session
        .value::<bool>(
            doing,
            &format!(
                "BEGIN; SET LOCAL synchronous_commit = on; \
                 SELECT pg_catalog.pg_logical_emit_message(true, 'lockstep', '') IS NOT NULL; COMMIT; \
                 SELECT pg_catalog.pg_current_wal_flush_lsn() >= '{written}'::pg_catalog.pg_lsn"
            ),
        )
        .await?;
    if flushed {
        return Ok(());
    }
    Err(Error::ConnectionClosed { during: doing.into(), reason: "the server has not flushed it".into() })
}
