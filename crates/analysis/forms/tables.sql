-- group: Tables
-- setup:
CREATE SCHEMA archive;
CREATE TABLE customers (id int PRIMARY KEY, email text);
CREATE TABLE orders (
    id int PRIMARY KEY, customer_id int REFERENCES customers (id), total int NOT NULL CHECK (total > 0), note text,
    number serial
);
CREATE INDEX orders_note ON orders (note);
CREATE UNIQUE INDEX orders_total ON orders (total);
CREATE TABLE logs (id int, line text);
CREATE UNLOGGED TABLE sessions (id int PRIMARY KEY);
CREATE TYPE address AS (street text, city text);
CREATE VIEW big_logs AS SELECT id FROM logs WHERE id > 10;
INSERT INTO customers SELECT n, 'email' FROM generate_series(1, 3) n;
INSERT INTO orders SELECT n, n, n, 'note' FROM generate_series(1, 3) n;
INSERT INTO logs VALUES (1, 'one'), (2, 'two');
INSERT INTO sessions VALUES (1), (2);

-- form: create-table
-- about: No session knows the table yet, so none can wait for it.
-- statement:
CREATE TABLE items (id serial PRIMARY KEY, sku text NOT NULL UNIQUE, price numeric(8, 2) CHECK (price > 0));

-- form: create-table-if-not-exists
-- about: The table is new.
-- statement:
CREATE TABLE IF NOT EXISTS items (id int PRIMARY KEY);

-- form: create-table-if-not-exists-there
-- about: The table is there: nothing is done.
-- statement:
CREATE TABLE IF NOT EXISTS orders (id int PRIMARY KEY);

-- form: create-table-references
-- about: The foreign key's triggers are added to the other table, and no other session can write to that for a moment.
-- statement:
CREATE TABLE items (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders (id) ON DELETE CASCADE);

-- form: create-table-foreign-key
-- about: Likewise, written as the table's constraint.
-- statement:
CREATE TABLE items (
    id int, order_id int, customer_id int, PRIMARY KEY (id),
    FOREIGN KEY (order_id) REFERENCES orders (id), FOREIGN KEY (customer_id) REFERENCES customers (id)
);

-- form: create-table-references-itself
-- about: The table refers to itself alone.
-- statement:
CREATE TABLE items (id int PRIMARY KEY, parent_id int REFERENCES items (id));

-- form: create-table-like
-- about: The other table is looked at.
-- statement:
CREATE TABLE items (LIKE orders);

-- form: create-table-like-all
-- about: The other table's indexes are looked at too.
-- statement:
CREATE TABLE items (LIKE orders INCLUDING ALL);

-- form: create-table-as
-- about: The query reads every row.
-- statement:
CREATE TABLE copies AS SELECT * FROM orders;

-- form: create-table-as-no-data
-- about: The query is not run.
-- statement:
CREATE TABLE copies AS SELECT * FROM orders WITH NO DATA;

-- form: select-into
-- about: Another way to write CREATE TABLE AS.
-- statement:
SELECT * INTO copies FROM orders;

-- form: create-table-temporary
-- about: The session's own.
-- statement:
CREATE TEMPORARY TABLE scratch (id int);

-- form: create-table-unlogged
-- about: The table is new.
-- statement:
CREATE UNLOGGED TABLE caches (key text PRIMARY KEY, value text);

-- form: create-table-of-type
-- about: The table is new.
-- statement:
CREATE TABLE addresses OF address;

-- form: drop-table
-- about: The table goes, with its indexes.
-- setup:
DROP VIEW big_logs;
-- statement:
DROP TABLE logs;

-- form: drop-table-if-exists-missing
-- about: There is no such table, so there is nothing to lock.
-- statement:
DROP TABLE IF EXISTS missing;

-- form: drop-table-foreign-key
-- about: The foreign key's triggers on the other table are dropped too, so that table is locked.
-- statement:
DROP TABLE orders;

-- form: drop-table-several
-- about: All of them are locked.
-- statement:
DROP TABLE orders, customers;

-- form: drop-table-referenced-cascade
-- about: Foreign keys that refer to it go too, for which their tables are locked.
-- opaque
-- statement:
DROP TABLE customers CASCADE;

-- form: drop-table-view-cascade
-- about: Views on it go too.
-- opaque
-- statement:
DROP TABLE logs CASCADE;

-- form: truncate
-- about: An empty file takes the place of the table's, however many rows that had.
-- statement:
TRUNCATE logs;

-- form: truncate-restart-identity
-- about: Its sequences begin anew.
-- statement:
TRUNCATE TABLE orders RESTART IDENTITY;

-- form: truncate-several
-- about: All of them are locked.
-- statement:
TRUNCATE orders, customers;

-- form: truncate-cascade
-- about: Every table that refers to it is emptied too.
-- statement:
TRUNCATE customers CASCADE;

-- form: rename-table
-- about: A change of the catalog; code that uses the old name fails from now on.
-- statement:
ALTER TABLE orders RENAME TO purchases;

-- form: rename-table-if-exists-missing
-- about: There is no such table, so there is nothing to lock.
-- statement:
ALTER TABLE IF EXISTS missing RENAME TO purchases;

-- form: set-schema
-- about: Its indexes, constraints and sequences go with it.
-- statement:
ALTER TABLE orders SET SCHEMA archive;

-- form: owner-to
-- about: Its indexes and sequences are the new owner's too.
-- statement:
ALTER TABLE orders OWNER TO CURRENT_USER;

-- form: set-options
-- about: It concerns new pages only.
-- statement:
ALTER TABLE orders SET (fillfactor = 80);

-- form: set-options-autovacuum
-- about: When autovacuum runs.
-- statement:
ALTER TABLE orders SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_enabled = true);

-- form: set-options-toast
-- about: Likewise for what is stored outside of the rows.
-- statement:
ALTER TABLE orders SET (toast.autovacuum_enabled = false);

-- form: reset-options
-- about: The server's own settings again.
-- statement:
ALTER TABLE orders RESET (fillfactor);

-- form: set-option-user-catalog
-- about: This option alone needs the strongest lock.
-- statement:
ALTER TABLE orders SET (user_catalog_table = true);

-- form: cluster-on
-- about: What a later CLUSTER sorts by.
-- statement:
ALTER TABLE orders CLUSTER ON orders_note;

-- form: set-without-cluster
-- about: Likewise.
-- statement:
ALTER TABLE orders SET WITHOUT CLUSTER;

-- form: set-unlogged
-- about: The table is written anew.
-- setup:
ALTER TABLE orders DROP COLUMN number;
-- statement:
ALTER TABLE orders SET UNLOGGED;

-- form: set-logged
-- about: The table is written anew, and into the log.
-- statement:
ALTER TABLE sessions SET LOGGED;

-- form: set-logged-already
-- about: It is logged already.
-- worse: what it is now is not looked up
-- statement:
ALTER TABLE orders SET LOGGED;

-- form: set-access-method-same
-- about: It has that access method already.
-- worse: what it is now is not looked up
-- statement:
ALTER TABLE orders SET ACCESS METHOD heap;

-- form: set-tablespace-same
-- about: It is there already.
-- worse: what it is now is not looked up
-- statement:
ALTER TABLE orders SET TABLESPACE pg_default;

-- form: replica-identity-full
-- about: What logical replication writes into the log from now on.
-- statement:
ALTER TABLE orders REPLICA IDENTITY FULL;

-- form: replica-identity-index
-- about: Likewise.
-- statement:
ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_total;

-- form: enable-row-security
-- about: A change of the catalog; who may see which rows changes with it.
-- statement:
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;

-- form: disable-row-security
-- about: Likewise.
-- statement:
ALTER TABLE orders DISABLE ROW LEVEL SECURITY;

-- form: force-row-security
-- about: Likewise.
-- statement:
ALTER TABLE orders FORCE ROW LEVEL SECURITY;

-- form: alter-table-several
-- about: One statement takes one lock, the strongest, and looks at each row once.
-- statement:
ALTER TABLE orders ADD COLUMN email text, ALTER COLUMN note SET DEFAULT '', ALTER COLUMN note SET NOT NULL,
    ADD CONSTRAINT total_small CHECK (total < 1000);

-- form: alter-table-several-rewrite
-- about: One that writes the table anew is enough; the others' look at each row is part of it.
-- statement:
ALTER TABLE orders ALTER COLUMN total TYPE bigint, ALTER COLUMN note SET NOT NULL;

-- form: alter-table-several-weak
-- about: The strongest lock that any of them needs, which is no strong one here.
-- statement:
ALTER TABLE orders ALTER COLUMN note SET STATISTICS 500, SET (fillfactor = 80);

-- form: lock-view
-- about: The tables that a view reads are locked with it.
-- setup:
CREATE VIEW lock_seen AS SELECT id FROM orders;
-- statement:
LOCK TABLE lock_seen;

-- form: lock-table
-- about: Without a mode it is the strongest.
-- statement:
LOCK TABLE orders;

-- form: lock-table-mode
-- about: As the statement says.
-- statement:
LOCK TABLE orders, customers IN SHARE ROW EXCLUSIVE MODE;
