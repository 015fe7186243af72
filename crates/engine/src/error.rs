//! Everything that can stop the engine, by cause.
//!
//! A message names the thing and the way out. None holds a password, a row's value or a script's text.

use std::fmt;

use crate::{sqlstate, wording};

/// The result of the engine's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the engine stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be reached at all (Prisma's P1001).
    #[error("cannot reach the database at {host}:{port}: {reason}")]
    Unreachable {
        /// The configured host.
        host: String,
        /// The TCP port.
        port: u16,
        /// What happened, and what to check.
        reason: String,
    },
    /// The connection broke while it was in use (P1017). The running statements may or may not have been committed; the
    /// ledger, read under the lock, tells.
    #[error("the database closed the connection during {during}: {reason}")]
    ConnectionClosed {
        /// The step that was under way.
        during: String,
        /// The message of the driver or the server.
        reason: String,
    },
    /// The user or the password was refused (P1000), or access was denied (P1010).
    #[error("the database at {host}:{port} refused user \"{user}\" ({code}): {hint}")]
    AuthenticationFailed {
        /// The configured host.
        host: String,
        /// The TCP port.
        port: u16,
        /// The user that was refused.
        user: String,
        /// The SQLSTATE.
        code: String,
        /// What to check.
        hint: &'static str,
    },
    /// The server has no such database (P1003).
    #[error("there is no database \"{database}\" at {host}:{port}; create it, or name another one")]
    DatabaseNotFound {
        /// The configured host.
        host: String,
        /// The TCP port.
        port: u16,
        /// The missing database.
        database: String,
    },
    /// The server's certificate could not be verified, or the server offers no TLS (P1011).
    #[error("no trusted TLS connection to {host}:{port}: {reason}")]
    Tls {
        /// The configured host.
        host: String,
        /// The TCP port.
        port: u16,
        /// What failed.
        reason: String,
    },
    /// The server takes no writes: a replica, or a primary that is failing over.
    #[error("the database at {host}:{port} is read-only: {reason}")]
    ReadOnly {
        /// The host as configured.
        host: String,
        /// The TCP port.
        port: u16,
        /// What the server reports about itself.
        reason: String,
    },
    /// Another session holds the migration lock (P1002).
    #[error("another session holds the migration lock and did not give it up within {waited_s} s: {holder}")]
    LockHeld {
        /// How long the lock was polled, in seconds.
        waited_s: u64,
        /// Process id, user and application of the holder.
        holder: String,
    },
    /// A migration is open in the ledger, and another session holds the migration lock: the migration is running, and
    /// has not failed.
    #[error(
        "migration {migration} was started and has not finished, and another session holds the migration lock, so it may be \
         running now: {holder}"
    )]
    UnderWay {
        /// The migration.
        migration: String,
        /// Process id, user and application of the lock's holder.
        holder: String,
    },
    /// The session had the migration lock and has lost it. Its writes to the ledger since then had no effect.
    #[error("this run lost the migration lock during {during}, so the ledger was not changed: {}", now_held(.holder.as_deref()))]
    LockLost {
        /// The step that was under way.
        during: String,
        /// Process id, user and application of the session that holds the lock now.
        holder: Option<String>,
    },
    /// A write to the ledger had no effect, though the session holds the lock.
    #[error(
        "the ledger was not changed by {during}: a trigger or a rule on {ledger} discards or changes its rows; remove it"
    )]
    NotRecorded {
        /// The step that was under way.
        during: String,
        /// The ledger's qualified name.
        ledger: String,
    },
    /// An index is invalid, and another session is building an index on its table: the invalid index may be that one,
    /// and no leftover.
    #[error(
        "migration {migration} leaves the invalid index {index} alone: the session with pid {pid} is building an index on the \
         same table, and it may be this one. Start a new run when that session has finished"
    )]
    IndexBeingBuilt {
        /// The migration that would have removed the index.
        migration: String,
        /// The invalid index, qualified.
        index: String,
        /// The process id of the building session.
        pid: i32,
    },
    /// The flush of a commit to disk was not verified.
    #[error("the server does not show that it has written to disk what was committed, so a crash could still undo it")]
    NotFlushed,
    /// Other sessions' locks were in the way of a script in every try.
    #[error("{what} could not get its locks in {tries} tries over {waited_s} s ({code}): {blockers}")]
    LockTimeout {
        /// The script's migration, or a step of ours.
        what: String,
        /// How many times it was tried.
        tries: u32,
        /// How long it was tried, in seconds.
        waited_s: u64,
        /// The last SQLSTATE.
        code: String,
        /// The sessions that were in the way, as far as the role may see them.
        blockers: String,
    },
    /// The directory cannot be read as a history (P3015, P3019).
    #[error("the migrations cannot be used: {0}")]
    HistoryInvalid(String),
    /// A migration failed earlier and was left unfinished (P3009).
    #[error("migration {migration} was started {started_at} and never finished (P3009): {evidence}. {way_out}")]
    HistoryFailed {
        /// The unfinished migration.
        migration: String,
        /// When it started, according to the ledger.
        started_at: String,
        /// The details from the ledger.
        evidence: String,
        /// How to resolve the migration.
        way_out: String,
    },
    /// The schema has tables but no ledger (P3005).
    #[error(
        "schema \"{schema}\" has {tables} table(s) but no {ledger}: it was not made by this history (P3005). {}\
         If it has the work of some of its migrations already, {}; else point to an empty schema",
        sentences(.elsewhere), wording::baseline()
    )]
    HistoryNotEmpty {
        /// The schema.
        schema: String,
        /// How many ordinary tables it holds.
        tables: i64,
        /// The ledger's table name.
        ledger: String,
        /// Other ledgers that were found, each with a way out.
        elsewhere: Vec<String>,
    },
    /// Ledger and directory disagree in a way that the tool itself, or the setting, refuses.
    #[error("the migrations and the ledger disagree: {}\n{why}. Nothing was applied", listed(.divergences))]
    HistoryDiverged {
        /// The disagreements, each with its way out.
        divergences: Vec<String>,
        /// The tool or the setting that refuses it.
        why: String,
    },
    /// The database or the history is not as it was when the plan was made. Nothing was applied after this was found.
    #[error("the plan {digest} no longer holds: {reason}. Nothing more was applied; start a new run")]
    PlanChanged {
        /// The plan's digest.
        digest: String,
        /// What differs.
        reason: String,
    },
    /// A script cannot be run safely. This was found before anything ran.
    #[error("{}", refusals(.0))]
    Refused(Vec<RefusedMigration>),
    /// A script failed in the database, and its transaction was rolled back (P3018).
    #[error("{0}")]
    MigrationFailed(Box<MigrationFailure>),
    /// A statement that cannot run in a transaction was cut off, and the database does not tell whether it finished; or
    /// a script ended the transaction that it ran in.
    #[error("migration {migration} is in doubt: {evidence}. {way_out}")]
    InDoubt {
        /// The migration.
        migration: String,
        /// What is known, with the times from the ledger.
        evidence: String,
        /// How to resolve the migration.
        way_out: String,
    },
    /// A statement reported success and did nothing, such as `IF NOT EXISTS` where another index has the name.
    #[error(
        "migration {migration} did nothing: {reason}. It is not recorded. Fix the script and start a new run (P3018)"
    )]
    NothingDone {
        /// The migration.
        migration: String,
        /// Why, with the name of the object in the way.
        reason: String,
    },
    /// The server ran more or fewer statements of a script than its text has. All of the script is applied and
    /// recorded.
    #[error(
        "migration {migration} is applied and recorded, but the server ran {ran} statement(s) of it where its text shows {planned}: \
         what was planned is not all that ran. Nothing more was applied; look at what it changed"
    )]
    RanSomethingElse {
        /// The migration.
        migration: String,
        /// How many statements the text has.
        planned: usize,
        /// How many the server ran.
        ran: usize,
    },
    /// Migrations that were applied no longer have a row in the ledger.
    #[error(
        "migrations are applied, and the ledger {ledger} has lost their finished rows: {}. A script of this run, a trigger or \
         another session removed them. Each has an open row now, so that no run applies it again before a person has looked: for \
         each of them start a run with {{\"mode\": \"resolve\", \"migration\": \"<its name>\", \"resolution\": \"applied\"}}", listed(.migrations)
    )]
    RowsGone {
        /// The ledger's name.
        ledger: String,
        /// The migrations.
        migrations: Vec<String>,
    },
    /// A setting or a field is wrong.
    #[error("{name}: {reason}")]
    Config {
        /// The setting or field.
        name: String,
        /// What is wrong, and which value would be right.
        reason: String,
    },
    /// The database answered a query of ours with an error that has no variant of its own.
    #[error("{doing} failed with SQLSTATE {code} ({condition}){message}")]
    Query {
        /// The step that was under way.
        doing: String,
        /// The SQLSTATE, or `none` for an error of the driver.
        code: String,
        /// PostgreSQL's name for it.
        condition: &'static str,
        /// The server's message if it cannot hold a row's value, with a leading ": ".
        message: String,
    },
}

/// Returns a sentence about the session that holds the migration lock after it was lost. PostgreSQL takes the lock from
/// no session that lasts.
fn now_held(holder: Option<&str>) -> String {
    match holder {
        Some(holder) => format!("another session holds the lock now, {holder}"),
        None => {
            "no session holds the lock now; a statement of this run released it (pg_advisory_unlock_all?)".to_owned()
        }
    }
}

/// One refused migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedMigration {
    /// The migration's name.
    pub migration: String,
    /// Why, with the line and the way out.
    pub refusal: crate::script::Refusal,
}

fn refusals(refused: &[RefusedMigration]) -> String {
    let refused: Vec<_> =
        refused.iter().map(|r| format!("migration {} is refused: {}", r.migration, r.refusal)).collect();
    listed(&refused)
}

/// Returns the sentences in a row, each with a trailing blank.
fn sentences(more: &[String]) -> String {
    let sentences: Vec<_> = more.iter().map(|one| format!("Moreover, {one}. ")).collect();
    sentences.concat()
}

/// Returns the first few lines, one per line, and how many more there are.
fn listed(lines: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = lines.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    if lines.len() > SHOWN {
        text = format!("{text}\nand {} more", lines.len() - SHOWN);
    }
    text
}

/// What a failed script has left, apart from what no rollback undoes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Nothing: its transaction was rolled back.
    Nothing,
    /// It ran outside of a transaction. It left these invalid indexes, and they were removed.
    Removed(Vec<String>),
    /// It ran outside of a transaction, and the catalog could not be asked what it left.
    Unknown,
}

/// A script that failed in the database: where, why, and what had been applied before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationFailure {
    /// The migration's name.
    pub migration: String,
    /// The failing statement in the script, counted from 1; `None` when the failure was at none of them.
    pub statement: Option<usize>,
    /// The line in the script, counted from 1.
    pub line: Option<usize>,
    /// The SQLSTATE.
    pub code: String,
    /// PostgreSQL's name for the SQLSTATE.
    pub condition: &'static str,
    /// The server's message and its detail, unless they can hold a row's value.
    pub message: Option<String>,
    /// The object that the server names: constraint, table, column, type.
    pub object: Option<String>,
    /// What to do, if more is known than the server says.
    pub hint: Option<String>,
    /// What is left of the script.
    pub left: Left,
    /// What no rollback undoes of the statements that ran, with the line.
    pub outlives: Vec<crate::script::Outlives>,
    /// How many migrations of the plan are applied and stay applied.
    pub applied_before: usize,
    /// How many migrations the plan has.
    pub total: usize,
}

impl fmt::Display for MigrationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "migration {} failed", self.migration)?;
        match (self.statement, self.line) {
            (Some(statement), Some(line)) => write!(f, " at statement {statement}, line {line}")?,
            (Some(statement), None) => write!(f, " at statement {statement}")?,
            (None, Some(line)) => write!(f, " at line {line}")?,
            (None, None) => {}
        }
        write!(f, " with SQLSTATE {} ({})", self.code, self.condition)?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(object) = &self.object {
            write!(f, " [{object}]")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, ". {hint}")?;
        }
        match &self.left {
            Left::Nothing => f.write_str(". Its transaction was rolled back")?,
            Left::Removed(indexes) if indexes.is_empty() => {
                f.write_str(". It ran outside of a transaction, and left no invalid index")?;
            }
            Left::Removed(indexes) => write!(
                f,
                ". It ran outside of a transaction, and what it left was removed: the invalid index {}",
                indexes.join(", ")
            )?,
            Left::Unknown => f.write_str(". It ran outside of a transaction: look for what it left")?,
        }
        for outlives in &self.outlives {
            write!(f, ". No rollback undoes {} (line {}): it stays", outlives.what, outlives.line)?;
        }
        let way_out = if sqlstate::is_not_the_scripts(&self.code) { "Then start" } else { "Fix the script and start" };
        write!(
            f,
            "; {} of {} planned migration(s) are applied and stay. {way_out} a new run (P3018)",
            self.applied_before, self.total
        )
    }
}
