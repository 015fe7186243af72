Locks that are held while something else goes on, and that nothing bounds.

-- plan: a lock is held while another table is written
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
CREATE TABLE small (id bigint PRIMARY KEY);
-- migration: danger
ALTER TABLE small ADD COLUMN c integer; -- safe
UPDATE big SET a = 1 WHERE a > 0; -- danger update-many
-- migration: danger
ALTER TABLE small ADD COLUMN d integer; -- safe
CREATE TEMP TABLE t (id bigint); -- safe
CREATE TABLE copied AS SELECT * FROM big; -- safe
DELETE FROM t WHERE id = 1; -- safe

-- plan: a key finds its row, and no session waits
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
-- migration: safe
ALTER TABLE big ADD COLUMN c integer; -- safe
UPDATE big SET a = 1 WHERE id = 42; -- safe

-- plan: a DO block runs while a lock is held
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
CREATE TABLE small (id bigint PRIMARY KEY);
-- migration: danger
ALTER TABLE big ADD COLUMN c integer; -- safe
DO $$ BEGIN PERFORM 1; END $$; -- caution opaque
-- migration: caution
ALTER TABLE small ADD COLUMN c integer; -- safe
DO $$ BEGIN PERFORM 1; END $$; -- caution opaque

-- plan: a view is read while a lock is held
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
CREATE TABLE small (id bigint PRIMARY KEY);
CREATE VIEW huge AS SELECT id, a FROM big;
CREATE VIEW over AS SELECT id FROM huge;
-- migration: danger
ALTER TABLE small ADD COLUMN c integer; -- safe
CREATE TABLE copied AS SELECT * FROM over; -- safe

-- plan: rows come from no table while a lock is held
CREATE TABLE big (id bigint PRIMARY KEY);
CREATE TABLE small (id bigint, a bigint);
-- migration: danger
ALTER TABLE big ADD COLUMN c integer; -- safe
INSERT INTO small SELECT n, n FROM generate_series(1, 10) n; -- safe

-- plan: an unknown table does not hide a known danger
CREATE TABLE big (id bigint PRIMARY KEY);
CREATE TABLE small (id bigint PRIMARY KEY);
-- migration: danger
DO $$ BEGIN CREATE TABLE made (id bigint PRIMARY KEY); END $$; -- caution opaque
ALTER TABLE big ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES made (id); -- danger add-foreign-key
-- migration: danger
ALTER TABLE big ADD CONSTRAINT g FOREIGN KEY (id) REFERENCES small (id); -- danger add-foreign-key

-- plan: a materialized view takes what its query takes
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM big;
CREATE MATERIALIZED VIEW small_one AS SELECT 1 AS n;
CREATE UNIQUE INDEX ON totals (n);
-- migration: danger
REFRESH MATERIALIZED VIEW totals; -- danger refresh
-- migration: caution
REFRESH MATERIALIZED VIEW small_one; -- caution refresh
-- migration: safe
REFRESH MATERIALIZED VIEW CONCURRENTLY totals; -- safe

-- plan: a materialized view is copied
CREATE MATERIALIZED VIEW big_mv AS SELECT 1 AS n;
-- migration: danger
ALTER MATERIALIZED VIEW big_mv SET TABLESPACE pg_default; -- danger long-block

-- plan: partitions are one table
CREATE TABLE parts (id bigint, a integer) PARTITION BY RANGE (id);
CREATE TABLE big_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);
CREATE TABLE small_1 PARTITION OF parts FOR VALUES FROM (2) TO (3);
-- migration: danger
CREATE INDEX on_parts ON parts (a); -- danger create-index

-- plan: the script's own lock_timeout
CREATE TABLE big (id bigint);
-- migration: danger
SET lock_timeout = 0; -- safe
ALTER TABLE big ADD COLUMN c integer; -- danger own-setting
CREATE TABLE fresh (id bigint); -- safe
-- migration: safe
SET LOCAL lock_timeout = '3s'; -- safe
ALTER TABLE big ADD COLUMN d integer; -- safe
-- migration: safe
SET LOCAL lock_timeout = DEFAULT; -- safe
ALTER TABLE big ADD COLUMN g integer; -- safe
-- migration: safe
SET lock_timeout = '2h'; -- safe
RESET lock_timeout; -- safe
ALTER TABLE big ADD COLUMN e integer; -- safe
-- migration: danger
SELECT set_config('lock_timeout', '0', true); -- safe
ALTER TABLE big ADD COLUMN f integer; -- danger own-setting

-- plan: foreign keys are switched off
CREATE TABLE small (id bigint PRIMARY KEY);
-- migration: safe
SET session_replication_role = DEFAULT; -- safe
-- migration: danger
SET LOCAL session_replication_role = 'replica'; -- danger own-setting
DELETE FROM small WHERE id = 1; -- safe
-- migration: danger
SELECT set_config('session_replication_role', 'replica', true); -- danger own-setting
-- migration: danger
SELECT pg_catalog.set_config('Session_Replication_Role'::text, $$replica$$, true); -- danger own-setting
-- migration: danger
INSERT INTO small SELECT 2 WHERE set_config('session_replication_role', 'rep' || 'lica', true) = ''; -- danger own-setting
-- migration: caution
SELECT set_config('session_replication_' || 'role', 'replica', true); -- caution own-setting
-- migration: safe
SELECT set_config('session_replication_role', 'local', true), set_config('work_mem', '64MB', true); -- safe
SET session_replication_role TO local; -- safe
-- migration: danger
ALTER ROLE CURRENT_USER SET session_replication_role = 'replica'; -- danger own-setting
ALTER ROLE CURRENT_USER RESET session_replication_role; -- caution ban-alter-role-options

-- plan: what waits without a timeout
CREATE TABLE small (id bigint);
-- migration: caution
VACUUM FULL small; -- caution waits-alone
-- migration: safe
VACUUM small; -- safe
-- migration: safe
VACUUM; -- safe
-- migration: safe
ANALYZE; -- safe

-- plan: one table after the other
CREATE TABLE small (id bigint PRIMARY KEY);
-- migration: danger
VACUUM FULL; -- danger whole-database
-- migration: danger
REINDEX SCHEMA public; -- danger whole-database
-- migration: danger
CLUSTER; -- danger whole-database

-- plan: a new column type that is the old one on disk
CREATE TABLE big (id bigint, email varchar(100), x double precision);
-- migration: safe
ALTER TABLE big ALTER COLUMN email TYPE varchar(320); -- safe
-- migration: caution
ALTER TABLE big ALTER COLUMN email TYPE text; -- caution changing-column-type
-- migration: danger
ALTER TABLE big ALTER COLUMN x TYPE float(10); -- danger column-type

-- plan: but not for its indexes
CREATE TABLE big (id bigint, a integer, email varchar(100));
CREATE UNIQUE INDEX lowered ON big (lower(email));
-- migration: danger
ALTER TABLE big ALTER COLUMN email TYPE varchar(320); -- danger column-type

-- plan: nor for an index that the plan makes
CREATE TABLE big (id bigint, a integer, email varchar(100));
-- migration: safe
CREATE INDEX CONCURRENTLY part ON big (a) WHERE email IS NOT NULL; -- safe
-- migration: danger
ALTER TABLE big ALTER COLUMN email TYPE varchar(320); -- danger column-type

-- plan: a table with many indexes
CREATE TABLE middle (id bigint, a integer);
CREATE INDEX ON middle (id);
CREATE INDEX ON middle (a);
CREATE UNIQUE INDEX ON middle (id, a);
-- migration: safe
REINDEX TABLE middle; -- safe

-- plan: a new table that is filled from a large one is large
CREATE TABLE big (id bigint PRIMARY KEY, a integer);
CREATE TABLE small (id bigint PRIMARY KEY);
CREATE TABLE settings (id bigint PRIMARY KEY);
-- migration: safe
CREATE TABLE copied AS SELECT * FROM big; -- safe
CREATE INDEX ON copied (a); -- safe
-- migration: danger
ALTER TABLE copied ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES small (id) NOT VALID; -- safe
CREATE INDEX ON copied (id); -- safe
-- migration: danger
CREATE TABLE fresh (id bigint, a integer); -- safe
INSERT INTO fresh SELECT id, a FROM big; -- safe
ALTER TABLE fresh RENAME TO later; -- safe
ALTER TABLE later ADD CONSTRAINT g FOREIGN KEY (id) REFERENCES settings (id); -- danger add-foreign-key

-- plan: a new table that gets some rows stays small
CREATE TABLE big (id bigint PRIMARY KEY);
-- migration: safe
CREATE TABLE fresh (id bigint); -- safe
INSERT INTO fresh VALUES (1), (2); -- safe
ALTER TABLE fresh ADD CONSTRAINT g FOREIGN KEY (id) REFERENCES big (id) NOT VALID; -- safe
