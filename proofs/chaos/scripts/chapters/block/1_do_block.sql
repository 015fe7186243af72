DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'level_NN') THEN
        CREATE TYPE level_NN AS ENUM ('low', 'high');
    END IF;
    UPDATE account SET owner = owner || '!' WHERE id = 1 + NN % 20;
EXCEPTION WHEN duplicate_object THEN NULL;
END
$$;
-- MARK
