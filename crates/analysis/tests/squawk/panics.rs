//! Scripts that squawk panics on.

use analysis::squawk::GAVE_UP;

use crate::{VERSION, lint};

#[test]
fn a_panic_is_a_finding_and_disturbs_no_other_thread() {
    for sql in [
        // After commas in a row, squawk loses its position, here to within a character.
        "-- squawk-ignore ,,,éé,x\nDROP TABLE t;",
        // A syntax error. The server is the judge of syntax.
        "DROP TABLE t; CREATE VIEW v AS SELECT 1 ( a;",
    ] {
        let linted = lint(sql, VERSION, true);
        let rules: Vec<_> = linted.findings.iter().map(|(at, finding)| (*at, finding.rule.as_str())).collect();
        assert_eq!((rules.as_slice(), linted.suppressed.len()), ([(0, GAVE_UP)].as_slice(), 0), "{sql}");
    }
}
