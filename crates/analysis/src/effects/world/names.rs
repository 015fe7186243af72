//! What the names in a script stand for.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{Names, Patience, World, temporary};
use crate::catalog::{Column, Relation};
use crate::effects::literal::literal;
use crate::effects::{name_of, named::type_name};
use crate::name::Name;

impl World {
    /// Returns the qualified name of what a script calls `written`.
    pub(in crate::effects) fn resolve(&self, written: &Name) -> Name {
        if !self.is_clear(written) {
            return written.clone();
        }
        let of_session = temporary(written);
        if written.schema.is_none() && self.relations.contains_key(&of_session) {
            return of_session;
        }
        // A relation that was dropped or renamed no longer exists under its old name.
        if let Some(known) = self.aliases.get(written).filter(|known| self.relations.contains_key(known)) {
            return known.clone();
        }
        match written.schema {
            Some(_) => written.clone(),
            // Without a database, only the name tells that it is of the system's catalog.
            None if self.is_of_text() && written.name.starts_with("pg_") => {
                Name { schema: Some("pg_catalog".to_owned()), name: written.name.clone() }
            }
            None => Name { schema: Some(self.schema.clone()), name: written.name.clone() },
        }
    }

    /// Whether a script's name `written` stands for a temporary table.
    pub(in crate::effects) fn is_temporary(&self, written: &Name) -> bool {
        self.resolve(written).schema == temporary(written).schema
    }

    /// Returns the relation that a script calls `written`, if it exists.
    pub(crate) fn relation(&self, written: &Name) -> Option<&Relation> {
        self.relations.get(&self.resolve(written)).filter(|_| self.is_clear(written))
    }

    pub(in crate::effects) fn relation_mut(&mut self, written: &Name) -> Option<&mut Relation> {
        let name = self.resolve(written);
        let is_clear = self.is_clear(written);
        self.relations.get_mut(&name).filter(|_| is_clear)
    }

    /// Returns the qualified name of what a script calls `written`, if it existed before the plan.
    pub(crate) fn existing(&self, written: &Name) -> Option<Name> {
        let name = self.resolve(written);
        (self.relation(written).is_some() && !self.new.contains(&name)).then_some(name)
    }

    /// Returns the schema of a new relation of this name, unless the plan makes the schema itself.
    pub(crate) fn schema_of(&self, written: &Name) -> Option<String> {
        self.resolve(written).schema
    }

    /// Whether a search path of `schema` alone looks up unqualified names in the migrations' schema alone.
    pub(in crate::effects) fn is_own_schema(&self, schema: &str) -> bool {
        self.schema == schema
    }

    /// Records that from here on names can be trusted no further than `names`.
    pub(crate) fn trusts(&mut self, names: Names) {
        self.names = self.names.min(names);
    }

    /// Whether all the names in `statement` still stand for what they did when the catalog was asked.
    pub(crate) fn knows(&self, statement: &SyntaxNode) -> bool {
        let mut named = statement.descendants().filter(names_something);
        named.all(|node| !is_escaped(&node) && self.is_clear(&name_of(&node)))
    }

    /// Returns which of the values that the script has added to types `statement` writes, if any.
    pub(crate) fn uses_added_value(&self, statement: &SyntaxNode) -> Option<&str> {
        // These statements contain such a text without a value of the type.
        let leaves_values =
            matches!(statement.kind(), SyntaxKind::ALTER_TYPE | SyntaxKind::COMMENT_ON | SyntaxKind::CREATE_TYPE);
        if leaves_values {
            return None;
        }
        let texts = statement.descendants_with_tokens().filter(|element| element.kind() == SyntaxKind::STRING);
        let mut texts = texts.filter_map(|element| literal(element.as_token()?.text()));
        texts.find_map(|text| {
            let added = self.added_values.iter().find(|(_, value)| *value == text);
            added.filter(|(of_type, _)| self.may_use(statement, of_type)).map(|(_, value)| value.as_str())
        })
    }

    /// Whether a text in `statement` can be of that type: one of its tables has, or may have, a column of the type, or
    /// the statement names the type.
    fn may_use(&self, statement: &SyntaxNode, of_type: &Name) -> bool {
        let is_of_it = |column: &Column| {
            let known = Name::parse(column.of_type.trim_end_matches("[]"));
            column.of_type.is_empty() || known.name == of_type.name
        };
        let may_have = |table: Option<&Relation>| {
            table.is_none_or(|table| table.columns.is_empty() || table.columns.iter().any(is_of_it))
        };
        let mut tables = statement.descendants().filter(names_something).map(|node| name_of(&node)).peekable();
        let names_type = || {
            let mut types = statement.descendants().filter(|node| node.kind() == SyntaxKind::PATH_TYPE);
            types.any(|node| type_name(&node).name == of_type.name)
        };
        tables.peek().is_none() || tables.any(|name| may_have(self.relation(&name))) || names_type()
    }

    /// Whether the script waits for its locks without a limit.
    pub(crate) fn waits_endlessly(&self) -> bool {
        self.patience == Patience::Endless
    }

    /// Whether `written` still stands for what it did when the catalog was asked, if it existed then.
    pub(super) fn is_clear(&self, written: &Name) -> bool {
        match self.names {
            Names::All => true,
            Names::Qualified => written.schema.is_some(),
            Names::Nothing => false,
        }
    }
}

/// Whether a name is written `U&"…"`, which only the server can read.
fn is_escaped(name: &SyntaxNode) -> bool {
    name.text().to_string().to_ascii_lowercase().contains("u&\"")
}

/// Whether `node` is the name of an existing or a new relation.
fn names_something(node: &SyntaxNode) -> bool {
    matches!(
        node.kind(),
        SyntaxKind::TABLE_NAME_REF
            | SyntaxKind::RELATION_NAME_REF
            | SyntaxKind::VIEW_REF
            | SyntaxKind::INDEX_REF
            | SyntaxKind::SEQUENCE_REF
            | SyntaxKind::TABLE_NAME
            | SyntaxKind::VIEW
    )
}
