//! The report without a database.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::fs;

use analysis::plan::{Pending, report_on_text};
use analysis::rules::ALL;
use report::{Report, ScriptClass, Source, Verdict};

mod real_histories;

/// Rules that judge what only a database tells: rows, values, sessions, privileges, or what exists.
const OF_THE_DATABASE: &[&str] = &["does-nothing", "replica-identity", "row-security"];

fn pending(scripts: &[&str]) -> Vec<Pending> {
    let one = |(number, sql): (usize, &&str)| {
        let is_alone = ["CONCURRENTLY", "VACUUM", "REINDEX SCHEMA"].iter().any(|it| sql.contains(it));
        Pending {
            name: format!("{}_example", number + 1),
            class: if is_alone { ScriptClass::Standalone } else { ScriptClass::Transactional },
            sql: format!("{sql};\n"),
        }
    };
    scripts.iter().enumerate().map(one).collect()
}

fn report(earlier: &[&str], scripts: &[&str]) -> Report {
    report_on_text(pending(earlier), pending(scripts), String::new(), &[]).unwrap()
}

fn verdict(earlier: &[&str], script: &str) -> Verdict {
    report(earlier, &[script]).verdict
}

#[test]
fn what_an_earlier_script_makes_exists_and_its_size_is_unknown() {
    let make = "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(20))";
    let index = "CREATE INDEX i ON t (name)";
    assert_eq!(verdict(&[make], index), Verdict::Danger);
    assert_eq!(verdict(&[], &format!("{make}; {index}")), Verdict::Safe);
    assert_eq!(verdict(&[], index), Verdict::Danger, "a table that no script makes exists too");
    let both = report(&[], &[make, index]);
    assert_eq!(both.migrations[1].verdict, Verdict::Danger, "the first may have been applied long before the second");
    assert_eq!(verdict(&[make], "CREATE INDEX CONCURRENTLY i ON t (name)"), Verdict::Safe);
    assert!(both.live.is_none() && both.already_applied == 0);
}

#[test]
fn what_the_text_tells_of_columns_and_functions_counts() {
    let make = "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(20))";
    for (script, expected) in [
        ("ALTER TABLE t ALTER COLUMN name TYPE varchar(40)", Verdict::Safe),
        ("ALTER TABLE t ADD COLUMN at timestamptz NOT NULL DEFAULT now()", Verdict::Safe),
        ("ALTER TABLE t ADD COLUMN at timestamptz NOT NULL DEFAULT clock_timestamp()", Verdict::Danger),
        ("ALTER TABLE t ADD COLUMN key uuid DEFAULT gen_random_uuid()", Verdict::Danger),
        ("ALTER TABLE t ADD COLUMN note text", Verdict::Safe),
        ("ALTER TABLE t ALTER COLUMN name TYPE integer USING name::integer", Verdict::Danger),
        ("DROP TABLE t", Verdict::Danger),
    ] {
        let report = report(&[make], &[script]);
        let is_so =
            if expected == Verdict::Safe { report.verdict < Verdict::Danger } else { report.verdict == expected };
        assert!(is_so, "{script}: {:?}, {}", report.verdict, report.why);
    }
}

#[test]
fn no_failure_is_foretold() {
    for script in ["ALTER TABLE nowhere ADD COLUMN a int", "SELECT no_such_function(1)", "DROP TYPE no_such_type"] {
        let report = report(&[], &[script]);
        let findings = report.migrations[0].statements[0].findings.iter();
        assert!(findings.clone().all(|finding| finding.rule != "fails"), "{script}: {findings:?}");
    }
}

#[test]
fn a_script_that_cannot_be_read_hides_nothing_in_the_next() {
    let report = report(
        &["CREATE TABLE t (id int)"],
        &["CREATE TABLE (", "CREATE TABLE u (id int)", "CREATE INDEX i ON t (id)"],
    );
    let verdicts: Vec<_> = report.migrations.iter().map(|migration| migration.verdict).collect();
    assert_eq!(verdicts, [Verdict::Danger, Verdict::Safe, Verdict::Danger], "{}", report.why);
}

#[test]
fn a_rule_finds_its_bad_example_in_the_text_too() {
    let mut missed = Vec::new();
    for rule in ALL.iter().filter(|rule| !OF_THE_DATABASE.contains(&rule.name)) {
        let setup: Vec<_> = rule.setup.split("\n\n").filter(|script| !script.is_empty()).collect();
        let bad: Vec<_> = rule.bad.split("\n\n").collect();
        let report = report(&setup, &bad);
        let mut findings = report.migrations.iter().flat_map(|it| &it.statements).flat_map(|it| &it.findings);
        if !findings.any(|finding| finding.source == Source::Lockstep && finding.rule == rule.name) {
            missed.push(rule.name);
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}

#[test]
fn real_histories_are_reported_on_whole() {
    let Some(corpora) = real_histories::directory() else { return };
    let scripts: Vec<_> =
        real_histories::scripts(&corpora).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let scripts: Vec<_> = scripts.iter().map(String::as_str).collect();
    let report = report(&[], &scripts);
    assert_eq!(report.migrations.len(), scripts.len());
}
