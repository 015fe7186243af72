-- group: Views
-- setup:
CREATE SCHEMA archive;
CREATE TABLE customers (id int PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, total int);
INSERT INTO customers SELECT n, 'name' FROM generate_series(1, 3) n;
INSERT INTO orders SELECT n, n, n FROM generate_series(1, 3) n;
CREATE VIEW large AS SELECT id, total FROM orders WHERE total > 1;
CREATE VIEW largest AS SELECT id FROM large WHERE total > 2;
CREATE MATERIALIZED VIEW totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY customer_id;
CREATE UNIQUE INDEX totals_customer ON totals (customer_id);

-- form: create-view
-- about: The tables are looked at, not read.
-- statement:
CREATE VIEW named AS SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id;

-- form: create-or-replace-view-new
-- about: Likewise: the view is new.
-- statement:
CREATE OR REPLACE VIEW named AS SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id;

-- form: create-or-replace-view
-- about: Readers of the view wait for a moment; readers of its table do not.
-- statement:
CREATE OR REPLACE VIEW large AS SELECT id, total FROM orders WHERE total > 10;

-- form: create-view-on-view
-- about: What a view is made of is looked at through it.
-- statement:
CREATE VIEW huge AS SELECT id FROM large WHERE total > 100;

-- form: drop-view
-- about: Readers of the view wait for a moment.
-- statement:
DROP VIEW largest;

-- form: drop-view-if-exists-missing
-- about: There is no such view, so there is nothing to lock.
-- statement:
DROP VIEW IF EXISTS missing;

-- form: drop-view-cascade
-- about: Views on it go too.
-- opaque
-- statement:
DROP VIEW large CASCADE;

-- form: rename-view
-- about: A change of the catalog.
-- statement:
ALTER VIEW largest RENAME TO top;

-- form: rename-view-column
-- about: A change of the catalog.
-- statement:
ALTER VIEW largest RENAME COLUMN id TO order_id;

-- form: set-view-schema
-- about: A change of the catalog.
-- statement:
ALTER VIEW largest SET SCHEMA archive;

-- form: set-view-options
-- about: A change of the catalog.
-- statement:
ALTER VIEW largest SET (security_barrier = true);

-- form: set-view-default
-- about: A change of the catalog.
-- statement:
ALTER VIEW large ALTER COLUMN total SET DEFAULT 2;

-- form: create-materialized-view
-- about: The query reads every row.
-- statement:
CREATE MATERIALIZED VIEW counts AS SELECT customer_id, count(*) FROM orders GROUP BY customer_id;

-- form: create-materialized-view-no-data
-- about: The query is not run.
-- statement:
CREATE MATERIALIZED VIEW counts AS SELECT customer_id, count(*) FROM orders GROUP BY customer_id WITH NO DATA;

-- form: create-materialized-view-if-not-exists-there
-- about: The view is there: nothing is done.
-- statement:
CREATE MATERIALIZED VIEW IF NOT EXISTS totals AS SELECT 1 AS one;

-- form: refresh-materialized-view
-- about: No other session can read the view while it is written anew.
-- statement:
REFRESH MATERIALIZED VIEW totals;

-- form: refresh-materialized-view-concurrently
-- about: Other sessions read the view meanwhile, and only rows that differ are written.
-- statement:
REFRESH MATERIALIZED VIEW CONCURRENTLY totals;

-- form: refresh-materialized-view-no-data
-- about: An empty file takes the view's place.
-- statement:
REFRESH MATERIALIZED VIEW totals WITH NO DATA;

-- form: rename-materialized-view
-- about: A change of the catalog.
-- statement:
ALTER MATERIALIZED VIEW totals RENAME TO sums;

-- form: drop-materialized-view
-- about: It goes with its indexes.
-- statement:
DROP MATERIALIZED VIEW totals;
