CREATE TABLE x_one (id int primary key);
