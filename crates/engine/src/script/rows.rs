//! Decides whether a statement may evaluate rows, and so whether the server's message about it can hold a row's value.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::has;

/// Whether the statement `node` may evaluate an expression over rows, or call a function that reads rows.
///
/// A statement that is not known to leave rows alone may read them. The function of a trigger or an event trigger is no
/// part of the statement: the server's message names its context.
pub(super) fn may_be_read(node: &SyntaxNode) -> bool {
    match node.kind() {
        // The server searches a default partition for rows that belong into a new one.
        SyntaxKind::CREATE_TABLE => has(node, SyntaxKind::PARTITION_OF),
        SyntaxKind::CREATE_INDEX => indexes_expressions(node),
        SyntaxKind::ALTER_TABLE | SyntaxKind::ALTER_MATERIALIZED_VIEW => EVALUATING.iter().any(|kind| has(node, *kind)),
        SyntaxKind::ALTER_TYPE => has(node, SyntaxKind::ALTER_TYPE_ATTRIBUTE_ACTION_LIST),
        SyntaxKind::SET => has(node, SyntaxKind::SELECT),
        kind => !(OBJECTS_ONLY.contains(&kind) || is_drop(kind)),
    }
}

/// Actions of ALTER TABLE that evaluate an expression for each row, perhaps because they rewrite the table or its
/// indexes.
const EVALUATING: [SyntaxKind; 14] = [
    // Its type may have a default, or be a serial type.
    SyntaxKind::ADD_COLUMN,
    SyntaxKind::SET_TYPE,
    SyntaxKind::SET_EXPRESSION,
    // A virtual column is computed when it is read.
    SyntaxKind::SET_NOT_NULL,
    SyntaxKind::NOT_NULL_CONSTRAINT,
    SyntaxKind::CHECK_CONSTRAINT,
    SyntaxKind::EXCLUDE_CONSTRAINT,
    SyntaxKind::VALIDATE_CONSTRAINT,
    SyntaxKind::ATTACH_PARTITION,
    SyntaxKind::MERGE_PARTITIONS,
    SyntaxKind::SPLIT_PARTITION,
    SyntaxKind::SET_LOGGED,
    SyntaxKind::SET_UNLOGGED,
    SyntaxKind::SET_ACCESS_METHOD,
];

/// Statements that read and write only the catalog, apart from those that drop an object.
const OBJECTS_ONLY: [SyntaxKind; 64] = [
    SyntaxKind::ALTER_AGGREGATE,
    SyntaxKind::ALTER_COLLATION,
    SyntaxKind::ALTER_CONVERSION,
    SyntaxKind::ALTER_DATABASE,
    SyntaxKind::ALTER_DEFAULT_PRIVILEGES,
    SyntaxKind::ALTER_EVENT_TRIGGER,
    SyntaxKind::ALTER_FUNCTION,
    SyntaxKind::ALTER_GROUP,
    SyntaxKind::ALTER_INDEX,
    SyntaxKind::ALTER_LANGUAGE,
    SyntaxKind::ALTER_OPERATOR,
    SyntaxKind::ALTER_POLICY,
    SyntaxKind::ALTER_PROCEDURE,
    SyntaxKind::ALTER_PUBLICATION,
    SyntaxKind::ALTER_ROLE,
    SyntaxKind::ALTER_ROUTINE,
    SyntaxKind::ALTER_RULE,
    SyntaxKind::ALTER_SCHEMA,
    SyntaxKind::ALTER_SEQUENCE,
    SyntaxKind::ALTER_STATISTICS,
    SyntaxKind::ALTER_SUBSCRIPTION,
    SyntaxKind::ALTER_SYSTEM,
    SyntaxKind::ALTER_TABLESPACE,
    SyntaxKind::ALTER_TRIGGER,
    SyntaxKind::ALTER_USER,
    SyntaxKind::ALTER_VIEW,
    SyntaxKind::COMMENT_ON,
    SyntaxKind::CREATE_AGGREGATE,
    SyntaxKind::CREATE_CAST,
    SyntaxKind::CREATE_COLLATION,
    SyntaxKind::CREATE_DATABASE,
    SyntaxKind::CREATE_DOMAIN,
    SyntaxKind::CREATE_EVENT_TRIGGER,
    SyntaxKind::CREATE_EXTENSION,
    SyntaxKind::CREATE_FOREIGN_TABLE,
    SyntaxKind::CREATE_FUNCTION,
    SyntaxKind::CREATE_GROUP,
    SyntaxKind::CREATE_LANGUAGE,
    SyntaxKind::CREATE_OPERATOR,
    SyntaxKind::CREATE_POLICY,
    SyntaxKind::CREATE_PROCEDURE,
    SyntaxKind::CREATE_PUBLICATION,
    SyntaxKind::CREATE_ROLE,
    SyntaxKind::CREATE_RULE,
    SyntaxKind::CREATE_SCHEMA,
    SyntaxKind::CREATE_SEQUENCE,
    SyntaxKind::CREATE_STATISTICS,
    SyntaxKind::CREATE_SUBSCRIPTION,
    SyntaxKind::CREATE_TABLESPACE,
    SyntaxKind::CREATE_TRIGGER,
    SyntaxKind::CREATE_TYPE,
    SyntaxKind::CREATE_USER,
    SyntaxKind::CREATE_VIEW,
    SyntaxKind::GRANT,
    SyntaxKind::LOCK,
    SyntaxKind::REASSIGN,
    SyntaxKind::RESET,
    SyntaxKind::RESET_ROLE,
    SyntaxKind::RESET_SESSION_AUTH,
    SyntaxKind::REVOKE,
    SyntaxKind::SECURITY_LABEL,
    SyntaxKind::SET_ROLE,
    SyntaxKind::SET_TRANSACTION,
    SyntaxKind::TRUNCATE,
];

fn is_drop(kind: SyntaxKind) -> bool {
    // Only the statement's own kind counts: a kind such as DROP_COLUMN is an action inside of it.
    format!("{kind:?}").starts_with("DROP_")
}

/// Whether an index has a predicate, or a key that is not a plain column.
fn indexes_expressions(node: &SyntaxNode) -> bool {
    let is_column = |item: SyntaxNode| {
        let key = item.first_child().filter(|key| key.kind() == SyntaxKind::COLLATE).unwrap_or(item);
        key.first_child().is_some_and(|key| key.kind() == SyntaxKind::NAME_REF)
    };
    let mut items = node.descendants().filter(|inner| inner.kind() == SyntaxKind::PARTITION_ITEM);
    has(node, SyntaxKind::WHERE_CLAUSE) || has(node, SyntaxKind::WHERE_CONDITION_CLAUSE) || !items.all(is_column)
}

#[cfg(test)]
mod tests {
    use crate::script::classify;

    fn reads(sql: &str) -> bool {
        classify(sql).unwrap().statements[0].reads_rows
    }

    #[test]
    fn a_statement_on_objects_alone_reads_no_row() {
        for sql in [
            "CREATE TABLE a (b int DEFAULT 1 CHECK (b > 0), c int GENERATED ALWAYS AS (b * 2) STORED)",
            "CREATE TABLE a (LIKE b INCLUDING ALL)",
            "DROP TABLE a",
            "DROP INDEX CONCURRENTLY a",
            "DROP FUNCTION f(int)",
            "DROP OWNED BY a",
            "ALTER TABLE a RENAME TO b",
            "ALTER TABLE a RENAME b TO c",
            "ALTER TABLE a SET SCHEMA b",
            "ALTER TABLE a OWNER TO b",
            "ALTER TABLE a DROP COLUMN b CASCADE, DROP CONSTRAINT c",
            "ALTER TABLE a ALTER b DROP NOT NULL, ALTER b DROP DEFAULT",
            "ALTER TABLE a ALTER b SET DEFAULT lower('X')",
            "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c, ADD UNIQUE (b), ADD PRIMARY KEY USING INDEX d",
            "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
            "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
            "ALTER TYPE e ADD VALUE 'a'",
            "CREATE INDEX ON a (b, c DESC)",
            "CREATE UNIQUE INDEX CONCURRENTLY i ON a USING btree (b COLLATE \"C\" text_pattern_ops) INCLUDE (c)",
            "COMMENT ON TABLE a IS 'x'",
            "GRANT SELECT ON a TO b",
            "CREATE SCHEMA a",
            "CREATE VIEW a AS SELECT lower(b) FROM c",
            "CREATE EXTENSION vector",
            "TRUNCATE a",
            "SET ROLE a",
            "SET search_path = a",
        ] {
            assert!(!reads(sql), "{sql}");
        }
    }

    #[test]
    fn a_statement_that_evaluates_an_expression_may_read_rows() {
        for sql in [
            "SELECT 1",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "VALUES (1)",
            "TABLE a",
            "(SELECT 1)",
            "SELECT 1 UNION SELECT 2",
            "INSERT INTO a SELECT 1",
            "UPDATE a SET b = 1",
            "DELETE FROM a",
            "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN DELETE",
            "SELECT 1 INTO a",
            "CREATE TABLE a AS SELECT 1",
            "CREATE TABLE a PARTITION OF b FOR VALUES IN (1)",
            "CREATE MATERIALIZED VIEW a AS SELECT 1",
            "REFRESH MATERIALIZED VIEW a",
            "ALTER TABLE a ALTER b TYPE int",
            "ALTER TABLE a ALTER b TYPE int USING b::int",
            "ALTER TABLE a ADD b int",
            "ALTER TABLE a ADD b serial",
            "ALTER TABLE a ADD b int DEFAULT f()",
            "ALTER TABLE a ALTER b SET NOT NULL",
            "ALTER TABLE a ADD CONSTRAINT c NOT NULL b",
            "ALTER TABLE a SET UNLOGGED",
            "ALTER MATERIALIZED VIEW a SET ACCESS METHOD b",
            "ALTER TABLE a ADD b int GENERATED ALWAYS AS (c * 2) STORED",
            "ALTER TABLE a ADD CHECK (b > 0)",
            "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID, ADD d int",
            "ALTER TABLE a VALIDATE CONSTRAINT c",
            "ALTER TABLE a ATTACH PARTITION b DEFAULT",
            "ALTER TABLE a ADD EXCLUDE USING gist (f(b) WITH &&)",
            "ALTER DOMAIN a ADD CHECK (VALUE > 0)",
            "ALTER TYPE a ALTER ATTRIBUTE b TYPE int CASCADE",
            "CREATE INDEX ON a (lower(b))",
            "CREATE INDEX ON a ((b::regclass))",
            "CREATE INDEX ON a (b) WHERE f(b)",
            "REINDEX TABLE a",
            "CLUSTER a",
            "VACUUM a",
            "ANALYZE a",
            "EXECUTE a",
            "CALL a()",
            "DO $$ BEGIN END $$",
            "COPY a FROM '/tmp/b'",
            "EXPLAIN ANALYZE SELECT 1",
            "DECLARE c CURSOR FOR SELECT 1",
            "FETCH c",
            "SET CONSTRAINTS ALL IMMEDIATE",
        ] {
            assert!(reads(sql), "{sql}");
        }
    }
}
