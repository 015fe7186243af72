//! Tests that every rule finds its bad example and not its good one, and that both run. The list of rules is made from
//! the examples.

mod suggested;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use analysis::plan::{Answers, Pending, Subject, ask_database};
use analysis::rules::{ALL, Rule};
use analysis::squawk;
use report::{Database as Named, Finding, Report, ScriptClass, Source, Verdict};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{Database, run};

const ROWS: u64 = 50_000_000;
const BYTES: u64 = 40 << 30;

fn scripts(sql: &str) -> Vec<&str> {
    sql.split("\n\n").collect()
}

/// Returns the database's answers, with another size for `big`.
async fn answers(session: &mut PgConnection, sql: &str) -> Answers {
    answers_where(session, sql, |name| name == "public.big").await
}

/// Returns the database's answers, with another size for the tables that are to be huge.
async fn answers_where(session: &mut PgConnection, sql: &str, is_huge: impl Fn(&str) -> bool) -> Answers {
    let mut answers = ask_database(session, pending(sql)).await.unwrap();
    for relation in answers.catalog.relations.values_mut().filter(|relation| is_huge(&relation.facts.name)) {
        relation.facts.rows = Some(ROWS);
        relation.facts.bytes = BYTES;
        relation.facts.index_bytes = BYTES / 4;
    }
    answers
}

fn pending(sql: &str) -> Vec<Pending> {
    let is_standalone =
        |script: &str| ["CONCURRENTLY", "VACUUM", "REINDEX SCHEMA"].iter().any(|it| script.contains(it));
    let class = |script: &str| if is_standalone(script) { ScriptClass::Standalone } else { ScriptClass::Transactional };
    let one = |(number, script): (usize, &str)| Pending {
        name: format!("{}_example", number + 1),
        class: class(script),
        sql: format!("{script};\n"),
        resumed: false,
    };
    scripts(sql).into_iter().enumerate().map(one).collect()
}

async fn reported(session: &mut PgConnection, sql: &str) -> Report {
    answers(session, sql).await.report(subject())
}

pub(crate) fn subject() -> Subject {
    Subject {
        digest: "0".repeat(64),
        bundle: None,
        made_at: "2026-01-01T00:00:00Z".into(),
        environment: "dev".into(),
        database: Named {
            instance: "db-X".into(),
            endpoint: "localhost:5432".into(),
            name: "shop".into(),
            schema: "public".into(),
        },
        already_applied: 0,
        warnings: Vec::new(),
    }
}

fn findings(report: &Report) -> impl Iterator<Item = &Finding> {
    report.migrations.iter().flat_map(|migration| &migration.statements).flat_map(|statement| &statement.findings)
}

fn of<'a>(report: &'a Report, rule: &'a Rule) -> impl Iterator<Item = &'a Finding> {
    findings(report).filter(|finding| finding.source == Source::Lockstep && finding.rule == rule.name)
}

#[tokio::test]
async fn every_rule_finds_its_bad_example_and_leaves_its_good_one_alone() {
    let mut wrong = Vec::new();
    let mut page = String::from(
        "# Rules\n\nMade from the examples in `src/rules`, which the tests run on a real PostgreSQL; do not edit. The table \
         `big` is made out to have 50 million rows in 40 GiB.\n",
    );
    for rule in ALL {
        let database = Database::create().await;
        let session = &mut database.session().await;
        let may_grant = format!("GRANT pg_read_all_data TO {} WITH ADMIN OPTION", database.name);
        run(&mut database.superuser().await, &may_grant).await;
        run(session, rule.setup).await;
        let bad = reported(session, rule.bad).await;
        let good = reported(session, rule.good).await;
        match of(&bad, rule).next() {
            Some(found) if found.verdict > Verdict::Safe && bad.verdict >= found.verdict => {
                write_section(&mut page, rule, found, &bad);
            }
            found => wrong.push(format!(
                "{}: bad example: {found:?}, of {:?}",
                rule.name,
                findings(&bad).collect::<Vec<_>>()
            )),
        }
        let found = of(&good, rule).filter(|found| !is_milder(rule, found));
        wrong.extend(found.map(|found| format!("{}: good example: {found:?}", rule.name)));
        // Both run: one on the setup's tables, the other on tables that the setup makes again.
        let done = sqlx::raw_sql(AssertSqlSafe(rule.bad)).execute(&mut *session).await;
        if done.is_err() != ["refused", "replica-identity", "system-catalog"].contains(&rule.name) {
            wrong.push(format!("{}: the bad example: {done:?}", rule.name));
        }
        run(session, "DISCARD ALL").await;
        run(session, "DROP OWNED BY CURRENT_USER CASCADE").await;
        run(session, "CREATE SCHEMA IF NOT EXISTS public").await;
        run(session, rule.setup).await;
        for script in scripts(rule.good) {
            run(session, script).await;
        }
        database.drop().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap_or_default(), page, "set UPDATE=1 to make docs/rules.md anew");
}

/// Whether a good example may have this finding. Only the server can find out what a CHECK proves, so attaching a
/// partition is never called safe.
fn is_milder(rule: &Rule, found: &Finding) -> bool {
    rule.name == "attach-partition" && found.verdict == Verdict::Caution
}

fn write_section(page: &mut String, rule: &Rule, found: &Finding, bad: &Report) {
    let statements = || bad.migrations.iter().flat_map(|migration| &migration.statements);
    let safer = statements().filter_map(|statement| statement.safer.as_ref());
    let safer = safer.map(|safer| safer.migrations.join("\n\n")).find(|sql| !sql.is_empty());
    writeln!(page, "\n## {}\n\n{}\n\n```sql\n{};\n```\n", rule.name, rule.about, rule.bad).unwrap();
    writeln!(page, "**{}**: {}", found.verdict.name(), found.text).unwrap();
    if let Some(help) = &found.help {
        writeln!(page, "\n{help}:").unwrap();
    }
    match safer {
        Some(sql) => writeln!(page, "\n```sql\n{sql}\n```").unwrap(),
        None => writeln!(page, "\nWithout the finding:\n\n```sql\n{};\n```", rule.good).unwrap(),
    }
}

#[tokio::test]
async fn the_same_statement_is_harmless_on_a_small_table() {
    let database = Database::create().await;
    let session = &mut database.session().await;
    run(session, "CREATE TABLE small (a integer); INSERT INTO small VALUES (1)").await;
    let report = reported(session, "ALTER TABLE small ALTER COLUMN a SET NOT NULL").await;
    assert_eq!(report.verdict, Verdict::Safe, "{}", report.why);
}

#[tokio::test]
async fn statements_on_objects_of_the_same_plan_block_no_session() {
    let database = Database::create().await;
    let session = &mut database.session().await;
    let sql = "CREATE TABLE fresh (a integer, b integer);\nCREATE INDEX ON fresh (a);\nINSERT INTO fresh VALUES (1, 2)\n\n\
               ALTER TABLE fresh ALTER COLUMN a SET NOT NULL;\nALTER TABLE fresh DROP COLUMN b";
    let report = reported(session, sql).await;
    assert_eq!(report.verdict, Verdict::Safe, "{}", report.why);
    assert!(report.tables.is_empty());
}

#[tokio::test]
async fn a_check_that_may_prove_the_bounds_makes_attaching_a_caution() {
    let database = Database::create().await;
    let session = &mut database.session().await;
    let setup = "CREATE TABLE parts (id bigint, at date) PARTITION BY RANGE (id);
                 CREATE TABLE big (id bigint, at date, CHECK (id > 0));
                 CREATE TABLE rest PARTITION OF parts DEFAULT;
                 CREATE TABLE days (id bigint, at date) PARTITION BY RANGE (at)";
    run(session, setup).await;
    let by_id = "ALTER TABLE parts ATTACH PARTITION big FOR VALUES FROM (1) TO (100)";
    let by_day = "ALTER TABLE days ATTACH PARTITION big FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')";
    for (statement, verdict, then) in [
        (by_id, Verdict::Danger, "ALTER TABLE big ADD CHECK (id >= 1 AND id < 100 AND id IS NOT NULL)"),
        // The default partition is read too.
        (by_id, Verdict::Danger, "ALTER TABLE rest ADD CONSTRAINT not_there CHECK (NOT (id >= 1 AND id < 100))"),
        (
            by_id,
            Verdict::Caution,
            "ALTER TABLE rest DROP CONSTRAINT not_there, ADD CHECK (id < 1 OR id >= 100) NOT VALID",
        ),
        (
            by_id,
            Verdict::Danger,
            "ALTER TABLE big ADD CHECK (at >= '2026-01-01' AND at < '2026-02-01' AND at IS NOT NULL)",
        ),
        (by_day, Verdict::Caution, ""),
    ] {
        let report = reported(session, statement).await;
        assert_eq!(report.verdict, verdict, "{statement}, before {then}: {}", report.why);
        run(session, then).await;
    }
}

#[tokio::test]
async fn a_column_that_cannot_be_null_fails_where_rows_are_known_to_be() {
    let database = Database::create().await;
    let session = &mut database.session().await;
    run(session, "CREATE TABLE big (a integer); CREATE TABLE empty (a integer)").await;
    run(session, "CREATE TABLE uncounted (a integer); INSERT INTO uncounted VALUES (1)").await;
    for (statement, verdict) in [
        ("ALTER TABLE big ADD COLUMN b integer NOT NULL", Some(Verdict::Danger)),
        ("ALTER TABLE big ADD COLUMN b integer NOT NULL DEFAULT NULL", Some(Verdict::Danger)),
        ("ALTER TABLE uncounted ADD COLUMN b integer PRIMARY KEY", Some(Verdict::Caution)),
        ("ALTER TABLE empty ADD COLUMN b integer NOT NULL", None),
        ("ALTER TABLE big ADD COLUMN IF NOT EXISTS a integer NOT NULL", None),
        ("ALTER TABLE big ADD COLUMN b serial NOT NULL", None),
        ("ALTER TABLE big ADD COLUMN b integer NOT NULL GENERATED ALWAYS AS IDENTITY", None),
    ] {
        let report = reported(session, statement).await;
        let found = findings(&report).find(|finding| finding.rule == "required-column");
        assert_eq!(found.map(|found| found.verdict), verdict, "{statement}");
    }
}

#[tokio::test]
async fn grants_of_more_than_rights_on_tables_are_reported() {
    let database = Database::create().await;
    let session = &mut database.session().await;
    run(session, "CREATE TABLE small (a integer)").await;
    for (statement, rule) in [
        ("GRANT pg_monitor, \"pg_write_all_data\" TO app WITH ADMIN OPTION", Some("powerful-role")),
        ("GRANT rds_superuser TO app", Some("powerful-role")),
        ("GRANT pg_monitor TO app", None),
        ("REVOKE pg_read_all_data FROM app", None),
        ("CREATE ROLE app LOGIN NOSUPERUSER PASSWORD 'superuser'", None),
        ("CREATE ROLE \"superuser\"", None),
        ("CREATE ROLE app IN ROLE pg_monitor, pg_execute_server_program", Some("powerful-role")),
        ("CREATE USER app BypassRLS", Some("powerful-role")),
        ("ALTER ROLE app WITH NOLOGIN SUPERUSER", Some("powerful-role")),
        ("ALTER GROUP pg_read_all_data ADD USER app", Some("powerful-role")),
        ("ALTER GROUP pg_read_all_data DROP USER app", None),
        ("GRANT pg_read_all_data TO PUBLIC", Some("refused")),
        ("GRANT SELECT ON small TO pg_read_all_data", None),
    ] {
        for was_empty in [false, true] {
            let mut answers = answers(session, statement).await;
            answers.catalog.is_empty = was_empty;
            let report = answers.report(subject());
            let ours = findings(&report).filter(|finding| finding.source == Source::Lockstep);
            let found = ours.map(|finding| (finding.rule.as_str(), finding.verdict)).collect::<Vec<_>>();
            let is_told = rule.is_none_or(|rule| found.contains(&(rule, Verdict::Danger)));
            assert!(is_told && found.is_empty() == rule.is_none(), "{statement}: {found:?}");
        }
    }
}

#[tokio::test]
async fn a_lock_is_held_while_later_statements_work() {
    let database = Database::create().await;
    let session = &mut database.session().await;
    run(session, "CREATE TABLE orders (a integer); CREATE TABLE big (a integer)").await;
    let sql = "ALTER TABLE orders ADD COLUMN b integer;\nUPDATE big SET a = 0 WHERE a = 1";
    let report = reported(session, sql).await;
    let blocking = report.migrations[0].blocking.as_ref().unwrap();
    assert!(blocking.readers && blocking.basis.contains("public.orders is locked"), "{blocking:?}");
    assert_eq!(report.migrations[0].verdict, Verdict::Danger, "{}", report.migrations[0].why);
}

#[tokio::test]
async fn what_the_role_may_not_do_is_known_before() {
    let database = Database::create().await;
    database.run("CREATE TABLE theirs (a integer)").await;
    let (mut stranger, _) = database.stranger().await;
    let sql =
        "ALTER TABLE theirs ADD COLUMN b integer;\nCREATE TABLE mine ()\n\nCREATE SCHEMA new;\nCREATE TABLE new.one ()";
    let missing = answers(&mut stranger, sql).await.server.missing_privileges;
    let wanted = [("alter public.theirs", 1), ("public", 2), ("new", 0)];
    for (part, least) in wanted {
        assert!(missing.iter().filter(|clause| clause.contains(part)).count() >= least, "{part}: {missing:?}");
    }
    assert!(!missing.iter().any(|clause| clause.contains("new.")), "{missing:?}");
}

#[test]
fn the_weightier_findings_name_rules_that_exist() {
    for name in report::FAILS.iter().chain(&report::LOSES) {
        assert!(ALL.iter().any(|rule| rule.name == *name), "{name}");
    }
}

#[test]
fn rules_have_names_of_their_own() {
    let names: BTreeSet<_> = ALL.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), ALL.len());
    assert!(squawk::table().lines().count() > 50);
}
