//! Ends a statement whose time is up, and finds out what it waited for.

use std::time::Duration;

use sqlx::{Connection as _, Row as _};

use crate::session::connect::connect;
use crate::session::others::waited_for;
use crate::session::{Target, code_of, fetch};

/// How long a request for a cancellation may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Cancels the statement that the session `pid` runs, from a second connection. Returns the sessions that it waited
/// for.
pub(super) async fn cancel(target: &Target, pid: i32) -> Vec<String> {
    let cancelled = async {
        let mut connection = connect(target, &[]).await?;
        let cancel = format!("SELECT pg_catalog.pg_cancel_backend({pid})");
        let looked = fetch(&mut connection, &format!("{}; {cancel}", waited_for(pid))).await;
        let rows = match looked {
            Ok(rows) => rows,
            // The statement has to end even if the sessions cannot be found out.
            Err(_) => fetch(&mut connection, &cancel).await?,
        };
        connection.close().await?;
        // The row of the cancellation itself has no text.
        Ok::<_, sqlx::Error>(rows.iter().filter_map(|row| row.try_get::<String, _>(0).ok()).collect())
    };
    match tokio::time::timeout(PATIENCE, cancelled).await {
        Ok(Ok(waited_for)) => return waited_for,
        Ok(Err(error)) => tracing::warn!(pid, code = code_of(&error), "could not cancel the running statement"),
        Err(_) => tracing::warn!(pid, "could not cancel the running statement in time"),
    }
    Vec::new()
}
