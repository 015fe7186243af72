//! Facts that are available only at times: sizes, use, lock holders, conditions of constraints.
//!
//! A server may refuse each of these queries. The report does without the answer then.

use std::collections::HashMap;

use report::{Holder, Lock};
use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, Row as _};

use super::ask::{ask_leniently, oids};

/// The state of relations at this moment.
#[derive(Default)]
pub(super) struct Moment {
    /// Exact sizes, of relations that no other session has locked against readers.
    pub(super) sizes: HashMap<Oid, Size>,
    /// How many rows were read and written.
    pub(super) use_of: HashMap<Oid, Use>,
    /// When the counters of use were last reset.
    pub(super) since: Option<String>,
    /// The holders of locks on a relation, in no order.
    pub(super) holders: HashMap<Oid, Vec<Held>>,
    /// The definitions of CHECK constraints.
    pub(super) definitions: HashMap<Oid, String>,
    /// The defaults of columns, by table and number.
    pub(super) defaults: HashMap<(Oid, i16), String>,
    /// The distribution of values over rows, by table and number of the column.
    pub(super) spreads: HashMap<(Oid, i16), Spread>,
}

/// The distribution of a column's values over the rows, by the statistics. The values themselves are not read.
pub(super) struct Spread {
    /// The share of rows without a value.
    nulls: f32,
    /// The share of rows with the most common value.
    most: f32,
}

impl Spread {
    /// Returns in how many of `rows` there is no value: at least in one, if the share is not 0. An emptied table keeps
    /// the statistics of its earlier rows.
    pub(super) fn nulls_of(&self, rows: u64) -> u64 {
        if self.nulls > 0.0 && rows > 0 { part(self.nulls, rows).max(1) } else { 0 }
    }

    /// Returns how many of `rows` have the most common value.
    pub(super) fn most_of(&self, rows: u64) -> u64 {
        part(self.most, rows)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a part of a count is a count, and an estimate"
)]
fn part(fraction: f32, rows: u64) -> u64 {
    (f64::from(fraction) * rows as f64).round() as u64
}

/// The size of a relation, in bytes.
pub(super) struct Size {
    /// The size of its rows alone.
    pub(super) rows: u64,
    /// The size with TOAST.
    pub(super) whole: u64,
}

/// How many rows have been read and written.
pub(super) struct Use {
    pub(super) reads: u64,
    pub(super) writes: u64,
}

/// A lock that a transaction holds.
#[derive(Clone)]
pub(super) struct Held {
    /// The transaction's identity.
    pub(super) transaction: String,
    pub(super) lock: Lock,
    pub(super) holder: Holder,
}

/// Asks for the facts. One round trip, or seven where the server refuses some queries.
pub(super) async fn moment(
    connection: &mut PgConnection,
    relations: &[Oid],
    counted: &[Oid],
) -> Result<Moment, sqlx::Error> {
    let (list, counted) = (oids(relations), oids(counted));
    let queries = [SIZES, USE, HOLDERS, DEFINITIONS, DEFAULTS, SPREADS]
        .map(|query| query.replace("$1", &list).replace("$2", &counted).replace("$locked", LOCKED));
    let answers = ask_leniently(connection, &queries).await?;
    let [sizes, uses, holders, definitions, defaults, spreads] = &answers[..] else {
        return Err(sqlx::Error::RowNotFound);
    };
    let mut moment = Moment::default();
    for row in sizes {
        let size = Size { rows: count(row, "rows")?, whole: count(row, "whole")? };
        moment.sizes.insert(row.try_get("oid")?, size);
    }
    for row in uses {
        moment.since = row.try_get("since")?;
        let of = Use { reads: count(row, "reads")?, writes: count(row, "writes")? };
        moment.use_of.insert(row.try_get("oid")?, of);
    }
    for row in holders {
        if let Some(held) = held(row)? {
            moment.holders.entry(row.try_get("oid")?).or_default().push(held);
        }
    }
    for row in definitions {
        // A constraint that was dropped since has no definition.
        if let Some(definition) = row.try_get("definition")? {
            moment.definitions.insert(row.try_get("oid")?, definition);
        }
    }
    for row in defaults {
        if let Some(default) = row.try_get("value")? {
            moment.defaults.insert((row.try_get("oid")?, row.try_get("number")?), default);
        }
    }
    for row in spreads {
        let spread = Spread { nulls: row.try_get("nulls")?, most: row.try_get("most")? };
        moment.spreads.insert((row.try_get("oid")?, row.try_get("number")?), spread);
    }
    Ok(moment)
}

/// Returns a number that is not negative, or 0 where there is none.
fn count(row: &PgRow, column: &str) -> Result<u64, sqlx::Error> {
    Ok(row.try_get::<Option<i64>, _>(column)?.and_then(|number| number.try_into().ok()).unwrap_or(0))
}

/// Returns `None` for a lock that blocks no other session: a serializable transaction's `SIReadLock`.
fn held(row: &PgRow) -> Result<Option<Held>, sqlx::Error> {
    let mode: &str = row.try_get("mode")?;
    let Some(lock) = Lock::ALL.into_iter().find(|lock| lock.mode() == mode) else { return Ok(None) };
    let seconds: Option<i64> = row.try_get("seconds")?;
    Ok(Some(Held {
        transaction: row.try_get("transaction")?,
        lock,
        holder: Holder {
            pid: row.try_get("pid")?,
            application: row.try_get("application")?,
            lock: lock.name().to_owned(),
            seconds: seconds.map(|seconds| seconds.try_into().unwrap_or(0)),
        },
    }))
}

/// Relations that another session has locked against readers, or waits to lock so: a look at those would have to wait.
const LOCKED: &str = "\
    SELECT l.relation FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' \
    AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())";

const SIZES: &str = "\
    WITH locked AS MATERIALIZED ($locked) \
    SELECT c.oid, pg_catalog.pg_relation_size(c.oid) AS rows, pg_catalog.pg_table_size(c.oid) AS whole \
    FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1) AND c.relkind IN ('r', 'm', 'i', 't') \
    AND NOT EXISTS (SELECT FROM locked WHERE locked.relation IN (c.oid, c.reltoastrelid))";

const USE: &str = "\
    SELECT s.relid AS oid, s.seq_tup_read + coalesce(s.idx_tup_fetch, 0) AS reads, \
           s.n_tup_ins + s.n_tup_upd + s.n_tup_del AS writes, \
           (SELECT pg_catalog.to_char(d.stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
            FROM pg_catalog.pg_stat_database d WHERE d.datname = pg_catalog.current_database()) AS since \
    FROM pg_catalog.pg_stat_all_tables s WHERE s.relid = ANY ($1)";

/// A prepared transaction has no process. Its lock on its own number identifies it.
const HOLDERS: &str = "\
    WITH locks AS MATERIALIZED (SELECT * FROM pg_catalog.pg_locks WHERE granted) \
    SELECT l.relation AS oid, l.pid, l.virtualtransaction AS transaction, l.mode, \
           coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend')) AS application, \
           pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - coalesce(a.xact_start, p.prepared) \
           )::pg_catalog.int8 AS seconds \
    FROM locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
    LEFT JOIN ( \
        SELECT o.virtualtransaction, p.prepared FROM locks o \
        JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = o.transactionid \
        WHERE o.locktype = 'transactionid' AND o.pid IS NULL \
    ) AS p ON l.pid IS NULL AND p.virtualtransaction = l.virtualtransaction \
    WHERE l.locktype = 'relation' AND l.relation = ANY ($1) AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())";

/// The server cannot write the text of a CHECK without opening the table.
const DEFINITIONS: &str = "\
    WITH locked AS MATERIALIZED ($locked) \
    SELECT k.oid, pg_catalog.pg_get_constraintdef(k.oid) AS definition \
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = ANY ($1) AND k.contype = 'c' \
    AND NOT EXISTS (SELECT FROM locked WHERE locked.relation = k.conrelid)";

/// The server cannot write the text of a default without opening the table.
const DEFAULTS: &str = "\
    WITH locked AS MATERIALIZED ($locked) \
    SELECT f.adrelid AS oid, f.adnum AS number, pg_catalog.pg_get_expr(f.adbin, f.adrelid) AS value \
    FROM pg_catalog.pg_attrdef f JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum \
    WHERE f.adrelid = ANY ($1) AND a.attgenerated = '' \
    AND NOT EXISTS (SELECT FROM locked WHERE locked.relation = f.adrelid)";

/// The view shows only what the role may read. The rows of a partitioned table itself are those of its partitions.
const SPREADS: &str = "\
    SELECT c.oid, a.attnum AS number, s.null_frac AS nulls, coalesce((s.most_common_freqs)[1], 0)::pg_catalog.float4 AS most \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname \
    WHERE c.oid = ANY ($2) AND s.inherited = (c.relkind = 'p')";
