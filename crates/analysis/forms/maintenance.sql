-- group: Maintenance and statistics
-- setup:
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, total int);
CREATE INDEX orders_total ON orders (total);
CREATE TABLE readings (year int NOT NULL, value int) PARTITION BY LIST (year);
CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES IN (2024);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES IN (2025);
CREATE STATISTICS orders_together ON customer_id, total FROM orders;
INSERT INTO orders SELECT n, n, n FROM generate_series(1, 3) n;
INSERT INTO readings SELECT y, y FROM generate_series(2024, 2025) y;

-- form: analyze
-- about: A sample of the rows is read while other sessions read and write.
-- statement:
ANALYZE orders;

-- form: analyze-column
-- about: Likewise.
-- statement:
ANALYZE orders (total);

-- form: analyze-partitioned
-- about: Every partition too.
-- statement:
ANALYZE readings;

-- form: vacuum
-- about: Other sessions read and write meanwhile.
-- standalone
-- statement:
VACUUM orders;

-- form: vacuum-analyze
-- about: Likewise.
-- standalone
-- statement:
VACUUM (ANALYZE) orders;

-- form: vacuum-full
-- about: No other session can read or write while the table is written anew.
-- standalone
-- statement:
VACUUM FULL orders;

-- form: cluster
-- about: No other session can read or write while the table is written anew, sorted.
-- statement:
CLUSTER orders USING orders_total;

-- form: create-statistics
-- about: What the next ANALYZE looks at.
-- statement:
CREATE STATISTICS orders_both (dependencies) ON id, total FROM orders;

-- form: alter-statistics
-- about: Likewise.
-- opaque
-- statement:
ALTER STATISTICS orders_together SET STATISTICS 500;

-- form: drop-statistics
-- about: Likewise.
-- opaque
-- statement:
DROP STATISTICS orders_together;
