CREATE TABLE held (id int, n int);
-- MARK
