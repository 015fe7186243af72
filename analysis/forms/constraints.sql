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
-- about: Every row is checked while nobody can read.
-- statement:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0);

-- form: add-check-not-valid
-- about: New rows are checked at once, those that are there when somebody validates it.
-- statement:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;

-- form: add-check-partitioned
-- about: Every partition is checked.
-- statement:
ALTER TABLE readings ADD CONSTRAINT value_positive CHECK (value > 0);

-- form: add-check-not-enforced
-- about: Nobody checks it, ever.
-- since: 18
-- statement:
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT ENFORCED;

-- form: validate-check
-- about: Every row is checked while others read and write.
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
-- about: Every partition is checked while others read and write.
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
-- about: Every row is looked up in the other table, while nobody can write to either.
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
-- about: Nobody looks anything up, ever.
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
-- about: Every row is looked up while others read and write.
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
-- about: What watches over it on the other table goes too, so both are locked.
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
-- about: The constraint is an index, which is built while nobody can read.
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
-- about: The index is built while nobody can read.
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
