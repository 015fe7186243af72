//! Checks what the Markdown says, that no text breaks out of its place, and that the length is bounded.

use proptest::prelude::*;

use super::markdown;
use crate::arbitrary;
use crate::sample::{self, ATTACKS, overwritten};

/// GitHub's limit for a job summary.
const SUMMARY: usize = 1024 * 1024;

/// Returns the lines outside of fences, and the number of fences.
fn outside(text: &str) -> (Vec<&str>, usize) {
    let (mut lines, mut fences, mut fence) = (Vec::new(), 0, None);
    for line in text.lines() {
        match fence {
            None if line.starts_with("```") => {
                fence = Some(line.trim_end_matches("sql"));
                fences += 1;
            }
            None => lines.push(line),
            Some(end) if line == end => fence = None,
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "a fence is left open");
    (lines, fences)
}

/// Returns the beginning of a line, as Markdown reads it, and its cells.
fn form(line: &str) -> (String, usize) {
    let begins = line.char_indices().take_while(|(_, c)| !c.is_alphabetic() && !matches!(c, '`' | '<')).count();
    (line.chars().take(begins).collect(), line.matches(" | ").count())
}

/// Whether a line has only plain words, our own emphasis, and closed code spans.
fn is_inert(line: &str) -> bool {
    let mut rest = line.replace("| --- | ---: | ---: | ---: | ---: | ---: | --- |", "").replace("| --- | --- |", "");
    while let Some(from) = rest.find("<code>") {
        let Some(length) = rest[from..].find("</code>") else { return false };
        let inside = &rest[from + 6..from + length];
        if inside.contains(|c: char| !(c.is_alphanumeric() || matches!(c, '&' | '#' | ';' | ' '))) {
            return false;
        }
        rest.replace_range(from..from + length + 7, "");
    }
    let mut plain = String::new();
    for (at, part) in rest.split('`').enumerate() {
        if at % 2 == 0 {
            plain.push_str(part);
        } else if part.contains(['|', '\\', '$', '<', '>', '&']) {
            return false;
        }
    }
    let plain = plain.trim_start_matches(['#', ' ']).replace("**", "");
    rest.matches('`').count().is_multiple_of(2)
        && !plain.contains(['<', '>', '&', '[', ']', '*', '_', '~', '@', '#', '$', '\\', '`'])
}

#[test]
fn the_summary_says_what_matters_first() {
    let text = markdown(&sample::small(), SUMMARY);
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is missing in\n{text}"));
    let order = [
        "# ✗ **danger**: `shop` on `prod`",
        "**Why:** `20260302101500_order_numbers` rewrites `public.orders` (41 GiB)",
        "**Plan:** 4 migrations pending, 12 applied already; 8 statements: 1 danger, 2 caution, 5 safe.",
        "2 comments hide 4 findings of squawk's",
        "Reading this approves nothing",
        "## Look at first",
        "1. ✗ **danger**: `ALTER TABLE orders: ALTER COLUMN number TYPE bigint` (`20260302101500_order_numbers`, line 3).",
        "**Readers and writers wait for minutes**: 41 GiB to rewrite at 50 to 500 MiB",
        "## Notes",
        "### 1. ✗ **danger**: `20260302101500_order_numbers`",
        "  - **Locks** `public.orders`: ACCESS EXCLUSIVE, readers and writers wait; rewrites the table;",
        "Lockstep `rewrites-large-table`:",
        "**Safer than line 3:**",
        "Migration 1 of 4:\n\n```sql\nALTER TABLE orders ADD COLUMN number_wide bigint;\n```",
        "Migration 4 of 4:\n\n```sql\nALTER TABLE orders RENAME COLUMN number TO number_narrow;",
        "- In line 6, hides 1 finding: `adding-required-field`",
        "### 4. ✓ **safe**: `20260305083000_order_notes`",
        "| `public.orders` | 183 million | 41 GiB | 18 GiB | 9.4 billion | 214 million | `2026-01-14 22:00:01 UTC` |",
        "  - Held now by process 4711 (`nightly-export`): ACCESS SHARE, for 2 h 5 min",
        "- PostgreSQL `18.4`",
    ];
    assert!(order.map(at).is_sorted(), "{:?}\n{text}", order.map(at));
}

#[test]
fn an_attack_changes_nothing_of_the_form() {
    let plain = markdown(&overwritten(&sample::small(), &mut |_| "x".to_owned()), SUMMARY);
    let (plain, fences) = outside(&plain);
    for attack in ATTACKS {
        let text = markdown(&overwritten(&sample::small(), &mut |_| (*attack).to_owned()), SUMMARY);
        let (lines, attacked) = outside(&text);
        assert_eq!(lines.len(), plain.len(), "{attack}\n{text}");
        for (line, plain) in lines.iter().zip(&plain) {
            assert_eq!(form(line), form(plain), "{attack}");
        }
        assert_eq!(fences, attacked);
    }
}

#[test]
fn the_least_dangerous_parts_are_left_out() {
    let report = sample::huge(400);
    let whole = markdown(&report, usize::MAX);
    let mut safe = usize::MAX;
    for limit in [whole.len(), whole.len() / 2, 100_000, 40_000, 10_000] {
        let text = markdown(&report, limit);
        assert!(text.len() <= limit);
        let count = |what: &str| text.matches(what).count();
        // Safe statements are left out before dangerous ones.
        assert!(count("✓ **safe**") <= safe);
        safe = count("✓ **safe**");
        if limit >= 100_000 {
            let is_heading = |line: &&str| line.starts_with("### ") && line.contains(". ✗ **danger**: `");
            assert_eq!(text.lines().filter(is_heading).count(), 8, "{limit}");
        }
        if limit < whole.len() {
            assert_eq!(count("Left out here, for its size"), 1);
        }
    }
    assert_eq!(safe, 0);
}

#[test]
fn a_thousand_migrations_fit_a_job_summary() {
    let text = markdown(&sample::huge(1000), SUMMARY);
    eprintln!("1,000 migrations are {} KiB of Markdown", text.len() / 1024);
    assert!(text.len() <= SUMMARY);
    assert_eq!(text.matches("### ").count(), 1000);
}

/// An invisible character in any text is shown by its number, wherever the text is.
#[test]
fn what_cannot_be_seen_is_shown() {
    for unseen in arbitrary::UNSEEN {
        let report = overwritten(&sample::small(), &mut |_| format!("a{unseen}b"));
        let text = markdown(&report, SUMMARY);
        assert!(!text.contains(*unseen), "U+{:04X}", u32::from(*unseen));
        let shown = format!("‹U+{:04X}›", u32::from(*unseen));
        assert!(text.matches(&shown).count() > 50, "{shown}: {text}");
    }
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn whatever_is_in_a_report_its_lines_are_inert(report in arbitrary::report()) {
        let text = markdown(&report, SUMMARY);
        for line in outside(&text).0 {
            prop_assert!(is_inert(line), "{line}");
        }
        let odd = |c: char| c != '\n' && c != '\t' && (c.is_control() || crate::visible::is_invisible(c));
        prop_assert!(!text.contains(odd) && !text.contains(arbitrary::UNSEEN));
    }

    #[test]
    fn no_limit_is_exceeded(report in arbitrary::report(), limit in 0..40_000_usize) {
        let text = markdown(&report, limit);
        prop_assert!(text.len() <= limit);
    }
}
