CREATE TABLE more_one (id int primary key);
