//! Measures how long squawk takes. The times are printed, not asserted: machines differ.

use std::time::Instant;

use crate::{VERSION, lint};

fn timed(what: &str, scripts: &[String]) {
    let start = Instant::now();
    let findings: usize = scripts.iter().map(|sql| lint(sql, VERSION, true).findings.len()).sum();
    let bytes: usize = scripts.iter().map(String::len).sum();
    eprintln!("{what}: {bytes} bytes, {findings} findings in {} ms", start.elapsed().as_millis());
}

#[test]
fn a_thousand_scripts_and_some_long_ones() {
    let typical = "-- squawk-ignore ban-drop-column
ALTER TABLE \"Order\" DROP COLUMN \"total\", ADD COLUMN \"amount\" bigint NOT NULL DEFAULT 0;
CREATE TABLE \"Line\" (\"id\" bigint PRIMARY KEY, \"order\" bigint NOT NULL REFERENCES \"Order\" (\"id\"), \"a\" text);
CREATE INDEX \"Line_order_idx\" ON \"Line\" (\"order\");
ALTER TABLE \"Customer\" ALTER COLUMN \"name\" SET NOT NULL;
UPDATE \"Customer\" SET \"name\" = 'é' WHERE \"id\" IN (SELECT 1);
";
    timed("1,000 typical scripts", &vec![typical.to_owned(); 1_000]);
    for factor in [100, 200, 400] {
        timed(&format!("one script of {factor} times that"), &[typical.repeat(factor)]);
        timed(
            &format!("the same in one line, {factor}"),
            &[typical.replace("-- squawk-ignore ban-drop-column", "").replace('\n', " ").repeat(factor)],
        );
        timed(&format!("{factor} comments"), &["-- squawk-ignore ban-drop-table\nDROP TABLE t;\n".repeat(factor)]);
        timed(&format!("a chain of {factor}"), &[format!("UPDATE t SET a = 1{};", " + 1".repeat(factor))]);
    }
}

/// The deepest script that the engine accepts.
#[test]
fn a_deep_script_is_linted_in_full() {
    for sql in [
        format!("ALTER TABLE t DROP COLUMN a; SELECT {}1{};", "(".repeat(490), ")".repeat(490)),
        format!("ALTER TABLE t DROP COLUMN a; SELECT {}true;", "NOT ".repeat(9_900)),
        format!("ALTER TABLE t DROP COLUMN a; SELECT 1{};", " + 1".repeat(4_900)),
    ] {
        assert_eq!(lint(&sql, VERSION, true).findings.len(), 1, "{sql:.60}");
    }
}
