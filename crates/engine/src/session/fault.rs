//! Interprets an error of the server or of the driver.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::session::Target;
use crate::{Error, server_text, sqlstate};

/// Returns the server's error inside `error`, if there is one.
pub(crate) fn database_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error().and_then(|error| error.try_downcast_ref())
}

pub(crate) fn code_of(error: &sqlx::Error) -> Option<String> {
    database_error(error).map(|error| error.code().to_owned())
}

/// Whether the session is over after `error`.
///
/// The server says so by its severity, since a script can raise any SQLSTATE. An error of the driver's own means that
/// the driver has lost track of the conversation, while the server may have gone on to COMMIT: only a new session can
/// tell.
pub(crate) fn is_closed(error: &sqlx::Error) -> bool {
    match database_error(error) {
        Some(error) => matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic),
        None => !matches!(error, sqlx::Error::RowNotFound | sqlx::Error::ColumnDecode { .. }),
    }
}

/// Whether the connection is gone after `error`, which occurred while a script ran.
///
/// Any other error of the driver means that it could not read the server's answer, for example in another encoding. The
/// conversation goes on, and the session has to be asked what became of the script.
pub(crate) fn is_broken(error: &sqlx::Error) -> bool {
    match database_error(error) {
        Some(_) => is_closed(error),
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed),
    }
}

/// Returns the meaning of `error`, which occurred on an open session while `doing` a step.
pub(crate) fn query_error(target: &Target, doing: &str, error: &sqlx::Error) -> Error {
    let code = code_of(error);
    if is_closed(error) {
        let reason = match (&code, error) {
            (Some(code), _) => format!("SQLSTATE {code} ({})", sqlstate::condition(code)),
            (None, sqlx::Error::Io(error)) => error.kind().to_string(),
            (None, _) => "the connection broke".to_owned(),
        };
        return Error::ConnectionClosed { during: doing.to_owned(), reason };
    }
    match code.as_deref() {
        Some(sqlstate::READ_ONLY_SQL_TRANSACTION) => Error::ReadOnly {
            host: target.host.clone(),
            port: target.port,
            reason: format!("it refused {doing}; it may be failing over"),
        },
        Some(code) if sqlstate::is_contention(code) => Error::LockTimeout {
            what: doing.to_owned(),
            tries: 1,
            waited_s: 0,
            code: code.to_owned(),
            blockers: "another session holds the ledger or a system table".to_owned(),
        },
        Some(code) => Error::Query {
            doing: doing.to_owned(),
            code: code.to_owned(),
            condition: sqlstate::condition(code),
            message: database_error(error)
                .and_then(server_text::of_ours)
                .map_or_else(String::new, |message| format!(": {message}")),
        },
        None => Error::Query {
            doing: doing.to_owned(),
            code: "none".to_owned(),
            condition: "driver_error",
            message: String::new(),
        },
    }
}
