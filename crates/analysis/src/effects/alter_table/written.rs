//! Reads the text of a constraint.

use squawk_syntax::ast::{self, AstNode, Constraint, ReferentialAction};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::effects::{identifier_of, name_of, world::World};
use crate::name::Name;

/// Returns the columns of a constraint of `table`: those of a key without its included columns, those of a foreign key
/// without those to which it refers, and those that a CHECK or an EXCLUDE names.
pub(super) fn columns(written: &Constraint, table: &Name, world: &World) -> Vec<String> {
    let node = written.syntax();
    let mut found: Vec<String> = match written {
        Constraint::CheckConstraint(_) | Constraint::ExcludeConstraint(_) => {
            let is_column = |name: &String| world.column(table, name).is_some();
            named(node, SyntaxKind::NAME_REF).map(|name| identifier_of(&name)).filter(is_column).collect()
        }
        Constraint::ForeignKeyConstraint(it) => columns_of(it.from_columns().as_ref().map(AstNode::syntax)),
        _ => {
            let is_key = |name: &SyntaxNode| !is_within(name, SyntaxKind::CONSTRAINT_INCLUDE_CLAUSE);
            named(node, SyntaxKind::COLUMN_NAME_REF).filter(is_key).map(|name| identifier_of(&name)).collect()
        }
    };
    let mut seen = Vec::new();
    found.retain(|name| {
        !seen.contains(name) && {
            seen.push(name.clone());
            true
        }
    });
    found
}

/// Whether an EXCLUDE constraint compares more than columns.
pub(super) fn is_computed(exclude: &ast::ExcludeConstraint) -> bool {
    let parts = named(exclude.syntax(), SyntaxKind::CONSTRAINT_EXCLUSION);
    let mut expressions = parts.filter_map(|part| part.children().next());
    expressions.any(|expression| expression.kind() != SyntaxKind::NAME_REF)
}

/// Returns the included columns of a key's index.
pub(super) fn included(written: &Constraint) -> Vec<String> {
    let clause = named(written.syntax(), SyntaxKind::CONSTRAINT_INCLUDE_CLAUSE).next();
    columns_of(clause.as_ref())
}

/// Returns the table to which a foreign key refers.
pub(super) fn refers_to(written: &Constraint) -> Option<Name> {
    match written {
        Constraint::ForeignKeyConstraint(it) => it.table_name_ref().map(|name| name_of(name.syntax())),
        Constraint::ReferencesConstraint(it) => it.table().map(|name| name_of(name.syntax())),
        _ => None,
    }
}

/// Returns the columns to which a foreign key refers. If it names none, they are those of the other table's primary
/// key.
pub(super) fn refers_to_columns(written: &Constraint, world: &World) -> Vec<String> {
    let said = match written {
        Constraint::ForeignKeyConstraint(it) => columns_of(it.to_columns().as_ref().map(AstNode::syntax)),
        Constraint::ReferencesConstraint(it) => {
            it.column().map(|name| identifier_of(name.syntax())).into_iter().collect()
        }
        _ => Vec::new(),
    };
    if !said.is_empty() {
        return said;
    }
    let other = refers_to(written).and_then(|name| world.relation(&name));
    let key = other.and_then(|other| other.constraints.iter().find(|constraint| constraint.kind == 'p'));
    key.map(|key| key.columns.clone()).unwrap_or_default()
}

/// Returns `pg_constraint.confdeltype` of a foreign key; a blank for any other constraint.
pub(super) fn on_delete(written: &Constraint) -> char {
    action(written, |action| match action {
        ReferentialAction::OnDeleteAction(it) => it.ref_action(),
        ReferentialAction::OnUpdateAction(_) => None,
    })
}

/// Returns `pg_constraint.confupdtype` of a foreign key; a blank for any other constraint.
pub(super) fn on_update(written: &Constraint) -> char {
    action(written, |action| match action {
        ReferentialAction::OnUpdateAction(it) => it.ref_action(),
        ReferentialAction::OnDeleteAction(_) => None,
    })
}

fn action(written: &Constraint, of: impl FnMut(ReferentialAction) -> Option<ast::RefAction>) -> char {
    let actions: Vec<_> = match written {
        Constraint::ForeignKeyConstraint(it) => it.referential_actions().collect(),
        Constraint::ReferencesConstraint(it) => it.referential_actions().collect(),
        _ => return ' ',
    };
    match actions.into_iter().find_map(of) {
        Some(ast::RefAction::Cascade(_)) => 'c',
        Some(ast::RefAction::Restrict(_)) => 'r',
        Some(ast::RefAction::SetNullColumns(_)) => 'n',
        Some(ast::RefAction::SetDefaultColumns(_)) => 'd',
        Some(ast::RefAction::NoAction(_)) | None => 'a',
    }
}

fn columns_of(list: Option<&SyntaxNode>) -> Vec<String> {
    let names = list.into_iter().flat_map(|list| named(list, SyntaxKind::COLUMN_NAME_REF));
    names.map(|name| identifier_of(&name)).collect()
}

fn named(node: &SyntaxNode, kind: SyntaxKind) -> impl Iterator<Item = SyntaxNode> {
    node.descendants().filter(move |inner| inner.kind() == kind)
}

fn is_within(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.ancestors().any(|outer| outer.kind() == kind)
}

#[cfg(test)]
mod tests {
    use squawk_syntax::SourceFile;

    use super::*;
    use crate::catalog::{Catalog, Column, RelationKind};

    #[test]
    fn what_a_constraint_says_is_read() {
        let column = |name: &str| Column {
            name: name.to_owned(),
            of_type: "integer".to_owned(),
            not_null: false,
            collated: false,
            generated: ' ',
            default: None,
            nulls: None,
            most: None,
            indexes: Vec::new(),
        };
        let table = Name::parse("public.t");
        let mut world = World::new(Catalog::default());
        world.create(&table, RelationKind::Table, ["a", "b", "c", "Other"].map(column).to_vec());
        for (text, told) in [
            ("PRIMARY KEY (a, b) INCLUDE (c)", "a,b +c"),
            ("CONSTRAINT k UNIQUE NULLS NOT DISTINCT (b) WITH (fillfactor = 70)", "b +"),
            ("CHECK (a > 0 AND (\"Other\" IS NULL OR t.b < a)) NOT VALID", "a,Other,b +"),
            ("EXCLUDE USING gist (a WITH =, lower(b) WITH &&) INCLUDE (\"Other\") WHERE (c > 0)", "a,b,c +Other"),
            (
                "FOREIGN KEY (a, b) REFERENCES other (x, y) ON DELETE SET NULL (a) ON UPDATE CASCADE",
                "a,b + other(x,y)nc",
            ),
            ("FOREIGN KEY (a) REFERENCES other ON UPDATE CASCADE ON DELETE CASCADE", "a + other()cc"),
            ("FOREIGN KEY (a) REFERENCES other (x) ON DELETE RESTRICT DEFERRABLE", "a + other(x)ra"),
            ("FOREIGN KEY (a) REFERENCES other ON DELETE SET DEFAULT", "a + other()da"),
            ("FOREIGN KEY (a) REFERENCES other ON UPDATE CASCADE", "a + other()ac"),
            ("CONSTRAINT n NOT NULL c NOT VALID", "c +"),
        ] {
            let parse = SourceFile::parse(&format!("ALTER TABLE t ADD {text}"));
            assert_eq!(parse.errors(), [], "{text}");
            let written = parse.tree().syntax().descendants().find_map(Constraint::cast).unwrap();
            let refers = refers_to(&written).map_or_else(String::new, |other| {
                let actions = [on_delete(&written), on_update(&written)].map(String::from).concat();
                format!(" {other}({}){actions}", refers_to_columns(&written, &world).join(","))
            });
            let (columns, included) = (columns(&written, &table, &world).join(","), included(&written).join(","));
            assert_eq!(format!("{columns} +{included}{refers}"), told, "{text}");
        }
    }
}
