//! The names that PostgreSQL gives to unnamed indexes and constraints.

use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::plain;
use crate::catalog::Relation;
use crate::effects::name_of;
use crate::name::{LONGEST, identifier};

/// Names that are in use.
pub(super) struct Names(Vec<String>);

impl Names {
    /// Returns the names of the constraints and indexes of `table`.
    pub(super) fn of(table: &Relation) -> Self {
        let constraints = table.constraints.iter().map(|constraint| constraint.name.clone());
        let indexes = table.indexes.iter().map(|index| index.name.name.clone());
        let sized = table.facts.indexes.iter().map(|index| index.name.clone());
        Self(constraints.chain(indexes).chain(sized).collect())
    }

    /// Returns a free name: without a number, or with the lowest number that is free.
    pub(super) fn free(&mut self, named: impl Fn(&str) -> String) -> String {
        let numbers = (1..).map(|number: u32| number.to_string());
        let name = std::iter::once(String::new()).chain(numbers).map(|number| named(&number));
        let name = name.into_iter().find(|name| !self.0.contains(name)).unwrap_or_default();
        self.0.push(name.clone());
        name
    }

    /// Returns a name for an object on `columns` of `table`: `orders_email_key`.
    pub(super) fn choose(&mut self, table: &str, columns: &[String], label: &str) -> String {
        self.free(|number| of_parts(table, &addition(columns), &format!("{label}{number}")))
    }
}

/// Returns the part of the name for the columns, as `ChooseIndexNameAddition` makes it.
fn addition(columns: &[String]) -> String {
    let mut addition = String::new();
    for column in columns {
        if !addition.is_empty() {
            addition.push('_');
        }
        addition.push_str(column);
        if addition.len() > LONGEST {
            break;
        }
    }
    addition
}

/// Returns the three parts in one name. The longer of the first two is cut until all fit, as `makeObjectName` does it.
fn of_parts(table: &str, columns: &str, label: &str) -> String {
    let overhead = label.len() + 1 + usize::from(!columns.is_empty());
    let available = LONGEST.saturating_sub(overhead);
    let (mut first, mut second) = (table.len(), columns.len());
    while first + second > available {
        if first > second { first -= 1 } else { second -= 1 }
    }
    let parts = [cut(table, first), cut(columns, second), label];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// Returns at most so many bytes, without half a character at the end.
fn cut(text: &str, mut at: usize) -> &str {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    &text[..at]
}

/// Returns PostgreSQL's names for the index's columns when it has to choose a name; `None` where these are not plain to
/// see.
pub(super) fn columns(create: &ast::CreateIndex) -> Option<Vec<String>> {
    let included = create.index_include_clause().and_then(|it| it.partition_item_list());
    let lists = [create.partition_item_list(), included].into_iter().flatten();
    let mut names: Vec<String> = Vec::new();
    for item in lists.flat_map(|list| list.partition_items()) {
        let expression = item.expr()?.syntax().clone();
        let name = match expression.kind() {
            SyntaxKind::NAME_REF => identifier(&plain(&expression)),
            SyntaxKind::CALL_EXPR => expression.children().next().filter(is_name).map(|name| name_of(&name).name)?,
            _ => return None,
        };
        // PostgreSQL would number the second.
        if names.contains(&name) {
            return None;
        }
        names.push(name);
    }
    Some(names)
}

fn is_name(node: &SyntaxNode) -> bool {
    matches!(node.kind(), SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_as_postgresql_does() {
        assert_eq!(of_parts("orders", "email", "key"), "orders_email_key");
        assert_eq!(of_parts("orders", "", "pkey"), "orders_pkey");
        let (long, longer) = ("t".repeat(50), "c".repeat(60));
        assert_eq!(of_parts(&long, &longer, "idx"), format!("{}_{}_idx", "t".repeat(29), "c".repeat(29)));
        assert_eq!(of_parts(&"é".repeat(31), "abc", "idx").len(), 62);
    }

    #[test]
    fn a_name_in_use_gets_a_number() {
        let mut names = Names(vec!["t_a_key".into()]);
        assert_eq!(names.choose("t", &["a".into()], "key"), "t_a_key1");
        assert_eq!(names.choose("t", &["a".into()], "key"), "t_a_key2");
    }
}
