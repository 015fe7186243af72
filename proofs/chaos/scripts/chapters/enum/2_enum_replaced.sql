BEGIN;
CREATE TYPE state_NN_new AS ENUM ('placed', 'done');
ALTER TABLE job_NN ALTER COLUMN state DROP DEFAULT;
ALTER TABLE job_NN ALTER COLUMN state TYPE state_NN_new
    USING (CASE state::text WHEN 'draft' THEN 'done' ELSE state::text END::state_NN_new);
ALTER TYPE state_NN RENAME TO state_NN_old;
ALTER TYPE state_NN_new RENAME TO state_NN;
DROP TYPE state_NN_old;
-- MARK
COMMIT;
