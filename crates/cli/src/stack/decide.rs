//! `lockstep approve` and `lockstep reject`: a decision on a run that waits for one, through the approve function's URL.
//!
//! The request is signed with the caller's AWS credentials; AWS verifies them, and the record names their owner.

use serde::Deserialize;
use serde_json::Value;
use shared::approval::{Answer, Decided, RefusedDecision, Verb};

use super::commands::Commands;
use super::history;
use super::words;
use crate::arguments::stack::DecideArguments;
use crate::aws::endpoint::Service;
use crate::aws::{Error, encoded};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::Screen;
use crate::signals::asked_to_end;
use crate::target::Target;

/// The alias that a URL belongs to.
const ALIAS: &str = "live";

const STEP: &str = "approve";

/// Runs the command.
///
/// # Errors
///
/// When the function refuses, when AWS refuses, and when no answer comes.
pub(crate) async fn run(
    screen: &mut Screen,
    verb: Verb,
    arguments: &DecideArguments,
    as_json: bool,
) -> Result<Exit, Problem> {
    let (target, execution) = super::find(&arguments.one).await?;
    let answer = Answer {
        execution: execution.clone(),
        digest: arguments.digest.clone(),
        decision: verb,
        reason: arguments.reason.clone(),
        by: None,
        on_behalf_of: arguments.on_behalf_of.clone(),
    };
    let show = Commands::of(&target, &execution).show();
    let decided = tokio::select! {
        biased;
        decided = decide(&target, &answer) => decided.map_err(|failure| failure.explain(&target, &show))?,
        () = asked_to_end() => {
            let message = format!("interrupted. {show} tells whether it was decided");
            return Err(Problem { exit: Exit::Interrupted, ..Problem::failed(message) });
        }
    };
    if as_json {
        screen.json(&decided);
    } else {
        let (look, text) = words::verdict(&history::Decided::Decision(decided.decision), "");
        screen.styled(look, &text);
    }
    Ok(Exit::Done)
}

/// Why there is no decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The function did not accept it.
    Refused(String),
    /// AWS did not let the caller through to the function.
    Forbidden {
        /// The caller.
        caller: String,
        /// AWS's message.
        message: String,
    },
    /// The function failed. Whether it decided is not known.
    Failed {
        /// The HTTP status.
        status: u16,
        /// The function's own words, if it has some.
        message: Option<String>,
    },
    /// AWS could not be asked where the function is: nothing was sent.
    Call(Error),
    /// No answer came to the decision.
    Lost(Error),
}

impl Failure {
    /// Returns it with the way out. `show` is the command that shows the run.
    pub(crate) fn explain(&self, target: &Target, show: &str) -> Problem {
        let unknown = format!("It is not known whether it was decided: {show} tells");
        match self {
            Self::Refused(why) => Problem { exit: Exit::Refused, ..Problem::failed(format!("refused: {why}")) },
            Self::Forbidden { message, .. } if message.contains("expired") => {
                Problem::failed(format!("the AWS credentials have expired: sign in again ({message})"))
            }
            Self::Forbidden { caller, message } => Problem::failed(format!(
                "AWS does not let {caller} call the {STEP} function of {}: attach the stack's policy for it ({message})",
                target.stack
            )),
            Self::Failed { status, message } => {
                let see = || format!("see lockstep logs {} --step {STEP}{}", target.word, target.options());
                let why = message.clone().unwrap_or_else(see);
                Problem::failed(format!("the {STEP} function failed ({status}): {why}\n{unknown}"))
            }
            Self::Call(error) => target.problem(error),
            Self::Lost(error) => {
                let problem = target.problem(error);
                if !error.is_uncertain() {
                    return problem;
                }
                Problem { exit: Exit::Lost, ..Problem::failed(format!("{}\n{unknown}", problem.message)) }
            }
        }
    }
}

/// Sends the decision and returns it as recorded. It may arrive twice: the function answers a repeated request in the same
/// way.
///
/// # Errors
///
/// When it was not taken, or that is not known.
pub(crate) async fn decide(target: &Target, answer: &Answer) -> Result<Decided, Failure> {
    let url = function_url(target).await.map_err(Failure::Call)?;
    let body = serde_json::to_vec(answer).map_err(|error| Failure::Call(Error::Settings(error.to_string())))?;
    let (status, body) = target.aws.function_url(&url, "POST", body).await.map_err(Failure::Lost)?;
    match read(status, &body) {
        Err(Failure::Forbidden { message, .. }) => {
            let caller = target.aws.caller().await.map_err(Failure::Call)?.arn.clone();
            Err(Failure::Forbidden { caller, message })
        }
        read => read,
    }
}

async fn function_url(target: &Target) -> Result<String, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Configured {
        function_url: String,
    }
    let path = format!("/2021-10-31/functions/{}/url?Qualifier={ALIAS}", encoded(&target.function(STEP)));
    let configured: Configured = target.aws.rest(Service::Lambda, "GET", &path, None::<&Value>).await?;
    Ok(configured.function_url)
}

fn read(status: u16, body: &str) -> Result<Decided, Failure> {
    #[derive(Deserialize)]
    struct Aws {
        #[serde(alias = "Message")]
        message: String,
    }
    let refusal = serde_json::from_str::<RefusedDecision>(body).ok();
    match (status, refusal) {
        (429 | 500.., refusal) => Err(Failure::Failed { status, message: refusal.map(|refusal| refusal.message) }),
        (200, _) => serde_json::from_str(body).map_err(|_| Failure::Failed { status, message: None }),
        (_, Some(refusal)) => Err(Failure::Refused(refusal.message)),
        // Without `error` the refusal is AWS's own; the function's refusal has one.
        (403, None) => {
            let message = serde_json::from_str::<Aws>(body).map(|told| told.message).unwrap_or_default();
            Err(Failure::Forbidden { caller: String::new(), message })
        }
        (_, None) => Err(Failure::Failed { status, message: None }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stack::made::{ARN, approval, with};

    #[test]
    fn an_answer_is_the_decision_as_recorded() {
        let decided = read(200, &with(approval(), json!({ "execution": ARN })).to_string()).unwrap();
        assert_eq!((decided.execution.as_str(), decided.decision.digest.as_str()), (ARN, "d1"));
        assert!(matches!(read(200, "no JSON"), Err(Failure::Failed { status: 200, message: None })));
    }

    #[test]
    fn a_refusal_of_aws_is_told_from_the_functions_own() {
        let own = json!({ "error": "Approval.Refused", "message": "ann asked for this run" }).to_string();
        for status in [400, 403, 404, 409, 410] {
            assert_eq!(read(status, &own), Err(Failure::Refused("ann asked for this run".to_owned())));
        }
        for body in [r#"{"Message":"Forbidden"}"#, r#"{"message":"Forbidden"}"#] {
            let Err(Failure::Forbidden { message, .. }) = read(403, body) else { panic!("{body}") };
            assert_eq!(message, "Forbidden");
        }
    }

    #[test]
    fn a_function_that_failed_may_have_decided() {
        let own = json!({ "error": "Approval.Refused", "message": "ask again" }).to_string();
        assert_eq!(read(503, &own), Err(Failure::Failed { status: 503, message: Some("ask again".to_owned()) }));
        for status in [429, 500, 502] {
            assert_eq!(read(status, "Internal Server Error"), Err(Failure::Failed { status, message: None }));
        }
    }
}
