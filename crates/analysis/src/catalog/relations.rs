//! Asks the catalog about all that scripts name.

use std::collections::{BTreeMap, HashMap};

use report::Table;
use sqlx::PgConnection;
use sqlx::postgres::types::Oid;

use super::details::{Details, Rule, details};
use super::facts::Facts;
use super::meaning::resolve;
use super::moment::{Moment, moment};
use super::{Catalog, Column, Constraint, Index, Named, Relation, RelationKind};
use crate::name::Name;

/// Looks up the relations, functions and types that scripts name, as this session would find them.
///
/// This takes three round trips for any number of names, one where no relation exists, and nine on a server that
/// refuses some of the queries, whose answers are left out then. Another session's lock on a table delays it for a
/// moment at most. The session must not be in a transaction: a refusal would end it.
///
/// The catalog also has related relations, by their qualified name: an index's table; the tables that inherit from a
/// table or refer to it by a foreign key, and so on; the tables to which those refer; the table of which they are
/// partitions, with its other partitions; and the relations that a view reads, with their partitions.
///
/// # Errors
///
/// The errors of the connection or the server.
pub async fn ask_catalog(connection: &mut PgConnection, named: &Named) -> Result<Catalog, sqlx::Error> {
    let meaning = resolve(connection, named).await?;
    let (details, moment) = if meaning.all.is_empty() {
        (Details::default(), Moment::default())
    } else {
        let counted: Vec<Oid> = named.counted.iter().filter_map(|name| meaning.relations.get(name).copied()).collect();
        (details(connection, &meaning.all).await?, moment(connection, &meaning.all, &counted).await?)
    };
    let found = Found::new(&details, &moment, &Facts::new(&details, &moment, meaning.version, meaning.page));
    let mut relations = BTreeMap::new();
    for oid in &meaning.all {
        // Other indexes than the requested ones are listed at their tables.
        if !details.indexes.contains_key(oid) {
            relations.extend(found.relation(*oid).map(|relation| (relation.name.clone(), relation)));
        }
    }
    for (name, oid) in meaning.relations {
        for oid in std::iter::once(oid).chain(details.descendants(oid)).chain(details.parents.get(&oid).copied()) {
            if details.indexes.contains_key(&oid) {
                relations.extend(found.relation(oid).map(|relation| (relation.name.clone(), relation)));
            }
        }
        relations.extend(found.relation(oid).map(|relation| (name, relation)));
    }
    Ok(Catalog {
        version: meaning.version,
        schema: meaning.schema,
        is_empty: meaning.is_empty,
        is_utc: meaning.is_utc,
        relations,
        functions: meaning.objects.functions,
        types: meaning.objects.types,
        schemas: meaning.objects.schemas,
        casts: meaning.objects.casts,
        dependents: meaning.objects.dependents,
    })
}

/// The answers, by relation.
struct Found<'a> {
    details: &'a Details,
    moment: &'a Moment,
    tables: HashMap<Oid, Table>,
    /// The indexes that contain a column of a table.
    indexes: HashMap<(Oid, i16), Vec<Name>>,
    indexes_of: HashMap<Oid, Vec<Index>>,
    constraints: HashMap<Oid, Vec<Constraint>>,
}

impl<'a> Found<'a> {
    fn new(details: &'a Details, moment: &'a Moment, facts: &Facts<'_>) -> Self {
        let tables = details.classes.iter().filter(|(_, class)| class.kind != RelationKind::Index);
        let mut found = Self {
            details,
            moment,
            tables: tables.filter_map(|(oid, _)| Some((*oid, facts.of(*oid)?))).collect(),
            indexes: HashMap::new(),
            indexes_of: HashMap::new(),
            constraints: HashMap::new(),
        };
        for (oid, index) in &details.indexes {
            let told = found.index(*oid);
            found.indexes_of.entry(index.table).or_default().extend(told);
            for column in &index.columns {
                found.indexes.entry((index.table, *column)).or_default().extend(details.name(*oid));
            }
        }
        for rule in &details.rules {
            // A foreign key that refers to a partitioned table has an entry for each partition there.
            if !facts.is_for_a_partition(rule) {
                let constraint = found.constraint(rule);
                found.constraints.entry(rule.table).or_default().push(constraint);
            }
        }
        found.indexes.values_mut().for_each(|names| names.sort());
        found.indexes_of.values_mut().for_each(|indexes| indexes.sort_by(|one, other| one.name.cmp(&other.name)));
        found.constraints.values_mut().for_each(|rules| rules.sort_by(|one, other| one.name.cmp(&other.name)));
        found
    }

    fn relation(&self, oid: Oid) -> Option<Relation> {
        let class = self.details.classes.get(&oid)?;
        let table = self.details.indexes.get(&oid).map(|index| index.table);
        let default = self.details.defaults.get(&oid);
        let parent = self.details.parents.get(&oid).filter(|_| class.is_partition);
        let mut descendants: Vec<Name> =
            self.details.descendants(oid).into_iter().filter_map(|oid| self.details.name(oid)).collect();
        descendants.sort();
        let mut reads: Vec<Name> =
            self.details.reads(oid).into_iter().filter_map(|oid| self.details.name(oid)).collect();
        reads.sort();
        Some(Relation {
            name: class.name.clone(),
            kind: class.kind,
            columns: self.columns(oid),
            constraints: self.constraints.get(&oid).cloned().unwrap_or_default(),
            descendants,
            parent: parent.and_then(|oid| self.details.name(*oid)),
            default_partition: default.and_then(|oid| self.details.name(*oid)),
            table: table.and_then(|oid| self.details.name(oid)),
            indexes: self.indexes_of.get(&oid).cloned().unwrap_or_default(),
            reads,
            used_by: self.used_by(oid),
            fires: self.details.fires.get(&oid).cloned().unwrap_or_default(),
            triggers: self.details.triggers.get(&oid).cloned().unwrap_or_default(),
            policies: self.details.policies.get(&oid).cloned().unwrap_or_default(),
            detaching: self.details.detaching.get(&oid).and_then(|oid| self.details.name(*oid)),
            secured: class.secured,
            unidentified: class.unidentified,
            owned: class.owned,
            facts: self.tables.get(&table.unwrap_or(oid))?.clone(),
        })
    }

    fn used_by(&self, oid: Oid) -> Vec<(Option<String>, Name)> {
        let used = self.details.used_by.get(&oid).into_iter().flatten();
        let mut used: Vec<_> = used.map(|(number, view)| (self.details.column(oid, *number), view.clone())).collect();
        used.sort();
        used
    }

    fn columns(&self, table: Oid) -> Vec<Column> {
        let columns = self.details.columns.get(&table).into_iter().flatten();
        let rows = self.tables.get(&table).and_then(|facts| facts.rows);
        let column = columns.map(|(number, column)| Column {
            name: column.name.clone(),
            of_type: column.of_type.clone(),
            not_null: column.not_null,
            collated: column.collated,
            generated: column.generated,
            default: self.moment.defaults.get(&(table, *number)).cloned(),
            nulls: self.moment.spreads.get(&(table, *number)).zip(rows).map(|(spread, rows)| spread.nulls_of(rows)),
            most: self.moment.spreads.get(&(table, *number)).zip(rows).map(|(spread, rows)| spread.most_of(rows)),
            indexes: self.indexes.get(&(table, *number)).cloned().unwrap_or_default(),
        });
        column.collect()
    }

    fn index(&self, oid: Oid) -> Option<Index> {
        let index = self.details.indexes.get(&oid)?;
        let column = |number: &i16| self.details.column(index.table, *number);
        let key: Option<Vec<String>> = index.key.iter().map(column).collect();
        let plain = index.key.iter().map_while(column);
        Some(Index {
            name: self.details.name(oid)?,
            unique: index.unique && index.valid && index.immediate && !index.computed,
            // An expression is not a column.
            key: key.unwrap_or_default(),
            computed: index.computed,
            finds: plain.filter(|_| index.finds).collect(),
        })
    }

    fn constraint(&self, rule: &Rule) -> Constraint {
        let names = |table, numbers: &[i16]| numbers.iter().filter_map(|n| self.details.column(table, *n)).collect();
        Constraint {
            name: rule.name.clone(),
            kind: rule.kind,
            validated: rule.validated,
            columns: names(rule.table, &rule.columns),
            refers_to: rule.refers_to.and_then(|oid| self.details.name(oid)),
            refers_to_columns: rule.refers_to.map(|oid| names(oid, &rule.refers_to_columns)).unwrap_or_default(),
            on_delete: rule.on_delete,
            deferred: rule.deferred,
            on_update: rule.on_update,
            definition: self.moment.definitions.get(&rule.oid).cloned().unwrap_or_default(),
        }
    }
}
