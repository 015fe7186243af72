//! The commands on a database that can be reached without AWS: the same engine, ledgers and locks as in the stack.

pub(crate) mod apply;
pub(crate) mod baseline;
pub(crate) mod plan;
pub(crate) mod resolve;
mod retry;
pub(crate) mod status;
pub(crate) mod stop;

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::Error;
use engine::attempt::Attempt;
use engine::history::History;
use engine::plan::OnDivergence;
use engine::session::{Session, Target};
use jiff::Timestamp;

use crate::address::{self, Address};
use crate::arguments::{Approval, DatabaseArguments, Direct};
use crate::directory;
use crate::engine_error::problem;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The server's name outside of SQL: it has none here.
pub(crate) const INSTANCE: &str = "";

/// A directory of migrations, and the database that it is for.
pub(crate) struct Job {
    /// The directory.
    pub(crate) directory: PathBuf,
    /// Its migrations.
    pub(crate) history: History,
    /// How to reach the database.
    pub(crate) target: Target,
    /// What to do where ledger and directory disagree.
    pub(crate) divergence: OnDivergence,
    /// The run's name, the same in each attempt.
    pub(crate) run: String,
}

impl Job {
    /// Reads the directory, and finds the database.
    ///
    /// # Errors
    ///
    /// When the directory cannot be used, or no database is named.
    pub(crate) fn find(direct: &Direct) -> Result<Self, Problem> {
        let directory = directory::find(direct.directory.clone(), Path::new("."))?;
        let history = directory::read(&directory)?;
        let address = address::find(direct.database.database_url.as_deref())?.ok_or_else(no_database)?;
        Ok(Self::new(directory, history, address, &direct.database))
    }

    /// Returns the work on a database.
    pub(crate) fn new(directory: PathBuf, history: History, address: Address, arguments: &DatabaseArguments) -> Self {
        let run = format!("lockstep-{}-{:08x}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), fastrand::u32(..));
        let target = Target {
            host: address.host,
            port: address.port,
            user: address.user,
            password: address.password,
            database: address.database,
            schema: arguments.schema.clone().or(address.schema).unwrap_or_else(|| "public".to_owned()),
            tool: history.format,
            sqlx_table: arguments.sqlx_table.clone(),
            tls: address.tls,
            application_name: run.clone(),
            lock_timeout: Duration::from_millis(arguments.lock_timeout_ms.into()),
            connect_timeout: CONNECT_TIMEOUT,
        };
        let divergence = if arguments.strict { OnDivergence::Strict } else { OnDivergence::AsTool };
        Self { directory, history, target, divergence, run }
    }

    /// Opens a session.
    ///
    /// # Errors
    ///
    /// The connection's, by cause.
    pub(crate) async fn session(&self) -> Result<Session, Problem> {
        Session::open(&self.target).await.map_err(|error| self.problem(error))
    }

    /// Returns one attempt of the run.
    pub(crate) fn attempt(&self) -> Attempt<'_> {
        Attempt { target: &self.target, instance: INSTANCE, history: &self.history, run: &self.run }
    }

    /// Returns an error of the engine's as a problem.
    pub(crate) fn problem(&self, error: Error) -> Problem {
        problem(error, &self.directory)
    }

    /// Returns where the database is, for people.
    pub(crate) fn place(&self) -> String {
        let Target { database, host, port, .. } = &self.target;
        format!("{database} on {}", endpoint(host, *port))
    }
}

/// Returns a server's host and port, for people.
pub(crate) fn endpoint(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn no_database() -> Problem {
    Problem::usage(
        "no database is named: give --database-url, or set DATABASE_URL, or PGHOST, PGUSER and PGDATABASE as for psql",
    )
}

/// Has a person approve what is to be written; `question` says what it is. Returns whether it is approved.
///
/// # Errors
///
/// When the digest is another one, and where no person can be asked.
pub(crate) fn approved(
    screen: &mut Screen,
    approval: &Approval,
    digest: &str,
    question: &str,
) -> Result<bool, Problem> {
    if let Some(wanted) = &approval.digest {
        // The start of a digest could be that of another plan.
        if wanted != digest {
            return Err(Problem {
                name: Some(shared::FailureName::PlanChanged),
                ..Problem::failed(format!(
                    "the plan's digest is {digest} now, and not the one of --digest: the database, the directory or --up-to is \
                     another one. Read the plan again"
                ))
            });
        }
        return Ok(true);
    }
    if approval.yes {
        return Ok(true);
    }
    match screen.ask(&format!("{question} [y/N]")) {
        None => {
            Err(Problem::usage("there is no terminal to ask at: give --digest with the digest of the plan, or --yes"))
        }
        Some(answer) => Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes")),
    }
}

/// Writes what is to be approved: to the output and, for a person who is asked, to the terminal.
pub(crate) fn show_first(screen: &mut Screen, approval: &Approval, as_json: bool, show: impl Fn(&mut Screen)) {
    if !as_json {
        show(screen);
    }
    let is_asked = approval.digest.is_none() && !approval.yes;
    if is_asked && (as_json || !screen.is_seen()) {
        show(&mut Screen::of_errors());
    }
}

/// Says that nothing was written, since no person approved it.
pub(crate) fn not_approved(screen: &mut Screen, as_json: bool) -> Exit {
    if as_json {
        screen.raw(&format!("{:#}\n", serde_json::json!({ "approved": false })));
    } else {
        screen.styled(Look::Warning, "Nothing was written");
    }
    Exit::Rejected
}
