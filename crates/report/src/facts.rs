//! The database's answers when the plan was made. Sizes are in bytes, ages in seconds.

use serde::{Deserialize, Serialize};

/// A table that the plan touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Its name: qualified, and quoted where necessary.
    pub name: String,
    /// Its kind: `table`, `partitioned table`, `materialized view`.
    pub kind: String,
    /// The number of rows, as the planner estimates it; `None` where the table was never analyzed.
    pub rows: Option<u64>,
    /// The size of the table with TOAST, including its partitions.
    pub bytes: u64,
    /// The size of all its indexes.
    pub index_bytes: u64,
    /// Its indexes, the largest first.
    pub indexes: Vec<IndexFacts>,
    /// The foreign keys of other tables that refer to the table.
    pub referenced_by: Vec<ForeignKey>,
    /// How many partitions it has.
    pub partitions: u64,
    /// How many rows were read since statistics were last reset.
    pub reads: Option<u64>,
    /// How many rows were inserted, updated and deleted since then.
    pub writes: Option<u64>,
    /// When statistics were last reset, RFC 3339; `None` where the server does not tell.
    pub since: Option<String>,
    /// The transactions that hold locks on the table now, longest first.
    pub holders: Vec<Holder>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexFacts {
    /// Its name, without its schema.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Whether it is valid: an index that a CONCURRENTLY left behind is not.
    pub valid: bool,
    /// Whether it is unique.
    pub unique: bool,
}

/// A foreign key of another table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// The table that has the key, qualified.
    pub table: String,
}

/// A transaction that holds a lock on a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The server process; `None` for a prepared transaction.
    pub pid: Option<i32>,
    /// The application name, where our role may see it.
    pub application: Option<String>,
    /// The strongest lock that it holds, as PostgreSQL's manual writes it.
    pub lock: String,
    /// How long the transaction has lasted.
    pub seconds: Option<u64>,
}

/// The server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// Its version, as the server writes it.
    pub version: String,
    /// Whether it is itself a replica.
    pub in_recovery: bool,
    /// Its replicas, where our role may see them.
    pub replicas: Vec<Replica>,
    /// How many connections are open.
    pub connections: u64,
    /// The maximum number of connections, without those that are reserved for superusers.
    pub most_connections: u64,
    /// The transaction that has lasted longest, among those that our role may see.
    pub longest_transaction: Option<Transaction>,
    /// How many sessions of which roles are in a transaction that our role may not see: `2 of shop`.
    #[serde(default)]
    pub hidden_transactions: Vec<String>,
    /// The prepared transactions of this database, by name.
    pub prepared_transactions: Vec<String>,
    /// The invalid indexes of this database, qualified.
    pub invalid_indexes: Vec<String>,
    /// The privileges that the pending statements need and the role lacks: `alter public.orders: its owner is shop`.
    pub missing_privileges: Vec<String>,
}

/// A replica of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replica {
    /// The application name.
    pub name: String,
    /// Its state: `streaming`, `catchup`.
    pub state: String,
    /// How many bytes of the log it has not replayed yet.
    pub lag_bytes: Option<u64>,
    /// How many seconds it lags behind.
    pub lag_seconds: Option<u64>,
}

/// An open transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// The server process.
    pub pid: i32,
    /// The application name, where our role may see it.
    pub application: Option<String>,
    /// Its state: `active`, `idle in transaction`.
    pub state: Option<String>,
    /// How long it has lasted.
    pub seconds: u64,
}
