//! The report without a database.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

use std::fs;

use analysis::plan::report_on_text;
use analysis::rules::ALL;
use engine::history::Migration;
use proptest::prelude::*;
use proptest::sample::select;
use report::{Report, Source, Verdict};

mod real_histories;

/// Rules that judge what only a database tells: rows, values, sessions, privileges, or what exists.
const OF_THE_DATABASE: &[&str] = &["does-nothing", "replica-identity", "row-security"];

fn migrations(scripts: &[&str]) -> Vec<Migration> {
    let one = |(number, sql): (usize, &&str)| Migration::prisma(format!("{}_example", number + 1), format!("{sql};\n"));
    scripts.iter().enumerate().map(one).collect()
}

fn report(earlier: &[&str], scripts: &[&str]) -> Report {
    let (earlier, scripts) = (migrations(earlier), migrations(scripts));
    let (earlier, scripts): (Vec<_>, Vec<_>) = (earlier.iter().collect(), scripts.iter().collect());
    report_on_text(&earlier, &scripts, String::new(), &[]).unwrap()
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
fn a_key_and_a_wider_type_in_the_text_count_and_a_materialized_view_has_no_writers() {
    let make = "CREATE TABLE t (id bigint PRIMARY KEY, a int, code text, name varchar(10), UNIQUE (code))";
    for script in [
        "UPDATE t SET a = 1 WHERE id = 1",
        "DELETE FROM t WHERE code = 'x'",
        "ALTER TABLE t ALTER COLUMN name TYPE varchar(20)",
        "ALTER TABLE t ALTER COLUMN code TYPE text",
    ] {
        let report = report(&[make], &[script]);
        assert_eq!(report.verdict, Verdict::Safe, "{script}: {}", report.why);
    }
    for script in ["UPDATE t SET a = 1 WHERE a = 1", "ALTER TABLE t ALTER COLUMN name TYPE varchar(5)"] {
        assert_eq!(verdict(&[make], script), Verdict::Danger, "{script}");
    }
    assert_eq!(
        verdict(&[make], "ALTER TABLE t ALTER COLUMN name TYPE text"),
        Verdict::Caution,
        "code gets another type"
    );
    let refresh = "REFRESH MATERIALIZED VIEW CONCURRENTLY mv";
    for earlier in [&[][..], &["CREATE MATERIALIZED VIEW mv AS SELECT * FROM u"]] {
        let report = report(earlier, &[refresh]);
        assert!(report.verdict == Verdict::Safe && !report.why.contains("Writers"), "{}", report.why);
    }
}

#[test]
fn what_acts_by_itself_from_now_on_and_the_systems_own_tables_are_not_safe() {
    for (script, expected) in [
        ("CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING", Verdict::Caution),
        ("CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", Verdict::Caution),
        (
            "CREATE TABLE n (id int); CREATE TRIGGER g AFTER INSERT ON n FOR EACH ROW EXECUTE FUNCTION f()",
            Verdict::Safe,
        ),
        ("UPDATE pg_class SET relhasindex = true WHERE oid = 1", Verdict::Danger),
        ("INSERT INTO pg_catalog.pg_enum VALUES (1)", Verdict::Danger),
        ("WITH gone AS (DELETE FROM pg_attribute RETURNING 1) SELECT 1", Verdict::Danger),
        ("UPDATE pg_settings SET setting = '1s' WHERE name = 'statement_timeout'", Verdict::Safe),
    ] {
        let report = report(&[], &[script]);
        assert_eq!(report.verdict, expected, "{script}: {}", report.why);
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
fn what_the_script_drops_and_makes_again_is_new_to_it() {
    let again =
        report(&[], &["DROP TABLE IF EXISTS t; CREATE TABLE t (id int REFERENCES t); CREATE INDEX i ON t (id)"]);
    let verdicts: Vec<_> = again.migrations[0].statements.iter().map(|statement| statement.verdict).collect();
    assert_eq!(verdicts, [Verdict::Danger, Verdict::Safe, Verdict::Safe], "{}", again.why);
    let gone = report(&["CREATE TABLE t (id int)", "DROP TABLE t"], &["DROP TABLE IF EXISTS t"]);
    assert_eq!(gone.migrations[0].statements[0].effects, [], "{}", gone.why);
    for of_system in
        ["SELECT * FROM pg_class", "SELECT * FROM information_schema.tables", "WITH t AS (SELECT 1) TABLE t"]
    {
        let statement = &report(&[], &[of_system]).migrations[0].statements[0];
        assert_eq!(statement.effects, [], "{of_system}");
    }
}

#[test]
fn an_earlier_script_that_would_be_refused_has_made_its_tables() {
    let script = "ALTER TABLE t ALTER COLUMN name TYPE varchar(40)";
    for earlier in [
        "\u{feff}CREATE TABLE t (name varchar(20))",
        "\\restrict key\nCREATE TABLE t (name varchar(20));\n\\unrestrict key",
        "CREATE TABLE t (name varchar(20));\nCOPY t (name) FROM stdin;\nit's\n\\.\nSELECT 1",
        "CREATE TABLE t (name varchar(20)); CREATE INDEX CONCURRENTLY a ON u (b); CREATE INDEX CONCURRENTLY c ON u (d)",
    ] {
        let report = report(&[earlier], &[script]);
        assert!(report.migrations[0].verdict < Verdict::Danger, "{earlier}: {}", report.migrations[0].why);
        let is_said = |note: &report::Note| note.text.starts_with("Lockstep would refuse 1_example, ");
        assert!(report.notes.iter().any(is_said), "{earlier}: {:?}", report.notes);
    }
}

#[test]
fn a_refused_script_is_dangerous_at_its_line_and_hides_nothing() {
    let deep = format!("SELECT {}1{}", "(".repeat(50_000), ")".repeat(50_000));
    for (refused, at) in [
        ("SELECT 1;\nROLLBACK", Some(2)),
        ("\u{feff}SELECT 1", Some(1)),
        ("SELECT 1;\n\\restrict key\nSELECT 2", None),
        ("SELECT 1;\n\nCREATE INDEX CONCURRENTLY a ON u (b); SELECT 2", Some(3)),
        (deep.as_str(), None),
    ] {
        let report = report(&["CREATE TABLE t (id int)"], &[refused, "CREATE INDEX i ON t (id)"]);
        let [first, second] = &report.migrations[..] else { panic!("{}", report.migrations.len()) };
        assert_eq!((first.verdict, second.verdict), (Verdict::Danger, Verdict::Danger), "{refused:.60}");
        assert!(first.why.starts_with("Lockstep refuses the script: line "), "{}", first.why);
        let found =
            first.statements.iter().filter(|statement| statement.why.starts_with("Lockstep refuses the script: "));
        let lines: Vec<_> = found.map(|statement| statement.findings[0].line).collect();
        assert_eq!(lines, at.into_iter().collect::<Vec<_>>(), "{refused:.60}");
    }
}

/// Statements on the relations that [`MADE`] makes: tables `t`, `u` and `w`, views `v` and `mv`, an index `i`, a sequence
/// `s`.
const FORMS: &str = include_str!("text_alone/forms.sql");

/// Scripts that leave open which columns the relations have.
const MADE: [&str; 7] = [
    "CREATE TABLE t AS SELECT * FROM elsewhere",
    "CREATE TABLE u AS SELECT * FROM elsewhere",
    "CREATE TABLE w AS SELECT * FROM elsewhere",
    "CREATE VIEW v AS SELECT * FROM t",
    "CREATE MATERIALIZED VIEW mv AS SELECT * FROM t",
    "CREATE INDEX i ON t (lower(a))",
    "CREATE SEQUENCE s",
];

/// Returns the forms, and the rules' bad examples.
fn statements() -> Vec<&'static str> {
    let bad = ALL.iter().filter(|rule| !OF_THE_DATABASE.contains(&rule.name)).map(|rule| rule.bad);
    FORMS.lines().filter(|line| !line.starts_with("--") && !line.is_empty()).chain(bad).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn an_unknown_relation_is_never_judged_more_mildly(script in prop::collection::vec(select(statements()), 1..4)) {
        let script = script.join(";\n");
        let big = "CREATE TABLE big AS SELECT * FROM elsewhere";
        let made: Vec<_> = MADE.into_iter().chain([big]).collect();
        let (unknown, known) = (report(&[], &[&script]), report(&made, &[&script]));
        prop_assert!(unknown.verdict >= known.verdict, "{script}: {} / {}", unknown.why, known.why);
        let each = unknown.migrations[0].statements.iter().zip(&known.migrations[0].statements);
        for (unknown, known) in each {
            prop_assert!(unknown.verdict >= known.verdict, "{script}: {}: {} / {}", known.what, unknown.why, known.why);
        }
    }
}

#[test]
fn each_form_alone_is_never_judged_more_mildly() {
    for form in statements() {
        let (unknown, known) = (report(&[], &[form]), report(&MADE, &[form]));
        assert!(unknown.verdict >= known.verdict, "{form}: {} / {}", unknown.why, known.why);
        let names_nothing = |report: &Report| report.migrations[0].statements.iter().any(|it| it.effects.is_empty());
        assert_eq!(names_nothing(&unknown), names_nothing(&known), "{form}: {} / {}", unknown.why, known.why);
    }
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
