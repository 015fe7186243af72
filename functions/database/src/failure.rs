//! The engine's errors under their wire names.

use engine::Error;
use shared::{Failure, Name};

#[expect(clippy::needless_pass_by_value, reason = "to be given to map_err")]
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
    Failure::new(name, error.to_string())
}
