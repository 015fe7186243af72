//! Statements on rows: they let readers through, and hold changed rows until the transaction ends.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode as _, DataOption, Expr, SelectVariant};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::condition::{self, Found};
use super::world::{World, made};
use super::{Unknown, What, expression, identifier_of, lookup, name_of};
use crate::catalog::RelationKind;
use crate::name::Name;

/// Infers the effects of a statement that reads or writes rows, with the statements in its WITH.
pub(super) fn effects(statement: &SyntaxNode, world: &mut World) {
    let targets: Vec<_> = statement.descendants().filter_map(|node| Target::of(&node)).collect();
    for target in &targets {
        target.effects(world);
    }
    let names: Vec<_> = targets.iter().map(|target| target.name.clone()).collect();
    reads_besides(statement, &names, world);
    for target in targets.iter().filter(|target| matches!(target.changes[..], [Change::Insert, ..])) {
        for member in world.family(&name_of(&target.name)) {
            world.fill(&member);
        }
    }
    creates(statement, world);
    calls(statement, world);
}

/// Marks calls of the database's own functions as unknown: they may do more than return a value.
fn calls(statement: &SyntaxNode, world: &mut World) {
    for function in expression::acting(statement, world) {
        world.unknown(Unknown::function(&function));
    }
}

/// The relation whose rows a statement changes.
struct Target {
    /// Its name in the statement.
    name: SyntaxNode,
    /// Whether the statement leaves the inheriting tables alone.
    only: bool,
    changes: Vec<Change>,
}

/// A statement's change to rows.
enum Change {
    Insert,
    /// An update of these columns.
    Update(Vec<String>, Where),
    Delete(Where),
}

impl Change {
    /// Returns the columns that are set; `None` if rows are deleted.
    fn columns(&self) -> Option<&[String]> {
        match self {
            Self::Insert => Some(&[]),
            Self::Update(columns, _) => Some(columns),
            Self::Delete(_) => None,
        }
    }
}

/// Which rows.
enum Where {
    /// Those that a join finds, or a cursor's own.
    Found(Found),
    /// Those of the table that this condition finds. The condition may call the table by these names.
    Condition(Option<Expr>, Vec<String>),
}

impl Target {
    fn of(node: &SyntaxNode) -> Option<Self> {
        match node.kind() {
            SyntaxKind::INSERT => {
                let name = ast::Insert::cast(node.clone())?.relation_name_ref()?.syntax().clone();
                let updates = node.descendants().find(|inner| inner.kind() == SyntaxKind::CONFLICT_DO_UPDATE_SET);
                // As many as the query has; a list of values is short.
                let query = node.children().find(|inner| SelectVariant::can_cast(inner.kind()));
                let found = query.as_ref().map_or(Found::Few(1), |query| values(query).map_or(Found::Any, Found::Few));
                let update = updates.map(|update| Change::Update(columns(&update), Where::Found(found)));
                Some(Self { name, only: true, changes: [Change::Insert].into_iter().chain(update).collect() })
            }
            SyntaxKind::MERGE => {
                let merge = ast::Merge::cast(node.clone())?;
                let target = merge.table_relation_name()?;
                let name = target.table_name_ref()?.syntax().clone();
                let changes = merge.merge_when_clauses().filter_map(|when| merged(node, when.syntax())).collect();
                Some(Self { name, only: target.only_token().is_some(), changes })
            }
            SyntaxKind::UPDATE => {
                let update = ast::Update::cast(node.clone())?;
                let is_joined = update.from_clause().is_some();
                let of = which(update.where_clause_or_current_of(), update.alias(), is_joined);
                Self::changed(&update.relation_name()?, Change::Update(columns(node), of))
            }
            SyntaxKind::DELETE => {
                let delete = ast::Delete::cast(node.clone())?;
                let is_joined = delete.using_clause().is_some();
                let of = which(delete.where_clause_or_current_of(), delete.alias(), is_joined);
                Self::changed(&delete.relation_name()?, Change::Delete(of))
            }
            _ => None,
        }
    }

    fn changed(name: &ast::RelationName, change: Change) -> Option<Self> {
        let only = name.only_token().is_some();
        Some(Self { name: name.relation_name_ref()?.syntax().clone(), only, changes: vec![change] })
    }

    fn effects(&self, world: &mut World) {
        for change in &self.changes {
            writes(&name_of(&self.name), change, self.only, world);
        }
    }
}

/// Returns how many rows `VALUES` has, if the query is a list of values.
fn values(query: &SyntaxNode) -> Option<u64> {
    let rows = ast::Values::cast(query.clone())?.row_list()?;
    Some(rows.rows().count() as u64)
}

/// Returns the change that `WHEN … THEN` makes to rows of the target.
fn merged(merge: &SyntaxNode, when: &SyntaxNode) -> Option<Change> {
    let looks_at_rows = |node: &SyntaxNode| node.descendants().any(|inner| inner.kind() == SyntaxKind::NAME_REF);
    let mut on = merge.descendants().filter(|inner| inner.kind() == SyntaxKind::ON_CLAUSE);
    let is_all = on.next().is_some_and(|on| !looks_at_rows(&on)) && !looks_at_rows(when);
    let any = || Where::Found(if is_all { Found::All } else { Found::Any });
    when.descendants().find_map(|node| match node.kind() {
        SyntaxKind::MERGE_UPDATE => Some(Change::Update(columns(&node), any())),
        SyntaxKind::MERGE_DELETE => Some(Change::Delete(any())),
        SyntaxKind::MERGE_INSERT => Some(Change::Insert),
        _ => None,
    })
}

fn which(clause: Option<ast::WhereClauseOrCurrentOf>, alias: Option<ast::OptionalAsAlias>, is_joined: bool) -> Where {
    let alias = alias.and_then(|alias| alias.syntax().children().find(|node| node.kind() == SyntaxKind::TABLE_ALIAS));
    match condition::of(clause) {
        Err(found) => Where::Found(found),
        // A column's name could be that of the other table.
        Ok(_) if is_joined => Where::Found(Found::Any),
        Ok(expr) => Where::Condition(expr, alias.iter().map(identifier_of).collect()),
    }
}

/// Returns the columns that an UPDATE sets.
pub(super) fn columns(update: &SyntaxNode) -> Vec<String> {
    let targets = update.descendants().filter(|node| node.kind() == SyntaxKind::COLUMN_TARGET);
    let names = targets.filter_map(|target| target.children().find(|node| node.kind() == SyntaxKind::COLUMN_NAME_REF));
    names.map(|name| identifier_of(&name)).collect()
}

impl Where {
    /// Returns which rows the condition finds in `member` of the table that the statement calls `table`.
    fn found(&self, table: &Name, member: &Name, world: &World) -> Found {
        match self {
            Self::Found(found) => *found,
            Self::Condition(expr, names) => {
                let names: Vec<_> = names.iter().cloned().chain([table.name.clone()]).collect();
                let Some(relation) = world.relation(member) else { return Found::Any };
                condition::found(expr.as_ref(), &names, &relation.columns, &relation.indexes)
            }
        }
    }
}

fn writes(table: &Name, change: &Change, only: bool, world: &mut World) {
    let own = world.resolve(table);
    if through_view(&own, change, world) {
        return;
    }
    let members = match change {
        Change::Insert if world.relation(table).is_some_and(|it| it.kind != RelationKind::Partitioned) => {
            vec![own.clone()]
        }
        _ if only && !matches!(change, Change::Insert) => vec![own.clone()],
        _ => world.family(table),
    };
    // A partitioned table has the key of its partitions. A table that inherits in another way has only keys of its own.
    let is_partitioned = world.relation(table).is_some_and(|relation| relation.kind == RelationKind::Partitioned);
    let found = |member: &Name, world: &World| match change {
        Change::Insert => Found::Few(0),
        Change::Update(_, of) | Change::Delete(of) => {
            of.found(table, if is_partitioned { &own } else { member }, world)
        }
    };
    for member in &members {
        let found = found(member, world);
        match found {
            Found::Few(_) => world.lock(member, Lock::RowExclusive),
            // Whether an index fits is known only to the server. Without one, the statement reads all rows.
            Found::Any | Found::All => world.works(member, Lock::RowExclusive, Work::Scan),
        }
        let fires = world.relation(member).map_or_else(Vec::new, |relation| relation.fires.clone());
        if !fires.is_empty() {
            world.unknown(Unknown::fires(member, &fires));
        }
        let what = match (change, found) {
            (Change::Insert, _) | (_, Found::Few(_)) => continue,
            (Change::Update(..), Found::Any) => What::Update,
            (Change::Update(..), Found::All) => What::UpdateAll,
            (Change::Delete(_), Found::Any) => What::Delete,
            (Change::Delete(_), Found::All) => What::DeleteAll,
        };
        world.changes(member, what);
    }
    world.fills(&members, change.columns());
    // Rows that the same transaction has written are checked again, whichever columns change.
    let is_again = members.iter().any(|member| world.written.contains(member));
    world.written.extend(members.iter().cloned());
    let touches = |names: &[String]| match change {
        Change::Insert => true,
        Change::Update(..) if is_again => true,
        Change::Update(columns, _) => columns.iter().any(|column| names.contains(column)),
        Change::Delete(_) => false,
    };
    let constraints = world.relation(table).map_or_else(Vec::new, |relation| relation.constraints.clone());
    for constraint in constraints.iter().filter(|it| it.kind == 'f' && touches(&it.columns)) {
        if let Some(other) = &constraint.refers_to {
            world.lock(other, Lock::RowShare);
        }
    }
    let columns = match change {
        Change::Insert => return,
        Change::Update(columns, _) => Some(columns.clone()),
        Change::Delete(_) => None,
    };
    // A foreign key to a parent does not cover tables that inherit without being partitions.
    let referred: Vec<_> = if is_partitioned { vec![own.clone()] } else { members };
    for table in referred {
        let rows = match (found(&table, world), world.rows_of(&table)) {
            (Found::Few(few), rows) => Some(rows.map_or(few, |rows| few.min(rows.max(1)))),
            (Found::Any | Found::All, rows) => rows,
        };
        lookup::follow(&table, columns.as_deref(), rows, world);
    }
}

/// Follows a write to a view to the relations that it reads. Returns whether it is a view for which these are known.
fn through_view(view: &Name, change: &Change, world: &mut World) -> bool {
    let Some(relation) = world.relation(view).filter(|relation| relation.kind == RelationKind::View) else {
        return false;
    };
    let (below, fires) = (relation.reads.clone(), relation.fires.clone());
    if below.is_empty() {
        return false;
    }
    // A trigger or a rule of the view may do something else instead.
    if !fires.is_empty() {
        world.unknown(Unknown::fires(view, &fires));
    }
    world.lock(view, Lock::RowExclusive);
    let any = |of: &Where| match of {
        Where::Condition(None, _) | Where::Found(Found::All) => Where::Found(Found::All),
        _ => Where::Found(Found::Any),
    };
    let change = match change {
        Change::Insert => Change::Insert,
        Change::Update(columns, of) => Change::Update(columns.clone(), any(of)),
        Change::Delete(of) => Change::Delete(any(of)),
    };
    for table in below {
        writes(&table, &change, false, world);
    }
    true
}

/// Records the table that SELECT INTO makes.
fn creates(statement: &SyntaxNode, world: &mut World) {
    let Some(into) = statement.descendants().find(|node| node.kind() == SyntaxKind::INTO_CLAUSE) else { return };
    if let Some(name) = into.children().find(|node| node.kind() == SyntaxKind::TABLE_NAME) {
        let name = made(&into, &name_of(&name));
        world.create(&name, RelationKind::Table, Vec::new());
        world.fill(&name);
        world.lock(&name, Lock::AccessExclusive);
    }
}

/// Reads what the query of a new table or view reads: nothing yet, if it is to stay empty.
pub(super) fn made_of(query: Option<&SyntaxNode>, option: Option<&DataOption>, world: &mut World) {
    match (query, option) {
        (Some(query), _) if query.kind() == SyntaxKind::EXECUTE => world.unknown(Unknown::prepared()),
        (Some(query), Some(DataOption::WithNoData(_))) => names(query, world),
        // The query may have a DELETE in its WITH.
        (Some(query), _) => effects(query, world),
        (None, _) => {}
    }
}

/// Locks the relations that an expression names, although it reads no row of them now.
pub(super) fn names(expression: &SyntaxNode, world: &mut World) {
    for name in relations(expression, world) {
        world.lock(&name, Lock::AccessShare);
    }
}

fn relations(node: &SyntaxNode, world: &World) -> Vec<Name> {
    let named = node.descendants().filter(|inner| inner.kind() == SyntaxKind::RELATION_NAME_REF);
    // A name without a relation is one of WITH, or of the system's catalog.
    named.map(|inner| name_of(&inner)).filter(|name| world.relation(name).is_some()).collect()
}

fn reads_besides(statement: &SyntaxNode, targets: &[SyntaxNode], world: &mut World) {
    // FOR UPDATE OF names aliases: count all rows as locked rather than miss one.
    let is_locked = statement.descendants().any(|inner| inner.kind() == SyntaxKind::LOCKING_CLAUSE);
    for inner in statement.descendants().filter(|inner| inner.kind() == SyntaxKind::RELATION_NAME_REF) {
        if targets.contains(&inner) {
            continue;
        }
        let name = name_of(&inner);
        if world.relation(&name).is_none() {
            continue;
        }
        reads(&name, if is_locked { Lock::RowShare } else { Lock::AccessShare }, world);
        if is_locked {
            world.changes(&name, What::LockRows);
        }
    }
    if expression::generates(statement) {
        world.untimed();
    }
}

/// Reads every row of `name` under `lock`; for a view, every row of the relations that it reads.
pub(super) fn reads(name: &Name, lock: Lock, world: &mut World) {
    let Some(relation) = world.relation(name) else { return };
    if relation.kind == RelationKind::View {
        let below = relation.reads.clone();
        if below.is_empty() {
            world.untimed();
        }
        world.lock(name, lock);
        for table in below {
            reads(&table, lock, world);
        }
        return;
    }
    for member in world.family(name) {
        world.works(&member, lock, Work::Scan);
    }
}
