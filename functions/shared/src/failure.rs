//! The fixed names under which a run fails. Retry and Catch in the state machine match them.

use std::fmt;

use lambda_runtime::Diagnostic;
use serde::{Deserialize, Serialize};

use crate::text::harmless;

/// Defines the names, each with its text on the wire, and the list of all names from one list, so that none is missing.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $wire:literal,)*) => {
        /// A failure's name on the wire.
        ///
        /// The state machine's tests hold this list to the definition: every name is caught there, and
        /// the definition catches no other.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FailureName {
            $($(#[$doc])* $name,)*
        }

        impl FailureName {
            /// Every name.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $wire,)*
                }
            }
        }
    };
}

names! {
    /// No connection could be made (Prisma's P1001).
    DatabaseUnreachable = "Database.Unreachable",
    /// RDS reports that the instance cannot be used now.
    DatabaseUnavailable = "Database.Unavailable",
    /// The connection broke while it was in use (P1017).
    DatabaseConnectionClosed = "Database.ConnectionClosed",
    /// The user or the password was refused (P1000, P1010).
    DatabaseAuthenticationFailed = "Database.AuthenticationFailed",
    /// The server has no such database (P1003).
    DatabaseNotFound = "Database.NotFound",
    /// The certificate is not trusted, or the server offers no TLS (P1011).
    DatabaseTlsFailed = "Database.TlsFailed",
    /// The server is a replica, or takes no writes.
    DatabaseReadOnly = "Database.ReadOnly",
    /// Secrets Manager gave no answer.
    SecretUnreachable = "Secret.Unreachable",
    /// S3 gave no answer when a bundle was read.
    BundleUnreachable = "Bundle.Unreachable",
    /// Another session holds the migration lock (P1002).
    LockHeld = "Lock.Held",
    /// A script could not get its table locks.
    LockTimeout = "Lock.Timeout",
    /// The directory cannot be read as a history (P3015, P3019).
    HistoryInvalid = "History.Invalid",
    /// A migration was left unfinished (P3009).
    HistoryFailed = "History.Failed",
    /// The schema has tables but no ledger (P3005).
    HistoryNotEmpty = "History.NotEmpty",
    /// Ledger and directory disagree in a way that is refused.
    HistoryDiverged = "History.Diverged",
    /// The database or the history is not as it was planned.
    PlanChanged = "Plan.Changed",
    /// A script cannot be run safely.
    MigrationRefused = "Migration.Refused",
    /// A script failed in the database (P3018).
    MigrationFailed = "Migration.Failed",
    /// A statement was cut off, and nothing shows whether it finished.
    MigrationInDoubt = "Migration.InDoubt",
    /// The input or a setting is wrong.
    ConfigInvalid = "Config.Invalid",
    /// The approver rejected the plan.
    ApprovalRejected = "Approval.Rejected",
    /// The approval expired.
    ApprovalExpired = "Approval.Expired",
    /// A step died or gave no answer.
    StepFailed = "Step.Failed",
}

impl FailureName {
    /// Returns the name that is written `text` on the wire.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.as_str() == text)
    }
}

impl fmt::Display for FailureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

use FailureName::{
    BundleUnreachable, ConfigInvalid, DatabaseAuthenticationFailed, DatabaseConnectionClosed, DatabaseNotFound,
    DatabaseReadOnly, DatabaseTlsFailed, DatabaseUnreachable, HistoryDiverged, HistoryFailed, HistoryInvalid,
    HistoryNotEmpty, LockHeld, LockTimeout, MigrationFailed, MigrationInDoubt, MigrationRefused, PlanChanged,
    SecretUnreachable, StepFailed,
};

/// The names with which `preflight` can fail.
pub const PREFLIGHT: &[FailureName] = &[
    DatabaseUnreachable,
    DatabaseConnectionClosed,
    DatabaseAuthenticationFailed,
    DatabaseNotFound,
    DatabaseTlsFailed,
    SecretUnreachable,
    BundleUnreachable,
    ConfigInvalid,
    DatabaseReadOnly,
    HistoryInvalid,
    LockTimeout,
    StepFailed,
];

/// The names with which `plan` can fail.
pub const PLAN: &[FailureName] = &[
    DatabaseUnreachable,
    DatabaseConnectionClosed,
    DatabaseAuthenticationFailed,
    DatabaseNotFound,
    DatabaseTlsFailed,
    SecretUnreachable,
    BundleUnreachable,
    ConfigInvalid,
    LockHeld,
    HistoryInvalid,
    HistoryFailed,
    HistoryNotEmpty,
    HistoryDiverged,
    MigrationRefused,
    LockTimeout,
    StepFailed,
];

/// The names with which `apply` can fail.
pub const APPLY: &[FailureName] = &[
    DatabaseUnreachable,
    DatabaseConnectionClosed,
    DatabaseAuthenticationFailed,
    DatabaseNotFound,
    DatabaseTlsFailed,
    SecretUnreachable,
    BundleUnreachable,
    ConfigInvalid,
    DatabaseReadOnly,
    LockHeld,
    LockTimeout,
    HistoryInvalid,
    HistoryFailed,
    HistoryNotEmpty,
    PlanChanged,
    MigrationRefused,
    MigrationFailed,
    MigrationInDoubt,
    StepFailed,
];

/// The maximum length of a message on the wire, in characters. Step Functions takes 32,768 in a cause.
const LONGEST_MESSAGE: usize = 8_000;

/// Where in the history a failure is, as far as that is known. Holds no row value: only names, numbers and a code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The migration's name. It comes first on the wire, where the definition looks for it.
    pub migration: String,
    /// The script's path in the layer or in the bundle: `migrations/<name>/migration.sql` or `migrations/<name>.sql`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The statement in the script, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// The line in the script, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The server's SQLSTATE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
}

/// Why a step stopped: a fixed name, and a message for people that names the thing and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct Failure {
    /// The fixed name.
    pub name: FailureName,
    /// The message. Holds no secret, token or row value, and no control characters but line feeds.
    pub message: String,
    /// Where the script failed, for a program that points at it.
    pub place: Option<Box<Place>>,
}

impl Failure {
    /// Creates a failure of this name. Parts of the message can come from outside, so characters that are not plain
    /// text are escaped.
    pub fn new(name: FailureName, message: impl Into<String>) -> Self {
        let mut message = harmless(&message.into());
        if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
            message.truncate(end);
            message.push_str(" ...");
        }
        Self { name, message, place: None }
    }

    /// Creates a `Config.Invalid` for the setting or field `name`.
    pub fn config(name: &str, reason: impl fmt::Display) -> Self {
        Self::new(ConfigInvalid, format!("{name}: {reason}"))
    }
}

impl From<Failure> for Diagnostic {
    /// Lambda takes only a name and a message of a failure, so the place is the message's last line, as JSON.
    fn from(failure: Failure) -> Self {
        let mut error_message = failure.message;
        if let Some(place) = failure.place.and_then(|place| serde_json::to_string(&place).ok()) {
            error_message.push('\n');
            error_message.push_str(&place);
        }
        Self { error_type: failure.name.as_str().to_owned(), error_message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_read_back() {
        for name in FailureName::ALL {
            assert_eq!(FailureName::from_wire(name.as_str()), Some(*name));
        }
        assert_eq!(FailureName::from_wire("States.Timeout"), None);
    }

    #[test]
    fn a_message_is_nothing_but_text() {
        let failure = Failure::config("upTo", "no migration 1\u{202e}\r\u{1b}[2J\u{200b}\nis so called");
        assert_eq!(failure.message, "upTo: no migration 1\\u{202e}\\u{d}\\u{1b}[2J\\u{200b}\nis so called");
    }

    #[test]
    fn a_failure_becomes_an_error_type_that_the_state_machine_can_match() {
        let diagnostic = Diagnostic::from(Failure::new(LockHeld, "é".repeat(9_000)));
        assert_eq!(diagnostic.error_type, "Lock.Held");
        assert_eq!(diagnostic.error_message.chars().count(), LONGEST_MESSAGE + 4);
    }

    #[test]
    fn the_place_is_the_last_line_of_what_lambda_takes() {
        let place = Place { migration: "2_b".into(), line: Some(3), ..Place::default() };
        let failure = Failure { place: Some(place.clone().into()), ..Failure::new(MigrationFailed, "one\ntwo") };
        let told = Diagnostic::from(failure).error_message;
        assert_eq!(told, "one\ntwo\n{\"migration\":\"2_b\",\"line\":3}");
        assert_eq!(serde_json::from_str::<Place>(told.lines().last().unwrap()).unwrap(), place);
    }
}
