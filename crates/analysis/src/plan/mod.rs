//! Makes the report on a plan: each pending statement is judged on the database as the earlier ones leave it.

mod answers;
mod busy;
mod held;
mod migration;
mod notes;
mod psql;
mod scripts;
mod text_alone;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use answers::{Answers, ask_database};
use engine::history::{History, Key, Migration};
use engine::plan::{Plan, Planned};
use engine::script::Class;
use engine::session::DatabaseIdentity;
use report::{Database, FORMAT, Live, MigrationReport, Note, Report, ScriptClass, Table, Verdict};
use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::{SyntaxKind, SyntaxNode};
pub use text_alone::report_on_text;

use crate::NoReport;
use crate::catalog::Catalog;
use crate::effects::{self, World};
use crate::name::identifier;
use crate::needs;
use crate::server::Need;
use scripts::Scripts;

/// A pending migration.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its name.
    pub name: String,
    /// How it runs.
    pub class: ScriptClass,
    /// The file's text.
    pub sql: String,
    /// Whether an earlier run was cut off in it. The next run removes or completes what that left.
    pub resumed: bool,
}

impl Pending {
    /// Returns the pending migrations of `plan` with the text of their files in `history`. The text is complete and
    /// unchanged, so that what is judged is what is applied.
    ///
    /// # Errors
    ///
    /// [`NoReport::NoFile`] when the plan is of another history.
    pub fn of_plan(history: &History, plan: &Plan) -> Result<Vec<Self>, NoReport> {
        let files: HashMap<&Key, &Migration> =
            history.migrations.iter().map(|migration| (&migration.key, migration)).collect();
        let of = |(at, planned): (usize, &Planned)| {
            let file = files.get(&planned.key).ok_or(NoReport::NoFile)?;
            Ok(Self {
                name: planned.name.clone(),
                class: class(&planned.script.class),
                sql: file.sql.clone(),
                resumed: plan.resumes && at == 0,
            })
        };
        plan.pending.iter().enumerate().map(of).collect()
    }
}

/// Returns the class of a script, without what the engine needs to run it.
pub fn class(class: &Class) -> ScriptClass {
    match class {
        Class::Transactional => ScriptClass::Transactional,
        Class::Standalone(_) => ScriptClass::Standalone,
    }
}

/// The subject of the report.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The plan's digest.
    pub digest: String,
    /// The digest of the bundle that holds the migrations, if they are in one.
    pub bundle: Option<String>,
    /// When it is made, RFC 3339 in UTC.
    pub made_at: String,
    /// The stack's environment.
    pub environment: String,
    /// The database.
    pub database: Database,
    /// How many migrations are applied already.
    pub already_applied: usize,
    /// The warnings of the plan itself.
    pub warnings: Vec<String>,
}

impl Subject {
    /// Returns the subject of the report on `plan`, which is for the database of that `identity`.
    pub fn of_plan(plan: &Plan, identity: DatabaseIdentity, environment: String, made_at: String) -> Self {
        let DatabaseIdentity { instance, endpoint, database: name, schema, .. } = identity;
        Self {
            digest: plan.digest.clone(),
            bundle: None,
            made_at,
            environment,
            database: Database { instance, endpoint, name, schema },
            already_applied: plan.already_applied,
            warnings: plan.warnings.clone(),
        }
    }
}

/// Returns the report on what the scripts will do to a database in the state of `answers`.
fn report(subject: Subject, answers: Answers) -> Report {
    let Answers { scripts, catalog, server } = answers;
    let mut world = World::new(catalog);
    let mut tables = BTreeMap::new();
    let mut blind = None;
    let migrations: Vec<_> =
        scripts.iter().map(|script| migration::migration(script, &mut world, &mut tables, &mut blind)).collect();
    let mut tables: Vec<Table> = tables.into_values().collect();
    tables.sort_by_key(|table| Reverse(table.bytes + table.index_bytes));
    let last = migrations.iter().rev().find_map(|it| it.statements.last().map(|last| (it.name.as_str(), last.number)));
    let blind = blind.filter(|since| last != Some((since.migration.as_str(), since.statement)));
    let mut notes = notes::of_server(&server);
    notes.extend(notes::of_plan(&subject.warnings, blind.as_ref()));
    let Subject { digest, bundle, made_at, environment, database, already_applied, .. } = subject;
    let live = Live { digest, bundle, environment, database, server };
    concluded(made_at, Some(live), already_applied, migrations, tables, notes)
}

/// Returns the report with the worst verdict of its parts.
fn concluded(
    made_at: String,
    live: Option<Live>,
    already_applied: usize,
    migrations: Vec<MigrationReport>,
    tables: Vec<Table>,
    mut notes: Vec<Note>,
) -> Report {
    notes.sort_by_key(|note| Reverse(note.verdict));
    let worst = worst_first(&migrations, |migration| migration.verdict);
    let worst_note = notes.iter().map(|note| note.verdict).max().unwrap_or(Verdict::Safe);
    let (verdict, why) = match worst {
        Some(migration) if migration.verdict >= worst_note => {
            (migration.verdict, format!("{}: {}", migration.name, migration.why))
        }
        _ => {
            let worst = notes.first().filter(|note| note.verdict > Verdict::Safe);
            (worst_note, worst.map_or_else(|| "Nothing is pending".to_owned(), |note| note.text.clone()))
        }
    };
    Report { format: FORMAT, live, made_at, verdict, why, already_applied, migrations, tables, notes }
}

/// Returns what the role has to be allowed for all of `scripts`.
fn needs(scripts: &Scripts, catalog: &Catalog) -> Vec<Need> {
    let mut world = World::new(catalog.clone());
    let mut found = BTreeSet::new();
    let mut made = BTreeSet::new();
    for script in scripts.iter() {
        world.next_script();
        // Whether the script has changed to another role, whose privileges are not known.
        let mut is_another = false;
        for statement in script.parse.tree().stmts().filter(runs) {
            match &statement {
                ast::Stmt::SetRole(it) => is_another = !has_none(it.syntax()),
                ast::Stmt::SetSessionAuth(_) => is_another = true,
                ast::Stmt::ResetRole(_) | ast::Stmt::ResetSessionAuth(_) => is_another = false,
                ast::Stmt::Select(it) if configures_role(it.syntax()) => is_another = true,
                _ => {}
            }
            if let ast::Stmt::CreateSchema(create) = &statement {
                made.extend(schema(create.syntax()));
            }
            if !is_another {
                found.extend(needs::needs(&statement, &world));
            }
            effects::of(&statement, &mut world);
        }
    }
    // A schema that the plan makes belongs to its role.
    found
        .into_iter()
        .filter(|need| !matches!(need, Need::CreateIn(schema) | Need::Use(schema) if made.contains(schema)))
        .collect()
}

/// Whether a query sets the role by name: `set_config('role', …)`.
fn configures_role(select: &SyntaxNode) -> bool {
    let text = select.text().to_string().to_lowercase();
    text.contains("set_config") && text.contains("'role'")
}

/// Whether SET ROLE says NONE: the script has its own role again.
fn has_none(set: &SyntaxNode) -> bool {
    set.descendants().any(|node| node.kind() == SyntaxKind::SET_ROLE_NONE)
}

/// Returns the first of the worst.
fn worst_first<T, V: Ord>(items: &[T], verdict: impl Fn(&T) -> V) -> Option<&T> {
    // `max_by_key` would return the last.
    items.iter().rev().max_by_key(|item| verdict(item))
}

/// Returns the schema that CREATE SCHEMA makes.
fn schema(create: &SyntaxNode) -> Option<String> {
    let name = create.descendants().find(|node| node.kind() == SyntaxKind::SCHEMA)?;
    Some(identifier(&name.text().to_string()))
}

/// Whether a statement runs: a script's own BEGIN and COMMIT are blanked before.
fn runs(statement: &ast::Stmt) -> bool {
    !matches!(statement.syntax().kind(), SyntaxKind::EMPTY_STMT | SyntaxKind::BEGIN | SyntaxKind::COMMIT_TRANSACTION)
}
