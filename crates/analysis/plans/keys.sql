Rows that others refer to go, or get another key: each is looked up there.

-- plan: a foreign key without an index
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean, name text);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id));
-- migration: danger
DELETE FROM kinds WHERE id = 1; -- caution foreign-key-lookup
DELETE FROM kinds WHERE id BETWEEN 2 AND 300; -- danger foreign-key-lookup
DELETE FROM kinds WHERE name = 'none'; -- danger foreign-key-lookup
UPDATE kinds SET id = 2000 WHERE id = 301; -- caution foreign-key-lookup
UPDATE kinds SET id = id + 5000; -- danger foreign-key-lookup
-- migration: safe
UPDATE kinds SET name = 'other'; -- safe
UPDATE kinds SET old = false WHERE id = 5302; -- safe

-- plan: a foreign key with an index
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean, name text);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id));
CREATE INDEX million_kind ON million (kind, id);
-- migration: safe
DELETE FROM kinds WHERE id = 1; -- safe
DELETE FROM kinds WHERE id BETWEEN 2 AND 300; -- safe
DELETE FROM kinds WHERE name = 'none'; -- safe
UPDATE kinds SET id = id + 5000; -- safe

-- plan: an index that the plan makes first
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id));
-- migration: safe
CREATE INDEX CONCURRENTLY million_kind ON million (kind); -- safe
-- migration: safe
DELETE FROM kinds WHERE old; -- safe
-- migration: danger
DROP INDEX million_kind; -- caution drop-index
DELETE FROM kinds WHERE old; -- danger foreign-key-lookup

-- plan: an index that leaves nothing out that is looked up
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id), other bigint REFERENCES kinds (id));
CREATE INDEX million_kind ON million (kind) WHERE kind IS NOT NULL;
CREATE INDEX million_other ON million USING hash (other);
-- migration: safe
DELETE FROM kinds WHERE old; -- safe

-- plan: indexes that do not fit
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id));
CREATE INDEX million_behind ON million (id, kind);
CREATE INDEX million_part ON million (kind) WHERE id > 7;
CREATE INDEX million_null ON million (kind) WHERE id IS NOT NULL;
CREATE INDEX million_expression ON million ((kind + 1));
CREATE INDEX million_blocks ON million USING brin (kind);
-- migration: danger
DELETE FROM kinds WHERE old; -- danger foreign-key-lookup

-- plan: an index that does not fit, made by the same plan
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id));
-- migration: safe
CREATE INDEX CONCURRENTLY million_part ON million (kind) WHERE id > 7; -- safe
-- migration: danger
DELETE FROM kinds WHERE id BETWEEN 1 AND 100; -- danger foreign-key-lookup
-- migration: safe
CREATE INDEX CONCURRENTLY million_there ON million (kind) WHERE kind IS NOT NULL; -- safe
-- migration: safe
DELETE FROM kinds WHERE id BETWEEN 1 AND 100; -- safe

-- plan: a key of several columns
CREATE TABLE kinds (a bigint, b bigint, old boolean, PRIMARY KEY (a, b));
INSERT INTO kinds SELECT n, n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY, a bigint, b bigint, FOREIGN KEY (a, b) REFERENCES kinds (a, b));
CREATE INDEX million_a ON million (a);
-- migration: danger
DELETE FROM kinds WHERE old; -- danger foreign-key-lookup
DELETE FROM kinds WHERE a = 1 AND b IN (1, 2); -- caution foreign-key-lookup
-- migration: safe
CREATE INDEX CONCURRENTLY million_ba ON million (b, a); -- safe
-- migration: safe
DELETE FROM kinds WHERE old; -- safe

-- plan: rows are deleted with the rows that they refer to
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id) ON DELETE CASCADE);
CREATE INDEX ON million (kind);
-- migration: danger
DELETE FROM kinds WHERE id = 1; -- caution delete-many
DELETE FROM kinds WHERE id BETWEEN 1 AND 300; -- danger delete-many
DELETE FROM kinds WHERE old; -- danger delete-many

-- plan: ON DELETE SET NULL finds the rows by an index
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id) ON DELETE SET NULL ON UPDATE CASCADE);
CREATE INDEX ON million (kind);
-- migration: danger
DELETE FROM kinds WHERE id = 1; -- safe
UPDATE kinds SET id = 5000 WHERE id = 2; -- safe
UPDATE kinds SET id = id + 10000; -- danger foreign-key-lookup
DELETE FROM kinds WHERE old; -- danger foreign-key-lookup

-- plan: one to one
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY REFERENCES kinds (id) ON DELETE CASCADE);
-- migration: caution
DELETE FROM kinds WHERE old; -- caution delete-many

-- plan: rows that refer to rows of their own table
CREATE TABLE million (id bigint PRIMARY KEY, above bigint REFERENCES million (id));
-- migration: danger
DELETE FROM million WHERE id = 1; -- caution foreign-key-lookup
DELETE FROM million WHERE id BETWEEN 1 AND 300; -- danger foreign-key-lookup
-- migration: safe
CREATE INDEX CONCURRENTLY million_above ON million (above); -- safe
-- migration: safe
DELETE FROM million WHERE id BETWEEN 1 AND 300; -- safe

-- plan: rows are deleted through a view
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE million (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id));
CREATE VIEW old_kinds AS SELECT id FROM kinds WHERE old;
-- migration: danger
DELETE FROM old_kinds WHERE id = 1; -- danger foreign-key-lookup

-- plan: rows that take rows of their own table along
CREATE TABLE million (id bigint PRIMARY KEY, above bigint REFERENCES million (id) ON DELETE CASCADE);
-- migration: danger
DELETE FROM million WHERE id BETWEEN 1 AND 4; -- danger foreign-key-lookup
-- migration: safe
CREATE INDEX CONCURRENTLY million_above ON million (above); -- safe
-- migration: caution
DELETE FROM million WHERE id BETWEEN 1 AND 4; -- caution delete-many

-- plan: grandchildren
CREATE TABLE kinds (id bigint PRIMARY KEY);
INSERT INTO kinds SELECT n FROM generate_series(1, 1000) n;
CREATE TABLE sorts (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id) ON DELETE CASCADE);
INSERT INTO sorts SELECT n, 1 + n % 1000 FROM generate_series(1, 20000) n;
ANALYZE kinds, sorts;
CREATE TABLE million (id bigint PRIMARY KEY, sort bigint REFERENCES sorts (id));
CREATE INDEX ON sorts (kind);
-- migration: danger
DELETE FROM kinds WHERE id = 1; -- danger foreign-key-lookup
-- migration: safe
CREATE INDEX CONCURRENTLY million_sort ON million (sort); -- safe
-- migration: safe
DELETE FROM kinds WHERE id = 1; -- safe

-- plan: ON UPDATE CASCADE goes on through a second table
CREATE TABLE kinds (id bigint PRIMARY KEY);
INSERT INTO kinds SELECT n FROM generate_series(1, 1000) n;
CREATE TABLE sorts (kind bigint REFERENCES kinds (id) ON UPDATE CASCADE, id bigint, PRIMARY KEY (kind, id));
INSERT INTO sorts SELECT 1 + n % 1000, n FROM generate_series(1, 20000) n;
ANALYZE kinds, sorts;
CREATE TABLE million (kind bigint, sort bigint, FOREIGN KEY (kind, sort) REFERENCES sorts (kind, id) ON UPDATE CASCADE);
-- migration: danger
UPDATE kinds SET id = 3000 WHERE id = 1; -- danger foreign-key-lookup

-- plan: partitions that refer, one of them without an index
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE parts (id bigint, kind bigint REFERENCES kinds (id)) PARTITION BY RANGE (id);
CREATE TABLE million_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);
CREATE TABLE million_2 PARTITION OF parts FOR VALUES FROM (2) TO (3);
CREATE INDEX ON million_1 (kind);
-- migration: danger
DELETE FROM kinds WHERE id = 1; -- caution foreign-key-lookup
DELETE FROM kinds WHERE old; -- danger foreign-key-lookup
-- migration: safe
CREATE INDEX CONCURRENTLY million_2_kind ON million_2 (kind); -- safe
-- migration: safe
DELETE FROM kinds WHERE old; -- safe

-- plan: partitions that are referred to
CREATE TABLE parts (id bigint PRIMARY KEY, old boolean) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (1000);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (1000) TO (2000);
INSERT INTO parts SELECT n, true FROM generate_series(1, 1999) n;
ANALYZE parts;
CREATE TABLE million (id bigint PRIMARY KEY, part bigint REFERENCES parts (id));
CREATE TABLE other_million (id bigint PRIMARY KEY, part bigint REFERENCES part_2 (id));
CREATE INDEX ON million (part);
-- migration: danger
DELETE FROM part_1 WHERE old; -- safe
DELETE FROM parts WHERE id = 1500; -- caution foreign-key-lookup
DELETE FROM parts WHERE old; -- danger foreign-key-lookup

-- plan: a foreign key does not refer to tables that inherit
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
CREATE TABLE kinds_of_old () INHERITS (kinds);
INSERT INTO kinds_of_old SELECT n, true FROM generate_series(1, 1000) n;
ANALYZE kinds, kinds_of_old;
CREATE TABLE million (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id));
-- migration: safe
DELETE FROM kinds WHERE old; -- safe

-- plan: a table whose rows are deleted too has a trigger
CREATE TABLE kinds (id bigint PRIMARY KEY);
INSERT INTO kinds SELECT n FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE small (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id) ON DELETE CASCADE);
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
CREATE TRIGGER t AFTER DELETE ON small FOR EACH ROW EXECUTE FUNCTION act();
-- migration: caution
DELETE FROM kinds WHERE id = 1; -- caution opaque

-- plan: small tables without an index
CREATE TABLE kinds (id bigint PRIMARY KEY, old boolean);
INSERT INTO kinds SELECT n, true FROM generate_series(1, 1000) n;
CREATE TABLE small (id bigint PRIMARY KEY, kind bigint REFERENCES kinds (id));
INSERT INTO small SELECT n, 1000 FROM generate_series(1, 20) n;
ANALYZE kinds, small;
-- migration: safe
DELETE FROM kinds WHERE id = 1; -- safe
DELETE FROM kinds WHERE id < 900; -- safe

-- plan: a foreign key that the same plan makes
CREATE TABLE kinds (id bigint PRIMARY KEY);
INSERT INTO kinds SELECT n FROM generate_series(1, 1000) n;
ANALYZE kinds;
CREATE TABLE big (id bigint PRIMARY KEY, kind bigint);
-- migration: safe
ALTER TABLE big ADD CONSTRAINT of_kind FOREIGN KEY (kind) REFERENCES kinds (id) ON DELETE RESTRICT NOT VALID; -- safe
-- migration: danger
DELETE FROM kinds WHERE id = 1; -- danger foreign-key-lookup
