-- group: Triggers, rules, policies
-- setup:
CREATE TABLE customers (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, total int, changed_at timestamptz);
CREATE TABLE readings (year int NOT NULL, value int) PARTITION BY LIST (year);
CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES IN (2024);
CREATE VIEW large AS SELECT id, total FROM orders WHERE total > 1;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed_at := now(); RETURN NEW; END';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER noted AFTER INSERT ON readings FOR EACH ROW EXECUTE FUNCTION note();
CREATE RULE kept AS ON DELETE TO orders WHERE old.total > 100 DO INSTEAD NOTHING;
CREATE POLICY own ON orders USING (customer_id = 1);
INSERT INTO customers VALUES (1);
INSERT INTO orders SELECT n, 1, n FROM generate_series(1, 3) n;
INSERT INTO readings VALUES (2024, 1);

-- form: create-trigger
-- about: No other session can write for a moment.
-- statement:
CREATE TRIGGER marked BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();

-- form: create-or-replace-trigger
-- about: Likewise.
-- statement:
CREATE OR REPLACE TRIGGER touched BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE PROCEDURE touch();

-- form: create-constraint-trigger
-- about: The table that FROM names is locked too.
-- statement:
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON orders FROM customers DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION touch();

-- form: create-trigger-partitioned
-- about: The partitions get it too.
-- statement:
CREATE TRIGGER marked AFTER UPDATE ON readings FOR EACH ROW EXECUTE FUNCTION touch();

-- form: create-trigger-view
-- about: A view can have triggers as well.
-- statement:
CREATE TRIGGER written INSTEAD OF INSERT ON large FOR EACH ROW EXECUTE FUNCTION touch();

-- form: drop-trigger
-- about: No other session can read or write for a moment.
-- statement:
DROP TRIGGER touched ON orders;

-- form: drop-trigger-if-exists-missing
-- about: There is no such trigger.
-- worse: triggers are not looked up
-- statement:
DROP TRIGGER IF EXISTS missing ON orders;

-- form: drop-trigger-partitioned
-- about: The partitions lose it too.
-- statement:
DROP TRIGGER noted ON readings;

-- form: rename-trigger
-- about: A change of the catalog.
-- statement:
ALTER TRIGGER touched ON orders RENAME TO updated;

-- form: disable-trigger
-- about: No other session can write for a moment.
-- statement:
ALTER TABLE orders DISABLE TRIGGER touched;

-- form: disable-trigger-user
-- about: Likewise.
-- statement:
ALTER TABLE orders DISABLE TRIGGER USER;

-- form: enable-trigger
-- about: Likewise.
-- statement:
ALTER TABLE orders ENABLE TRIGGER touched;

-- form: enable-trigger-always
-- about: Likewise.
-- statement:
ALTER TABLE orders ENABLE ALWAYS TRIGGER touched;

-- form: enable-trigger-replica
-- about: Likewise.
-- statement:
ALTER TABLE orders ENABLE REPLICA TRIGGER touched;

-- form: create-rule
-- about: No other session can read or write for a moment.
-- statement:
CREATE RULE silent AS ON UPDATE TO orders DO INSTEAD NOTHING;

-- form: drop-rule
-- about: Likewise.
-- statement:
DROP RULE kept ON orders;

-- form: rename-rule
-- about: Likewise.
-- statement:
ALTER RULE kept ON orders RENAME TO stays;

-- form: disable-rule
-- about: Likewise.
-- statement:
ALTER TABLE orders DISABLE RULE kept;

-- form: create-policy
-- about: Likewise.
-- statement:
CREATE POLICY others ON orders FOR SELECT USING (total > 0);

-- form: create-policy-subquery
-- about: The tables that its condition names are looked at.
-- statement:
CREATE POLICY known ON orders USING (customer_id IN (SELECT id FROM customers));

-- form: alter-policy
-- about: Likewise.
-- statement:
ALTER POLICY own ON orders USING (customer_id = 2);

-- form: rename-policy
-- about: Likewise.
-- statement:
ALTER POLICY own ON orders RENAME TO mine;

-- form: drop-policy
-- about: Likewise.
-- statement:
DROP POLICY own ON orders;
