//! The command line. Help, completions and manual pages are made from it.

mod bundles;
mod setup;
pub(crate) mod stack;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use engine::session::TableName;
use report::Verdict;

use crate::exit::Exit;
pub(crate) use bundles::{
    Bucket, BundleAction, BundleArguments, ListArguments, MakeArguments, PushArguments, ShowBundleArguments,
};
pub(crate) use setup::{DeployArguments, InitArguments};
use stack::{
    DecideArguments, GithubArguments, LogsArguments, RunArguments, RunsArguments, ShowArguments, StopArguments,
    VerifyArguments,
};

/// Database migrations for PostgreSQL, applied from a plan that a person has read.
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, after_long_help = Exit::table(), max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Write JSON for a program instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report what each pending statement does, to whom, and for how long
    #[command(after_help = "Examples:
  lockstep report                                  what the text alone tells
  lockstep report --database-url postgres://...    what the database tells too
  lockstep report --since origin/main --format github --fail-on danger")]
    Report(ReportArguments),
    /// Show what is applied and what is pending
    #[command(after_help = "Example:
  lockstep status prisma/migrations --database-url postgres://...")]
    Status(Direct),
    /// Show what an apply would do, and the plan's digest
    #[command(after_help = "Example:
  lockstep plan --up-to 20260101120000_add_orders")]
    Plan(PlanArguments),
    /// Apply the pending migrations
    #[command(after_help = "Examples:
  lockstep apply                        asks before it writes
  lockstep apply --yes                  in a job, on a database that no plan was read for
  lockstep apply --digest DIGEST       applies the plan that was read, and no other")]
    Apply(ApplyArguments),
    /// Declare what became of a migration that was left unfinished
    #[command(after_help = "Example:
  lockstep resolve 20260101120000_add_orders --rolled-back")]
    Resolve(ResolveArguments),
    /// Record the migrations that a database has already, without running them
    #[command(after_help = "Example:
  lockstep baseline --up-to 20260101120000_add_orders")]
    Baseline(BaselineArguments),
    /// Find the settings of an environment in AWS, and write them into samconfig.toml
    #[command(after_help = "Examples:
  lockstep init dev --instance app-db          explains each value, and asks before it writes
  lockstep init dev --instance app-db --json   for a program; writes nothing without --yes
  lockstep init dev --policy                   the rights that it needs, which only read")]
    Init(InitArguments),
    /// Build and deploy the stack of an environment
    #[command(after_help = "Examples:
  lockstep deploy dev
  lockstep deploy dev --no-build               what was built last
  lockstep deploy dev --from dist              a release, which needs no toolchain")]
    Deploy(DeployArguments),
    /// Make bundles of migrations, and put them into a stack's bucket, for runs on them
    Bundle(BundleArguments),
    /// Start a run of a stack and follow it to its end
    #[command(after_help = "Examples:
  lockstep run dev --mode plan          what is pending and what it will do; writes nothing
  lockstep run prod --reason 'release 7'
  lockstep run prod --migrations prisma/migrations      ships them as a bundle, and runs on it
  lockstep run prod --follow apply-20260101T120000Z-3f9a01 --ask     shows the plan, and takes your decision")]
    Run(RunArguments),
    /// List the recent runs of a stack, the newest first
    #[command(after_help = "Example:
  lockstep runs prod --limit 5")]
    Runs(RunsArguments),
    /// Show one run: who asked, what was planned, who decided, what ran, how it ended
    #[command(
        override_usage = "lockstep show [OPTIONS] [ENV] <EXECUTION>",
        after_help = "Examples:
  lockstep show prod apply-20260101T120000Z-3f9a01
  lockstep show arn:aws:states:... --open        the report, in a browser"
    )]
    Show(ShowArguments),
    /// Approve a run that waits for it, as the owner of your AWS credentials
    #[command(
        override_usage = "lockstep approve [OPTIONS] --digest <DIGEST> --reason <REASON> [ENV] <EXECUTION>",
        after_help = "Example:
  lockstep approve prod apply-20260101T120000Z-3f9a01 --digest DIGEST --reason 'read the report'"
    )]
    Approve(DecideArguments),
    /// Reject a run that waits for approval, as the owner of your AWS credentials
    #[command(
        override_usage = "lockstep reject [OPTIONS] --digest <DIGEST> --reason <REASON> [ENV] <EXECUTION>",
        after_help = "Example:
  lockstep reject prod apply-20260101T120000Z-3f9a01 --digest DIGEST --reason 'locks orders in daytime'"
    )]
    Reject(DecideArguments),
    /// Stop a run; what is being applied goes on to its end
    #[command(
        override_usage = "lockstep stop [OPTIONS] [ENV] <EXECUTION>",
        after_help = "Example:
  lockstep stop dev apply-20260101T120000Z-3f9a01"
    )]
    Stop(StopArguments),
    /// Show the logs of a stack's functions, the oldest line first
    #[command(after_help = "Examples:
  lockstep logs dev --follow
  lockstep logs prod --step apply --minutes 10")]
    Logs(LogsArguments),
    /// Ask AWS about a deployed stack what only an account can tell; changes nothing
    #[command(after_help = "Example:
  lockstep verify dev")]
    Verify(VerifyArguments),
    /// The jobs of a workflow of GitHub Actions that migrates: start, decide, clean-up
    #[command(after_help = "Example:
  lockstep github start prod --mode apply --up-to all")]
    Github(GithubArguments),
    /// Write the completions of a shell
    #[command(after_help = "Example:
  lockstep completions bash > ~/.local/share/bash-completion/completions/lockstep")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory
    #[command(after_help = "Example:
  lockstep man ~/.local/share/man/man1")]
    Man {
        /// The directory
        directory: PathBuf,
    },
}

/// The database, and how to work on it.
#[derive(Debug, Args)]
pub(crate) struct DatabaseArguments {
    /// The database, as `postgresql://user@host:5432/database`. Without it, PGHOST, PGPORT, PGUSER and PGDATABASE name it
    ///
    /// A password belongs into PGPASSWORD or ~/.pgpass: the list of processes shows a command line to other users.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// The schema of the ledger and of names without a schema; the URL's `schema` otherwise, or public
    #[arg(long, value_name = "NAME", value_parser = crate::values::not_empty)]
    pub(crate) schema: Option<String>,
    /// sqlx's ledger
    #[arg(long, value_name = "NAME", default_value = "_sqlx_migrations")]
    pub(crate) sqlx_table: TableName,
    /// How long a statement waits for a table lock, in milliseconds
    #[arg(long, value_name = "MS", default_value = "500", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) lock_timeout_ms: u32,
    /// Refuse where ledger and directory disagree in a way that the tool itself accepts
    #[arg(long)]
    pub(crate) strict: bool,
}

/// A directory, and the database that it is for.
#[derive(Debug, Args)]
pub(crate) struct Direct {
    /// The directory of the migrations: prisma/migrations or migrations, if there is one of them here
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// The database.
    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// The arguments of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Where the migrations are, and the database.
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// Read the text alone, even if a database is named
    #[arg(long)]
    pub(crate) text_alone: bool,
    /// Report only the migrations that were added since the branch left this commit; reads the text alone
    #[arg(long, value_name = "GIT-REF")]
    pub(crate) since: Option<String>,
    /// The last migration to report on
    #[arg(long, value_name = "MIGRATION", value_parser = crate::values::not_empty)]
    pub(crate) up_to: Option<String>,
    /// The form of the report; text by default
    #[arg(long, value_enum)]
    pub(crate) format: Option<ReportForm>,
    /// Exit with status 8 if the verdict is this one, or a worse one
    #[arg(long, value_enum, value_name = "VERDICT")]
    pub(crate) fail_on: Option<FailOn>,
    /// Open the report in a browser
    #[arg(long)]
    pub(crate) open: bool,
    /// Put the report on the pull request of this job of GitHub Actions: one comment, updated by each push. Needs `gh` and
    /// its token
    #[arg(long)]
    pub(crate) comment: bool,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportForm {
    /// For a terminal.
    Text,
    /// For a pull request or a job's summary.
    Markdown,
    /// A page that needs nothing else.
    Html,
    /// For a program: the whole report.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// Annotations at file and line, for a job of GitHub Actions.
    Github,
}

/// The verdict from which on a report fails a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Caution and danger.
    Caution,
    /// Danger alone.
    Danger,
}

impl FailOn {
    /// Whether a report with this verdict fails the command.
    pub(crate) fn is_met(self, verdict: Verdict) -> bool {
        match self {
            Self::Caution => verdict >= Verdict::Caution,
            Self::Danger => verdict >= Verdict::Danger,
        }
    }
}

/// The arguments of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// Where the migrations are, and the database.
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// The last migration to plan
    #[arg(long, value_name = "MIGRATION", value_parser = crate::values::not_empty)]
    pub(crate) up_to: Option<String>,
}

/// The arguments of `apply`.
#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    /// Where the migrations are, and the database.
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// The last migration to apply
    #[arg(long, value_name = "MIGRATION", value_parser = crate::values::not_empty)]
    pub(crate) up_to: Option<String>,
    /// How it is approved.
    #[command(flatten)]
    pub(crate) approval: Approval,
}

/// How a person, or a job, approves what is to be written.
#[derive(Debug, Args)]
pub(crate) struct Approval {
    /// Write without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Write only if the plan has this digest, as `lockstep plan` shows it
    #[arg(long, value_name = "DIGEST", value_parser = crate::values::not_empty)]
    pub(crate) digest: Option<String>,
}

/// The arguments of `resolve`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("resolution").required(true)))]
pub(crate) struct ResolveArguments {
    /// The migration
    #[arg(value_parser = crate::values::not_empty)]
    pub(crate) migration: String,
    /// All of it is in the database
    #[arg(long, group = "resolution")]
    pub(crate) applied: bool,
    /// Nothing of it is in the database, so it may run again
    #[arg(long, group = "resolution")]
    pub(crate) rolled_back: bool,
    /// Where the migrations are, and the database.
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// How it is approved.
    #[command(flatten)]
    pub(crate) approval: Approval,
}

/// The arguments of `baseline`.
#[derive(Debug, Args)]
pub(crate) struct BaselineArguments {
    /// The last migration that the database has
    #[arg(long, value_name = "MIGRATION", value_parser = crate::values::not_empty)]
    pub(crate) up_to: String,
    /// Where the migrations are, and the database.
    #[command(flatten)]
    pub(crate) direct: Direct,
    /// How it is approved.
    #[command(flatten)]
    pub(crate) approval: Approval,
}
