//! Generated scripts, applied. No script is ever applied without its row, recorded without its work, or cut in two by
//! its transaction control.

use engine::history::{History, Migration};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Database, LEDGER, history, run, texts};

#[path = "../properties/soup.rs"]
mod pieces;

/// The table for the scripts' marks, and a ledger that refuses rows with a certain name.
const START: &str = "CREATE TABLE marks (n int); \
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no row for this one'; END $$; \
    CREATE TRIGGER refuse BEFORE INSERT ON _prisma_migrations FOR EACH ROW \
    WHEN (NEW.migration_name LIKE '%refused') EXECUTE FUNCTION refuse()";

#[tokio::test]
async fn no_soup_is_half_applied() {
    let config = Config::default();
    let cases = config.cases;
    let mut runner = TestRunner::new(config);
    let database = Database::create().await;
    let start = history(&[("0", START)]);
    database.migrate(&start).await.unwrap();

    let (mut applied, mut refused_row) = (0, 0);
    let mut looking = database.session().await;
    for number in 0..cases {
        let soup = if number % 3 == 0 { pieces::soup(30).boxed() } else { pieces::statements(5).boxed() };
        let sql = soup.new_tree(&mut runner).unwrap().current();
        let name = format!("1{}", if number % 2 == 0 { "_refused" } else { "" });
        let all =
            History { migrations: vec![start.migrations[0].clone(), Migration::prisma(name, &sql)], ..start.clone() };
        let Ok(plan) = database.plan(&all).await else { continue };
        let approved = engine::apply::Approved { digest: plan.digest, base_rows: plan.base_rows, up_to: None };
        let outcome = database.apply(&all, &approved, "run").await;

        let rows =
            texts(&mut looking, &format!("SELECT migration_name::text FROM {LEDGER} WHERE migration_name <> '0'"))
                .await;
        let marks = texts(&mut looking, "SELECT n::text FROM marks").await;
        let inserts = sql.matches("INSERT INTO marks").count();
        match &outcome {
            Ok(_) => {
                assert_eq!(rows.len(), 1, "{sql:?}");
                assert!(marks.len() <= inserts, "{sql:?}: {marks:?}");
                applied += 1;
            }
            Err(error) => {
                assert!(rows.is_empty() && marks.is_empty(), "{sql:?} left {rows:?} {marks:?} after {error}");
                refused_row += usize::from(error.to_string().contains("could not be recorded"));
            }
        }
        let clean = format!(
            "DELETE FROM {LEDGER} WHERE migration_name <> '0'; TRUNCATE marks; DROP INDEX IF EXISTS i; \
             DROP TABLE IF EXISTS t; DROP PROCEDURE IF EXISTS p(); DROP FUNCTION IF EXISTS f()"
        );
        run(&mut looking, &clean).await;
    }
    eprintln!("{cases} scripts: {applied} applied, {refused_row} undone because their row was refused");
    assert!(applied > 0 && refused_row > 0, "the soup is too thin to show anything");
}
