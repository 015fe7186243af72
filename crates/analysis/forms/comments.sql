-- group: Comments and privileges
-- setup:
CREATE SCHEMA archive;
CREATE TABLE orders (id serial PRIMARY KEY, total int CHECK (total > 0));
CREATE INDEX orders_total ON orders (total);
CREATE VIEW large AS SELECT id, total FROM orders WHERE total > 1;
CREATE TYPE state AS ENUM ('open');
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
INSERT INTO orders (total) VALUES (1);

-- form: comment-on-table
-- about: Other sessions read and write meanwhile.
-- statement:
COMMENT ON TABLE orders IS 'What was ordered';

-- form: comment-on-column
-- about: Likewise.
-- statement:
COMMENT ON COLUMN orders.total IS 'In cents';

-- form: comment-on-index
-- about: Likewise.
-- statement:
COMMENT ON INDEX orders_total IS 'For the report';

-- form: comment-on-constraint
-- about: Likewise.
-- statement:
COMMENT ON CONSTRAINT orders_total_check ON orders IS 'No refunds';

-- form: comment-on-trigger
-- about: Likewise.
-- statement:
COMMENT ON TRIGGER touched ON orders IS 'Keeps the time';

-- form: comment-on-view
-- about: Likewise.
-- statement:
COMMENT ON VIEW large IS 'More than one';

-- form: comment-on-type
-- about: No table at all.
-- statement:
COMMENT ON TYPE state IS 'Of an order';

-- form: comment-on-function
-- about: No table at all.
-- statement:
COMMENT ON FUNCTION one() IS 'One';

-- form: comment-on-schema
-- about: No table at all.
-- statement:
COMMENT ON SCHEMA archive IS 'What is old';

-- form: grant
-- about: No session waits.
-- less: no session waits for that
-- statement:
GRANT SELECT, INSERT ON orders TO pg_monitor;

-- form: grant-all-tables
-- about: No session waits.
-- statement:
GRANT SELECT ON ALL TABLES IN SCHEMA public TO pg_monitor;

-- form: grant-schema
-- about: No table at all.
-- statement:
GRANT USAGE ON SCHEMA archive TO pg_monitor;

-- form: grant-sequence
-- about: No session waits.
-- statement:
GRANT USAGE ON SEQUENCE orders_id_seq TO pg_monitor;

-- form: revoke
-- about: No session waits.
-- less: no session waits for that
-- statement:
REVOKE ALL ON orders FROM PUBLIC;

-- form: alter-default-privileges
-- about: It concerns new tables only.
-- statement:
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor;
