CREATE FUNCTION grow_NN() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    -- COMMIT; is only text in here
    NEW.cents := NEW.cents + NN;
    RETURN NEW;
END;
$body$;
CREATE TRIGGER grow_NN BEFORE UPDATE ON account FOR EACH ROW WHEN (OLD.id % 5 = NN % 5) EXECUTE FUNCTION grow_NN();
UPDATE account SET cents = cents + 1;
-- MARK
