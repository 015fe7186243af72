//! Generates statements, and scripts of statements.

use proptest::prelude::*;
use proptest::sample::select;

use crate::expressions::expression;
use crate::strings::{gap, name, string};

/// Generates a statement that a rule or a body may contain.
fn simple() -> BoxedStrategy<String> {
    prop_oneof![
        3 => (expression(), gap()).prop_map(|(value, gap)| format!("SELECT{gap}{value}")),
        1 => (expression(), select(&["end", "case", "begin", "commit"][..]))
            .prop_map(|(value, name)| format!("SELECT {value} AS {name}")),
        1 => (name(), expression(), expression(), gap())
            .prop_map(|(table, a, b, gap)| format!("INSERT INTO {table}{gap}VALUES ({a},{gap}{b})")),
        1 => (name(), expression()).prop_map(|(table, value)| format!("UPDATE {table} SET a = {value}")),
        1 => (name(), expression()).prop_map(|(table, value)| format!("DELETE FROM {table} WHERE {value}")),
    ]
    .boxed()
}

fn body() -> BoxedStrategy<String> {
    prop::collection::vec((simple(), gap()), 0..4)
        .prop_map(|statements| {
            statements.into_iter().map(|(statement, gap)| format!("{statement};{gap}")).collect::<Vec<_>>().concat()
        })
        .boxed()
}

/// Generates any statement that begins or ends no transaction.
fn statement() -> BoxedStrategy<String> {
    let routine = select(
        &["CREATE FUNCTION f() RETURNS int", "create or replace function begin() returns int", "CREATE PROCEDURE p()"]
            [..],
    );
    prop_oneof![
        6 => simple(),
        1 => (name(), string(), gap()).prop_map(|(table, text, gap)| format!("COMMENT ON TABLE {table} IS{gap}{text}")),
        1 => string().prop_map(|text| format!("DO {text}")),
        1 => string().prop_map(|text| format!("SET a.b = {text}")),
        1 => (gap(), gap(), gap(), string()).prop_map(|(a, b, c, text)| {
            format!("ALTER{a}USER MAPPING{b}FOR USER{c}SERVER s OPTIONS (SET a {text})")
        }),
        1 => string().prop_map(|text| format!("CREATE FUNCTION f() RETURNS int LANGUAGE plperl AS {text}")),
        2 => (routine, gap(), gap(), body())
            .prop_map(|(routine, a, b, body)| format!("{routine}{a}BEGIN{b}ATOMIC {body}END")),
        1 => (name(), simple(), simple(), gap())
            .prop_map(|(rule, a, b, gap)| format!("CREATE RULE {rule} AS ON INSERT TO t DO ALSO{gap}({a};{gap}{b};)")),
        1 => name().prop_map(|table| format!("CREATE TABLE {table} (a text DEFAULT E'\\''\n'\\'')")),
        1 => Just(String::new()),
    ]
    .boxed()
}

/// Generates a script that both parsers have to understand.
pub(crate) fn script() -> BoxedStrategy<String> {
    let statements =
        prop::collection::vec((gap(), statement(), prop::option::of(gap())), 1..5).prop_map(|statements| {
            let one = |(before, statement, after): (String, String, Option<String>)| {
                format!("{before}{statement}{}", after.unwrap_or_default())
            };
            statements.into_iter().map(one).collect::<Vec<_>>().join(";")
        });
    (statements, 0..4, any::<bool>())
        .prop_map(|(statements, wrapped, ends)| {
            let semicolon = if ends { ";" } else { "" };
            if wrapped == 0 {
                format!("BEGIN;{statements};COMMIT{semicolon}")
            } else {
                format!("{statements}{semicolon}")
            }
        })
        .boxed()
}
