//! What the database's catalog says of the relations that scripts name.

pub(crate) mod ask;
mod details;
mod facts;
mod look;
mod meaning;
mod moment;
mod named;
mod objects;

pub use look::look;
pub(crate) use meaning::LEDGERS;
pub use named::{Named, Object};

use std::collections::{BTreeMap, BTreeSet};

use report::Table;

use crate::name::Name;

/// The relations that scripts name and that exist, by the name that the scripts use; and the relations that belong to
/// those, by their qualified name.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// The server's version: 180004 is 18.4.
    pub version: u32,
    /// Where a relation goes that is created without a schema: `current_schema()`; empty where there is none.
    pub schema: String,
    /// Whether the database holds nothing yet that anybody could wait for or lose: no relation and no function but the
    /// system's, those of extensions, and a tool's ledger.
    pub is_empty: bool,
    /// Whether the session's zone is UTC.
    pub is_utc: bool,
    /// Relations by name, as scripts write it. An index stands for itself here, with its table's name in it.
    pub relations: BTreeMap<Name, Relation>,
    /// Functions by name: the worst of all that share it.
    pub functions: BTreeMap<Name, Function>,
    /// What types are, by name. PostgreSQL's own words for some (`integer`) are no names of types.
    pub types: BTreeMap<Name, TypeFacts>,
    /// Those of the schemas in question that are there.
    pub schemas: BTreeSet<String>,
    /// The types between which the server casts by itself when a value is stored, as `format_type` writes them.
    pub casts: BTreeSet<(String, String)>,
    /// What would keep an object from being dropped, of the relations that there are.
    pub dependents: BTreeMap<(Object, Name), Vec<Dependent>>,
}

/// What depends on an object, and belongs to a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// What it is, in the server's words: `trigger stamped on table public.post`.
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
    pub kind: Kind,
    /// Its columns, in order. Of an index: none.
    pub columns: Vec<Column>,
    /// Its constraints, those of the NOT NULL kind included.
    pub constraints: Vec<Constraint>,
    /// Its partitions and theirs, or the tables that inherit from it; of an index of a partitioned table, the indexes.
    pub descendants: Vec<Name>,
    /// The partitioned table that it is a partition of.
    pub parent: Option<Name>,
    /// The partitioned table's default partition.
    pub default_partition: Option<Name>,
    /// The table that an index is of.
    pub table: Option<Name>,
    /// A table's indexes.
    pub indexes: Vec<Index>,
    /// What a view, or a materialized view, reads in the end: tables and materialized views, whatever views stand between.
    pub reads: Vec<Name>,
    /// The views that use it, each with the column that it uses; `None` where it uses the row as a whole.
    pub used_by: Vec<(Option<String>, Name)>,
    /// What rows that change set off, as nouns: triggers that are enabled, and rules.
    pub fires: Vec<String>,
    /// The names of its triggers.
    pub triggers: Vec<String>,
    /// The names of its policies.
    pub policies: Vec<String>,
    /// The partition whose detaching was cut off.
    pub detaching: Option<Name>,
    /// Whether policies of row level security decide which rows the role sees and changes.
    pub secured: bool,
    /// Whether it is published, and has no replica identity: then the server refuses UPDATE and DELETE.
    pub unidentified: bool,
    /// Whether the role owns it, or is a member of the role that does.
    pub owned: bool,
    /// Its size and use, for the report. An index has its table's.
    pub facts: Table,
}

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An ordinary table.
    Table,
    /// A table that has partitions, and no rows of its own.
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
    /// Whether it has another collation than its type.
    pub collated: bool,
    /// `pg_attribute.attgenerated`: `s` if it is generated and stored, `v` if it is computed when it is read, a blank for
    /// others.
    pub generated: char,
    /// Its default, as `pg_get_expr` writes it, unless another session has locked the table against readers.
    pub default: Option<String>,
    /// In about how many rows it has no value, by the statistics; `None` where they are not known, or not asked for.
    pub nulls: Option<u64>,
    /// In about how many rows it has its most common value.
    pub most: Option<u64>,
    /// Indexes that it is in, or that an expression of theirs refers to.
    pub indexes: Vec<Name>,
}

/// An index of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its qualified name.
    pub name: Name,
    /// Whether no two rows have the same key, and everybody may rely on that: it is valid, and for all rows.
    pub unique: bool,
    /// Its key's columns, without those that it includes; empty if there is an expression among them.
    pub key: Vec<String>,
    /// Whether it has an expression or a condition: a new type of a column has it built anew.
    pub computed: bool,
    /// The columns by which it finds every row that has values there, in the order of its key. Empty if it finds none so: it
    /// is invalid, is neither a B-tree nor a hash index, or leaves rows out.
    pub finds: Vec<String>,
}

/// A function, an aggregate or a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// `i`, `s` or `v`: the worst of all that share the name.
    pub volatility: char,
    /// Whether all are PostgreSQL's own, of `pg_catalog`.
    pub builtin: bool,
    /// Each that has the name.
    pub overloads: Vec<Overload>,
}

/// One of the functions that share a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overload {
    /// Its schema.
    pub schema: String,
    /// The types of its arguments, as `format_type` writes them: `integer, text`.
    pub arguments: String,
    /// The type of its result; `None` for a procedure, an aggregate, or where it is a set.
    pub returns: Option<String>,
    /// Its text, if it is in SQL and its names are looked for along the caller's search path.
    pub body: Option<String>,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name.
    pub name: String,
    /// `pg_constraint.contype`: `c`, `f`, `n`, `p`, `u`, `x`, `t`.
    pub kind: char,
    /// Whether all rows are known to fulfil it.
    pub validated: bool,
    /// Its columns' names.
    pub columns: Vec<String>,
    /// The table that a foreign key refers to.
    pub refers_to: Option<Name>,
    /// The columns there.
    pub refers_to_columns: Vec<String>,
    /// What becomes of the rows of a foreign key when what they refer to is deleted: `pg_constraint.confdeltype`, `a` or
    /// `r` to refuse it, `c` to delete them too, `n` and `d` to change them. A blank for other constraints.
    pub on_delete: char,
    /// Whether it is looked at when the transaction ends.
    pub deferred: bool,
    /// The same when what they refer to gets another key: `pg_constraint.confupdtype`.
    pub on_update: char,
    /// Of a CHECK, `CHECK ((price > 0)) NOT VALID`, as `pg_get_constraintdef` writes it; empty while somebody has
    /// locked the table against readers.
    pub definition: String,
}

/// What a type is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeFacts {
    /// Whether it is a domain with a constraint, its own or of the type below.
    pub constrained_domain: bool,
    /// Its schema.
    pub schema: String,
    /// An enum's values.
    pub labels: Vec<String>,
    /// `pg_type.typtype`: `e` for an enum, `d` for a domain, `c` for a composite type, `b` for most others.
    pub kind: char,
}

/// About how many rows a table has: as many as its size allows, where nobody has counted them. `None` if not even that is known.
pub(crate) fn rows(facts: &Table) -> Option<u64> {
    facts.rows.or_else(|| (facts.bytes > 0).then(|| facts.bytes.div_ceil(LEAST_ROW)))
}

/// What a row takes at least, about, in bytes.
const LEAST_ROW: u64 = 100;
