What the catalog knows to fail, and what it knows to do nothing.

-- plan: IF NOT EXISTS finds another object of that name
CREATE TABLE coin (a integer, b integer); CREATE TABLE mint (a integer);
CREATE INDEX coin_i ON coin (a); CREATE INDEX mint_i ON mint (a); CREATE VIEW seen AS SELECT 1 AS a;
-- migration: caution
CREATE INDEX IF NOT EXISTS coin_i ON coin (a); -- safe
CREATE INDEX IF NOT EXISTS coin_i ON coin (b); -- caution does-nothing
CREATE INDEX IF NOT EXISTS mint_i ON coin (a); -- caution does-nothing
CREATE TABLE IF NOT EXISTS coin (a integer, b integer); -- safe
CREATE TABLE IF NOT EXISTS coin (a integer, c text); -- caution does-nothing
CREATE TABLE IF NOT EXISTS seen (a integer); -- caution does-nothing
ALTER TABLE coin ADD COLUMN IF NOT EXISTS b bigint; -- caution does-nothing
ALTER TABLE coin ADD COLUMN IF NOT EXISTS b integer; -- safe

-- plan: a table that a key refers to
CREATE TABLE parent (k integer PRIMARY KEY, other integer);
CREATE TABLE child (k integer CONSTRAINT child_k REFERENCES parent);
-- migration: danger
-- squawk-ignore ban-drop-table
DROP TABLE parent; -- danger refused

-- plan: a table that a key of the same statement refers to
CREATE TABLE parent (k integer PRIMARY KEY, other integer);
CREATE TABLE child (k integer CONSTRAINT child_k REFERENCES parent);
-- migration: caution
-- squawk-ignore ban-drop-table
DROP TABLE parent, child; -- caution drop-table

-- plan: a key that another one relies on
CREATE TABLE parent (k integer PRIMARY KEY, other integer);
CREATE TABLE child (k integer CONSTRAINT child_k REFERENCES parent);
-- migration: danger
-- squawk-ignore ban-drop-constraint
ALTER TABLE parent DROP CONSTRAINT parent_pkey; -- danger refused

-- plan: a second primary key
CREATE TABLE parent (k integer PRIMARY KEY, other integer);
CREATE TABLE child (k integer CONSTRAINT child_k REFERENCES parent);
-- migration: danger
ALTER TABLE parent ADD PRIMARY KEY (other); -- danger refused

-- plan: a constraint that exists already
CREATE TABLE parent (k integer PRIMARY KEY, other integer);
CREATE TABLE child (k integer CONSTRAINT child_k REFERENCES parent);
-- migration: danger
ALTER TABLE child ADD CONSTRAINT child_k CHECK (k > 0) NOT VALID; -- danger refused

-- plan: an index of a partitioned table, concurrently
CREATE TABLE log (day date) PARTITION BY RANGE (day);
CREATE TABLE log_may PARTITION OF log FOR VALUES FROM ('2026-05-01') TO ('2026-06-01');
CREATE TABLE log_rest PARTITION OF log DEFAULT;
CREATE INDEX may_i ON log_may (day); CREATE INDEX rest_i ON log_rest (day);
-- migration: danger
CREATE INDEX CONCURRENTLY log_i ON log (day); -- danger refused

-- plan: two indexes at a time, concurrently
CREATE TABLE log (day date) PARTITION BY RANGE (day);
CREATE TABLE log_may PARTITION OF log FOR VALUES FROM ('2026-05-01') TO ('2026-06-01');
CREATE TABLE log_rest PARTITION OF log DEFAULT;
CREATE INDEX may_i ON log_may (day); CREATE INDEX rest_i ON log_rest (day);
-- migration: danger
-- squawk-ignore ban-drop-index
DROP INDEX CONCURRENTLY may_i, rest_i; -- danger refused

-- plan: a column that a view uses is dropped
CREATE TABLE chest (id integer, label text); CREATE VIEW labels AS SELECT label FROM chest;
-- migration: danger
-- squawk-ignore ban-drop-column
ALTER TABLE chest DROP COLUMN label; -- danger refused

-- plan: a column that a view uses gets another type
CREATE TABLE chest (id integer, label text); CREATE VIEW labels AS SELECT label FROM chest;
-- migration: danger
-- squawk-ignore changing-column-type
ALTER TABLE chest ALTER COLUMN label TYPE varchar(20); -- danger refused

-- plan: a view is dropped before its column changes
CREATE TABLE chest (id integer, label text); CREATE VIEW labels AS SELECT label FROM chest; CREATE VIEW more AS SELECT * FROM labels;
-- migration: caution
-- squawk-ignore-file
DROP VIEW labels, more; -- safe
ALTER TABLE chest ALTER COLUMN label TYPE varchar; -- safe
ALTER TABLE chest DROP COLUMN label; -- caution drop-column

-- plan: a view that another one uses
CREATE TABLE chest (id integer, label text); CREATE VIEW labels AS SELECT label FROM chest; CREATE VIEW more AS SELECT * FROM labels;
-- migration: danger
-- squawk-ignore ban-drop-view
DROP VIEW labels; -- danger refused

-- plan: a table that a view uses
CREATE TABLE chest (id integer, label text); CREATE VIEW labels AS SELECT label FROM chest;
-- migration: danger
-- squawk-ignore ban-drop-table
DROP TABLE chest; -- danger refused

-- plan: a column that does not exist is dropped
CREATE TABLE gear (kind text);
-- migration: danger
-- squawk-ignore ban-drop-column
ALTER TABLE gear DROP COLUMN absent; -- danger refused

-- plan: a column that does not exist is dropped, if it is there
CREATE TABLE gear (kind text);
-- migration: safe
-- squawk-ignore ban-drop-column
ALTER TABLE gear DROP COLUMN IF EXISTS absent; -- safe

-- plan: a column that does not exist is altered
CREATE TABLE gear (kind text);
-- migration: danger
ALTER TABLE gear ALTER COLUMN missing SET DEFAULT 'a'; -- danger refused

-- plan: a foreign key that refers to no key
CREATE TABLE parent (id integer PRIMARY KEY, code text); CREATE TABLE child (code text);
-- migration: danger
ALTER TABLE child ADD FOREIGN KEY (code) REFERENCES parent (code); -- danger refused

-- plan: a foreign key that refers to a key of the same plan
CREATE TABLE parent (id integer PRIMARY KEY, code text, of text); CREATE TABLE child (code text, of text);
-- migration: safe
-- squawk-ignore-file
ALTER TABLE parent ADD UNIQUE (of, code); -- safe
ALTER TABLE child ADD FOREIGN KEY (code, of) REFERENCES parent (code, of); -- safe

-- plan: objects that do not exist are dropped with IF EXISTS
CREATE TABLE there (id integer);
-- migration: safe
DROP TABLE IF EXISTS absent CASCADE; -- safe
DROP VIEW IF EXISTS absent CASCADE; -- safe
DROP INDEX IF EXISTS absent CASCADE; -- safe
DROP SEQUENCE IF EXISTS absent; -- safe

-- plan: a value of an enum that exists already
CREATE TYPE mood AS ENUM ('good', 'bad');
-- migration: danger
ALTER TYPE mood ADD VALUE 'bad'; -- danger refused

-- plan: a value of an enum that is missing
CREATE TYPE mood AS ENUM ('good', 'bad');
-- migration: danger
ALTER TYPE mood RENAME VALUE 'worse' TO 'worst'; -- danger refused

-- plan: a type that a column still has
CREATE TYPE mood AS ENUM ('good'); CREATE TABLE one (m mood); CREATE TABLE two (m mood[]);
-- migration: danger
ALTER TABLE one ALTER COLUMN m TYPE text; -- caution changing-column-type
DROP TYPE mood; -- danger refused

-- plan: a type that no column has any more
CREATE TYPE mood AS ENUM ('good'); CREATE TABLE one (m mood);
-- migration: caution
ALTER TYPE mood RENAME TO mood_old; -- caution renaming-object
ALTER TABLE one ALTER COLUMN m TYPE text; -- caution changing-column-type
DROP TYPE mood_old; -- caution ban-drop-type

-- plan: a schema with something in it
CREATE SCHEMA attic; CREATE TABLE attic.box (a integer);
-- migration: danger
DROP SCHEMA attic; -- danger refused

-- plan: a schema whose tables the plan has dropped
CREATE SCHEMA attic; CREATE TABLE attic.box (a integer);
-- migration: danger
-- squawk-ignore ban-drop-table
DROP TABLE attic.box; -- caution drop-table
DROP SCHEMA attic; -- danger ban-drop-schema

-- plan: a schema that exists already
CREATE SCHEMA attic;
-- migration: danger
CREATE SCHEMA attic; -- danger refused

-- plan: a sequence that a default needs
CREATE TABLE one (a serial);
-- migration: danger
DROP SEQUENCE one_a_seq; -- danger refused

-- plan: a trigger that exists already
CREATE TABLE one (a integer); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON one FOR EACH ROW EXECUTE FUNCTION f();
-- migration: danger
CREATE TRIGGER t BEFORE INSERT ON one FOR EACH ROW EXECUTE FUNCTION f(); -- danger refused

-- plan: a trigger that is missing
CREATE TABLE one (a integer);
-- migration: danger
DROP TRIGGER t ON one; -- danger refused

-- plan: a policy that exists already
CREATE TABLE one (a integer); CREATE POLICY p ON one;
-- migration: danger
CREATE POLICY p ON one; -- danger refused

-- plan: a function that is missing
CREATE TABLE one (a integer);
-- migration: danger
ALTER TABLE one ADD COLUMN b integer DEFAULT nothing_like_it(); -- danger refused

-- plan: a function that exists already
CREATE FUNCTION two(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2';
-- migration: danger
CREATE FUNCTION two(a int) RETURNS integer LANGUAGE sql AS 'SELECT 3'; -- danger refused

-- plan: a table that is missing

-- migration: danger
WITH nowhere AS (SELECT 1 AS a) SELECT a FROM nowhere; -- safe
INSERT INTO nowhere VALUES (1); -- danger refused

-- plan: a view that is dropped as a table
CREATE VIEW seen AS SELECT 1 AS a;
-- migration: danger
-- squawk-ignore ban-drop-table
DROP TABLE seen; -- danger refused

-- plan: an index of a constraint
CREATE TABLE one (a integer UNIQUE);
-- migration: danger
DROP INDEX one_a_key; -- danger refused

-- plan: a table that a key refers to, emptied
CREATE TABLE one (a integer PRIMARY KEY); CREATE TABLE two (a integer REFERENCES one);
-- migration: danger
TRUNCATE one, two; -- caution truncate
TRUNCATE one; -- danger refused

-- plan: a column that an index names and that is missing
CREATE TABLE one (a integer);
-- migration: danger
CREATE INDEX one_b ON one (b); -- danger refused

-- plan: a column that a key names and that comes in the same statement
CREATE TABLE one (a integer);
-- migration: safe
ALTER TABLE one ADD CONSTRAINT one_b UNIQUE (b), ADD COLUMN b integer; -- safe

-- plan: a column is renamed to the name of another column
CREATE TABLE one (a integer, b integer);
-- migration: danger
ALTER TABLE one RENAME COLUMN a TO b; -- danger refused

-- plan: a table is renamed to the name of another table
CREATE TABLE one (a integer); CREATE TABLE two (a integer);
-- migration: danger
ALTER TABLE one RENAME TO two; -- danger refused

-- plan: a constraint that is missing
CREATE TABLE one (a integer);
-- migration: danger
-- squawk-ignore ban-drop-constraint
ALTER TABLE one DROP CONSTRAINT one_check; -- danger refused

-- plan: a number that is not cast to a boolean by itself
CREATE TABLE one (a integer DEFAULT 0, b text DEFAULT 'x', c varchar(3) DEFAULT 'y');
-- migration: danger
ALTER TABLE one ALTER COLUMN c TYPE text; -- caution changing-column-type
ALTER TABLE one ALTER COLUMN a TYPE boolean; -- danger refused

-- plan: a default that is dropped before its column is cast
CREATE TYPE mood AS ENUM ('x'); CREATE TABLE one (b text DEFAULT 'x');
-- migration: caution
ALTER TABLE one ALTER COLUMN b DROP DEFAULT; -- caution ban-drop-default
ALTER TABLE one ALTER COLUMN b TYPE mood USING b::mood; -- caution changing-column-type
ALTER TABLE one ALTER COLUMN b SET DEFAULT 'x'; -- safe

-- plan: a value that is missing in some rows
CREATE TABLE one (a integer, b integer); INSERT INTO one SELECT i, nullif(i, 3) FROM generate_series(1, 9) AS i; ANALYZE one;
-- migration: danger
ALTER TABLE one ALTER COLUMN a SET NOT NULL; -- safe
ALTER TABLE one ALTER COLUMN b SET NOT NULL; -- danger refused

-- plan: a value that the plan fills in first
CREATE TABLE one (a integer, b integer); INSERT INTO one SELECT i, nullif(i, 3) FROM generate_series(1, 9) AS i; ANALYZE one;
-- migration: safe
UPDATE one SET b = 0 WHERE b IS NULL; -- safe
ALTER TABLE one ALTER COLUMN b SET NOT NULL; -- safe

-- plan: a value that some rows share
CREATE TABLE one (a integer, b integer); INSERT INTO one SELECT i, i / 2 FROM generate_series(1, 9) AS i; ANALYZE one;
-- migration: danger
CREATE UNIQUE INDEX one_a ON one (a); -- safe
CREATE UNIQUE INDEX one_ab ON one (a, b); -- safe
CREATE UNIQUE INDEX one_b_9 ON one (b) WHERE a > 8; -- safe
CREATE UNIQUE INDEX one_b ON one (b); -- danger refused

-- plan: a check that waits for the end of the transaction
CREATE TABLE one (a integer PRIMARY KEY); INSERT INTO one VALUES (1); CREATE TABLE two (a integer REFERENCES one DEFERRABLE INITIALLY DEFERRED); INSERT INTO two VALUES (1); ANALYZE one, two;
-- migration: danger
INSERT INTO two VALUES (1); -- safe
ALTER TABLE two ADD COLUMN c integer; -- danger refused

-- plan: DROP IF EXISTS of an object that does not exist
CREATE TABLE one (a integer);
-- migration: safe
DROP TYPE IF EXISTS nothing CASCADE; -- safe
DROP FUNCTION IF EXISTS nothing() CASCADE; -- safe
DROP SCHEMA IF EXISTS nothing CASCADE; -- safe
DROP TABLE IF EXISTS nothing CASCADE; -- safe
DROP POLICY IF EXISTS nothing ON one; -- safe
ALTER TABLE one DROP COLUMN IF EXISTS nothing, DROP CONSTRAINT IF EXISTS nothing; -- safe

-- plan: a new column that no row has a value in
CREATE TABLE one (a integer); INSERT INTO one VALUES (1); ANALYZE one;
-- migration: danger
ALTER TABLE one ADD COLUMN b integer; -- safe
ALTER TABLE one ALTER COLUMN b SET NOT NULL; -- danger refused

-- plan: a new column in a table without rows
CREATE TABLE one (a integer); INSERT INTO one VALUES (NULL); ANALYZE one; TRUNCATE one;
-- migration: safe
ALTER TABLE one ALTER COLUMN a SET NOT NULL; -- safe
ALTER TABLE one ADD COLUMN b integer; -- safe
ALTER TABLE one ALTER COLUMN b SET NOT NULL; -- safe

-- plan: an index exists already, and a statement of unknown work comes before
CREATE TABLE one (a integer); CREATE SCHEMA s; CREATE TABLE s.two (a integer); CREATE INDEX two_a ON s.two (a);
-- migration: danger
CREATE EXTENSION IF NOT EXISTS plpgsql; -- safe
CREATE INDEX two_a ON s.two (a); -- danger refused

-- plan: a deferred check is done before the table is changed
CREATE TABLE one (a integer PRIMARY KEY); INSERT INTO one VALUES (1); CREATE TABLE two (a integer REFERENCES one DEFERRABLE INITIALLY DEFERRED); INSERT INTO two VALUES (1); ANALYZE one, two;
-- migration: safe
INSERT INTO two VALUES (1); -- safe
SET CONSTRAINTS ALL IMMEDIATE; -- safe
ALTER TABLE two ADD COLUMN b integer; -- safe

-- plan: a text becomes a UUID without USING
CREATE TABLE one (a text);
-- migration: danger
-- squawk-ignore changing-column-type
ALTER TABLE one ALTER COLUMN a TYPE uuid; -- danger refused

-- plan: a text becomes a value of an enum with capitals without USING
CREATE TYPE "Role" AS ENUM ('USER'); CREATE TABLE one (a text);
-- migration: danger
-- squawk-ignore changing-column-type
ALTER TABLE one ALTER COLUMN a TYPE "Role"; -- danger refused

-- plan: an array becomes one number
CREATE TABLE one (a integer[]);
-- migration: danger
-- squawk-ignore changing-column-type
ALTER TABLE one ALTER COLUMN a TYPE integer; -- danger refused

-- plan: a type that other databases have
CREATE TABLE one (a integer);
-- migration: danger
ALTER TABLE one ADD COLUMN b string; -- danger refused
