-- group: Rows
-- setup:
CREATE TABLE customers (id int PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers (id), total int, state text);
CREATE TABLE lines (order_id int REFERENCES orders (id) ON DELETE CASCADE, sku text);
CREATE TABLE shelves (id int PRIMARY KEY);
CREATE TABLE books (title text, shelf int REFERENCES shelves (id) ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE labels (shelf int REFERENCES shelves (id));
CREATE INDEX ON labels (shelf);
CREATE TABLE archive (id int, total int);
CREATE TABLE readings (year int NOT NULL, value int) PARTITION BY LIST (year);
CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES IN (2024);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES IN (2025);
CREATE TABLE parents (a int);
CREATE TABLE children (b int) INHERITS (parents);
CREATE VIEW large AS SELECT id, total FROM archive WHERE total > 1;
INSERT INTO customers SELECT n, 'name' FROM generate_series(1, 5) n;
INSERT INTO orders SELECT n, n, n, 'open' FROM generate_series(1, 3) n;
INSERT INTO lines SELECT n, 'sku' FROM generate_series(1, 3) n;
INSERT INTO shelves SELECT n FROM generate_series(1, 5) n;
INSERT INTO books SELECT 'title', n FROM generate_series(1, 5) n;
INSERT INTO archive SELECT n, n FROM generate_series(1, 3) n;
INSERT INTO readings SELECT y, y FROM generate_series(2024, 2025) y;
INSERT INTO parents VALUES (1);
INSERT INTO children VALUES (1, 2);

-- form: insert
-- about: Other sessions read and write meanwhile.
-- statement:
INSERT INTO archive VALUES (4, 4), (5, 5);

-- form: insert-foreign-key
-- about: The rows that the new rows refer to are locked one by one, so that no session deletes them.
-- statement:
INSERT INTO orders (id, customer_id, total) VALUES (4, 4, 4);

-- form: insert-select
-- about: The query reads every row of the other table.
-- statement:
INSERT INTO archive SELECT id, total FROM orders;

-- form: insert-on-conflict
-- about: Likewise for rows that are there already.
-- statement:
INSERT INTO customers VALUES (1, 'other'), (9, 'new') ON CONFLICT (id) DO UPDATE SET name = excluded.name;

-- form: insert-on-conflict-nothing
-- about: Likewise.
-- statement:
INSERT INTO customers VALUES (1, 'other') ON CONFLICT DO NOTHING;

-- form: insert-partitioned
-- about: The partition that a row goes to is locked too.
-- statement:
INSERT INTO readings VALUES (2024, 1), (2025, 1);

-- form: insert-view
-- about: A row that is inserted into a view is inserted into its table.
-- statement:
INSERT INTO large VALUES (9, 9);

-- form: update
-- about: Every row is read and written again; sessions that change the same rows wait until the transaction ends.
-- statement:
UPDATE archive SET total = total + 1;

-- form: update-where
-- about: Without an index that fits, every row is read.
-- statement:
UPDATE archive SET total = 0 WHERE total IS NULL;

-- form: update-by-key
-- about: The row is found by its key.
-- statement:
UPDATE customers SET name = 'other' WHERE id = 1;

-- form: update-from
-- about: The other table is read too.
-- statement:
UPDATE archive SET total = o.total FROM orders o WHERE o.id = archive.id;

-- form: update-subquery
-- about: Likewise.
-- statement:
UPDATE archive SET total = (SELECT count(*) FROM lines);

-- form: update-foreign-key
-- about: The rows that they refer to now are locked, so that no session deletes them.
-- statement:
UPDATE orders SET customer_id = 4;

-- form: update-not-foreign-key
-- about: The foreign key stays as it is: the other table is not looked at.
-- statement:
UPDATE orders SET state = 'closed';

-- form: update-partitioned
-- about: All partitions.
-- statement:
UPDATE readings SET value = 0;

-- form: update-inherited
-- about: Tables that inherit are written too.
-- statement:
UPDATE parents SET a = 2;

-- form: update-only
-- about: With ONLY they are not.
-- statement:
UPDATE ONLY parents SET a = 2;

-- form: update-with
-- about: WITH names what is not a table.
-- statement:
WITH sums AS (SELECT order_id, count(*) AS lines FROM lines GROUP BY order_id)
UPDATE archive SET total = sums.lines FROM sums WHERE sums.order_id = archive.id;

-- form: delete
-- about: Every row is read and marked as deleted.
-- statement:
DELETE FROM archive;

-- form: delete-where
-- about: Without an index that fits, every row is read.
-- statement:
DELETE FROM archive WHERE total > 2;

-- form: delete-using
-- about: The other table is read too.
-- statement:
DELETE FROM archive USING orders WHERE orders.id = archive.id;

-- form: delete-subquery
-- about: Likewise.
-- statement:
DELETE FROM archive WHERE id IN (SELECT id FROM orders);

-- form: delete-referenced
-- about: Rows that refer to these rows are looked for. Without an index on the foreign key, every row of that table is read each time.
-- worse: whether an index fits is for the planner to find out
-- statement:
DELETE FROM customers WHERE id > 3;

-- form: delete-cascade
-- about: Rows that refer to these rows are deleted too.
-- statement:
DELETE FROM orders;

-- form: delete-set-null
-- about: Rows that refer to these rows are written. An index that fits finds them.
-- statement:
DELETE FROM shelves WHERE id = 1;

-- form: update-key
-- about: Likewise where rows get another key.
-- statement:
UPDATE shelves SET id = 9 WHERE id = 1;

-- form: update-key-no-action
-- about: Rows that refer to these rows are looked for.
-- statement:
UPDATE customers SET id = 9 WHERE id = 5;

-- form: merge
-- about: Both tables are read.
-- statement:
MERGE INTO archive USING orders ON archive.id = orders.id
WHEN MATCHED THEN UPDATE SET total = orders.total WHEN NOT MATCHED THEN INSERT VALUES (orders.id, orders.total);

-- form: with-delete-insert
-- about: WITH can change rows as well.
-- statement:
WITH gone AS (DELETE FROM lines RETURNING order_id) INSERT INTO archive SELECT order_id, 0 FROM gone;

-- form: select
-- about: Other sessions read and write meanwhile.
-- statement:
SELECT * FROM orders JOIN customers ON customers.id = orders.customer_id;

-- form: select-view
-- about: The view and its table.
-- statement:
SELECT * FROM large;

-- form: select-for-update
-- about: Sessions that change the same rows wait.
-- statement:
SELECT * FROM archive FOR UPDATE;

-- form: select-for-update-of
-- about: The other table is only read.
-- worse: an alias can stand for any of them, so all are taken for locked
-- statement:
SELECT * FROM orders JOIN customers ON customers.id = orders.customer_id FOR UPDATE OF orders;

-- form: select-for-share
-- about: Sessions that change the same rows wait.
-- statement:
SELECT * FROM archive FOR SHARE;

-- form: table
-- about: Another way to write SELECT.
-- statement:
TABLE archive;

-- form: values
-- about: No table at all.
-- statement:
VALUES (1), (2);

-- form: explain
-- about: The query is planned, not run.
-- statement:
EXPLAIN SELECT * FROM archive;
