CREATE TABLE dust_NN (n int);
INSERT INTO dust_NN SELECT g FROM generate_series(1, 99) g;
DELETE FROM dust_NN WHERE n % 2 = 0;
-- MARK
