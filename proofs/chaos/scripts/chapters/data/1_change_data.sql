UPDATE account SET cents = cents * 2 + NN WHERE id % 3 = 0;
INSERT INTO account SELECT 1000 * (NN + 1) + id, owner, cents FROM account WHERE id <= 5;
DELETE FROM account WHERE id = 30 + NN % 10;
-- MARK
