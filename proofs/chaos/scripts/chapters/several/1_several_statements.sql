CREATE TABLE item_NN (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sku text NOT NULL UNIQUE, data jsonb);
CREATE INDEX item_NN_data ON item_NN USING gin (data);
INSERT INTO item_NN (sku, data) VALUES ('a;b', '{"k": [1, 2]}'), ('it''s', NULL), (E'c\nd', '{}');
COMMENT ON TABLE item_NN IS 'a; comment -- with traps';
/* a comment; with a semicolon */
-- MARK
