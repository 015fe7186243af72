-- group: What cannot be known from the text
-- setup:
CREATE TABLE orders (id int PRIMARY KEY, total int);
CREATE TABLE audit (id int, at timestamptz);
CREATE FUNCTION clear_orders() RETURNS void LANGUAGE sql AS 'DELETE FROM orders';
CREATE FUNCTION audited() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN INSERT INTO audit VALUES (NEW.id, now()); RETURN NEW; END';
CREATE PROCEDURE empty_audit() LANGUAGE sql AS 'DELETE FROM audit';
INSERT INTO orders SELECT n, n FROM generate_series(1, 3) n;
INSERT INTO audit VALUES (1, now());

-- form: do-alter
-- about: The statement inside takes its own locks.
-- opaque
-- statement:
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note') THEN
        ALTER TABLE orders ADD COLUMN note text;
    END IF;
END $$;

-- form: do-duplicate-object
-- about: How some tools make what may be there already.
-- opaque
-- statement:
DO $$ BEGIN
    ALTER TABLE audit ADD CONSTRAINT audit_order FOREIGN KEY (id) REFERENCES orders (id);
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- form: do-dynamic
-- about: Not even reading the block would tell.
-- opaque
-- statement:
DO $$ BEGIN EXECUTE format('UPDATE %I SET total = 0', 'or' || 'ders'); END $$;

-- form: select-function
-- about: A function does what its body says.
-- opaque
-- statement:
SELECT clear_orders();

-- form: call
-- about: So does a procedure.
-- opaque
-- statement:
CALL empty_audit();

-- form: insert-with-trigger
-- about: A trigger does what its function says.
-- opaque
-- setup:
CREATE TRIGGER audited AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION audited();
-- statement:
INSERT INTO orders VALUES (9, 9);

-- form: update-with-rule
-- about: A rule can turn it into something else.
-- opaque
-- setup:
CREATE RULE logged AS ON UPDATE TO orders DO ALSO INSERT INTO audit VALUES (old.id, now());
-- statement:
UPDATE orders SET total = 0;
