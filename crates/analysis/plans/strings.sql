-- plan: a string that goes on in the next line
CREATE TABLE big (id bigint);
-- migration: danger
SET NAMES 'UTF8'; -- safe
SELECT E'it' -- it's
    '\'s; DROP TABLE big; '; -- safe
SELECT E'a'
'b\'; SELECT '; -- safe
DROP TABLE big; -- danger drop-table
