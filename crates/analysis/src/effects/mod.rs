//! Infers from a statement's text and the catalog what it locks, reads and writes.
//!
//! The claim for each form of a statement is checked against PostgreSQL itself: `crates/analysis/forms` has the
//! statements.

mod alter_table;
mod assumed;
mod catalog_only;
mod change;
mod condition;
mod create;
mod data;
mod drop;
pub(crate) mod expression;
mod index;
mod literal;
mod locks;
mod lookup;
mod maintenance;
mod named;
mod refused;
mod runs;
mod sequences;
mod session;
mod triggers;
mod types;
mod unknown;
mod view;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use report::Effect;
use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use crate::catalog::Catalog;
use crate::name::{Name, identifier};

pub use crate::catalog::Named;
pub(crate) use assumed::assume;
pub use change::{Builds, Change, What};
pub use lookup::Lookup;
pub use named::named;
pub(crate) use named::{callee, is_serial, named_in};
pub(crate) use session::{Setting, constant, settings};
pub use unknown::Unknown;
pub use world::World;
pub(crate) use world::{Names, is_temporary, made};

use alter_table::{canonical, is_plain};

impl Effects {
    /// Whether there can be more effects than these.
    pub fn is_opaque(&self) -> bool {
        !self.unknowns.is_empty()
    }
}

/// Why the server will refuse a statement, as a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fails {
    /// The text or the catalog shows it.
    Known(String),
    /// The statistics show it, if they are right.
    ByStatistics(String),
}

/// The effects of a statement on relations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own of the statement")]
pub struct Effects {
    /// The effects, one for each relation, in the order in which the statement names them. Relations of the system's
    /// catalog are left out.
    pub of: Vec<Effect>,
    /// How many indexes are built, by relation.
    pub builds: BTreeMap<String, Builds>,
    /// Relations in which a row is looked up by key for each row of another relation, which is the value.
    pub looked_up: BTreeMap<String, String>,
    /// The lookups of rows that refer to deleted rows, or to rows that get another key.
    pub lookups: Vec<Lookup>,
    /// Relations of which every row is read, but only by those lookups.
    pub only_looked: BTreeSet<String>,
    /// The changes to rows and values that existed before the plan.
    pub changes: Vec<Change>,
    /// What else there can be, and why: the effects of a DO block, a call or a trigger are not known before it runs.
    pub unknowns: Vec<Unknown>,
    /// The tables that are named in a block whose content is not read.
    pub mentions: Vec<String>,
    /// Whether it can take longer than the sizes of the relations suggest.
    pub untimed: bool,
    /// Whether a CHECK may save it all reading: only the server can find out what a CHECK proves.
    pub provable: bool,
    /// Why the server will refuse it; `None` where nothing suggests that.
    pub fails: Option<Fails>,
    /// Whether it drops things with IF EXISTS, and none of them exists.
    pub is_absent: bool,
    /// Whether a column's values change: its new type is another one, or takes fewer values.
    pub converts: bool,
    /// What IF NOT EXISTS finds in the place of what the statement would make, as a clause: then nothing is made.
    pub skips: Option<String>,
}

/// Returns the effects of every statement of `sql`, one after the other, on a database in the state of `catalog`.
pub fn infer(sql: &str, catalog: &Catalog) -> Vec<(Range<usize>, Effects)> {
    let mut world = World::new(catalog.clone());
    let parse = SourceFile::parse(&scan::readable(sql));
    let range = |statement: &ast::Stmt| Range::<usize>::from(statement.syntax().text_range());
    parse.tree().stmts().map(|statement| (range(&statement), of(&statement, &mut world))).collect()
}

/// Returns the effects of `statement` on the `world`, and changes the `world` as the statement would change the
/// database.
pub fn of(statement: &ast::Stmt, world: &mut World) -> Effects {
    world.begin();
    let is_clear = world.knows(statement.syntax());
    if is_clear {
        refused::check(statement, world);
    }
    dispatch(statement, world);
    // The names may stand for other objects than those that the catalog was asked about.
    if !is_clear || !world.knows(statement.syntax()) {
        world.unknown(Unknown::names());
    }
    refused::remember(statement, world);
    world.end()
}

/// Removes what an earlier run of `statement` left when it was cut off, as the next run does: the invalid index.
pub(crate) fn clears(statement: &ast::Stmt, world: &mut World) {
    if let ast::Stmt::CreateIndex(create) = statement {
        index::clears(create, world);
    }
}

/// Whether `statement` reads or writes rows.
pub(crate) fn is_of_rows(statement: &ast::Stmt) -> bool {
    use ast::Stmt;
    matches!(
        statement,
        Stmt::Insert(_)
            | Stmt::Update(_)
            | Stmt::Delete(_)
            | Stmt::Merge(_)
            | Stmt::Select(_)
            | Stmt::CompoundSelect(_)
            | Stmt::ParenSelect(_)
            | Stmt::SelectInto(_)
            | Stmt::Table(_)
            | Stmt::Values(_)
    )
}

fn dispatch(statement: &ast::Stmt, world: &mut World) {
    use ast::Stmt;
    match statement {
        Stmt::AlterTable(it) => alter_table::effects(it, world),
        Stmt::CreateTable(it) => create::table(it, world),
        Stmt::CreateTableAs(it) => create::table_as(it, world),
        Stmt::CreateIndex(it) => index::create(it, world),
        Stmt::DropIndex(it) => index::drop(it, world),
        Stmt::AlterIndex(it) => index::alter(it, world),
        Stmt::Reindex(it) => index::reindex(it, world),
        Stmt::DropTable(it) => drop::tables(it, world),
        Stmt::Truncate(it) => drop::truncate(it, world),
        _ if is_of_rows(statement) => {
            data::effects(statement.syntax(), world);
            session::configured(statement.syntax(), world);
        }
        Stmt::CreateView(it) => view::create(it, world),
        Stmt::DropView(it) => view::drop(it.syntax(), it.drop_behavior().as_ref(), world),
        Stmt::AlterView(it) => view::alter(it.syntax(), world),
        Stmt::CreateMaterializedView(it) => view::create_materialized(it, world),
        Stmt::DropMaterializedView(it) => view::drop(it.syntax(), it.drop_behavior().as_ref(), world),
        Stmt::AlterMaterializedView(it) => view::alter(it.syntax(), world),
        Stmt::Refresh(it) => view::refresh(it, world),
        Stmt::CreateType(_)
        | Stmt::AlterType(_)
        | Stmt::CreateDomain(_)
        | Stmt::AlterDomain(_)
        | Stmt::CreateFunction(_)
        | Stmt::AlterFunction(_)
        | Stmt::CreateProcedure(_) => types::effects(statement, world),
        Stmt::Set(_) | Stmt::Reset(_) | Stmt::Discard(_) | Stmt::Rollback(_) => session::effects(statement, world),
        _ => {
            rest(statement, world);
            // Only the server can list what CASCADE drops beside the named objects.
            let drops = matches!(statement.syntax().first_token(), Some(token) if token.kind() == SyntaxKind::DROP_KW);
            let cascades = || statement.syntax().children().any(|node| node.kind() == SyntaxKind::CASCADE);
            if drops && !world.is_absent() && cascades() {
                world.opaque(Unknown::cascade("it", &[]));
            }
        }
    }
}

/// Infers the effects of a statement about neither tables, indexes, views, types, functions nor rows.
fn rest(statement: &ast::Stmt, world: &mut World) {
    use ast::Stmt;
    match statement {
        Stmt::CreateTrigger(_)
        | Stmt::DropTrigger(_)
        | Stmt::AlterTrigger(_)
        | Stmt::CreateRule(_)
        | Stmt::DropRule(_)
        | Stmt::AlterRule(_)
        | Stmt::CreatePolicy(_)
        | Stmt::AlterPolicy(_)
        | Stmt::DropPolicy(_) => triggers::effects(statement, world),
        Stmt::CreateSequence(_) | Stmt::AlterSequence(_) | Stmt::DropSequence(_) => {
            sequences::effects(statement, world);
        }
        Stmt::Lock(_)
        | Stmt::Analyze(_)
        | Stmt::Vacuum(_)
        | Stmt::Cluster(_)
        | Stmt::CreateStatistics(_)
        | Stmt::AlterStatistics(_)
        | Stmt::DropStatistics(_) => maintenance::effects(statement, world),
        _ if catalog_only::effects(statement, world) => {}
        _ => runs::effects(statement, world),
    }
}

/// Returns the name of a relation or a function that `node` is.
pub(crate) fn name_of(node: &SyntaxNode) -> Name {
    Name::parse(&text(node))
}

/// Returns the name of a column or a constraint that `node` is.
fn identifier_of(node: &SyntaxNode) -> String {
    identifier(&text(node))
}

/// Whether `node` names a table, or another relation with rows.
fn names_table(node: &SyntaxNode) -> bool {
    matches!(node.kind(), SyntaxKind::RELATION_NAME_REF | SyntaxKind::TABLE_NAME_REF)
}

/// Whether `node` contains a node or token of this `kind`.
fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.descendants_with_tokens().any(|element| element.kind() == kind)
}

/// Returns the text of `node` without comments and blanks.
fn text(node: &SyntaxNode) -> String {
    let tokens = node.descendants_with_tokens().filter_map(|element| element.as_token().cloned());
    tokens.filter(|token| !token.kind().is_trivia()).map(|token| token.text().to_owned()).collect()
}
