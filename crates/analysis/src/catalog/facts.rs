//! A table's size and use, with its partitions.

use std::collections::{BTreeMap, HashMap};

use report::{ForeignKey, IndexFacts, Table};
use sqlx::postgres::types::Oid;

use super::RelationKind;
use super::details::{Class, Details, Rule};
use super::moment::{Held, Moment};

/// The answers from which a table's facts are made.
pub(super) struct Facts<'a> {
    details: &'a Details,
    moment: &'a Moment,
    version: u32,
    page: u64,
    rules: HashMap<Oid, &'a Rule>,
    referring: HashMap<Oid, Vec<&'a Rule>>,
    indexes: HashMap<Oid, Vec<Oid>>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(details: &'a Details, moment: &'a Moment, version: u32, page: u64) -> Self {
        let mut facts = Self {
            details,
            moment,
            version,
            page,
            rules: details.rules.iter().map(|rule| (rule.oid, rule)).collect(),
            referring: HashMap::new(),
            indexes: HashMap::new(),
        };
        for rule in &details.rules {
            if let Some(table) = rule.refers_to {
                facts.referring.entry(table).or_default().push(rule);
            }
        }
        for (oid, index) in &details.indexes {
            facts.indexes.entry(index.table).or_default().push(*oid);
        }
        facts
    }

    /// Returns the facts on a table, for the report.
    pub(super) fn of(&self, oid: Oid) -> Option<Table> {
        let class = self.details.classes.get(&oid)?;
        let partitions =
            if class.kind == RelationKind::Partitioned { self.details.descendants(oid) } else { Vec::new() };
        let parts: Vec<(Oid, &Class)> = std::iter::once(oid)
            .chain(partitions.iter().copied())
            .filter_map(|oid| Some((oid, self.details.classes.get(&oid)?)))
            .collect();
        // A partitioned table has no rows of its own.
        let stored = || parts.iter().copied().filter(|(_, class)| class.kind != RelationKind::Partitioned);
        let uses = || stored().filter_map(|(oid, _)| self.moment.use_of.get(&oid));
        let is_used = uses().next().is_some();
        let indexes = self.indexes(oid);
        Some(Table {
            name: class.name.to_string(),
            kind: kind(class.kind).to_owned(),
            rows: self.rows(stored()),
            bytes: stored().map(|(oid, class)| self.bytes(oid, class)).sum(),
            index_bytes: indexes.iter().map(|index| index.bytes).sum(),
            indexes,
            referenced_by: self.referenced_by(oid),
            partitions: u64::try_from(partitions.len()).unwrap_or(u64::MAX),
            reads: is_used.then(|| uses().map(|counted| counted.reads).sum()),
            writes: is_used.then(|| uses().map(|counted| counted.writes).sum()),
            since: self.moment.since.clone().filter(|_| is_used),
            holders: holders(parts.iter().filter_map(|(oid, _)| self.moment.holders.get(oid)).flatten()),
        })
    }

    /// Whether a foreign key's entry exists only for a partition of the table to which the key refers.
    pub(super) fn is_for_a_partition(&self, rule: &Rule) -> bool {
        self.parent(rule).is_some_and(|parent| parent.table == rule.table)
    }

    fn parent(&self, rule: &Rule) -> Option<&'a Rule> {
        self.rules.get(&rule.parent?).copied()
    }

    /// Returns the number of rows of all parts. An empty part shows by its size. `None` if any other part was never
    /// counted.
    fn rows<'b>(&self, parts: impl Iterator<Item = (Oid, &'b Class)>) -> Option<u64> {
        let counts: Vec<_> = parts.map(|(oid, class)| self.rows_of(oid, class)).collect();
        counts.into_iter().sum()
    }

    /// Returns the number of rows as the planner estimates it: as many on each page as at the last count.
    fn rows_of(&self, oid: Oid, class: &Class) -> Option<u64> {
        if !matches!(class.kind, RelationKind::Table | RelationKind::MaterializedView | RelationKind::Foreign) {
            return None;
        }
        let pages = self.moment.sizes.get(&oid).map(|size| size.rows / self.page);
        if pages == Some(0) {
            return Some(0);
        }
        let rows = u64::try_from(class.rows).ok()?;
        match (class.pages, pages) {
            // The count is from when the table was empty.
            (0, Some(_)) => None,
            // Before PostgreSQL 14, the numbers are the same for a table that was never counted.
            (0, None) => (rows > 0 || self.version >= 140_000).then_some(rows),
            (counted, Some(pages)) => u64::try_from(u128::from(rows) * u128::from(pages) / u128::from(counted)).ok(),
            (_, None) => Some(rows),
        }
    }

    fn bytes(&self, oid: Oid, class: &Class) -> u64 {
        let estimate = || (class.pages + class.toast_pages) * self.page;
        self.moment.sizes.get(&oid).map_or_else(estimate, |size| size.whole)
    }

    fn indexes(&self, table: Oid) -> Vec<IndexFacts> {
        let own = self.indexes.get(&table).into_iter().flatten();
        let mut indexes: Vec<IndexFacts> = own.filter_map(|oid| self.index(*oid)).collect();
        indexes.sort_by(|one, other| other.bytes.cmp(&one.bytes).then_with(|| one.name.cmp(&other.name)));
        indexes
    }

    fn index(&self, oid: Oid) -> Option<IndexFacts> {
        let index = self.details.indexes.get(&oid)?;
        let parts = std::iter::once(oid).chain(self.details.descendants(oid));
        Some(IndexFacts {
            name: self.details.classes.get(&oid)?.name.name.clone(),
            bytes: parts.filter_map(|oid| Some(self.bytes(oid, self.details.classes.get(&oid)?))).sum(),
            valid: index.valid,
            unique: index.unique,
        })
    }

    fn referenced_by(&self, table: Oid) -> Vec<ForeignKey> {
        let referring = self.referring.get(&table).into_iter().flatten();
        let mut keys: Vec<ForeignKey> = referring
            .filter(|rule| rule.table != table)
            .filter_map(|rule| self.outermost(rule))
            .filter_map(|rule| Some((rule, self.details.name(rule.table)?)))
            .map(|(rule, table)| ForeignKey { name: rule.name.clone(), table: table.to_string() })
            .collect();
        keys.sort_by(|one, other| (&one.table, &one.name).cmp(&(&other.table, &other.name)));
        keys.dedup();
        keys
    }

    /// Returns the foreign key that a statement has made; `None` if it is a partition's copy of its table's key.
    fn outermost(&self, mut rule: &'a Rule) -> Option<&'a Rule> {
        while let Some(parent) = self.parent(rule) {
            if parent.table != rule.table {
                return None;
            }
            rule = parent;
        }
        Some(rule)
    }
}

/// Returns one holder for each transaction, with its strongest lock, longest first.
fn holders<'a>(held: impl Iterator<Item = &'a Held>) -> Vec<report::Holder> {
    let mut strongest: BTreeMap<&str, &Held> = BTreeMap::new();
    for held in held {
        let known = strongest.entry(&held.transaction).or_insert(held);
        if held.lock > known.lock {
            *known = held;
        }
    }
    let mut holders: Vec<_> = strongest.into_values().map(|held| held.holder.clone()).collect();
    holders.sort_by_key(|holder| (std::cmp::Reverse(holder.seconds), holder.pid));
    holders
}

fn kind(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Table => "table",
        RelationKind::Partitioned => "partitioned table",
        RelationKind::Index => "index",
        RelationKind::View => "view",
        RelationKind::MaterializedView => "materialized view",
        RelationKind::Sequence => "sequence",
        RelationKind::Foreign => "foreign table",
        RelationKind::Composite => "composite type",
    }
}
