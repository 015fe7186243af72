-- group: Types and sequences
-- setup:
CREATE SCHEMA archive;
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TYPE unused AS ENUM ('one');
CREATE TYPE address AS (street text, city text);
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN label AS text;
CREATE TABLE orders (id serial PRIMARY KEY, state state, total int, rank positive, label label);
CREATE TABLE addresses OF address;
CREATE SEQUENCE numbers;
INSERT INTO orders (state, total, rank, label) SELECT 'open', n, n, 'label' FROM generate_series(1, 3) n;
INSERT INTO addresses VALUES ('street', 'city');

-- form: create-enum
-- about: A change of the catalog.
-- statement:
CREATE TYPE color AS ENUM ('red', 'green');

-- form: add-enum-value
-- about: A change of the catalog; the value cannot be used before the transaction ends.
-- statement:
ALTER TYPE state ADD VALUE 'lost';

-- form: add-enum-value-if-not-exists
-- about: Likewise.
-- statement:
ALTER TYPE state ADD VALUE IF NOT EXISTS 'lost' BEFORE 'closed';

-- form: rename-enum-value
-- about: A change of the catalog.
-- statement:
ALTER TYPE state RENAME VALUE 'closed' TO 'done';

-- form: rename-type
-- about: A change of the catalog.
-- statement:
ALTER TYPE state RENAME TO order_state;

-- form: set-type-schema
-- about: A change of the catalog.
-- statement:
ALTER TYPE state SET SCHEMA archive;

-- form: drop-type
-- about: Nothing is of that type.
-- statement:
DROP TYPE unused;

-- form: drop-type-if-exists-missing
-- about: There is no such type.
-- statement:
DROP TYPE IF EXISTS missing;

-- form: drop-type-cascade
-- about: Columns of that type go with it.
-- opaque
-- statement:
DROP TYPE state CASCADE;

-- form: create-composite
-- about: A change of the catalog.
-- statement:
CREATE TYPE point_of_sale AS (shop text, till int);

-- form: add-attribute-cascade
-- about: Tables of that type get a column.
-- opaque
-- statement:
ALTER TYPE address ADD ATTRIBUTE zip text CASCADE;

-- form: create-range
-- about: A change of the catalog.
-- statement:
CREATE TYPE int_span AS RANGE (subtype = int);

-- form: create-domain
-- about: A change of the catalog.
-- statement:
CREATE DOMAIN percent AS int CHECK (value BETWEEN 0 AND 100);

-- form: domain-add-constraint
-- about: Every row of every table with a column of that domain is checked.
-- opaque
-- statement:
ALTER DOMAIN positive ADD CONSTRAINT small CHECK (value < 1000);

-- form: domain-add-constraint-not-valid
-- about: Only new values are checked.
-- statement:
ALTER DOMAIN positive ADD CONSTRAINT small CHECK (value < 1000) NOT VALID;

-- form: domain-validate-constraint
-- about: Every row of every table with a column of that domain is checked.
-- opaque
-- setup:
ALTER DOMAIN positive ADD CONSTRAINT small CHECK (value < 1000) NOT VALID;
-- statement:
ALTER DOMAIN positive VALIDATE CONSTRAINT small;

-- form: domain-set-not-null
-- about: Likewise.
-- opaque
-- statement:
ALTER DOMAIN label SET NOT NULL;

-- form: domain-drop-not-null
-- about: A change of the catalog.
-- statement:
ALTER DOMAIN label DROP NOT NULL;

-- form: domain-drop-constraint
-- about: A change of the catalog.
-- statement:
ALTER DOMAIN positive DROP CONSTRAINT positive_check;

-- form: domain-set-default
-- about: A change of the catalog.
-- statement:
ALTER DOMAIN label SET DEFAULT '';

-- form: drop-domain-cascade
-- about: Columns of that domain go with it.
-- opaque
-- statement:
DROP DOMAIN label CASCADE;

-- form: create-sequence
-- about: The sequence is new.
-- statement:
CREATE SEQUENCE invoices START 1000;

-- form: create-sequence-owned
-- about: It goes when the column goes.
-- statement:
CREATE SEQUENCE invoices OWNED BY orders.total;

-- form: alter-sequence
-- about: A session that takes a number waits for a moment.
-- statement:
ALTER SEQUENCE numbers INCREMENT BY 10 CACHE 5;

-- form: restart-sequence
-- about: Likewise.
-- statement:
ALTER SEQUENCE numbers RESTART WITH 1000;

-- form: alter-sequence-type
-- about: Likewise.
-- statement:
ALTER SEQUENCE orders_id_seq AS bigint;

-- form: alter-sequence-owned-by
-- about: The column's table is looked at.
-- statement:
ALTER SEQUENCE numbers OWNED BY orders.total;

-- form: rename-sequence
-- about: A change of the catalog.
-- statement:
ALTER SEQUENCE numbers RENAME TO counts;

-- form: drop-sequence
-- about: A change of the catalog.
-- statement:
DROP SEQUENCE numbers;

-- form: drop-sequence-cascade
-- about: The default that takes its numbers goes with it.
-- opaque
-- statement:
DROP SEQUENCE orders_id_seq CASCADE;

-- form: set-sequence
-- about: Numbers go on after the largest that exists.
-- statement:
SELECT setval('orders_id_seq', (SELECT max(total) FROM orders));
