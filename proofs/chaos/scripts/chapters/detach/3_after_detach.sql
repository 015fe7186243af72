INSERT INTO part_NN_a VALUES (9, 'when detached');
-- MARK
