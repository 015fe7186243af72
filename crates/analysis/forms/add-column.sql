-- group: Adding a column
-- setup:
CREATE TABLE customers (id int PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, total int NOT NULL, note text);
CREATE TABLE readings (year int NOT NULL, value int) PARTITION BY LIST (year);
CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES IN (2024);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES IN (2025);
CREATE TABLE logs (line text);
CREATE TABLE parents (a int);
CREATE TABLE children (b int) INHERITS (parents);
CREATE DOMAIN label AS text;
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE SEQUENCE numbers;
INSERT INTO customers SELECT n, 'name' FROM generate_series(1, 3) n;
INSERT INTO orders SELECT n, n, n, 'note' FROM generate_series(1, 3) n;
INSERT INTO readings SELECT y, y FROM generate_series(2024, 2025) y;
INSERT INTO logs VALUES ('one'), ('two');
INSERT INTO children VALUES (1, 2);

-- form: add-column
-- about: Without a default, a column is a line in the catalog.
-- statement:
ALTER TABLE orders ADD COLUMN email text;

-- form: add-column-several
-- about: Several columns take no more than one.
-- statement:
ALTER TABLE orders ADD COLUMN email text, ADD COLUMN phone text, ADD COLUMN fax text;

-- form: add-column-default-constant
-- about: A constant is kept in the catalog, once for all rows that are there.
-- statement:
ALTER TABLE orders ADD COLUMN status text NOT NULL DEFAULT 'open';

-- form: add-column-default-enum
-- about: A value of an enum is a constant too.
-- statement:
ALTER TABLE orders ADD COLUMN state state NOT NULL DEFAULT 'open';

-- form: add-column-default-json
-- about: So is a JSON document.
-- statement:
ALTER TABLE orders ADD COLUMN options jsonb NOT NULL DEFAULT '{}';

-- form: add-column-default-array
-- about: So is an empty array.
-- statement:
ALTER TABLE orders ADD COLUMN tags text[] DEFAULT ARRAY[]::text[];

-- form: add-column-default-negative
-- about: An operator on constants is computed once.
-- statement:
ALTER TABLE orders ADD COLUMN rank int NOT NULL DEFAULT -1;

-- form: add-column-default-now
-- about: now() is the same for the whole statement, so it is computed once.
-- statement:
ALTER TABLE orders ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();

-- form: add-column-default-current-timestamp
-- about: CURRENT_TIMESTAMP is another name of now().
-- statement:
ALTER TABLE orders ADD COLUMN created_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- form: add-column-default-stable-function
-- about: A function that is declared STABLE is called once.
-- setup:
CREATE FUNCTION tenant() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
-- statement:
ALTER TABLE orders ADD COLUMN tenant int NOT NULL DEFAULT tenant();

-- form: add-column-default-volatile-function
-- about: A function that is not declared otherwise is called for each row, and every row is written.
-- setup:
CREATE FUNCTION token() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
-- statement:
ALTER TABLE orders ADD COLUMN token int NOT NULL DEFAULT token();

-- form: add-column-default-uuid
-- about: Every row gets a UUID of its own, so every row is written.
-- statement:
ALTER TABLE orders ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();

-- form: add-column-default-clock
-- about: clock_timestamp() differs from row to row.
-- statement:
ALTER TABLE orders ADD COLUMN seen_at timestamptz DEFAULT clock_timestamp();

-- form: add-column-default-nextval
-- about: Every row takes a number from the sequence.
-- statement:
ALTER TABLE orders ADD COLUMN number bigint DEFAULT nextval('numbers');

-- form: add-column-serial
-- about: A serial column is one with nextval() as its default.
-- statement:
ALTER TABLE orders ADD COLUMN number serial;

-- form: add-column-identity
-- about: So is an identity column: the rows that are there are numbered.
-- statement:
ALTER TABLE orders ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;

-- form: add-column-generated-stored
-- about: The value is computed and stored for every row.
-- statement:
ALTER TABLE orders ADD COLUMN gross int GENERATED ALWAYS AS (total * 2) STORED;

-- form: add-column-generated-virtual
-- about: The value is computed when a query reads it.
-- since: 18
-- statement:
ALTER TABLE orders ADD COLUMN gross int GENERATED ALWAYS AS (total * 2) VIRTUAL;

-- form: add-column-not-null
-- about: Without a default this works on an empty table alone, which is looked through for nulls.
-- setup:
CREATE TABLE drafts (id int);
-- statement:
ALTER TABLE drafts ADD COLUMN title text NOT NULL;

-- form: add-column-check
-- about: The CHECK is evaluated for each row, although all have the same value there.
-- statement:
ALTER TABLE orders ADD COLUMN rating int CHECK (rating > 0);

-- form: add-column-default-check
-- about: Likewise with a default.
-- statement:
ALTER TABLE orders ADD COLUMN rating int NOT NULL DEFAULT 1 CHECK (rating > 0);

-- form: add-column-unique
-- about: The constraint is an index, which is built while no other session can read.
-- statement:
ALTER TABLE orders ADD COLUMN code text UNIQUE;

-- form: add-column-primary-key-serial
-- about: Every row is numbered and written, then the key's index is built.
-- statement:
ALTER TABLE logs ADD COLUMN id bigserial PRIMARY KEY;

-- form: add-column-primary-key-uuid
-- about: Likewise with a UUID.
-- statement:
ALTER TABLE logs ADD COLUMN id uuid PRIMARY KEY DEFAULT gen_random_uuid();

-- form: add-column-references
-- about: All rows have a null there, so that none has to be looked up.
-- statement:
ALTER TABLE orders ADD COLUMN seller_id int REFERENCES customers (id);

-- form: add-column-references-default
-- about: With a default, every row refers to something, which is looked up.
-- statement:
ALTER TABLE orders ADD COLUMN seller_id int NOT NULL DEFAULT 1 REFERENCES customers (id);

-- form: add-column-domain
-- about: A domain without constraints is like the type below it.
-- statement:
ALTER TABLE orders ADD COLUMN label label;

-- form: add-column-domain-constrained
-- about: The domain's constraint is evaluated for each row, by writing it anew.
-- statement:
ALTER TABLE orders ADD COLUMN rank positive;

-- form: add-column-domain-constrained-default
-- about: Likewise with a default.
-- statement:
ALTER TABLE orders ADD COLUMN rank positive NOT NULL DEFAULT 1;

-- form: add-column-if-not-exists
-- about: The column is new.
-- statement:
ALTER TABLE orders ADD COLUMN IF NOT EXISTS email text;

-- form: add-column-if-not-exists-there
-- about: The column is there: nothing is done, but the lock is taken.
-- statement:
ALTER TABLE orders ADD COLUMN IF NOT EXISTS note uuid DEFAULT gen_random_uuid();

-- form: add-column-if-table-exists-missing
-- about: There is no such table, so there is nothing to lock.
-- statement:
ALTER TABLE IF EXISTS missing ADD COLUMN email text;

-- form: add-column-partitioned
-- about: All partitions are locked with their table.
-- statement:
ALTER TABLE readings ADD COLUMN unit text NOT NULL DEFAULT 'm';

-- form: add-column-partitioned-volatile
-- about: Every partition is written anew.
-- statement:
ALTER TABLE readings ADD COLUMN token uuid DEFAULT gen_random_uuid();

-- form: add-column-inherited
-- about: Tables that inherit get the column too.
-- statement:
ALTER TABLE parents ADD COLUMN c int;

-- form: add-column-with-drop
-- about: One statement takes one lock, for both.
-- statement:
ALTER TABLE orders ADD COLUMN email text, DROP COLUMN note;

-- form: add-column-quoted
-- about: Names in quotes, as tools write them.
-- setup:
CREATE TABLE "Order" ("Id" int);
INSERT INTO "Order" VALUES (1);
-- statement:
ALTER TABLE "public"."Order" ADD COLUMN "userId" text NOT NULL DEFAULT '';

-- form: add-column-quoted-rewrite
-- about: Likewise.
-- setup:
CREATE TABLE "Order" ("Id" int);
INSERT INTO "Order" VALUES (1);
-- statement:
ALTER TABLE "Order" ADD COLUMN "Key" serial NOT NULL UNIQUE;

-- form: add-column-word-left-out
-- about: The word COLUMN can be left out.
-- statement:
ALTER TABLE orders ADD email text, DROP note;

-- form: add-column-generated-virtual-not-null
-- about: Whether a value that is computed when it is read is ever null, every row has to tell.
-- since: 18
-- statement:
ALTER TABLE orders ADD COLUMN gross int GENERATED ALWAYS AS (total * 2) VIRTUAL NOT NULL;

-- form: add-column-generated-virtual-check
-- about: Likewise with a CHECK.
-- since: 18
-- statement:
ALTER TABLE orders ADD COLUMN gross int GENERATED ALWAYS AS (total * 2) VIRTUAL CHECK (gross > 0);

-- form: add-column-generated-unsaid
-- about: A generated column that does not say STORED is VIRTUAL.
-- since: 18
-- statement:
ALTER TABLE orders ADD COLUMN gross int GENERATED ALWAYS AS (total * 2);

-- form: add-column-generated-stored-not-null
-- about: What is computed and stored is looked at on the way.
-- statement:
ALTER TABLE orders ADD COLUMN gross int GENERATED ALWAYS AS (total * 2) STORED NOT NULL;

-- form: add-column-domain-of-plan
-- about: The domain's constraint is evaluated for each row, by writing it anew.
-- plan:
CREATE DOMAIN percent AS int CHECK (value <= 100);
-- statement:
ALTER TABLE orders ADD COLUMN share percent;

-- form: add-column-own-type
-- about: PostgreSQL's own types are no domains, however they are written.
-- statement:
ALTER TABLE orders ADD COLUMN a pg_catalog.int4, ADD COLUMN b uuid[], ADD COLUMN c "char", ADD COLUMN d int4range,
    ADD COLUMN e bit varying(3), ADD COLUMN f interval(3), ADD COLUMN g national character varying(3), ADD COLUMN h float(3),
    ADD COLUMN i time(3) with time zone, ADD COLUMN j dec(3), ADD COLUMN k public.state, ADD COLUMN l state[];

-- form: add-column-domain-array
-- about: An array of a domain is not looked into where there is none.
-- statement:
ALTER TABLE orders ADD COLUMN ranks positive[];

-- form: add-column-enum-of-plan
-- about: An enum that the plan has made is no domain.
-- plan:
CREATE TYPE mood AS ENUM ('good', 'bad');
-- statement:
ALTER TABLE orders ADD COLUMN mood mood NOT NULL DEFAULT 'good';

-- form: add-column-domain-altered-in-plan
-- about: A constraint that the plan has added to the domain counts too, even if it is not valid.
-- plan:
ALTER DOMAIN label ADD CONSTRAINT written CHECK (value <> '') NOT VALID;
-- statement:
ALTER TABLE orders ADD COLUMN label label;

-- form: add-column-extension-type-of-plan
-- about: A type of an extension is no domain either.
-- plan:
CREATE EXTENSION citext;
-- statement:
ALTER TABLE orders ADD COLUMN email citext NOT NULL DEFAULT '';
