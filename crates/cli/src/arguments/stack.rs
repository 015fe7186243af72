//! The command lines that work on a deployed stack.

use std::path::PathBuf;
use std::str::FromStr;

use bundle::Digest;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};

use super::{Bucket, FailOn};
use crate::problem::Problem;
use crate::target::{Environment, Where};
use crate::values::{execution, not_empty, path};

/// The arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The environment
    #[arg(value_enum, value_name = "ENV")]
    pub(crate) environment: Environment,
    /// What is asked for.
    #[command(flatten)]
    pub(crate) new: NewRun,
    /// Make the bundle of this directory, put it into the stack's bucket, and run on it
    #[arg(long, value_name = "DIR", value_parser = path, conflicts_with = "bundle")]
    pub(crate) migrations: Option<PathBuf>,
    /// The bucket.
    #[command(flatten)]
    pub(crate) bucket: Bucket,
    /// Follow this run instead of starting one: its name or its ARN
    #[arg(long, value_name = "EXECUTION", value_parser = execution, conflicts_with_all = [
        "mode", "up_to", "migration", "resolution", "reason", "requested_by", "commit", "require_approval", "input", "bundle",
        "plan_only", "migrations", "bucket",
    ])]
    pub(crate) follow: Option<String>,
    /// When the run waits for approval, ask for the decision here: yours, as the owner of your AWS credentials
    #[arg(long)]
    pub(crate) ask: bool,
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) place: Where,
}

/// What a new run is asked to do.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NewRun {
    /// What the run does; apply, if it is not given
    #[arg(long, value_enum)]
    pub(crate) mode: Option<Mode>,
    /// Start it on the machine that can only plan, for a caller who may start no other
    #[arg(long, conflicts_with_all = ["mode", "migration", "resolution", "require_approval"])]
    pub(crate) plan_only: bool,
    /// The bundle that has the migrations; those of the stack's layer, if it is not given
    #[arg(long, value_name = "DIGEST")]
    pub(crate) bundle: Option<Digest>,
    /// The last migration to apply, or that a baseline records
    #[arg(long, value_name = "MIGRATION", value_parser = not_empty)]
    pub(crate) up_to: Option<String>,
    /// With --mode resolve: which one
    #[arg(long, value_name = "MIGRATION", value_parser = not_empty)]
    pub(crate) migration: Option<String>,
    /// With --mode resolve: all of it is in the database, or nothing of it
    #[arg(long, value_enum)]
    pub(crate) resolution: Option<Resolution>,
    /// The reason, for the record
    #[arg(long, value_parser = not_empty)]
    pub(crate) reason: Option<String>,
    /// Who asks for the run, if not you; another person has to approve it
    #[arg(long, value_name = "NAME", value_parser = not_empty)]
    pub(crate) requested_by: Option<String>,
    /// The released commit, for the record
    #[arg(long, value_parser = not_empty)]
    pub(crate) commit: Option<String>,
    /// Ask for an approval even if none is needed
    #[arg(long)]
    pub(crate) require_approval: bool,
    /// The execution's input; the options above are added to it
    #[arg(long, value_name = "JSON")]
    pub(crate) input: Option<Json>,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Plan and apply; a person approves first, where that is needed
    Apply,
    /// Plan and report; writes nothing
    Plan,
    /// Declare how a migration ended; another person has to approve it
    Resolve,
    /// Record what the database has already; another person has to approve it
    Baseline,
}

impl Mode {
    /// Returns the word in the input.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Plan => "plan",
            Self::Resolve => "resolve",
            Self::Baseline => "baseline",
        }
    }
}

/// What became of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Resolution {
    /// All of it is in the database
    Applied,
    /// Nothing of it is in the database
    #[value(alias = "rolledBack")]
    RolledBack,
}

impl Resolution {
    /// Returns the word in the input.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::RolledBack => "rolledBack",
        }
    }
}

/// A JSON object.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Json(pub Map<String, Value>);

impl FromStr for Json {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "give a JSON object, such as '{\"mode\": \"plan\"}'";
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(example.to_owned()),
            Err(error) => Err(format!("{example} ({error})")),
        }
    }
}

/// The arguments of `stop`.
#[derive(Debug, Args)]
pub(crate) struct StopArguments {
    /// Which run.
    #[command(flatten)]
    pub(crate) one: One,
}

/// One run of a stack.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// The environment, which is not needed with an ARN, and the run: the execution's name or its ARN
    #[arg(value_names = ["ENV", "EXECUTION"], num_args = 1..=2, required = true, value_parser = execution)]
    pub(crate) names: Vec<String>,
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) place: Where,
}

impl One {
    /// Returns the environment, if it is named, and the execution.
    ///
    /// # Errors
    ///
    /// When there is no such environment, or a name too many.
    pub(crate) fn named(&self) -> Result<(Option<Environment>, &str), Problem> {
        match &self.names[..] {
            [execution] => Ok((None, execution)),
            [word, execution] => match Environment::from_str(word, false) {
                Ok(environment) => Ok((Some(environment), execution)),
                Err(_) => Err(Problem::usage(format!("there is no environment {word}: give dev, qa, prod or local"))),
            },
            _ => Err(Problem::usage("name the environment and one execution")),
        }
    }
}

/// The arguments of `runs`.
#[derive(Debug, Args)]
pub(crate) struct RunsArguments {
    /// The environment
    #[arg(value_enum, value_name = "ENV")]
    pub(crate) environment: Environment,
    /// How many
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) limit: u32,
    /// The runs of the machine that can only plan
    #[arg(long)]
    pub(crate) plan_only: bool,
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) place: Where,
}

/// The arguments of `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Which run.
    #[command(flatten)]
    pub(crate) one: One,
    /// Open the report in a browser
    #[arg(long, conflicts_with = "report")]
    pub(crate) open: bool,
    /// Show the report: as Markdown, or with --json as JSON
    #[arg(long)]
    pub(crate) report: bool,
}

/// The arguments of `approve` and `reject`.
#[derive(Debug, Args)]
pub(crate) struct DecideArguments {
    /// Which run.
    #[command(flatten)]
    pub(crate) one: One,
    /// The digest of the plan that you read
    #[arg(long, value_name = "DIGEST", value_parser = not_empty)]
    pub(crate) digest: String,
    /// The reason, for the record and the mail
    #[arg(long, value_parser = not_empty)]
    pub(crate) reason: String,
    /// The person who decided, if you only pass the decision on; the record names both
    #[arg(long, value_name = "NAME", value_parser = not_empty)]
    pub(crate) on_behalf_of: Option<String>,
}

/// The arguments of `logs`.
#[derive(Debug, Args)]
pub(crate) struct LogsArguments {
    /// The environment
    #[arg(value_enum, value_name = "ENV")]
    pub(crate) environment: Environment,
    /// Go on until Ctrl-C
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// One function only
    #[arg(long, value_enum)]
    pub(crate) step: Option<Step>,
    /// How far back to begin
    #[arg(long, default_value = "60", value_parser = positive)]
    pub(crate) minutes: f64,
    /// Also Lambda's own lines and the metrics
    #[arg(long)]
    pub(crate) all: bool,
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) place: Where,
}

/// The arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The environment
    #[arg(value_enum, value_name = "ENV")]
    pub(crate) environment: Deployed,
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) place: Where,
}

/// The value of `github start --up-to` that leaves nothing out. An empty value would be a variable that is not set.
pub(crate) const ALL: &str = "all";

/// The arguments of `github`.
#[derive(Debug, Args)]
pub(crate) struct GithubArguments {
    /// The job.
    #[command(subcommand)]
    pub(crate) job: GithubJob,
}

/// A job of the workflow. The rest comes from GitHub's variables.
#[derive(Debug, Subcommand)]
pub(crate) enum GithubJob {
    /// Plan a pull request's migrations on the stack's database, and report where the code is reviewed
    Plan(GithubPlan),
    /// Start the execution, and follow it until it ends or waits for approval
    Start(GithubStart),
    /// Approve in the reviewer's name, and follow the execution to its end
    Decide(GithubLater),
    /// Reject the execution if it still waits
    CleanUp(GithubLater),
}

impl GithubJob {
    /// Returns what all jobs have.
    pub(crate) const fn common(&self) -> &GithubCommon {
        match self {
            Self::Plan(given) => &given.common,
            Self::Start(given) => &given.common,
            Self::Decide(later) | Self::CleanUp(later) => &later.common,
        }
    }

    /// Returns what a job has that works on an execution which an earlier job has started.
    pub(crate) const fn later(&self) -> Option<&GithubLater> {
        match self {
            Self::Plan(_) | Self::Start(_) => None,
            Self::Decide(later) | Self::CleanUp(later) => Some(later),
        }
    }
}

/// What all jobs have.
#[derive(Debug, Args)]
pub(crate) struct GithubCommon {
    /// The environment
    #[arg(value_enum, value_name = "ENV")]
    pub(crate) environment: Deployed,
    // It may be empty: a repository's variable that is not set.
    /// The template's parameter Project
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub(crate) project: String,
}

/// The arguments of `github plan`.
#[derive(Debug, Args)]
pub(crate) struct GithubPlan {
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) common: GithubCommon,
    /// The directory of the migrations: prisma/migrations or migrations, if there is one of them here
    #[arg(long, value_name = "DIR", default_value = "", hide_default_value = true)]
    pub(crate) migrations: String,
    /// The last migration to plan; all sets no bound
    #[arg(long, value_name = "MIGRATION", default_value = ALL, value_parser = not_empty)]
    pub(crate) up_to: String,
    /// Exit with status 8 if the verdict is this one, or a worse one
    #[arg(long, value_enum, value_name = "VERDICT")]
    pub(crate) fail_on: Option<FailOn>,
    /// Put the report on the pull request: one comment, updated by each push. Needs `gh` and its token
    #[arg(long)]
    pub(crate) comment: bool,
}

/// The arguments of `github start`.
#[derive(Debug, Args)]
pub(crate) struct GithubStart {
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) common: GithubCommon,
    /// Make the bundle of this directory, put it into the stack's bucket, and run on it. Empty is prisma/migrations or
    /// migrations, whichever there is
    #[arg(long, value_name = "DIR")]
    pub(crate) migrations: Option<String>,
    /// What the run does; apply, if it is not given
    #[arg(long, value_enum)]
    pub(crate) mode: Option<GithubMode>,
    /// The last migration to apply; all sets no bound
    #[arg(long, value_name = "MIGRATION", default_value = ALL, value_parser = not_empty)]
    pub(crate) up_to: String,
    // It may be empty: a form's field.
    /// The reason, for the record
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) reason: String,
}

/// The arguments of the later jobs.
#[derive(Debug, Args)]
pub(crate) struct GithubLater {
    /// Where the stack is.
    #[command(flatten)]
    pub(crate) common: GithubCommon,
    /// The directory that `start` was given, to point at the line of a failed script
    #[arg(long, value_name = "DIR")]
    pub(crate) migrations: Option<String>,
    // These may be empty: outputs that were not handed over.
    /// The execution's name, where `start` could hand it over
    #[arg(long, value_name = "EXECUTION", default_value = "", hide_default_value = true)]
    pub(crate) execution: String,
    /// The reviews before the gate, as `start` noted them
    #[arg(long, value_name = "DIGESTS", default_value = "", hide_default_value = true)]
    pub(crate) reviews: String,
}

/// An environment on AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deployed {
    /// Development
    Dev,
    /// Test
    Qa,
    /// Production
    Prod,
}

impl From<Deployed> for Environment {
    fn from(deployed: Deployed) -> Self {
        match deployed {
            Deployed::Dev => Self::Dev,
            Deployed::Qa => Self::Qa,
            Deployed::Prod => Self::Prod,
        }
    }
}

/// What a run of a workflow does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GithubMode {
    /// Plan and apply; a person approves first, where that is needed
    Apply,
    /// Plan and report; writes nothing
    Plan,
}

impl GithubMode {
    /// Returns the word in the input.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Plan => "plan",
        }
    }
}

/// A step that has a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// Checks that the database can be used
    Preflight,
    /// Makes the plan
    Plan,
    /// Applies it
    Apply,
    /// Takes decisions
    Approve,
    /// Sends the mails
    Notify,
}

impl Step {
    /// Every step.
    pub(crate) const ALL: [Self; 5] = [Self::Preflight, Self::Plan, Self::Apply, Self::Approve, Self::Notify];

    /// Returns the step's name, the end of the function's.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Approve => "approve",
            Self::Notify => "notify",
        }
    }
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && number.is_finite());
    number.ok_or_else(|| "give a number above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::arguments::{Arguments, Command};
    use crate::target::Environment;

    const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn read(line: &[&str]) -> Result<Command, String> {
        let words = std::iter::once("lockstep").chain(line.iter().copied());
        Arguments::try_parse_from(words).map(|read| read.command).map_err(|error| error.to_string())
    }

    #[test]
    fn an_arn_needs_no_environment() {
        let one = |line: &[&str]| match read(line).unwrap() {
            Command::Show(show) => {
                show.one.named().map(|(environment, execution)| (environment, execution.to_owned())).unwrap()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(one(&["show", "prod", "run-1"]), (Some(Environment::Prod), "run-1".to_owned()));
        assert_eq!(one(&["show", "arn:x"]), (None, "arn:x".to_owned()));
        // Options can be anywhere.
        assert_eq!(one(&["show", "prod", "--project", "p", "run-1"]), (Some(Environment::Prod), "run-1".to_owned()));
        for command in ["stop", "approve", "reject"] {
            let more = if command == "stop" { &[][..] } else { &["--digest", "d", "--reason", "r"] };
            assert!(read(&[&[command, "run-1"], more].concat()).is_ok(), "{command}");
            assert!(read(&[&[command, "prod", "run-1"], more].concat()).is_ok(), "{command}");
        }
    }

    /// An empty option comes from a variable that is not set: `--up-to "$LAST"` would apply everything.
    #[test]
    fn an_empty_option_is_refused() {
        let decision = ["approve", "prod", "run-1", "--digest", "d", "--reason", "r"];
        for (line, options) in [
            (
                &["run", "prod"][..],
                &[
                    "up-to",
                    "migration",
                    "resolution",
                    "mode",
                    "reason",
                    "requested-by",
                    "commit",
                    "input",
                    "follow",
                    "bundle",
                    "migrations",
                    "bucket",
                    "project",
                    "region",
                    "profile",
                ][..],
            ),
            (&["approve", "prod", "run-1", "--reason", "r"], &["digest"]),
            (&["approve", "prod", "run-1", "--digest", "d"], &["reason"]),
            (&decision, &["on-behalf-of"]),
            (&["show", "prod", "run-1"], &["project"]),
            (&["runs", "prod"], &["limit"]),
            (&["logs", "prod"], &["minutes", "step"]),
            (&["github", "start", "prod"], &["up-to", "mode"]),
        ] {
            for name in options {
                for empty in ["", " "] {
                    let refused = read(&[line, &[&format!("--{name}={empty}")]].concat()).unwrap_err();
                    assert!(refused.contains(&format!("--{name}")), "{refused}");
                }
            }
        }
        for line in [
            &["run", ""][..],
            &["show", "prod", ""],
            &["show", ""],
            &["stop", "", "run-1"],
            &["runs", ""],
            &["logs", ""],
        ] {
            assert!(read(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn an_unknown_place_is_refused() {
        for line in [&["run", "staging"], &["runs", "staging"], &["logs", "staging"]] {
            assert!(read(line).unwrap_err().contains("[possible values: dev, qa, prod, local]"), "{line:?}");
        }
        let Command::Show(show) = read(&["show", "staging", "run-1"]).unwrap() else { panic!() };
        assert!(show.one.named().unwrap_err().message.contains("no environment staging: give dev, qa, prod or local"));
        assert!(read(&["show", "prod", "run-1", "run-2"]).is_err());
    }

    #[test]
    fn what_a_workflow_may_leave_empty_is_taken() {
        let line = ["github", "decide", "prod", "--project=", "--execution=", "--reviews="];
        assert!(
            read(&line).is_ok() && read(&["github", "start", "prod", "--project=", "--reason=", "--up-to=all"]).is_ok()
        );
        for line in [&["github", "start", "local"][..], &["verify", "local"]] {
            assert!(read(line).unwrap_err().contains("[possible values: dev, qa, prod]"), "{line:?}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_form_is_refused() {
        for (line, said) in [
            (&["run", "dev", "--input", "[]"][..], "give a JSON object"),
            (&["run", "dev", "--input", "{bad"], "give a JSON object"),
            (&["logs", "dev", "--minutes=0"], "give a number above 0"),
            (&["logs", "dev", "--minutes=nan"], "give a number above 0"),
            (&["logs", "dev", "--minutes=inf"], "give a number above 0"),
            (&["runs", "dev", "--limit=0"], "not in 1..=1000"),
            (&["runs", "dev", "--limit=x"], "invalid digit"),
            (&["run", "dev", "--follow", "a", "--mode", "plan"], "cannot be used with"),
            (&["run", "dev", "--follow", "a", "--bundle", DIGEST], "cannot be used with"),
            (&["run", "dev", "--follow", "a", "--migrations", "x"], "cannot be used with"),
            (&["run", "dev", "--follow", "a", "--plan-only"], "cannot be used with"),
            (&["run", "dev", "--migrations", "x", "--bundle", DIGEST], "cannot be used with"),
            (&["run", "dev", "--plan-only", "--mode", "apply"], "cannot be used with"),
            (&["run", "dev", "--bundle", &DIGEST.to_uppercase()], "is 64 hexadecimal digits in lower case"),
            (&["run", "dev", "--bundle", "DIGEST.zip"], "is 64 hexadecimal digits in lower case"),
            (&["show", "dev", "a", "--open", "--report"], "cannot be used with"),
        ] {
            let refused = read(line).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
    }
}
