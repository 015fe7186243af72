CREATE TYPE state_NN AS ENUM ('draft', 'placed');
CREATE TABLE job_NN (id int PRIMARY KEY, state state_NN NOT NULL DEFAULT 'draft');
INSERT INTO job_NN VALUES (1, 'draft'), (2, 'placed');
-- MARK
