CREATE SCHEMA side_NN;
SET search_path = side_NN, public;
CREATE TABLE aside (n int);
INSERT INTO aside VALUES (NN);
-- MARK
