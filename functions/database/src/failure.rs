//! The engine's errors under their wire names.

use engine::Error;
use shared::text::one_line;
use shared::{Failure, Name};

/// `error` as a failure. The match names every cause, so that a new one cannot pass unnoticed.
pub fn from_engine(error: Error) -> Failure {
    let name = match &error {
        Error::Unreachable { .. } => Name::DatabaseUnreachable,
        Error::ConnectionClosed { .. } => Name::DatabaseConnectionClosed,
        Error::AuthenticationFailed { .. } => Name::DatabaseAuthenticationFailed,
        Error::DatabaseNotFound { .. } => Name::DatabaseNotFound,
        Error::Tls { .. } => Name::DatabaseTlsFailed,
        Error::ReadOnly { .. } => Name::DatabaseReadOnly,
        Error::LockHeld { .. } => Name::LockHeld,
        Error::LockTimeout { .. } => Name::LockTimeout,
        Error::HistoryInvalid(_) => Name::HistoryInvalid,
        Error::HistoryFailed { .. } => Name::HistoryFailed,
        Error::HistoryNotEmpty { .. } => Name::HistoryNotEmpty,
        Error::HistoryDiverged { .. } => Name::HistoryDiverged,
        Error::PlanChanged { .. } => Name::PlanChanged,
        Error::Refused(_) => Name::MigrationRefused,
        Error::MigrationFailed(_) | Error::NothingDone { .. } => Name::MigrationFailed,
        Error::InDoubt { .. } | Error::RanSomethingElse { .. } | Error::RowsGone { .. } => Name::MigrationInDoubt,
        Error::Config { .. } => Name::ConfigInvalid,
        Error::Query { .. } => Name::StepFailed,
    };
    Failure::new(name, message(error))
}

/// The way out of a certificate that is not trusted.
const OTHER_ROOTS: &str = "Without the parameter DatabaseCaFile the functions trust RDS's roots of the commercial Regions; it \
                           names a PEM file of other ones, in the migrations layer";

/// The message of `error`. A line ends only where the engine's own list does: names of the server's or of a directory end
/// none.
fn message(mut error: Error) -> String {
    match &mut error {
        Error::HistoryDiverged { divergences, why } => {
            divergences.iter_mut().chain([why]).for_each(|text| *text = one_line(text));
        }
        Error::Refused(refused) => {
            for refused in refused {
                refused.migration = one_line(&refused.migration);
                refused.refusal.reason = one_line(&refused.refusal.reason);
            }
        }
        // The engine does not know how it was given them.
        Error::Tls { .. } => return one_line(&format!("{error}. {OTHER_ROOTS}")),
        other => return one_line(&other.to_string()),
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use engine::script::Refusal;

    use super::*;

    #[test]
    fn a_certificate_that_is_not_trusted_names_the_parameter() {
        let error = Error::Tls { host: "h".into(), port: 5432, reason: "UnknownIssuer".into() };
        let failure = from_engine(error);
        assert_eq!(failure.name, Name::DatabaseTlsFailed);
        assert!(failure.message.contains("UnknownIssuer") && failure.message.contains("DatabaseCaFile"), "{failure}");
    }

    const HOSTILE: &str = "a\r\nApproved by: me\u{202e}\u{200b}\n";

    #[test]
    fn whoever_names_things_ends_no_line() {
        let text = || HOSTILE.to_owned();
        let refusal = || Refusal { line: 1, reason: text(), way_out: "Mend it" };
        let refused = || engine::error::Refused { migration: text(), refusal: refusal() };
        for (error, lines) in [
            (Error::LockHeld { waited_s: 1, holder: text() }, 1),
            (Error::HistoryInvalid(text()), 1),
            (Error::Query { doing: text(), code: text(), condition: "x", message: text() }, 1),
            (Error::HistoryDiverged { divergences: vec![text(), text()], why: text() }, 3),
            (Error::Refused(vec![refused(), refused()]), 2),
        ] {
            let Failure { message, .. } = from_engine(error);
            assert_eq!(message.split('\n').count(), lines, "{message}");
            assert!(!message.contains(['\r', '\u{202e}', '\u{200b}']), "{message}");
        }
    }
}
