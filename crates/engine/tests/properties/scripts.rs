//! Tests the classifier: it always answers, changes only what it says, and does not accept a refused script beside
//! other statements.

use engine::script::{Class, classify};
use proptest::prelude::*;

use crate::soup::{soup, statements};

/// Statements that are refused alone, for a reason that no other statement beside them can cure.
const REFUSED: &[&str] = &[
    "ROLLBACK",
    "ABORT",
    "ROLLBACK AND CHAIN",
    "COMMIT AND CHAIN",
    "PREPARE TRANSACTION 'p'",
    "COPY t FROM STDIN",
    "VACUUM; SELECT 1",
    "CREATE INDEX CONCURRENTLY i ON t (n); SELECT 1",
    "SELECT 1; DROP DATABASE d",
];

fn keeps_its_promises(sql: &str) -> Result<(), TestCaseError> {
    let first = classify(sql);
    prop_assert_eq!(&first, &classify(sql), "asked twice");
    match first {
        Ok(script) => {
            prop_assert_eq!(script.text.len(), sql.len());
            for (sent, written) in script.text.chars().zip(sql.chars()) {
                prop_assert!(sent == written || sent == ' ', "{:?} became {:?}", written, sent);
            }
            prop_assert!(script.statements.iter().all(|statement| statement.line <= sql.lines().count().max(1)));
            prop_assert!(script.parsed || script.class == Class::Transactional);
        }
        Err(refusal) => {
            prop_assert!((1..=sql.matches('\n').count() + 1).contains(&refusal.line), "{}", refusal);
            prop_assert!(!refusal.reason.is_empty() && !refusal.way_out.is_empty());
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_answered(sql in any::<String>()) {
        keeps_its_promises(&sql)?;
    }

    #[test]
    fn any_soup_is_answered(sql in soup(40)) {
        keeps_its_promises(&sql)?;
    }

    #[test]
    fn any_repetition_is_answered(piece in soup(4), times in 0..3_000_usize) {
        keeps_its_promises(&piece.repeat(times))?;
    }

    #[test]
    fn other_statements_make_no_refused_script_acceptable(
        refused in prop::sample::select(REFUSED), before in statements(5), after in statements(5),
    ) {
        prop_assert!(classify(refused).is_err());
        for script in [format!("{before};\n{refused}"), format!("{refused};\n{after}"), format!("{before};\n{refused};\n{after}")] {
            prop_assert!(classify(&script).is_err(), "{}", script);
        }
    }

    #[test]
    fn neither_case_nor_comments_nor_blanks_make_a_refused_script_acceptable(
        refused in prop::sample::select(REFUSED), comment in "[ a-z]{0,9}", upper in any::<bool>(),
    ) {
        let cased = if upper { refused.to_owned() } else { refused.to_lowercase() };
        for between in [format!("/*{comment}*/"), format!("--{comment}\n"), "\n\t \r\n".to_owned()] {
            let script = format!("{between}{}{between}", cased.replace(' ', &between));
            prop_assert!(classify(&script).is_err(), "{}", script);
        }
    }
}
