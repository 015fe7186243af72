//! Cases after real accidents with migrations. `crates/analysis/cases` has the cases, and says how to write one.
//!
//! Each case runs as the functions would run it, on a database of its own: preflight, plan, report, apply.

mod expect;
mod judge;
mod place;
mod read;
mod run;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::thread;

use futures_util::{FutureExt as _, StreamExt as _, stream};

use self::read::{Case, case, cases};
use self::run::run;

/// How many threads run cases, and how many cases each thread runs at a time.
const THREADS: usize = 2;
const AT_A_TIME: usize = 4;

/// Returns how `case` differs from what it expects, one difference a line; `None` if it is not for this server or this
/// machine.
async fn differences(case: &Case) -> Option<Vec<String>> {
    match AssertUnwindSafe(run(case)).catch_unwind().await {
        Ok(Ok(differences)) => differences,
        Ok(Err(error)) => Some(vec![error]),
        Err(_) => Some(vec!["it panics".to_owned()]),
    }
}

/// Returns how each of `cases` differs from what it expects, in order.
fn all_differences<'a>(cases: &[&'a Case]) -> Vec<(&'a str, Option<Vec<String>>)> {
    let part = |number: usize| {
        let part = cases.iter().skip(number).step_by(THREADS);
        let running = stream::iter(part)
            .map(|case| async move { (case.name.as_str(), differences(case).await) })
            .buffer_unordered(AT_A_TIME)
            .collect::<Vec<_>>();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(running)
    };
    let mut found: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|number| scope.spawn(move || part(number))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    found.sort();
    found
}

#[test]
fn every_case_comes_out_as_it_should() {
    let cases = cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")).unwrap();
    assert!(cases.len() > 200, "{} cases were read", cases.len());
    // To work on some of the cases only.
    let only = std::env::var("CASE").unwrap_or_default();
    let chosen: Vec<&Case> = cases.iter().filter(|case| case.name.contains(&only)).collect();
    let found = all_differences(&chosen);
    let elsewhere = found.iter().filter(|(_, differences)| differences.is_none()).count();
    eprintln!("{} cases, of which {elsewhere} are not for this server", chosen.len());
    let wrong: Vec<_> = found
        .into_iter()
        .filter_map(|(name, differences)| Some((name, differences.filter(|found| !found.is_empty())?)))
        .map(|(name, differences)| format!("{name}:\n  {}", differences.join("\n  ")))
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n\n{}", wrong.len(), chosen.len(), wrong.join("\n\n"));
}

#[tokio::test]
async fn each_difference_from_the_expected_is_reported() {
    let text = "About nothing.\n\n=== setup\nCREATE TABLE t (i int);\nALTER TABLE t OWNER TO %ROLE%;\n\
                === history 1_a.sql\nALTER TABLE t ADD COLUMN j int;\n\
                === expect\napplied: 2\nsays: anything\nwarns: of nothing\ncheck: SELECT false\nagain: applied 1\n\
                === history 2_b.sql\nSELECT 1 / 0;\n=== expect\nrefused: no\nsays not: division_by_zero\n";
    let found = differences(&case("told", text).unwrap()).await.unwrap();
    let starts = [
        "step 1, applied 2: applied 1",
        "step 1, says \"anything\": applied 1",
        "step 1, warns \"of nothing\": [\"schema",
        "step 1, check SELECT false: false",
        "step 1, again applied 1: applied 0",
        "step 2, refused \"no\": Migration.Failed 22012: migration 2_b failed",
        "step 2, says not \"division_by_zero\": Migration.Failed 22012",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}");
    }
}

#[test]
fn a_malformed_case_is_refused() {
    for (text, part) in [
        ("About it.", "no section"),
        ("=== expect\napplied: 0\n", "does not say what it is about"),
        ("About it.\n=== expected\n", "no section \"expected\""),
        ("About it.\n=== setup\nSELECT 1\n", "nothing is expected"),
        ("About it.\n=== expect\nsays: much\n", "0 lines say how the run ends"),
        ("About it.\n=== expect\nfails: Migration.Fialed\n", "no failure \"Migration.Fialed\""),
        ("About it.\n=== expect\napplied: 1\nreport: danger no-such-rule\n", "no verdict"),
        ("About it.\n=== history a (escaped)\n\\q\n=== expect\napplied: 1\n", "no escape \\q"),
        ("About it.\n=== settings\ncolour: red\n=== expect\napplied: 1\n", "no setting \"colour\""),
    ] {
        let error = case("it", text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}
