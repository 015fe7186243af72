use super::*;

fn class(sql: &str) -> Class {
    classify(sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}")).class
}

fn created(index: &str, table: &str) -> Evidence {
    Evidence::IndexCreated { index: Some(index.to_owned()), table: Name::parse(table) }
}

fn reindexed_table(table: &str) -> Evidence {
    Evidence::Reindexed { what: Reindexed::Table(Name::parse(table)) }
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
        "REINDEX (CONCURRENTLY off) TABLE a; REINDEX (CONCURRENTLY 0) INDEX i; REINDEX (CONCURRENTLY, CONCURRENTLY false) TABLE a",
        "CREATE INDEX i ON a (\"concurrently\"); ALTER TABLE a ADD COLUMN concurrently boolean DEFAULT true",
        "ALTER TABLE a DETACH PARTITION b; ALTER TABLE a DETACH PARTITION b FINALIZE",
        "ALTER DATABASE d SET default_tablespace = 'tablespace'",
        "COPY (SELECT stdin, stdout FROM chain) TO '/tmp/chain'; COMMENT ON TABLE a IS 'AND CHAIN'",
    ] {
        assert_eq!(class(sql), Class::Transactional, "{sql}");
    }
}

#[test]
fn depth_is_refused_before_it_overflows_anything() {
    // The deepest script that is accepted, which the usual stack would not hold.
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
            created("An Index", "s.\"T\""),
        ),
        ("CREATE INDEX CONCURRENTLY i ON t (x) WHERE x = false AND y IS NOT FALSE", created("i", "t")),
        ("CREATE INDEX CONCURRENTLY i ON t USING gin (x) WITH (fastupdate = false)", created("i", "t")),
        ("CREATE INDEX CONCURRENTLY /* a */ i -- b\n ON ONLY s /* . */ . t /* c */ (x)", created("i", "s.t")),
        ("CREATE INDEX CONCURRENTLY U&\"\\0041b\" ON U&\"d!0061ta\" UESCAPE '!' (x)", created("Ab", "data")),
        ("CREATE INDEX CONCURRENTLY ON t (x)", Evidence::IndexCreated { index: None, table: Name::parse("t") }),
        (
            "-- why\nDROP INDEX CONCURRENTLY IF EXISTS s /* old */ . i;\n",
            Evidence::IndexDropped { index: Name::parse("s.i") },
        ),
        ("REINDEX (CONCURRENTLY) TABLE s.t", reindexed_table("s.t")),
        ("REINDEX (VERBOSE off, CONCURRENTLY 'on') TABLE s.t", reindexed_table("s.t")),
        ("REINDEX (CONCURRENTLY false, CONCURRENTLY 1) TABLE t", reindexed_table("t")),
        ("REINDEX (VERBOSE false) TABLE CONCURRENTLY t", reindexed_table("t")),
        ("REINDEX INDEX CONCURRENTLY i", Evidence::Reindexed { what: Reindexed::Index(Name::parse("i")) }),
        ("REINDEX SCHEMA CONCURRENTLY public", Evidence::Reindexed { what: Reindexed::Many }),
        ("REINDEX SCHEMA public", Evidence::Repeatable),
        ("VACUUM (ANALYZE) t", Evidence::Repeatable),
        ("CLUSTER", Evidence::Repeatable),
        ("ALTER SYSTEM SET work_mem = '1MB'", Evidence::Repeatable),
        (
            "ALTER TABLE s.a DETACH PARTITION b CONCURRENTLY",
            Evidence::PartitionDetached { parent: Name::parse("s.a"), partition: Name::parse("b") },
        ),
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
fn a_statement_that_could_separate_script_and_record_is_refused() {
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
        ("SELECT 1;\nBEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 2; COMMIT", 2, "transaction mode"),
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
fn a_string_that_goes_on_in_the_next_line_hides_nothing() {
    for (sql, part) in [
        ("SELECT E'a'\n'b\\'; SELECT '; COMMIT; --'", "line 2: COMMIT without a BEGIN"),
        ("SELECT E'x' -- y\n'\\''; ROLLBACK; --'", "line 2: ROLLBACK would undo"),
        ("SELECT E'x'\r--'\r\t'\\'', '';\nVACUUM; --'", "line 2: VACUUM cannot run"),
    ] {
        let message = refusal(sql);
        assert!(message.starts_with(part), "{sql}: {message}");
    }
    let script = classify("BEGIN;\nSELECT E'\\''\n'\\'; COMMIT; ' ;\nCOMMIT;").unwrap();
    assert_eq!(script.text, "      \nSELECT E'\\''\n'\\'; COMMIT; ' ;\n       ");
    let places: Vec<_> = script.statements.iter().map(|s| &script.text[s.start..s.end]).collect();
    assert!(script.parsed && places == ["SELECT E'\\''\n'\\'; COMMIT; ' "], "{places:?}");
}

#[test]
fn a_script_that_the_two_readers_read_differently_is_refused() {
    for sql in [
        "SELECT 1;\nSELECT 0b'1'",
        "SELECT 1;\nSELECT 1e'a\\'';'",
        "SELECT 1;\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT a case FROM t; END; SELECT 2",
    ] {
        let message = refusal(sql);
        assert!(message.starts_with("line 2: it is not certain where its statements end. "), "{sql}: {message}");
    }
}

#[test]
fn psqls_commands_in_a_dump_are_refused_with_a_way_out() {
    for (sql, line, parts) in [
        ("SELECT 1;\n\\restrict a8Zk\nSELECT 2;", 2, ["\\restrict", "Delete the lines that begin with \\restrict"]),
        ("SELECT 1;\n\\unrestrict a8Zk", 2, ["\\unrestrict", "which pg_dump writes"]),
        ("\\restrict a8Zk\nCOPY t FROM stdin;\nit's\n\\.\n", 1, ["\\restrict", "Delete"]),
        ("\\copy t from 'it.csv'", 1, ["\\copy", "--inserts"]),
        ("\\i other.sql", 1, ["\\i is", "Write out"]),
        ("SELECT 1;\n\\connect app", 2, ["\\connect", "Delete it"]),
        ("SELECT 1;\n\\.", 2, ["\\. is", "Write it in SQL"]),
        // The data of a COPY is not SQL.
        ("SELECT 1;\nCOPY t (a) FROM stdin;\nit's heavy\n\\.\n", 2, ["COPY FROM STDIN", "pg_dump --inserts"]),
        ("COPY t (a) FROM stdin;\na \"b\n\\.\n", 1, ["COPY FROM STDIN", "pg_dump --inserts"]),
        ("COPY t (a) FROM stdin;\n/* \\N\n\\.\n", 1, ["COPY FROM STDIN", "pg_dump --inserts"]),
        ("COPY t (a) FROM stdin;\n$$\n\\.\nROLLBACK;", 1, ["COPY FROM STDIN", "pg_dump --inserts"]),
        // The text that an earlier open quote swallows is not known to be such data.
        ("SELECT 'a;\nCOPY t FROM stdin;", 1, ["not closed", "Close it"]),
    ] {
        let message = refusal(sql);
        assert!(parts.iter().all(|part| message.contains(part)), "{sql}: {message}");
        assert!(message.starts_with(&format!("line {line}:")) && !message.contains("a8Zk"), "{sql}: {message}");
    }
}

#[test]
fn a_syntax_error_is_left_to_the_server() {
    let script = classify("CREATE TABEL t ();\nSELECT 1").unwrap();
    assert_eq!(script.class, Class::Transactional);
    assert!(!script.parsed && script.statements.is_empty());
}

#[test]
fn tables_that_are_locked_against_all_sessions_are_known() {
    for (sql, tables) in [
        ("ALTER TABLE ONLY s.\"A b\" ADD COLUMN x int REFERENCES b", vec!["s.\"A b\""]),
        ("ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES b", vec![]),
        ("ALTER TABLE a ALTER n SET STATISTICS 5", vec![]),
        (
            "ALTER TABLE a VALIDATE CONSTRAINT c; DROP TABLE IF EXISTS b, c CASCADE; TRUNCATE d, ONLY e",
            vec!["b", "c", "d", "e"],
        ),
        ("ALTER TABLE a ADD COLUMN validate int, ADD COLUMN b text DEFAULT 'statistics'", vec!["a"]),
        ("ALTER TABLE a VALIDATE CONSTRAINT c, ADD COLUMN b int", vec!["a"]),
        ("ALTER TABLE a DETACH PARTITION b CONCURRENTLY", vec![]),
        ("CREATE TABLE a (); INSERT INTO a DEFAULT VALUES; CREATE INDEX i ON a (b)", vec![]),
    ] {
        let tables: Vec<Name> = tables.into_iter().map(Name::parse).collect();
        assert_eq!(classify(sql).unwrap().exclusive, tables, "{sql}");
    }
}

/// Returns the statements that are inserted where a transaction of the script ends.
fn at_boundaries(sql: &str) -> Vec<Vec<String>> {
    let script = classify(sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
    script.boundaries.into_iter().map(|boundary| boundary.sql).collect()
}

#[test]
fn settings_of_a_scripts_transaction_end_with_it() {
    const FIRE: &str = "SET CONSTRAINTS ALL IMMEDIATE";
    // Each value is saved before it is set, and all are given back at once, the last one first.
    let local = |names: &[&str]| -> Vec<Vec<String>> {
        let kept = |(n, name)| vec![format!("keep {name} in local_{n}")];
        let back = |(n, name)| format!("give {name} back from local_{n}");
        let numbered = || names.iter().enumerate();
        numbered().map(kept).chain([numbered().rev().map(back).collect()]).collect()
    };
    // Shortened, to be compared.
    let told = |sql: &String| {
        let quoted: Vec<_> = sql.split('\'').collect();
        match (&quoted[..], sql.contains("reset_val")) {
            ([_, name, ..], true) if sql.starts_with("SELECT pg_catalog.set_config") => {
                format!("give {name} back from {}", quoted.get(3).unwrap_or(&"").trim_start_matches("lockstep."))
            }
            ([_, kept, _, _, _, name, ..], false) if sql.starts_with("SELECT pg_catalog.set_config") => {
                format!("keep {name} in {}", kept.trim_start_matches("lockstep."))
            }
            _ => sql.clone(),
        }
    };
    for (sql, expected) in [
        // Nothing follows, or nothing ends.
        ("BEGIN; SET LOCAL search_path = a; CREATE TABLE t (); COMMIT;", vec![]),
        ("BEGIN; ALTER TYPE e ADD VALUE 'x'; COMMIT; BEGIN; CREATE TABLE t (); COMMIT", vec![]),
        ("SET LOCAL search_path = a; CREATE TABLE t ();", vec![]),
        // The earlier value holds again.
        ("BEGIN; SET LOCAL search_path = a; COMMIT; CREATE TABLE t ();", local(&["search_path"])),
        ("SET search_path TO b, c; BEGIN; SET LOCAL SCHEMA 'a'; COMMIT; SELECT 1", local(&["search_path"])),
        ("BEGIN; SET LOCAL ROLE a; SET LOCAL TIME ZONE 'UTC'; COMMIT; CREATE TABLE t ()", local(&["role", "timezone"])),
        ("BEGIN; SET LOCAL x.y = 1; SET x.y = 2; COMMIT; CREATE TABLE t ()", vec![]),
        ("BEGIN; SET LOCAL x = 1; RESET \"X\"; COMMIT; CREATE TABLE t ()", vec![]),
        ("BEGIN; SET LOCAL a.\"B\".c = 1; COMMIT; CREATE TABLE t ()", local(&["a.b.c"])),
        ("SET ROLE a; BEGIN; SET LOCAL ROLE b; RESET ROLE; COMMIT; CREATE TABLE t ()", vec![]),
        (
            "BEGIN; SET LOCAL a = 1; COMMIT; BEGIN; SET LOCAL a = 2; COMMIT; CREATE TABLE t ()",
            [local(&["a"]), local(&["a"])].concat(),
        ),
        // A COMMIT also ends what comes before its BEGIN.
        ("SET LOCAL a = 1; BEGIN; CREATE TABLE t (); COMMIT; CREATE TABLE u ()", local(&["a"])),
        (
            "BEGIN; CREATE TEMP TABLE \"T\" ON COMMIT DROP AS SELECT 1; COMMIT; CREATE TABLE u ()",
            vec![vec![FIRE.to_owned(), "DROP TABLE IF EXISTS pg_temp.\"T\" CASCADE".to_owned()]],
        ),
        // Deferred constraints are checked.
        ("BEGIN; INSERT INTO t VALUES (1); COMMIT; ALTER TABLE t ADD x int", vec![vec![FIRE.to_owned()]]),
    ] {
        let found: Vec<Vec<_>> = at_boundaries(sql).iter().map(|sql| sql.iter().map(told).collect()).collect();
        assert_eq!(found, expected, "{sql}");
    }
    let both = at_boundaries("BEGIN; SET CONSTRAINTS ALL DEFERRED; COMMIT; INSERT INTO t VALUES (1)");
    assert!(
        both.len() == 1
            && both[0][0] == FIRE
            && both[0][1].ends_with("DEFERRED")
            && both[0][2].starts_with("DO $lockstep$"),
        "{both:?}"
    );
}

#[test]
fn an_effect_that_only_a_commit_ends_is_refused_unless_nothing_follows() {
    for (sql, line, part) in [
        ("BEGIN;\nSET TRANSACTION READ ONLY; COMMIT; SELECT 1", 2, "a transaction mode for one of several"),
        ("CREATE TABLE a ();\nBEGIN; SELECT 1; COMMIT; BEGIN READ WRITE;\nSELECT 1; COMMIT", 2, "a transaction mode"),
        (
            "BEGIN; SELECT 1; COMMIT;\nSET default_transaction_isolation = serializable; SELECT 1",
            2,
            "a transaction mode",
        ),
        ("BEGIN;\nCREATE TEMP TABLE t () ON COMMIT DELETE ROWS; COMMIT; SELECT 1", 2, "a COMMIT empties"),
        ("BEGIN;\nDECLARE c CURSOR FOR SELECT 1; COMMIT; SELECT 1", 2, "a cursor"),
        ("BEGIN;\nALTER TYPE e ADD VALUE 'new'; COMMIT; INSERT INTO t VALUES ('new')", 2, "an enum value"),
        ("BEGIN;\nSELECT set_config('a.b', 'x', true); COMMIT; SELECT 1", 2, "a set_config"),
        ("SELECT 1;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE", 2, "an isolation level behind other statements"),
        (
            "BEGIN; SAVEPOINT s; SELECT 1; COMMIT; BEGIN;\nROLLBACK TO s; COMMIT",
            2,
            "a savepoint that is not of the same",
        ),
        (
            "BEGIN; SAVEPOINT s; RELEASE s; SELECT 1; COMMIT; BEGIN; SAVEPOINT s; RELEASE s;\nROLLBACK TO s; COMMIT",
            2,
            "a savepoint",
        ),
        ("BEGIN; SAVEPOINT s;\nSET LOCAL a = 1; COMMIT; SELECT 1", 2, "SET LOCAL beside a savepoint"),
        (
            "BEGIN;\nSET LOCAL a = 1; SAVEPOINT s; SET a = 2; ROLLBACK TO s; COMMIT; SELECT 1",
            2,
            "SET LOCAL beside a savepoint",
        ),
        // RESET ALL does not reset the role.
        ("BEGIN;\nSET LOCAL ROLE b; RESET ALL; COMMIT; SELECT 1", 2, "SET LOCAL beside"),
        ("BEGIN;\nSET LOCAL a.b = 1; DO 'BEGIN SET a.b = 2; END'; COMMIT; SELECT 1", 2, "SET LOCAL beside"),
        ("BEGIN;\nDO $$ BEGIN SET  LOCAL a.b = 2; END $$; COMMIT; SELECT 1", 2, "may set a parameter"),
        (
            "BEGIN;\nCREATE TEMP TABLE t () ON COMMIT DROP; SET ROLE a; COMMIT; SELECT 1",
            2,
            "beside a change of the role",
        ),
        ("BEGIN; SELECT f();\nFETCH c; COMMIT; SELECT 1", 2, "a cursor"),
        (
            "BEGIN;\nDO 'BEGIN CREATE TEMP TABLE t ON  COMMIT DROP AS SELECT 1; END'; COMMIT; SELECT 1",
            2,
            "a block or a function makes",
        ),
        (
            "BEGIN;\nCREATE TEMP TABLE t () ON COMMIT DROP; ALTER TABLE t RENAME TO u; COMMIT; SELECT 1",
            2,
            "beside another",
        ),
        (
            "BEGIN; CREATE TEMP TABLE t ();\nCREATE TEMP TABLE IF NOT EXISTS t () ON COMMIT DROP; COMMIT; SELECT 1",
            2,
            "beside another",
        ),
        (
            "BEGIN; SELECT 1; COMMIT;\nCREATE TABLE b (i int UNIQUE DEFERRABLE); SELECT 1",
            2,
            "DEFERRABLE, not INITIALLY",
        ),
        ("BEGIN;\nSET LOCAL temp_buffers = 100; COMMIT; SELECT 1", 2, "SET LOCAL of temp_buffers"),
        ("BEGIN;\nDECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT; SELECT 1", 2, "a cursor"),
        ("BEGIN;\nCREATE TABLE pg_temp.t () ON COMMIT DELETE ROWS; COMMIT; SELECT 1", 2, "a COMMIT empties"),
        (
            "BEGIN;\nCREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT set_config(''a.b'', ''1'', true)'; SELECT f(); COMMIT; \
             SELECT 1",
            2,
            "a function that may set",
        ),
        ("BEGIN;\nALTER TYPE e ADD VALUE 'new'; COMMIT; INSERT INTO t VALUES ($$new$$)", 2, "an enum value"),
    ] {
        let message = refusal(sql);
        assert!(message.contains(part) && message.starts_with(&format!("line {line}:")), "{sql}: {message}");
    }
    for sql in [
        "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT",
        "SET search_path = a; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1; SET TRANSACTION READ ONLY",
        "BEGIN; DECLARE c CURSOR FOR SELECT 1; CLOSE c; COMMIT; SELECT 1",
        "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; CLOSE c; COMMIT; SELECT 1",
        "BEGIN; SELECT set_config('a.b', 'x', is_local => false); COMMIT; SELECT 1",
        "BEGIN; CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT set_config(''a.b'', ''1'', true)'; COMMIT; SELECT 1",
        "BEGIN; SELECT 1; COMMIT; CREATE TABLE b (i int UNIQUE DEFERRABLE INITIALLY DEFERRED); SELECT 1",
        "BEGIN; ALTER TYPE e ADD VALUE 'new'; COMMIT; INSERT INTO t VALUES ('old')",
        "SELECT pg_catalog.set_config('search_path', '', false); BEGIN; CREATE TABLE s.t (); COMMIT; CREATE TABLE s.u ()",
        "BEGIN; CREATE TEMP TABLE t () ON COMMIT DELETE ROWS; COMMIT",
        "BEGIN; CREATE TEMP TABLE t () ON COMMIT DROP; DROP TABLE t; COMMIT; SELECT 1",
        "BEGIN; CREATE TYPE e AS ENUM (); ALTER TYPE e ADD VALUE 'new'; COMMIT; INSERT INTO t VALUES ('new')",
        "BEGIN; SELECT 1; COMMIT; CREATE TABLE b (LIKE a); SELECT 1",
    ] {
        assert!(classify(sql).is_ok(), "{sql}: {:?}", classify(sql));
    }
    assert_eq!(
        classify("BEGIN ISOLATION LEVEL SERIALIZABLE, READ WRITE; SELECT 1; COMMIT").unwrap().modes.as_deref(),
        Some("ISOLATION LEVEL SERIALIZABLE, READ WRITE")
    );
}

#[test]
fn effects_that_no_rollback_undoes_are_known() {
    let outlives = |sql: &str| -> Vec<(usize, String)> {
        classify(sql).unwrap().outlives.into_iter().map(|outlives| (outlives.line, outlives.what)).collect()
    };
    let slot = "the replication slot of pg_create_logical_replication_slot";
    assert_eq!(
        outlives("SELECT 1;\nSELECT pg_create_logical_replication_slot('a', 'pgoutput')"),
        [(2, slot.to_owned())]
    );
    assert_eq!(
        outlives("DO $x$ BEGIN PERFORM pg_catalog.setval('s', 3); END $x$"),
        [(1, "the sequence's value of setval".to_owned())]
    );
    for sql in [
        "COPY t TO '/tmp/x'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "DO 'BEGIN PERFORM setval(''s'', 3); END'",
        "DO $$ BEGIN EXECUTE format('SELECT setval(%L, 3)', 's'); END $$",
        "COPY t FROM PROGRAM 'true'",
        "SELECT pg_logical_emit_message(false, 'a', 'b')",
    ] {
        assert_eq!(outlives(sql).len(), 1, "{sql}");
    }
    for sql in [
        "SELECT pg_logical_emit_message(true, 'a', 'b')",
        "CREATE TABLE setval ()",
        "CREATE VIEW v AS SELECT setval('s', 1)",
        "SELECT 'setval(1)'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT setval(''s'', 1)'",
    ] {
        assert!(outlives(sql).is_empty(), "{sql}");
    }
}
