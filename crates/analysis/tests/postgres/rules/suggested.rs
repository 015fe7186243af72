//! Tests that suggested SQL does what the statement does: it runs, and leads to the same schema.

mod cases;

use std::fmt::Write as _;

use analysis::plan::Answers;
use report::{Blocking, Magnitude, Report, Source};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::{answers_where, scripts, subject};
use crate::forms::read;
use crate::support::{Database, run, text};

/// Differences between the two schemas that are unavoidable.
const DIFFERENT: &[(&str, &str)] = &[
    ("column-type", "the column of the new type stands beside the old one until the application has changed over"),
    ("foreign-key-lookup", "the index that it needs is there from then on"),
    ("detach-partition", "CONCURRENTLY leaves a CHECK of the bounds with the partition"),
];

/// A statement on a database.
struct Case {
    name: String,
    setup: String,
    statement: String,
    /// Whether SQL is suggested, if the case tests that.
    suggests: Option<bool>,
}

#[tokio::test]
async fn suggested_sql_does_the_same() {
    let database = Database::create().await;
    let session = &mut database.session().await;
    let major = text(session, "current_setting('server_version_num')::int / 10000").await.parse().unwrap();
    let forms = read::forms(major).into_iter().map(|form| Case {
        name: form.name,
        setup: format!("{}{}", form.setup, form.plan),
        statement: form.statement,
        suggests: None,
    });
    let mut cases: Vec<Case> = forms.chain(cases::cases(major)).collect();
    let only = std::env::var("FORM").unwrap_or_default();
    cases.retain(|case| case.name.contains(&only));
    cases.sort_by(|one, other| one.setup.cmp(&other.setup));
    let mut there = None;
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for case in &cases {
        match tried(case, &mut there, session).await {
            Ok(Some(rule)) => compared += usize::from(!is_different(&rule)),
            Ok(None) => {}
            Err(text) => wrong.push(format!("{}: {}\n{text}", case.name, case.statement)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
    assert!(!only.is_empty() || compared > 60, "{compared} suggestions were compared");
}

async fn set_up(case: &Case, session: &mut PgConnection) {
    run(session, "DROP OWNED BY CURRENT_USER CASCADE").await;
    run(session, &case.setup).await;
}

fn is_different(rule: &str) -> bool {
    DIFFERENT.iter().any(|(name, _)| *name == rule)
}

/// Returns the rule whose suggestion was tried, if there is one. The setup in `there` is not made again for a statement
/// that is only analysed.
async fn tried<'a>(
    case: &'a Case,
    there: &mut Option<&'a str>,
    session: &mut PgConnection,
) -> Result<Option<String>, String> {
    if *there != Some(&case.setup) {
        set_up(case, session).await;
        *there = Some(&case.setup);
    }
    let statement = case.statement.trim_end_matches(';');
    let report = huge(session, statement).await.report(subject());
    let found = suggestion(&report);
    if case.suggests.is_some_and(|suggests| suggests != found.is_some()) {
        return Err(format!("suggested is {found:?}"));
    }
    let Some((rule, sql)) = found else { return Ok(None) };
    if std::env::var_os("SHOW").is_some() {
        eprintln!("-- {}: {statement}\n{sql}\n", case.name);
    }
    blocks_no_session(&rule, &sql, session).await?;
    *there = None;
    execute(session, &case.statement).await.map_err(|error| format!("the statement itself: {error}"))?;
    let asked = schema(session).await;
    set_up(case, session).await;
    for script in scripts(&sql) {
        execute(session, script).await.map_err(|error| format!("{sql}\n{script}\n{error}"))?;
    }
    let suggested = schema(session).await;
    if !is_different(&rule) && asked != suggested {
        return Err(format!("{sql}\n{}", difference(&asked, &suggested)));
    }
    Ok(Some(rule))
}

/// Returns the database's answers, with every table treated as huge.
async fn huge(session: &mut PgConnection, sql: &str) -> Answers {
    answers_where(session, sql, |_| true).await
}

/// Returns the suggestion, and the rule that makes it.
fn suggestion(report: &Report) -> Option<(String, String)> {
    let statements = report.migrations.iter().flat_map(|migration| &migration.statements);
    statements.into_iter().find_map(|statement| {
        let safer = statement.safer.as_ref()?;
        let mut ours = statement.findings.iter().filter(|finding| finding.source == Source::Lockstep);
        let by = ours.find(|finding| finding.help.as_deref() == Some(&*safer.text))?;
        (!safer.migrations.is_empty()).then(|| (by.rule.clone(), safer.migrations.join("\n\n")))
    })
}

/// Checks that nothing in the suggestion blocks another session for more than a moment.
async fn blocks_no_session(rule: &str, sql: &str, session: &mut PgConnection) -> Result<(), String> {
    let report = huge(session, sql.trim_end_matches(';')).await.report(subject());
    let statements = || report.migrations.iter().flat_map(|migration| &migration.statements);
    let waits = |blocking: &Blocking| blocking.how_long > Magnitude::Moment && (blocking.readers || blocking.writers);
    let long = statements().find(|statement| statement.blocking.as_ref().is_some_and(waits));
    let again = statements().find(|statement| statement.findings.iter().any(|finding| finding.rule == rule));
    match long.or(again) {
        Some(statement) => Err(format!("no better: {}\n{}: {}", statement.why, statement.what, sql)),
        None => Ok(()),
    }
}

async fn execute(session: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(session).await.map(drop)
}

/// Returns columns, constraints and indexes, one a line.
async fn schema(session: &mut PgConnection) -> Vec<String> {
    const SCHEMA: &str = "
        WITH own AS (
            SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        )
        SELECT concat_ws(' ', 'relation', oid::regclass, relkind, relpersistence, pg_get_expr(relpartbound, oid), reloptions)
        FROM own WHERE relkind <> 'S'
        UNION ALL
        SELECT concat_ws(' ', 'column', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                         pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attcollation::regcollation)
        FROM own JOIN pg_attribute a ON a.attrelid = own.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE own.relkind IN ('r', 'p', 'v', 'm')
        UNION ALL
        SELECT concat_ws(' ', 'constraint', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated,
                         k.conislocal, k.coninhcount, k.conindid::regclass)
        FROM own JOIN pg_constraint k ON k.conrelid = own.oid
        UNION ALL
        SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indisprimary,
                         i.indimmediate, own.relispartition, own.reltablespace, own.reloptions)
        FROM own JOIN pg_index i ON i.indexrelid = own.oid
        ORDER BY 1";
    let rows = sqlx::raw_sql(SCHEMA).fetch_all(session).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn difference(asked: &[String], suggested: &[String]) -> String {
    let mut text = String::new();
    for line in asked.iter().filter(|line| !suggested.contains(line)) {
        writeln!(text, "- {line}").unwrap();
    }
    for line in suggested.iter().filter(|line| !asked.contains(line)) {
        writeln!(text, "+ {line}").unwrap();
    }
    text
}

#[tokio::test]
async fn the_advice_for_partitioned_tables_ends_without_a_scan() {
    const SETUP: &str = "
        CREATE TABLE other (id bigint PRIMARY KEY);
        INSERT INTO other VALUES (1);
        CREATE TABLE parts (id int NOT NULL, a bigint) PARTITION BY RANGE (id);
        CREATE TABLE part PARTITION OF parts FOR VALUES FROM (1) TO (10);
        INSERT INTO parts VALUES (1, 1);
        CREATE UNIQUE INDEX part_key ON part (id);
        ALTER TABLE part ADD CONSTRAINT part_key UNIQUE USING INDEX part_key;
        ALTER TABLE part ADD CONSTRAINT part_a FOREIGN KEY (a) REFERENCES other NOT VALID;
        ALTER TABLE part VALIDATE CONSTRAINT part_a;";
    const READ: &str = "SELECT sum(seq_scan) FROM pg_stat_xact_user_tables WHERE relname = 'part'";
    let database = Database::create().await;
    database.run(SETUP).await;
    for (last, reads) in [
        ("ALTER TABLE parts ADD UNIQUE (id)", "0"),
        ("ALTER TABLE parts ADD FOREIGN KEY (a) REFERENCES other", "0"),
        // What is measured where something is read.
        ("ALTER TABLE parts ADD FOREIGN KEY (id) REFERENCES other", "1"),
    ] {
        // A session of its own, which has read nothing before.
        let session = &mut database.session().await;
        run(session, &format!("BEGIN; {last}")).await;
        assert_eq!(text(session, READ).await, reads, "{last}");
        run(session, "ROLLBACK").await;
    }
}
