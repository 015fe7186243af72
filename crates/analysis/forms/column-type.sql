-- group: Changing a column's type
-- setup:
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TYPE state_new AS ENUM ('open', 'closed', 'lost');
CREATE DOMAIN label AS text;
CREATE DOMAIN short_label AS text CHECK (length(value) < 100);
CREATE TABLE customers (id int PRIMARY KEY, name text);
CREATE TABLE orders (
    id int PRIMARY KEY, customer_id int REFERENCES customers (id), code varchar(20), bare varchar, title text, flag char(5),
    small smallint, big bigint, amount numeric(8, 2), free numeric, real_number real, day date,
    at timestamp, at_zone timestamptz, at_milli timestamp(3), payload json, binary_payload jsonb, tags varchar(20)[],
    state state, words text, token text, network cidr, bits varbit(8), label label
);
CREATE TABLE items (
    id int PRIMARY KEY, sku varchar(20), quantity int, at timestamp, name text, price numeric(8, 2) CHECK (price > 0)
);
CREATE INDEX items_sku ON items (sku);
CREATE INDEX items_quantity ON items (quantity);
CREATE INDEX items_at ON items (at);
CREATE INDEX items_name ON items (name);
CREATE TABLE readings (year int NOT NULL, value int, unit varchar(10)) PARTITION BY LIST (year);
CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES IN (2024);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES IN (2025);
INSERT INTO customers SELECT n, 'name' FROM generate_series(1, 3) n;
INSERT INTO orders (id, customer_id, code, title, at, at_milli, payload, tags, state, words, token, free)
    SELECT n, n, 'code', 'title', '2025-01-01', '2025-01-01', '{}', '{one}', 'open', 'open',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1 FROM generate_series(1, 3) n;
INSERT INTO items SELECT n, 'sku', n, '2025-01-01', 'name', n FROM generate_series(1, 3) n;
INSERT INTO readings SELECT y, y, 'm' FROM generate_series(2024, 2025) y;

-- form: type-same
-- about: It is of that type already.
-- statement:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(20);

-- form: type-varchar-longer
-- about: What fitted before fits now: only the catalog changes.
-- statement:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(40);

-- form: type-varchar-shorter
-- about: Every value has to be looked at, and the table is written anew.
-- statement:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(10);

-- form: type-varchar-unlimited
-- about: Without a limit everything fits.
-- statement:
ALTER TABLE orders ALTER COLUMN code TYPE varchar;

-- form: type-varchar-to-text
-- about: Both are stored alike.
-- statement:
ALTER TABLE orders ALTER COLUMN code SET DATA TYPE text;

-- form: type-text-to-varchar
-- about: Both are stored alike.
-- statement:
ALTER TABLE orders ALTER COLUMN title TYPE varchar;

-- form: type-text-to-varchar-limited
-- about: Every value has to be looked at, and the table is written anew.
-- statement:
ALTER TABLE orders ALTER COLUMN title TYPE varchar(100);

-- form: type-unlimited-varchar-to-limited
-- about: Likewise.
-- statement:
ALTER TABLE orders ALTER COLUMN bare TYPE varchar(100);

-- form: type-char-to-text
-- about: The padding has to go from every row.
-- statement:
ALTER TABLE orders ALTER COLUMN flag TYPE text;

-- form: type-int-to-bigint
-- about: Every row is written anew, in eight bytes instead of four.
-- statement:
ALTER TABLE items ALTER COLUMN id TYPE bigint;

-- form: type-smallint-to-int
-- about: Likewise.
-- statement:
ALTER TABLE orders ALTER COLUMN small TYPE int;

-- form: type-bigint-to-int
-- about: Every row is written anew, and may not fit.
-- statement:
ALTER TABLE orders ALTER COLUMN big TYPE int;

-- form: type-int-to-text-using
-- about: Every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN big TYPE text USING big::text;

-- form: type-int-to-numeric
-- about: Every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN big TYPE numeric;

-- form: type-real-to-double
-- about: Every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN real_number TYPE double precision;

-- form: type-numeric-wider
-- about: More digits before the point, as many behind it: only the catalog changes.
-- statement:
ALTER TABLE orders ALTER COLUMN amount TYPE numeric(12, 2);

-- form: type-numeric-scale
-- about: More digits behind the point: every value is written anew.
-- statement:
ALTER TABLE orders ALTER COLUMN amount TYPE numeric(12, 4);

-- form: type-numeric-unlimited
-- about: Without limits everything fits.
-- statement:
ALTER TABLE orders ALTER COLUMN amount TYPE numeric;

-- form: type-numeric-limited
-- about: Every value has to be looked at, and the table is written anew.
-- statement:
ALTER TABLE orders ALTER COLUMN free TYPE numeric(12, 2);

-- form: type-timestamp-to-timestamptz
-- about: Under a TimeZone of UTC both are stored alike; under any other the table is written anew.
-- statement:
ALTER TABLE orders ALTER COLUMN at TYPE timestamptz;

-- form: type-timestamptz-to-timestamp
-- about: Likewise.
-- statement:
ALTER TABLE orders ALTER COLUMN at_zone TYPE timestamp;

-- form: type-timestamp-to-timestamptz-using
-- about: Whatever USING says is computed for each row, even where it would change nothing.
-- statement:
ALTER TABLE orders ALTER COLUMN at TYPE timestamptz USING at AT TIME ZONE 'UTC';

-- form: type-timestamp-more-precise
-- about: What was stored before is precise enough.
-- statement:
ALTER TABLE orders ALTER COLUMN at_milli TYPE timestamp(6);

-- form: type-timestamp-less-precise
-- about: Every value has to be rounded.
-- statement:
ALTER TABLE orders ALTER COLUMN at TYPE timestamp(3);

-- form: type-date-to-timestamp
-- about: Every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN day TYPE timestamp;

-- form: type-timestamp-to-date
-- about: Every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN at TYPE date;

-- form: type-json-to-jsonb
-- about: Every document is parsed and written anew.
-- statement:
ALTER TABLE orders ALTER COLUMN payload TYPE jsonb;

-- form: type-text-to-uuid-using
-- about: Every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN token TYPE uuid USING token::uuid;

-- form: type-text-to-enum-using
-- about: Every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN words TYPE state USING words::state;

-- form: type-enum-to-text
-- about: Every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN state TYPE text;

-- form: type-enum-to-enum-using
-- about: How some tools take a value out of an enum: every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN state TYPE state_new USING (state::text::state_new);

-- form: type-varchar-array-to-text-array
-- about: An array is converted element by element, even where no element changes.
-- statement:
ALTER TABLE orders ALTER COLUMN tags TYPE text[];

-- form: type-to-array-using
-- about: Every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(20)[] USING ARRAY[code];

-- form: type-cidr-to-inet
-- about: Both are stored alike.
-- statement:
ALTER TABLE orders ALTER COLUMN network TYPE inet;

-- form: type-varbit-longer
-- about: What fitted before fits now.
-- statement:
ALTER TABLE orders ALTER COLUMN bits TYPE varbit(16);

-- form: type-to-domain
-- about: A domain without constraints is stored like the type below it.
-- worse: of which type a domain is made is not looked up
-- statement:
ALTER TABLE orders ALTER COLUMN title TYPE label;

-- form: type-to-domain-constrained
-- about: The constraint is evaluated for each row, by writing it anew.
-- statement:
ALTER TABLE orders ALTER COLUMN title TYPE short_label;

-- form: type-from-domain
-- about: A domain is stored like the type below it.
-- worse: of which type a domain is made is not looked up
-- statement:
ALTER TABLE orders ALTER COLUMN label TYPE text;

-- form: type-using-same
-- about: USING says no more than the column: as if it were not there.
-- statement:
ALTER TABLE orders ALTER COLUMN code TYPE text USING code::text;

-- form: type-using-expression
-- about: Every row is computed.
-- statement:
ALTER TABLE orders ALTER COLUMN title TYPE text USING lower(title);

-- form: type-collation
-- about: Nothing that is stored changes, and there is no index to be sorted anew.
-- statement:
ALTER TABLE orders ALTER COLUMN title TYPE text COLLATE "POSIX";

-- form: type-collation-indexed
-- about: The order changes, so its indexes are built anew.
-- statement:
ALTER TABLE items ALTER COLUMN name TYPE text COLLATE "POSIX";

-- form: type-varchar-longer-indexed
-- about: The index stays as it is.
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(40);

-- form: type-varchar-to-text-indexed
-- about: The index stays as it is: both are sorted alike.
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE text;

-- form: type-int-to-bigint-indexed
-- about: Table and indexes are written anew.
-- statement:
ALTER TABLE items ALTER COLUMN quantity TYPE bigint;

-- form: type-timestamp-to-timestamptz-indexed
-- about: The table stays as it is under a TimeZone of UTC, but the index is built anew.
-- statement:
ALTER TABLE items ALTER COLUMN at TYPE timestamptz;

-- form: type-with-check
-- about: A CHECK on the column is made anew, and evaluated for each row.
-- statement:
ALTER TABLE items ALTER COLUMN price TYPE numeric(12, 2);

-- form: type-with-default
-- about: The default is converted with it.
-- setup:
ALTER TABLE orders ALTER COLUMN big SET DEFAULT 1;
-- statement:
ALTER TABLE orders ALTER COLUMN big TYPE text;

-- form: type-foreign-key
-- about: The foreign key is made anew, so the other table is locked and looked up too.
-- setup:
ANALYZE customers, orders;
-- statement:
ALTER TABLE orders ALTER COLUMN customer_id TYPE bigint;

-- form: type-referenced
-- about: Foreign keys that refer to the column are made anew, so their tables are locked and looked through.
-- statement:
ALTER TABLE customers ALTER COLUMN id TYPE bigint;

-- form: type-partitioned
-- about: Every partition is written anew.
-- statement:
ALTER TABLE readings ALTER COLUMN value TYPE bigint;

-- form: type-partitioned-longer
-- about: All partitions are locked with their table; only the catalog changes.
-- statement:
ALTER TABLE readings ALTER COLUMN unit TYPE varchar(20);

-- form: type-several
-- about: The table is written once for all of them.
-- statement:
ALTER TABLE orders ALTER COLUMN big TYPE int, ALTER COLUMN small TYPE int, ALTER COLUMN code TYPE text;

-- form: type-same-index-expression
-- about: Of that type already; but an index on an expression with the column is built anew whatever the types are.
-- setup:
CREATE INDEX items_lower ON items (lower(sku));
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(20);

-- form: type-varchar-longer-index-expression
-- about: So it is with any other type.
-- setup:
CREATE INDEX items_lower ON items (lower(sku));
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(320);

-- form: type-varchar-longer-index-partial
-- about: An index for some of the rows is built anew too, whatever its condition says.
-- setup:
CREATE INDEX items_sku_of_many ON items (sku) WHERE quantity > 1;
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(320);

-- form: type-varchar-longer-index-condition
-- about: So is one whose condition alone names the column.
-- setup:
CREATE INDEX items_with_sku ON items (quantity) WHERE sku IS NOT NULL;
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(320);

-- form: type-varchar-longer-index-other
-- about: An index on an expression without the column stays.
-- setup:
CREATE INDEX items_doubled ON items ((quantity * 2)) WHERE quantity > 1;
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(320);

-- form: type-varchar-longer-index-partitioned
-- about: It is built anew for each partition.
-- setup:
CREATE INDEX readings_lower ON readings (lower(unit));
-- statement:
ALTER TABLE readings ALTER COLUMN unit TYPE varchar(20);

-- form: type-varchar-longer-index-included
-- about: An index that has the column besides its key stays.
-- setup:
CREATE INDEX items_covering ON items (quantity) INCLUDE (sku);
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(320);

-- form: type-varchar-longer-exclusion
-- about: An exclusion constraint for some of the rows is built anew, and every row looked up in it.
-- setup:
ALTER TABLE items ADD CONSTRAINT one_sku EXCLUDE (sku WITH =) WHERE (quantity > 2);
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(320);

-- form: type-collation-lost
-- about: Without COLLATE the column gets its type's collation instead of its own: its indexes are sorted anew.
-- setup:
CREATE TABLE people (email varchar(100) COLLATE "C");
CREATE INDEX people_email ON people (email);
INSERT INTO people VALUES ('one'), ('two');
-- statement:
ALTER TABLE people ALTER COLUMN email TYPE varchar(320);

-- form: type-collation-lost-same
-- about: Even with the type that it has.
-- setup:
CREATE TABLE people (email varchar(100) COLLATE "C");
CREATE INDEX people_email ON people (email);
INSERT INTO people VALUES ('one'), ('two');
-- statement:
ALTER TABLE people ALTER COLUMN email TYPE varchar(100);

-- form: type-collation-kept
-- about: With its own collation nothing is sorted anew.
-- worse: which collation a column has is not looked up
-- setup:
CREATE TABLE people (email varchar(100) COLLATE "C");
CREATE INDEX people_email ON people (email);
INSERT INTO people VALUES ('one'), ('two');
-- statement:
ALTER TABLE people ALTER COLUMN email TYPE varchar(320) COLLATE "C";

-- form: type-collation-gained
-- about: After a column got a collation of its own, it can be lost.
-- plan:
ALTER TABLE items ALTER COLUMN name TYPE text COLLATE "C";
-- statement:
ALTER TABLE items ALTER COLUMN name TYPE text;

-- form: type-collation-of-new-column
-- about: Likewise with a column that was added with one.
-- plan:
ALTER TABLE items ADD COLUMN label varchar(20) COLLATE "C";
ALTER TABLE items ADD CONSTRAINT items_label UNIQUE (label);
-- statement:
ALTER TABLE items ALTER COLUMN label TYPE text;

-- form: type-double-to-float-short
-- about: float(1) to float(24) are four bytes, real, instead of eight.
-- setup:
ALTER TABLE items ADD COLUMN weight double precision;
-- statement:
ALTER TABLE items ALTER COLUMN weight TYPE float(10);

-- form: type-double-to-float-long
-- about: float(25) to float(53) are double precision, as is float without a number.
-- setup:
ALTER TABLE items ADD COLUMN weight double precision;
-- statement:
ALTER TABLE items ALTER COLUMN weight TYPE float(25);

-- form: type-real-to-float-short
-- about: It is of that type already.
-- statement:
ALTER TABLE orders ALTER COLUMN real_number TYPE float(24);

-- form: type-real-to-float
-- about: Every row is converted.
-- statement:
ALTER TABLE orders ALTER COLUMN real_number TYPE float;

-- form: type-unique-of-plan
-- about: The index of a constraint that the plan has added is built anew.
-- plan:
ALTER TABLE items ADD CONSTRAINT items_one UNIQUE (id, name);
-- statement:
ALTER TABLE items ALTER COLUMN name TYPE text COLLATE "POSIX";

-- form: type-column-renamed
-- about: The column has the same indexes under its new name, and CHECKs too.
-- plan:
ALTER TABLE items RENAME COLUMN price TO cost;
-- statement:
ALTER TABLE items ALTER COLUMN cost TYPE numeric(12, 2);

-- form: type-referenced-renamed
-- about: Foreign keys go on to refer to a column that was renamed.
-- plan:
ALTER TABLE customers RENAME COLUMN id TO number;
-- statement:
ALTER TABLE customers ALTER COLUMN number TYPE bigint;

-- form: type-with-check-not-valid
-- about: A CHECK that is NOT VALID is not evaluated now either.
-- plan:
ALTER TABLE items ADD CONSTRAINT has_sku CHECK (quantity > 0 AND sku <> '') NOT VALID;
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar;

-- form: type-with-check-of-plan
-- about: One that the plan has added is.
-- plan:
ALTER TABLE items ADD CONSTRAINT has_sku CHECK (quantity > 0 AND sku <> '');
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar;

-- form: type-foreign-key-not-valid
-- about: A foreign key that is NOT VALID is made anew, and no row is looked up.
-- setup:
ALTER TABLE orders ADD COLUMN seller int, ADD CONSTRAINT orders_seller FOREIGN KEY (seller) REFERENCES customers NOT VALID;
-- statement:
ALTER TABLE orders ALTER COLUMN seller TYPE bigint;

-- form: type-referenced-not-valid
-- about: Likewise from the other side.
-- setup:
CREATE TABLE sellers (id int PRIMARY KEY);
CREATE TABLE sales (seller int);
INSERT INTO sellers VALUES (1);
INSERT INTO sales VALUES (1);
ALTER TABLE sales ADD FOREIGN KEY (seller) REFERENCES sellers NOT VALID;
-- statement:
ALTER TABLE sellers ALTER COLUMN id TYPE bigint;

-- form: type-varchar-longer-index-of-plan
-- about: An index on an expression that the plan has made is built once more.
-- plan:
CREATE INDEX ON items (lower(sku));
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(320);

-- form: type-collation-index-of-plan
-- about: So is one on the column.
-- plan:
CREATE INDEX items_covering ON items (quantity, sku);
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(20) COLLATE "C";

-- form: type-collation-index-of-plan-partitioned
-- about: And those that its partitions got, also when they are none any more.
-- plan:
CREATE INDEX readings_unit ON readings (unit);
ALTER TABLE readings DETACH PARTITION readings_2024;
-- statement:
ALTER TABLE readings_2024 ALTER COLUMN unit TYPE varchar(10) COLLATE "C";

-- form: type-collation-index-attached
-- about: And those that a table got when it was attached.
-- setup:
CREATE INDEX readings_unit ON readings (unit);
CREATE TABLE loose (year int NOT NULL, value int, unit varchar(10));
INSERT INTO loose VALUES (2026, 1, 'm');
-- plan:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);
ALTER TABLE readings DETACH PARTITION loose;
-- statement:
ALTER TABLE loose ALTER COLUMN unit TYPE varchar(10) COLLATE "C";

-- form: type-index-dropped
-- about: What was dropped is not built anew.
-- setup:
CREATE INDEX items_lower ON items (lower(sku));
-- plan:
DROP INDEX items_lower;
-- statement:
ALTER TABLE items ALTER COLUMN sku TYPE varchar(320);

-- form: type-with-check-dropped
-- about: What is dropped goes first, wherever it stands.
-- statement:
ALTER TABLE items ALTER COLUMN price TYPE numeric(12, 2), DROP CONSTRAINT items_price_check;

-- form: type-referenced-table-renamed
-- about: Foreign keys go on to refer to a table that was renamed.
-- plan:
ALTER TABLE customers RENAME TO clients;
-- statement:
ALTER TABLE clients ALTER COLUMN id TYPE bigint;
