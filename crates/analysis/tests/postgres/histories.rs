//! Real histories from the directory that `CORPORA` names. Each migration is reported on the database as the earlier
//! ones have left it, and then run.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use analysis::plan::{Answers, Pending, ask_database};
use report::{MigrationReport, ScriptClass, Verdict};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::real_histories;
use crate::rules::subject;
use crate::support::{Database, run};

/// Returns the directory of each real history; prints a word and returns `None` where there are none.
fn histories() -> Option<Vec<PathBuf>> {
    let corpora = real_histories::directory()?;
    let inside = |path: PathBuf| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let tools = inside(corpora).filter(|path| path.is_dir());
    let mut histories: Vec<_> = tools.flat_map(inside).collect();
    histories.sort();
    Some(histories)
}

fn pending(scripts: &[String]) -> Vec<Pending> {
    let class =
        |sql: &str| if sql.contains("CONCURRENTLY") { ScriptClass::Standalone } else { ScriptClass::Transactional };
    let one = |(at, sql): (usize, &String)| Pending {
        name: format!("{at}_script"),
        class: class(sql),
        sql: sql.clone(),
        resumed: false,
    };
    scripts.iter().enumerate().map(one).collect()
}

/// Returns the database's answers on the script.
async fn asked(session: &mut PgConnection, sql: &str) -> Answers {
    ask_database(session, pending(&[sql.to_owned()])).await.unwrap()
}

/// Returns the report on a script, with every table as large as `rows` and `bytes` say.
fn judged(mut answers: Answers, rows: u64, bytes: u64) -> MigrationReport {
    answers.catalog.is_empty = false;
    for relation in answers.catalog.relations.values_mut() {
        (relation.facts.rows, relation.facts.bytes, relation.facts.index_bytes) = (Some(rows), bytes, bytes / 4);
    }
    answers.report(subject()).migrations.remove(0)
}

/// How often each verdict is given, and each reason for the worst two.
#[derive(Default)]
struct Tally {
    verdicts: BTreeMap<&'static str, usize>,
    rules: BTreeMap<String, usize>,
}

impl Tally {
    fn count(&mut self, migration: &MigrationReport) {
        *self.verdicts.entry(migration.verdict.name()).or_default() += 1;
        let worst = migration.statements.iter().max_by_key(|statement| statement.verdict);
        let finding = worst.and_then(|statement| statement.findings.first());
        let why = match finding.filter(|finding| finding.verdict == migration.verdict) {
            Some(finding) => format!("{} {}", migration.verdict.name(), finding.rule),
            None => format!("{} together", migration.verdict.name()),
        };
        if migration.verdict > Verdict::Safe {
            *self.rules.entry(why).or_default() += 1;
        }
    }

    fn show(self, of: &str) {
        eprintln!("{of}: {:?}", self.verdicts);
        let mut rules: Vec<_> = self.rules.into_iter().collect();
        rules.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (rule, count) in rules {
            eprintln!("  {count:>5} {rule}");
        }
    }
}

#[tokio::test]
async fn real_histories_are_judged_as_they_run() {
    let Some(histories) = histories() else { return };
    let (mut small, mut large) = (Tally::default(), Tally::default());
    let mut wrong = Vec::new();
    for history in histories {
        let database = Database::create().await;
        // Not every role may create extensions.
        let session = &mut database.superuser().await;
        let all = real_histories::scripts(&history);
        for (at, script) in all.iter().enumerate() {
            let sql = fs::read_to_string(script).unwrap();
            let answers = asked(session, &sql).await;
            let few = judged(answers.clone(), 1_000, 80 << 10);
            let many = judged(answers, 50_000_000, 40 << 30);
            let is_refused = few.statements.iter().flat_map(|it| &it.findings).any(|finding| finding.rule == "refused");
            small.count(&few);
            large.count(&many);
            let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *session).await;
            if let Err(error) = &done {
                eprintln!("{}: {} of {} run: {error}", history.display(), at, all.len());
                break;
            }
            if is_refused {
                wrong.push(format!("{}: {}", script.display(), few.why));
            }
            run(session, "RESET ALL").await;
        }
        database.drop().await;
    }
    small.show("with 1,000 rows in each table");
    large.show("with 50 million rows in each table");
    assert!(wrong.is_empty(), "said to be refused, and run:\n{}", wrong.join("\n"));
}

/// On an empty database no other session has a table to wait for, and no data can be lost.
#[tokio::test]
async fn the_first_run_of_a_real_history_is_safe() {
    let Some(histories) = histories() else { return };
    let mut asks = Vec::new();
    for history in histories {
        let database = Database::create().await;
        let session = &mut database.superuser().await;
        let scripts = real_histories::scripts(&history);
        let texts: Vec<_> = scripts.iter().map(|script| fs::read_to_string(script).unwrap()).collect();
        let all = ask_database(session, pending(&texts)).await.unwrap().report(subject());
        for migration in all.migrations.iter().filter(|migration| migration.verdict > Verdict::Safe) {
            asks.push(format!("{} {}: {}", history.display(), migration.name, migration.why));
        }
        database.drop().await;
    }
    assert!(asks.is_empty(), "not safe on an empty database:\n{}", asks.join("\n"));
}
