CREATE TABLE held (id int, n int);
INSERT INTO held SELECT g, g % 5 FROM generate_series(1, 60) g;
-- MARK
