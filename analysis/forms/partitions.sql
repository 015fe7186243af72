-- group: Partitions and inheritance
-- setup:
CREATE TABLE customers (id int PRIMARY KEY);
CREATE TABLE readings (year int NOT NULL, value int) PARTITION BY LIST (year);
CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES IN (2024);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES IN (2025);
CREATE TABLE loose (year int NOT NULL, value int);
CREATE TABLE parents (a int);
CREATE TABLE children (b int) INHERITS (parents);
CREATE TABLE other (a int);
INSERT INTO customers VALUES (1);
INSERT INTO readings SELECT y, 1 FROM generate_series(2024, 2025) y;
INSERT INTO loose VALUES (2026, 1), (2026, 2);
INSERT INTO parents VALUES (1);
INSERT INTO children VALUES (1, 2);
INSERT INTO other VALUES (1);

-- form: create-table-partitioned
-- about: The table is new.
-- statement:
CREATE TABLE events (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);

-- form: create-partition
-- about: Nobody can read or write the partitioned table for a moment.
-- statement:
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES IN (2026);

-- form: create-partition-default
-- about: Likewise.
-- statement:
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;

-- form: create-partition-default-there
-- about: The default partition is looked through for rows that belong into the new one.
-- setup:
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
INSERT INTO readings VALUES (1999, 1);
-- statement:
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES IN (2026);

-- form: create-partition-foreign-key
-- about: The new partition has the foreign key too, so the other table is locked.
-- setup:
ALTER TABLE readings ADD FOREIGN KEY (value) REFERENCES customers (id);
-- statement:
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES IN (2026);

-- form: create-partition-indexed
-- about: The new partition has the indexes too.
-- setup:
ALTER TABLE readings ADD PRIMARY KEY (year);
-- statement:
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES IN (2026);

-- form: attach-partition
-- about: Every row is checked for whether it belongs there; others read and write the partitioned table meanwhile.
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-proved
-- about: A CHECK says that every row belongs there, so none is looked at.
-- worse: whether a CHECK proves it is for the server to find out
-- setup:
ALTER TABLE loose ADD CHECK (year = 2026);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-check-not-valid
-- about: A CHECK that nobody has validated proves nothing.
-- setup:
ALTER TABLE loose ADD CHECK (year = 2026) NOT VALID;
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-default-there
-- about: The default partition is looked through for rows that belong into the new one.
-- setup:
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
INSERT INTO readings VALUES (1999, 1);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-default-proved
-- about: A CHECK says that no row of the default partition belongs there.
-- worse: whether a CHECK proves it is for the server to find out
-- setup:
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
INSERT INTO readings VALUES (1999, 1);
ALTER TABLE readings_rest ADD CHECK (year < 2000);
ALTER TABLE loose ADD CHECK (year = 2026);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-as-default
-- about: Every row is checked for whether it belongs elsewhere.
-- statement:
ALTER TABLE readings ATTACH PARTITION loose DEFAULT;

-- form: attach-partition-indexed
-- about: The partitioned table's indexes are built on the new partition.
-- setup:
CREATE INDEX readings_value ON readings (value);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-with-index
-- about: An index like the partitioned table's is there and taken over.
-- setup:
CREATE INDEX readings_value ON readings (value);
CREATE INDEX loose_value ON loose (value);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-foreign-key
-- about: The partitioned table's foreign keys are checked for every row of the new partition.
-- setup:
INSERT INTO customers VALUES (2);
ALTER TABLE readings ADD FOREIGN KEY (value) REFERENCES customers (id);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: detach-partition
-- about: Nobody can read or write the partitioned table for a moment.
-- statement:
ALTER TABLE readings DETACH PARTITION readings_2024;

-- form: detach-partition-default-there
-- about: The default partition is locked too.
-- setup:
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
-- statement:
ALTER TABLE readings DETACH PARTITION readings_2024;

-- form: detach-partition-concurrently
-- about: Others read and write the partitioned table meanwhile; it waits for those who do.
-- standalone
-- statement:
ALTER TABLE readings DETACH PARTITION readings_2024 CONCURRENTLY;

-- form: drop-partition
-- about: Nobody can read or write the partitioned table for a moment.
-- statement:
DROP TABLE readings_2024;

-- form: drop-partition-default-there
-- about: The default partition is locked too.
-- setup:
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
-- statement:
DROP TABLE readings_2024;

-- form: drop-table-partitioned
-- about: All partitions go with it.
-- statement:
DROP TABLE readings;

-- form: truncate-partition
-- about: The partition alone.
-- statement:
TRUNCATE readings_2024;

-- form: truncate-partitioned
-- about: All partitions.
-- statement:
TRUNCATE readings;

-- form: rename-table-partitioned
-- about: The partitions keep their names.
-- statement:
ALTER TABLE readings RENAME TO measurements;

-- form: create-table-inherits
-- about: The table inherited from is locked so that nobody changes it meanwhile.
-- statement:
CREATE TABLE grandchildren (c int) INHERITS (children);

-- form: inherit
-- about: A change of the catalog.
-- statement:
ALTER TABLE other INHERIT parents;

-- form: no-inherit
-- about: A change of the catalog.
-- statement:
ALTER TABLE children NO INHERIT parents;

-- form: alter-table-only-partitioned
-- about: With ONLY, partitions keep what they have.
-- statement:
ALTER TABLE ONLY readings ALTER COLUMN value SET DEFAULT 0;
