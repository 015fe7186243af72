//! Other sessions that hold locks on tables, and so keep a migration waiting.

use std::collections::BTreeSet;

use crate::ledger::Statements;
use crate::lookup::regclass;
use crate::name::Name;
use crate::session::{SESSION, Session, THIS_DATABASE};
use crate::{Error, Result};

/// Returns the transactions that hold a lock on one of `tables` now, in any mode.
pub(crate) async fn in_the_way(session: &mut Session, tables: &[Name]) -> Result<BTreeSet<String>> {
    let names: Vec<_> = tables.iter().map(|table| regclass(table, session.path())).collect();
    let sql = format!(
        "SELECT DISTINCT l.virtualtransaction FROM pg_catalog.pg_locks l WHERE l.granted AND l.locktype = 'relation' \
         AND l.relation IN ({}) AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() AND l.database = {THIS_DATABASE}",
        names.join(", ")
    );
    match session.values::<String>("looking for the sessions in the way", &sql).await {
        Ok(found) => Ok(found.into_iter().collect()),
        // The role may not see a schema that its script only gains access to. The lock timeout has to do.
        Err(Error::Query { code, .. }) => {
            tracing::info!(code, "could not look for the sessions that hold the tables");
            Ok(BTreeSet::new())
        }
        Err(error) => Err(error),
    }
}

/// Returns the other sessions that hold locks on tables of this database, and those that wait for the migration lock,
/// as far as our role may see them.
pub(crate) async fn blockers(session: &mut Session, statements: &Statements) -> Result<String> {
    let holders = format!(
        "SELECT DISTINCT {SESSION} FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         WHERE l.granted AND l.locktype = 'relation' AND l.relation >= 16384 \
         AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() AND l.database = {THIS_DATABASE} ORDER BY 1 LIMIT 5"
    );
    // A session that waits for a lock keeps a snapshot, and a CONCURRENTLY statement waits for that snapshot.
    let waiting = format!(
        "SELECT DISTINCT {SESSION} FROM pg_catalog.pg_locks own JOIN pg_catalog.pg_locks l ON NOT l.granted \
         AND l.locktype = own.locktype AND l.database = own.database AND l.classid = own.classid AND l.objid = own.objid \
         AND l.objsubid = own.objsubid LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         WHERE own.pid = pg_catalog.pg_backend_pid() AND own.granted AND own.locktype = 'advisory' \
         AND EXISTS (SELECT 1 FROM pg_catalog.pg_locks l WHERE {} AND l.pid = own.pid AND l.classid = own.classid \
         AND l.objid = own.objid) ORDER BY 1 LIMIT 5",
        statements.is_lock()
    );
    let holders = session.values::<String>("looking for blockers", &holders).await?;
    let waiting = session.values::<String>("looking for the sessions that wait for the lock", &waiting).await?;
    let mut found = Vec::new();
    if !holders.is_empty() {
        found.push(format!("sessions with locks on tables: {}", holders.join(", ")));
    }
    if !waiting.is_empty() {
        found.push(format!(
            "sessions that wait for the migration lock, which this run holds, and which what runs CONCURRENTLY waits for \
             in turn: {}; end them, or let them start after this run",
            waiting.join(", ")
        ));
    }
    Ok(if found.is_empty() { "no other session holds a lock on a table any more".to_owned() } else { found.join("; ") })
}
