//! Relations that exist only because a script names them, where no database was asked.

use super::World;
use crate::catalog::RelationKind;
use crate::name::Name;

impl World {
    /// Records that no database is asked: what exists is known only as far as scripts tell.
    pub(crate) fn is_of_text_alone(&mut self) {
        self.is_of_text = true;
        self.doubts();
    }

    /// Whether no database was asked.
    pub(in crate::effects) fn is_of_text(&self) -> bool {
        self.is_of_text
    }

    /// Records that `written` exists, unless the scripts tell what became of it.
    pub(in crate::effects) fn assume(&mut self, written: &Name, kind: RelationKind) {
        if !self.is_clear(written) {
            return;
        }
        let name = self.resolve(written);
        if let Some(known) = self.relations.get_mut(&name) {
            // Another statement can name a view as it names a table.
            if self.assumed.contains(&name) && kind != RelationKind::Table {
                known.kind = kind;
            }
            return;
        }
        if !self.gone.contains_key(&name) {
            let mut relation = super::schema::relation(&name, kind, Vec::new());
            // A table that the scripts do not know well may have the index.
            relation.table = self
                .relations
                .values()
                .find(|it| it.indexes.iter().any(|index| index.name == name))
                .map(|it| it.name.clone());
            self.relations.insert(name.clone(), relation);
            self.assumed.insert(name);
        }
    }

    /// Whether `table` may have a `column` that the scripts do not know.
    pub(in crate::effects) fn may_have_more_than_known(&self, table: &Name) -> bool {
        let name = self.resolve(table);
        let is_unknown = self.relations.get(&name).is_none_or(|relation| relation.columns.is_empty());
        self.is_of_text && (is_unknown || self.assumed.contains(&name))
    }

    /// Returns the kind of the relation called `name` in effects, even after the plan has dropped it.
    pub(crate) fn kind_of(&self, name: &str) -> Option<RelationKind> {
        let name = Name::parse(name);
        self.relations.get(&name).map(|relation| relation.kind).or_else(|| self.gone.get(&name).copied())
    }
}
