//! The stack that a command works on.
//!
//! `dev`, `qa` and `prod` are stacks in the AWS account of the caller's credentials. `local` is the stack that `make up`
//! keeps running on this machine. An execution's ARN says Region, project and environment itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::aws::endpoint::partition;
use crate::aws::error::RIGHTS;
use crate::aws::{Aws, ENDPOINTS, Error, LOCAL_ACCOUNT, Place};
use crate::problem::Problem;
use crate::samconfig;
use crate::words::quoted;

/// The project of a stack whose settings name none.
pub(crate) const DEFAULT_PROJECT: &str = "lockstep";

/// The directory of the local stack, in the project's root.
const LOCAL: &str = ".local/stack";

/// An environment, as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Environment {
    /// Development.
    Dev,
    /// Test.
    Qa,
    /// Production.
    Prod,
    /// The stack on this machine.
    Local,
}

impl Environment {
    /// Returns the word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Qa => "qa",
            Self::Prod => "prod",
            Self::Local => "local",
        }
    }
}

/// What else says which stack is meant.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Where {
    /// The template's parameter Project; an execution's ARN says it itself
    #[arg(long, value_name = "NAME", value_parser = crate::values::project)]
    pub(crate) project: Option<String>,
    /// The AWS Region; otherwise that of the environment, of samconfig.toml, or of the profile
    #[arg(long, value_name = "REGION", value_parser = crate::values::not_empty)]
    pub(crate) region: Option<String>,
    /// The AWS profile; otherwise that of the environment or of samconfig.toml
    #[arg(long, value_name = "NAME", value_parser = crate::values::not_empty)]
    pub(crate) profile: Option<String>,
}

/// A state machine of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    /// The one that migrates.
    Migrations,
    /// The one that can only plan.
    PlanOnly,
}

impl Machine {
    /// Returns the one that can only plan, if that is wanted.
    pub(crate) const fn of(plan_only: bool) -> Self {
        if plan_only { Self::PlanOnly } else { Self::Migrations }
    }

    /// Returns what its name has behind the stack's.
    const fn ending(self) -> &'static str {
        match self {
            Self::Migrations => "",
            Self::PlanOnly => "-plan",
        }
    }
}

/// A deployed stack.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The environment's word, as a printed command needs it.
    pub(crate) word: &'static str,
    /// The stack's name.
    pub(crate) stack: String,
    /// The account that it is in.
    pub(crate) aws: Aws,
    /// The options that said where it is, as a printed command repeats them.
    said: String,
}

impl Target {
    /// Finds the stack. An execution's ARN contains the project, and also the environment if none is named.
    ///
    /// # Errors
    ///
    /// When the arguments name no stack, or there are no credentials.
    pub(crate) async fn find(
        environment: Option<Environment>,
        place: &Where,
        execution: Option<&str>,
    ) -> Result<Self, Problem> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let here = std::env::current_dir().unwrap_or_default();
        let wanted = Wanted::of(environment, place.project.as_deref(), execution)?;
        if wanted.environment == Environment::Local || (wanted.is_local && variable("AWS_ENDPOINT_URL").is_none()) {
            let named = variable("LOCKSTEP_LOCAL").map(PathBuf::from);
            let state = named.or_else(|| state_above(&here)).unwrap_or_else(|| LOCAL.into());
            return Self::local(&state, place.project.as_deref(), wanted.of_execution.as_deref());
        }
        let word = wanted.environment.word();
        // An endpoint in the environment is an emulator's: the settings are those of the stacks on AWS.
        let is_redirected =
            std::env::vars_os().any(|(name, _)| name.to_str().is_some_and(|name| name.starts_with(ENDPOINTS)));
        let settings = match samconfig::find(&here).filter(|_| !is_redirected) {
            Some(file) => samconfig::place(&file, word, &wanted.stack, |name| variable(name).is_some())?,
            None => Place::default(),
        };
        // The SDK reads only AWS_REGION and AWS_PROFILE, other tools also read the older names.
        let region = place.region.clone().or(wanted.region);
        let said = said(region.as_deref(), place.profile.as_deref());
        let region =
            region.or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION")).or(settings.region);
        let profile = place.profile.clone().or(settings.profile);
        let profile = profile.or_else(|| {
            // Keys in the environment come before it, as they do for the AWS CLI.
            let is_open = variable("AWS_PROFILE").is_none() && variable("AWS_ACCESS_KEY_ID").is_none();
            variable("AWS_DEFAULT_PROFILE").filter(|_| is_open)
        });
        let named = region.clone().unwrap_or_default();
        let aws = Aws::of_caller(Place { region, profile }).await;
        let aws = aws.map_err(|error| error.explain(&wanted.stack, &named, RIGHTS))?;
        Ok(Self { word, stack: wanted.stack, aws, said })
    }

    /// Returns the local stack whose state is in a directory. If the project has several, it is the named one, or else
    /// the last deployed one.
    fn local(state: &Path, project: Option<&str>, stack: Option<&str>) -> Result<Self, Problem> {
        let kept = Kept::read(state)?;
        let stack = kept.choose(project, stack)?.to_owned();
        let aws = Aws::of_this_machine(kept.environment).map_err(|error| error.explain(&stack, "", RIGHTS))?;
        Ok(Self { word: Environment::Local.word(), stack, aws, said: String::new() })
    }

    /// Returns an error of AWS as a problem with this stack.
    pub(crate) fn problem(&self, error: &Error) -> Problem {
        error.explain(&self.stack, self.aws.region(), RIGHTS)
    }

    /// Returns whether it is a stack on this machine, under any name.
    ///
    /// # Errors
    ///
    /// When STS does not answer.
    pub(crate) async fn is_local(&self) -> Result<bool, Error> {
        Ok(self.aws.is_emulated() || self.aws.caller().await?.account == LOCAL_ACCOUNT)
    }

    /// Returns a state machine of the stack, found by its name in the caller's account and Region.
    ///
    /// # Errors
    ///
    /// When STS does not answer.
    pub(crate) async fn state_machine_arn(&self, machine: Machine) -> Result<String, Error> {
        let (region, account) = (self.aws.region(), &self.aws.caller().await?.account);
        let (partition, name) = (partition(region).name, format!("{}{}", self.stack, machine.ending()));
        Ok(format!("arn:{partition}:states:{region}:{account}:stateMachine:{name}"))
    }

    /// Returns an execution's ARN, given the ARN or the name. A bare name is that of an execution which may migrate.
    ///
    /// # Errors
    ///
    /// When STS does not answer.
    pub(crate) async fn execution_arn(&self, execution: &str) -> Result<String, Error> {
        if execution.starts_with("arn:") {
            return Ok(execution.to_owned());
        }
        self.new_execution_arn(Machine::Migrations, execution).await
    }

    /// Returns the ARN of the execution that a machine has under this name.
    ///
    /// # Errors
    ///
    /// When STS does not answer.
    pub(crate) async fn new_execution_arn(&self, machine: Machine, name: &str) -> Result<String, Error> {
        let machine = self.state_machine_arn(machine).await?;
        Ok(format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1)))
    }

    /// Returns the name of a step's function.
    pub(crate) fn function(&self, step: &str) -> String {
        format!("{}-{step}", self.stack)
    }

    /// Returns a function's log group.
    pub(crate) fn log_group(&self, step: &str) -> String {
        format!("/aws/lambda/{}", self.function(step))
    }

    /// Returns the options that a printed command needs to find this stack again; empty where its environment alone is enough.
    pub(crate) fn options(&self) -> String {
        format!("{}{}", project_option(&self.stack), self.said)
    }
}

/// Returns the options that repeat a Region and a profile that no later command would find by itself.
fn said(region: Option<&str>, profile: Option<&str>) -> String {
    let option = |name: &str, value: Option<&str>| {
        value.map_or_else(String::new, |value| format!(" --{name} {}", quoted(value)))
    };
    format!("{}{}", option("region", region), option("profile", profile))
}

/// Returns the option that a printed command needs to find a stack again; empty for the default project.
pub(crate) fn project_option(stack: &str) -> String {
    match project_of(stack) {
        DEFAULT_PROJECT => String::new(),
        project => format!(" --project {project}"),
    }
}

fn project_of(stack: &str) -> &str {
    stack.rsplit_once("-migrations-").map_or("", |(project, _)| project)
}

/// The nearest directory of a local stack, from `here` upwards.
fn state_above(here: &Path) -> Option<PathBuf> {
    here.ancestors().map(|directory| directory.join(LOCAL)).find(|state| state.join("stack.json").is_file())
}

/// What the arguments say of the stack.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    environment: Environment,
    stack: String,
    region: Option<String>,
    /// The stack in the execution's ARN.
    of_execution: Option<String>,
    /// Whether the ARN is one of an emulator's account. The commands in a local stack's mails have the environment's own
    /// word.
    is_local: bool,
}

impl Wanted {
    fn of(environment: Option<Environment>, project: Option<&str>, execution: Option<&str>) -> Result<Self, Problem> {
        let named = execution.map(Named::of).transpose()?.flatten();
        let stack = named.as_ref().map(|named| named.stack);
        let said = stack.and_then(|stack| stack.rsplit('-').next());
        let environment = match (environment, said, execution) {
            (Some(environment), ..) => environment,
            (None, Some(said), _) => Environment::from_str(said, false).map_err(|_| {
                Problem::usage(format!("{} is an execution of no environment of ours", execution.unwrap_or_default()))
            })?,
            (None, None, execution) => {
                return Err(Problem::usage(format!(
                    "name the environment (dev, qa, prod or local) before '{}', or give the execution's whole ARN",
                    execution.unwrap_or_default()
                )));
            }
        };
        let project = project.or(stack.map(project_of)).unwrap_or(DEFAULT_PROJECT);
        let wanted = format!("{project}-migrations-{}", environment.word());
        if let Some(stack) = stack.filter(|stack| environment != Environment::Local && *stack != wanted) {
            return Err(Problem::usage(format!(
                "{} is an execution of {stack}, not of {wanted}",
                execution.unwrap_or_default()
            )));
        }
        Ok(Self {
            environment,
            stack: wanted,
            region: named.as_ref().map(|named| named.region.to_owned()),
            of_execution: stack.map(str::to_owned),
            is_local: named.is_some_and(|named| named.account == LOCAL_ACCOUNT),
        })
    }
}

/// What an execution's ARN contains.
struct Named<'a> {
    region: &'a str,
    account: &'a str,
    stack: &'a str,
}

impl<'a> Named<'a> {
    /// Returns `None` for a bare name.
    fn of(execution: &'a str) -> Result<Option<Self>, Problem> {
        if !execution.starts_with("arn:") {
            return Ok(None);
        }
        match *execution.split(':').collect::<Vec<_>>() {
            [_, _, "states", region, account, "execution", machine, _] => {
                // No environment has this word.
                let stack = machine.strip_suffix(Machine::PlanOnly.ending()).unwrap_or(machine);
                Ok(Some(Self { region, account, stack }))
            }
            _ => Err(Problem::usage(format!("{execution} is not the ARN of an execution"))),
        }
    }
}

/// What a local stack keeps for other processes.
#[derive(Deserialize)]
struct Kept {
    environment: BTreeMap<String, String>,
    deployments: Vec<Deployment>,
}

#[derive(Deserialize)]
struct Deployment {
    stack: String,
}

impl Kept {
    fn read(state: &Path) -> Result<Self, Problem> {
        let file = state.join("stack.json");
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Problem::failed("no local stack is running: start one with `make up`"));
            }
            text => text.map_err(|error| Problem::failed(format!("{} cannot be read: {error}", file.display())))?,
        };
        serde_json::from_str(&text)
            .map_err(|error| Problem::failed(format!("{} is not as `make up` writes it: {error}", file.display())))
    }

    fn choose(&self, project: Option<&str>, stack: Option<&str>) -> Result<&str, Problem> {
        let project = project.unwrap_or(DEFAULT_PROJECT);
        let prefix = format!("{project}-migrations-");
        let fits = |name: &&str| stack.map_or_else(|| name.starts_with(&prefix), |stack| *name == stack);
        let mut deployed = self.deployments.iter().rev().map(|deployment| deployment.stack.as_str());
        deployed.find(fits).ok_or_else(|| {
            let what = stack.map_or_else(|| format!("the project '{project}'"), |stack| format!("'{stack}'"));
            Problem::failed(format!("the local stack has nothing of {what} deployed yet"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    const ARN: &str = "arn:aws:states:eu-west-1:123456789012:execution:shop-migrations-prod:apply-1";

    fn refused(environment: Option<Environment>, project: Option<&str>, execution: &str) -> String {
        let problem = Wanted::of(environment, project, Some(execution)).unwrap_err();
        assert_eq!(problem.exit, Exit::Usage);
        problem.message
    }

    #[test]
    fn an_environment_and_a_project_name_a_stack() {
        let wanted = |project| Wanted::of(Some(Environment::Qa), project, None).unwrap().stack;
        assert_eq!(
            (wanted(Some("shop")), wanted(None)),
            ("shop-migrations-qa".into(), "lockstep-migrations-qa".into())
        );
    }

    #[test]
    fn an_arn_says_which_stack_it_is() {
        for environment in [Some(Environment::Prod), None] {
            let wanted = Wanted::of(environment, None, Some(ARN)).unwrap();
            assert_eq!((wanted.stack.as_str(), wanted.region.as_deref()), ("shop-migrations-prod", Some("eu-west-1")));
            assert!(!wanted.is_local);
        }
        assert_eq!(Wanted::of(None, Some("shop"), Some(ARN)).unwrap().environment, Environment::Prod);
        let other = refused(Some(Environment::Dev), None, ARN);
        assert!(other.ends_with("is an execution of shop-migrations-prod, not of shop-migrations-dev"), "{other}");
        assert!(refused(Some(Environment::Prod), Some("lockstep"), ARN).ends_with("not of lockstep-migrations-prod"));
        assert!(refused(None, None, &ARN.replace("-prod:", "-staging:")).contains("no environment of ours"));
        for wrong in [ARN.replace(":execution:", ":stateMachine:"), format!("{ARN}:more"), "arn:aws:s3:::bucket".into()]
        {
            assert!(refused(None, None, &wrong).ends_with("is not the ARN of an execution"));
        }
    }

    #[test]
    fn an_execution_that_only_plans_is_one_of_the_same_stack() {
        let arn = ARN.replace("-prod:", "-prod-plan:");
        for environment in [Some(Environment::Prod), None] {
            let wanted = Wanted::of(environment, None, Some(&arn)).unwrap();
            assert_eq!((wanted.stack.as_str(), wanted.environment), ("shop-migrations-prod", Environment::Prod));
        }
        assert!(refused(Some(Environment::Dev), None, &arn).ends_with("not of shop-migrations-dev"));
    }

    #[test]
    fn a_bare_name_needs_an_environment() {
        let message = refused(None, None, "apply-1");
        assert!(message.starts_with("name the environment (dev, qa, prod or local) before 'apply-1'"), "{message}");
    }

    #[test]
    fn an_arn_of_the_emulators_account_is_on_this_machine() {
        let here = ARN.replace("123456789012", LOCAL_ACCOUNT);
        for environment in [None, Some(Environment::Prod), Some(Environment::Local)] {
            let wanted = Wanted::of(environment, None, Some(&here)).unwrap();
            assert!(wanted.is_local && wanted.of_execution.as_deref() == Some("shop-migrations-prod"));
        }
    }

    #[test]
    fn an_arn_chooses_among_the_local_stacks() {
        let kept = r#"{"environment": {}, "deployments": [
            {"stack": "shop-migrations-prod"}, {"stack": "lockstep-migrations-qa"}, {"stack": "lockstep-migrations-dev"}]}"#;
        let kept: Kept = serde_json::from_str(kept).unwrap();
        assert_eq!(kept.choose(None, None).unwrap(), "lockstep-migrations-dev");
        assert_eq!(kept.choose(Some("shop"), None).unwrap(), "shop-migrations-prod");
        assert_eq!(kept.choose(None, Some("shop-migrations-prod")).unwrap(), "shop-migrations-prod");
        for (project, stack, said) in
            [(Some("x"), None, "the project 'x'"), (None, Some("x-migrations-dev"), "'x-migrations-dev'")]
        {
            assert!(kept.choose(project, stack).unwrap_err().message.contains(said));
        }
    }

    #[test]
    fn without_a_local_stack_the_way_to_one_is_named() {
        let nothing = tempfile::tempdir().unwrap();
        let problem = Target::local(nothing.path(), None, None).unwrap_err();
        assert!(problem.message.contains("make up"), "{problem:?}");
        std::fs::write(nothing.path().join("stack.json"), "[]").unwrap();
        assert!(
            Target::local(nothing.path(), None, None).unwrap_err().message.contains("is not as `make up` writes it")
        );
    }

    #[test]
    fn printed_commands_find_the_stack_again() {
        assert_eq!(project_option("shop-migrations-prod"), " --project shop");
        assert_eq!(project_option("lockstep-migrations-prod"), "");
    }

    #[test]
    fn a_printed_command_repeats_where_the_stack_is() {
        assert_eq!(said(None, None), "");
        assert_eq!(said(Some("eu-west-1"), Some("our profile")), " --region eu-west-1 --profile 'our profile'");
    }

    #[test]
    fn a_local_stack_has_all_of_its_own_settings() {
        let directory = tempfile::tempdir().unwrap();
        let write = |environment: &str| {
            let text =
                format!(r#"{{"environment": {environment}, "deployments": [{{"stack": "lockstep-migrations-dev"}}]}}"#);
            std::fs::write(directory.path().join("stack.json"), text).unwrap();
            Target::local(directory.path(), None, None)
        };
        let whole = r#"{"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b"}"#;
        let target = write(whole).unwrap();
        assert_eq!((target.word, target.aws.region(), target.aws.is_emulated()), ("local", "us-east-1", true));
        let problem = write(&whole.replace("AWS_ENDPOINT_URL", "OTHER")).unwrap_err();
        assert!(problem.message.contains("AWS_ENDPOINT_URL"), "{problem:?}");
    }
}
