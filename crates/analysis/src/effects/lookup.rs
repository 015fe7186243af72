//! Foreign keys: what refers to rows that go, or get another key, is looked up for each of them, and perhaps goes with them.

use std::collections::{BTreeSet, VecDeque};

use report::Lock;

use super::world::World;
use super::{Unknown, What};
use crate::catalog::{Constraint, Index, Kind, Relation};
use crate::name::Name;

/// Rows with a foreign key are looked for, once for each row that they may refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The table with the foreign key, as in [`report::Effect`].
    pub relation: String,
    /// The foreign key's name.
    pub key: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table that it refers to.
    pub refers_to: String,
    /// Whether rows go there; otherwise they get another key.
    pub goes: bool,
    /// What becomes of the rows that are found: [`Constraint::on_delete`], or that of `on_update`.
    pub action: char,
    /// How often, at most; `None` if there is no telling.
    pub times: Option<u64>,
    /// The parts of the table that have no index on the columns: all of each is read every time.
    pub unindexed: Vec<String>,
    /// How many parts have one.
    pub indexed: u64,
    /// About how many rows are found and written; `None` if there is no telling.
    pub written: Option<u64>,
}

impl Lookup {
    /// The action as SQL writes it: `ON DELETE CASCADE`.
    pub(crate) fn written_action(&self) -> String {
        let action = match self.action {
            'c' => "CASCADE",
            'n' => "SET NULL",
            'd' => "SET DEFAULT",
            'r' => "RESTRICT",
            _ => "NO ACTION",
        };
        format!("ON {} {action}", if self.goes { "DELETE" } else { "UPDATE" })
    }

    /// The same if every part of the table had an index on the columns.
    pub(crate) fn with_index(&self) -> Self {
        let indexed = self.indexed + self.unindexed.len() as u64;
        Self { unindexed: Vec::new(), indexed, ..self.clone() }
    }
}

/// Rows that go, or get other values.
struct Changed {
    table: Name,
    /// In these columns; `None` where they go.
    columns: Option<Vec<String>>,
    /// How many, at most; `None` if there is no telling.
    rows: Option<u64>,
}

/// Rows of `table` go, or get other values in `columns`: `rows` at most.
pub(super) fn follow(table: &Name, columns: Option<&[String]>, rows: Option<u64>, world: &mut World) {
    let mut seen = BTreeSet::new();
    let mut next: VecDeque<_> = changed(table, columns, rows, world).into();
    while let Some(changed) = next.pop_front() {
        for (other, key) in world.referring_by(|it| refers(it, &changed)) {
            // A cycle is gone through once: a row's own descendants are few, as a rule.
            if !is_copy(&other, &key, world)
                && seen.insert((other.clone(), key.name.clone(), changed.columns.is_none()))
            {
                next.extend(look_up(&changed, &other, &key, world));
            }
        }
    }
}

/// The rows as those of a partition, of its table and of that one's partitions: a foreign key may refer to any of them.
fn changed(table: &Name, columns: Option<&[String]>, rows: Option<u64>, world: &World) -> Vec<Changed> {
    let above = std::iter::successors(Some(table.clone()), |name| world.relation(name)?.parent.clone());
    let is_partitioned = world.relation(table).is_some_and(|relation| relation.kind == Kind::Partitioned);
    let below = if is_partitioned { world.family(table).split_off(1) } else { Vec::new() };
    let below = below.into_iter().map(|part| {
        let least = match (rows, world.rows_of(&part)) {
            (Some(rows), Some(all)) => Some(rows.min(all)),
            (rows, all) => rows.or(all),
        };
        (part, least)
    });
    let all = above.map(|name| (name, rows)).chain(below);
    all.map(|(table, rows)| Changed { table, columns: columns.map(<[String]>::to_vec), rows }).collect()
}

fn refers(key: &Constraint, changed: &Changed) -> bool {
    let is_meant = |columns: &Vec<String>| columns.iter().any(|column| key.refers_to_columns.contains(column));
    key.kind == 'f' && key.refers_to.as_ref() == Some(&changed.table) && changed.columns.as_ref().is_none_or(is_meant)
}

/// Whether a partition has the foreign key from its table: the lookup is one for all of that.
fn is_copy(partition: &Name, key: &Constraint, world: &World) -> bool {
    let parent = world.relation(partition).and_then(|relation| world.relation(relation.parent.as_ref()?));
    parent.is_some_and(|parent| {
        parent.constraints.iter().any(|it| it.refers_to == key.refers_to && it.columns == key.columns && it.kind == 'f')
    })
}

/// What refers to the rows that are `changed` is looked up in `other`. Gives the rows there that change in turn.
fn look_up(changed: &Changed, other: &Name, key: &Constraint, world: &mut World) -> Vec<Changed> {
    let goes = changed.columns.is_none();
    let action = if goes { key.on_delete } else { key.on_update };
    let is_written = matches!(action, 'c' | 'n' | 'd');
    let lock = if is_written { Lock::RowExclusive } else { Lock::RowShare };
    let is_partitioned = world.relation(other).is_some_and(|relation| relation.kind == Kind::Partitioned);
    let members = if is_partitioned { world.family(other) } else { vec![other.clone()] };
    for member in &members {
        world.lock(member, lock);
        let fires = world.relation(member).map_or_else(Vec::new, |relation| relation.fires.clone());
        if is_written && !fires.is_empty() {
            world.unknown(Unknown::fires(member, &fires));
        }
    }
    let stored = |name: &&Name| world.relation(name).is_none_or(|relation| relation.kind != Kind::Partitioned);
    let (indexed, unindexed): (Vec<_>, Vec<_>) = members
        .iter()
        .filter(stored)
        .cloned()
        .partition(|member| world.relation(member).is_some_and(|relation| finds(&relation.indexes, &key.columns)));
    let found = found(changed, other, key, world);
    // What goes along in the same table is looked up too.
    let along = found.filter(|_| goes && action == 'c' && *other == changed.table).unwrap_or(0);
    let lookup = Lookup {
        relation: world.resolve(other).to_string(),
        key: key.name.clone(),
        columns: key.columns.clone(),
        refers_to: changed.table.to_string(),
        goes,
        action,
        times: changed.rows.map(|rows| rows.saturating_add(along)),
        unindexed: unindexed.iter().map(ToString::to_string).collect(),
        indexed: indexed.len() as u64,
        written: if is_written { found } else { Some(0) },
    };
    world.refers(lookup, &unindexed, lock);
    match (goes, action) {
        (true, 'c') => {
            world.changes(other, What::DeleteAlong(found));
            self::changed(other, None, found, world)
        }
        (_, 'c' | 'n' | 'd') => {
            world.changes(other, What::UpdateAlong(found));
            self::changed(other, Some(&key.columns), found, world)
        }
        _ => Vec::new(),
    }
}

/// About how many rows of `other` refer to those that are `changed`: as many to each as there are on average, and all where
/// that is not known.
fn found(changed: &Changed, other: &Name, key: &Constraint, world: &World) -> Option<u64> {
    let all = world.rows_of(other)?;
    let Some(times) = changed.rows else { return Some(all) };
    if world.relation(other).is_some_and(|relation| is_unique(relation, &key.columns)) {
        return Some(times.min(all));
    }
    let referred = u128::from(world.rows_of(&changed.table).unwrap_or(0));
    let expected = (u128::from(times) * u128::from(all)).div_ceil(referred.max(1));
    Some(u64::try_from(expected).map_or(all, |expected| expected.min(all)))
}

/// Whether no two rows refer to the same by `columns`.
fn is_unique(table: &Relation, columns: &[String]) -> bool {
    let is_within = |index: &Index| !index.key.is_empty() && index.key.iter().all(|column| columns.contains(column));
    table.indexes.iter().any(|index| index.unique && is_within(index))
}

/// Whether one of `indexes` finds rows by `columns`.
fn finds(indexes: &[Index], columns: &[String]) -> bool {
    let begins = |index: &Index| {
        let first = index.finds.get(..columns.len()).unwrap_or_default();
        !first.is_empty() && columns.iter().all(|column| first.contains(column))
    };
    let is_unique = |index: &Index| index.unique && !index.finds.is_empty();
    indexes.iter().any(|index| begins(index) || is_unique(index) && index.key.iter().all(|it| columns.contains(it)))
}
