//! Generates scripts: pieces of SQL that begin, end, open and close, in any order.

use proptest::prelude::*;
use proptest::sample::select;

/// Pieces, among them everything that starts or ends a transaction, a quote or a comment.
const PIECES: &[&str] = &[
    "INSERT INTO marks VALUES (1)",
    "SELECT 1",
    "CREATE TABLE IF NOT EXISTS t (n int)",
    "BEGIN",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "START TRANSACTION READ WRITE",
    "COMMIT",
    "COMMIT AND CHAIN",
    "COMMIT WORK",
    "END",
    "END TRANSACTION",
    "ROLLBACK",
    "ABORT",
    "ROLLBACK AND CHAIN",
    "SAVEPOINT s",
    "ROLLBACK TO s",
    "RELEASE s",
    "PREPARE TRANSACTION 'p'",
    "COMMIT PREPARED 'p'",
    "SET ROLE none",
    "RESET ALL",
    "DISCARD ALL",
    "SET standard_conforming_strings = off",
    "SET TRANSACTION READ ONLY",
    "CALL p()",
    "SELECT pg_advisory_unlock_all()",
    "DO $d$ BEGIN COMMIT; END $d$",
    "DO $d$ BEGIN ROLLBACK; END $d$",
    "DO 'BEGIN COMMIT; END'",
    "COPY marks FROM STDIN",
    "COPY marks TO STDOUT",
    "CREATE PROCEDURE p() LANGUAGE plpgsql AS $p$ BEGIN COMMIT; END $p$",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
    "VACUUM",
    "CREATE INDEX CONCURRENTLY i ON marks (n)",
    "DROP INDEX CONCURRENTLY i",
    "REINDEX TABLE CONCURRENTLY marks",
    "EXPLAIN ANALYZE INSERT INTO marks VALUES (1)",
    "COMMENT ON TABLE marks IS 'COMMIT;'",
    "DECLARE c CURSOR FOR SELECT 1",
    "LISTEN x",
    "SELECT E'a'\n'b\\'; COMMIT; '",
    "SELECT E'a' -- it's\n'\\''",
    "SELECT E'a'\n'b\\'; SELECT '; COMMIT; --'\nSELECT 1",
    "SELECT E'a'\r'\\''; ROLLBACK; --'\nSELECT 1",
    "SELECT 'a'\n'b\\' /* '; COMMIT; */",
    ";",
    ";",
    ";",
    ";",
    "\n",
    " ",
    " ",
    "'",
    "''",
    "\"",
    "$$",
    "$a$",
    "E'\\'",
    "E'a'\n'",
    "'\n'",
    "'--\n'\\'",
    "\\'",
    "U&'",
    "--",
    "-- x\n",
    "/*",
    "*/",
    "/* x */",
    "(",
    ")",
    "\\",
    "\\q",
    "\\connect x",
    "\u{a0}",
    "\u{feff}",
    "é",
    "\r",
    "\t",
    "$1",
    "$",
    "0x",
    "::",
    "1e",
    ":x",
    "@",
    "#",
    "`",
    "{",
    "}",
    "[",
    "]",
    ",",
    ".",
];

/// Generates a script of up to so many pieces.
pub(crate) fn soup(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(select(PIECES), 0..most).prop_map(|pieces| pieces.join(" "))
}

/// Generates a script of whole statements, whose quotes and comments are all closed.
pub(crate) fn statements(most: usize) -> impl Strategy<Value = String> {
    let whole: Vec<&str> = PIECES.iter().copied().take_while(|piece| *piece != ";").collect();
    // Mostly what PostgreSQL accepts, so that there is something that the rest could undo.
    let piece = prop_oneof![4 => Just(PIECES[0]), 3 => select(whole)];
    let pieces = prop::collection::vec(piece, 1..most).prop_map(|pieces| pieces.join(";\n"));
    (pieces, 0..4)
        .prop_map(|(pieces, wrapped)| if wrapped == 0 { format!("BEGIN;\n{pieces};\nCOMMIT;") } else { pieces })
}
