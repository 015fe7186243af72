//! Tests comments that hide findings.

use analysis::squawk::Linted;
use report::{Source, Suppression};

use crate::{VERSION, lint};

fn linted(sql: &str) -> Linted {
    lint(sql, VERSION, true)
}

fn suppression(line: usize, rules: &[&str], file: bool, hides: usize) -> Suppression {
    Suppression { line, rules: rules.iter().map(|rule| (*rule).to_owned()).collect(), file, hides }
}

/// Returns the findings' lines and rules.
fn found(linted: &Linted) -> Vec<(usize, &str)> {
    linted.findings.iter().map(|(_, finding)| (finding.line, finding.rule.as_str())).collect()
}

#[test]
fn a_line_comment_hides_what_starts_beside_it_or_below() {
    let sql = "-- squawk-ignore ban-drop-table, ban-drop-column -- no code reads them
DROP TABLE t;
DROP TABLE u; /* squawk-ignore ban-drop-table */
DROP TABLE v;
ALTER TABLE w
    -- squawk-ignore ban-drop-column
    DROP COLUMN a,
    DROP COLUMN b;";
    let linted = linted(sql);
    assert_eq!(
        linted.suppressed,
        [
            suppression(1, &["ban-drop-table", "ban-drop-column"], false, 1),
            suppression(3, &["ban-drop-table"], false, 2),
            suppression(6, &["ban-drop-column"], false, 1),
        ]
    );
    assert_eq!(found(&linted), [(1, "unused-ignore"), (8, "ban-drop-column")]);
    assert!(linted.findings[0].1.text.contains("`ban-drop-column`"), "{linted:?}");
    assert!(!linted.findings[0].1.text.contains("`ban-drop-table`"), "{linted:?}");
}

#[test]
fn a_file_comment_hides_a_rule_or_everything() {
    let sql = "DROP TABLE t;\nDROP TABLE u;\nDROP VIEW v;\n-- squawk-ignore-file ban-drop-table";
    assert_eq!(linted(sql).suppressed, [suppression(4, &["ban-drop-table"], true, 2)]);
    assert_eq!(found(&linted(sql)), [(3, "ban-drop-view")]);

    let sql = "/* squawk-ignore-file */ DROP TABLE t; DROP VIEW v;";
    assert_eq!(linted(sql).suppressed, [suppression(1, &[], true, 2)]);
    assert_eq!(found(&linted(sql)), []);
}

#[test]
fn each_comment_is_counted_alone() {
    let sql = "-- squawk-ignore-file ban-drop-table\n-- squawk-ignore ban-drop-table\nDROP TABLE t;";
    let hides: Vec<_> = linted(sql).suppressed.iter().map(|comment| comment.hides).collect();
    assert_eq!(hides, [1, 1]);
}

#[test]
fn a_comment_that_hides_nothing_is_a_finding() {
    for (sql, hidden) in [
        ("-- squawk-ignore ban-drop-table\n\nDROP TABLE t;", 0),
        ("-- squawk-ignore\nDROP TABLE t;", 0),
        ("-- squawk-ignore-file ,\nDROP TABLE t;", 0),
        ("-- squawk-ignore-file\nSELECT 1;", 0),
        ("/* squawk-ignore ban-drop-table */ /* squawk-ignore ban-drop-view */ DROP VIEW v;", 1),
    ] {
        let linted = linted(sql);
        let unused: Vec<_> = linted.findings.iter().filter(|(_, finding)| finding.rule == "unused-ignore").collect();
        assert_eq!(unused.len(), 1, "{sql}: {linted:?}");
        assert_eq!((unused[0].1.source, unused[0].1.line), (Source::Lockstep, 1), "{sql}");
        assert_eq!(linted.suppressed.iter().map(|comment| comment.hides).sum::<usize>(), hidden, "{sql}");
    }
}

/// squawk's own run may have findings of such a rule.
#[test]
fn a_rule_that_is_not_used_can_be_ignored() {
    let linted = linted("-- squawk-ignore prefer-robust-stmts, require-timeout-settings\nSELECT 1;");
    assert_eq!(linted.suppressed, [suppression(1, &["prefer-robust-stmts", "require-timeout-settings"], false, 0)]);
    assert_eq!(found(&linted), []);
}

#[test]
fn a_name_that_is_no_rule_is_always_a_finding() {
    let sql = "-- squawk-ignore-file
-- squawk-ignore ban-drop-colum, ban-drop-column
ALTER TABLE t DROP COLUMN a;";
    let linted = linted(sql);
    assert_eq!(found(&linted), [(2, "unused-ignore")]);
    assert_eq!(linted.findings[0].1.source, Source::Squawk);
    assert!(linted.findings[0].1.text.contains("`ban-drop-colum`"), "{linted:?}");
    assert_eq!(linted.suppressed[1].rules, ["ban-drop-colum", "ban-drop-column"]);
}

#[test]
fn a_name_that_is_no_rule_is_cut_to_a_line() {
    let sql = format!("/* squawk-ignore {}\n{} */ SELECT 1;", "a".repeat(50), "b".repeat(5_000));
    let linted = linted(&sql);
    let name = &linted.suppressed[0].rules[0];
    assert!(name.starts_with("aaa") && name.chars().count() < 70 && !name.contains('\n'), "{name}");
    assert!(
        linted.findings.len() == 1
            && linted.findings[0].1.text.len() < 200
            && !linted.findings[0].1.text.contains('\n')
    );
}

#[test]
fn a_comment_has_one_finding_for_all_such_names() {
    let linted = linted(&format!("-- squawk-ignore ban-drop-view{}\nDROP TABLE t;", ", a, b".repeat(5_000)));
    assert_eq!(found(&linted), [(1, "unused-ignore"), (1, "unused-ignore"), (2, "ban-drop-table")]);
    assert!(linted.findings.iter().all(|(_, finding)| finding.text.chars().count() <= 501), "{linted:.500?}");
}

#[test]
fn what_is_quoted_is_no_comment() {
    let sql = "SELECT '-- squawk-ignore-file'; DROP TABLE t; DO $$ BEGIN
        -- squawk-ignore ban-drop-table
        DROP TABLE u; END $$;";
    assert_eq!(linted(sql).suppressed, []);
    assert_eq!(found(&linted(sql)), [(1, "ban-drop-table")]);
}

/// Our count agrees with squawk: with one comment alone, as many findings are hidden as we count.
#[test]
fn the_count_is_what_squawk_hides() {
    let pieces = [
        "-- squawk-ignore ban-drop-table",
        "/* squawk-ignore ban-drop-view, ban-drop-table */",
        "/*\n squawk-ignore ban-drop-table\n*/",
        "-- squawk-ignore-file ban-drop-view",
        "-- squawk-ignore",
        "DROP TABLE t;",
        "DROP VIEW v; DROP TABLE u;",
        "ALTER TABLE é\n DROP COLUMN a /* squawk-ignore ban-drop-column */;",
    ];
    let breaks = ["\n", "\r\n", "\r", " "];
    // Three pieces in a row, with line ends of every kind between them: one third of all such scripts.
    let mut counted = 0;
    for number in (0..pieces.len().pow(3) * breaks.len()).step_by(3) {
        let end = breaks[number % breaks.len()];
        let chosen = (0..3).map(|at| pieces[number / breaks.len() / pieces.len().pow(at) % pieces.len()]);
        // Without a line break, a comment to the end of the line would not end.
        let texts: Vec<_> =
            chosen.map(|piece| (piece, if piece.starts_with("--") && end == " " { "\n" } else { end })).collect();
        let whole: String = texts.iter().flat_map(|(piece, end)| [*piece, *end]).collect();
        let all = linted(&whole);
        let is_comment = |piece: &str| piece.contains("squawk-ignore");
        let mut next = 0;
        for (index, (piece, _)) in texts.iter().enumerate() {
            if !is_comment(piece) {
                continue;
            }
            // The text with the other comments turned into ones that squawk does not know.
            let alone: String = texts
                .iter()
                .enumerate()
                .flat_map(|(other, (piece, end))| {
                    let piece = if other == index { (*piece).to_owned() } else { piece.replace("squawk-", "squawk_") };
                    [piece, (*end).to_owned()]
                })
                .collect();
            let none = alone.replace("squawk-", "squawk_");
            let dropped = |sql: &str| found(&linted(sql)).iter().filter(|(_, rule)| rule.starts_with("ban-")).count();
            let overridden = texts[index + 1..].iter().any(|(later, _)| is_comment(later)) && end == " ";
            if !overridden {
                assert_eq!(all.suppressed[next].hides, dropped(&none) - dropped(&alone), "{whole:?}, comment {next}");
                counted += 1;
            }
            next += 1;
        }
        assert_eq!(next, all.suppressed.len(), "{whole:?}");
    }
    assert!(counted > 700, "{counted}");
}
