//! The engine's errors under their wire names.

use std::fs;

use engine::Error;
use shared::text::one_line;
use shared::{Failure, FailureName, Place};

use crate::Origin;

/// Returns `error` as a failure of a function; `origin` is where its migrations are.
pub(crate) fn from_engine(error: Error, origin: &Origin) -> Failure {
    let file = |name: &str| origin.file(name);
    // The engine knows neither where its root certificates come from, nor user and password.
    let hint = match &error {
        Error::Tls { .. } => OTHER_ROOTS,
        Error::AuthenticationFailed { .. } => FROM_THE_SECRET,
        Error::HistoryInvalid(_) if is_missing(origin) => LAYER,
        _ => return named(error, file),
    };
    let mut failure = named(error, file);
    failure.message = format!("{}. {hint}", failure.message);
    failure
}

/// Returns `error` under its wire name. `file` returns the file of the migration with a name, as a path from where the
/// migrations are. The match names every cause, so that the compiler demands a wire name for a new one.
pub fn named(error: Error, file: impl Fn(&str) -> Option<String>) -> Failure {
    let name = match &error {
        Error::Unreachable { .. } => FailureName::DatabaseUnreachable,
        // As after a broken connection: a new attempt flushes and verifies the flush.
        Error::ConnectionClosed { .. } | Error::NotFlushed => FailureName::DatabaseConnectionClosed,
        Error::AuthenticationFailed { .. } => FailureName::DatabaseAuthenticationFailed,
        Error::DatabaseNotFound { .. } => FailureName::DatabaseNotFound,
        Error::Tls { .. } => FailureName::DatabaseTlsFailed,
        Error::ReadOnly { .. } => FailureName::DatabaseReadOnly,
        // Another session may be at work: a new attempt reads the ledger again once it has the lock.
        Error::LockHeld { .. }
        | Error::UnderWay { .. }
        | Error::LockLost { .. }
        | Error::NotRecorded { .. }
        | Error::IndexBeingBuilt { .. } => FailureName::LockHeld,
        Error::LockTimeout { .. } => FailureName::LockTimeout,
        Error::HistoryInvalid(_) => FailureName::HistoryInvalid,
        Error::HistoryFailed { .. } => FailureName::HistoryFailed,
        Error::HistoryNotEmpty { .. } => FailureName::HistoryNotEmpty,
        Error::HistoryDiverged { .. } => FailureName::HistoryDiverged,
        Error::PlanChanged { .. } => FailureName::PlanChanged,
        Error::Refused(_) => FailureName::MigrationRefused,
        Error::MigrationFailed(_) | Error::NothingDone { .. } => FailureName::MigrationFailed,
        Error::InDoubt { .. } | Error::RanSomethingElse { .. } | Error::RowsGone { .. } => {
            FailureName::MigrationInDoubt
        }
        Error::Config { .. } => FailureName::ConfigInvalid,
        Error::Query { .. } => FailureName::StepFailed,
    };
    let place = place(&error, file).map(Box::new);
    Failure { place, ..Failure::new(name, message(error)) }
}

/// Returns where in its script `error` is; `None` for an error that is not about a script of this run.
fn place(error: &Error, file: impl Fn(&str) -> Option<String>) -> Option<Place> {
    let file = |name: &str| file(name).map(|file| format!("migrations/{}", one_line(&file)));
    let of = |name: &str| Place { migration: one_line(name), file: file(name), ..Place::default() };
    match error {
        Error::MigrationFailed(failure) => Some(Place {
            statement: failure.statement,
            line: failure.line,
            sqlstate: Some(failure.code.clone()).filter(|code| code != NO_SQLSTATE),
            ..of(&failure.migration)
        }),
        // The first of several: the message begins with it.
        Error::Refused(refused) => {
            refused.first().map(|first| Place { line: Some(first.refusal.line), ..of(&first.migration) })
        }
        Error::NothingDone { migration, .. }
        | Error::InDoubt { migration, .. }
        | Error::RanSomethingElse { migration, .. } => Some(of(migration)),
        Error::Unreachable { .. }
        | Error::ConnectionClosed { .. }
        | Error::NotFlushed
        | Error::AuthenticationFailed { .. }
        | Error::DatabaseNotFound { .. }
        | Error::Tls { .. }
        | Error::ReadOnly { .. }
        | Error::LockHeld { .. }
        | Error::UnderWay { .. }
        | Error::LockLost { .. }
        | Error::NotRecorded { .. }
        | Error::IndexBeingBuilt { .. }
        | Error::LockTimeout { .. }
        | Error::HistoryInvalid(_)
        | Error::HistoryFailed { .. }
        | Error::HistoryNotEmpty { .. }
        | Error::HistoryDiverged { .. }
        | Error::PlanChanged { .. }
        | Error::RowsGone { .. }
        | Error::Config { .. }
        | Error::Query { .. } => None,
    }
}

/// What the engine writes in the place of a SQLSTATE when the server gave none.
const NO_SQLSTATE: &str = "none";

/// How to make the functions trust another certificate.
const OTHER_ROOTS: &str = "Without the parameter DatabaseCaFile the functions trust RDS's roots of the commercial Regions; it \
                           names a PEM file of other ones, in the migrations layer";

/// Where the migrations come from.
const LAYER: &str = "The layer holds the history as migrations/: did it arrive?";

/// Whether the layer's directory is not there, or is empty.
fn is_missing(origin: &Origin) -> bool {
    let Origin::Layer(directory) = origin else { return false };
    fs::read_dir(directory).map_or(true, |mut entries| entries.next().is_none())
}

/// Where user and password come from.
const FROM_THE_SECRET: &str = "User and password are those in the secret of the parameter DatabaseSecretArn";

/// Returns the message of `error`. Only the engine's own list has several lines: a line break in a name from the server
/// or from a directory becomes a space.
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
        other => return one_line(&other.to_string()),
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use engine::error::{Left, MigrationFailure};
    use engine::script::Refusal;

    use super::*;

    fn nowhere() -> Origin {
        Origin::Layer("/nowhere".into())
    }

    #[test]
    fn what_the_engine_does_not_know_is_added() {
        let missing = || Error::HistoryInvalid("there is no directory".into());
        assert!(from_engine(missing(), &nowhere()).message.ends_with("did it arrive?"));
        assert!(!named(missing(), |_| None).message.contains("layer"));
        let refused = Error::AuthenticationFailed {
            host: "h".into(),
            port: 5432,
            user: "u".into(),
            code: "28P01".into(),
            hint: "the password is not the role's (P1000)",
        };
        assert!(from_engine(refused, &nowhere()).message.contains("DatabaseSecretArn"));
    }

    #[test]
    fn a_certificate_that_is_not_trusted_names_the_parameter() {
        let error = Error::Tls { host: "h".into(), port: 5432, reason: "UnknownIssuer".into() };
        let failure = from_engine(error, &nowhere());
        assert_eq!(failure.name, FailureName::DatabaseTlsFailed);
        assert!(failure.message.contains("UnknownIssuer") && failure.message.contains("DatabaseCaFile"), "{failure}");
    }

    #[test]
    fn a_cause_of_its_own_keeps_the_name_by_which_the_machine_tries_again() {
        let during = || "the baseline".to_owned();
        let holder = || "pid 7, user u, application a".to_owned();
        for (error, name, message) in [
            (
                Error::NotFlushed,
                FailureName::DatabaseConnectionClosed,
                "the server does not show that it has written to disk what was committed, so a crash could still undo it",
            ),
            (
                Error::UnderWay { migration: "2".into(), holder: holder() },
                FailureName::LockHeld,
                "migration 2 was started and has not finished, and another session holds the migration lock, so it may be \
                 running now: pid 7, user u, application a",
            ),
            (
                Error::LockLost { during: during(), holder: Some(holder()) },
                FailureName::LockHeld,
                "this run lost the migration lock during the baseline, so the ledger was not changed: another session \
                 holds the lock now, pid 7, user u, application a",
            ),
            (
                Error::NotRecorded { during: during(), ledger: "s.l".into() },
                FailureName::LockHeld,
                "the ledger was not changed by the baseline: a trigger or a rule on s.l discards or changes its rows; \
                 remove it",
            ),
            (
                Error::IndexBeingBuilt { migration: "2".into(), index: "s.i".into(), pid: 7 },
                FailureName::LockHeld,
                "migration 2 leaves the invalid index s.i alone: the session with pid 7 is building an index on the same \
                 table, and it may be this one. Start a new run when that session has finished",
            ),
        ] {
            let failure = from_engine(error, &nowhere());
            assert_eq!((failure.name, failure.message.as_str()), (name, message));
        }
    }

    const HOSTILE: &str = "a\r\nApproved by: me\u{202e}\u{200b}\n";

    #[test]
    fn a_name_with_line_breaks_stays_on_its_line() {
        let text = || HOSTILE.to_owned();
        let refusal = || Refusal { line: 1, reason: text(), way_out: "Fix it" };
        let refused = || engine::error::RefusedMigration { migration: text(), refusal: refusal() };
        for (error, lines) in [
            (Error::LockHeld { waited_s: 1, holder: text() }, 1),
            (Error::HistoryInvalid(text()), 1),
            (Error::Query { doing: text(), code: text(), condition: "x", message: text() }, 1),
            (Error::HistoryDiverged { divergences: vec![text(), text()], why: text() }, 3),
            (Error::Refused(vec![refused(), refused()]), 2),
        ] {
            let Failure { message, .. } = from_engine(error, &nowhere());
            assert_eq!(message.split('\n').count(), lines, "{message}");
            assert!(!message.contains(['\r', '\u{202e}', '\u{200b}']), "{message}");
        }
    }

    fn failed(migration: &str) -> MigrationFailure {
        MigrationFailure {
            migration: migration.into(),
            statement: Some(2),
            line: Some(3),
            code: "23505".into(),
            condition: "unique_violation",
            message: None,
            object: None,
            hint: None,
            left: Left::Nothing,
            outlives: Vec::new(),
            applied_before: 0,
            total: 1,
        }
    }

    #[test]
    fn what_is_about_a_script_has_its_place() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("1_a")).unwrap();
        for file in ["1_a/migration.sql", "2_b.sql", "3_c.up.sql"] {
            fs::write(root.path().join(file), "").unwrap();
        }
        let origin = Origin::Layer(root.path().to_owned());
        let place = |error| from_engine(error, &origin).place.map(|place| *place);
        let of = |name: &str, file: Option<&str>| Place {
            migration: name.into(),
            file: file.map(str::to_owned),
            ..Place::default()
        };
        for (name, file) in [
            ("1_a", Some("migrations/1_a/migration.sql")),
            ("2_b", Some("migrations/2_b.sql")),
            ("3_c", Some("migrations/3_c.up.sql")),
            ("4_d", None),
            ("../2_b", None),
        ] {
            let told = place(Error::MigrationFailed(failed(name).into()));
            let at = Place { statement: Some(2), line: Some(3), sqlstate: Some("23505".into()), ..of(name, file) };
            assert_eq!(told, Some(at));
        }
        let without_code = MigrationFailure { code: NO_SQLSTATE.into(), line: None, ..failed("4_d") };
        let told = place(Error::MigrationFailed(without_code.into()));
        assert_eq!(told, Some(Place { statement: Some(2), ..of("4_d", None) }));
        let refusal = |line| Refusal { line, reason: "no".into(), way_out: "Fix it" };
        let refused =
            |name: &str, line| engine::error::RefusedMigration { migration: name.into(), refusal: refusal(line) };
        let told = place(Error::Refused(vec![refused("2_b", 7), refused("1_a", 1)]));
        assert_eq!(told, Some(Place { line: Some(7), ..of("2_b", Some("migrations/2_b.sql")) }));
        assert_eq!(place(Error::LockHeld { waited_s: 1, holder: "x".into() }), None);
    }
}
