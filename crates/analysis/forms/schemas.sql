-- group: Schemas, extensions, functions, settings
-- setup:
CREATE SCHEMA archive;
CREATE TABLE archive.orders (id int PRIMARY KEY, total int);
CREATE TABLE orders (id int PRIMARY KEY, total int);
CREATE TABLE customers (id int PRIMARY KEY);
CREATE FUNCTION double(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
CREATE INDEX orders_double ON orders (double(total));
CREATE PUBLICATION changes FOR TABLE orders;
INSERT INTO orders VALUES (1, 1);
INSERT INTO archive.orders VALUES (1, 1);

-- form: create-schema
-- about: A change of the catalog.
-- statement:
CREATE SCHEMA reports;

-- form: create-schema-if-not-exists-there
-- about: The schema is there: nothing is done.
-- statement:
CREATE SCHEMA IF NOT EXISTS archive;

-- form: rename-schema
-- about: A change of the catalog; its tables are not locked.
-- statement:
ALTER SCHEMA archive RENAME TO old;

-- form: drop-schema-cascade
-- about: All of its objects are dropped.
-- opaque
-- statement:
DROP SCHEMA archive CASCADE;

-- form: create-extension
-- about: It makes objects of its own, and touches no other.
-- statement:
CREATE EXTENSION IF NOT EXISTS pgcrypto;

-- form: drop-extension
-- about: Its objects are dropped.
-- opaque
-- setup:
CREATE EXTENSION pgcrypto;
-- statement:
DROP EXTENSION pgcrypto;

-- form: create-function
-- about: Its body runs later.
-- statement:
CREATE FUNCTION total_of(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT total FROM orders WHERE id = $1); END';

-- form: create-function-sql
-- about: A body in SQL is read at once, but not run.
-- statement:
CREATE FUNCTION total_of(int) RETURNS int LANGUAGE sql AS 'SELECT total FROM orders WHERE id = $1';

-- form: create-or-replace-function
-- about: A change of the catalog; indexes that call it are not looked at.
-- statement:
CREATE OR REPLACE FUNCTION double(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + $1';

-- form: alter-function
-- about: A change of the catalog.
-- statement:
ALTER FUNCTION double(int) COST 10;

-- form: drop-function-cascade
-- about: Objects that call it are dropped too.
-- opaque
-- statement:
DROP FUNCTION double(int) CASCADE;

-- form: create-procedure
-- about: Its body runs later.
-- statement:
CREATE PROCEDURE clear() LANGUAGE sql AS 'DELETE FROM orders';

-- form: create-aggregate
-- about: A change of the catalog.
-- statement:
CREATE AGGREGATE product(int) (sfunc = int4mul, stype = int, initcond = '1');

-- form: create-collation
-- about: A change of the catalog.
-- statement:
CREATE COLLATION plain FROM "C";

-- form: create-publication
-- about: What is written from now on is published.
-- statement:
CREATE PUBLICATION more FOR TABLE customers;

-- form: publication-add-table
-- about: Likewise.
-- statement:
ALTER PUBLICATION changes ADD TABLE customers;

-- form: publication-drop-table
-- about: Likewise.
-- statement:
ALTER PUBLICATION changes DROP TABLE orders;

-- form: drop-publication
-- about: A change of the catalog.
-- statement:
DROP PUBLICATION changes;

-- form: set
-- about: A setting of the session.
-- statement:
SET lock_timeout = '5s';

-- form: set-local
-- about: A setting of the transaction.
-- statement:
SET LOCAL search_path TO archive, public;

-- form: set-config
-- about: Likewise, as dumps write it.
-- statement:
SELECT pg_catalog.set_config('search_path', '', false);

-- form: reset
-- about: The session's own setting again.
-- statement:
RESET lock_timeout;

-- form: set-constraints
-- about: When deferrable constraints are checked.
-- statement:
SET CONSTRAINTS ALL IMMEDIATE;

-- form: begin
-- about: A transaction is open already: a warning.
-- statement:
BEGIN;

-- form: savepoint
-- about: A point to which the transaction can be rolled back.
-- statement:
SAVEPOINT here;

-- form: notify
-- about: Sessions that listen get it when the transaction ends.
-- statement:
NOTIFY changes;
