CREATE TABLE diary_NN (mood mood_NN NOT NULL);
INSERT INTO diary_NN VALUES ('busy');
-- MARK
