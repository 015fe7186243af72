DROP VIEW rich_NN;
ALTER TABLE account ADD COLUMN note_NN text;
UPDATE account SET note_NN = 'n' WHERE id < 4;
-- MARK
