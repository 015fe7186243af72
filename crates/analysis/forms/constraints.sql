-- group: Constraints
-- setup:
CREATE TABLE customers (id int PRIMARY KEY, email text, name text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, parent_id int, total int NOT NULL, code text, span int4range);
CREATE TABLE logs (id int NOT NULL, nullable int, line text);
CREATE TABLE readings (year int NOT NULL, value int, customer_id int) PARTITION BY LIST (year);
CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES IN (2024);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES IN (2025);
INSERT INTO customers SELECT n, 'email' || n, 'name' FROM generate_series(1, 3) n;
INSERT INTO orders SELECT n, n, n, n, 'code' || n, int4range(n, n + 1) FROM generate_series(1, 3) n;
INSERT INTO logs SELECT n, n, 'line' FROM generate_series(1, 3) n;
INSERT INTO readings SELECT y, y, 1 FROM generate_series(2024, 2025) y;

-- form: add-check
-- about: Every row is checked while no other session can read.
-- statement:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0);

-- form: add-check-not-valid
-- about: New rows are checked at once, old rows when VALIDATE CONSTRAINT runs.
-- statement:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;

-- form: add-check-partitioned
-- about: Every partition is checked.
-- statement:
ALTER TABLE readings ADD CONSTRAINT value_positive CHECK (value > 0);

-- form: add-check-not-enforced
-- about: PostgreSQL never checks it.
-- since: 18
-- statement:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT ENFORCED;

-- form: validate-check
-- about: Every row is checked while other sessions read and write.
-- setup:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;
-- statement:
ALTER TABLE orders VALIDATE CONSTRAINT total_positive;

-- form: validate-check-already
-- about: It is valid already.
-- setup:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0);
-- statement:
ALTER TABLE orders VALIDATE CONSTRAINT total_positive;

-- form: validate-check-partitioned
-- about: Every partition is checked while other sessions read and write.
-- setup:
ALTER TABLE readings ADD CONSTRAINT value_positive CHECK (value > 0) NOT VALID;
-- statement:
ALTER TABLE readings VALIDATE CONSTRAINT value_positive;

-- form: drop-check
-- about: A change of the catalog.
-- setup:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0);
-- statement:
ALTER TABLE orders DROP CONSTRAINT total_positive;

-- form: drop-constraint-if-exists-missing
-- about: There is no such constraint, but the lock is taken.
-- statement:
ALTER TABLE orders DROP CONSTRAINT IF EXISTS missing;

-- form: replace-check
-- about: One statement takes one lock, and every row is checked.
-- setup:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0);
-- statement:
ALTER TABLE orders DROP CONSTRAINT total_positive, ADD CONSTRAINT total_positive CHECK (total >= 0);

-- form: add-foreign-key
-- about: Every row is looked up in the other table, while no other session can write to either.
-- statement:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);

-- form: add-foreign-key-actions
-- about: Likewise, whatever is to happen when a customer goes.
-- statement:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
    ON DELETE CASCADE ON UPDATE CASCADE;

-- form: add-foreign-key-not-valid
-- about: New rows are looked up at once; both tables are locked for a moment.
-- statement:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;

-- form: add-foreign-key-self
-- about: Every row is looked up in the same table.
-- statement:
ALTER TABLE orders ADD CONSTRAINT orders_parent FOREIGN KEY (parent_id) REFERENCES orders (id);

-- form: add-foreign-key-only
-- about: As dumps write it.
-- statement:
ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES public.customers(id);

-- form: add-foreign-key-two
-- about: Two foreign keys in one statement.
-- statement:
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id),
    ADD FOREIGN KEY (parent_id) REFERENCES orders (id) NOT VALID;

-- form: add-foreign-key-not-enforced
-- about: PostgreSQL never looks up a row for it.
-- since: 18
-- statement:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT ENFORCED;

-- form: add-foreign-key-partitioned
-- about: Every partition's rows are looked up.
-- statement:
ALTER TABLE readings ADD CONSTRAINT readings_customer FOREIGN KEY (customer_id) REFERENCES customers (id);

-- form: add-foreign-key-to-partitioned
-- about: The partitions that may be referred to are locked too.
-- setup:
ALTER TABLE readings ADD PRIMARY KEY (year);
CREATE TABLE notes (year int);
INSERT INTO notes VALUES (2024);
-- statement:
ALTER TABLE notes ADD CONSTRAINT notes_year FOREIGN KEY (year) REFERENCES readings (year);

-- form: validate-foreign-key
-- about: Every row is looked up while other sessions read and write.
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
-- statement:
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer;

-- form: validate-foreign-key-already
-- about: It is valid already.
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);
-- statement:
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer;

-- form: drop-foreign-key
-- about: Its triggers on the other table are dropped too, so both are locked.
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);
-- statement:
ALTER TABLE orders DROP CONSTRAINT orders_customer;

-- form: drop-foreign-key-if-exists
-- about: Likewise.
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);
-- statement:
ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_customer;

-- form: alter-foreign-key-deferrable
-- about: A change of the catalog, of what watches over it on both sides.
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);
-- statement:
ALTER TABLE orders ALTER CONSTRAINT orders_customer DEFERRABLE INITIALLY DEFERRED;

-- form: alter-foreign-key-enforced
-- about: From now on it is enforced, so every row is looked up.
-- since: 18
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT ENFORCED;
-- statement:
ALTER TABLE orders ALTER CONSTRAINT orders_customer ENFORCED;

-- form: alter-foreign-key-not-enforced
-- about: From now on the foreign key is not checked, on both sides.
-- since: 18
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);
-- statement:
ALTER TABLE orders ALTER CONSTRAINT orders_customer NOT ENFORCED;

-- form: rename-constraint
-- about: A change of the catalog.
-- setup:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0);
-- statement:
ALTER TABLE orders RENAME CONSTRAINT total_positive TO total_is_positive;

-- form: rename-constraint-primary-key
-- about: The index gets the name too.
-- statement:
ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO orders_key;

-- form: add-unique
-- about: The constraint is an index, which is built while no other session can read.
-- statement:
ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE (email);

-- form: add-unique-nulls-not-distinct
-- about: Likewise.
-- statement:
ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE NULLS NOT DISTINCT (email);

-- form: add-unique-using-index
-- about: The index is there: only the catalog changes.
-- setup:
CREATE UNIQUE INDEX customers_email ON customers (email);
-- statement:
ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE USING INDEX customers_email;

-- form: add-unique-partitioned
-- about: An index is built on every partition.
-- worse: the newer version is taken for granted
-- statement:
ALTER TABLE readings ADD CONSTRAINT readings_year UNIQUE (year);

-- form: drop-unique
-- about: The index goes with it.
-- setup:
ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE (email);
-- statement:
ALTER TABLE customers DROP CONSTRAINT customers_email;

-- form: drop-unique-referenced-cascade
-- about: Foreign keys that refer to it go too, for which their tables are locked.
-- setup:
ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE (email);
ALTER TABLE orders ADD CONSTRAINT orders_code FOREIGN KEY (code) REFERENCES customers (email) NOT VALID;
-- statement:
ALTER TABLE customers DROP CONSTRAINT customers_email CASCADE;

-- form: add-primary-key
-- about: The index is built while no other session can read.
-- statement:
ALTER TABLE logs ADD PRIMARY KEY (id);

-- form: add-primary-key-only
-- about: As dumps write it; there is nothing that inherits.
-- statement:
ALTER TABLE ONLY public.logs ADD CONSTRAINT logs_pkey PRIMARY KEY (id);

-- form: add-primary-key-nullable
-- about: Besides, every row is looked through for a null.
-- statement:
ALTER TABLE logs ADD PRIMARY KEY (nullable);

-- form: add-primary-key-using-index
-- about: The index is there: only the catalog changes.
-- setup:
CREATE UNIQUE INDEX logs_key ON logs (id);
-- statement:
ALTER TABLE logs ADD CONSTRAINT logs_key PRIMARY KEY USING INDEX logs_key;

-- form: add-primary-key-using-index-nullable
-- about: The index is there, but every row is looked through for a null.
-- setup:
CREATE UNIQUE INDEX logs_key ON logs (nullable);
-- statement:
ALTER TABLE logs ADD CONSTRAINT logs_key PRIMARY KEY USING INDEX logs_key;

-- form: add-primary-key-partitioned
-- about: An index is built on every partition.
-- worse: the newer version is taken for granted
-- statement:
ALTER TABLE readings ADD PRIMARY KEY (year);

-- form: drop-primary-key
-- about: The index goes with it.
-- statement:
ALTER TABLE orders DROP CONSTRAINT orders_pkey;

-- form: drop-primary-key-referenced-cascade
-- about: Foreign keys that refer to it go too, for which their tables are locked.
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);
-- statement:
ALTER TABLE customers DROP CONSTRAINT customers_pkey CASCADE;

-- form: replace-primary-key
-- about: One statement: the old index goes, the new one is built.
-- statement:
ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD CONSTRAINT orders_pkey PRIMARY KEY (id, total);

-- form: add-exclude
-- about: An index is built, then every row is looked up in it.
-- statement:
ALTER TABLE orders ADD CONSTRAINT orders_span EXCLUDE USING gist (span WITH &&);

-- form: add-primary-key-without-overlaps
-- about: A key over time is an exclusion constraint: built, then looked up.
-- since: 18
-- setup:
CREATE EXTENSION btree_gist;
CREATE TABLE rooms (room int NOT NULL, span int4range NOT NULL);
INSERT INTO rooms VALUES (1, '[1,2)'), (1, '[3,4)');
-- statement:
ALTER TABLE rooms ADD PRIMARY KEY (room, span WITHOUT OVERLAPS);

-- form: set-not-null-one-of-them
-- about: A CHECK with a NOT before it proves nothing: every row is read.
-- setup:
ALTER TABLE orders ADD CHECK (NOT (parent_id IS NOT NULL AND code IS NOT NULL AND id > 9));
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-case
-- about: Nor does one that asks about something else first.
-- setup:
ALTER TABLE orders ADD CHECK (CASE WHEN id > 9 AND code IS NOT NULL AND total > 0 THEN true ELSE id > 0 END);
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-and
-- about: A CHECK that says so among other things proves it.
-- setup:
ALTER TABLE orders ADD CHECK (total > 0 AND (code IS NOT NULL AND (id > 0 OR id < 0)));
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-quoted
-- about: What a CHECK says of "Code" it does not say of code.
-- setup:
ALTER TABLE orders ADD COLUMN "Code" text DEFAULT '';
ALTER TABLE orders ADD CHECK ("Code" IS NOT NULL);
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-quoted-proved
-- about: But of "Code".
-- setup:
ALTER TABLE orders ADD COLUMN "Code" text DEFAULT '';
ALTER TABLE orders ADD CHECK ("Code" IS NOT NULL);
-- statement:
ALTER TABLE orders ALTER COLUMN "Code" SET NOT NULL;

-- form: set-not-null-validated-in-plan
-- about: A CHECK that the plan has added and validated proves it.
-- plan:
ALTER TABLE orders ADD CONSTRAINT has_code CHECK (code IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT has_code;
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-other-renamed
-- about: A CHECK speaks of the column that it was made for, under whatever name.
-- setup:
ALTER TABLE orders ADD CONSTRAINT has_code CHECK (code IS NOT NULL);
-- plan:
ALTER TABLE orders RENAME COLUMN code TO code_old;
ALTER TABLE orders RENAME COLUMN parent_id TO code;
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-renamed
-- about: Under its new name too.
-- worse: what a CHECK says is not followed through a renaming
-- setup:
ALTER TABLE orders ADD CONSTRAINT has_code CHECK (code IS NOT NULL);
-- plan:
ALTER TABLE orders RENAME COLUMN code TO code_new;
-- statement:
ALTER TABLE orders ALTER COLUMN code_new SET NOT NULL;

-- form: add-foreign-key-from-new
-- about: A new table has nothing to look up: the other one is locked for a moment.
-- plan:
CREATE TABLE notes (id int PRIMARY KEY, customer_id int);
-- statement:
ALTER TABLE notes ADD CONSTRAINT notes_customer FOREIGN KEY (customer_id) REFERENCES customers (id);

-- form: drop-primary-key-renamed-cascade
-- about: Foreign keys that refer to it go too, whatever its column is called by now.
-- setup:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);
-- plan:
ALTER TABLE customers RENAME COLUMN id TO number;
-- statement:
ALTER TABLE customers DROP CONSTRAINT customers_pkey CASCADE;

-- form: drop-unique-referenced-in-plan-cascade
-- about: Foreign keys that the plan has added go too.
-- plan:
ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE (email);
ALTER TABLE orders ADD CONSTRAINT orders_code FOREIGN KEY (code) REFERENCES customers (email) NOT VALID;
-- statement:
ALTER TABLE customers DROP CONSTRAINT customers_email CASCADE;

-- form: drop-primary-key-referenced-in-plan-cascade
-- about: Likewise where they do not say which column they refer to.
-- plan:
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers;
-- statement:
ALTER TABLE customers DROP CONSTRAINT customers_pkey CASCADE;

-- form: add-primary-key-using-index-of-plan
-- about: The index is there, and its columns are known not to be null.
-- plan:
CREATE UNIQUE INDEX logs_key ON logs (id);
-- statement:
ALTER TABLE logs ADD CONSTRAINT logs_key PRIMARY KEY USING INDEX logs_key;

-- form: add-primary-key-using-index-of-plan-nullable
-- about: The index is there, but every row is looked through for a null.
-- plan:
CREATE UNIQUE INDEX logs_key ON logs (nullable);
-- statement:
ALTER TABLE logs ADD CONSTRAINT logs_key PRIMARY KEY USING INDEX logs_key;

-- form: add-unique-again
-- about: The index went with the constraint, whatever the name of the index it was made with.
-- setup:
CREATE UNIQUE INDEX customers_key ON customers (email);
-- plan:
ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE USING INDEX customers_key;
ALTER TABLE customers DROP CONSTRAINT customers_email;
-- statement:
CREATE UNIQUE INDEX IF NOT EXISTS customers_key ON customers (email);

-- form: set-not-null-dropped
-- about: What is not known any more has to be looked for again.
-- plan:
ALTER TABLE orders ALTER COLUMN total DROP NOT NULL;
-- statement:
ALTER TABLE orders ALTER COLUMN total SET NOT NULL;

-- form: set-not-null-constraint-dropped
-- about: Likewise where its constraint was dropped.
-- since: 18
-- plan:
ALTER TABLE orders DROP CONSTRAINT orders_total_not_null;
-- statement:
ALTER TABLE orders ALTER COLUMN total SET NOT NULL;

-- form: validate-foreign-key-of-new
-- about: Nothing to look up here either.
-- plan:
CREATE TABLE notes (id int PRIMARY KEY, customer_id int);
ALTER TABLE notes ADD CONSTRAINT notes_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
-- statement:
ALTER TABLE notes VALIDATE CONSTRAINT notes_customer;

-- form: add-foreign-key-from-copy
-- about: A table made of a query has rows, which are looked up.
-- plan:
CREATE TABLE notes AS SELECT id, customer_id FROM orders;
-- statement:
ALTER TABLE notes ADD CONSTRAINT notes_customer FOREIGN KEY (customer_id) REFERENCES customers (id);

-- form: add-foreign-key-from-unknown
-- about: Also with a table that only the server knows.
-- plan:
DO 'BEGIN CREATE TABLE notes AS SELECT id, customer_id FROM orders; END';
-- statement:
ALTER TABLE notes ADD CONSTRAINT notes_customer FOREIGN KEY (customer_id) REFERENCES customers (id);

-- form: set-not-null-and-drop-proof
-- about: What is dropped goes first, wherever it stands: the CHECK proves nothing any more.
-- setup:
ALTER TABLE orders ADD CONSTRAINT has_code CHECK (code IS NOT NULL);
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL, DROP CONSTRAINT has_code;

-- form: set-not-null-key-dropped
-- about: A primary key's columns stay NOT NULL without it.
-- plan:
ALTER TABLE orders DROP CONSTRAINT orders_pkey;
-- statement:
ALTER TABLE orders ALTER COLUMN id SET NOT NULL;

-- form: set-not-null-of-plan-dropped
-- about: A constraint that SET NOT NULL has made can be dropped by its name.
-- since: 18
-- plan:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT orders_code_not_null;
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-check-not-inherited
-- about: A CHECK that is not inherited says nothing of what inherits.
-- setup:
CREATE TABLE parents (a int);
CREATE TABLE children (b int) INHERITS (parents);
INSERT INTO children VALUES (1, 2);
-- plan:
ALTER TABLE parents ADD CONSTRAINT has_a CHECK (a IS NOT NULL) NO INHERIT;
-- statement:
ALTER TABLE parents ALTER COLUMN a SET NOT NULL;

-- form: add-primary-key-proved
-- about: A CHECK says that there is no null, so only the index is built.
-- setup:
ALTER TABLE logs ADD CHECK (nullable IS NOT NULL);
-- statement:
ALTER TABLE logs ADD PRIMARY KEY (nullable);

-- form: add-primary-key-including
-- about: What is included besides may be null.
-- statement:
ALTER TABLE logs ADD PRIMARY KEY (id) INCLUDE (nullable);

-- form: set-not-null-constraint-validated
-- about: A constraint that was validated proves it.
-- since: 18
-- plan:
ALTER TABLE orders ADD CONSTRAINT has_code NOT NULL code NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT has_code;
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-constraint-not-valid
-- about: One that was not does not: every row is read.
-- since: 18
-- plan:
ALTER TABLE orders ADD CONSTRAINT has_code NOT NULL code NOT VALID;
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-check-replaced
-- about: A CHECK of the same name can say something else.
-- setup:
ALTER TABLE orders ADD CONSTRAINT of_code CHECK (code IS NOT NULL);
-- plan:
ALTER TABLE orders DROP CONSTRAINT of_code, ADD CONSTRAINT of_code CHECK (code <> '');
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-check-renamed
-- about: A CHECK says the same under another name.
-- setup:
ALTER TABLE orders ADD CONSTRAINT of_code CHECK (code IS NOT NULL);
-- plan:
ALTER TABLE orders RENAME CONSTRAINT of_code TO has_code;
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-check-renamed-dropped
-- about: The statement can drop it by that name.
-- setup:
ALTER TABLE orders ADD CONSTRAINT of_code CHECK (code IS NOT NULL);
-- plan:
ALTER TABLE orders RENAME CONSTRAINT of_code TO has_code;
ALTER TABLE orders DROP CONSTRAINT has_code;
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;

-- form: set-not-null-check-unnamed-dropped
-- about: So can one that has its name from the server.
-- plan:
ALTER TABLE orders ADD CHECK (code IS NOT NULL), ADD CHECK (code IS NOT NULL AND total > 0);
ALTER TABLE orders DROP CONSTRAINT orders_code_check, DROP CONSTRAINT orders_check;
-- statement:
ALTER TABLE orders ALTER COLUMN code SET NOT NULL;
