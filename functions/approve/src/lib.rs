//! Decides on an execution that waits for approval.
//!
//! The task token stays in the execution's history: it is read there, used, and given to nobody.

mod waiting;

use aws_config::BehaviorVersion;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::metrics::{self, Unit};
use shared::payload::Decision;
use shared::{Name, config};

use crate::waiting::Waiting;

/// Why a decision was not taken. The execution is as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(String);

impl Refused {
    /// The name of a refusal on the wire.
    pub const NAME: &str = "Approval.Refused";

    fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl From<Refused> for Diagnostic {
    fn from(refused: Refused) -> Self {
        Self { error_type: Refused::NAME.to_owned(), error_message: refused.0 }
    }
}

/// What is to be decided.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The execution's ARN.
    pub execution: String,
    /// The digest of the plan that the approver has seen.
    pub digest: String,
    /// Yes or no.
    pub decision: Verb,
    /// Who decides, as claimed.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Apply the plan.
    Approve,
    /// End the run.
    Reject,
}

/// A decision that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The execution's ARN.
    pub execution: String,
    /// What was decided, by whom.
    #[serde(flatten)]
    pub decision: Decision,
}

/// The client, and the machine whose executions may be decided on.
pub struct Approver {
    client: Client,
    machine: Option<String>,
}

/// Serves decisions until Lambda ends the process.
///
/// # Errors
///
/// When the Runtime API cannot be reached.
pub async fn serve(approver: &Approver) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let result = approver.decide(event.payload, Timestamp::now()).await;
        let taken = f64::from(u8::from(result.is_ok()));
        metrics::emit("approve", &[("Decisions", Unit::Count, taken), ("Refusals", Unit::Count, 1.0 - taken)]);
        match &result {
            Ok(decided) => tracing::info!(
                execution = decided.execution,
                decision = decided.decision.decision,
                by = decided.decision.by,
                identity = decided.decision.identity,
                "decided"
            ),
            Err(refused) => tracing::warn!(reason = refused.0, "refused to decide"),
        }
        result
    }))
    .await
}

impl Approver {
    /// Reads the environment and makes the client.
    pub async fn from_env() -> Self {
        let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
        Self { client: Client::new(&config), machine: config::optional(config::STATE_MACHINE_NAME) }
    }

    /// Takes the decision in `payload`, at the time `now`.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the reason: nothing was decided.
    pub async fn decide(&self, payload: Value, now: Timestamp) -> Result<Decided, Refused> {
        let answer = read(payload)?;
        let machine = self.machine.as_deref().ok_or_else(|| Refused::because("STATE_MACHINE_NAME is not set"))?;
        if !answer.execution.contains(&format!(":execution:{machine}:")) {
            return Err(Refused::because(format!(
                "{} is not an execution of {machine}; give the whole ARN of one",
                answer.execution
            )));
        }
        let waiting = waiting::find(&self.client, &answer.execution).await?;
        check(&answer, &waiting, now)?;

        let decision = Decision {
            decision: match answer.decision {
                Verb::Approve => "approved",
                Verb::Reject => "rejected",
            }
            .to_owned(),
            by: answer.by,
            identity: "claimed".to_owned(),
            reason: answer.reason,
            at: now.to_string(),
        };
        self.send(answer.decision, &waiting, &decision).await?;
        Ok(Decided { execution: answer.execution, decision })
    }

    async fn send(&self, verb: Verb, waiting: &Waiting, decision: &Decision) -> Result<(), Refused> {
        let sent = match verb {
            Verb::Approve => {
                let output = serde_json::to_string(decision).unwrap_or_default();
                let request = self.client.send_task_success().task_token(&waiting.token).output(output);
                request.send().await.map(drop).map_err(|error| error.code().map(str::to_owned))
            }
            Verb::Reject => {
                let Decision { by, identity, reason, .. } = decision;
                let cause = format!("rejected by {by} ({identity}): {reason}");
                let request = self.client.send_task_failure().task_token(&waiting.token);
                let request = request.error(Name::ApprovalRejected.as_str()).cause(cause);
                request.send().await.map(drop).map_err(|error| error.code().map(str::to_owned))
            }
        };
        sent.map_err(|code| {
            Refused::because(match code.as_deref() {
                Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken") => {
                    "the execution no longer waits: the approval has expired, or somebody else decided just now"
                        .to_owned()
                }
                code => format!("Step Functions did not take the decision: {}", code.unwrap_or("no answer")),
            })
        })
    }
}

fn read(payload: Value) -> Result<Answer, Refused> {
    let answer: Answer = serde_json::from_value(payload).map_err(|error| {
        Refused::because(format!(
            "the request is not right: {error}; give execution, digest, decision (approve or reject), by and reason"
        ))
    })?;
    for (field, text) in [("by", &answer.by), ("reason", &answer.reason)] {
        if text.trim().is_empty() || text.chars().count() > 500 || text.chars().any(char::is_control) {
            return Err(Refused::because(format!("{field}: give one line of 1 to 500 characters")));
        }
    }
    Ok(answer)
}

fn check(answer: &Answer, waiting: &Waiting, now: Timestamp) -> Result<(), Refused> {
    if answer.digest != waiting.digest {
        return Err(Refused::because(format!(
            "the digest is not that of the plan which waits, {}; look at that plan first",
            waiting.digest
        )));
    }
    if now >= waiting.expires_at {
        return Err(Refused::because(format!("the approval expired at {}; start a new run", waiting.expires_at)));
    }
    let requested_by = waiting.requested_by.as_deref().unwrap_or_default();
    if !requested_by.is_empty() && requested_by.trim().eq_ignore_ascii_case(answer.by.trim()) {
        return Err(Refused::because(format!("{requested_by} asked for this run, so somebody else has to decide")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
