//! The state of the server, and the privileges that the role lacks there.

mod privileges;

pub use privileges::{Need, Privilege, missing};

use report::{Replica, Server, Transaction};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::catalog::ask::ask_leniently;
use crate::name::{Name, quoted};

/// Returns the state of the server. `missing_privileges` stays empty: [`missing`] returns them.
///
/// This takes one round trip, and eight where the server refuses some of the queries, whose answers are left out then.
/// The session must not be in a transaction: a refusal would end it.
///
/// # Errors
///
/// The errors of the connection or the server.
pub async fn ask_server(connection: &mut PgConnection) -> Result<Server, sqlx::Error> {
    let queries = [SERVER, CONNECTIONS, REPLICAS, LONGEST_TRANSACTION, HIDDEN_TRANSACTIONS, PREPARED, INVALID_INDEXES];
    let queries = queries.map(str::to_owned);
    let answers = ask_leniently(connection, &queries).await?;
    let [server, connections, replicas, longest, hidden, prepared, invalid] = &answers[..] else {
        return Err(sqlx::Error::RowNotFound);
    };
    let server = server.first().ok_or(sqlx::Error::RowNotFound)?;
    Ok(Server {
        version: server.try_get("version")?,
        in_recovery: server.try_get("in_recovery")?,
        replicas: replicas.iter().map(replica).collect::<Result<_, _>>()?,
        connections: connections.first().map(|row| count(row, "open")).transpose()?.flatten().unwrap_or(0),
        most_connections: count(server, "most")?.unwrap_or(0),
        longest_transaction: longest.first().map(transaction).transpose()?,
        hidden_transactions: hidden.iter().map(sessions).collect::<Result<_, _>>()?,
        prepared_transactions: prepared.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>()?,
        invalid_indexes: invalid.iter().map(|row| Ok(name(row)?.to_string())).collect::<Result<_, sqlx::Error>>()?,
        missing_privileges: Vec::new(),
    })
}

fn replica(row: &PgRow) -> Result<Replica, sqlx::Error> {
    Ok(Replica {
        name: row.try_get("name")?,
        state: row.try_get("state")?,
        lag_bytes: count(row, "bytes")?,
        lag_seconds: count(row, "seconds")?,
    })
}

fn transaction(row: &PgRow) -> Result<Transaction, sqlx::Error> {
    Ok(Transaction {
        pid: row.try_get("pid")?,
        application: row.try_get("application")?,
        state: row.try_get("state")?,
        seconds: count(row, "seconds")?.unwrap_or(0),
    })
}

/// Returns how many sessions a role has, with the role's name.
fn sessions(row: &PgRow) -> Result<String, sqlx::Error> {
    Ok(format!("{} of {}", count(row, "sessions")?.unwrap_or(0), quoted(row.try_get("role")?)))
}

fn name(row: &PgRow) -> Result<Name, sqlx::Error> {
    Ok(Name { schema: row.try_get("schema")?, name: row.try_get("name")? })
}

/// Returns a number, or 0 where clocks or counters make it negative.
fn count(row: &PgRow, column: &str) -> Result<Option<u64>, sqlx::Error> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(|number| number.try_into().unwrap_or(0)))
}

/// `reserved_connections` exists from PostgreSQL 16 on; before, RDS reserves connections of its own for administrators.
const SERVER: &str = "\
    SELECT pg_catalog.current_setting('server_version') AS version, pg_catalog.pg_is_in_recovery() AS in_recovery, \
           pg_catalog.current_setting('max_connections')::pg_catalog.int8 \
           - (SELECT pg_catalog.sum(setting::pg_catalog.int8) FROM pg_catalog.pg_settings WHERE name IN ( \
                 'superuser_reserved_connections', 'reserved_connections', 'rds.rds_superuser_reserved_connections' \
             ))::pg_catalog.int8 AS most";

/// A background worker of the server has no role. The server may hide the kind of process of another role's session.
const CONNECTIONS: &str = "\
    SELECT pg_catalog.count(*) AS open FROM pg_catalog.pg_stat_activity \
    WHERE datid IS NOT NULL AND usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'";

/// Our role may not see a replica without a state. The lag in time is only known while there is some.
const REPLICAS: &str = "\
    SELECT name, state, bytes, CASE WHEN bytes <= 0 THEN 0 ELSE seconds END AS seconds FROM ( \
        SELECT r.application_name AS name, r.state, \
               pg_catalog.pg_wal_lsn_diff( \
                   CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() \
                        ELSE pg_catalog.pg_current_wal_lsn() END, r.replay_lsn)::pg_catalog.int8 AS bytes, \
               pg_catalog.date_part('epoch', r.replay_lag)::pg_catalog.int8 AS seconds \
        FROM pg_catalog.pg_stat_replication r WHERE r.state IN ('streaming', 'catchup') \
    ) AS replica ORDER BY bytes DESC NULLS FIRST, name";

/// The server hides the beginning of another role's transaction from a role that may not see it.
const LONGEST_TRANSACTION: &str = "\
    SELECT a.pid, nullif(a.application_name, '') AS application, a.state, \
           pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start)::pg_catalog.int8 AS seconds \
    FROM pg_catalog.pg_stat_activity a \
    WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() \
    AND a.xact_start IS NOT NULL AND a.backend_type = 'client backend' ORDER BY a.xact_start LIMIT 1";

/// The server also hides the kind of a process whose transaction it hides. Every role sees a transaction's lock on
/// itself; an idle session has none.
const HIDDEN_TRANSACTIONS: &str = "\
    SELECT a.usename AS role, pg_catalog.count(*) AS sessions FROM pg_catalog.pg_stat_activity a \
    WHERE a.datname = pg_catalog.current_database() AND a.usename IS NOT NULL AND a.backend_type IS NULL \
    AND a.pid IN (SELECT l.pid FROM pg_catalog.pg_locks l \
        WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted) \
    GROUP BY a.usename ORDER BY sessions DESC, role";

const PREPARED: &str = "\
    SELECT gid AS name FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() \
    ORDER BY prepared, gid";

/// Temporary indexes are left out: only their own session uses them.
const INVALID_INDEXES: &str = "\
    SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_index i \
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE NOT i.indisvalid AND c.relpersistence <> 't' ORDER BY n.nspname, c.relname";
