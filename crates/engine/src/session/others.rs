//! Shows other sessions, by queries on the server's locks.

use super::OWN_PATH;

/// The database of a session, as `pg_locks` knows it.
pub(crate) const THIS_DATABASE: &str =
    "(SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";

/// The description of a session, from the rows `l` of `pg_locks` and `a` of `pg_stat_activity`, as far as our role may
/// see it.
pub(crate) const SESSION: &str = "pg_catalog.concat(\
    CASE WHEN l.pid > 0 THEN pg_catalog.concat('pid ', l.pid) ELSE 'a prepared transaction' END, \
    ' (user ', coalesce(a.usename::pg_catalog.text, 'not visible'), \
    ', application ', coalesce(nullif(a.application_name, ''), 'not visible'), \
    CASE WHEN a.state IS NOT NULL THEN pg_catalog.concat(', ', a.state) END, \
    CASE WHEN a.xact_start IS NOT NULL THEN pg_catalog.concat(', in its transaction for ', \
    extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::pg_catalog.int8, ' s') END, ')')";

/// Returns statements that give the sessions for which the session `pid` waits now.
pub(super) fn waited_for(pid: i32) -> String {
    // A session may wait for the end of a transaction: it then requests the transaction's own lock.
    format!(
        "{OWN_PATH}; SELECT DISTINCT {SESSION} FROM (\
         SELECT unnest(pg_blocking_pids({pid})) AS pid UNION \
         SELECT h.pid FROM pg_locks w JOIN pg_locks h ON h.locktype = w.locktype AND h.virtualxid = w.virtualxid AND h.granted \
         WHERE w.pid = {pid} AND NOT w.granted AND w.locktype = 'virtualxid') l \
         LEFT JOIN pg_stat_activity a ON a.pid = l.pid ORDER BY 1 LIMIT 5"
    )
}
