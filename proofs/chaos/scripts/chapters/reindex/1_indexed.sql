CREATE TABLE log_NN (id int, at int);
CREATE INDEX log_NN_at ON log_NN (at);
INSERT INTO log_NN SELECT g, g % 9 FROM generate_series(1, 50) g;
CREATE TABLE younger_NN (n int);
-- MARK
