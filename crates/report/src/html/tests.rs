//! Checks the page with a reader that knows only the page's own elements.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{STYLE, STYLE_SHA256, html};
use crate::Report;
use crate::arbitrary;
use crate::sample::{self, ATTACKS, overwritten};

/// The elements that a page may have. None of these runs, loads or sends anything.
const ELEMENTS: &str = "\
    a article body caption code dd details div dl dt footer h1 h2 h3 h4 h5 h6 head header html li main meta nav ol p \
    path pre rect section span strong style summary svg symbol table tbody td th thead time title tr ul use";

const ATTRIBUTES: &str = "\
    aria-hidden aria-label aria-labelledby charset class content d data-n datetime fill height href http-equiv id \
    lang name open preserveAspectRatio role scope tabindex viewBox width x y";

/// The beginning of an element, its end, or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Open(String, Vec<(String, String)>),
    Close(String),
    Text(String),
}

/// Reads a page strictly: anything unexpected is an error that says what it is.
fn read(page: &str) -> Result<Vec<Part>, String> {
    let mut rest = page.strip_prefix("<!doctype html>\n").ok_or("no document type")?;
    let (mut parts, mut open) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let (text, tag) = rest.split_once('<').unwrap_or((rest, ""));
        if text.contains('>') && open.last().is_none_or(|tag| tag != "style") {
            return Err(format!("a bare > in {text:?}"));
        }
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        if tag.is_empty() && text.len() == rest.len() {
            break;
        }
        let (inside, after) = tag.split_once('>').ok_or_else(|| format!("an open tag: {tag:?}"))?;
        rest = after;
        if let Some(name) = inside.strip_prefix('/') {
            if open.pop().as_deref() != Some(name) {
                return Err(format!("</{name}> closes something else"));
            }
            parts.push(Part::Close(name.to_owned()));
            continue;
        }
        let (name, mut values) = inside.split_once(' ').unwrap_or((inside, ""));
        if !ELEMENTS.split(' ').any(|known| known == name) {
            return Err(format!("<{name}>"));
        }
        let mut attributes = Vec::new();
        while !values.is_empty() {
            let (attribute, value) = values.split_once("=\"").ok_or_else(|| format!("attributes {values:?}"))?;
            let (value, after) = value.split_once('"').ok_or_else(|| format!("an open value: {value:?}"))?;
            if !ATTRIBUTES.split(' ').any(|known| known == attribute) || value.contains(['<', '>', '\'']) {
                return Err(format!("{attribute}={value:?} in <{name}>"));
            }
            attributes.push((attribute.to_owned(), value.to_owned()));
            values = after.strip_prefix(' ').unwrap_or(after);
        }
        if name != "meta" {
            open.push(name.to_owned());
        }
        parts.push(Part::Open(name.to_owned(), attributes));
    }
    if open.is_empty() { Ok(parts) } else { Err(format!("left open: {open:?}")) }
}

/// Returns the elements and classes. Listings are left out, since they have a line for each line of the script, and so
/// are texts set as code.
fn structure(page: &str) -> Vec<String> {
    let mut listing = false;
    let mut structure = Vec::new();
    for part in read(page).unwrap() {
        match part {
            Part::Open(name, _) | Part::Close(name) if name == "code" => {}
            Part::Open(name, _) if name == "pre" => listing = true,
            Part::Close(name) if name == "pre" => listing = false,
            Part::Open(name, attributes) if !listing => {
                let class = attributes.into_iter().find(|(name, _)| name == "class").map(|(_, class)| class);
                structure.push(format!("<{name} {}>", class.unwrap_or_default()));
            }
            Part::Close(name) if !listing => structure.push(format!("</{name}>")),
            _ => {}
        }
    }
    structure
}

fn values<'a>(parts: &'a [Part], attribute: &'a str) -> impl Iterator<Item = &'a str> {
    parts.iter().flat_map(move |part| match part {
        Part::Open(_, attributes) => {
            attributes.iter().filter(move |(name, _)| name == attribute).map(|(_, v)| v.as_str()).collect()
        }
        _ => Vec::new(),
    })
}

#[test]
fn every_reference_is_to_a_place_on_the_page() {
    for report in [sample::small(), sample::hostile(), sample::huge(60)] {
        let parts = read(&html(&report)).unwrap();
        let ids: Vec<&str> = values(&parts, "id").collect();
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(known.len(), ids.len(), "an id twice");
        for place in values(&parts, "href") {
            assert!(place.strip_prefix('#').is_some_and(|id| known.contains(id)), "{place}");
        }
        for place in values(&parts, "aria-labelledby") {
            assert!(known.contains(place), "{place}");
        }
    }
}

#[test]
fn an_attack_changes_nothing_of_what_the_page_is_made_of() {
    let plain = structure(&html(&overwritten(&sample::small(), &mut |_| "x".to_owned())));
    for attack in ATTACKS {
        assert_eq!(structure(&html(&overwritten(&sample::small(), &mut |_| (*attack).to_owned()))), plain, "{attack}");
    }
}

#[test]
fn the_policy_admits_the_style_and_nothing_else() {
    // Base64 of 32 bytes, which end within a group of three.
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let digest = Sha256::digest(STYLE.as_bytes());
    let mut encoded = String::new();
    for group in digest.chunks(3) {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
        encoded.extend((0..=group.len()).map(|at| alphabet[bits >> (18 - 6 * at) & 63]));
    }
    encoded.push('=');
    assert_eq!(STYLE_SHA256, encoded, "page.css has changed: this is its digest now");
    let policy = format!("default-src &#39;none&#39;; style-src &#39;sha256-{encoded}&#39;; base-uri &#39;none&#39;;");
    assert!(html(&sample::small()).contains(&policy));
    assert!(
        !STYLE.contains(['<', '@']) || !STYLE.contains("@import") && !STYLE.contains("url(") && !STYLE.contains('<')
    );
}

#[test]
fn danger_comes_first_and_migrations_in_their_order() {
    let page = html(&sample::small());
    let at = |what: &str| page.find(what).unwrap_or_else(|| panic!("{what} is missing"));
    let order = [
        "rewrites public.orders (41 GiB)",
        "it runs when a person approves this digest",
        "href=\"#m1s1\"",
        "href=\"#m2s1\"",
        "Every row of public.order_items is read",
        "<h2 id=\"migrations\">",
        "<code>20260302101500_order_numbers</code> <span",
        "id=\"m1s1t\"",
        "data-n=\"4\"",
        "changing-column-type",
        "Add a bigint column beside it",
        "<code>20260303090000_lower_emails</code> <span",
        "<code>20260305083000_order_notes</code> <span",
        "<h2 id=\"tables\">",
        "<h2 id=\"server\">",
    ];
    assert!(order.map(at).is_sorted(), "{:?}", order.map(at));
    for said in [
        "sha256:5f0c9a7d1be24c3388e2f5b46a0d97c1e3b8524f6d7a90cc41b2e8f05a6d3b17",
        "2026-03-09 02:10:45 UTC",
        "db-K7Q2M4XJ5N3WZ6R8T1V9YABCDE",
        "Readers and writers wait for minutes",
        "2 comments hide 4 findings of squawk&#39;s",
        "A part of what it does is not known, as a finding says.",
        "this plan makes it, so no session waits",
        "about 183 million rows",
        "process 4711 (<code>nightly-export</code>), ACCESS SHARE, for 2 h 5 min",
    ] {
        at(said);
    }
}

#[test]
fn what_is_safe_is_folded() {
    let page = html(&sample::small());
    assert_eq!(page.matches("<details open=\"\">").count(), 2);
}

#[test]
fn nothing_at_all_is_a_page_too() {
    let mut report = sample::small();
    report.migrations.clear();
    report.tables.clear();
    report.notes.clear();
    let page = html(&report);
    assert!(read(&page).is_ok() && page.contains("None is pending."));
}

#[test]
fn a_thousand_migrations_are_a_page() {
    let page = html(&sample::huge(1000));
    let articles = page.matches("<article ").count();
    eprintln!("1,000 migrations are a page of {} KiB", page.len() / 1024);
    assert_eq!(articles, 1000);
    assert!(page.len() < 32 * 1024 * 1024);
}

#[test]
fn a_statement_of_megabytes_is_shown_and_stays_as_large_as_it_is() {
    let mut report = sample::small();
    let sql = format!("INSERT INTO t VALUES\n{}(0);\n", "(1, 'x'),\n".repeat(400_000));
    let migration = &mut report.migrations[3];
    (migration.statements[0].start, migration.statements[0].end) = (0, sql.len() - 2);
    migration.statements.truncate(1);
    migration.sql = sql;
    let page = html(&report);
    eprintln!("400,000 lines are a page of {} KiB", page.len() / 1024);
    assert!(page.contains("data-n=\"400002\""));
    assert!(page.len() < 64 * 1024 * 1024);
}

/// An invisible character in any text is shown by its number, wherever the text is.
#[test]
fn what_cannot_be_seen_is_shown() {
    for unseen in arbitrary::UNSEEN {
        let report = overwritten(&sample::small(), &mut |_| format!("a{unseen}b"));
        let page = html(&report);
        assert!(!page.contains(*unseen), "U+{:04X}", u32::from(*unseen));
        let shown = format!("‹U+{:04X}›", u32::from(*unseen));
        assert!(page.matches(&shown).count() > 50, "{shown}: {page}");
    }
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn whatever_is_in_a_report_the_page_holds(report in arbitrary::report()) {
        let page = html(&report);
        let parts = read(&page);
        prop_assert!(parts.is_ok(), "{parts:?}");
        let odd = |c: char| c != '\n' && c != '\t' && (c.is_control() || crate::visible::is_invisible(c));
        prop_assert!(!page.contains(odd) && !page.contains(arbitrary::UNSEEN));
    }

    #[test]
    fn no_word_of_a_script_is_lost(report in arbitrary::report()) {
        let page = read(&html(&report)).unwrap();
        let mut listing = false;
        let mut shown = String::new();
        for part in page {
            match part {
                Part::Open(name, _) => listing |= name == "pre",
                Part::Close(name) => listing &= name != "pre",
                Part::Text(text) if listing => shown.push_str(&text),
                Part::Text(_) => {}
            }
        }
        let shown: String = unescaped(&shown).split_whitespace().collect();
        for migration in &report.migrations {
            let all: String = crate::visible::lines(&migration.sql).split_whitespace().collect();
            // The suggested SQL comes between the statements.
            let mut rest = shown.as_str();
            for piece in super::code::pieces(migration) {
                let words: String = crate::visible::lines(piece.text).split_whitespace().collect();
                let at = rest.find(&words);
                prop_assert!(at.is_some(), "{words:?} of {all:?} is not in {shown:?}");
                rest = &rest[at.unwrap_or_default() + words.len()..];
            }
        }
    }
}

fn unescaped(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

#[test]
fn without_a_database_the_page_says_so_and_shows_no_server() {
    let report = Report { live: None, ..sample::small() };
    let page = html(&report);
    assert!(page.contains("Report on the scripts, without a database, made "), "{page}");
    assert!(page.matches("No database was asked").count() >= 2 && !page.contains("approves nothing"));
    assert!(!page.contains("id=\"server\"") && !page.contains("#server") && !page.contains("Digest"));
}
