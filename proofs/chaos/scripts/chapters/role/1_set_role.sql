GRANT CREATE ON SCHEMA public TO chaos_app;
GRANT INSERT ON trace TO chaos_app;
GRANT SELECT, UPDATE ON counter TO chaos_app;
SET ROLE chaos_app;
CREATE TABLE app_NN (n int);
INSERT INTO app_NN VALUES (NN);
-- MARK
