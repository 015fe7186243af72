What the catalog knows to fail, and what it knows to do nothing.

-- plan: IF NOT EXISTS meets another thing
CREATE TABLE coin (a integer, b integer); CREATE TABLE mint (a integer);
CREATE INDEX coin_i ON coin (a); CREATE INDEX mint_i ON mint (a); CREATE VIEW seen AS SELECT 1 AS a;
-- migration: caution
CREATE INDEX IF NOT EXISTS coin_i ON coin (a); -- safe
CREATE INDEX IF NOT EXISTS coin_i ON coin (b); -- caution does-nothing
CREATE INDEX IF NOT EXISTS mint_i ON coin (a); -- caution does-nothing
CREATE TABLE IF NOT EXISTS coin (a integer, b integer); -- safe
CREATE TABLE IF NOT EXISTS coin (a integer, c text); -- caution does-nothing
CREATE TABLE IF NOT EXISTS seen (a integer); -- caution does-nothing
ALTER TABLE coin ADD COLUMN IF NOT EXISTS b bigint; -- caution does-nothing
ALTER TABLE coin ADD COLUMN IF NOT EXISTS b integer; -- safe

-- plan: a table that a key refers to
CREATE TABLE parent (k integer PRIMARY KEY, other integer);
CREATE TABLE child (k integer CONSTRAINT child_k REFERENCES parent);
-- migration: danger
-- squawk-ignore ban-drop-table
DROP TABLE parent; -- danger refused

-- plan: a table that a key of the same statement refers to
CREATE TABLE parent (k integer PRIMARY KEY, other integer);
CREATE TABLE child (k integer CONSTRAINT child_k REFERENCES parent);
-- migration: caution
-- squawk-ignore ban-drop-table
DROP TABLE parent, child; -- caution drop-table

-- plan: a key that another one relies on
CREATE TABLE parent (k integer PRIMARY KEY, other integer);
CREATE TABLE child (k integer CONSTRAINT child_k REFERENCES parent);
-- migration: danger
-- squawk-ignore ban-drop-constraint
ALTER TABLE parent DROP CONSTRAINT parent_pkey; -- danger refused

-- plan: a second primary key
CREATE TABLE parent (k integer PRIMARY KEY, other integer);
CREATE TABLE child (k integer CONSTRAINT child_k REFERENCES parent);
-- migration: danger
ALTER TABLE parent ADD PRIMARY KEY (other); -- danger refused

-- plan: a constraint that is there
CREATE TABLE parent (k integer PRIMARY KEY, other integer);
CREATE TABLE child (k integer CONSTRAINT child_k REFERENCES parent);
-- migration: danger
ALTER TABLE child ADD CONSTRAINT child_k CHECK (k > 0) NOT VALID; -- danger refused

-- plan: an index of a partitioned table, concurrently
CREATE TABLE log (day date) PARTITION BY RANGE (day);
CREATE TABLE log_may PARTITION OF log FOR VALUES FROM ('2026-05-01') TO ('2026-06-01');
CREATE TABLE log_rest PARTITION OF log DEFAULT;
CREATE INDEX may_i ON log_may (day); CREATE INDEX rest_i ON log_rest (day);
-- migration: danger
CREATE INDEX CONCURRENTLY log_i ON log (day); -- danger refused

-- plan: two indexes at a time, concurrently
CREATE TABLE log (day date) PARTITION BY RANGE (day);
CREATE TABLE log_may PARTITION OF log FOR VALUES FROM ('2026-05-01') TO ('2026-06-01');
CREATE TABLE log_rest PARTITION OF log DEFAULT;
CREATE INDEX may_i ON log_may (day); CREATE INDEX rest_i ON log_rest (day);
-- migration: danger
-- squawk-ignore ban-drop-index
DROP INDEX CONCURRENTLY may_i, rest_i; -- danger refused

-- plan: a column that a view uses goes
CREATE TABLE chest (id integer, label text); CREATE VIEW labels AS SELECT label FROM chest;
-- migration: danger
-- squawk-ignore ban-drop-column
ALTER TABLE chest DROP COLUMN label; -- danger refused

-- plan: a column that a view uses has another type
CREATE TABLE chest (id integer, label text); CREATE VIEW labels AS SELECT label FROM chest;
-- migration: danger
-- squawk-ignore changing-column-type
ALTER TABLE chest ALTER COLUMN label TYPE varchar(20); -- danger refused

-- plan: a view is out of the way first
CREATE TABLE chest (id integer, label text); CREATE VIEW labels AS SELECT label FROM chest; CREATE VIEW more AS SELECT * FROM labels;
-- migration: caution
-- squawk-ignore-file
DROP VIEW labels, more; -- safe
ALTER TABLE chest ALTER COLUMN label TYPE varchar; -- safe
ALTER TABLE chest DROP COLUMN label; -- caution drop-column

-- plan: a view that another one uses
CREATE TABLE chest (id integer, label text); CREATE VIEW labels AS SELECT label FROM chest; CREATE VIEW more AS SELECT * FROM labels;
-- migration: danger
-- squawk-ignore ban-drop-view
DROP VIEW labels; -- danger refused

-- plan: a table that a view uses
CREATE TABLE chest (id integer, label text); CREATE VIEW labels AS SELECT label FROM chest;
-- migration: danger
-- squawk-ignore ban-drop-table
DROP TABLE chest; -- danger refused

-- plan: a column that is not there goes
CREATE TABLE gear (kind text);
-- migration: danger
-- squawk-ignore ban-drop-column
ALTER TABLE gear DROP COLUMN absent; -- danger refused

-- plan: a column that is not there goes, if it is there
CREATE TABLE gear (kind text);
-- migration: safe
-- squawk-ignore ban-drop-column
ALTER TABLE gear DROP COLUMN IF EXISTS absent; -- safe

-- plan: a column that is not there is altered
CREATE TABLE gear (kind text);
-- migration: danger
ALTER TABLE gear ALTER COLUMN missing SET DEFAULT 'a'; -- danger refused

-- plan: a foreign key that refers to no key
CREATE TABLE parent (id integer PRIMARY KEY, code text); CREATE TABLE child (code text);
-- migration: danger
ALTER TABLE child ADD FOREIGN KEY (code) REFERENCES parent (code); -- danger refused

-- plan: a foreign key that refers to a key of the same plan
CREATE TABLE parent (id integer PRIMARY KEY, code text, of text); CREATE TABLE child (code text, of text);
-- migration: safe
-- squawk-ignore-file
ALTER TABLE parent ADD UNIQUE (of, code); -- safe
ALTER TABLE child ADD FOREIGN KEY (code, of) REFERENCES parent (code, of); -- safe

-- plan: what is absent is dropped, if it is there
CREATE TABLE there (id integer);
-- migration: safe
DROP TABLE IF EXISTS absent CASCADE; -- safe
DROP VIEW IF EXISTS absent CASCADE; -- safe
DROP INDEX IF EXISTS absent CASCADE; -- safe
DROP SEQUENCE IF EXISTS absent; -- safe
