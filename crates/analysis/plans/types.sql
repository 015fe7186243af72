Types, domains and functions that a plan makes, changes and drops.

-- plan: a domain of the plan's own
CREATE TABLE big (id bigint);
-- migration: danger
CREATE DOMAIN positive AS integer CHECK (value > 0); -- safe
ALTER TABLE big ADD COLUMN p positive; -- danger column-filled

-- plan: a domain that gets a constraint
CREATE DOMAIN amount AS integer;
CREATE TABLE big (id bigint);
-- migration: danger
ALTER DOMAIN amount ADD CHECK (value > 0) NOT VALID; -- caution ban-alter-domain-with-add-constraint
ALTER TABLE big ADD COLUMN c amount; -- danger column-filled

-- plan: a domain that is checked
CREATE DOMAIN amount AS integer;
CREATE TABLE big (id bigint, a amount);
-- migration: danger
ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (value > 0); -- danger domain-checked

-- plan: a function that does something else now
CREATE FUNCTION g() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE TABLE big (id bigint);
-- migration: danger
CREATE OR REPLACE FUNCTION g() RETURNS integer VOLATILE LANGUAGE sql AS 'SELECT 2'; -- caution ban-replace-view-function
ALTER TABLE big ADD COLUMN c integer DEFAULT g(); -- danger column-filled

-- plan: a value is used where it is added
CREATE TYPE state AS ENUM ('a');
CREATE TABLE small (id bigint PRIMARY KEY, s state);
-- migration: danger
ALTER TYPE state ADD VALUE 'b'; -- safe
UPDATE small SET s = 'b' WHERE id = 1; -- danger refused
-- migration: safe
ALTER TYPE state ADD VALUE 'c'; -- safe
-- migration: safe
UPDATE small SET s = 'c' WHERE id = 1; -- safe

-- plan: a type of the script's own can be used at once
CREATE TABLE small (id bigint PRIMARY KEY);
-- migration: safe
CREATE TYPE state AS ENUM ('a'); -- safe
ALTER TABLE small ADD COLUMN s state NOT NULL DEFAULT 'a'; -- safe

-- plan: an enum is made anew, as Prisma does
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
CREATE TABLE big (id bigint, role "Role" NOT NULL DEFAULT 'USER');
-- migration: danger
CREATE TYPE "Role_new" AS ENUM ('USER', 'OWNER'); -- safe
ALTER TABLE big ALTER COLUMN role DROP DEFAULT; -- caution ban-drop-default
ALTER TABLE big ALTER COLUMN role TYPE "Role_new" USING (role::text::"Role_new"); -- danger column-type
ALTER TYPE "Role" RENAME TO "Role_old"; -- caution renaming-object
ALTER TYPE "Role_new" RENAME TO "Role"; -- caution renaming-object
DROP TYPE "Role_old"; -- caution ban-drop-type

-- plan: a new column of an enum
CREATE TYPE state AS ENUM ('a');
CREATE TABLE big (id bigint);
-- migration: safe
ALTER TABLE big ADD COLUMN s state; -- safe

-- plan: columns go with what they depend on
CREATE TYPE state AS ENUM ('a');
CREATE DOMAIN amount AS integer;
CREATE COLLATION plain FROM "C";
CREATE TABLE big (id bigint, s state, a amount, t text COLLATE plain);
CREATE SCHEMA archive;
-- migration: danger
DROP TYPE state CASCADE; -- danger cascade
DROP DOMAIN amount CASCADE; -- danger cascade
DROP COLLATION plain CASCADE; -- danger cascade
DROP EXTENSION IF EXISTS postgis CASCADE; -- danger cascade
DROP SCHEMA archive CASCADE; -- danger cascade
-- migration: danger
DROP OWNED BY CURRENT_USER; -- danger cascade

-- plan: what depends on these has no values
CREATE VIEW v AS SELECT 1 AS a;
CREATE SCHEMA archive;
-- migration: caution
DROP VIEW v CASCADE; -- caution opaque
-- migration: danger
DROP SCHEMA archive; -- danger ban-drop-schema

-- plan: a comment hides squawk's findings and no other ones
CREATE TABLE big (id bigint, a integer);
CREATE SCHEMA archive;
-- migration: danger
-- squawk-ignore-file
ALTER TABLE big RENAME TO big_2; -- danger rename
-- migration: danger
-- squawk-ignore-file
DROP SCHEMA archive CASCADE; -- danger cascade

-- plan: a column that rows have to have
CREATE TABLE small (id bigint);
-- migration: caution
ALTER TABLE small ADD COLUMN n integer NOT NULL; -- caution adding-required-field

-- plan: statements that are about no table
CREATE SCHEMA archive;
CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE small (id bigint);
-- migration: caution
ALTER FUNCTION g() STABLE; -- caution ban-alter-function-options
COMMENT ON TABLE small IS 'few'; -- safe
GRANT SELECT ON small TO CURRENT_USER; -- safe
CREATE EXTENSION IF NOT EXISTS plpgsql; -- safe
-- migration: safe
SET statement_timeout = '1min'; -- safe
SHOW statement_timeout; -- safe
DEALLOCATE ALL; -- safe

-- plan: another domain of the same name
CREATE DOMAIN d AS text;
CREATE TABLE big (id bigint, a d);
-- migration: danger
ALTER DOMAIN d RENAME TO d_old; -- caution renaming-object
CREATE DOMAIN d AS text CHECK (value <> ''); -- safe
ALTER TABLE big ALTER COLUMN a TYPE d; -- danger column-type

-- plan: a parent's column
CREATE TABLE parent (id bigint, a integer);
CREATE TABLE big_child () INHERITS (parent);
-- migration: danger
-- squawk-ignore ban-drop-column
ALTER TABLE parent DROP COLUMN a; -- danger drop-column

-- plan: a trigger's function
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- migration: caution
DROP FUNCTION IF EXISTS act() CASCADE; -- caution opaque
