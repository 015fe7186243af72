//! Real histories from the directory that `CORPORA` names: `prisma/<history>/` and `sqlx/<history>/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use analysis::squawk::{ALL, GAVE_UP, mapping};
use squawk_linter::Linter;
use squawk_syntax::SourceFile;

use crate::{VERSION, lint, real_histories};

/// Prints how often each rule, ours and squawk's, has a finding: the figures for a review of the mapping.
#[test]
fn real_scripts_are_linted() {
    let Some(corpora) = real_histories::directory() else { return };
    let (mut files, mut statements) = (0, 0);
    // By rule: the findings, and the statements and scripts that have one.
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let mut worst = BTreeMap::new();
    for path in real_histories::scripts(&corpora) {
        let sql = fs::read_to_string(&path).unwrap();
        let in_transaction = !sql.contains("CONCURRENTLY");
        let linted = lint(&sql, VERSION, in_transaction);
        assert!(linted.findings.iter().all(|(_, finding)| finding.rule != GAVE_UP), "{}", path.display());
        assert!(linted.findings.iter().all(|(at, _)| sql.is_char_boundary(*at)), "{}", path.display());

        let parse = SourceFile::parse(&sql);
        let starts: Vec<usize> = parse.syntax_node().children().map(|node| node.text_range().start().into()).collect();
        (files, statements) = (files + 1, statements + starts.len());
        let verdict = linted.findings.iter().map(|(_, finding)| finding.verdict).max();
        *worst.entry(verdict.map_or("nothing", report::Verdict::name)).or_insert(0) += 1;

        let mut linter = Linter::from(ALL.iter().copied());
        linter.settings.pg_version = "18.4".parse().unwrap();
        linter.settings.assume_in_transaction = in_transaction;
        let own = linter.lint(&parse, &sql).into_iter().filter(|violation| mapping(violation.code).verdict.is_none());
        let own = own.map(|violation| (usize::from(violation.text_range.start()), format!("({})", violation.code)));
        let ours =
            linted.findings.iter().map(|(at, finding)| (*at, format!("{} {}", finding.rule, finding.verdict.name())));
        let mut places: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (at, rule) in ours.chain(own) {
            counts.entry(rule.clone()).or_default()[0] += 1;
            places.entry(rule).or_default().insert(starts.partition_point(|start| *start <= at));
        }
        for (rule, places) in places {
            let count = counts.entry(rule).or_default();
            count[1] += places.len();
            count[2] += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(rule, count)| (rule.starts_with('('), std::cmp::Reverse(count[1])));
    eprintln!("{files} scripts of {statements} statements; the worst finding of a script: {worst:?}");
    eprintln!("In brackets: squawk's own, of rules that are not used.");
    for (rule, [findings, in_statements, in_scripts]) in counts {
        let share = |part: usize, of: usize| part * 1_000 / of.max(1);
        let (of_statements, of_scripts) = (share(in_statements, statements), share(in_scripts, files));
        eprintln!(
            "{rule:<60} {findings:>5} findings, {of_statements:>4} ‰ of statements, {of_scripts:>4} ‰ of scripts"
        );
    }
    assert!(files > 0 && statements > files);
}
