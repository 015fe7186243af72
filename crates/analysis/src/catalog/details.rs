//! What the catalog says of relations: kinds, columns, constraints, indexes, and inheritance.

use std::collections::{BTreeSet, HashMap};

use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, Row as _};

use super::RelationKind;
use super::ask::{ask, oids, schema_is_visible};
use crate::name::{Name, quoted};

/// A relation.
#[expect(clippy::struct_excessive_bools, reason = "these are facts of the catalog")]
pub(super) struct Class {
    pub(super) name: Name,
    pub(super) kind: RelationKind,
    pub(super) owned: bool,
    pub(super) secured: bool,
    pub(super) unidentified: bool,
    pub(super) is_partition: bool,
    /// `reltuples`, which is -1 where the rows were never counted.
    pub(super) rows: i64,
    /// `relpages`, as of the last count.
    pub(super) pages: u64,
    /// `relpages` of its TOAST table and of that table's index.
    pub(super) toast_pages: u64,
}

/// A column. [`Details::columns`] has it by its table and its number there.
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) of_type: String,
    pub(super) not_null: bool,
    pub(super) collated: bool,
    /// `pg_attribute.attgenerated`; a blank for a column that is not generated.
    pub(super) generated: char,
}

/// An index.
#[expect(clippy::struct_excessive_bools, reason = "these are columns of pg_index")]
pub(super) struct Index {
    pub(super) table: Oid,
    pub(super) valid: bool,
    pub(super) unique: bool,
    /// Whether a violation is refused at once.
    pub(super) immediate: bool,
    /// Whether it has an expression or a condition.
    pub(super) computed: bool,
    /// Whether it finds every row that has values in the first columns of its key.
    pub(super) finds: bool,
    /// The numbers of its key's columns, in order. An expression has the number 0.
    pub(super) key: Vec<i16>,
    /// The numbers of the columns in its key or in its expressions.
    pub(super) columns: BTreeSet<i16>,
}

/// A constraint of a table.
pub(super) struct Rule {
    pub(super) oid: Oid,
    pub(super) name: String,
    pub(super) kind: char,
    pub(super) validated: bool,
    pub(super) table: Oid,
    pub(super) columns: Vec<i16>,
    pub(super) refers_to: Option<Oid>,
    pub(super) refers_to_columns: Vec<i16>,
    pub(super) on_delete: char,
    /// Whether it is checked when the transaction ends, unless SET CONSTRAINTS says otherwise.
    pub(super) deferred: bool,
    pub(super) on_update: char,
    /// The constraint of a partitioned table from which this one comes.
    pub(super) parent: Option<Oid>,
}

/// The answers about all relations.
#[derive(Default)]
pub(super) struct Details {
    pub(super) classes: HashMap<Oid, Class>,
    pub(super) columns: HashMap<Oid, Vec<(i16, Attribute)>>,
    pub(super) rules: Vec<Rule>,
    pub(super) indexes: HashMap<Oid, Index>,
    /// The relations that inherit from a relation directly.
    pub(super) children: HashMap<Oid, Vec<Oid>>,
    /// The relation from which a relation inherits. A partition has one parent.
    pub(super) parents: HashMap<Oid, Oid>,
    /// Default partitions by their table.
    pub(super) defaults: HashMap<Oid, Oid>,
    /// The relations that a view reads directly.
    pub(super) reads: HashMap<Oid, Vec<Oid>>,
    /// The views that use a relation, each with the number of a column, or 0.
    pub(super) used_by: HashMap<Oid, Vec<(i16, Name)>>,
    /// What changes of a relation's rows fire, as nouns: triggers and rules.
    pub(super) fires: HashMap<Oid, Vec<String>>,
    /// The names of a relation's triggers.
    pub(super) triggers: HashMap<Oid, Vec<String>>,
    /// The names of a relation's policies.
    pub(super) policies: HashMap<Oid, Vec<String>>,
    /// Partitions whose detaching was cut off, by their table.
    pub(super) detaching: HashMap<Oid, Oid>,
}

/// Asks for the details, in one round trip.
pub(super) async fn details(connection: &mut PgConnection, relations: &[Oid]) -> Result<Details, sqlx::Error> {
    let list = oids(relations);
    let queries = [
        CLASSES,
        &COLUMNS.replace("$type", &of_type()),
        RULES,
        INDEXES,
        INDEX_COLUMNS,
        CHILDREN,
        &format!("{VIEWS} AND w.ev_class = ANY ($1)"),
        USED_BY,
        TRIGGERS,
        POLICIES,
    ]
    .map(|query| query.replace("$1", &list));
    let answers = ask(connection, &queries).await?;
    let [classes, columns, rules, indexes, index_columns, children, views, used_by, triggers, policies] = &answers[..]
    else {
        return Err(sqlx::Error::RowNotFound);
    };
    let mut details = Details::default();
    for row in classes {
        details.classes.extend(class(row)?);
    }
    for row in columns {
        let column = Attribute {
            name: row.try_get("name")?,
            of_type: row.try_get("of_type")?,
            not_null: row.try_get("not_null")?,
            collated: row.try_get("collated")?,
            generated: row.try_get::<&str, _>("generated")?.chars().next().unwrap_or(' '),
        };
        details.columns.entry(row.try_get("oid")?).or_default().push((row.try_get("number")?, column));
    }
    for columns in details.columns.values_mut() {
        columns.sort_by_key(|(number, _)| *number);
    }
    details.rules = rules.iter().map(rule).collect::<Result<_, _>>()?;
    for row in indexes {
        details.indexes.insert(row.try_get("oid")?, index(row)?);
    }
    for row in index_columns {
        if let Some(index) = details.indexes.get_mut(&row.try_get("oid")?) {
            index.columns.insert(row.try_get("number")?);
        }
    }
    for row in children {
        let (parent, child) = (row.try_get("parent")?, row.try_get("oid")?);
        details.children.entry(parent).or_default().push(child);
        details.parents.insert(child, parent);
        if row.try_get("is_default")? {
            details.defaults.insert(parent, child);
        }
        if row.try_get("is_detaching")? {
            details.detaching.insert(parent, child);
        }
    }
    for row in views {
        details.reads.entry(row.try_get("origin")?).or_default().push(row.try_get("oid")?);
    }
    for row in used_by {
        let view = Name { schema: Some(row.try_get("schema")?), name: row.try_get("name")? };
        details.used_by.entry(row.try_get("oid")?).or_default().push((row.try_get("number")?, view));
    }
    for row in triggers {
        let (oid, name): (Oid, String) = (row.try_get("oid")?, row.try_get("name")?);
        if row.try_get("is_rule")? {
            details.fires.entry(oid).or_default().push(format!("the rule {}", quoted(&name)));
            continue;
        }
        if row.try_get("fires")? {
            details.fires.entry(oid).or_default().push(format!("the trigger {}", quoted(&name)));
        }
        details.triggers.entry(oid).or_default().push(name);
    }
    for row in policies {
        details.policies.entry(row.try_get("oid")?).or_default().push(row.try_get("name")?);
    }
    Ok(details)
}

impl Details {
    /// Returns the qualified name of a relation.
    pub(super) fn name(&self, oid: Oid) -> Option<Name> {
        self.classes.get(&oid).map(|class| class.name.clone())
    }

    /// Returns all relations that inherit from a relation, directly or not, without the relation itself.
    pub(super) fn descendants(&self, oid: Oid) -> Vec<Oid> {
        let (mut found, mut seen, mut next) = (Vec::new(), BTreeSet::from([oid.0]), vec![oid]);
        while let Some(parent) = next.pop() {
            for child in self.children.get(&parent).into_iter().flatten() {
                // A table may inherit from several tables that inherit from one.
                if seen.insert(child.0) {
                    found.push(*child);
                    next.push(*child);
                }
            }
        }
        found
    }

    /// Returns the tables and materialized views that a view, or a materialized view, reads in the end.
    pub(super) fn reads(&self, view: Oid) -> Vec<Oid> {
        let (mut found, mut seen, mut next) = (Vec::new(), BTreeSet::from([view.0]), vec![view]);
        while let Some(reader) = next.pop() {
            for read in self.reads.get(&reader).into_iter().flatten().filter(|read| seen.insert(read.0)) {
                match self.classes.get(read).map(|class| class.kind) {
                    Some(
                        RelationKind::Table
                        | RelationKind::Partitioned
                        | RelationKind::Foreign
                        | RelationKind::MaterializedView,
                    ) => found.push(*read),
                    Some(RelationKind::View) => next.push(*read),
                    // A sequence has only one row, and an index or a type has none.
                    _ => {}
                }
            }
        }
        found
    }

    /// Returns the name of a table's column.
    pub(super) fn column(&self, table: Oid, number: i16) -> Option<String> {
        let columns = self.columns.get(&table)?;
        columns.iter().find(|(other, _)| *other == number).map(|(_, column)| column.name.clone())
    }
}

/// Returns `None` for a kind that came with a later PostgreSQL.
fn class(row: &PgRow) -> Result<Option<(Oid, Class)>, sqlx::Error> {
    let kind = match row.try_get("kind")? {
        "r" | "t" => RelationKind::Table,
        "p" => RelationKind::Partitioned,
        "i" | "I" => RelationKind::Index,
        "v" => RelationKind::View,
        "m" => RelationKind::MaterializedView,
        "S" => RelationKind::Sequence,
        "f" => RelationKind::Foreign,
        "c" => RelationKind::Composite,
        _ => return Ok(None),
    };
    let class = Class {
        name: Name { schema: Some(row.try_get("schema")?), name: row.try_get("name")? },
        kind,
        owned: row.try_get("owned")?,
        secured: row.try_get("secured")?,
        unidentified: row.try_get("unidentified")?,
        is_partition: row.try_get("is_partition")?,
        rows: row.try_get("rows")?,
        pages: row.try_get::<i64, _>("pages")?.unsigned_abs(),
        toast_pages: row.try_get::<i64, _>("toast_pages")?.unsigned_abs(),
    };
    Ok(Some((row.try_get("oid")?, class)))
}

fn rule(row: &PgRow) -> Result<Rule, sqlx::Error> {
    let letter = |column| Ok::<_, sqlx::Error>(row.try_get::<&str, _>(column)?.chars().next().unwrap_or_default());
    Ok(Rule {
        oid: row.try_get("oid")?,
        name: row.try_get("name")?,
        kind: letter("kind")?,
        validated: row.try_get("validated")?,
        table: row.try_get("relation")?,
        columns: row.try_get::<Option<_>, _>("columns")?.unwrap_or_default(),
        refers_to: row.try_get("refers_to")?,
        refers_to_columns: row.try_get::<Option<_>, _>("refers_to_columns")?.unwrap_or_default(),
        on_delete: letter("on_delete")?,
        on_update: letter("on_update")?,
        deferred: row.try_get("deferred")?,
        parent: row.try_get("parent")?,
    })
}

fn index(row: &PgRow) -> Result<Index, sqlx::Error> {
    let columns: Vec<i16> = row.try_get::<&str, _>("keys")?.split(' ').filter_map(|n| n.parse().ok()).collect();
    let key = usize::try_from(row.try_get::<i16, _>("key_columns")?).unwrap_or(0);
    Ok(Index {
        table: row.try_get("relation")?,
        valid: row.try_get("valid")?,
        unique: row.try_get("is_unique")?,
        immediate: row.try_get("immediate")?,
        computed: row.try_get("computed")?,
        finds: row.try_get("finds")?,
        key: columns.iter().take(key).copied().collect(),
        columns: columns.into_iter().filter(|number| *number > 0).collect(),
    })
}

/// `relpages` is an estimate, but needs no lock on the table: `pg_relation_size` and its like wait for one.
const CLASSES: &str = "\
    SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::pg_catalog.text AS kind, \
           pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned, c.relispartition AS is_partition, \
           c.relrowsecurity AND pg_catalog.row_security_active(c.oid) AS secured, \
           (c.relreplident = 'n' OR c.relreplident = 'd' AND NOT EXISTS ( \
               SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)) AND EXISTS ( \
               SELECT FROM pg_catalog.pg_publication_tables t JOIN pg_catalog.pg_publication p ON p.pubname = t.pubname \
               WHERE t.schemaname = n.nspname AND t.tablename = c.relname AND p.pubupdate AND p.pubdelete) AS unidentified, \
           c.reltuples::pg_catalog.int8 AS rows, c.relpages::pg_catalog.int8 AS pages, \
           coalesce(t.relpages + (SELECT pg_catalog.sum(x.relpages) FROM pg_catalog.pg_index i \
                                  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = t.oid), 0 \
           )::pg_catalog.int8 AS toast_pages \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid \
    WHERE c.oid = ANY ($1)";

/// Returns the type of `a`, a row of `pg_attribute`, as a script would write it: without its schema `n` where that is
/// in the path.
fn of_type() -> String {
    let prefix = "(pg_catalog.quote_ident(n.nspname) || '.')";
    let written = "pg_catalog.format_type(a.atttypid, a.atttypmod)";
    format!(
        "CASE WHEN pg_catalog.starts_with({written}, {prefix}) AND {} \
         THEN pg_catalog.substr({written}, pg_catalog.length({prefix}) + 1) ELSE {written} END",
        schema_is_visible()
    )
}

const COLUMNS: &str = "\
    SELECT a.attrelid AS oid, a.attnum AS number, a.attname AS name, \
           $type AS of_type, a.attnotnull AS not_null, a.attgenerated::pg_catalog.text AS generated, \
           a.attcollation <> t.typcollation AND a.attcollation <> 0 AND t.typcollation <> 0 AS collated \
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
    WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind NOT IN ('i', 'I')";

const RULES: &str = "\
    SELECT oid, conname AS name, contype::pg_catalog.text AS kind, convalidated AS validated, conrelid AS relation, \
           conkey AS columns, nullif(confrelid, 0) AS refers_to, confkey AS refers_to_columns, \
           CASE contype WHEN 'f' THEN confdeltype ELSE ' ' END::pg_catalog.text AS on_delete, \
           CASE contype WHEN 'f' THEN confupdtype ELSE ' ' END::pg_catalog.text AS on_update, \
           condeferrable AND condeferred AS deferred, nullif(conparentid, 0) AS parent \
    FROM pg_catalog.pg_constraint WHERE conrelid = ANY ($1)";

/// The condition of an index that leaves out only rows without a value in its first column is read in the server's own
/// form: writing it as SQL would open the table.
const INDEXES: &str = "\
    SELECT i.indexrelid AS oid, i.indrelid AS relation, i.indisvalid AS valid, i.indisunique AS is_unique, \
           i.indimmediate AS immediate, i.indexprs IS NOT NULL OR i.indpred IS NOT NULL AS computed, \
           i.indisvalid AND m.amname IN ('btree', 'hash') AND (i.indpred IS NULL OR i.indpred::pg_catalog.text ~ ( \
               '^[{]NULLTEST :arg [{]VAR :varno 1 :varattno ' || i.indkey[0]::pg_catalog.text || \
               ' [^{}]*[}] :nulltesttype 1 [^{}]*[}]$')) AS finds, \
           i.indkey::pg_catalog.text AS keys, i.indnkeyatts AS key_columns \
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
    JOIN pg_catalog.pg_am m ON m.oid = c.relam WHERE i.indexrelid = ANY ($1)";

/// The columns to which an expression or a condition of an index refers.
const INDEX_COLUMNS: &str = "\
    SELECT i.indexrelid AS oid, d.refobjsubid::pg_catalog.int2 AS number \
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_depend d ON d.objid = i.indexrelid AND d.refobjid = i.indrelid \
    WHERE i.indexrelid = ANY ($1) AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
    AND d.refclassid = d.classid AND d.refobjsubid > 0";

const CHILDREN: &str = "\
    SELECT h.inhparent AS parent, h.inhrelid AS oid, coalesce(p.partdefid = h.inhrelid, false) AS is_default, \
           coalesce((pg_catalog.to_jsonb(h) ->> 'inhdetachpending')::pg_catalog.bool, false) AS is_detaching \
    FROM pg_catalog.pg_inherits h LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = h.inhparent \
    WHERE h.inhparent = ANY ($1)";

/// The columns that the definitions of views and materialized views use.
const USED_BY: &str = "\
    SELECT DISTINCT d.refobjid AS oid, d.refobjsubid::pg_catalog.int2 AS number, n.nspname AS schema, v.relname AS name \
    FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN' \
    JOIN pg_catalog.pg_class v ON v.oid = w.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace \
    WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
    AND d.refobjid = ANY ($1) AND d.refobjid <> w.ev_class";

/// A disabled trigger does not fire. A view's own rule is its definition.
const TRIGGERS: &str = "\
    SELECT g.tgrelid AS oid, g.tgname AS name, g.tgenabled IN ('O', 'A') AS fires, false AS is_rule \
    FROM pg_catalog.pg_trigger g WHERE g.tgrelid = ANY ($1) AND NOT g.tgisinternal \
    UNION ALL SELECT w.ev_class, w.rulename, true, true \
    FROM pg_catalog.pg_rewrite w WHERE w.ev_class = ANY ($1) AND w.rulename <> '_RETURN' ORDER BY name";

const POLICIES: &str = "\
    SELECT p.polrelid AS oid, p.polname AS name FROM pg_catalog.pg_policy p WHERE p.polrelid = ANY ($1)";

/// The relations that views and materialized views read directly. The system's own relations are left out, since they
/// are small: they have the numbers below 16384.
pub(super) const VIEWS: &str = "\
    SELECT DISTINCT w.ev_class AS origin, d.refobjid AS oid \
    FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d ON d.objid = w.oid AND d.refobjid <> w.ev_class \
    WHERE w.rulename = '_RETURN' AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid >= 16384";
