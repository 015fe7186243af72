//! Statements beside tables, indexes and rows: triggers, rules, policies, comments, sequences, types, maintenance.

use report::{Lock, Work};
use squawk_syntax::ast::{self, AstNode as _, CommentObject, Stmt};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::named::{mentioned, routine, table_of_column};
use super::world::{Names, World};
use super::{Unknown, data, has, name_of, names_table, text};
use crate::catalog::Kind;
use crate::name::{Name, identifier, quoted};

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::CreateTrigger(it) => {
            let table = it.on_relation().map(|on| on.syntax().clone());
            family(table.clone(), Lock::ShareRowExclusive, world);
            on(it.from_table().map(|from| from.syntax().clone()), Lock::AccessShare, world);
            let name = it.trigger().map(|name| identifier(&text(name.syntax()))).unwrap_or_default();
            fires(table, &format!("the trigger {}", quoted(&name)), world);
        }
        Stmt::DropTrigger(it) => family(it.on_relation().map(|on| on.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::AlterTrigger(it) => on(Some(it.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::CreateRule(it) => {
            let table = it.rule_on().map(|on| on.syntax().clone());
            on(table.clone(), Lock::AccessExclusive, world);
            fires(table, "the rule", world);
        }
        Stmt::DropRule(it) => on(it.on_relation().map(|on| on.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::AlterRule(it) => on(Some(it.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::CreatePolicy(it) => {
            data::names(it.syntax(), world);
            on(it.on_table().map(|on| on.syntax().clone()), Lock::AccessExclusive, world);
        }
        Stmt::AlterPolicy(it) => {
            data::names(it.syntax(), world);
            on(it.on_table().map(|on| on.syntax().clone()), Lock::AccessExclusive, world);
        }
        Stmt::DropPolicy(it) => on(it.on_table().map(|on| on.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::CreateStatistics(it) => {
            on(it.from_table().map(|from| from.syntax().clone()), Lock::ShareUpdateExclusive, world);
        }
        Stmt::AlterForeignTable(it) => on(Some(it.syntax().clone()), Lock::AccessExclusive, world),
        Stmt::DropForeignTable(it) => {
            for name in it.syntax().descendants().filter(names_table).map(|node| name_of(&node)).collect::<Vec<_>>() {
                world.lock(&name, Lock::AccessExclusive);
                world.remove(&name);
            }
        }
        Stmt::CommentOn(it) => comment(it, world),
        Stmt::Lock(it) => lock(it, world),
        Stmt::Analyze(it) => maintenance(it.syntax(), Lock::ShareUpdateExclusive, None, world),
        Stmt::Vacuum(it) => vacuum(it, world),
        Stmt::Cluster(it) => maintenance(it.syntax(), Lock::AccessExclusive, Some(Work::Rewrite), world),
        Stmt::CreateSequence(it) => sequence(it.syntax(), None, world),
        Stmt::AlterSequence(it) => sequence(it.syntax(), Some(Lock::ShareRowExclusive), world),
        Stmt::DropSequence(it) => {
            sequence(it.syntax(), Some(Lock::AccessExclusive), world);
            let names = it.syntax().descendants().filter(|node| node.kind() == SyntaxKind::SEQUENCE_REF);
            for name in names.map(|node| name_of(&node)).collect::<Vec<_>>() {
                world.remove(&name);
            }
        }
        // Which tables they are of, the text does not say.
        Stmt::DropStatistics(_) | Stmt::AlterStatistics(_) => world.opaque(Unknown::which("table")),
        // From 18 on what is granted on is locked too, as readers do.
        Stmt::Grant(it) if world.version >= 180_000 => each(it.syntax(), Lock::AccessShare, world),
        Stmt::Revoke(it) if world.version >= 180_000 => each(it.syntax(), Lock::AccessShare, world),
        Stmt::CreatePublication(it) => each(it.syntax(), Lock::ShareUpdateExclusive, world),
        Stmt::AlterPublication(it) => each(it.syntax(), Lock::ShareUpdateExclusive, world),
        Stmt::Do(it) => {
            world.unknown(Unknown::block());
            for name in mentioned(it.syntax()) {
                world.mentions(&name);
            }
        }
        // With what it is to hold at once.
        Stmt::CreateSchema(it) if it.syntax().children().any(|child| Stmt::can_cast(child.kind())) => {
            world.unknown(Unknown::statement());
        }
        Stmt::DropType(it) => {
            // Its name is free for a table then.
            for name in it.type_name_refs().map(|name| name_of(name.syntax())).collect::<Vec<_>>() {
                world.remove(&name);
            }
        }
        Stmt::Explain(it) => explain(it, world),
        // Whenever it is executed: that it is, is likely.
        Stmt::Prepare(it) => data::effects(it.syntax(), world),
        Stmt::Declare(it) => data::effects(it.syntax(), world),
        // Whoever is called by it has another name from now on.
        Stmt::AlterSchema(it) if has(it.syntax(), SyntaxKind::RENAME_KW) => world.trusts(Names::Nothing),
        _ if is_of_the_catalog_alone(statement) => {}
        Stmt::CreateExtension(it) => extension(it.extension().map(|it| it.syntax().clone()), world),
        Stmt::AlterExtension(it) => {
            let name = it.syntax().descendants().find(|node| node.kind() == SyntaxKind::EXTENSION_REF);
            extension(name, world);
        }
        Stmt::Call(it) => match it.procedure_name_ref() {
            Some(name) => world.unknown(Unknown::procedure(&name_of(name.syntax()))),
            None => world.unknown(Unknown::statement()),
        },
        Stmt::Execute(_) => world.unknown(Unknown::prepared()),
        _ => world.unknown(Unknown::statement()),
    }
    // Whatever else goes, only the server can list.
    let drops = matches!(statement.syntax().first_token(), Some(token) if token.kind() == SyntaxKind::DROP_KW);
    if drops && !world.is_absent() && statement.syntax().children().any(|node| node.kind() == SyntaxKind::CASCADE) {
        world.opaque(Unknown::cascade("it", &[]));
    }
}

/// Extensions whose scripts make objects of their own, and touch nothing else.
const OF_OWN: [&str; 18] = [
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "ltree",
    "pg_stat_statements",
    "pg_trgm",
    "pgcrypto",
    "plpgsql",
    "postgres_fdw",
    "unaccent",
    "uuid-ossp",
    "vector",
];

fn extension(name: Option<SyntaxNode>, world: &mut World) {
    let name = name.map(|name| identifier(&text(&name))).unwrap_or_default();
    if OF_OWN.contains(&name.as_str()) {
        world.is_extended = true;
        return;
    }
    world.unknown(Unknown::extension(&quoted(&name)));
}

/// Whether a statement changes the catalog alone, or the session, and nobody's table is locked for it.
fn is_of_the_catalog_alone(statement: &Stmt) -> bool {
    matches!(
        statement,
        Stmt::AlterAggregate(_)
            | Stmt::AlterCollation(_)
            | Stmt::AlterConversion(_)
            | Stmt::AlterDatabase(_)
            | Stmt::AlterDefaultPrivileges(_)
            | Stmt::AlterEventTrigger(_)
            | Stmt::AlterForeignDataWrapper(_)
            | Stmt::AlterGroup(_)
            | Stmt::AlterLanguage(_)
            | Stmt::AlterLargeObject(_)
            | Stmt::AlterOperator(_)
            | Stmt::AlterOperatorClass(_)
            | Stmt::AlterOperatorFamily(_)
            | Stmt::AlterProcedure(_)
            | Stmt::AlterRole(_)
            | Stmt::AlterRoutine(_)
            | Stmt::AlterSchema(_)
            | Stmt::AlterServer(_)
            | Stmt::AlterTablespace(_)
            | Stmt::AlterTextSearchConfiguration(_)
            | Stmt::AlterTextSearchDictionary(_)
            | Stmt::AlterTextSearchParser(_)
            | Stmt::AlterTextSearchTemplate(_)
            | Stmt::AlterUser(_)
            | Stmt::AlterUserMapping(_)
            | Stmt::Begin(_)
            | Stmt::Close(_)
            | Stmt::Commit(_)
            | Stmt::CreateAccessMethod(_)
            | Stmt::CreateAggregate(_)
            | Stmt::CreateCast(_)
            | Stmt::CreateCollation(_)
            | Stmt::CreateConversion(_)
            | Stmt::CreateForeignDataWrapper(_)
            | Stmt::CreateForeignTable(_)
            | Stmt::CreateGroup(_)
            | Stmt::CreateLanguage(_)
            | Stmt::CreateOperator(_)
            | Stmt::CreateOperatorClass(_)
            | Stmt::CreateOperatorFamily(_)
            | Stmt::CreateRole(_)
            | Stmt::CreateSchema(_)
            | Stmt::CreateServer(_)
            | Stmt::CreateTextSearchConfiguration(_)
            | Stmt::CreateTextSearchDictionary(_)
            | Stmt::CreateTextSearchParser(_)
            | Stmt::CreateTextSearchTemplate(_)
            | Stmt::CreateTransform(_)
            | Stmt::CreateUser(_)
            | Stmt::CreateUserMapping(_)
            | Stmt::Deallocate(_)
            | Stmt::DropAccessMethod(_)
            | Stmt::DropAggregate(_)
            | Stmt::DropCast(_)
            | Stmt::DropCollation(_)
            | Stmt::DropConversion(_)
            | Stmt::DropDomain(_)
            | Stmt::DropEventTrigger(_)
            | Stmt::DropForeignDataWrapper(_)
            | Stmt::DropFunction(_)
            | Stmt::DropGroup(_)
            | Stmt::DropLanguage(_)
            | Stmt::DropOperator(_)
            | Stmt::DropOperatorClass(_)
            | Stmt::DropOperatorFamily(_)
            | Stmt::DropProcedure(_)
            | Stmt::DropPublication(_)
            | Stmt::DropRole(_)
            | Stmt::DropRoutine(_)
            | Stmt::DropSchema(_)
            | Stmt::DropServer(_)
            | Stmt::DropTextSearchConfig(_)
            | Stmt::DropTextSearchDict(_)
            | Stmt::DropTextSearchParser(_)
            | Stmt::DropTextSearchTemplate(_)
            | Stmt::DropTransform(_)
            | Stmt::DropUser(_)
            | Stmt::DropUserMapping(_)
            | Stmt::EmptyStmt(_)
            | Stmt::Grant(_)
            | Stmt::Listen(_)
            | Stmt::Notify(_)
            | Stmt::ReleaseSavepoint(_)
            | Stmt::ResetRole(_)
            | Stmt::ResetSessionAuth(_)
            | Stmt::Revoke(_)
            | Stmt::SavepointCreate(_)
            | Stmt::SecurityLabel(_)
            | Stmt::SetConstraints(_)
            | Stmt::SetRole(_)
            | Stmt::SetSessionAuth(_)
            | Stmt::SetTransaction(_)
            | Stmt::Show(_)
            | Stmt::Unlisten(_)
    )
}

/// The rows of the table that `node` names set something off from now on.
fn fires(node: Option<SyntaxNode>, by: &str, world: &mut World) {
    let name = node.and_then(|node| node.descendants().find(names_table));
    if let Some(relation) = name.and_then(|name| world.relation_mut(&name_of(&name))) {
        relation.fires.push(by.to_owned());
    }
}

/// With ANALYZE it runs what it explains.
fn explain(explain: &ast::Explain, world: &mut World) {
    let Some(inner) = explain.explain_stmt().map(|inner| inner.syntax().clone()) else {
        return world.unknown(Unknown::statement());
    };
    let before_it = explain.syntax().descendants_with_tokens();
    let mut before_it = before_it.take_while(|element| element.text_range().start() < inner.text_range().start());
    let runs = before_it.any(|element| matches!(element.kind(), SyntaxKind::ANALYZE_KW | SyntaxKind::ANALYSE_KW));
    match Stmt::cast(inner.clone()) {
        Some(statement) if runs => super::dispatch(&statement, world),
        _ => world.only_locks(|world| data::effects(&inner, world)),
    }
}

/// The relation that `node` names first.
fn on(node: Option<SyntaxNode>, lock: Lock, world: &mut World) {
    let name = node.and_then(|node| node.descendants().find(names_table));
    if let Some(name) = name.map(|node| name_of(&node))
        && world.relation(&name).is_some()
    {
        world.lock(&name, lock);
    }
}

/// The same for what inherits from it, or is a partition of it.
fn family(node: Option<SyntaxNode>, lock: Lock, world: &mut World) {
    let name = node.and_then(|node| node.descendants().find(|inner| inner.kind() == SyntaxKind::RELATION_NAME_REF));
    if let Some(name) = name.map(|node| name_of(&node))
        && let Some(kind) = world.relation(&name).map(|relation| relation.kind)
    {
        let members = if kind == Kind::Partitioned { world.family(&name) } else { vec![name] };
        for member in &members {
            world.lock(member, lock);
        }
    }
}

/// Sequences that are made, or locked, and the table that one belongs to from now on.
fn sequence(node: &SyntaxNode, lock: Option<Lock>, world: &mut World) {
    let renames = has(node, SyntaxKind::RENAME_KW);
    let written = node.descendants().find(|inner| inner.kind() == SyntaxKind::SEQUENCE_REF).map(|node| name_of(&node));
    let to = written.as_ref().map(|written| world.resolve(written)).and_then(|from| called_then(node, &from));
    for inner in node.descendants() {
        let name = name_of(&inner);
        match (inner.kind(), lock) {
            (SyntaxKind::SEQUENCE_REF, Some(lock)) if world.relation(&name).is_some() => {
                world.lock(&name, if renames { Lock::AccessExclusive } else { lock });
            }
            (SyntaxKind::SEQUENCE, None) if world.relation(&name).is_none() => {
                world.create(&name, Kind::Sequence, Vec::new());
            }
            (SyntaxKind::QUALIFIED_COLUMN_NAME_REF, _) => {
                if let Some(table) = table_of_column(&inner) {
                    world.lock(&table, Lock::AccessShare);
                }
            }
            _ => {}
        }
    }
    if let (Some(from), Some(to)) = (written, to) {
        world.rename(&from, &to);
    }
}

/// What a sequence is called from now on, if that changes.
fn called_then(alter: &SyntaxNode, from: &Name) -> Option<Name> {
    let named = |kind| alter.descendants().find(|node| node.kind() == kind).map(|node| name_of(&node).name);
    match (named(SyntaxKind::SEQUENCE), named(SyntaxKind::SCHEMA_REF)) {
        (Some(name), _) => Some(from.renamed(name)),
        (None, Some(schema)) => Some(Name { schema: Some(schema), name: from.name.clone() }),
        (None, None) => None,
    }
}

/// The server tries what is written in SQL, without running it: it locks as if it did.
pub(super) fn body(function: &SyntaxNode, world: &mut World) {
    let Some(inner) = routine(function) else { return };
    let parse = SourceFile::parse(&scan::readable(&inner));
    for statement in parse.tree().stmts() {
        world.only_locks(|world| data::effects(statement.syntax(), world));
    }
}

/// Every relation that `node` names.
fn each(node: &SyntaxNode, lock: Lock, world: &mut World) {
    for name in node.descendants().filter(names_table).map(|node| name_of(&node)).collect::<Vec<_>>() {
        for member in world.family(&name) {
            world.lock(&member, lock);
        }
    }
}

fn comment(comment: &ast::CommentOn, world: &mut World) {
    let named = |node: &SyntaxNode, kinds: &[SyntaxKind]| {
        node.descendants().find(|inner| kinds.contains(&inner.kind())).map(|node| name_of(&node))
    };
    // What belongs to a table is no more than looked up there.
    let lock = match comment.comment_object() {
        Some(
            CommentObject::ObjectConstraint(_)
            | CommentObject::ObjectTrigger(_)
            | CommentObject::ObjectRule(_)
            | CommentObject::ObjectPolicy(_),
        ) => Lock::AccessShare,
        _ => Lock::ShareUpdateExclusive,
    };
    let relation = match comment.comment_object() {
        Some(CommentObject::ObjectColumn(it)) => it
            .syntax()
            .descendants()
            .find(|node| node.kind() == SyntaxKind::QUALIFIED_COLUMN_NAME_REF)
            .and_then(|node| table_of_column(&node)),
        Some(object) => named(
            object.syntax(),
            &[
                SyntaxKind::TABLE_NAME_REF,
                SyntaxKind::RELATION_NAME_REF,
                SyntaxKind::VIEW_REF,
                SyntaxKind::INDEX_REF,
                SyntaxKind::SEQUENCE_REF,
            ],
        ),
        None => None,
    };
    if let Some(name) = relation
        && world.relation(&name).is_some()
    {
        world.lock(&name, lock);
    }
}

fn lock(lock: &ast::Lock, world: &mut World) {
    let words = lock.lock_mode_clause().map(|mode| text(mode.syntax()).to_uppercase()).unwrap_or_default();
    let mode = Lock::ALL.into_iter().find(|known| words == format!("IN{}MODE", known.name().replace(' ', "")));
    let mode = mode.unwrap_or(Lock::AccessExclusive);
    each(lock.syntax(), mode, world);
    // With a view go the tables that it reads.
    let views = lock.syntax().descendants().filter(names_table).map(|node| name_of(&node));
    let below = views.filter_map(|view| world.relation(&view)).filter(|relation| relation.kind == Kind::View);
    for table in below.flat_map(|view| view.reads.clone()).collect::<Vec<_>>() {
        for member in world.family(&table) {
            world.lock(&member, mode);
        }
    }
}

fn vacuum(vacuum: &ast::Vacuum, world: &mut World) {
    let is_full = has(vacuum.syntax(), SyntaxKind::FULL_KW);
    let (lock, work) =
        if is_full { (Lock::AccessExclusive, Work::Rewrite) } else { (Lock::ShareUpdateExclusive, Work::Scan) };
    maintenance(vacuum.syntax(), lock, Some(work), world);
}

/// Of the tables that `node` names; of all, if it names none.
fn maintenance(node: &SyntaxNode, lock: Lock, work: Option<Work>, world: &mut World) {
    let names: Vec<_> = node.descendants().filter(names_table).map(|node| name_of(&node)).collect();
    if names.is_empty() {
        // All that the role may, one after the other: nobody minds, unless each is written anew.
        if work == Some(Work::Rewrite) {
            world.unknown(Unknown::which("tables"));
        }
        return;
    }
    for member in names.iter().flat_map(|name| world.family(name)).collect::<Vec<_>>() {
        match work {
            Some(work) => world.works(&member, lock, work),
            None => world.lock(&member, lock),
        }
    }
}
