//! Runs squawk's linter on a script, and finds which findings the script's author has suppressed.
//!
//! squawk knows only the text. [`mapping`] says how much each of squawk's rules matters here, or why it is not used;
//! [`table`] returns the same for the documentation.

mod ignores;
mod rules;
mod texts;

use std::collections::HashMap;

use report::{Finding, Source, Suppression, Verdict};
use scan::Lines;
use squawk_linter::{Linter, Rule, Violation};
use squawk_syntax::{Parse, SourceFile, SyntaxKind, SyntaxNode};

pub use rules::{ALL, Mapping, mapping, table, used};

use crate::apart::deep;
use ignores::{Hidden, Ignores};

/// The rule of the finding that squawk gave up on a script.
pub const GAVE_UP: &str = "squawk-gave-up";

/// The maximum length of a finding's text and of its help, in characters. squawk's own texts are half as long.
const LONGEST_TEXT: usize = 500;

/// The result of squawk on a script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Linted {
    /// The findings, each with the byte at which it starts, in order.
    pub findings: Vec<(usize, Finding)>,
    /// The comments that hide findings, in order.
    pub suppressed: Vec<Suppression>,
}

/// Returns squawk's findings on the script `parse`: a file that the engine has accepted, unchanged, with its own BEGIN
/// and COMMIT.
///
/// `pg_version` is the server's version as a number: 180004 is 18.4. `in_transaction` says whether the script runs in a
/// transaction. squawk is told both. None of the rules in use asks about the transaction, so a comment which denies it
/// (`squawk-disable-assume-in-transaction`) hides no finding.
///
/// If squawk panics, the only finding says so.
pub fn lint(parse: &Parse<SourceFile>, pg_version: u32, in_transaction: bool) -> Linted {
    guarded(|| {
        let sql = &parse.syntax_node().text().to_string();
        let linter = || {
            let mut linter = Linter::from(used());
            // Only digits and a dot, so it can be parsed.
            let version = format!("{}.{}", pg_version / 10_000, pg_version % 10_000);
            linter.settings.pg_version = version.parse().unwrap_or_default();
            linter.settings.assume_in_transaction = in_transaction;
            linter
        };
        let shown = violations(linter(), parse, sql);
        let ignores = Ignores::find(&parse.syntax_node());
        let hidden = if ignores.is_empty() {
            Vec::new()
        } else {
            let disarmed = ignores.disarm(sql);
            minus(violations(linter(), &SourceFile::parse(&disarmed), &disarmed), &shown)
        };
        let (suppressed, faults) = ignores.account(sql, &hidden);
        let lines = Lines::of(sql);
        let mut findings: Vec<_> = shown.into_iter().filter_map(|violation| finding(&violation, &lines)).collect();
        findings.extend(faults);
        findings.sort_by_key(|(at, _)| *at);
        Linted { findings, suppressed }
    })
}

/// Runs `work` in a way that neither a deep script nor a panic can harm anything else.
fn guarded(work: impl FnOnce() -> Linted + Send) -> Linted {
    deep(work).unwrap_or_else(|_| {
        let finding = Finding {
            source: Source::Lockstep,
            rule: GAVE_UP.to_owned(),
            verdict: Verdict::Caution,
            line: 1,
            text: "squawk's linter failed on this script, and none of its rules was applied.".to_owned(),
            help: None,
        };
        Linted { findings: vec![(0, finding)], suppressed: Vec::new() }
    })
}

/// Returns squawk's violations, except those about comments: we report all of these ourselves.
fn violations(mut linter: Linter, parse: &Parse<SourceFile>, sql: &str) -> Vec<Violation> {
    let root = parse.syntax_node();
    let mut violations = linter.lint(parse, sql);
    violations.retain(|violation| violation.code != Rule::UnusedIgnore && !restricts_new_column(&root, violation));
    violations
}

/// Whether a violation says that a new column itself restricts what is written to it.
fn restricts_new_column(root: &SyntaxNode, violation: &Violation) -> bool {
    violation.code == Rule::BanNewWriteRestriction
        && root.covering_element(violation.text_range).ancestors().any(|node| node.kind() == SyntaxKind::ADD_COLUMN)
}

/// Returns the violations in `all` that are not in `shown`.
fn minus(all: Vec<Violation>, shown: &[Violation]) -> Vec<Hidden> {
    let mut left: HashMap<_, usize> = HashMap::new();
    for violation in shown {
        *left.entry((violation.code, violation.text_range)).or_default() += 1;
    }
    let is_hidden = |violation: &Violation| match left.get_mut(&(violation.code, violation.text_range)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    let mut hidden = all;
    hidden.retain(is_hidden);
    hidden.iter().map(|violation| (violation.code, violation.text_range.start().into())).collect()
}

fn finding(violation: &Violation, lines: &Lines) -> Option<(usize, Finding)> {
    let at = violation.text_range.start().into();
    let own = texts::text(violation.code);
    let finding = Finding {
        source: Source::Squawk,
        rule: violation.code.to_string(),
        verdict: mapping(violation.code).verdict?,
        line: lines.at(at),
        text: own.map_or_else(|| one_line(&violation.message, LONGEST_TEXT), |(text, _)| text.to_owned()),
        help: own.map(|(_, way)| way.to_owned()),
    };
    Some((at, finding))
}

/// Returns `text` in one line of at most `longest` characters.
fn one_line(text: &str, longest: usize) -> String {
    let text = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let text = text.collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_finding() {
        let linted = guarded(|| panic!("as squawk might"));
        assert_eq!(linted.findings.len(), 1);
        assert_eq!((linted.findings[0].0, linted.findings[0].1.rule.as_str()), (0, GAVE_UP));
        assert_eq!(guarded(Linted::default), Linted::default());
    }

    #[test]
    fn every_rule_that_is_used_says_what_happens_and_what_to_do() {
        for rule in used().filter(|rule| *rule != Rule::UnusedIgnore) {
            let (text, way) = texts::text(rule).unwrap_or_else(|| panic!("{rule} says nothing"));
            assert!(text.len() > 30 && way.len() > 15 && text != way, "{rule}");
            assert!(![text, way].iter().any(|it| it.ends_with('.')), "{rule}");
        }
    }

    #[test]
    fn a_text_is_short_and_in_one_line() {
        assert_eq!(one_line(" a\n b\t\u{7}c ", 10), "a b c");
        assert_eq!(one_line(&"é".repeat(20), 10), format!("{}…", "é".repeat(10)));
    }
}
