//! The database as it is while a plan runs: what the catalog says, and what earlier statements have changed.

use std::collections::{BTreeMap, BTreeSet};

use report::{Effect, Lock, Table, Work};

use super::Effects;
use crate::catalog::{Catalog, Column, Constraint, Function, Kind, Relation, TypeFacts};
use crate::name::Name;

/// The database as the next statement meets it.
#[derive(Debug, Clone)]
pub struct World {
    /// The server's version, as the catalog has it.
    pub(super) version: u32,
    schema: String,
    /// By qualified name.
    relations: BTreeMap<Name, Relation>,
    /// What a script's name stands for. Only what the catalog was asked for.
    aliases: BTreeMap<Name, Name>,
    /// Relations that the plan has made itself.
    new: BTreeSet<Name>,
    /// What is known of relations that existed before, also when the plan has dropped them; by the names in effects.
    facts: BTreeMap<String, Table>,
    pub(super) functions: BTreeMap<Name, Function>,
    pub(super) types: BTreeMap<Name, TypeFacts>,
    effects: Effects,
}

impl World {
    /// The database as `catalog` says.
    pub fn new(catalog: Catalog) -> Self {
        let Catalog { version, schema, relations, functions, types } = catalog;
        let aliases = relations.iter().map(|(written, relation)| (written.clone(), relation.name.clone())).collect();
        let relations: BTreeMap<_, _> =
            relations.into_values().map(|relation| (relation.name.clone(), relation)).collect();
        let facts = relations.values().map(|relation| (relation.name.to_string(), relation.facts.clone())).collect();
        let (new, effects) = (BTreeSet::new(), Effects::default());
        Self { version, schema, relations, aliases, new, facts, functions, types, effects }
    }

    pub(super) fn begin(&mut self) {
        self.effects = Effects::default();
    }

    pub(super) fn end(&mut self) -> Effects {
        std::mem::take(&mut self.effects)
    }

    /// The qualified name of what a script calls `written`.
    pub(super) fn resolve(&self, written: &Name) -> Name {
        // What was dropped or renamed is not there under its old name any more.
        if let Some(known) = self.aliases.get(written).filter(|known| self.relations.contains_key(known)) {
            return known.clone();
        }
        match written.schema {
            Some(_) => written.clone(),
            None => Name { schema: Some(self.schema.clone()), name: written.name.clone() },
        }
    }

    /// What a script calls `written`, if it is there.
    pub(super) fn relation(&self, written: &Name) -> Option<&Relation> {
        self.relations.get(&self.resolve(written))
    }

    pub(super) fn relation_mut(&mut self, written: &Name) -> Option<&mut Relation> {
        self.relations.get_mut(&self.resolve(written))
    }

    /// The qualified name of what a script calls `written`, if it existed before the plan.
    pub(crate) fn existing(&self, written: &Name) -> Option<Name> {
        let name = self.resolve(written);
        (self.relations.contains_key(&name) && !self.new.contains(&name)).then_some(name)
    }

    /// Where a relation of this name goes, unless the plan makes the schema itself.
    pub(crate) fn schema_of(&self, written: &Name) -> Option<String> {
        self.resolve(written).schema
    }

    /// What is known of the relation that an effect is on, if it existed before the plan.
    pub fn facts(&self, effect: &Effect) -> Option<&Table> {
        self.facts.get(&effect.relation).filter(|_| !effect.is_new)
    }

    /// The tables with a foreign key, or another constraint, that `refers` says of.
    pub(super) fn referring(&self, refers: impl Fn(&Constraint) -> bool) -> Vec<Name> {
        let tables = self.relations.values().filter(|relation| relation.constraints.iter().any(&refers));
        tables.map(|relation| relation.name.clone()).collect()
    }

    /// `written` and what inherits from it, or is a partition of it.
    pub(super) fn family(&self, written: &Name) -> Vec<Name> {
        let descendants = self.relation(written).map_or_else(Vec::new, |relation| relation.descendants.clone());
        [self.resolve(written)].into_iter().chain(descendants).collect()
    }

    /// The statement takes `lock` on `written`.
    pub(super) fn lock(&mut self, written: &Name, lock: Lock) {
        self.touch(written, lock, None);
    }

    /// The statement takes `lock` on `written`, and does `work` that takes longer the more rows there are.
    pub(super) fn works(&mut self, written: &Name, lock: Lock, work: Work) {
        self.touch(written, lock, Some(work));
    }

    fn touch(&mut self, written: &Name, lock: Lock, work: Option<Work>) {
        let name = self.resolve(written);
        if matches!(name.schema.as_deref(), Some("pg_catalog" | "information_schema")) {
            return;
        }
        let is_new = self.new.contains(&name);
        // What has partitions has no rows of its own.
        let is_empty = self.relations.get(&name).is_some_and(|relation| relation.kind == Kind::Partitioned);
        let work = work.filter(|_| !is_empty);
        let relation = name.to_string();
        let known = self.effects.of.iter_mut().position(|effect| effect.relation == relation);
        let at = known.unwrap_or_else(|| {
            self.effects.of.push(Effect { relation, lock, work: Vec::new(), is_new });
            self.effects.of.len() - 1
        });
        let Some(effect) = self.effects.of.get_mut(at) else { return };
        effect.lock = effect.lock.max(lock);
        if let Some(work) = work
            && !effect.work.contains(&work)
        {
            effect.work.push(work);
            effect.work.sort();
        }
        // That reads every row and builds every index.
        if effect.work.contains(&Work::Rewrite) {
            effect.work.retain(|work| *work == Work::Rewrite);
        }
    }

    /// What `statement` locks, without what it would do there.
    pub(super) fn only_locks(&mut self, statement: impl FnOnce(&mut Self)) {
        let before = std::mem::take(&mut self.effects);
        statement(self);
        let inner = std::mem::replace(&mut self.effects, before);
        for effect in inner.of {
            self.touch(&Name::parse(&effect.relation), effect.lock, None);
        }
    }

    /// What the statement does besides cannot be known.
    pub(super) fn opaque(&mut self) {
        self.effects.opaque = true;
    }

    /// The plan makes a relation.
    pub(super) fn create(&mut self, written: &Name, kind: Kind, columns: Vec<Column>) {
        let name = self.resolve(written);
        self.new.insert(name.clone());
        let facts = Table {
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
        };
        let relation = Relation {
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
            fires: false,
            owned: true,
            facts,
        };
        self.relations.insert(name, relation);
    }

    /// The plan drops a relation, with its indexes.
    pub(super) fn remove(&mut self, written: &Name) {
        let name = self.resolve(written);
        self.relations.remove(&name);
        self.new.remove(&name);
        self.relations.retain(|_, relation| relation.table.as_ref() != Some(&name));
        for relation in self.relations.values_mut() {
            relation.descendants.retain(|descendant| *descendant != name);
            relation.indexes.retain(|index| index.name != name);
            relation.columns.iter_mut().for_each(|column| column.indexes.retain(|index| *index != name));
        }
    }

    /// The plan gives a relation another name, or another schema.
    pub(super) fn rename(&mut self, written: &Name, to: Name) {
        let from = self.resolve(written);
        if self.new.remove(&from) {
            self.new.insert(to.clone());
        } else if let Some(facts) = self.facts.get(&from.to_string()).cloned() {
            self.facts.insert(to.to_string(), facts);
        }
        if let Some(mut relation) = self.relations.remove(&from) {
            relation.name = to.clone();
            self.relations.insert(to.clone(), relation);
        }
        let rename = |name: &mut Name| {
            if *name == from {
                name.clone_from(&to);
            }
        };
        for relation in self.relations.values_mut() {
            relation.descendants.iter_mut().for_each(rename);
            relation.reads.iter_mut().for_each(rename);
            [&mut relation.parent, &mut relation.default_partition, &mut relation.table]
                .into_iter()
                .flatten()
                .for_each(rename);
            relation.indexes.iter_mut().for_each(|index| rename(&mut index.name));
            relation.columns.iter_mut().flat_map(|column| &mut column.indexes).for_each(rename);
            relation.constraints.iter_mut().filter_map(|constraint| constraint.refers_to.as_mut()).for_each(rename);
        }
    }

    /// `child`, with all that is below it, inherits from `parent` and from whatever that inherits from.
    pub(super) fn joins(&mut self, child: &Name, parent: &Name) {
        let below = self.family(child);
        for above in self.ancestors(parent) {
            let Some(relation) = self.relations.get_mut(&above) else { continue };
            relation.descendants.extend(below.iter().cloned());
            relation.descendants.sort();
            relation.descendants.dedup();
        }
    }

    /// It does no longer.
    pub(super) fn leaves(&mut self, child: &Name, parent: &Name) {
        let below = self.family(child);
        for above in self.ancestors(parent) {
            if let Some(relation) = self.relations.get_mut(&above) {
                relation.descendants.retain(|name| !below.contains(name));
            }
        }
    }

    /// `written`, and all that it inherits from.
    pub(super) fn ancestors(&self, written: &Name) -> Vec<Name> {
        let name = self.resolve(written);
        let above = self.relations.values().filter(|relation| relation.descendants.contains(&name));
        above.map(|relation| relation.name.clone()).chain([name.clone()]).collect()
    }

    /// Whether the plan has made `written` itself. What nobody knows is not new.
    pub(super) fn is_new(&self, written: &Name) -> bool {
        self.new.contains(&self.resolve(written))
    }

    /// Whether a table has an index of this name, by whatever statement it was made.
    pub(super) fn has_index(&self, name: &Name) -> bool {
        self.relations.values().any(|relation| relation.indexes.iter().any(|index| index.name == *name))
    }

    /// What is known of the type that a script calls `written`: the worst of all names that it can have.
    pub(super) fn type_facts(&self, written: &Name) -> Option<TypeFacts> {
        let schema = written.schema.clone().unwrap_or_else(|| self.schema.clone());
        let qualified = Name { schema: Some(schema), name: written.name.clone() };
        let own = qualified.schema.as_ref() == Some(&self.schema);
        let names = [written.clone(), qualified].into_iter().chain(own.then(|| Name::unqualified(&written.name)));
        let known: Vec<_> = names.filter_map(|name| self.types.get(&name)).collect();
        let constrained_domain = known.iter().any(|facts| facts.constrained_domain);
        (!known.is_empty()).then_some(TypeFacts { constrained_domain })
    }

    /// The constraint `name` of `written`.
    pub(super) fn constraint(&self, written: &Name, name: &str) -> Option<&Constraint> {
        self.relation(written)?.constraints.iter().find(|constraint| constraint.name == name)
    }

    /// Changes the column `name` of `written`, if it is there.
    pub(super) fn change_column(&mut self, written: &Name, name: &str, change: impl Fn(&mut Column)) {
        let columns = self.relation_mut(written).into_iter().flat_map(|relation| &mut relation.columns);
        columns.filter(|column| column.name == name).for_each(change);
    }

    /// The column `name` of `written`.
    pub(super) fn column(&self, written: &Name, name: &str) -> Option<&Column> {
        self.relation(written)?.columns.iter().find(|column| column.name == name)
    }
}
