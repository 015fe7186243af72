Rows that are deleted and written, with conditions and through foreign keys.

-- plan: a condition without a key finds any number of rows
CREATE TABLE big (id bigint PRIMARY KEY, a integer, b integer);
-- migration: danger
DELETE FROM big WHERE id > 0; -- danger delete-many
DELETE FROM big WHERE a = 1; -- danger delete-many
UPDATE big SET a = 0 WHERE a IS NULL; -- danger update-many
UPDATE big SET a = 0; -- danger update-many

-- plan: a condition without a column finds all rows
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
-- migration: danger
UPDATE big SET a = 0 WHERE true; -- danger update-many
DELETE FROM big WHERE 1 = 1; -- danger delete-all
DELETE FROM big; -- danger delete-all

-- plan: a unique key finds few rows
CREATE TABLE big (id bigint PRIMARY KEY, a integer, b integer NOT NULL);
CREATE UNIQUE INDEX big_ab ON big (a, b);
-- migration: safe
DELETE FROM big WHERE id = 1; -- safe
DELETE FROM big WHERE id IN (1, 2, 3) AND a > 0; -- safe
UPDATE big AS t SET a = 0 WHERE t.id BETWEEN 1 AND 1000; -- safe
UPDATE big SET a = 0 WHERE id >= 1000 AND id < 2000; -- safe
DELETE FROM big WHERE a = 1 AND b = 2; -- safe

-- plan: a part of a key finds any number of rows
CREATE TABLE big (id bigint, a integer, b integer NOT NULL);
CREATE UNIQUE INDEX big_ab ON big (a, b);
CREATE UNIQUE INDEX big_partial ON big (id) WHERE a > 1;
-- migration: danger
DELETE FROM big WHERE a = 1; -- danger delete-many
DELETE FROM big WHERE id = 1; -- danger delete-many

-- plan: a key of a table that is joined says nothing
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
CREATE TABLE small (id bigint PRIMARY KEY, a integer);
-- migration: danger
UPDATE big SET a = small.a FROM small WHERE small.id = 1; -- danger update-many
DELETE FROM big USING small WHERE big.a = small.a AND small.id = 1; -- danger delete-many

-- plan: WITH and MERGE delete rows
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
CREATE TABLE small (id bigint PRIMARY KEY, a integer);
-- migration: danger
WITH gone AS (DELETE FROM big RETURNING id) SELECT count(*) FROM gone; -- danger delete-all
WITH gone AS (DELETE FROM big WHERE a > 1 RETURNING id, a) INSERT INTO small SELECT * FROM gone; -- danger delete-many
MERGE INTO big USING small ON big.id = small.id WHEN MATCHED THEN DELETE; -- danger delete-many
MERGE INTO big USING small ON big.id = small.id WHEN MATCHED THEN UPDATE SET a = small.a; -- danger update-many

-- plan: SELECT FOR UPDATE locks rows
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
-- migration: danger
SELECT * FROM big FOR UPDATE; -- danger update-many

-- plan: a foreign key deletes rows too
CREATE TABLE a1 (id bigint PRIMARY KEY);
INSERT INTO a1 SELECT n FROM generate_series(1, 10) n;
CREATE TABLE a2 (id bigint PRIMARY KEY, a bigint REFERENCES a1 (id) ON DELETE CASCADE);
INSERT INTO a2 SELECT n, 1 FROM generate_series(1, 10) n;
ANALYZE a1, a2;
CREATE TABLE big (id bigint PRIMARY KEY, a bigint REFERENCES a2 (id) ON DELETE CASCADE);
-- migration: danger
DELETE FROM a1 WHERE id = 9; -- danger delete-many

-- plan: ON DELETE SET NULL writes the rows that refer
CREATE TABLE kinds (id bigint PRIMARY KEY);
CREATE TABLE big (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id) ON DELETE SET NULL);
-- migration: danger
DELETE FROM kinds WHERE id = 9; -- danger foreign-key-lookup

-- plan: an empty table beside a large one
CREATE TABLE big (id bigint PRIMARY KEY);
CREATE TABLE tiny (id bigint PRIMARY KEY, big_id bigint REFERENCES big (id));
-- migration: caution
UPDATE tiny SET big_id = NULL; -- safe
DELETE FROM tiny; -- caution delete-all
-- migration: danger
DROP TABLE tiny; -- danger ban-drop-table

-- plan: statements on a small table are safe
CREATE TABLE small (id bigint PRIMARY KEY, a integer);
-- migration: safe
UPDATE small SET a = 0; -- safe
DELETE FROM small WHERE a = 1; -- safe
INSERT INTO small VALUES (1, 2); -- safe

-- plan: EXPLAIN ANALYZE runs its statement
CREATE TABLE big (id bigint PRIMARY KEY);
-- migration: danger
EXPLAIN ANALYZE DELETE FROM big; -- danger delete-all
-- migration: safe
EXPLAIN DELETE FROM big; -- safe

-- plan: a trigger that the same plan makes
CREATE TABLE small (id bigint PRIMARY KEY, a integer);
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- migration: caution
CREATE TRIGGER t AFTER UPDATE ON small FOR EACH ROW EXECUTE FUNCTION act(); -- caution fires
UPDATE small SET a = 1 WHERE id = 1; -- caution opaque

-- plan: functions that do more than give a value
CREATE TABLE small (id bigint PRIMARY KEY, a integer);
CREATE FUNCTION purge() RETURNS bigint VOLATILE LANGUAGE sql AS 'SELECT 1::bigint';
-- migration: caution
CREATE TABLE c AS SELECT purge(); -- caution opaque
INSERT INTO small SELECT purge(), 1; -- caution opaque
UPDATE small SET a = purge() WHERE id = 1; -- caution opaque
CREATE MATERIALIZED VIEW m AS SELECT purge(); -- caution opaque
SELECT * FROM purge(); -- caution opaque

-- plan: functions that only give a value
CREATE TABLE small (id bigserial PRIMARY KEY, a uuid, b timestamptz);
-- migration: safe
UPDATE small SET a = gen_random_uuid(), b = now() WHERE id = 1; -- safe
SELECT extract(epoch FROM clock_timestamp()); -- safe

-- plan: the next number of a sequence
CREATE TABLE small (id bigserial PRIMARY KEY, n bigint GENERATED ALWAYS AS IDENTITY); CREATE SEQUENCE numbers;
-- migration: caution
SELECT setval('numbers', 7); -- caution numbers-set
SELECT 1 FROM setval('public.numbers'::regclass, 7, false); -- caution numbers-set
SELECT setval(pg_get_serial_sequence('small', 'id'), coalesce((SELECT max(id) FROM small), 1)); -- caution numbers-set
SELECT setval(oid::regclass, 7) FROM pg_class WHERE relname = 'numbers'; -- caution numbers-set
ALTER SEQUENCE numbers RESTART; -- caution numbers-set
ALTER SEQUENCE numbers RESTART WITH 7; -- caution numbers-set
ALTER TABLE small ALTER COLUMN n RESTART WITH 7; -- caution numbers-set
-- migration: safe
SELECT nextval('numbers'), 'setval(1)'; -- safe
CREATE TABLE fresh_and_new (id bigserial PRIMARY KEY, n bigint GENERATED ALWAYS AS IDENTITY); -- safe
SELECT setval('fresh_and_new_id_seq', 7), setval(pg_get_serial_sequence('fresh_and_new', 'n'), 7); -- safe
CREATE SEQUENCE fresher; -- safe
SELECT setval('fresher', 7); -- safe

-- plan: children of the old kind have rows, too
CREATE TABLE parent (id bigint);
CREATE TABLE big_child (a integer) INHERITS (parent);
-- migration: danger
DELETE FROM parent WHERE id > 1; -- danger delete-many
DELETE FROM ONLY parent WHERE id > 1; -- safe

-- plan: a prepared statement is judged as if it ran
CREATE TABLE big (id bigint PRIMARY KEY);
-- migration: danger
PREPARE purge AS DELETE FROM big; -- danger delete-all
EXECUTE purge; -- caution opaque

-- plan: a key that other tables refer to
CREATE TABLE kinds (id bigint PRIMARY KEY);
CREATE TABLE big (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id) ON UPDATE CASCADE);
-- migration: danger
UPDATE kinds SET id = 10 WHERE id = 9; -- danger foreign-key-lookup

-- plan: rows of a partition are referred to through its table
CREATE TABLE parts (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);
CREATE TABLE big (id bigint REFERENCES parts (id) ON DELETE CASCADE);
-- migration: danger
DELETE FROM part_1 WHERE id = 1; -- danger delete-many

-- plan: deleted rows are written into a new table
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
-- migration: danger
CREATE TABLE archive AS WITH gone AS (DELETE FROM big RETURNING *) SELECT * FROM gone; -- danger delete-all

-- plan: a view of the same plan passes rows on to its table
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
-- migration: danger
CREATE VIEW v AS SELECT * FROM big; -- safe
CREATE VIEW over AS SELECT * FROM v; -- safe
DELETE FROM over; -- danger delete-all
UPDATE v SET a = 1 WHERE id = 1; -- danger update-many

-- plan: a partitioned table of the same plan has old rows in its partitions
CREATE TABLE big (id bigint NOT NULL, a integer, CHECK (id >= 1 AND id < 10));
-- migration: danger
CREATE TABLE parts (id bigint NOT NULL, a integer) PARTITION BY RANGE (id); -- safe
ALTER TABLE parts ATTACH PARTITION big FOR VALUES FROM (1) TO (10); -- caution attach-partition
DELETE FROM parts WHERE a = 1; -- danger delete-many

-- plan: an INSERT that updates
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
-- migration: danger
INSERT INTO big (id, a) SELECT id, 0 FROM big ON CONFLICT (id) DO UPDATE SET a = 0; -- danger update-many
INSERT INTO big (id, a) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET a = 0; -- safe

-- plan: a parent's key is not its children's
CREATE TABLE parent (id bigint PRIMARY KEY);
CREATE TABLE big_child () INHERITS (parent);
-- migration: danger
DELETE FROM parent WHERE id = 1; -- danger delete-many

-- plan: rows that are locked by their alias
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
-- migration: danger
SELECT b.a FROM big b FOR UPDATE OF b; -- danger update-many

-- plan: between two numbers that are not whole
CREATE TABLE big (score double precision PRIMARY KEY, n numeric UNIQUE, a integer);
-- migration: danger
DELETE FROM big WHERE score BETWEEN 0 AND 1; -- danger delete-many
UPDATE big SET a = 1 WHERE n >= 0 AND n < 1; -- danger update-many
UPDATE big SET a = 1 WHERE score = 1.5; -- safe

-- plan: a small table that is filled
CREATE TABLE big (id bigint PRIMARY KEY);
CREATE TABLE small (id bigint);
-- migration: danger
INSERT INTO small SELECT id FROM big; -- safe
ALTER TABLE small ALTER COLUMN id SET NOT NULL; -- danger set-not-null
-- migration: danger
CREATE INDEX ON small (id); -- danger create-index

-- plan: a small table that refers to a large one
CREATE TABLE big (id bigint PRIMARY KEY);
CREATE TABLE small (big_id bigint);
-- migration: safe
ALTER TABLE small ADD CONSTRAINT f FOREIGN KEY (big_id) REFERENCES big (id); -- safe

-- plan: a large table that refers to a small one by an index
CREATE TABLE kinds (id bigint PRIMARY KEY);
CREATE TABLE big (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id));
CREATE INDEX big_kind ON big (kind);
-- migration: safe
ALTER TABLE kinds ADD COLUMN c integer; -- safe
DELETE FROM kinds WHERE id = 1; -- safe

-- plan: a DO block names tables
CREATE TABLE big (id bigint PRIMARY KEY);
CREATE TABLE small (id bigint PRIMARY KEY);
-- migration: danger
DO $$ BEGIN DELETE FROM "big"; END $$; -- danger opaque
-- migration: caution
DO $$ BEGIN DELETE FROM public.small; END $$; -- caution opaque

-- plan: a merge that takes every row
CREATE TABLE big (id bigint); CREATE TABLE small (id bigint);
-- migration: danger
MERGE INTO big USING (SELECT 1) AS s(x) ON true WHEN MATCHED THEN DELETE; -- danger delete-all
MERGE INTO small USING (SELECT 1) AS s(x) ON small.id = s.x WHEN MATCHED THEN DELETE; -- safe
