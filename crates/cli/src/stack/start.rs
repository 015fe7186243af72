//! Starts an execution.

use bundle::Digest;
use jiff::Timestamp;
use serde_json::{Map, Value};
use shared::Failure;
use shared::request::Request;

use crate::arguments::stack::{Mode, NewRun};
use crate::aws::Error;
use crate::problem::Problem;
use crate::target::{Machine, Target};

/// Returns the execution's input from the command line: the options that were given, and the requester, by default
/// `asks`.
///
/// # Errors
///
/// When the options do not go together.
pub(crate) fn input(asks: &str, new: &NewRun) -> Result<Map<String, Value>, Problem> {
    let mut input = Map::from_iter([("requestedBy".to_owned(), Value::from(asks))]);
    input.extend(new.input.clone().unwrap_or_default().0);
    let options = [
        ("mode", new.mode.or(new.plan_only.then_some(Mode::Plan)).map(|mode| mode.word().to_owned())),
        ("upTo", new.up_to.clone()),
        ("bundle", new.bundle.map(|digest| digest.to_string())),
        ("migration", new.migration.clone()),
        ("resolution", new.resolution.map(|resolution| resolution.word().to_owned())),
        ("reason", new.reason.clone()),
        ("requestedBy", new.requested_by.clone()),
        ("commit", new.commit.clone()),
    ];
    for (field, value) in options {
        if let Some(value) = value {
            input.insert(field.to_owned(), value.into());
        }
    }
    if new.require_approval {
        input.insert("requireApproval".to_owned(), true.into());
    }
    // A bundle's name is the same in each version.
    if let Some(named) = input.get("bundle") {
        let is_digest = named.as_str().map_or_else(
            || Err("give a text".to_owned()),
            |text| match text.parse::<Digest>() {
                Ok(_) => Ok(()),
                Err(why) => Err(why.to_string()),
            },
        );
        is_digest.map_err(|why| Problem::usage(format!("bundle: {why}")))?;
    }
    // Of an input in JSON, preflight says what else is wrong: it may be for a stack of another version.
    if new.input.is_none() {
        Request::from_input(&Value::Object(input.clone())).map_err(named_as_options)?;
    }
    Ok(input)
}

/// Returns the failure with the option's name in the place of the field's.
fn named_as_options(mut failure: Failure) -> Problem {
    let options = [("upTo", "--up-to"), ("requestedBy", "--requested-by")];
    let (field, rest) = failure.message.split_once(": ").unwrap_or_default();
    if !rest.is_empty() {
        let option = options.into_iter().find(|(of, _)| *of == field);
        let option = option.map_or_else(|| format!("--{field}"), |(_, option)| option.to_owned());
        failure.message = format!("{option}: {rest}");
    }
    failure.into()
}

/// Returns the name of the requester. On AWS it is the caller's ARN, which is compared with the ARN that signs a decision.
/// In a local stack, where a caller can take any name, it is the user of this machine.
///
/// # Errors
///
/// When STS does not answer.
pub(crate) async fn requester(target: &Target) -> Result<String, Error> {
    Ok(if target.is_local().await? { user() } else { target.aws.caller().await?.arn.clone() })
}

/// Returns the user of this machine. A container may run as a user without a name.
fn user() -> String {
    let mut named = ["LOGNAME", "USER", "USERNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let named = named.find(|name| !name.is_empty()).or_else(|| {
        let told = std::process::Command::new("id").arg("-un").output().ok()?;
        Some(String::from_utf8_lossy(&told.stdout).trim().to_owned()).filter(|name| !name.is_empty())
    });
    named.unwrap_or_else(|| "a user of this machine".to_owned())
}

/// Returns a name that cannot repeat. A repeated name may be taken for the same request.
pub(crate) fn new_name(input: &Map<String, Value>) -> String {
    let mode = input.get("mode").and_then(Value::as_str).unwrap_or("apply");
    let mode: String = mode.chars().filter(char::is_ascii_lowercase).take(10).collect();
    let mode = if mode.is_empty() { "run" } else { &mode };
    format!("{mode}-{}-{:06x}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), fastrand::u32(..0x0100_0000))
}

/// Starts the execution of this name and returns its ARN. The name belongs to the caller alone. So an execution of this name
/// that is there already is the one of an earlier attempt, whose answer was lost.
///
/// # Errors
///
/// Those of the call.
pub(crate) async fn start(
    target: &Target,
    machine: Machine,
    input: &Map<String, Value>,
    name: &str,
) -> Result<String, Error> {
    let arn = target.state_machine_arn(machine).await?;
    let input = Value::Object(input.clone()).to_string();
    let started = target.aws.states().start_execution().state_machine_arn(arn).name(name).input(input).send().await;
    match started.map_err(Error::from) {
        Ok(started) => Ok(started.execution_arn),
        Err(error) if error.code() == Some("ExecutionAlreadyExists") => target.new_execution_arn(machine, name).await,
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::arguments::stack::Json;
    use crate::exit::Exit;

    fn made(new: &NewRun) -> Value {
        Value::Object(input("me", new).unwrap())
    }

    #[test]
    fn the_input_holds_only_what_was_given() {
        assert_eq!(made(&NewRun::default()), json!({ "requestedBy": "me" }));
        let given: Json = r#"{"commit": "abc", "requestedBy": "Ann"}"#.parse().unwrap();
        let new = NewRun {
            mode: Some(Mode::Plan),
            up_to: Some("2_x".into()),
            input: Some(given.clone()),
            ..NewRun::default()
        };
        assert_eq!(made(&new), json!({ "commit": "abc", "mode": "plan", "requestedBy": "Ann", "upTo": "2_x" }));
        let new = NewRun {
            requested_by: Some("Bob".into()),
            input: Some(given),
            require_approval: true,
            ..NewRun::default()
        };
        assert_eq!(made(&new), json!({ "commit": "abc", "requestedBy": "Bob", "requireApproval": true }));
    }

    #[test]
    fn options_that_do_not_go_together_start_nothing() {
        let problem = input("me", &NewRun { mode: Some(Mode::Baseline), ..NewRun::default() }).unwrap_err();
        assert_eq!(
            (problem.exit, problem.message.starts_with("--up-to: the mode baseline needs it")),
            (Exit::Usage, true)
        );
        let given = Some(r#"{"mode": "baseline"}"#.parse().unwrap());
        assert!(input("me", &NewRun { input: given, ..NewRun::default() }).is_ok(), "preflight judges it");
    }

    #[test]
    fn a_bundle_is_named_by_its_digest() {
        let digest = "0f".repeat(32);
        let new = NewRun { bundle: Some(digest.parse().unwrap()), plan_only: true, ..NewRun::default() };
        assert_eq!(made(&new), json!({ "requestedBy": "me", "mode": "plan", "bundle": digest }));
        for wrong in [json!("0F".repeat(32)), json!("abc"), json!(7), json!(null)] {
            let given = Some(json!({ "bundle": wrong }).to_string().parse().unwrap());
            let problem = input("me", &NewRun { input: given, ..NewRun::default() }).unwrap_err();
            assert_eq!((problem.exit, problem.message.starts_with("bundle: ")), (Exit::Usage, true), "{problem:?}");
        }
    }

    #[test]
    fn a_name_says_the_mode_and_is_one_of_its_own() {
        let name = |mode: Value| new_name(json!({ "mode": mode }).as_object().unwrap());
        assert!(name("plan".into()).starts_with("plan-2"));
        assert!(
            name(7.into()).starts_with("apply-2")
                && name("A b/c".into()).starts_with("bc-2")
                && name("?".into()).starts_with("run-2")
        );
        assert_ne!(name("plan".into()), name("plan".into()));
    }
}
