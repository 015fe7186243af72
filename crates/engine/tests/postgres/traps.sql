-- Lays traps: objects that a query finds unless it says exactly what it means. Each trap that runs takes a number of a
-- sequence, which outlives a rollback, and raises an error that names it.

SET search_path = pg_catalog, pg_temp;
CREATE SCHEMA traps;
GRANT USAGE ON SCHEMA traps TO PUBLIC;
CREATE SEQUENCE traps.sprung;

CREATE FUNCTION traps.spring(what text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN PERFORM nextval('traps.sprung'); RAISE EXCEPTION 'a trap is sprung: %', what; END $$;

-- The types whose operators are laid, each with each: all that the catalogs and the ledgers have, and what is near.
CREATE FUNCTION traps.types() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT unnest('{bool,"\"char\"",int2,int4,int8,numeric,float8,text,varchar,bpchar,name,bytea,oid,regclass,regtype,regnamespace,
        xid,pg_lsn,timestamptz,interval,jsonb,text[],name[],oid[],int2[],int2vector,oidvector}'::text[])
$$;

-- The functions behind the operators: for each pair of types one that returns a boolean, and one that returns a text.
DO $do$
DECLARE pair record; arguments text; result text;
BEGIN
    FOR pair IN SELECT l, r FROM traps.types() l, traps.types() r UNION ALL SELECT NULL, r FROM traps.types() r LOOP
        arguments := concat_ws(', ', pair.l, pair.r);
        FOREACH result IN ARRAY '{bool,text}'::text[] LOOP
            EXECUTE format('CREATE FUNCTION traps.%s_of(%s) RETURNS %s LANGUAGE plpgsql AS %L', result, arguments, result,
                format('BEGIN PERFORM traps.spring(%L); END', 'an operator of ' || arguments));
        END LOOP;
    END LOOP;
END $do$;

-- Lays operators of all the system's names in a schema. One of a name that only compares returns a boolean. `near` leaves out
-- those of the system's own types, and those of twice the same type: a literal without a type would always be of the latter.
-- They are written into the catalog: CREATE OPERATOR would take 12 seconds for so many.
CREATE PROCEDURE traps.lay_operators(place text, near boolean) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET allow_system_table_mods = on AS $do$
BEGIN
    INSERT INTO pg_operator (oid, oprname, oprnamespace, oprowner, oprkind, oprcanmerge, oprcanhash, oprleft, oprright, oprresult,
                             oprcom, oprnegate, oprcode, oprrest, oprjoin)
    SELECT (SELECT max(oid::int8) FROM pg_operator) + 100000 + row_number() OVER (), o.name, place::regnamespace, 10, o.kind, false,
           false, CASE o.kind WHEN 'b' THEN p.proargtypes[0] ELSE 0 END, p.proargtypes[p.pronargs - 1], p.prorettype,
           0, 0, p.oid, 0, 0
    FROM (
        SELECT oprname AS name, oprkind AS kind, bool_and(oprresult = 'bool'::regtype) AS compares
        FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace GROUP BY oprname, oprkind
    ) o JOIN pg_proc p ON p.pronamespace = 'traps'::regnamespace
    AND p.proname = CASE WHEN o.compares THEN 'bool_of' ELSE 'text_of' END AND p.pronargs = CASE o.kind WHEN 'b' THEN 2 ELSE 1 END
    AND NOT (near AND (p.proargtypes[0] = p.proargtypes[1] OR (o.name, p.proargtypes[0], p.proargtypes[1]) IN (
        SELECT oprname, nullif(oprleft, 0), oprright FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace)));
END $do$;

-- Lays functions of all the system's names in a schema: of the system's own arguments, and of those that are near.
CREATE PROCEDURE traps.lay_functions(place text) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $do$
DECLARE laid record;
BEGIN
    FOR laid IN
        WITH own AS (
            SELECT p.proname, p.proargtypes::oid[] AS arguments,
                   CASE WHEN t.typtype IN ('b', 'r', 'm') THEN p.prorettype::regtype ELSE 'text' END AS result
            FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type t ON t.oid = p.prorettype
            WHERE p.pronamespace = 'pg_catalog'::regnamespace
        ), near AS (
            SELECT name, arguments, min(result::text) AS result FROM (
                SELECT proname AS name, result, CASE number
                       WHEN 0 THEN (SELECT string_agg(format_type(a, NULL), ', ' ORDER BY n) FROM unnest(own.arguments) WITH ORDINALITY u(a, n))
                       WHEN 1 THEN '' WHEN 2 THEN 'text' WHEN 3 THEN 'name' WHEN 4 THEN 'oid' WHEN 5 THEN 'integer'
                       WHEN 6 THEN 'bigint' WHEN 7 THEN 'text, text' WHEN 8 THEN 'anyelement' ELSE 'VARIADIC text[]' END AS arguments
                FROM own, generate_series(0, 9) number
                WHERE number > 0 OR NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = ANY (own.arguments) AND t.typtype = 'p')
            ) one GROUP BY name, arguments
        )
        SELECT DISTINCT ON (name, replace(arguments, 'VARIADIC ', '')) name, arguments, result
        FROM near WHERE arguments IS NOT NULL
    LOOP
        EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', place, laid.name, laid.arguments, laid.result,
            format('BEGIN PERFORM traps.spring(%L); END', format('the function %s.%s(%s)', place, laid.name, laid.arguments)));
    END LOOP;
END $do$;

-- Lays domains of the names of all the system's types, and views of those of all its relations, in a schema.
CREATE PROCEDURE traps.lay_types_and_views(place text) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $do$
DECLARE name text;
BEGIN
    FOR name IN
        SELECT typname FROM pg_catalog.pg_type
        WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND typcategory <> 'A'
    LOOP
        EXECUTE format('CREATE DOMAIN %I.%I AS pg_catalog.%2$I CHECK (traps.spring(%L) IS NULL)', place, name,
            format('the type %s.%s', place, name));
    END LOOP;
    FOR name IN
        SELECT relname FROM pg_catalog.pg_class c WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
        -- No view can have such a column.
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND format_type(atttypid, NULL) ~ '^(any|pg_statistic)')
    LOOP
        EXECUTE format('CREATE VIEW %I.%I AS SELECT r.* FROM traps.spring(%L) LEFT JOIN pg_catalog.%2$I r ON true', place, name,
            format('the view %s.%s', place, name));
        EXECUTE format('GRANT SELECT ON %I.%I TO PUBLIC', place, name);
    END LOOP;
END $do$;

-- Lays all but the functions in a schema: those are many, and one schema is enough for them.
CREATE PROCEDURE traps.lay(place text, near boolean) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $do$
BEGIN
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I; GRANT USAGE ON SCHEMA %1$I TO PUBLIC', place);
    CALL traps.lay_operators(place, near);
    CALL traps.lay_types_and_views(place);
END $do$;

CALL traps.lay_functions('public');
