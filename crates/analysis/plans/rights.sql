What roles may do from now on.

-- plan: what every role may do
CREATE TABLE small (id bigint); CREATE SCHEMA archive; CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- migration: danger
GRANT ALL ON small TO PUBLIC; -- danger granted-to-all
GRANT ALL PRIVILEGES ON TABLE small TO CURRENT_USER, PUBLIC; -- danger granted-to-all
GRANT SELECT, UPDATE (id) ON small TO "public"; -- danger granted-to-all
-- migration: danger
GRANT INSERT ON ALL TABLES IN SCHEMA public TO GROUP PUBLIC; -- danger granted-to-all
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT DELETE ON TABLES TO PUBLIC; -- danger granted-to-all
-- migration: caution
GRANT SELECT (id) ON small TO PUBLIC; -- caution granted-to-all
GRANT CREATE, USAGE ON SCHEMA archive TO PUBLIC; -- caution granted-to-all
-- migration: safe
GRANT ALL ON small TO CURRENT_USER; -- safe
GRANT USAGE ON SCHEMA archive TO PUBLIC; -- safe
GRANT EXECUTE ON FUNCTION f() TO PUBLIC; -- safe

-- plan: members of roles that may do more
-- migration: danger
GRANT pg_read_all_data TO CURRENT_USER; -- danger powerful-role
