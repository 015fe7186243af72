-- What the server, and extensions in the schema "extra", can do with a row's text: every expression is over
-- the column "body".

CREATE TABLE sample (category text, type regtype, literal text);
INSERT INTO sample VALUES
    ('N', NULL, '1'), ('S', NULL, 'x'), ('B', NULL, 'true'), ('D', NULL, '2020-01-01'), ('T', NULL, '1 day'),
    ('A', NULL, '{}'), ('R', NULL, 'empty'), ('I', NULL, '10.0.0.1'), ('V', NULL, '1'),
    (NULL, 'json', '{"a": 1}'), (NULL, 'jsonb', '{"a": 1}'), (NULL, 'jsonpath', '$.a'), (NULL, 'xml', '<a/>'),
    (NULL, 'tsvector', 'a'), (NULL, 'tsquery', 'a'), (NULL, 'regclass', 'pg_class'), (NULL, 'regtype', 'text'),
    (NULL, 'regconfig', 'simple'), (NULL, 'regdictionary', 'simple'), (NULL, 'regnamespace', 'pg_catalog'),
    (NULL, 'regproc', 'pg_backend_pid'), (NULL, 'regprocedure', 'pg_backend_pid()'), (NULL, 'regoper', '!~~'),
    (NULL, 'regoperator', '+(int,int)'), (NULL, 'regrole', 'pg_monitor'), (NULL, 'regcollation', '"C"'),
    (NULL, 'uuid', '00000000-0000-0000-0000-000000000000'), (NULL, 'bytea', 'x'), (NULL, 'bit', '1'), (NULL, 'varbit', '1'),
    (NULL, 'point', '(1,1)'), (NULL, 'box', '((1,1),(2,2))'), (NULL, 'polygon', '((1,1),(2,2))'),
    (NULL, 'circle', '<(1,1),1>'), (NULL, 'line', '{1,1,1}'), (NULL, 'lseg', '((1,1),(2,2))'), (NULL, 'path', '((1,1),(2,2))'),
    (NULL, 'pg_lsn', '0/0'), (NULL, 'tid', '(0,1)'), (NULL, 'xid', '1'), (NULL, 'xid8', '1'), (NULL, 'cid', '1'),
    (NULL, 'macaddr', '08:00:2b:01:02:03'), (NULL, 'macaddr8', '08:00:2b:01:02:03:04:05'),
    (NULL, 'txid_snapshot', '1:1:'), (NULL, 'pg_snapshot', '1:1:'), (NULL, 'aclitem', 'pg_monitor=r/pg_monitor'),
    (NULL, 'int4range', 'empty'), (NULL, 'int4multirange', '{}');

-- A harmless value of a type, as SQL.
CREATE FUNCTION sample_of(oid) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(
        (SELECT quote_literal(literal) || '::' || format_type($1, NULL) FROM sample WHERE type = $1),
        (SELECT quote_literal(literal) || '::' || format_type($1, NULL) FROM sample s JOIN pg_type t ON t.typcategory = s.category
         WHERE t.oid = $1 AND t.typtype <> 'p'),
        CASE $1 WHEN 'anyarray'::regtype THEN '''{a}''::text[]' WHEN 'anycompatiblearray'::regtype THEN '''{a}''::text[]'
                WHEN 'anyelement'::regtype THEN '''x''::text' WHEN 'anycompatible'::regtype THEN '''x''::text'
                WHEN '"any"'::regtype THEN '''x''::text' ELSE 'NULL' END)
$$;

-- The row's text as a type, or NULL where nothing can be cast to it.
CREATE FUNCTION body_as(oid) RETURNS text LANGUAGE sql AS $$
    SELECT CASE
        WHEN $1 IN ('anyelement'::regtype, 'anycompatible'::regtype, '"any"'::regtype, 'anynonarray'::regtype,
                    'anycompatiblenonarray'::regtype) THEN 'body'
        WHEN $1 IN ('anyarray'::regtype, 'anycompatiblearray'::regtype) THEN 'ARRAY[body]'
        ELSE (SELECT 'body::' || format_type(oid, NULL) FROM pg_type WHERE oid = $1 AND typtype <> 'p') END
$$;

CREATE TABLE expression (id serial, e text UNIQUE);

INSERT INTO expression (e)
SELECT DISTINCT e FROM (
    -- Every function, with the row in each of its arguments.
    SELECT format('%s.%I(%s)', p.pronamespace::regnamespace, p.proname, (
        SELECT string_agg(CASE WHEN j = i THEN body_as(a) ELSE sample_of(a) END, ', ' ORDER BY j)
        FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS arguments (a, j))) AS e
    FROM pg_proc p, generate_series(1, p.pronargs) i
    WHERE p.pronamespace IN ('pg_catalog'::regnamespace, 'extra'::regnamespace) AND p.prokind = 'f'
      AND body_as(p.proargtypes[i - 1]) IS NOT NULL
      AND 'internal'::regtype <> ALL (p.proargtypes::oid[]) AND 'cstring'::regtype <> ALL (p.proargtypes::oid[])
      -- What ends or delays sessions, reads or writes files, or counts to a row's number.
      AND p.proname !~ '^(pg_terminate_backend|pg_cancel_backend|pg_sleep.*|pg_read_.*|lo_import|lo_export|generate_series.*|repeat|[lr]pad|pg_wal_replay.*|pg_promote|pg_advisory.*|pg_try_advisory.*|pg_rotate_logfile.*|pg_reload_conf|pg_logical_emit_message|set_config|pg_notify|pg_export_snapshot|binary_upgrade.*|pg_wait_until_termination|pg_log_.*|pg_stat_reset.*|setseed)$'
    UNION
    -- Every type that the text can be cast to, and what such a value can be cast to in turn.
    SELECT 'body::' || format_type(t.oid, NULL) FROM pg_type t
    WHERE t.typnamespace IN ('pg_catalog'::regnamespace, 'extra'::regnamespace) AND t.typtype IN ('b', 'r', 'm') AND t.typelem = 0
    UNION
    SELECT '(ARRAY[body])::' || format_type(t.oid, NULL) FROM pg_type t
    WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typcategory = 'A'
    UNION
    SELECT format('(%s)::%s', body_as(castsource), format_type(casttarget, NULL)) FROM pg_cast WHERE body_as(castsource) IS NOT NULL
    UNION
    -- Every operator, with the row on each side.
    SELECT format('%s OPERATOR(%s.%s) %s', body_as(oprleft), oprnamespace::regnamespace, oprname, sample_of(oprright))
    FROM pg_operator WHERE oprkind = 'b' AND body_as(oprleft) IS NOT NULL
    UNION
    SELECT format('%s OPERATOR(%s.%s) %s', sample_of(oprleft), oprnamespace::regnamespace, oprname, body_as(oprright))
    FROM pg_operator WHERE oprkind = 'b' AND body_as(oprright) IS NOT NULL
    UNION
    SELECT format('OPERATOR(%s.%s) %s', oprnamespace::regnamespace, oprname, body_as(oprright))
    FROM pg_operator WHERE oprkind = 'l' AND body_as(oprright) IS NOT NULL
    UNION
    -- What has a syntax of its own.
    SELECT unnest(ARRAY[
        'xmlparse(document body)', 'xmlparse(content body)', 'xmlpi(name a, body)', 'xmlelement(name a, xmlparse(content body))',
        'xpath(body, ''<a/>''::xml)', '''x'' SIMILAR TO body', '''x'' LIKE ''y'' ESCAPE body', 'body LIKE ''y'' ESCAPE body',
        'now() AT TIME ZONE body', '''x'' ~ body', 'to_date(body, ''YYYY'')', 'to_number(''1'', body)', 'format(body, 1)',
        '(body::name)::regclass', 'nextval(body)', 'to_tsquery(body)', 'body::text::numeric(4, 2)', 'body::varchar(3)::int',
        'body::bit(3)', 'row(body)::text::pg_catalog.regclass', 'jsonb_path_query(''{"a": 1}'', body::jsonpath)',
        'ts_rewrite(''a''::tsquery, body)', '(SELECT word FROM ts_stat(body) LIMIT 1)', 'query_to_xml(body, true, true, '''')',
        'substring(''x'' FROM body)', 'substring(''x'' SIMILAR body ESCAPE body)', 'overlay(body PLACING ''x'' FROM 0)',
        'date_part(body, now())', 'interval ''1 day'' * body::float8', 'make_interval(secs => body::float8)'])
) found WHERE e IS NOT NULL;

-- What an expression's failure on one secret quotes, with the secret's parts as "@". NULL when it quotes none.
CREATE FUNCTION quoted(e text, body text, parts text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
    part text;
    found bool := false;
    code text; message text; detail text; hint text;
BEGIN
    EXECUTE format('SELECT (SELECT (%s)::text LIMIT 1) FROM (SELECT $1 AS body) row', e) USING body INTO said;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    said := concat_ws(' | ', code, message, detail, hint);
    said := replace(said, body, parts[1]);
    FOREACH part IN ARRAY parts LOOP
        found := found OR position(lower(part) IN lower(said)) > 0;
        said := replace(said, part, '@');
    END LOOP;
    RETURN CASE WHEN found THEN said END;
END
$$;
