//! Tests how each rule is used.

use std::collections::HashSet;

use analysis::squawk::{ALL, mapping};
use report::Source;
use squawk_linter::{Linter, Rule};
use squawk_syntax::SourceFile;

use crate::examples::example;
use crate::{VERSION, lint};

/// Returns the findings of a squawk that knows only `rule`.
fn squawk_alone(rule: Rule, sql: &str) -> HashSet<Rule> {
    let mut linter = Linter::from([rule]);
    // The version from which PostgreSQL has REPACK.
    linter.settings.pg_version = "19".parse().unwrap();
    linter.settings.assume_in_transaction = true;
    linter.lint(&SourceFile::parse(sql), sql).into_iter().map(|violation| violation.code).collect()
}

#[test]
fn every_rule_is_there_once() {
    let all: HashSet<Rule> = ALL.iter().copied().collect();
    assert_eq!(all.len(), ALL.len());
    let default = Linter::with_default_rules().rules;
    assert!(default.len() > 40 && default.iter().all(|rule| all.contains(rule)));
    for rule in ALL {
        // A comment cannot name this rule.
        let named = Some(*rule).filter(|rule| *rule != Rule::UnusedIgnore);
        assert_eq!(Rule::try_from(rule.to_string().as_str()).ok(), named, "{rule}");
        let reason = mapping(*rule).reason;
        assert!(reason.len() > 10 && !reason.ends_with('.') && !reason.contains('|'), "{rule}");
    }
}

#[test]
fn a_used_rule_reports_its_example_with_its_verdict() {
    for rule in ALL {
        let Some(verdict) = mapping(*rule).verdict else { continue };
        let sql = example(*rule);
        let linted = lint(sql, VERSION, true);
        let own: Vec<_> = linted.findings.iter().filter(|(_, finding)| finding.rule == rule.to_string()).collect();
        assert!(!own.is_empty(), "{rule}: {linted:?}");
        for (at, finding) in own {
            assert_eq!((finding.source, finding.verdict, finding.line), (Source::Squawk, verdict, 2), "{rule}");
            assert!((1..sql.len()).contains(at), "{rule}: {at}");
            assert!(!finding.text.is_empty() && !finding.text.contains('\n'), "{rule}: {finding:?}");
        }
    }
}

#[test]
fn a_rule_that_is_not_used_reports_nothing() {
    for rule in ALL.iter().filter(|rule| mapping(**rule).verdict.is_none()) {
        let sql = example(*rule);
        let reported = squawk_alone(*rule, sql);
        // An alias reports under the names that it stands for.
        assert!(reported.contains(rule) || rule.expands_to().iter().any(|rule| reported.contains(rule)), "{rule}");
        for in_transaction in [true, false] {
            let findings = lint(sql, 190_000, in_transaction).findings;
            assert!(findings.iter().all(|(_, finding)| finding.rule != rule.to_string()), "{rule}: {findings:?}");
        }
    }
}

#[test]
fn harmless_statements_have_no_finding() {
    for sql in [
        "CREATE TABLE t (id serial PRIMARY KEY, a varchar(3) NOT NULL, b timestamp);",
        "CREATE INDEX i ON t (a);",
        "ALTER TABLE t ADD COLUMN a boolean NOT NULL DEFAULT false;",
        "ALTER TABLE t ADD COLUMN a bigint UNIQUE REFERENCES u (a), ADD COLUMN b text DEFAULT '';",
        "ALTER TYPE e ADD VALUE 'v';",
        "INSERT INTO t VALUES (1); UPDATE t SET a = 2; DELETE FROM t;",
        "CREATE TABLE t (a bigint); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0); CREATE UNIQUE INDEX i ON t (a);",
        "",
    ] {
        assert_eq!(lint(sql, VERSION, true).findings, [], "{sql}");
    }
}

/// A new restriction on an existing column is reported, even beside a new column.
#[test]
fn what_restricts_a_column_that_was_there_is_reported() {
    let sql = "ALTER TABLE t ADD COLUMN a bigint NOT NULL DEFAULT 1, ALTER COLUMN b SET NOT NULL;";
    let findings = lint(sql, VERSION, true).findings;
    let found: Vec<_> = findings.iter().map(|(at, finding)| (&sql[*at..*at + 3], finding.rule.as_str())).collect();
    assert_eq!(found, [("SET", "ban-new-write-restriction")]);
}

/// No comment about transactions can take a finding away.
#[test]
fn no_used_rule_depends_on_the_transaction() {
    for rule in ALL.iter().filter(|rule| mapping(**rule).verdict.is_some()) {
        let sql = format!("CREATE TABLE u (a bigint);{}", example(*rule));
        let denied = format!("{sql}\n-- squawk-disable-assume-in-transaction");
        let linted = lint(&sql, VERSION, true);
        assert_eq!(linted, lint(&sql, VERSION, false), "{rule}");
        assert_eq!(linted, lint(&denied, VERSION, true), "{rule}");
    }
}

#[test]
fn no_text_holds_a_value() {
    let secret = "s3cr3t";
    for sql in [
        format!("UPDATE t SET a = '{secret}', a = '{secret}';"),
        format!("SELECT '{secret}' AS {secret}, 1 AS {secret} INTO t;"),
        format!("INSERT INTO t (a) VALUES (\"{secret}{}\");", "x".repeat(70)),
        format!("ALTER TYPE e RENAME VALUE '{secret}' TO 'b';"),
        format!("ALTER ROLE r PASSWORD '{secret}';"),
        format!("ALTER TABLE t DROP COLUMN {secret}, DROP CONSTRAINT {secret}, ALTER a DROP DEFAULT;"),
        format!("ALTER TABLE t ADD CONSTRAINT c CHECK (a <> '{secret}');"),
        format!("ALTER TABLE t ALTER COLUMN a TYPE text USING '{secret}';"),
        format!("CREATE OR REPLACE FUNCTION f() RETURNS text LANGUAGE sql AS $$SELECT '{secret}'$$;"),
    ] {
        let findings = lint(&sql, VERSION, true).findings;
        assert!(!findings.is_empty(), "{sql}");
        assert!(!format!("{findings:?}").contains(secret), "{findings:?}");
    }
}
