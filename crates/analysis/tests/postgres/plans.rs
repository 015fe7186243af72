//! Tests the reports on plans of several statements: `crates/analysis/plans` has the plans.
//!
//! A plan is a setup and migrations. After each statement comes what is expected of it, and after each migration's line
//! what is expected of the whole migration. Every relation with `big` in its name is treated as if it had 50 million
//! rows in 40 GiB, one with `million` in it as if it had 1.5 million rows in 150 MiB.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use analysis::plan::{Answers, Pending, ask_database};
use report::{MigrationReport, ScriptClass, StatementReport, Verdict};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::rules::subject;
use crate::support::{Database, run};

const ROWS: u64 = 50_000_000;
const BYTES: u64 = 40 << 30;

/// The number of rows of a table that is not so large.
const SOME_ROWS: u64 = 1_500_000;
const SOME_BYTES: u64 = 150 << 20;

#[derive(Debug, Default)]
struct Plan {
    title: String,
    setup: String,
    migrations: Vec<Expected>,
}

#[derive(Debug, Default)]
struct Expected {
    verdict: String,
    sql: String,
}

impl Expected {
    fn is_standalone(&self) -> bool {
        ["INDEX CONCURRENTLY", "VACUUM", "REINDEX SCHEMA", "CLUSTER;"].iter().any(|word| self.sql.contains(word))
    }

    /// Whether the server is expected to refuse it.
    fn is_refused(&self) -> bool {
        self.sql.contains("-- danger refused") || self.sql.contains("-- danger required-column")
    }
}

fn plans(file: &Path) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for line in fs::read_to_string(file).unwrap().lines() {
        if let Some(title) = line.strip_prefix("-- plan: ") {
            plans.push(Plan { title: title.to_owned(), ..Plan::default() });
        } else if let Some(verdict) = line.strip_prefix("-- migration: ") {
            let migration = Expected { verdict: verdict.to_owned(), sql: String::new() };
            plans.last_mut().unwrap().migrations.push(migration);
        } else if let Some(plan) = plans.last_mut() {
            let part = plan.migrations.last_mut().map_or(&mut plan.setup, |migration| &mut migration.sql);
            writeln!(part, "{line}").unwrap();
        }
    }
    plans
}

async fn answers(session: &mut PgConnection, plan: &Plan) -> Answers {
    let pending = plan.migrations.iter().enumerate().map(|(at, one)| pending(at, one)).collect();
    let mut answers = ask_database(session, pending).await.unwrap();
    for relation in answers.catalog.relations.values_mut() {
        let made_out = [("big", ROWS, BYTES), ("million", SOME_ROWS, SOME_BYTES)];
        if let Some((_, rows, bytes)) = made_out.into_iter().find(|(name, ..)| relation.facts.name.contains(name)) {
            relation.facts.rows = Some(rows);
            relation.facts.bytes = bytes;
            relation.facts.index_bytes = bytes / 4;
        } else if relation.facts.rows.is_none() {
            // The rows are not counted yet, as in every new database.
            relation.facts.rows = Some(0);
        }
    }
    answers
}

/// Returns the statement's verdict, and the rule that gives it.
fn said(statement: &StatementReport) -> String {
    match statement.findings.first().filter(|finding| finding.verdict == statement.verdict) {
        Some(finding) if statement.verdict > Verdict::Safe => format!("{} {}", statement.verdict.name(), finding.rule),
        _ => statement.verdict.name().to_owned(),
    }
}

/// Returns how `migration` differs from what is expected.
fn differences(expected: &Expected, migration: &MigrationReport) -> Vec<String> {
    let mut found = Vec::new();
    if migration.verdict.name() != expected.verdict {
        found.push(format!("  {} instead of {}: {}", migration.verdict.name(), expected.verdict, migration.why));
    }
    for statement in &migration.statements {
        let line = expected.sql.lines().nth(statement.last_line - 1).unwrap();
        let wanted = line.rsplit_once("-- ").map_or("nothing", |(_, wanted)| wanted);
        if said(statement) != wanted {
            found.push(format!("  {} instead of {wanted}: {}\n    {}", said(statement), statement.what, statement.why));
        }
    }
    found
}

/// Runs the migration as the engine would, and returns how that differs from what is expected.
async fn runs(session: &mut PgConnection, expected: &Expected) -> Option<String> {
    let sql =
        if expected.is_standalone() { expected.sql.clone() } else { format!("BEGIN; {}\n; COMMIT", expected.sql) };
    let error = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *session).await.err();
    run(session, "ROLLBACK").await;
    run(session, "DISCARD ALL").await;
    match (error, expected.is_refused()) {
        (Some(error), false) => Some(format!("  it does not run: {error}")),
        (None, true) => Some("  it runs, and was said to be refused".to_owned()),
        _ => None,
    }
}

#[tokio::test]
async fn every_plan_is_judged_as_it_should_be() {
    let mut files: Vec<PathBuf> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("plans"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut wrong = Vec::new();
    let plans: Vec<_> = files.iter().flat_map(|file| plans(file)).collect();
    assert!(plans.len() > 50, "{} plans were read", plans.len());
    // To work on some of the plans only.
    let only = std::env::var("PLAN").unwrap_or_default();
    let database = Database::create().await;
    let session = &mut database.session().await;
    // On RDS, too, not every role may set this parameter.
    let may_set = format!("GRANT SET ON PARAMETER session_replication_role TO {}", database.name);
    run(&mut database.superuser().await, &may_set).await;
    let may_grant = format!("GRANT pg_read_all_data TO {} WITH ADMIN OPTION", database.name);
    run(&mut database.superuser().await, &may_grant).await;
    for plan in plans.iter().filter(|plan| plan.title.contains(&only)) {
        run(session, &plan.setup).await;
        let report = answers(session, plan).await.report(subject());
        let mut found = Vec::new();
        for (expected, migration) in plan.migrations.iter().zip(&report.migrations) {
            found.extend(differences(expected, migration));
            found.extend(runs(session, expected).await);
        }
        if !found.is_empty() {
            wrong.push(format!("{}:\n{}", plan.title, found.join("\n")));
        }
        run(session, "DROP OWNED BY CURRENT_USER CASCADE").await;
        run(session, "CREATE SCHEMA IF NOT EXISTS public").await;
    }
    assert!(wrong.is_empty(), "{} of {} plans:\n\n{}", wrong.len(), plans.len(), wrong.join("\n\n"));
}

fn pending(at: usize, expected: &Expected) -> Pending {
    Pending {
        name: format!("{}_example", at + 1),
        class: if expected.is_standalone() { ScriptClass::Standalone } else { ScriptClass::Transactional },
        sql: expected.sql.clone(),
        resumed: false,
    }
}
