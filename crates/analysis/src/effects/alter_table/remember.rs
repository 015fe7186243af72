//! Records a constraint for the plan's later statements.

use squawk_syntax::ast::{self, AstNode as _, Constraint as Written, ConstraintOption};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{Table, written};
use crate::catalog::{Constraint, Index, RelationKind};
use crate::effects::{has, identifier_of, name_of, text as text_of, world::World};
use crate::name::Name;

/// Records a constraint that is added.
pub(super) fn added(text: &Written, columns: &[String], valid: bool, table: &Table, world: &mut World) {
    let kind = match text {
        Written::CheckConstraint(_) => 'c',
        Written::ForeignKeyConstraint(_) | Written::ReferencesConstraint(_) => 'f',
        Written::NotNullConstraint(_) => 'n',
        Written::PrimaryKeyConstraint(_) => 'p',
        Written::UniqueConstraint(_) => 'u',
        Written::ExcludeConstraint(_) => 'x',
        _ => return,
    };
    let index = match text {
        Written::UniqueConstraint(it) => it.using_index(),
        Written::PrimaryKeyConstraint(it) => it.using_index(),
        _ => None,
    };
    let index = index.and_then(|using| using.index_ref()).map(|index| table.name.renamed(name_of(index.syntax()).name));
    let named = text.syntax().descendants().find(|node| node.kind() == SyntaxKind::CONSTRAINT_NAME);
    let named = named.map(|name| identifier_of(&name)).or_else(|| index.as_ref().map(|index| index.name.clone()));
    let key = index.as_ref().and_then(|index| find(index, &table.name, world)).map_or_else(Vec::new, |index| index.key);
    let constraint = Constraint {
        name: String::new(),
        kind,
        validated: valid,
        columns: if index.is_some() { key } else { columns.to_vec() },
        refers_to: written::refers_to(text).map(|name| world.resolve(&name)),
        refers_to_columns: written::refers_to_columns(text, world),
        on_delete: written::on_delete(text),
        deferred: has(text.syntax(), SyntaxKind::INITIALLY_DEFERRED_CONSTRAINT_OPTION),
        on_update: written::on_update(text),
        definition: definition(text),
    };
    let unnamed = |table: &Name, world: &World| free(&default_name(kind, &constraint.columns, table), table, world);
    let named = named.unwrap_or_else(|| unnamed(&table.name, world));
    for member in members(text, kind, table, world) {
        // A partition's index has a name of its own.
        let is_own = member != table.name && is_index(kind);
        let name = if is_own { unnamed(&member, world) } else { named.clone() };
        match &index {
            Some(index) => world.rename(index, &member.renamed(&name)),
            None if is_index(kind) => made(text, &constraint, member.renamed(&name), &member, world),
            None => {}
        }
        let Some(relation) = world.relation_mut(&member) else { continue };
        // From now on the columns' own NOT NULL checks for nulls.
        if valid && matches!(kind, 'p' | 'n') {
            let columns = relation.columns.iter_mut().filter(|it| constraint.columns.contains(&it.name));
            columns.for_each(|it| it.not_null = true);
        }
        if relation.kind != RelationKind::View {
            relation.constraints.push(Constraint { name, ..constraint.clone() });
        }
    }
}

/// Records a constraint of a new `table`, written after its `column` or by itself.
pub(in crate::effects) fn made_with(text: &Written, column: Option<&str>, table: &Name, world: &mut World) {
    let columns = column.map_or_else(|| written::columns(text, table, world), |column| vec![column.to_owned()]);
    added(text, &columns, true, &Table { name: table.clone(), only: true }, world);
}

/// Returns the relations that get the constraint.
fn members(text: &Written, kind: char, table: &Table, world: &World) -> Vec<Name> {
    let is_partitioned = world.relation(&table.name).is_some_and(|relation| relation.kind == RelationKind::Partitioned);
    let options: Vec<_> = text.syntax().children().filter_map(ConstraintOption::cast).collect();
    let stays = options.iter().any(|option| matches!(option, ConstraintOption::NoInherit(_)));
    // A table that inherits without being a partition has keys of its own.
    let stays = stays || (!is_partitioned && (is_index(kind) || kind == 'f'));
    if stays { vec![table.name.clone()] } else { table.family(world) }
}

/// Whether a constraint of this kind has an index.
fn is_index(kind: char) -> bool {
    matches!(kind, 'p' | 'u' | 'x')
}

/// Records the index of a constraint.
fn made(text: &Written, constraint: &Constraint, name: Name, table: &Name, world: &mut World) {
    let is_computed = match text {
        Written::ExcludeConstraint(it) => it.where_condition_clause().is_some() || written::is_computed(it),
        _ => false,
    };
    let is_deferrable = text.syntax().children().filter_map(ConstraintOption::cast).any(|option| {
        matches!(
            option,
            ConstraintOption::DeferrableConstraintOption(_) | ConstraintOption::InitiallyDeferredConstraintOption(_)
        )
    });
    let index = Index {
        name,
        unique: constraint.kind != 'x' && !is_deferrable,
        key: if is_computed { Vec::new() } else { constraint.columns.clone() },
        computed: is_computed,
        finds: if constraint.kind == 'x' { Vec::new() } else { constraint.columns.clone() },
    };
    let included = written::included(text).into_iter().chain(constraint.columns.iter().cloned());
    built(index, &included.collect::<Vec<_>>(), table, world);
}

/// Records what CREATE INDEX makes: an index of the table, and one of each of its partitions.
pub(in crate::effects) fn indexed(create: &ast::CreateIndex, table: &Table, world: &mut World) {
    let items: Vec<_> = create.partition_item_list().into_iter().flat_map(|list| list.partition_items()).collect();
    let keys: Option<Vec<String>> = items.iter().map(|item| item.expr().and_then(|expr| column(&expr))).collect();
    let computed = keys.is_none() || create.where_clause().is_some();
    let is_partitioned = world.relation(&table.name).is_some_and(|relation| relation.kind == RelationKind::Partitioned);
    // On a partitioned table alone, the index is not valid yet.
    let unique = create.unique_token().is_some() && !computed && !(is_partitioned && table.only);
    let named = create.index().map(|name| table.name.renamed(identifier_of(name.syntax())));
    let finds = finds(create, &items);
    let columns: Vec<String> =
        create.syntax().descendants().filter(is_reference).map(|name| identifier_of(&name)).collect();
    for member in if is_partitioned { table.family(world) } else { vec![table.name.clone()] } {
        let name = named.clone().filter(|_| member == table.name);
        let name = name.unwrap_or_else(|| index_name(keys.as_deref().unwrap_or_default(), &member, world));
        let key = keys.clone().unwrap_or_default();
        let finds = finds.clone();
        built(Index { name, unique, key, computed, finds }, &columns, &member, world);
    }
}

/// Returns the columns by which an index finds every row that has values there, as in [`Index::finds`].
fn finds(create: &ast::CreateIndex, items: &[ast::PartitionItem]) -> Vec<String> {
    let method = create.using_method().map(|method| text_of(method.syntax()).to_ascii_lowercase());
    let is_exact = method.is_none_or(|method| ["usingbtree", "usinghash"].contains(&method.as_str()));
    let plain: Vec<_> = items.iter().map_while(|item| column(&item.expr()?)).collect();
    let condition = create.where_clause().map(|clause| text_of(clause.syntax()).to_ascii_lowercase());
    let leaves_none = |condition: String| {
        let first = plain.first().map(|column| format!("where{column}isnotnull"));
        first.is_some_and(|first| first.eq_ignore_ascii_case(&condition.replace(['(', ')'], "")))
    };
    if is_exact && condition.is_none_or(leaves_none) { plain } else { Vec::new() }
}

/// Returns the column that an expression is, if it is only a column.
pub(in crate::effects) fn column(expr: &ast::Expr) -> Option<String> {
    (expr.syntax().kind() == SyntaxKind::NAME_REF).then(|| identifier_of(expr.syntax()))
}

fn is_reference(node: &SyntaxNode) -> bool {
    matches!(node.kind(), SyntaxKind::NAME_REF | SyntaxKind::COLUMN_NAME_REF)
}

/// Records another index of `table`, with the `included` columns beside those of its key.
pub(super) fn built(index: Index, included: &[String], table: &Name, world: &mut World) {
    world.create(&index.name, RelationKind::Index, Vec::new());
    if let Some(relation) = world.relation_mut(&index.name) {
        relation.table = Some(table.clone());
    }
    let Some(relation) = world.relation_mut(table) else { return };
    let of = relation.columns.iter_mut().filter(|it| index.key.contains(&it.name) || included.contains(&it.name));
    of.for_each(|column| column.indexes.push(index.name.clone()));
    relation.indexes.push(index);
}

/// Returns the index `name` of `table`.
pub(super) fn find(name: &Name, table: &Name, world: &World) -> Option<Index> {
    world.relation(table)?.indexes.iter().find(|index| index.name == *name).cloned()
}

/// Forgets the constraint `name` of `table`, and returns it.
pub(super) fn dropped(name: &str, table: &Table, world: &mut World) -> Option<Constraint> {
    let gone = world.constraint(&table.name, name).cloned()?;
    for member in table.family(world) {
        let is_same = |it: &Constraint| match gone.kind {
            // A partition's constraint has a name of its own.
            'p' | 'u' | 'x' if member != table.name => it.kind == gone.kind && it.columns == gone.columns,
            _ => it.name == name,
        };
        let Some(relation) = world.relation_mut(&member) else { continue };
        let (out, kept) = std::mem::take(&mut relation.constraints).into_iter().partition(is_same);
        relation.constraints = kept;
        let out: Vec<Constraint> = out;
        if gone.kind == 'n' {
            let columns = relation.columns.iter_mut().filter(|it| gone.columns.contains(&it.name));
            columns.for_each(|it| it.not_null = false);
        }
        for constraint in out.iter().filter(|it| is_index(it.kind)) {
            world.remove(&member.renamed(&constraint.name));
        }
    }
    Some(gone)
}

/// Forgets all that is known of nulls: a constraint whose name was not recorded is dropped, if it exists. It may be one
/// that SET NOT NULL made, which has a name from PostgreSQL 18 on, or one whose name the server has cut.
pub(super) fn unknown_dropped(table: &Table, world: &mut World) {
    for member in table.family(world) {
        let Some(relation) = world.relation_mut(&member) else { continue };
        relation.columns.iter_mut().for_each(|it| it.not_null = false);
        relation.constraints.iter_mut().for_each(|it| it.definition.clear());
    }
}

pub(super) fn renamed(rename: &ast::RenameConstraint, table: &Table, world: &mut World) {
    let (Some(from), Some(to)) = (rename.constraint_name_ref(), rename.constraint_name()) else { return };
    let (from, to) = (identifier_of(from.syntax()), identifier_of(to.syntax()));
    let has_index = world.constraint(&table.name, &from).is_some_and(|it| is_index(it.kind));
    for member in table.family(world) {
        let constraints = world.relation_mut(&member).into_iter().flat_map(|relation| &mut relation.constraints);
        constraints.filter(|it| it.name == from).for_each(|it| it.name.clone_from(&to));
    }
    if has_index {
        world.rename(&table.name.renamed(&from), &table.name.renamed(&to));
    }
}

/// Renames the column `from` of `table` to `to`, wherever something refers to it.
pub(super) fn column_renamed(from: &str, to: &str, table: &Name, world: &mut World) {
    let rename = |columns: &mut Vec<String>| {
        columns.iter_mut().filter(|name| *name == from).for_each(|name| to.clone_into(name));
    };
    if let Some(relation) = world.relation_mut(table) {
        relation.columns.iter_mut().filter(|it| it.name == from).for_each(|it| to.clone_into(&mut it.name));
        relation.indexes.iter_mut().flat_map(|index| [&mut index.key, &mut index.finds]).for_each(rename);
        let used = relation.used_by.iter_mut().filter(|(column, _)| column.as_deref() == Some(from));
        used.for_each(|(column, _)| *column = Some(to.to_owned()));
        for constraint in &mut relation.constraints {
            // Only the server knows its new text: it proves nothing.
            if constraint.columns.iter().any(|name| name == from) {
                constraint.definition.clear();
            }
            rename(&mut constraint.columns);
        }
    }
    let refers = |it: &Constraint| it.refers_to.as_ref() == Some(table);
    for other in world.referring(refers) {
        let constraints = world.relation_mut(&other).into_iter().flat_map(|relation| &mut relation.constraints);
        constraints.filter(|it| refers(it)).for_each(|it| rename(&mut it.refers_to_columns));
    }
}

fn definition(text: &Written) -> String {
    let expression = match text {
        Written::CheckConstraint(it) => it.expr(),
        _ => None,
    };
    expression.map(|expr| format!("CHECK ({})", expr.syntax().text())).unwrap_or_default()
}

/// Returns PostgreSQL's name for a constraint that is given no name.
fn default_name(kind: char, columns: &[String], table: &Name) -> String {
    let suffix = match kind {
        'c' if columns.len() != 1 => return format!("{}_check", table.name),
        'c' => "check",
        'f' => "fkey",
        'n' => "not_null",
        'p' => return format!("{}_pkey", table.name),
        'u' => "key",
        'i' => "idx",
        _ => "excl",
    };
    format!("{}_{}_{suffix}", table.name, columns.join("_"))
}

/// Returns PostgreSQL's name for an index that is given no name.
pub(super) fn index_name(columns: &[String], table: &Name, world: &World) -> Name {
    table.renamed(free(&default_name('i', columns, table), table, world))
}

/// Returns `name`, with a number where the name is taken.
fn free(name: &str, table: &Name, world: &World) -> String {
    let is_free = |name: &String| {
        let relation = table.renamed(name.as_str());
        world.relation(&relation).is_none() && !world.has_index(&relation) && world.constraint(table, name).is_none()
    };
    let mut names = std::iter::once(name.to_owned()).chain((1..).map(|number| format!("{name}{number}")));
    names.find(is_free).unwrap_or_default()
}
