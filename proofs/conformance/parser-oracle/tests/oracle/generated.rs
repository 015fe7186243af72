//! Generated scripts: whole ones, which both parsers have to understand, and broken ones, in which no statement may be
//! hidden.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestError, TestRunner};

use crate::compare::{Outcome, compare, lexemes};
use crate::statements::script;

/// Pieces that change the meaning of all the text after them.
const PIECES: &[&str] = &[
    "'",
    "''",
    "\\",
    "\\'",
    "\"",
    "\n",
    "\r",
    " ",
    ";",
    "; COMMIT; ",
    "; ROLLBACK; ",
    "E'",
    "e",
    "U&'",
    "U&\"",
    "B'",
    "X'",
    "N'",
    "--",
    "/*",
    "*/",
    "$$",
    "$a$",
    "$1",
    "1",
    "1e",
    "0x",
    "(",
    ")",
    "-",
    "*",
    "BEGIN ATOMIC ",
    " END",
    " CASE ",
    " AS end ",
    "BEGIN;",
    "COMMIT;",
    "\n'",
    "'\n'",
];

fn runner() -> TestRunner {
    let config = Config::default();
    // Four times the usual number, unless a number is given.
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { 1_000 };
    TestRunner::new(Config { cases, ..config })
}

/// Runs `test` on many inputs. A failure names the smallest one.
fn on_many<S: Strategy<Value = String>>(inputs: S, test: impl Fn(&str) -> Result<(), TestCaseError>) {
    match runner().run(&inputs, |sql| test(&sql)) {
        Ok(()) => {}
        Err(TestError::Fail(reason, sql)) => panic!("{reason}\n{sql:?}\n{sql}"),
        Err(error) => panic!("{error}"),
    }
}

/// Generates a script with some of its pieces replaced.
fn broken() -> BoxedStrategy<String> {
    let edit = (any::<Index>(), 0..3_usize, prop_oneof![1 => Just(""), 4 => select(PIECES)]);
    (script(), prop::collection::vec(edit, 1..4))
        .prop_map(|(mut sql, edits)| {
            for (at, replaced, piece) in edits {
                let places: Vec<usize> = sql.char_indices().map(|(at, _)| at).chain([sql.len()]).collect();
                let at = at.index(places.len());
                let end = (at + replaced).min(places.len() - 1);
                sql.replace_range(places[at]..places[end], piece);
            }
            sql
        })
        .boxed()
}

fn soup() -> BoxedStrategy<String> {
    prop::collection::vec(select(PIECES), 0..30).prop_map(|pieces| pieces.concat()).boxed()
}

/// Generates statements that a string continued on the next line would hide, if its end were misread.
fn misleading() -> BoxedStrategy<String> {
    let inside = select(&["\\'", "\\'; SELECT ", "\\' || ", "\'\'", "\\\\", "x", "; ROLLBACK; "][..]);
    let behind =
        select(&["; COMMIT; --'", "; SELECT 'x'; COMMIT; -- '", ", 'x'; COMMIT; --'", "; SELECT 1", " -- '"][..]);
    let gap = select(&["\n", "\r\n ", " -- it's\n", "\n--'\n", " ", "/*\n*/"][..]);
    (select(&["E", "e", "", "U&", "N"][..]), gap, prop::collection::vec(inside, 1..4), behind)
        .prop_map(|(prefix, gap, inside, behind)| format!("SELECT {prefix}'a'{gap}'{}'{behind}", inside.concat()))
        .boxed()
}

#[test]
fn whole_scripts_are_understood() {
    on_many(script(), |sql| match compare(sql) {
        Ok(Outcome::Same) => Ok(()),
        other => Err(TestCaseError::fail(format!("{other:?}"))),
    });
}

#[test]
fn nothing_is_hidden_in_broken_ones() {
    let [same, refused, left, no_script] = [0; 4].map(AtomicUsize::new);
    on_many(prop_oneof![4 => broken(), 4 => misleading(), 1 => soup()], |sql| {
        let counter = match compare(sql).map_err(TestCaseError::fail)? {
            Outcome::Same => &same,
            Outcome::Refused(_) => &refused,
            Outcome::LeftToTheServer => &left,
            Outcome::NoScript => &no_script,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let [same, refused, left, no_script] = [same, refused, left, no_script].map(AtomicUsize::into_inner);
    eprintln!(
        "{same} the same, {refused} refused, {left} left to the server, {no_script} that PostgreSQL does not read"
    );
    assert!(same > 0 && refused > 0, "too few of them are scripts to show anything");
}

#[test]
fn strings_and_comments_end_where_the_server_ends_them() {
    let scanned = AtomicUsize::new(0);
    on_many(prop_oneof![1 => script(), 4 => broken(), 4 => misleading(), 4 => soup()], |sql| {
        if let Some([theirs, ours]) = lexemes(sql) {
            prop_assert_eq!(theirs, ours);
            scanned.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    });
    assert!(scanned.into_inner() > 100, "too few of them have tokens to show anything");
}
