CREATE TABLE held (id int, n int);
CREATE INDEX held_n ON held (n);
CREATE TABLE younger (n int);
-- MARK
