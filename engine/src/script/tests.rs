use super::*;

fn class(sql: &str) -> Class {
    classify(sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}")).class
}

fn refusal(sql: &str) -> String {
    match classify(sql) {
        Err(refusal) => refusal.to_string(),
        Ok(script) => panic!("{sql} was not refused but {:?}", script.class),
    }
}

#[test]
fn ordinary_scripts_are_transactional() {
    for sql in [
        "",
        "-- only a comment",
        "CREATE TABLE a (id int); -- comment\nALTER TABLE a ADD b text",
        "DO $$ BEGIN PERFORM 1; END $$;",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; SELECT f()",
        "SAVEPOINT s; SELECT 1; ROLLBACK TO SAVEPOINT s;",
        "INSERT INTO t VALUES ('\\d is not a meta-command', $$\\copy$$, E'\\n');",
        "ANALYZE; REINDEX TABLE a; CLUSTER a USING b;",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1",
        "CLUSTER i ON a; REINDEX (CONCURRENTLY FALSE) TABLE a",
    ] {
        assert_eq!(class(sql), Class::Transactional, "{sql}");
    }
}

#[test]
fn depth_is_refused_before_it_overflows_anything() {
    // As deep as is let through, which the usual stack would not hold.
    for (level, times) in [("(", 499), ("SELECT (", 499), ("NOT ", 2_000), ("- ", 2_000), ("1 + ", 9_000)] {
        let _ = classify(&format!("SELECT {}", level.repeat(times)));
    }
    for level in ["(", "SELECT (", "NOT ", "CASE WHEN ", "ARRAY["] {
        let sql = format!("SELECT 1;\nSELECT {}", level.repeat(200_000));
        assert!(refusal(&sql).starts_with("line 2: it is nested or chained too deeply"), "{level}");
    }
}

#[test]
fn what_cannot_run_in_a_transaction_is_standalone_when_alone() {
    for (sql, evidence) in [
        (
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"An Index\" ON ONLY s.\"T\" (x);",
            Evidence::IndexCreated { index: "\"An Index\"".into(), table: "s.\"T\"".into() },
        ),
        ("CREATE INDEX CONCURRENTLY ON t (x)", Evidence::None),
        ("-- why\nDROP INDEX CONCURRENTLY IF EXISTS s.i;\n", Evidence::IndexDropped { index: "s.i".into() }),
        ("REINDEX (CONCURRENTLY) TABLE s.t", Evidence::Reindexed { what: Reindexed::Table("s.t".into()) }),
        ("REINDEX INDEX CONCURRENTLY i", Evidence::Reindexed { what: Reindexed::Index("i".into()) }),
        ("REINDEX SCHEMA CONCURRENTLY public", Evidence::Reindexed { what: Reindexed::Many }),
        ("REINDEX SCHEMA public", Evidence::Repeatable),
        ("VACUUM (ANALYZE) t", Evidence::Repeatable),
        ("CLUSTER", Evidence::Repeatable),
        ("ALTER SYSTEM SET work_mem = '1MB'", Evidence::Repeatable),
        (
            "ALTER TABLE s.a DETACH PARTITION b CONCURRENTLY",
            Evidence::PartitionDetached { parent: "s.a".into(), partition: "b".into() },
        ),
        ("CREATE INDEX CONCURRENTLY U&\"\\0041b\" ON t (x)", Evidence::None),
        ("CREATE DATABASE d", Evidence::None),
    ] {
        assert_eq!(class(sql), Class::Standalone(evidence), "{sql}");
    }
}

#[test]
fn a_balanced_envelope_is_blanked_and_everything_else_keeps_its_place() {
    let sql = "BEGIN; -- é\nSELECT 1;\n\tCOMMIT;\nSTART TRANSACTION;SELECT 2;END";
    let script = classify(sql).unwrap();
    assert_eq!(script.text, "       -- é\nSELECT 1;\n\t       \n                  SELECT 2;   ");
    assert_eq!(script.text.chars().count(), sql.chars().count());
    let places: Vec<_> = script.statements.iter().map(|s| (s.number, s.line)).collect();
    assert_eq!(places, [(2, 2), (5, 4)]);
}

#[test]
fn what_could_tear_script_and_record_apart_is_refused() {
    for (sql, line, part) in [
        ("\u{feff}SELECT 1", 1, "byte order mark"),
        ("SELECT 1;\nSELECT '\0'", 2, "NUL byte"),
        ("SELECT 1;\n\\d foo", 2, "only psql knows"),
        ("COPY t FROM STDIN;\n1\n\\.\n", 1, "COPY FROM STDIN"),
        ("SELECT 1;\nCOPY t FROM STDIN", 2, "COPY FROM STDIN"),
        ("COPY t TO STDOUT", 1, "COPY TO STDOUT"),
        ("BEGIN;\nSELECT 1", 1, "BEGIN without a COMMIT"),
        ("SELECT 1;\nCOMMIT", 2, "COMMIT without a BEGIN"),
        ("BEGIN;\nBEGIN;COMMIT;COMMIT", 2, "already open"),
        ("BEGIN;\nROLLBACK", 2, "ROLLBACK would undo"),
        ("ABORT", 1, "ROLLBACK would undo"),
        ("BEGIN;COMMIT AND CHAIN", 1, "AND CHAIN"),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE; COMMIT", 1, "transaction mode"),
        ("PREPARE TRANSACTION 'x'", 1, "undecided"),
        ("DISCARD ALL", 1, "migration lock"),
        ("SELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (x)", 2, "CREATE INDEX CONCURRENTLY cannot run in a transaction"),
        ("BEGIN; VACUUM; COMMIT", 1, "VACUUM cannot run"),
        ("SELECT 1;\nSELECT 'open", 2, "not closed"),
        ("SELECT 1 /* open", 1, "not closed"),
        ("SELECT $tag$ open", 1, "not closed"),
        ("SELECT \"open", 1, "not closed"),
        ("CREATE TABEL t ();\nCOMMIT; BEGIN", 2, "could not be parsed"),
        ("nonsense ( ;\nEND", 2, "could not be parsed"),
    ] {
        let message = refusal(sql);
        assert!(message.contains(part), "{sql}: {message}");
        assert!(message.starts_with(&format!("line {line}:")), "{sql}: {message}");
    }
}

#[test]
fn a_syntax_error_is_left_to_the_server() {
    let script = classify("CREATE TABEL t ();\nSELECT 1").unwrap();
    assert_eq!(script.class, Class::Transactional);
    assert!(!script.parsed && script.statements.is_empty());
}

#[test]
fn tables_that_are_locked_against_everybody_are_known() {
    for (sql, tables) in [
        ("ALTER TABLE ONLY s.\"A b\" ADD COLUMN x int REFERENCES b", vec!["s.\"A b\""]),
        ("ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES b", vec![]),
        ("ALTER TABLE a ALTER n SET STATISTICS 5", vec![]),
        (
            "ALTER TABLE a VALIDATE CONSTRAINT c; DROP TABLE IF EXISTS b, c CASCADE; TRUNCATE d, ONLY e",
            vec!["b", "c", "d", "e"],
        ),
        ("ALTER TABLE a DETACH PARTITION b CONCURRENTLY", vec![]),
        ("CREATE TABLE a (); INSERT INTO a DEFAULT VALUES; CREATE INDEX i ON a (b)", vec![]),
    ] {
        assert_eq!(classify(sql).unwrap().exclusive, tables, "{sql}");
    }
}
