//! The names in scripts, about which the catalog is asked.

use std::collections::BTreeSet;

use crate::name::Name;

/// Names that scripts use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// Relations of any kind.
    pub relations: BTreeSet<Name>,
    /// Functions.
    pub functions: BTreeSet<Name>,
    /// Types.
    pub types: BTreeSet<Name>,
    /// Schemas, including those in other names.
    pub schemas: BTreeSet<String>,
    /// Relations whose column statistics tell whether a statement will be refused: those that get a key, or NOT NULL.
    pub counted: BTreeSet<Name>,
    /// The objects that are dropped although others may depend on them. No relation is among them.
    pub dropped: BTreeSet<(Object, Name)>,
}

/// The kind of an object that is not a relation, or is a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// A type, or a domain.
    Type,
    /// A function, a procedure or an aggregate.
    Function,
    /// A schema.
    Schema,
    /// A sequence.
    Sequence,
}

impl Named {
    /// Adds the names of `other`.
    pub fn extend(&mut self, other: Self) {
        self.relations.extend(other.relations);
        self.functions.extend(other.functions);
        self.types.extend(other.types);
        self.schemas.extend(other.schemas);
        self.counted.extend(other.counted);
        self.dropped.extend(other.dropped);
    }

    /// Returns names of relations only.
    pub fn of_relations(relations: impl IntoIterator<Item = Name>) -> Self {
        Self { relations: relations.into_iter().collect(), ..Self::default() }
    }
}
