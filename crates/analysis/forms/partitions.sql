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
-- about: No other session can read or write the partitioned table for a moment.
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
-- about: Every row is checked for whether it belongs there; other sessions read and write the partitioned table meanwhile.
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
-- about: A CHECK that is NOT VALID proves nothing.
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
-- about: No other session can read or write the partitioned table for a moment.
-- statement:
ALTER TABLE readings DETACH PARTITION readings_2024;

-- form: detach-partition-default-there
-- about: The default partition is locked too.
-- setup:
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
-- statement:
ALTER TABLE readings DETACH PARTITION readings_2024;

-- form: detach-partition-concurrently
-- about: Other sessions read and write the partitioned table meanwhile, and the statement waits for these.
-- standalone
-- statement:
ALTER TABLE readings DETACH PARTITION readings_2024 CONCURRENTLY;

-- form: drop-partition
-- about: No other session can read or write the partitioned table for a moment.
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
-- about: The parent table is locked so that no session changes it meanwhile.
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

-- form: attach-partition-other-index
-- about: As many indexes, but not the same: the partitioned table's is built.
-- setup:
CREATE INDEX readings_value ON readings (value);
CREATE INDEX loose_year ON loose (year);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-unique-index
-- about: An index that is unique does not stand for one that is not.
-- setup:
CREATE INDEX readings_value ON readings (value);
CREATE UNIQUE INDEX loose_value ON loose (value);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-partial-index
-- about: Nor does one for some of the rows.
-- setup:
CREATE INDEX readings_value ON readings (value);
CREATE INDEX loose_value ON loose (value) WHERE value > 0;
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-expression-index
-- about: An index on the same expression is taken over.
-- worse: what is computed is not compared
-- setup:
CREATE INDEX readings_value ON readings ((value + 1));
CREATE INDEX loose_value ON loose ((value + 1));
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-including-index
-- about: One that has another column besides its key is another index.
-- setup:
CREATE INDEX readings_value ON readings (value);
CREATE INDEX loose_value ON loose (value) INCLUDE (year);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-key-index
-- about: A unique index does not stand for a constraint.
-- setup:
DELETE FROM loose WHERE value = 2;
ALTER TABLE readings ADD CONSTRAINT readings_key UNIQUE (year);
CREATE UNIQUE INDEX loose_key ON loose (year);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-key
-- about: A constraint of its own does.
-- setup:
DELETE FROM loose WHERE value = 2;
ALTER TABLE readings ADD CONSTRAINT readings_key UNIQUE (year);
ALTER TABLE loose ADD CONSTRAINT loose_key UNIQUE (year);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-index-of-plan
-- about: Indexes that the plan has made count.
-- setup:
DELETE FROM loose WHERE value = 2;
ALTER TABLE readings ADD CONSTRAINT readings_key UNIQUE (year);
-- plan:
ALTER TABLE loose ADD CONSTRAINT loose_key UNIQUE (year);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: alter-attached
-- about: The attached table is a partition from then on, with partitions of its own.
-- setup:
CREATE TABLE sub (year int NOT NULL, value int) PARTITION BY LIST (year);
CREATE TABLE sub_2027 PARTITION OF sub FOR VALUES IN (2027);
INSERT INTO sub VALUES (2027, 1);
-- plan:
ALTER TABLE readings ATTACH PARTITION sub FOR VALUES IN (2027, 2028);
-- statement:
ALTER TABLE readings ALTER COLUMN value TYPE bigint;

-- form: alter-attached-below
-- about: Also for what is above the table that it is attached to.
-- setup:
CREATE TABLE sub PARTITION OF readings FOR VALUES IN (2027, 2028) PARTITION BY LIST (year);
CREATE TABLE loose_2027 (year int NOT NULL, value int);
INSERT INTO loose_2027 VALUES (2027, 1);
-- plan:
ALTER TABLE sub ATTACH PARTITION loose_2027 FOR VALUES IN (2027);
-- statement:
ALTER TABLE readings ALTER COLUMN value TYPE bigint;

-- form: alter-detached
-- about: A detached table is no longer a partition.
-- plan:
ALTER TABLE readings DETACH PARTITION readings_2024;
-- statement:
ALTER TABLE readings ALTER COLUMN value TYPE bigint;

-- form: alter-renamed-partition
-- about: A partition is one whatever its name is.
-- plan:
ALTER TABLE readings_2024 RENAME TO readings_old;
-- statement:
ALTER TABLE readings ALTER COLUMN value TYPE bigint;

-- form: alter-inherited
-- about: Tables that inherit from it are altered too.
-- plan:
ALTER TABLE other INHERIT parents;
-- statement:
ALTER TABLE parents ALTER COLUMN a TYPE bigint;

-- form: alter-not-inherited
-- about: A table that no longer inherits is left alone.
-- plan:
ALTER TABLE children NO INHERIT parents;
-- statement:
ALTER TABLE parents ALTER COLUMN a TYPE bigint;

-- form: create-partition-default-attached
-- about: The default partition that the plan has attached is looked through.
-- plan:
ALTER TABLE readings ATTACH PARTITION loose DEFAULT;
-- statement:
CREATE TABLE readings_1999 PARTITION OF readings FOR VALUES IN (1999);

-- form: create-partition-default-detached
-- about: A detached partition is not.
-- setup:
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
INSERT INTO readings VALUES (1999, 1);
-- plan:
ALTER TABLE readings DETACH PARTITION readings_rest;
-- statement:
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES IN (2026);

-- form: attach-partition-with-index-of-plan
-- about: The index that the plan has made is taken over.
-- setup:
CREATE INDEX readings_value ON readings (value);
-- plan:
CREATE INDEX loose_value ON loose (value);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-new
-- about: Foreign keys of what the plan has made have nothing to look up.
-- setup:
ALTER TABLE readings ADD FOREIGN KEY (value) REFERENCES customers (id);
-- plan:
CREATE TABLE readings_2026 (year int NOT NULL, value int);
-- statement:
ALTER TABLE readings ATTACH PARTITION readings_2026 FOR VALUES IN (2026);

-- form: attach-partition-default-partitioned
-- about: Partitions of the default partition are looked through.
-- setup:
CREATE TABLE readings_rest PARTITION OF readings DEFAULT PARTITION BY LIST (value);
CREATE TABLE readings_rest_1 PARTITION OF readings_rest FOR VALUES IN (1);
INSERT INTO readings VALUES (1999, 1);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: attach-partition-referenced
-- about: Tables that refer to the partitioned one are locked too.
-- setup:
DELETE FROM loose WHERE value = 2;
ALTER TABLE readings ADD CONSTRAINT readings_key UNIQUE (year);
CREATE TABLE notes (year int REFERENCES readings (year));
INSERT INTO notes VALUES (2024);
-- statement:
ALTER TABLE readings ATTACH PARTITION loose FOR VALUES IN (2026);

-- form: detach-partition-referenced
-- about: Tables that refer to the partitioned one are looked through for rows that refer to what goes.
-- worse: how these are looked up in the partition is up to the planner
-- setup:
ALTER TABLE readings ADD CONSTRAINT readings_key UNIQUE (year);
CREATE TABLE notes (year int REFERENCES readings (year));
INSERT INTO notes VALUES (2025);
-- statement:
ALTER TABLE readings DETACH PARTITION readings_2024;

-- form: detach-partition-foreign-key
-- about: The partition keeps its foreign key, which is made anew: the other table is locked too.
-- setup:
ALTER TABLE readings ADD FOREIGN KEY (value) REFERENCES customers (id);
-- statement:
ALTER TABLE readings DETACH PARTITION readings_2024;

-- form: attach-partition-unknown
-- about: The report says the worst of a table that only the server knows.
-- setup:
CREATE INDEX readings_value ON readings (value);
-- plan:
DO 'BEGIN CREATE TABLE made AS SELECT 2027 AS year, 1 AS value; ALTER TABLE made ALTER COLUMN year SET NOT NULL; END';
-- statement:
ALTER TABLE readings ATTACH PARTITION made FOR VALUES IN (2027);
