CREATE TABLE ok_one (id int);
INSERT INTO nowhere VALUES (1);
