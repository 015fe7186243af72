//! Expressions in which strings, numbers, operators and comments touch.

use proptest::prelude::*;
use proptest::sample::select;

use crate::strings::{gap, name, other_string, string};

const NUMBERS: &[&str] = &["1", "1.5", ".5", "1.", "1e5", "1.5E-3", "0x1f", "0x1e", "0b1", "0o7", "1_000", "10"];

const OPERATORS: &[&str] = &["+", "-", "*", "/", "||", "=", "<", "<>", "@>", "<->", "#", "~", "!~~", "@-"];

/// Generates an operator, perhaps with a comment that touches it.
fn operator() -> BoxedStrategy<String> {
    let comment = prop_oneof![2 => Just(""), 1 => Just("--c;\n"), 1 => Just("/*;*/")];
    let touching = |(operator, comment): (&str, &str)| {
        // Of three hyphens in a row, the first two begin a comment.
        let blank = if operator.ends_with('-') && comment.starts_with('-') { " " } else { "" };
        format!("{operator}{blank}{comment}")
    };
    (select(OPERATORS), comment).prop_map(touching).boxed()
}

/// Generates an expression.
pub(crate) fn expression() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        3 => string(),
        1 => other_string(),
        1 => select(NUMBERS).prop_map(str::to_owned),
        1 => name(),
    ];
    let larger = |inner: BoxedStrategy<String>| {
        let two = (inner.clone(), gap(), gap(), inner.clone());
        // In brackets, since a comparison of comparisons is a syntax error.
        let operation = (inner.clone(), gap(), operator(), gap(), inner.clone())
            .prop_map(|(left, before, operator, after, right)| format!("({left}{before}{operator}{after}{right})"));
        let case = two
            .clone()
            .prop_map(|(left, a, b, right)| format!("CASE{a}WHEN true{b}THEN {left}{a}ELSE{b}{right}{a}END"));
        prop_oneof![
            3 => operation,
            1 => case,
            1 => two.prop_map(|(left, a, b, right)| format!("coalesce({left}{a},{b}{right})")),
            1 => (inner.clone(), gap()).prop_map(|(inner, gap)| format!("({gap}{inner}{gap})")),
            1 => inner.prop_map(|inner| format!("({inner})::text")),
        ]
    };
    leaf.prop_recursive(3, 8, 2, larger).boxed()
}
