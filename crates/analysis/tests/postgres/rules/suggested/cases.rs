//! Statements for which a suggestion might lose something, or might be refused by PostgreSQL.

use super::Case;

/// The objects that exist before.
const SETUP: &str = "
    CREATE TABLE t (id bigint PRIMARY KEY, a int, b int, c text, d int NOT NULL DEFAULT 1, \"Mixed Case\" int);
    INSERT INTO t SELECT n, n, n, 'c' || n, n, n FROM generate_series(1, 3) n;
    CREATE TABLE keyless (a int, b int, note text);
    INSERT INTO keyless SELECT n, n, 'note' FROM generate_series(1, 3) n;
    CREATE TABLE other (id bigint PRIMARY KEY);
    INSERT INTO other SELECT n FROM generate_series(1, 3) n;
    CREATE TABLE t_index_things (a int, id int PRIMARY KEY);
    CREATE INDEX t_a ON t (a);
    CREATE INDEX t_b ON t (b);
    CREATE TABLE parts (id int NOT NULL, a int, b text) PARTITION BY RANGE (id);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
    CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
    CREATE TABLE parts_2_a PARTITION OF parts_2 FOR VALUES IN (10, 11);
    CREATE TABLE parts_2_b PARTITION OF parts_2 DEFAULT;
    CREATE INDEX parts_b ON parts (b);
    INSERT INTO parts SELECT n, 1 + n % 3, 'b' FROM generate_series(1, 12) n;
    CREATE TABLE referenced (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE referenced_1 PARTITION OF referenced FOR VALUES FROM (1) TO (10);
    CREATE TABLE referring (id int REFERENCES referenced);
    CREATE TABLE parents (a int);
    CREATE TABLE children (b int) INHERITS (parents);
    CREATE DOMAIN positive AS int CHECK (value > 0);
    CREATE TABLE a_table_whose_name_is_nearly_as_long_as_a_name_can_be_here (a_column_with_a_rather_long_name_too int);
    CREATE TABLE \"Ééééééééééééééééééééééééééééé\" (a_column_with_a_rather_long_name_and_more_of_it int);
    CREATE MATERIALIZED VIEW keyed AS SELECT id, a FROM t;
    CREATE UNIQUE INDEX keyed_id ON keyed (id);
    CREATE MATERIALIZED VIEW half_keyed AS SELECT id, a FROM t;
    CREATE UNIQUE INDEX half_keyed_id ON half_keyed (id) INCLUDE (a) WHERE id > 0;
";

/// The name, the first major version that has it, and the statement.
type Named = (&'static str, u32, &'static str);

/// Statements with suggested SQL.
const GIVEN: &[Named] = &[
    ("index", 0, "CREATE INDEX t_c ON t (c)"),
    ("index-comment", 0, "create /* index */ unique index -- a comment\n  t_ä on t (c) where a > 0;"),
    (
        "index-everything",
        0,
        "CREATE UNIQUE INDEX t_c ON public.t USING btree (c COLLATE \"C\" text_pattern_ops DESC NULLS LAST) \
         INCLUDE (a) NULLS NOT DISTINCT WITH (fillfactor = 70) TABLESPACE pg_default WHERE a > 1",
    ),
    ("index-unnamed", 0, "CREATE INDEX ON t (c, lower(c)) INCLUDE (b)"),
    ("index-unnamed-taken", 0, "CREATE INDEX ON t_index_things (a)"),
    ("index-if-not-exists", 0, "CREATE INDEX IF NOT EXISTS t_c ON t (c)"),
    ("index-quoted", 0, "CREATE INDEX \"Index On\" ON t (\"Mixed Case\")"),
    ("index-inherited", 0, "CREATE INDEX ON parents (a)"),
    ("index-partitioned", 0, "CREATE INDEX on_parts ON parts (a)"),
    ("index-partitioned-unnamed", 0, "CREATE UNIQUE INDEX ON public.parts (id, a) INCLUDE (b) WITH (fillfactor = 80)"),
    ("index-partitioned-partial", 0, "CREATE INDEX on_parts ON parts (lower(b)) WHERE a > 1"),
    ("index-sub-partitioned", 0, "CREATE INDEX ON parts_2 (a)"),
    ("drop-indexes", 0, "DROP INDEX t_a, t_b"),
    ("drop-indexes-if-exist", 0, "DROP INDEX IF EXISTS t_a, nothing, public.t_b RESTRICT"),
    ("reindex-table-named-index", 0, "REINDEX TABLE t_index_things"),
    ("reindex-options", 0, "REINDEX (VERBOSE) INDEX t_a"),
    ("reindex-partitioned", 0, "REINDEX TABLE parts"),
    (
        "unique-everything",
        0,
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a, c) INCLUDE (b) WITH (fillfactor = 70) USING \
         INDEX TABLESPACE pg_default DEFERRABLE INITIALLY DEFERRED",
    ),
    ("unique-deferrable", 0, "ALTER TABLE t ADD CONSTRAINT u UNIQUE (a) DEFERRABLE"),
    ("unique-unnamed", 0, "ALTER TABLE t ADD UNIQUE (a), ADD UNIQUE (a, \"Mixed Case\"), ADD UNIQUE (a)"),
    ("unique-nulls", 0, "ALTER TABLE public.t ADD UNIQUE NULLS NOT DISTINCT (a)"),
    ("unique-replaced", 0, "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD CONSTRAINT t_pkey PRIMARY KEY (id, d)"),
    ("unique-on-partition", 0, "ALTER TABLE parts_1 ADD UNIQUE (id)"),
    ("primary-key-nullable", 0, "ALTER TABLE keyless ADD PRIMARY KEY (a, b)"),
    ("primary-key-named", 0, "ALTER TABLE ONLY keyless ADD CONSTRAINT \"Key\" PRIMARY KEY (a) INCLUDE (b)"),
    ("primary-key-proved", 0, "ALTER TABLE keyless ADD CONSTRAINT a_there CHECK (a IS NOT NULL), ADD PRIMARY KEY (a)"),
    ("primary-key-declared", 18, "ALTER TABLE keyless ADD NOT NULL a, ADD UNIQUE (b)"),
    ("not-null-twice", 0, "ALTER TABLE t ALTER COLUMN a SET NOT NULL, ALTER COLUMN b SET NOT NULL"),
    ("not-null-quoted", 0, "ALTER TABLE t ALTER \"Mixed Case\" SET NOT NULL, ALTER COLUMN d SET NOT NULL"),
    ("not-null-partitioned", 0, "ALTER TABLE parts ALTER COLUMN a SET NOT NULL"),
    ("not-null-inherited", 0, "ALTER TABLE parents ALTER COLUMN a SET NOT NULL"),
    ("not-null-if-exists", 0, "ALTER TABLE IF EXISTS ONLY t ALTER COLUMN a SET NOT NULL"),
    ("not-null-unnamed", 18, "ALTER TABLE t ADD NOT NULL a"),
    ("several", 0, "ALTER TABLE t ADD COLUMN e int, ADD CONSTRAINT u2 UNIQUE (c), DROP COLUMN b"),
    (
        "several-of-prisma",
        0,
        "ALTER TABLE \"t\" DROP COLUMN \"b\",\nADD COLUMN     \"e\" TEXT NOT NULL DEFAULT 'x',\nALTER COLUMN \"a\" \
          SET NOT NULL,\nALTER COLUMN \"a\" SET DEFAULT 5;",
    ),
    (
        "several-checks",
        0,
        "ALTER TABLE t ADD CHECK (a > 0), ADD CHECK (a <= b), ADD CHECK (length(c) < 9) NO INHERIT, ADD CONSTRAINT \
          a_small CHECK (a < 100) NOT VALID",
    ),
    ("several-new-column-unique", 0, "ALTER TABLE t ADD COLUMN e int, ADD UNIQUE (e)"),
    ("check-replaced", 0, "ALTER TABLE t DROP CONSTRAINT IF EXISTS positive, ADD CONSTRAINT positive CHECK (a > 0)"),
    ("check-strings", 0, "ALTER TABLE t ADD CHECK (c <> 'a  ; b' -- a comment\n   'c')"),
    ("check-partitioned", 0, "ALTER TABLE parts ADD CHECK (a > 0)"),
    (
        "foreign-key-unnamed",
        0,
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES other ON DELETE SET NULL (a) DEFERRABLE INITIALLY DEFERRED, \
         ADD FOREIGN KEY (b) REFERENCES other (id)",
    ),
    ("foreign-key-partitioned", 18, "ALTER TABLE parts ADD FOREIGN KEY (a) REFERENCES t (id)"),
    (
        "foreign-key-match",
        0,
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES public.other (id) MATCH FULL ON UPDATE CASCADE \
         NOT DEFERRABLE",
    ),
    (
        "long-names",
        0,
        "ALTER TABLE a_table_whose_name_is_nearly_as_long_as_a_name_can_be_here ADD UNIQUE \
         (a_column_with_a_rather_long_name_too), ADD CHECK (a_column_with_a_rather_long_name_too > 0), ADD FOREIGN \
          KEY (a_column_with_a_rather_long_name_too) REFERENCES other (id), ADD PRIMARY KEY \
         (a_column_with_a_rather_long_name_too)",
    ),
    (
        "long-names-index",
        0,
        "CREATE INDEX ON a_table_whose_name_is_nearly_as_long_as_a_name_can_be_here \
         (a_column_with_a_rather_long_name_too)",
    ),
    (
        "long-names-beyond-ascii",
        0,
        "CREATE INDEX ON \"Ééééééééééééééééééééééééééééé\" (a_column_with_a_rather_long_name_and_more_of_it)",
    ),
    ("primary-key-and-not-null", 0, "ALTER TABLE keyless ALTER COLUMN a SET NOT NULL, ADD PRIMARY KEY (a)"),
    ("column-default", 0, "ALTER TABLE t ADD COLUMN token text COLLATE \"C\" DEFAULT gen_random_uuid()::text"),
    ("column-type", 0, "ALTER TABLE t ALTER COLUMN c TYPE char(20) COLLATE \"C\" USING left(c, 20)"),
    ("refresh-keyed", 0, "REFRESH MATERIALIZED VIEW keyed"),
    ("refresh-keyed-data", 0, "REFRESH MATERIALIZED VIEW public.keyed WITH DATA"),
    ("detach", 0, "ALTER TABLE parts DETACH PARTITION parts_1"),
    ("primary-key-inherited", 0, "ALTER TABLE parents ADD PRIMARY KEY (a)"),
    ("check-blank-line-in-string", 0, "ALTER TABLE t ADD CHECK (c <> 'a\n \nb')"),
];

/// Statements without suggested SQL.
const WITHHELD: &[Named] = &[
    ("index-unnamed-expression", 0, "CREATE INDEX ON t ((a + b))"),
    ("index-there", 0, "CREATE INDEX IF NOT EXISTS t_a ON t (c)"),
    ("drop-index-cascade", 0, "DROP INDEX t_a, t_b CASCADE"),
    ("drop-index-partitioned", 0, "DROP INDEX parts_b"),
    ("unique-partitioned", 0, "ALTER TABLE parts ADD UNIQUE (id)"),
    ("primary-key-partitioned", 0, "ALTER TABLE parts ADD PRIMARY KEY (id)"),
    ("unique-if-exists", 0, "ALTER TABLE IF EXISTS t ADD UNIQUE (a)"),
    ("unique-referred-to", 0, "ALTER TABLE t ADD UNIQUE (a), ADD FOREIGN KEY (b) REFERENCES t (a)"),
    (
        "check-and-drop-clash",
        0,
        "ALTER TABLE t DROP CONSTRAINT IF EXISTS x, ADD CONSTRAINT x CHECK (a > 0), ADD UNIQUE (a)",
    ),
    ("column-default-unique", 0, "ALTER TABLE t ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE"),
    ("column-default-required", 0, "ALTER TABLE t ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()"),
    ("column-default-and-more", 0, "ALTER TABLE t ADD COLUMN token uuid DEFAULT gen_random_uuid(), DROP COLUMN b"),
    ("column-domain", 0, "ALTER TABLE t ADD COLUMN p positive DEFAULT 1"),
    ("column-serial", 0, "ALTER TABLE t ADD COLUMN s serial"),
    ("column-type-domain", 0, "ALTER TABLE t ALTER COLUMN a TYPE positive"),
    ("column-types", 0, "ALTER TABLE t ALTER COLUMN a TYPE bigint, ALTER COLUMN b TYPE bigint"),
    ("column-type-and-not-null", 0, "ALTER TABLE t ALTER COLUMN a TYPE bigint, ALTER COLUMN b SET NOT NULL"),
    ("not-null-and-exclude", 0, "ALTER TABLE t ALTER COLUMN a SET NOT NULL, ADD EXCLUDE (b WITH =)"),
    ("reindex-schema", 0, "REINDEX SCHEMA public"),
    ("refresh-keyless", 0, "CREATE MATERIALIZED VIEW fresh AS SELECT 1; REFRESH MATERIALIZED VIEW fresh"),
    ("refresh-half-keyed", 0, "REFRESH MATERIALIZED VIEW half_keyed"),
    ("index-escaped-name", 0, "CREATE INDEX U&\"\\0061\" ON t (c)"),
    ("not-null-escaped-name", 0, "ALTER TABLE t ALTER COLUMN U&\"\\0061\" SET NOT NULL"),
    ("refresh-no-data", 0, "REFRESH MATERIALIZED VIEW keyed WITH NO DATA"),
    ("detach-referenced", 0, "ALTER TABLE referenced DETACH PARTITION referenced_1"),
    ("detach-default", 0, "ALTER TABLE parts_2 DETACH PARTITION parts_2_a"),
    ("foreign-key-partitioned-before-18", 0, "ALTER TABLE parts ADD FOREIGN KEY (a) REFERENCES t (id)"),
];

/// Returns the cases for a server of that major version.
pub(super) fn cases(major: u32) -> Vec<Case> {
    let given = GIVEN.iter().map(|case| (case, true));
    let withheld = WITHHELD.iter().map(|case| (case, false));
    let is_for = |(name, since, _): &Named| *since <= major && !(major >= 18 && name.ends_with("before-18"));
    let cases = given.chain(withheld).filter(|(case, _)| is_for(case));
    let case = |(&(name, _, statement), suggests): (&Named, bool)| Case {
        name: format!("own: {name}"),
        setup: SETUP.to_owned(),
        statement: statement.to_owned(),
        suggests: Some(suggests),
    };
    cases.map(case).collect()
}
