//! Foreign keys: when rows are deleted or get another key, the rows that refer to each of them are looked up, and may
//! be deleted or changed with them.

use std::collections::{BTreeSet, VecDeque};

use report::Lock;

use super::world::World;
use super::{Unknown, What};
use crate::catalog::{Constraint, Index, Relation, RelationKind};
use crate::name::Name;

/// A search for rows with a foreign key, repeated for each row to which they may refer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The table with the foreign key, as in [`report::Effect`].
    pub relation: String,
    /// The foreign key's name.
    pub key: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table to which the key refers.
    pub refers_to: String,
    /// Whether rows are deleted there; otherwise they get another key.
    pub goes: bool,
    /// What happens to the rows that are found: [`Constraint::on_delete`] or `on_update`.
    pub action: char,
    /// How often the search is repeated, at most; `None` if this cannot be known.
    pub times: Option<u64>,
    /// The parts of the table that have no index on the columns: each search reads them as a whole.
    pub unindexed: Vec<String>,
    /// How many parts have such an index.
    pub indexed: u64,
    /// About how many rows are found and written; `None` if this cannot be known.
    pub written: Option<u64>,
}

impl Lookup {
    /// Returns the action as SQL writes it: `ON DELETE CASCADE`.
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

    /// Returns the lookup as it would be if every part of the table had an index on the columns.
    pub(crate) fn with_index(&self) -> Self {
        let indexed = self.indexed + self.unindexed.len() as u64;
        Self { unindexed: Vec::new(), indexed, ..self.clone() }
    }
}

/// Rows that are deleted or changed.
struct Changed {
    table: Name,
    /// The changed columns; `None` where the rows are deleted.
    columns: Option<Vec<String>>,
    /// How many rows, at most; `None` if this cannot be known.
    rows: Option<u64>,
}

/// Follows the foreign keys to rows of `table` that are deleted, or changed in `columns`: at most `rows` of them.
pub(super) fn follow(table: &Name, columns: Option<&[String]>, rows: Option<u64>, world: &mut World) {
    let mut seen = BTreeSet::new();
    let mut next: VecDeque<_> = changed(table, columns, rows, world).into();
    while let Some(changed) = next.pop_front() {
        for (other, key) in world.referring_by(|it| refers(it, &changed)) {
            // A cycle is followed once: in general, a row has few descendants of its own.
            if !is_copy(&other, &key, world)
                && seen.insert((other.clone(), key.name.clone(), changed.columns.is_none()))
            {
                next.extend(look_up(&changed, &other, &key, world));
            }
        }
    }
}

/// Returns the rows as rows of a partition, of its table and of that table's partitions: a foreign key may refer to any
/// of these.
fn changed(table: &Name, columns: Option<&[String]>, rows: Option<u64>, world: &World) -> Vec<Changed> {
    let above = std::iter::successors(Some(table.clone()), |name| world.relation(name)?.parent.clone());
    let is_partitioned = world.relation(table).is_some_and(|relation| relation.kind == RelationKind::Partitioned);
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

/// Whether a partition has the foreign key from its table: one lookup covers the table and all its partitions.
fn is_copy(partition: &Name, key: &Constraint, world: &World) -> bool {
    let parent = world.relation(partition).and_then(|relation| world.relation(relation.parent.as_ref()?));
    parent.is_some_and(|parent| {
        parent.constraints.iter().any(|it| it.refers_to == key.refers_to && it.columns == key.columns && it.kind == 'f')
    })
}

/// Looks up, in `other`, the rows that refer to `changed` rows. Returns the rows there that change in turn.
fn look_up(changed: &Changed, other: &Name, key: &Constraint, world: &mut World) -> Vec<Changed> {
    let goes = changed.columns.is_none();
    let action = if goes { key.on_delete } else { key.on_update };
    let is_written = matches!(action, 'c' | 'n' | 'd');
    let lock = if is_written { Lock::RowExclusive } else { Lock::RowShare };
    let is_partitioned = world.relation(other).is_some_and(|relation| relation.kind == RelationKind::Partitioned);
    let members = if is_partitioned { world.family(other) } else { vec![other.clone()] };
    for member in &members {
        world.lock(member, lock);
        let fires = world.relation(member).map_or_else(Vec::new, |relation| relation.fires.clone());
        if is_written && !fires.is_empty() {
            world.unknown(Unknown::fires(member, &fires));
        }
    }
    let stored = |name: &&Name| world.relation(name).is_none_or(|relation| relation.kind != RelationKind::Partitioned);
    let (indexed, unindexed): (Vec<_>, Vec<_>) = members
        .iter()
        .filter(stored)
        .cloned()
        .partition(|member| world.relation(member).is_some_and(|relation| finds(&relation.indexes, &key.columns)));
    let found = found(changed, other, key, world);
    // Rows that are deleted along in the same table are looked up too.
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

/// Returns about how many rows of `other` refer to `changed` rows: the average number for each, or all rows where the
/// average is not known.
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

/// Whether no two rows refer to the same row by `columns`.
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
