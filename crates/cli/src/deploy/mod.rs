//! `lockstep deploy`: deploys the stack, and names the steps that a person still has to do.
//!
//! `sam build` and `sam deploy` do the work, with the settings of samconfig.toml for the environment; or else a release is
//! deployed without them ([`from`]). Before either this refuses what CloudFormation would refuse minutes later: values that are not filled in or not allowed, a Region that
//! is not served, a stack that cannot be updated, subnets, route tables and a history that cannot work. It does not deploy
//! functions that Lambda could not start. After an update that was rolled back it publishes all functions anew. It also
//! points out a mail subscription that is not confirmed: until it is, no mail tells how a migration ended.

mod from;
pub(crate) mod glibc;
pub(crate) mod network;
pub(crate) mod packages;
pub(crate) mod sam;
pub(crate) mod stack;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;

use crate::arguments::DeployArguments;
use crate::aws::{Aws, Error, Place};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::samconfig::{self, Settings};
use crate::screen::{Look, Screen};
use crate::target::project_option;
use crate::template::{Template, assignment};
use crate::words::milliseconds;
use from::history::History;
use from::options::Options;
use from::release::Release;
use from::{Goal, Ready};
use sam::{Ended, Sam};
use stack::Stack;

/// The advice to a person who may not deploy.
const RIGHTS: &str =
    "deploy as an administrator of the account, or from GitHub with the roles of bootstrap/github.yaml";

/// The outputs of bootstrap/github.yaml that are the workflows' variables.
const VARIABLES: [(&str, &str); 6] = [
    ("DEPLOYER_ROLE", "GitHubDeployerRoleArn"),
    ("SERVICE_ROLE", "CloudFormationServiceRoleArn"),
    ("RUNNER_ROLE", "GitHubRunnerRoleArn"),
    ("SHIPPER_ROLE", "GitHubShipperRoleArn"),
    ("PLANNER_ROLE", "GitHubPlannerRoleArn"),
    ("APPROVER_ROLE", "GitHubApproverRoleArn"),
];

/// Runs the command.
///
/// # Errors
///
/// When something is not ready, or AWS or SAM fail.
pub(crate) async fn run(screen: &mut Screen, arguments: &DeployArguments, as_json: bool) -> Result<Exit, Problem> {
    let started = Instant::now();
    let word = arguments.environment.word();
    let here = std::env::current_dir().unwrap_or_default();
    let file = samconfig::find(&here).ok_or_else(|| {
        Problem::usage("there is no samconfig.toml here, nor above: run this in the checkout of Lockstep, or beside your migrations after \
                         `lockstep init`")
    })?;
    let root = file.parent().unwrap_or(&here);
    let settings = samconfig::read(&file, word)?;
    let (template, source) = match &arguments.from {
        Some(directory) => of_release(directory, &file, word, &settings)?,
        None => (Template::read(root)?, Source::Checkout),
    };
    template.check_region(&settings.region)?;
    let mut parameters = template.filled(&settings.parameters)?;
    if matches!(source, Source::Checkout) {
        packages::check_history(&root.join("layer"))?;
    }
    warn_of_samples(screen, &source, root);
    let Settings { stack, region, .. } = &settings;
    let problem = |error: Error| error.explain(stack, region, RIGHTS);
    let place = Place { region: Some(region.clone()), profile: settings.profile.clone() };
    let aws = Aws::of_caller(place).await.map_err(problem)?;
    let account = &aws.caller().await.map_err(problem)?.account;
    screen.complain(Look::Bold, &format!("Deploying {stack} to the account {account} in {region}"));
    let before = Stack::find(&aws, stack).await.map_err(problem)?;
    if let Some(before) = &before {
        before.check(stack, region)?;
    }
    let unseen = [
        network::check_subnets(&aws, &settings.parameters).await?,
        network::check_route_tables(&aws, &settings.parameters, stack).await?,
    ];
    for why in unseen.into_iter().flatten() {
        screen.complain(Look::Warning, &format!("! {why}"));
    }
    if before.as_ref().is_some_and(Stack::is_rolled_back) {
        let release = Timestamp::now().strftime("%Y%m%dT%H%M%S").to_string();
        screen.complain(
            Look::Plain,
            &format!("The last update of {stack} was rolled back: publishing every function anew (Release={release})"),
        );
        parameters.insert("Release".to_owned(), release);
    }
    let role = arguments.role_arn.as_deref().filter(|role| !role.is_empty());
    let ended = match &source {
        Source::Checkout => {
            let sam = Sam::install(root, &file).await?;
            let given =
                BySam { root, word, stack, parameters: &parameters, role, is_built: arguments.no_build, as_json };
            with_sam(screen, &sam, &given).await?
        }
        Source::Release(ready) => {
            let goal = Goal { aws: &aws, stack, before: before.as_ref(), parameters: &parameters, role };
            from::deploy(screen, ready, &goal).await?
        }
    };
    if let Some(exit) = ended {
        return Ok(exit);
    }
    let deployed = |error: Error| {
        let problem = problem(error);
        Problem {
            message: format!("{stack} is deployed, and its outputs could not be read: {}", problem.message),
            ..problem
        }
    };
    let after = Stack::find(&aws, stack).await.map_err(deployed)?.unwrap_or_default();
    let roles = roles_for_github(&aws, stack).await.map_err(deployed)?;
    let is_confirmed = match after.outputs.get("TopicArn") {
        Some(topic) => is_confirmed(&aws, topic).await.map_err(deployed)?,
        None => false,
    };
    let variables = variables(word, region, &roles);
    if as_json {
        screen.json(&json!({
            "stack": stack,
            "region": region,
            "account": account,
            "outputs": after.outputs,
            "variables": variables.iter().cloned().collect::<BTreeMap<_, _>>(),
            "subscriptionConfirmed": is_confirmed,
        }));
    } else {
        let width = after.outputs.keys().map(String::len).max().unwrap_or(0);
        for (name, value) in &after.outputs {
            screen.line(&format!("{name:width$}  {value}"));
        }
        show_variables(screen, word, &variables);
    }
    if !is_confirmed {
        warn_of_mail(screen, &settings.parameters["NotificationAddress"]);
    }
    let took = milliseconds(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
    let next = format!("lockstep run {word}{}", project_option(stack));
    screen.complain(Look::Good, &format!("✓ Deployed in {took}. Next: {next}"));
    Ok(Exit::Done)
}

/// What a deployment is made of.
enum Source {
    /// SAM builds what is here.
    Checkout,
    /// It was built for a release.
    Release(Box<Ready>),
}

/// Reads a release. Returns its template, and what is deployed.
fn of_release(
    directory: &Path,
    file: &Path,
    environment: &str,
    settings: &Settings,
) -> Result<(Template, Source), Problem> {
    let architecture = settings.parameters.get("Architecture").map_or("x86_64", String::as_str);
    let release = Release::read(directory, architecture)?;
    let template = release.template()?;
    let options = Options::read(file, environment, &settings.stack)?;
    let history = History::find(file.parent().unwrap_or(file))?;
    Ok((template, Source::Release(Box::new(Ready { release, history, options }))))
}

/// What SAM is given.
struct BySam<'a> {
    root: &'a Path,
    word: &'a str,
    stack: &'a str,
    parameters: &'a BTreeMap<String, String>,
    role: Option<&'a str>,
    /// Whether the functions are built already.
    is_built: bool,
    as_json: bool,
}

/// Builds and deploys. Returns how the command ends, if it ends here.
async fn with_sam(screen: &mut Screen, sam: &Sam, given: &BySam<'_>) -> Result<Option<Exit>, Problem> {
    let BySam { root, word, stack, parameters, role, is_built, as_json } = *given;
    if !is_built {
        match sam.run("build", word, &[], as_json).await? {
            Ended::Well => {}
            ended => return failed(screen, "build", &ended, stack).map(Some),
        }
    }
    let build = root.join(".aws-sam/build");
    glibc::check(&build)?;
    packages::check_functions(&build, &parameters["Architecture"])?;
    let mut more: Vec<String> = role.into_iter().flat_map(|role| ["--role-arn".to_owned(), role.to_owned()]).collect();
    more.push("--parameter-overrides".to_owned());
    more.extend(parameters.iter().map(|(name, value)| assignment(name, value)));
    match sam.run("deploy", word, &more, as_json).await? {
        Ended::Well => Ok(None),
        ended => failed(screen, "deploy", &ended, stack).map(Some),
    }
}

/// Says how a command of SAM's ended that did not end well.
fn failed(screen: &mut Screen, command: &str, ended: &Ended, stack: &str) -> Result<Exit, Problem> {
    if *ended == Ended::Badly {
        return Err(Problem::failed(format!("`sam {command}` failed; its message is above")));
    }
    let what = if command == "deploy" {
        format!("an update of {stack} that CloudFormation has begun goes on")
    } else {
        "nothing was deployed".to_owned()
    };
    screen.complain(Look::Warning, &format!("Interrupted: {what}"));
    Ok(Exit::Interrupted)
}

fn warn_of_samples(screen: &mut Screen, source: &Source, root: &Path) {
    let history = match source {
        Source::Checkout => root.join("layer/migrations"),
        Source::Release(ready) => ready.history.migrations(),
    };
    let samples = packages::samples(&history);
    if !samples.is_empty() {
        screen.complain(
            Look::Warning,
            &format!(
                "! migrations/ still has the sample {}, which a run would apply to your database. Replace what is there by your own \
                 history, unless this is a try",
                samples.join(", ")
            ),
        );
    }
}

/// Returns the outputs of the stack with the roles for GitHub beside a stack. Without that stack there are none. For a
/// caller who may not see it there are none either: a job in GitHub that deploys may not, and has them already.
async fn roles_for_github(aws: &Aws, stack: &str) -> Result<BTreeMap<String, String>, Error> {
    match Stack::find(aws, &format!("{stack}-github")).await {
        Ok(found) => Ok(found.unwrap_or_default().outputs),
        Err(error) if error.is_forbidden() => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

/// Returns the variables that tell GitHub's workflows where the stack is and with which role they sign in, if there are roles
/// for GitHub.
fn variables(word: &str, region: &str, roles: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let of_roles = VARIABLES.iter().filter_map(|(name, output)| Some((*name, roles.get(*output)?.as_str())));
    let of_roles: Vec<_> = of_roles.collect();
    if of_roles.is_empty() {
        return Vec::new();
    }
    let named = |(name, value): (&str, &str)| (format!("LOCKSTEP_{name}_{}", word.to_uppercase()), value.to_owned());
    std::iter::once(("REGION", region)).chain(of_roles).map(named).collect()
}

fn show_variables(screen: &mut Screen, word: &str, variables: &[(String, String)]) {
    if variables.is_empty() {
        return;
    }
    screen.complain(
        Look::Plain,
        &format!(
            "Variables of the GitHub repository, for .github/workflows/deploy-migrations.yml, or of an application's, for the\n\
             workflows of docs/examples (the approver's only if the GitHub environment {word} has required reviewers):"
        ),
    );
    for (name, value) in variables {
        screen.complain(Look::Plain, &format!("  gh variable set {name} --body {value}"));
    }
}

/// Returns whether a topic has a subscription that delivers.
async fn is_confirmed(aws: &Aws, topic: &str) -> Result<bool, Error> {
    let mut pages = aws.topics().list_subscriptions_by_topic().topic_arn(topic).into_paginator().send();
    while let Some(page) = pages.next().await {
        let subscriptions = page?.subscriptions.unwrap_or_default();
        if subscriptions.iter().any(|one| delivers(one.subscription_arn.as_deref())) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the ARN of a subscription is one, and not a word such as `PendingConfirmation`.
fn delivers(subscription: Option<&str>) -> bool {
    subscription.is_some_and(|arn| arn.starts_with("arn:"))
}

fn warn_of_mail(screen: &mut Screen, address: &str) {
    screen.complain(
        Look::Warning,
        &format!(
            "! The mail subscription of {address} is not confirmed, so no mail will arrive. The mail \"AWS Notification -\n  \
             Subscription Confirmation\" has a link with a token. Follow the link, or give the token to aws sns\n  \
             confirm-subscription --authenticate-on-unsubscribe true, so that no reader of a mail can end the subscription.\n  \
             It is valid for two days; after that, subscribe the address again (aws sns subscribe) or deploy with another one."
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_that_delivers_nothing_is_noticed() {
        for state in [Some("PendingConfirmation"), Some("Deleted"), None] {
            assert!(!delivers(state), "{state:?}");
        }
        assert!(delivers(Some("arn:aws:sns:eu-west-1:123456789012:lockstep-migrations-dev:1")));
    }

    #[test]
    fn the_workflows_variables_are_those_of_the_roles() {
        let roles = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), format!("arn:{name}"))).collect();
        let names = |outputs: &[&str]| {
            let variables = variables("prod", "eu-west-1", &roles(outputs));
            variables.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert!(names(&[]).is_empty() && names(&["AnotherOutput"]).is_empty());
        assert_eq!(
            names(&["GitHubDeployerRoleArn", "CloudFormationServiceRoleArn", "GitHubRunnerRoleArn"]),
            [
                "LOCKSTEP_REGION_PROD",
                "LOCKSTEP_DEPLOYER_ROLE_PROD",
                "LOCKSTEP_SERVICE_ROLE_PROD",
                "LOCKSTEP_RUNNER_ROLE_PROD"
            ]
        );
        assert_eq!(names(&["GitHubPlannerRoleArn"]), ["LOCKSTEP_REGION_PROD", "LOCKSTEP_PLANNER_ROLE_PROD"]);
    }
}
