//! What the database said when the plan was made. Sizes are bytes, ages seconds.

use serde::{Deserialize, Serialize};

/// A table that the plan touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Qualified, and quoted where it has to be.
    pub name: String,
    /// `table`, `partitioned table`, `materialized view`.
    pub kind: String,
    /// As the planner estimates; `None` where the table was never analyzed.
    pub rows: Option<u64>,
    /// Of the table itself with TOAST, its partitions included.
    pub bytes: u64,
    /// Of all its indexes.
    pub index_bytes: u64,
    /// Its indexes, the largest first.
    pub indexes: Vec<Index>,
    /// The foreign keys of other tables that refer to it.
    pub referenced_by: Vec<ForeignKey>,
    /// How many partitions it has.
    pub partitions: u64,
    /// Rows read since statistics were last reset.
    pub reads: Option<u64>,
    /// Rows inserted, updated and deleted since then.
    pub writes: Option<u64>,
    /// When that was, RFC 3339; `None` where the server does not tell.
    pub since: Option<String>,
    /// Transactions that hold locks on it now, longest first.
    pub holders: Vec<Holder>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Its name alone.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Whether it is used: one that a CONCURRENTLY left behind is not.
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
    /// The table that has it, qualified.
    pub table: String,
}

/// A transaction that holds a lock on a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The server process; `None` for a prepared transaction.
    pub pid: Option<i32>,
    /// What it calls itself, where our role may see it.
    pub application: Option<String>,
    /// The strongest lock, as PostgreSQL's manual writes it.
    pub lock: String,
    /// How long its transaction has lasted.
    pub seconds: Option<u64>,
}

/// The server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// Its version, as it says.
    pub version: String,
    /// Whether it is a replica itself.
    pub in_recovery: bool,
    /// Its replicas, where our role may see them.
    pub replicas: Vec<Replica>,
    /// How many connections are open.
    pub connections: u64,
    /// How many there can be, without those that are kept for superusers.
    pub most_connections: u64,
    /// The transaction that has lasted longest, of those that our role may see.
    pub longest_transaction: Option<Transaction>,
    /// How many sessions of which roles are in a transaction that our role may not look into: `2 of shop`.
    #[serde(default)]
    pub hidden_transactions: Vec<String>,
    /// Prepared transactions of this database, by name.
    pub prepared_transactions: Vec<String>,
    /// Invalid indexes of this database, qualified.
    pub invalid_indexes: Vec<String>,
    /// What the pending statements need, and the role may not do: `alter public.orders: its owner is shop`.
    pub missing_privileges: Vec<String>,
}

/// A replica of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replica {
    /// What it calls itself.
    pub name: String,
    /// `streaming`, `catchup`.
    pub state: String,
    /// How many bytes of the log it has yet to replay.
    pub lag_bytes: Option<u64>,
    /// How many seconds it is behind.
    pub lag_seconds: Option<u64>,
}

/// A transaction that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// The server process.
    pub pid: i32,
    /// What it calls itself, where our role may see it.
    pub application: Option<String>,
    /// `active`, `idle in transaction`.
    pub state: Option<String>,
    /// How long it has lasted.
    pub seconds: u64,
}
