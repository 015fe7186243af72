The first run on a database that holds nothing, and on one that holds something.

-- plan: what a history drops on its way
-- migration: safe
DROP TABLE IF EXISTS orders CASCADE; -- safe
CREATE SCHEMA shop; -- safe
DROP SCHEMA shop CASCADE; -- safe
CREATE TABLE orders (id bigint PRIMARY KEY, state text); -- safe
INSERT INTO orders VALUES (1, 'open'); -- safe
CREATE TYPE state AS ENUM ('open', 'closed'); -- safe
ALTER TABLE orders ALTER COLUMN state TYPE state USING state::state; -- safe
CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'; -- safe
DROP FUNCTION one(); -- safe
DO $$ BEGIN EXECUTE 'DELETE FROM orders'; END $$; -- safe
-- migration: safe
DELETE FROM orders; -- safe
ALTER TABLE orders RENAME TO old_orders; -- safe
TRUNCATE old_orders; -- safe
DROP TABLE old_orders CASCADE; -- safe
DROP TYPE state; -- safe

-- plan: what fails on a database that holds nothing
-- migration: danger
CREATE TABLE orders (id bigint); -- safe
CREATE TABLE orders (id bigint); -- danger refused

-- plan: a function alone is something
CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- migration: caution
DO $$ BEGIN EXECUTE 'DROP FUNCTION one()'; END $$; -- caution opaque
