CREATE VIEW rich_NN AS SELECT id, cents FROM account WHERE cents > NN;
CREATE MATERIALIZED VIEW total_NN AS SELECT owner, sum(cents) AS cents FROM account GROUP BY owner;
-- MARK
