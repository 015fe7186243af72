-- group: Indexes
-- setup:
CREATE TABLE orders (id int PRIMARY KEY, email text, state text, tags text[], at timestamptz);
CREATE INDEX orders_state ON orders (state);
CREATE INDEX orders_lower ON orders (lower(email));
CREATE TABLE readings (year int NOT NULL, value int) PARTITION BY LIST (year);
CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES IN (2024);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES IN (2025);
CREATE TABLE parents (a int);
CREATE TABLE children (b int) INHERITS (parents);
INSERT INTO orders SELECT n, 'email' || n, 'open', '{one}', now() FROM generate_series(1, 3) n;
INSERT INTO readings SELECT y, y FROM generate_series(2024, 2025) y;
INSERT INTO parents VALUES (1);
INSERT INTO children VALUES (1, 2);
CREATE MATERIALIZED VIEW totals AS SELECT state, count(*) FROM orders GROUP BY state;

-- form: create-index
-- about: No other session can write while it is built.
-- statement:
CREATE INDEX orders_email ON orders (email);

-- form: create-unique-index
-- about: Likewise.
-- statement:
CREATE UNIQUE INDEX orders_email ON orders (email);

-- form: create-index-expression
-- about: Likewise.
-- statement:
CREATE INDEX orders_email ON orders (lower(email), at DESC);

-- form: create-index-partial
-- about: Every row is looked at, although not every row gets in.
-- statement:
CREATE INDEX orders_open ON orders (at) WHERE state = 'open';

-- form: create-index-gin
-- about: Likewise for every kind of index.
-- statement:
CREATE INDEX orders_tags ON orders USING gin (tags);

-- form: create-index-brin
-- about: A BRIN index is small, but every row is read for it.
-- statement:
CREATE INDEX orders_at ON orders USING brin (at);

-- form: create-index-include
-- about: Likewise.
-- statement:
CREATE INDEX orders_email ON orders (email) INCLUDE (state);

-- form: create-index-unnamed
-- about: PostgreSQL finds a name.
-- statement:
CREATE INDEX ON orders (email);

-- form: create-index-if-not-exists
-- about: The index is new.
-- statement:
CREATE INDEX IF NOT EXISTS orders_email ON orders (email);

-- form: create-index-if-not-exists-there
-- about: The index is there: nothing is built, but the lock is taken.
-- statement:
CREATE INDEX IF NOT EXISTS orders_state ON orders (email);

-- form: create-index-partitioned
-- about: An index is built on every partition; no other session can write to any of them until the last is done.
-- statement:
CREATE INDEX readings_value ON readings (value);

-- form: create-index-on-only
-- about: An index without partitions' indexes, to which these are attached later: nothing is built.
-- statement:
CREATE INDEX readings_value ON ONLY readings (value);

-- form: create-index-inheritance-parent
-- about: Tables that inherit have indexes of their own.
-- statement:
CREATE INDEX parents_a ON parents (a);

-- form: create-index-materialized-view
-- about: A materialized view has indexes like a table.
-- statement:
CREATE UNIQUE INDEX totals_state ON totals (state);

-- form: create-index-concurrently
-- about: Other sessions read and write meanwhile; every row is read twice.
-- standalone
-- statement:
CREATE INDEX CONCURRENTLY orders_email ON orders (email);

-- form: create-unique-index-concurrently
-- about: Likewise.
-- standalone
-- statement:
CREATE UNIQUE INDEX CONCURRENTLY orders_email ON orders (email);

-- form: create-unique-index-concurrently-if-not-exists
-- about: Likewise.
-- standalone
-- statement:
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS orders_email ON orders (email);

-- form: create-index-concurrently-if-not-exists
-- about: Likewise.
-- standalone
-- statement:
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_email ON orders (email);

-- form: create-index-concurrently-if-not-exists-there
-- about: The index is there, perhaps invalid: nothing is built.
-- standalone
-- statement:
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_state ON orders (state);

-- form: drop-index
-- about: No other session can read or write for a moment.
-- statement:
DROP INDEX orders_state;

-- form: drop-index-if-exists-missing
-- about: There is no such index, so there is nothing to lock.
-- statement:
DROP INDEX IF EXISTS missing;

-- form: drop-index-several
-- about: Several at once take no more than one.
-- statement:
DROP INDEX orders_state, orders_lower;

-- form: drop-index-cascade
-- about: A foreign key that relies on it goes too, for which its table is locked.
-- opaque
-- setup:
CREATE UNIQUE INDEX orders_email ON orders (email);
CREATE TABLE mails (email text REFERENCES orders (email));
-- statement:
DROP INDEX orders_email CASCADE;

-- form: drop-index-partitioned
-- about: The indexes of all partitions go with it.
-- setup:
CREATE INDEX readings_value ON readings (value);
-- statement:
DROP INDEX readings_value;

-- form: drop-index-concurrently
-- about: Other sessions read and write meanwhile.
-- standalone
-- statement:
DROP INDEX CONCURRENTLY orders_state;

-- form: drop-index-concurrently-if-exists
-- about: Likewise.
-- standalone
-- statement:
DROP INDEX CONCURRENTLY IF EXISTS orders_state;

-- form: drop-index-concurrently-if-exists-missing
-- about: There is no such index, so there is nothing to lock.
-- standalone
-- statement:
DROP INDEX CONCURRENTLY IF EXISTS missing;

-- form: rename-index
-- about: The index alone is locked, and its users do not wait.
-- statement:
ALTER INDEX orders_state RENAME TO orders_by_state;

-- form: rename-index-if-exists-missing
-- about: There is no such index, so there is nothing to lock.
-- statement:
ALTER INDEX IF EXISTS missing RENAME TO orders_by_state;

-- form: rename-index-as-table
-- about: ALTER TABLE takes an index too.
-- statement:
ALTER TABLE orders_state RENAME TO orders_by_state;

-- form: set-index-options
-- about: It concerns new pages only.
-- statement:
ALTER INDEX orders_state SET (fillfactor = 70);

-- form: reset-index-options
-- about: Likewise.
-- statement:
ALTER INDEX orders_state RESET (fillfactor);

-- form: set-index-statistics
-- about: How much the next ANALYZE looks at.
-- statement:
ALTER INDEX orders_lower ALTER COLUMN 1 SET STATISTICS 500;

-- form: attach-index-partition
-- about: A partition's index becomes part of the partitioned table's index; no query can use it for a moment.
-- setup:
CREATE INDEX readings_value ON ONLY readings (value);
CREATE INDEX readings_2024_value ON readings_2024 (value);
-- statement:
ALTER INDEX readings_value ATTACH PARTITION readings_2024_value;

-- form: reindex-index
-- about: While it is built anew, no other session can write, or plan a query that might use it.
-- statement:
REINDEX INDEX orders_state;

-- form: reindex-table
-- about: Likewise for all of a table's indexes.
-- statement:
REINDEX TABLE orders;

-- form: reindex-index-concurrently
-- about: Other sessions read and write meanwhile; every row is read twice.
-- standalone
-- statement:
REINDEX INDEX CONCURRENTLY orders_state;

-- form: reindex-table-concurrently
-- about: Likewise for all of a table's indexes.
-- standalone
-- statement:
REINDEX TABLE CONCURRENTLY orders;

-- form: reindex-index-not-concurrently
-- about: An option that is off changes nothing.
-- statement:
REINDEX (VERBOSE, CONCURRENTLY off) INDEX orders_state;

-- form: reindex-table-partitioned
-- about: Partition by partition, each in a transaction of its own.
-- standalone
-- setup:
CREATE INDEX readings_value ON readings (value);
-- statement:
REINDEX TABLE readings;

-- form: reindex-schema
-- about: Table by table, each in a transaction of its own.
-- opaque
-- standalone
-- statement:
REINDEX SCHEMA public;

-- form: create-index-if-not-exists-constraint-dropped
-- about: The index went with its constraint, so it is built.
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_one UNIQUE (id);
-- plan:
ALTER TABLE orders DROP CONSTRAINT orders_one;
-- statement:
CREATE UNIQUE INDEX IF NOT EXISTS orders_one ON orders (id);

-- form: create-index-if-not-exists-constraint-renamed
-- about: The index has the constraint's new name, so another one is built.
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_one UNIQUE (id);
-- plan:
ALTER TABLE orders RENAME CONSTRAINT orders_one TO orders_other;
-- statement:
CREATE UNIQUE INDEX IF NOT EXISTS orders_one ON orders (id);

-- form: create-index-if-not-exists-constraint-renamed-there
-- about: It exists under that name.
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_one UNIQUE (id);
-- plan:
ALTER TABLE orders RENAME CONSTRAINT orders_one TO orders_other;
-- statement:
CREATE UNIQUE INDEX IF NOT EXISTS orders_other ON orders (id);

-- form: create-index-if-not-exists-column-dropped
-- about: An index goes with any of its columns.
-- setup:
ALTER TABLE orders ADD COLUMN one int, ADD COLUMN two int;
CREATE INDEX orders_two ON orders (one, two);
-- plan:
ALTER TABLE orders DROP COLUMN two;
-- statement:
CREATE INDEX IF NOT EXISTS orders_two ON orders (one);

-- form: create-index-if-not-exists-condition-dropped
-- about: So it does with a column that only its condition names.
-- setup:
ALTER TABLE orders ADD COLUMN one int, ADD COLUMN two int;
CREATE INDEX orders_two ON orders (one) WHERE two > 0;
-- plan:
ALTER TABLE orders DROP COLUMN two;
-- statement:
CREATE INDEX IF NOT EXISTS orders_two ON orders (one);

-- form: create-index-if-not-exists-schema-changed
-- about: An index moves with its table.
-- setup:
CREATE SCHEMA archive;
CREATE TABLE moving (id int);
CREATE INDEX moving_id ON moving (id);
INSERT INTO moving VALUES (1);
-- plan:
ALTER TABLE moving SET SCHEMA archive;
-- statement:
CREATE INDEX IF NOT EXISTS moving_id ON archive.moving (id);

-- form: create-index-if-not-exists-constraint-added
-- about: The plan's own constraint has an index of that name.
-- plan:
ALTER TABLE orders ADD CONSTRAINT orders_one UNIQUE (id);
-- statement:
CREATE UNIQUE INDEX IF NOT EXISTS orders_one ON orders (id);

-- form: create-index-if-not-exists-table-dropped
-- about: An index goes with its table.
-- setup:
CREATE TABLE small (id int);
CREATE INDEX by_user ON small (id);
-- plan:
DROP TABLE small;
-- statement:
CREATE INDEX IF NOT EXISTS by_user ON orders (id);

-- form: create-index-if-not-exists-of-plan-column-dropped
-- about: Also where the plan has made it.
-- setup:
ALTER TABLE orders ADD COLUMN one int;
-- plan:
CREATE INDEX orders_one ON orders (lower(email), id) INCLUDE (one);
ALTER TABLE orders DROP COLUMN one;
-- statement:
CREATE INDEX IF NOT EXISTS orders_one ON orders (id);

-- form: create-index-if-not-exists-of-plan
-- about: It is there.
-- plan:
CREATE INDEX orders_one ON orders (lower(email), id);
-- statement:
CREATE INDEX IF NOT EXISTS orders_one ON orders (id);

-- form: create-index-if-not-exists-renamed
-- about: It no longer exists under its old name.
-- plan:
ALTER INDEX orders_state RENAME TO orders_in_state;
-- statement:
CREATE INDEX IF NOT EXISTS orders_state ON orders (state);
