SELECT pg_sleep(6); CREATE TABLE slow_one (id int primary key);
