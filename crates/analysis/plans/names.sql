Names that a plan makes, changes and hides.

-- plan: a temporary table hides another
CREATE TABLE big (id bigint PRIMARY KEY);
-- migration: danger
SELECT 1 AS id INTO TEMP big; -- safe
DELETE FROM big; -- safe
TRUNCATE public.big; -- danger truncate
-- migration: danger
DELETE FROM big; -- danger delete-all
-- migration: danger
DROP TABLE big; -- danger drop-table

-- plan: temporary tables of the other two kinds
CREATE TABLE big (id bigint PRIMARY KEY);
-- migration: safe
CREATE TEMP TABLE big AS SELECT 1 AS id; -- safe
UPDATE big SET id = 2; -- safe
DROP TABLE big; -- safe
-- migration: safe
CREATE TEMPORARY TABLE big (id bigint); -- safe
INSERT INTO big VALUES (1); -- safe
-- migration: danger
TRUNCATE big; -- danger truncate

-- plan: a statement changes the search path
CREATE SCHEMA archive;
CREATE TABLE big (id bigint);
-- migration: caution
SET search_path TO archive; -- safe
CREATE TABLE big (id bigint); -- caution unclear-name
-- migration: danger
DROP TABLE big; -- danger drop-table

-- plan: another table's columns
CREATE SCHEMA archive;
CREATE TABLE archive.items (a integer);
CREATE TABLE items (a integer);
-- migration: danger
SELECT set_config('search_path', 'archive', false); -- safe
ALTER TABLE items ALTER COLUMN a TYPE bigint; -- danger unclear-name
TRUNCATE items; -- danger unclear-name
TRUNCATE public.items; -- caution truncate

-- plan: the schema of the migrations may be said
CREATE TABLE items (a integer);
-- migration: safe
SET search_path TO public; -- safe
ALTER TABLE items ADD COLUMN b integer; -- safe

-- plan: objects that exist already
CREATE TABLE big (id bigint);
-- migration: danger
CREATE TABLE big (id bigint); -- danger refused
ALTER TABLE big ALTER COLUMN id TYPE text; -- danger column-type

-- plan: an index that is there already
CREATE TABLE small (id bigint);
CREATE INDEX by_id ON small (id);
-- migration: danger
CREATE INDEX by_id ON small (id); -- danger refused

-- plan: a savepoint is rolled back
CREATE TABLE big (id bigint PRIMARY KEY);
-- migration: danger
SAVEPOINT s; -- safe
DROP TABLE big; -- danger drop-table
CREATE TABLE big (id bigint); -- safe
ROLLBACK TO SAVEPOINT s; -- safe
DELETE FROM big; -- danger unclear-name
-- migration: danger
DROP TABLE big; -- danger unclear-name

-- plan: a schema with another name
CREATE SCHEMA shop;
CREATE TABLE shop.big (id bigint);
CREATE SCHEMA archive;
CREATE TABLE archive.small (id bigint);
-- migration: danger
ALTER SCHEMA archive RENAME TO old; -- danger rename
ALTER SCHEMA shop RENAME TO archive; -- danger rename
CREATE INDEX ON archive.big (id); -- danger unclear-name

-- plan: indexes were dropped with their table
CREATE TABLE big (id bigint, a integer, b integer);
CREATE TABLE small (id bigint);
ALTER TABLE big ADD CONSTRAINT big_key UNIQUE (a);
CREATE INDEX by_id ON small (id);
CREATE INDEX big_b ON big (b);
-- migration: danger
ALTER TABLE big DROP CONSTRAINT big_key; -- caution ban-drop-constraint
CREATE UNIQUE INDEX IF NOT EXISTS big_key ON big (a, b); -- danger create-index
-- migration: danger
DROP TABLE small; -- danger ban-drop-table
-- migration: danger
CREATE INDEX IF NOT EXISTS by_id ON big (a); -- danger create-index
-- migration: danger
ALTER TABLE big DROP COLUMN b; -- danger drop-column
ALTER TABLE big ADD COLUMN b bigint; -- safe
CREATE INDEX IF NOT EXISTS big_b ON big (b); -- danger create-index

-- plan: IF EXISTS finds nothing to drop
CREATE TABLE big (id bigint);
-- migration: safe
DROP TABLE IF EXISTS nope; -- safe
ALTER TABLE big DROP COLUMN IF EXISTS nope; -- safe

-- plan: the new table of the commonest migration
CREATE TABLE big (id bigint PRIMARY KEY);
-- migration: safe
CREATE TABLE fresh (id bigint PRIMARY KEY, big_id bigint NOT NULL); -- safe
ALTER TABLE fresh ADD CONSTRAINT fresh_big FOREIGN KEY (big_id) REFERENCES big (id) ON DELETE CASCADE; -- safe
CREATE INDEX ON fresh (big_id); -- safe
CREATE TABLE other (id bigint PRIMARY KEY REFERENCES big (id)); -- safe

-- plan: a statement that cannot be judged hides no other finding
CREATE TABLE big (id bigint);
CREATE TABLE small (id bigint);
-- migration: danger
DROP TABLE small; -- danger ban-drop-table
CREATE TYPE state AS ENUM ('a'); -- safe

-- plan: renamed tables are the same tables
CREATE TABLE big (id bigint, a integer);
-- migration: danger
ALTER TABLE big RENAME TO old; -- danger rename
CREATE TABLE big (id bigint, a integer); -- safe
DROP TABLE big; -- safe
ALTER TABLE old ALTER COLUMN a TYPE bigint; -- danger column-type

-- plan: a partition with another name is still one
CREATE TABLE parts (id bigint, a integer) PARTITION BY RANGE (id);
CREATE TABLE big_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);
-- migration: danger
ALTER TABLE big_1 RENAME TO big_old; -- danger rename
CREATE TABLE big_1 PARTITION OF parts FOR VALUES FROM (2) TO (3); -- safe
-- migration: danger
ALTER TABLE parts ALTER COLUMN a TYPE bigint; -- danger column-type

-- plan: partitions of partitions
CREATE TABLE parts (id bigint, a integer) PARTITION BY RANGE (id);
CREATE TABLE sub (id bigint, a integer) PARTITION BY RANGE (id);
CREATE TABLE big_1 PARTITION OF sub FOR VALUES FROM (1) TO (2);
-- migration: danger
ALTER TABLE parts ATTACH PARTITION sub FOR VALUES FROM (1) TO (5); -- danger attach-partition
-- migration: danger
ALTER TABLE parts ALTER COLUMN a TYPE bigint; -- danger column-type

-- plan: children of the old kind
CREATE TABLE parent (a integer);
CREATE TABLE big_child (a integer);
-- migration: safe
ALTER TABLE big_child INHERIT parent; -- safe
-- migration: danger
ALTER TABLE parent ALTER COLUMN a TYPE bigint; -- danger column-type

-- plan: a CHECK that proved it is about another column now
CREATE TABLE big (a integer, b integer, CONSTRAINT nn CHECK (a IS NOT NULL));
-- migration: danger
ALTER TABLE big RENAME COLUMN a TO a_old; -- danger rename
ALTER TABLE big RENAME COLUMN b TO a; -- danger rename
ALTER TABLE big ALTER COLUMN a SET NOT NULL; -- danger set-not-null

-- plan: a name that only the server reads
CREATE TABLE big (id bigint);
-- migration: danger
DROP TABLE U&"b\0069g"; -- danger drop-table

-- plan: a DO block has made a table
CREATE TABLE small (id bigint);
-- migration: danger
DO $$ BEGIN CREATE TABLE made (id bigint); END $$; -- caution opaque
DROP TABLE made; -- danger drop-table

-- plan: views that change places
CREATE TABLE small (id bigint);
CREATE VIEW v AS SELECT id FROM small;
-- migration: danger
ALTER VIEW v RENAME TO v_old; -- danger rename
CREATE VIEW v AS SELECT 1 AS id; -- safe

-- plan: a view over another that changes
CREATE TABLE big (id bigint);
CREATE TABLE small (id bigint);
CREATE VIEW v1 AS SELECT id FROM small;
CREATE VIEW v2 AS SELECT id FROM v1;
CREATE MATERIALIZED VIEW mv AS SELECT id FROM v2;
-- migration: caution
CREATE OR REPLACE VIEW v1 AS SELECT id FROM big; -- caution ban-replace-view-function
-- migration: caution
REFRESH MATERIALIZED VIEW mv; -- caution refresh

-- plan: a whole schema's name
CREATE SCHEMA shop; CREATE TABLE shop.orders ();
-- migration: danger
-- squawk-ignore renaming-object
ALTER SCHEMA shop RENAME TO shop2; -- danger rename

-- plan: a new table that refers to an old one goes again
CREATE TABLE big (id bigint);
CREATE TABLE small (id bigint PRIMARY KEY);
-- migration: safe
CREATE TABLE f (id bigint REFERENCES small); -- safe
-- migration: danger
DROP TABLE f; -- safe
CREATE TABLE copied AS SELECT * FROM big; -- safe

-- plan: names in quotes
CREATE TABLE big (id bigint);
-- migration: danger
SET "lock_timeout" TO 0; -- safe
ALTER TABLE big ADD COLUMN a integer; -- danger own-setting

-- plan: the schema of the migrations may come first
CREATE TABLE items (a integer);
-- migration: safe
SET search_path TO public, pg_catalog; -- safe
ALTER TABLE items ADD COLUMN b integer; -- safe

-- plan: columns and tables that are there, or not
CREATE TABLE small (id bigint);
-- migration: danger
ALTER TABLE small ADD COLUMN id integer; -- danger refused
-- migration: danger
ALTER TABLE nope ADD COLUMN id integer; -- danger refused

-- plan: a temporary table beside another
CREATE TABLE small (id bigint);
-- migration: safe
CREATE TEMP TABLE IF NOT EXISTS small AS SELECT 1 AS id; -- safe
DROP TABLE small; -- safe
