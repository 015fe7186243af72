//! CREATE OR REPLACE VIEW: the existing columns have to stay, in their order.

use squawk_syntax::ast::{AstNode as _, SelectVariant, Stmt};
use squawk_syntax::column_name::ColumnName;
use squawk_syntax::{SyntaxElement, SyntaxKind};

use crate::catalog::RelationKind;
use crate::effects::{identifier_of, view, world::World};
use crate::name::quoted;

pub(super) fn refused(statement: &Stmt, world: &World) -> Option<String> {
    let Stmt::CreateView(create) = statement else { return None };
    create.or_replace()?;
    let view = world.existing(&view::name_of_made(create, world)?)?;
    let there =
        world.relation(&view).filter(|there| there.kind == RelationKind::View && world.is_as_before(&view.name))?;
    let query = columns(&create.query()?);
    // A list may be shorter than the query. The other columns keep the query's names.
    let list = create.column_list().into_iter().flat_map(|list| list.syntax().children().collect::<Vec<_>>());
    let mut written: Vec<String> = list.map(|name| identifier_of(&name)).collect();
    written.extend(query.iter().flatten().skip(written.len()).cloned());
    if query.is_some() && written.len() < there.columns.len() {
        return Some(format!("{view} has {} columns, and a view cannot lose any", there.columns.len()));
    }
    let (before, after) =
        there.columns.iter().map(|column| &column.name).zip(&written).find(|(before, after)| before != after)?;
    let (before, after) = (quoted(before), quoted(after));
    Some(format!(
        "the column {before} of {view} would be called {after}: new columns can only stand behind those that are there"
    ))
}

/// Returns the names of a query's columns; `None` where one is not known, or a star stands for several.
fn columns(query: &SelectVariant) -> Option<Vec<String>> {
    let SelectVariant::Select(select) = query else { return None };
    let targets = select.select_clause()?.target_list()?.targets();
    targets
        .map(|target| {
            let is_star = |element: SyntaxElement| element.kind() == SyntaxKind::STAR;
            if target.syntax().descendants_with_tokens().any(is_star) {
                return None;
            }
            let plain = target.as_name().is_some()
                || target
                    .expr()
                    .is_some_and(|expr| matches!(expr.syntax().kind(), SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR));
            match ColumnName::from_target(target)?.0 {
                ColumnName::Column(name) if plain => Some(name.to_string()),
                _ => None,
            }
        })
        .collect()
}
