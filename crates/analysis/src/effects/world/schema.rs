//! Records a plan's changes to relations.

use std::collections::BTreeSet;

use report::{Table, Work};

use super::World;
use crate::catalog::{Column, Relation, RelationKind};
use crate::name::Name;

impl World {
    /// Records a relation that the plan makes.
    pub(in crate::effects) fn create(&mut self, written: &Name, kind: RelationKind, columns: Vec<Column>) {
        // It can be beside a temporary table of the name, and hides one in a later schema of the search path.
        let schema = written.schema.clone().unwrap_or_else(|| self.schema.clone());
        let name = Name { schema: Some(schema), name: written.name.clone() };
        if !self.is_clear(written) {
            return;
        }
        // It would be refused if the name were taken.
        if self.assumed.remove(&name) {
            self.relations.remove(&name);
        }
        if self.relations.contains_key(&name) {
            return self.fails(format!("{name} is there already"));
        }
        if written.schema.is_none() {
            self.aliases.insert(written.clone(), name.clone());
        }
        self.new.insert(name.clone());
        self.relations.insert(name.clone(), relation(&name, kind, columns));
    }

    /// Records that the statement fills `written` with what it reads: at most as much as all of that.
    pub(in crate::effects) fn fill(&mut self, written: &Name) {
        let name = self.resolve(written);
        let key = name.to_string();
        let reads = self.effects.of.iter().filter(|effect| effect.relation != key && effect.work.contains(&Work::Scan));
        let read: Vec<_> = reads.map(|effect| self.facts(effect)).collect();
        if read.is_empty() && !self.effects.untimed {
            return;
        }
        let known = self.filled.get(&key).or_else(|| self.facts.get(&key).filter(|_| !self.new.contains(&name)));
        let mut facts = known.cloned().unwrap_or_else(|| empty(&name));
        facts.bytes = read.iter().flatten().map(|facts| facts.bytes).fold(facts.bytes, u64::saturating_add);
        let rows: Option<u64> = read.iter().map(|facts| (*facts)?.rows).sum();
        facts.rows = facts.rows.zip(rows).map(|(before, more)| before.saturating_add(more));
        if self.effects.untimed || read.contains(&None) {
            (facts.bytes, facts.rows) = (0, None);
        }
        self.filled.insert(key, facts);
    }

    /// Forgets what `view` reads, and what the views read that may read `view`.
    pub(in crate::effects) fn forgets_reads(&mut self, view: &Name) {
        let old = self.relation(view).map_or_else(Vec::new, |relation| relation.reads.clone());
        for relation in
            self.relations.values_mut().filter(|relation| relation.reads.iter().any(|name| old.contains(name)))
        {
            relation.reads.clear();
        }
    }

    /// Forgets which columns `view` has.
    pub(in crate::effects) fn forgets_columns(&mut self, view: &Name) {
        if let Some(relation) = self.relation_mut(view) {
            relation.columns.clear();
        }
    }

    /// Forgets what `view` uses: it has another definition from now on.
    pub(in crate::effects) fn forgets_uses(&mut self, view: &Name) {
        let name = self.resolve(view);
        self.relations.values_mut().for_each(|relation| relation.used_by.retain(|(_, view)| *view != name));
    }

    /// Returns a view that uses the `column` of `written`, or any of its columns.
    pub(in crate::effects) fn user_of(&self, written: &Name, column: Option<&str>) -> Option<Name> {
        let is_used = |used: &Option<String>| column.is_none() || used.as_deref() == column;
        self.relation(written)?.used_by.iter().find(|(used, _)| is_used(used)).map(|(_, view)| view.clone())
    }

    /// Returns all views that use the `column` of `written`, or any of its columns, as nouns.
    pub(in crate::effects) fn users_of(&self, written: &Name, column: Option<&str>) -> Vec<String> {
        let is_used = |used: &Option<String>| column.is_none() || used.as_deref() == column;
        let users = self.relation(written).into_iter().flat_map(|relation| &relation.used_by);
        let users: BTreeSet<_> = users.filter(|(used, _)| is_used(used)).map(|(_, view)| view).collect();
        users.into_iter().map(|view| format!("the view {view}")).collect()
    }

    /// Records that the plan drops a relation, with its indexes.
    pub(in crate::effects) fn remove(&mut self, written: &Name) {
        let name = self.resolve(written);
        if let Some(relation) = self.relations.remove(&name) {
            self.gone.insert(name.clone(), relation.kind);
        }
        self.new.remove(&name);
        self.assumed.remove(&name);
        self.filled.remove(&name.to_string());
        self.relations.retain(|_, relation| relation.table.as_ref() != Some(&name));
        for relation in self.relations.values_mut() {
            relation.descendants.retain(|descendant| *descendant != name);
            relation.indexes.retain(|index| index.name != name);
            relation.used_by.retain(|(_, view)| *view != name);
            // The relation can be dropped only without these.
            relation.constraints.retain(|it| it.refers_to.as_ref() != Some(&name));
            relation.columns.iter_mut().for_each(|column| column.indexes.retain(|index| *index != name));
        }
    }

    /// Records that the plan gives a relation another name, or another schema.
    pub(in crate::effects) fn rename(&mut self, written: &Name, to: &Name) {
        let from = self.resolve(written);
        if self.new.remove(&from) {
            self.new.insert(to.clone());
        } else if let Some(facts) = self.facts.get(&from.to_string()).cloned() {
            self.facts.insert(to.to_string(), facts);
        }
        let filled = self.filled.remove(&from.to_string());
        self.filled.extend(filled.map(|facts| (to.to_string(), facts)));
        if self.assumed.remove(&from) {
            self.assumed.insert(to.clone());
        }
        if let Some(mut relation) = self.relations.remove(&from) {
            self.gone.insert(from.clone(), relation.kind);
            relation.name = to.clone();
            self.relations.insert(to.clone(), relation);
        }
        let rename = |name: &mut Name| {
            if *name == from {
                name.clone_from(to);
            }
        };
        for relation in self.relations.values_mut() {
            relation.descendants.iter_mut().for_each(rename);
            relation.reads.iter_mut().for_each(rename);
            relation.used_by.iter_mut().map(|(_, view)| view).for_each(rename);
            [&mut relation.parent, &mut relation.default_partition, &mut relation.table]
                .into_iter()
                .flatten()
                .for_each(rename);
            relation.indexes.iter_mut().for_each(|index| rename(&mut index.name));
            relation.columns.iter_mut().flat_map(|column| &mut column.indexes).for_each(rename);
            relation.constraints.iter_mut().filter_map(|constraint| constraint.refers_to.as_mut()).for_each(rename);
        }
    }

    /// Records that `child`, with all tables that inherit from it, inherits from `parent` and its ancestors.
    pub(in crate::effects) fn joins(&mut self, child: &Name, parent: &Name) {
        let below = self.family(child);
        for above in self.ancestors(parent) {
            let Some(relation) = self.relations.get_mut(&above) else { continue };
            relation.descendants.extend(below.iter().cloned());
            relation.descendants.sort();
            relation.descendants.dedup();
        }
    }

    /// Records that `child` no longer inherits from `parent`.
    pub(in crate::effects) fn leaves(&mut self, child: &Name, parent: &Name) {
        let below = self.family(child);
        for above in self.ancestors(parent) {
            if let Some(relation) = self.relations.get_mut(&above) {
                relation.descendants.retain(|name| !below.contains(name));
            }
        }
    }

    /// Returns `written`, and all tables from which it inherits.
    pub(in crate::effects) fn ancestors(&self, written: &Name) -> Vec<Name> {
        let name = self.resolve(written);
        let above = self.relations.values().filter(|relation| relation.descendants.contains(&name));
        above.map(|relation| relation.name.clone()).chain([name.clone()]).collect()
    }
}

/// Returns a new relation.
pub(super) fn relation(name: &Name, kind: RelationKind, columns: Vec<Column>) -> Relation {
    Relation {
        name: name.clone(),
        kind,
        columns,
        constraints: Vec::new(),
        descendants: Vec::new(),
        parent: None,
        default_partition: None,
        table: None,
        indexes: Vec::new(),
        reads: Vec::new(),
        used_by: Vec::new(),
        fires: Vec::new(),
        triggers: Vec::new(),
        policies: Vec::new(),
        detaching: None,
        secured: false,
        unidentified: false,
        owned: true,
        facts: empty(name),
    }
}

/// Returns the facts on a new relation.
fn empty(name: &Name) -> Table {
    Table {
        name: name.to_string(),
        kind: "table".into(),
        rows: Some(0),
        bytes: 0,
        index_bytes: 0,
        indexes: Vec::new(),
        referenced_by: Vec::new(),
        partitions: 0,
        reads: None,
        writes: None,
        since: None,
        holders: Vec::new(),
    }
}
