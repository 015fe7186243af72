//! Kinds of statements that evaluate an expression over a row.

/// Returns scripts that evaluate the expression `e` over the column `body` of the table `vault`.
pub(super) fn all(e: &str) -> Vec<String> {
    // A domain's constraint calls the value VALUE.
    let value = e.replace("body", "VALUE");
    // The row does no harm until there is an index on it.
    let indexed = format!(
        "CREATE FUNCTION f(body text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT NULL::text';\nCREATE INDEX i ON vault (f(body));\n\
         CREATE OR REPLACE FUNCTION f(body text) RETURNS text IMMUTABLE LANGUAGE sql AS $f$ SELECT ({e})::text $f$"
    );
    vec![
        format!("{indexed};\nALTER TABLE vault SET UNLOGGED"),
        format!("{indexed};\nALTER TABLE vault ADD made serial"),
        format!("{indexed};\nALTER TABLE vault ADD made int GENERATED ALWAYS AS IDENTITY"),
        format!("{indexed};\nREINDEX TABLE vault"),
        format!("{indexed};\nCLUSTER vault USING i"),
        format!("{indexed};\nANALYZE vault"),
        format!(
            "ALTER TABLE vault ADD made text GENERATED ALWAYS AS (({e})::text) VIRTUAL;\nALTER TABLE vault ALTER made SET NOT NULL"
        ),
        format!(
            "ALTER TABLE vault ADD made text GENERATED ALWAYS AS (({e})::text) VIRTUAL;\nALTER TABLE vault ADD UNIQUE (made)"
        ),
        format!(
            "CREATE MATERIALIZED VIEW made AS SELECT ({e}) AS e FROM vault WITH NO DATA;\nREFRESH MATERIALIZED VIEW made"
        ),
        format!("SELECT ({e}) FROM vault"),
        format!("INSERT INTO sink SELECT ({e})::text FROM vault"),
        format!("UPDATE vault SET body = ({e})::text"),
        format!("DELETE FROM vault WHERE ({e}) IS NULL"),
        format!("MERGE INTO sink USING vault ON ({e}) IS NULL WHEN NOT MATCHED THEN INSERT VALUES ('x')"),
        format!("CREATE TABLE made AS SELECT ({e}) AS e FROM vault"),
        format!("SELECT ({e}) AS e INTO made FROM vault"),
        format!("CREATE MATERIALIZED VIEW made AS SELECT ({e}) AS e FROM vault"),
        format!("CREATE VIEW made AS SELECT ({e}) AS e FROM vault;\nSELECT * FROM made"),
        format!("ALTER TABLE vault ALTER body TYPE text USING ({e})::text"),
        format!("ALTER TABLE vault ADD made text GENERATED ALWAYS AS (({e})::text) STORED"),
        format!("ALTER TABLE vault ADD CHECK (({e}) IS NULL)"),
        format!(
            "ALTER TABLE vault ADD CONSTRAINT c CHECK (({e}) IS NULL) NOT VALID;\nALTER TABLE vault VALIDATE CONSTRAINT c"
        ),
        format!("CREATE INDEX ON vault ((({e})::text))"),
        format!("CREATE INDEX ON vault (body) WHERE ({e}) IS NULL"),
        format!(
            "CREATE DOMAIN held AS text;\nCREATE TABLE made AS SELECT body::held FROM vault;\nALTER DOMAIN held ADD CHECK (({value}) IS NULL)"
        ),
        format!(
            "CREATE TABLE made (body text) PARTITION BY LIST ((({e})::text));\nCREATE TABLE rest PARTITION OF made DEFAULT;\n\
             INSERT INTO made SELECT body FROM vault"
        ),
        format!(
            "CREATE TABLE made (body text) PARTITION BY LIST ((({e})::text));\nALTER TABLE vault DROP COLUMN id;\n\
             ALTER TABLE made ATTACH PARTITION vault FOR VALUES IN ('x')"
        ),
        format!("DO $do$ BEGIN PERFORM {e} FROM vault; END $do$"),
        format!("CREATE PROCEDURE p() LANGUAGE plpgsql AS $p$ BEGIN PERFORM {e} FROM vault; END $p$;\nCALL p()"),
        format!(
            "CREATE FUNCTION f(body text) RETURNS text LANGUAGE sql AS $f$ SELECT ({e})::text $f$;\nSELECT f(body) FROM vault"
        ),
        format!(
            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $f$ SELECT ({e})::text FROM vault $f$;\nALTER TABLE sink ADD made text DEFAULT f()"
        ),
        format!(
            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $f$ SELECT ({e})::text FROM vault $f$;\nCREATE TABLE a (b text) PARTITION BY LIST (b);\nCREATE TABLE c PARTITION OF a FOR VALUES IN (f())"
        ),
        format!("PREPARE q AS SELECT ({e}) FROM vault;\nEXECUTE q"),
        format!("DECLARE c CURSOR FOR SELECT ({e}) FROM vault;\nFETCH c"),
        format!("EXPLAIN (ANALYZE, TIMING OFF) SELECT ({e}) FROM vault"),
        format!("CREATE RULE r AS ON UPDATE TO sink DO INSTEAD SELECT ({e}) FROM vault;\nUPDATE sink SET made = 'x'"),
        format!(
            "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN PERFORM {e} FROM vault; RETURN NULL; END $f$;\n\
             CREATE TRIGGER g AFTER TRUNCATE ON sink FOR EACH STATEMENT EXECUTE FUNCTION g();\nTRUNCATE sink"
        ),
    ]
}
