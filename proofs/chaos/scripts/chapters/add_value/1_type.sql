CREATE TYPE mood_NN AS ENUM ('calm');
-- MARK
