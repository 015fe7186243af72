//! Plans that undo, or do themselves, what would make a later statement fail: no failure is predicted for these, and
//! they run.

use analysis::plan::{Pending, ask_database};
use report::{ScriptClass, Verdict};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::rules::subject;
use crate::support::{Database, run};

/// The setup, and the plan's only migration.
const PLANS: &[(&str, &str)] = &[
    // Functions, by any of their names, and by any statement.
    (
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION public.f(int); CREATE FUNCTION f(int) RETURNS text LANGUAGE sql AS 'SELECT ''a'''",
    ),
    (
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP ROUTINE f(int); CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    (
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER FUNCTION f(int) RENAME TO g; SELECT g(1); CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    ("", "CREATE AGGREGATE mysum(int) (sfunc = int4pl, stype = int); SELECT mysum(1)"),
    (
        "CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION IF EXISTS f(int); SELECT f('x'::text)",
    ),
    ("CREATE TABLE t (a int)", "SELECT a(t) FROM t"),
    (
        "CREATE TABLE t (id int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; \
         CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "DROP TRIGGER tr ON t; DROP FUNCTION f(); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    // Types of one name in several schemas, types of tables' rows, array types.
    (
        "CREATE TYPE mood AS ENUM ('ok')",
        "CREATE SCHEMA a; CREATE TYPE a.mood AS ENUM ('x'); ALTER TYPE mood ADD VALUE 'x'; \
         ALTER TYPE mood ADD VALUE 'y' BEFORE 'ok'",
    ),
    ("CREATE TABLE t (a int)", "DROP TABLE t; CREATE TYPE t AS ENUM ('a')"),
    ("CREATE TYPE mood AS ENUM ('a')", "CREATE TABLE t (a _mood)"),
    ("CREATE TYPE mood AS ENUM ('a')", "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'a' BEFORE 'nope'"),
    (
        "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE logs (m mood)",
        "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'a'; INSERT INTO logs VALUES ('a')",
    ),
    ("CREATE TYPE mood AS ENUM ('a'); CREATE TYPE pair AS (m mood)", "DROP TYPE mood, pair"),
    // Columns whose type, default or expression changes.
    (
        "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (a text DEFAULT 'ok')",
        "ALTER TABLE t ALTER a TYPE mood USING a::mood, ALTER a DROP DEFAULT",
    ),
    ("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (a mood)", "ALTER TABLE t ALTER a TYPE public.mood"),
    (
        "CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a + 1) STORED)",
        "ALTER TABLE t ALTER g DROP EXPRESSION; ALTER TABLE t ALTER g SET DEFAULT 5",
    ),
    // Rows that are deleted, or get a value.
    (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); ANALYZE t",
        "TRUNCATE t; ALTER TABLE t ADD COLUMN b int NOT NULL",
    ),
    (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); ANALYZE t",
        "DELETE FROM t WHERE true; ALTER TABLE t ADD COLUMN b int NOT NULL",
    ),
    (
        "CREATE DOMAIN d AS int DEFAULT 5; CREATE TABLE t (a int); INSERT INTO t VALUES (1); ANALYZE t",
        "ALTER TABLE t ADD COLUMN b d NOT NULL; ALTER TABLE t ADD COLUMN c d; ALTER TABLE t ALTER c SET NOT NULL",
    ),
    (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (NULL); ANALYZE t",
        "ALTER TABLE t ALTER a TYPE bigint USING coalesce(a, 0), ALTER a SET NOT NULL",
    ),
    (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); ANALYZE t",
        "ALTER TABLE t ADD COLUMN x int; TRUNCATE t; ALTER TABLE t ALTER x SET NOT NULL",
    ),
    (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); ANALYZE t",
        "ALTER TABLE t ADD COLUMN x int; ALTER TABLE t DROP COLUMN x; ALTER TABLE t ADD COLUMN x int DEFAULT 5; \
         ALTER TABLE t ALTER x SET NOT NULL",
    ),
    (
        "CREATE TABLE p (a int, k int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); \
         INSERT INTO p VALUES (NULL, 1); ANALYZE p",
        "UPDATE p1 SET a = 1; ALTER TABLE p ALTER a SET NOT NULL",
    ),
    (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (NULL); ANALYZE t; CREATE TABLE u (id int); INSERT INTO u VALUES (1); \
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET a = 1; RETURN NEW; END $$; \
         CREATE TRIGGER tr BEFORE UPDATE ON u FOR EACH ROW EXECUTE FUNCTION f()",
        "UPDATE u SET id = 2; ALTER TABLE t ALTER a SET NOT NULL",
    ),
    // Constraints that are checked later, or not at all.
    (
        "CREATE TABLE p (id int PRIMARY KEY, n text); INSERT INTO p VALUES (1); \
         CREATE TABLE c (id int, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED, note text); INSERT INTO c VALUES (1, 1); \
         ANALYZE p, c",
        "UPDATE c SET note = 'x'; INSERT INTO p VALUES (2); UPDATE p SET n = 'a'; DELETE FROM c WHERE true; \
         ALTER TABLE c ADD COLUMN z int; ALTER TABLE p ADD COLUMN z int",
    ),
    (
        "CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1); \
         CREATE TABLE c (id int, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED); INSERT INTO c VALUES (1, NULL); ANALYZE p, c",
        "SET CONSTRAINTS ALL IMMEDIATE; UPDATE c SET p = 1; ALTER TABLE c ADD COLUMN z int",
    ),
    // Views.
    (
        "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a FROM t",
        "CREATE OR REPLACE VIEW v AS SELECT a, b FROM t; INSERT INTO v (a, b) VALUES (1, 2)",
    ),
    (
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t",
        "ALTER VIEW v RENAME COLUMN a TO z; CREATE OR REPLACE VIEW v AS SELECT a AS z FROM t; UPDATE v SET z = 1",
    ),
    (
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT xmlelement(name foo) FROM t",
        "CREATE OR REPLACE VIEW v AS SELECT xmlelement(name foo) FROM t",
    ),
    (
        "CREATE TABLE p (a int, b int); CREATE TABLE c (a int) INHERITS (p); CREATE VIEW v AS SELECT a FROM c",
        "ALTER TABLE p DROP COLUMN a",
    ),
    // Constraints, indexes and sequences under other names.
    ("CREATE TABLE t (id int PRIMARY KEY)", "ALTER INDEX t_pkey RENAME TO x; ALTER TABLE t DROP CONSTRAINT x"),
    (
        "CREATE TABLE p (id int NOT NULL); CREATE UNIQUE INDEX i ON p (id); CREATE TABLE c (id int REFERENCES p (id)); \
         ALTER TABLE p ADD PRIMARY KEY (id)",
        "ALTER TABLE p DROP CONSTRAINT p_pkey",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, parent int CONSTRAINT fk REFERENCES t)",
        "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE; ALTER TABLE t ADD PRIMARY KEY (id); \
         ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (parent) REFERENCES t",
    ),
    (
        "",
        "CREATE TABLE t (id serial PRIMARY KEY, b bigint GENERATED ALWAYS AS IDENTITY, CONSTRAINT u UNIQUE (b)); \
         ALTER SEQUENCE t_id_seq RESTART WITH 100; COMMENT ON SEQUENCE t_b_seq IS 'b'; COMMENT ON INDEX t_pkey IS 'k'; \
         ALTER INDEX u RENAME TO u2",
    ),
    ("CREATE SCHEMA s; CREATE TABLE s.t (id serial)", "DROP TABLE s.t; DROP SCHEMA s"),
    (
        "CREATE TABLE t (a int); CREATE POLICY p ON t",
        "ALTER POLICY p ON t RENAME TO q; DROP POLICY q ON t; CREATE POLICY p ON t",
    ),
    ("", "ALTER TABLE IF EXISTS nope ALTER COLUMN x TYPE notype"),
    ("CREATE TABLE t (a int)", "CREATE TABLE IF NOT EXISTS t (a int, b notype)"),
    // A new column that an earlier statement may have filled, or that is another column by then.
    (
        "CREATE TABLE t (id int); INSERT INTO t VALUES (1); ANALYZE t",
        "ALTER TABLE t ADD COLUMN a int; DO $$ BEGIN UPDATE t SET a = 1; END $$; ALTER TABLE t ALTER a SET NOT NULL",
    ),
    (
        "CREATE TABLE t (id int); INSERT INTO t VALUES (1); ANALYZE t",
        "ALTER TABLE t ADD COLUMN a int; ALTER TABLE t DROP COLUMN a; ALTER TABLE t ADD COLUMN a int DEFAULT 1; \
         ALTER TABLE t ALTER a SET NOT NULL",
    ),
    // Columns of views: a star stands for several, a list may be shorter than the query, a temporary view is another.
    (
        "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a, b FROM t",
        "CREATE OR REPLACE VIEW v AS SELECT t.* FROM t",
    ),
    (
        "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a, b FROM t",
        "CREATE OR REPLACE VIEW v AS SELECT q.*, 1 AS n FROM t q",
    ),
    (
        "CREATE TABLE t (a int, b int, c int); CREATE VIEW v AS SELECT a, b, c FROM t",
        "CREATE OR REPLACE VIEW v (a, b) AS SELECT a, b, c FROM t",
    ),
    ("CREATE VIEW v AS SELECT 1 AS a", "CREATE OR REPLACE TEMP VIEW v AS SELECT 1 AS b"),
    ("CREATE VIEW v AS SELECT 1 AS a", "CREATE TEMP TABLE x (z int); CREATE OR REPLACE VIEW v AS SELECT z FROM x"),
    ("CREATE VIEW v AS SELECT 1 AS a", "CREATE TEMP TABLE x (z int); CREATE VIEW v AS SELECT z FROM x"),
    // A function of other arguments.
    (
        "CREATE FUNCTION f(a text) RETURNS text LANGUAGE sql AS 'SELECT a'; CREATE VIEW v AS SELECT f('x')",
        "DROP FUNCTION IF EXISTS f(int)",
    ),
    // Sequences that are renamed, moved, or made with a column.
    ("", "CREATE TABLE t (id serial); ALTER TABLE t_id_seq OWNER TO CURRENT_USER"),
    ("CREATE TABLE t (a int)", "ALTER TABLE t ADD COLUMN n serial; ALTER TABLE t_n_seq OWNER TO CURRENT_USER"),
    ("CREATE SCHEMA s; CREATE SEQUENCE q", "ALTER SEQUENCE q RENAME TO k; ALTER TABLE k SET SCHEMA s"),
    ("CREATE SCHEMA s", "CREATE SEQUENCE k; ALTER SEQUENCE k SET SCHEMA s; CREATE TABLE k (a int)"),
    // A table beside a temporary one of its name.
    ("", "CREATE TEMP TABLE n (a int); CREATE TABLE public.n AS SELECT 1 AS x"),
    ("CREATE TABLE t (a int)", "CREATE TEMP TABLE n (a int); CREATE TABLE n (LIKE t)"),
    // Pending checks do not prevent a new name, and there are none where nothing was written.
    (
        "CREATE TABLE one (a int PRIMARY KEY); INSERT INTO one VALUES (1); CREATE TABLE two (id int PRIMARY KEY, a int \
         REFERENCES one DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO two VALUES (3, 1); ALTER TABLE two RENAME TO three",
    ),
    (
        "CREATE TABLE one (a int PRIMARY KEY); INSERT INTO one VALUES (1); CREATE TABLE two (id int PRIMARY KEY, a int \
         REFERENCES one DEFERRABLE INITIALLY DEFERRED); INSERT INTO two VALUES (3, 1)",
        "INSERT INTO two VALUES (3, 1) ON CONFLICT DO NOTHING; ALTER TABLE two ADD COLUMN c int",
    ),
    // Keys come before the foreign keys that refer to them.
    ("CREATE TABLE t (a int)", "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t (a), ADD UNIQUE (a)"),
    // A text that is no value of the type.
    (
        "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE l (m text)",
        "ALTER TYPE mood ADD VALUE 'done'; INSERT INTO l VALUES ('done')",
    ),
    ("CREATE TYPE mood AS ENUM ('ok')", "ALTER TYPE mood ADD VALUE 'done'; COMMENT ON TYPE mood IS 'done'"),
    ("CREATE TYPE mood AS ENUM ('ok')", "ALTER TYPE mood ADD VALUE 'done'; CREATE TYPE m2 AS ENUM ('done')"),
    (
        "CREATE TYPE mood AS ENUM ('ok')",
        "ALTER TYPE mood ADD VALUE 'done'; ALTER TYPE mood RENAME VALUE 'done' TO 'finished'",
    ),
    // Tables that inherit without being partitions.
    (
        "CREATE TABLE p (a int, b text); CREATE TABLE c (b text) INHERITS (p)",
        "ALTER TABLE p DROP COLUMN b; ALTER TABLE c ALTER b SET DEFAULT 'x'",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c () INHERITS (p)",
        "ALTER TABLE c ADD CONSTRAINT k CHECK (a > 0)",
    ),
    // Objects that are dropped, or give up their name, along with others.
    (
        "CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9); \
         CREATE INDEX p_a ON p (a)",
        "DROP INDEX p_a; CREATE INDEX p1_a_idx ON p1 (a)",
    ),
    ("CREATE TYPE mood AS ENUM ('ok')", "CREATE TYPE _mood AS ENUM ('a')"),
    ("CREATE TYPE frange AS RANGE (subtype = float8)", "DROP TYPE frange; CREATE TYPE fmultirange AS ENUM ('a')"),
    ("CREATE TABLE t (b int)", "ALTER TABLE t ADD COLUMN IF NOT EXISTS b nope"),
    (
        "CREATE SCHEMA s; CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER SCHEMA s RENAME TO s2; SELECT s2.f(); DROP SCHEMA s2 CASCADE",
    ),
    ("", "CREATE SCHEMA AUTHORIZATION CURRENT_USER; CREATE SCHEMA later"),
    // What the catalog proves counts more than old statistics.
    (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (NULL), (NULL); ANALYZE t; DELETE FROM t; \
         ALTER TABLE t ALTER a SET NOT NULL",
        "ALTER TABLE t ALTER a SET NOT NULL",
    ),
    (
        "CREATE TABLE t (a int); INSERT INTO t SELECT 1 FROM generate_series(1, 50); ANALYZE t; DELETE FROM t; \
         CREATE UNIQUE INDEX i ON t (a)",
        "CREATE UNIQUE INDEX j ON t (a); CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a)",
    ),
    // Every value has a text, and a type with capitals is the same as itself.
    ("CREATE TABLE t (a uuid, b int[])", "ALTER TABLE t ALTER a TYPE text, ALTER b TYPE text"),
    ("CREATE TYPE \"Role\" AS ENUM ('USER'); CREATE TABLE t (a \"Role\")", "ALTER TABLE t ALTER a TYPE \"Role\""),
    ("CREATE TABLE t (a int[])", "ALTER TABLE t ALTER a TYPE bigint[]"),
];

/// Returns the failures that are predicted for `sql` on the session's database.
async fn foretold(session: &mut PgConnection, sql: &str) -> Vec<String> {
    let pending =
        vec![Pending { name: "1_it".into(), class: ScriptClass::Transactional, sql: sql.to_owned(), resumed: false }];
    let report = ask_database(session, pending).await.unwrap().report(subject());
    let findings = report.migrations.iter().flat_map(|it| &it.statements).flat_map(|it| &it.findings);
    let fails = ["refused", "required-column", "replica-identity"];
    let said = findings.filter(|it| it.verdict == Verdict::Danger && fails.contains(&it.rule.as_str()));
    said.map(|it| it.text.clone()).collect()
}

#[tokio::test]
async fn no_failure_is_foretold_of_objects_that_the_plan_itself_has_changed() {
    let database = Database::create().await;
    let session = &mut database.session().await;
    let mut wrong = Vec::new();
    for (setup, sql) in PLANS {
        run(session, setup).await;
        for text in foretold(session, sql).await {
            wrong.push(format!("{sql}\n  {text}"));
        }
        let done = sqlx::raw_sql(AssertSqlSafe(format!("BEGIN; {sql}; COMMIT"))).execute(&mut *session).await;
        if let Err(error) = done {
            wrong.push(format!("{sql}\n  does not run: {error}"));
            run(session, "ROLLBACK").await;
        }
        run(session, "DISCARD TEMP").await;
        run(session, "DROP OWNED BY CURRENT_USER CASCADE; CREATE SCHEMA IF NOT EXISTS public").await;
    }
    assert!(wrong.is_empty(), "{} of {} plans:\n{}", wrong.len(), PLANS.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_key_that_the_plan_makes_is_a_replica_identity() {
    let database = Database::create().await;
    let session = &mut database.superuser().await;
    run(session, "CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE PUBLICATION pub FOR TABLE t").await;
    for sql in ["ALTER TABLE t ADD PRIMARY KEY (id); DELETE FROM t", "DROP PUBLICATION pub; UPDATE t SET id = 2"] {
        assert_eq!(foretold(session, sql).await, Vec::<String>::new(), "{sql}");
    }
    assert_eq!(foretold(session, "DELETE FROM t").await.len(), 1);
    database.drop().await;
}
