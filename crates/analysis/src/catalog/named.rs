//! What scripts name: the catalog is asked about it.

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
    /// Schemas, also those in other names.
    pub schemas: BTreeSet<String>,
    /// Relations whose statistics of columns tell whether a statement will be refused: those that get a key, or NOT NULL.
    pub counted: BTreeSet<Name>,
    /// What is dropped, though other objects may depend on it. A relation is not among them.
    pub dropped: BTreeSet<(Object, Name)>,
}

/// What an object is that is no relation, or a sequence.
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
    /// Adds what `other` names.
    pub fn extend(&mut self, other: Self) {
        self.relations.extend(other.relations);
        self.functions.extend(other.functions);
        self.types.extend(other.types);
        self.schemas.extend(other.schemas);
        self.counted.extend(other.counted);
        self.dropped.extend(other.dropped);
    }

    /// Names of relations alone.
    pub fn of_relations(relations: impl IntoIterator<Item = Name>) -> Self {
        Self { relations: relations.into_iter().collect(), ..Self::default() }
    }
}
