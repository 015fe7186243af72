//! What the database's catalog says about the relations that scripts name.

pub(crate) mod ask;
mod details;
mod facts;
mod meaning;
mod moment;
mod named;
mod newest;
mod objects;
mod relations;

pub(crate) use meaning::LEDGERS;
pub use named::{Named, Object};
pub use newest::{NEWEST, newest};
pub use relations::ask_catalog;

use std::collections::{BTreeMap, BTreeSet};

use report::Table;

use crate::name::Name;

/// The existing relations that scripts name, by the name in the scripts; and related relations, by their qualified
/// name.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// The server's version: 180004 is 18.4.
    pub version: u32,
    /// The schema of a new relation whose name has none: `current_schema()`; empty where there is none.
    pub schema: String,
    /// Whether the database is still empty, so that no session can wait for anything and no data can be lost: it has no
    /// relation and no function except the system's, those of extensions, and a tool's ledger.
    pub is_empty: bool,
    /// Whether the session's time zone is UTC.
    pub is_utc: bool,
    /// Relations by name, as scripts write it. An index is an entry of its own here, and names its table.
    pub relations: BTreeMap<Name, Relation>,
    /// Functions by name. Several functions can share a name: their worst properties count.
    pub functions: BTreeMap<Name, Function>,
    /// Types by name. PostgreSQL's own key words for some (`integer`) are no names of types.
    pub types: BTreeMap<Name, TypeFacts>,
    /// The existing ones of the schemas that scripts name.
    pub schemas: BTreeSet<String>,
    /// The types between which the server casts implicitly when it stores a value, as `format_type` writes them.
    pub casts: BTreeSet<(String, String)>,
    /// What would keep an object from being dropped, among the existing relations.
    pub dependents: BTreeMap<(Object, Name), Vec<Dependent>>,
}

/// A dependent of an object that belongs to a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// The dependent, in the server's words: `trigger stamped on table public.post`.
    pub what: String,
    /// The relation.
    pub table: Name,
}

/// A relation that exists.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Its qualified name.
    pub name: Name,
    /// What it is.
    pub kind: RelationKind,
    /// Its columns, in order. Empty for an index.
    pub columns: Vec<Column>,
    /// Its constraints, including NOT NULL constraints.
    pub constraints: Vec<Constraint>,
    /// All its partitions, or the tables that inherit from it, directly or not; for an index of a partitioned table,
    /// the indexes.
    pub descendants: Vec<Name>,
    /// The partitioned table that it is a partition of.
    pub parent: Option<Name>,
    /// Its default partition, if it is partitioned.
    pub default_partition: Option<Name>,
    /// The table of an index.
    pub table: Option<Name>,
    /// A table's indexes.
    pub indexes: Vec<Index>,
    /// The tables and materialized views that a view, or a materialized view, reads in the end, through any views in
    /// between.
    pub reads: Vec<Name>,
    /// The views that use it, each with the column that it uses; `None` where it uses the row as a whole.
    pub used_by: Vec<(Option<String>, Name)>,
    /// What a change of a row fires, as nouns: enabled triggers, and rules.
    pub fires: Vec<String>,
    /// The names of its triggers.
    pub triggers: Vec<String>,
    /// The names of its policies.
    pub policies: Vec<String>,
    /// The partition whose detaching was cut off.
    pub detaching: Option<Name>,
    /// Whether policies of row level security decide which rows the role sees and changes.
    pub secured: bool,
    /// Whether it is published but has no replica identity: then the server refuses UPDATE and DELETE.
    pub unidentified: bool,
    /// Whether the role owns it, or is a member of the role that does.
    pub owned: bool,
    /// Its size and use, for the report. An index has the facts of its table.
    pub facts: Table,
}

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    /// An ordinary table.
    Table,
    /// A partitioned table, which has no rows of its own.
    Partitioned,
    /// An index.
    Index,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A sequence.
    Sequence,
    /// A foreign table.
    Foreign,
    /// A composite type.
    Composite,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as `format_type` writes it: `character varying(20)`.
    pub of_type: String,
    /// Whether it is NOT NULL.
    pub not_null: bool,
    /// Whether its collation differs from its type's.
    pub collated: bool,
    /// `pg_attribute.attgenerated`: `s` if it is generated and stored, `v` if it is computed when it is read, a blank
    /// for any other column.
    pub generated: char,
    /// Its default, as `pg_get_expr` writes it, unless another session has locked the table against readers.
    pub default: Option<String>,
    /// The estimated number of rows in which it has no value, by the statistics; `None` where it is not known, or not
    /// requested.
    pub nulls: Option<u64>,
    /// The estimated number of rows in which it has its most common value.
    pub most: Option<u64>,
    /// The indexes that contain it, or that have an expression that refers to it.
    pub indexes: Vec<Name>,
}

/// An index of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its qualified name.
    pub name: Name,
    /// Whether no two rows have the same key, and other statements may rely on that: the index is valid, and covers all
    /// rows.
    pub unique: bool,
    /// The columns of its key, without included columns; empty if the key has an expression.
    pub key: Vec<String>,
    /// Whether it has an expression or a condition. If so, it is rebuilt when the type of a column changes.
    pub computed: bool,
    /// The columns by which it finds every row that has values there, in the order of its key. Empty if it cannot: if
    /// it is invalid, is neither a B-tree nor a hash index, or leaves rows out.
    pub finds: Vec<String>,
}

/// A function, an aggregate or a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// `i`, `s` or `v`: the worst of all functions that share the name.
    pub volatility: char,
    /// Whether all of them are PostgreSQL's own, in `pg_catalog`.
    pub builtin: bool,
    /// Each function of the name.
    pub overloads: Vec<Overload>,
}

/// One of the functions that share a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overload {
    /// Its schema.
    pub schema: String,
    /// The types of its arguments, as `format_type` writes them: `integer, text`.
    pub arguments: String,
    /// The type of its result; `None` for a procedure, an aggregate, or a function that returns a set.
    pub returns: Option<String>,
    /// Its text, if it is in SQL and its names are looked up along the caller's search path.
    pub body: Option<String>,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name.
    pub name: String,
    /// `pg_constraint.contype`: `c`, `f`, `n`, `p`, `u`, `x`, `t`.
    pub kind: char,
    /// Whether all rows are known to satisfy it.
    pub validated: bool,
    /// Its columns' names.
    pub columns: Vec<String>,
    /// The table that a foreign key refers to.
    pub refers_to: Option<Name>,
    /// The columns to which a foreign key refers.
    pub refers_to_columns: Vec<String>,
    /// What happens to the rows of a foreign key when the row to which they refer is deleted:
    /// `pg_constraint.confdeltype`, `a` or `r` to refuse the deletion, `c` to delete them too, `n` and `d` to change
    /// them. A blank for any other constraint.
    pub on_delete: char,
    /// Whether it is checked when the transaction ends.
    pub deferred: bool,
    /// What happens to the rows of a foreign key when the row to which they refer gets another key:
    /// `pg_constraint.confupdtype`.
    pub on_update: char,
    /// For a CHECK, its text as `pg_get_constraintdef` writes it, such as `CHECK ((price > 0)) NOT VALID`; empty while
    /// another session has locked the table against readers.
    pub definition: String,
}

/// The properties of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeFacts {
    /// Whether it is a domain with a constraint, its own or that of its base type.
    pub constrained_domain: bool,
    /// Its schema.
    pub schema: String,
    /// An enum's values.
    pub labels: Vec<String>,
    /// `pg_type.typtype`: `e` for an enum, `d` for a domain, `c` for a composite type, `b` for most others.
    pub kind: char,
}

/// Returns the estimated number of rows of a table. Where they were never counted, it is the number that the table's
/// size allows. `None` if the size is not known either.
pub(crate) fn rows(facts: &Table) -> Option<u64> {
    facts.rows.or_else(|| (facts.bytes > 0).then(|| facts.bytes.div_ceil(LEAST_ROW)))
}

/// The assumed minimum size of a row, in bytes.
const LEAST_ROW: u64 = 100;
