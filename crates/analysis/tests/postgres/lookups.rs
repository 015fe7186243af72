//! Tests how often a table is read for rows that refer to others: as often as predicted, and never as a whole if there
//! is an index.

use std::fmt::Write as _;

use analysis::catalog::ask_catalog;
use analysis::effects::{infer, named};
use sqlx::PgConnection;

use crate::support::{Database, asked, run, text};

/// Twenty rows without references to them, and three to which rows of `child` refer.
const SETUP: &str = "
    CREATE TABLE parent (id bigint PRIMARY KEY, a integer, UNIQUE (a));
    INSERT INTO parent SELECT n, n FROM generate_series(1, 23) n;
    CREATE TABLE child (id bigint PRIMARY KEY, parent bigint);
    INSERT INTO child SELECT n, 21 + n % 3 FROM generate_series(1, 20000) n;
    CREATE TABLE tree (id bigint PRIMARY KEY, above bigint REFERENCES tree (id));
    INSERT INTO tree SELECT n, n FROM generate_series(1, 20) n;
    INSERT INTO tree SELECT n, 21 FROM generate_series(21, 20000) n;
    CREATE TABLE parts (id bigint, parent bigint REFERENCES parent (id)) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10000);
    CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10000) TO (20001);
    INSERT INTO parts SELECT n, 21 FROM generate_series(1, 20000) n;
    ANALYZE";

struct Case {
    /// The foreign key's actions.
    actions: &'static str,
    statement: &'static str,
    /// The table in which rows are looked up.
    table: &'static str,
    /// How many rows change to which that table may refer.
    rows: u64,
}

const fn case(actions: &'static str, statement: &'static str, table: &'static str, rows: u64) -> Case {
    Case { actions, statement, table, rows }
}

const CASES: [Case; 12] = [
    case("", "DELETE FROM parent WHERE id = 1", "child", 1),
    case("", "DELETE FROM parent WHERE id IN (1, 2, 3, 4, 5)", "child", 5),
    case("", "DELETE FROM parent WHERE id BETWEEN 1 AND 20", "child", 20),
    case("ON DELETE RESTRICT", "DELETE FROM parent WHERE id BETWEEN 1 AND 20", "child", 20),
    case("ON DELETE CASCADE", "DELETE FROM parent WHERE id IN (1, 22)", "child", 2),
    case("ON DELETE SET NULL", "DELETE FROM parent WHERE id IN (1, 2, 22)", "child", 3),
    case("ON UPDATE CASCADE", "UPDATE parent SET id = id + 100 WHERE id IN (1, 22)", "child", 2),
    case("", "UPDATE parent SET id = id + 100 WHERE id IN (1, 2)", "child", 2),
    case("ON UPDATE CASCADE", "UPDATE parent SET a = a + 100 WHERE id IN (1, 22)", "child", 0),
    case("", "DELETE FROM tree WHERE id BETWEEN 1 AND 20", "tree", 20),
    case("", "DELETE FROM parent WHERE id IN (1, 2, 3)", "part_1", 3),
    case("", "DELETE FROM parent WHERE id IN (1, 2, 3)", "part_2", 3),
];

/// Returns the prediction for the table: how often all of it is read, and how often an index is used.
async fn said(session: &mut PgConnection, case: &Case) -> (u64, u64) {
    let relations: Vec<_> = named(case.statement).relations.into_iter().collect();
    let catalog = ask_catalog(session, &asked(&relations, &[], &[])).await.unwrap();
    let [(_, effects)] = &infer(case.statement, &catalog)[..] else { panic!("one statement: {}", case.statement) };
    let (mut scans, mut finds) = (0, 0);
    let table = format!("public.{}", case.table);
    for lookup in &effects.lookups {
        let times = lookup.times.unwrap();
        if lookup.unindexed.contains(&table) {
            scans += times;
        } else if lookup.relation == table || lookup.relation == "public.parts" && case.table.starts_with("part_") {
            finds += times;
        }
    }
    (scans, finds)
}

/// Returns how often the statement reads all of the table.
async fn scans(session: &mut PgConnection, case: &Case) -> u64 {
    run(session, &format!("BEGIN; {}", case.statement)).await;
    let count = format!("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = '{}'", case.table);
    let scans = text(session, &count).await.parse().unwrap();
    run(session, "ROLLBACK").await;
    scans
}

#[tokio::test]
async fn each_deleted_row_is_a_scan_without_an_index_and_none_with_one() {
    let database = Database::create().await;
    database.run(SETUP).await;
    let mut wrong = String::new();
    for case in &CASES {
        let key = format!("ALTER TABLE child ADD CONSTRAINT k FOREIGN KEY (parent) REFERENCES parent {}", case.actions);
        database.run(&key).await;
        for (index, wanted) in [(None, (case.rows, 0)), (Some("CREATE INDEX i"), (0, case.rows))] {
            let column = if case.table == "tree" { "above" } else { "parent" };
            if let Some(index) = index {
                database.run(&format!("{index} ON {} ({column}); ANALYZE {}", case.table, case.table)).await;
            }
            // A session of its own, which has counted nothing before.
            let session = &mut database.session().await;
            let (said, done) = (said(session, case).await, scans(session, case).await);
            if said != wanted || done != wanted.0 {
                writeln!(wrong, "{} {}: said {said:?}, done {done}, not {wanted:?}", case.actions, case.statement)
                    .unwrap();
            }
            if index.is_some() {
                database.run("DROP INDEX i").await;
            }
        }
        database.run("ALTER TABLE child DROP CONSTRAINT k").await;
    }
    assert!(wrong.is_empty(), "{wrong}");
}
