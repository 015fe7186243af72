//! Decides on an execution that waits for approval.
//!
//! There are two ways in. The function URL takes requests that AWS has verified: the approver is the signer. A direct
//! invocation, which prod refuses, trusts the name that the caller gives.
//!
//! The task token stays in the execution's history. This function reads it there, uses it, and returns it to no caller.

mod answer;
mod caller;
mod decide;
mod invocation;
mod refused;
mod url;
mod waiting;

use aws_sdk_sfn::Client;
use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use shared::approval::Decided;
use shared::config;
use shared::metrics::{self, Unit};

pub use caller::Caller;
pub use invocation::Invocation;
pub use refused::{Refused, Why};

/// The environment in which only a signature decides.
const PRODUCTION: &str = "prod";

/// The client and the settings from the environment.
pub struct Approver {
    client: Client,
    /// The state machine whose executions this function may decide.
    machine: Option<String>,
    /// dev, qa or prod.
    environment: Option<String>,
    /// The roles whose sessions may reject, but not approve.
    reject_only_roles: Vec<String>,
    /// This function's version.
    version: String,
}

/// What a request that succeeded came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// The decision was taken, now or before.
    Decided(Decided),
    /// The function returned what is pending, and changed nothing.
    Shown(Value),
}

/// Serves decisions until Lambda ends the process.
///
/// # Errors
///
/// When the Runtime API cannot be reached.
pub async fn serve(approver: &Approver) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let invocation = Invocation::of(event.payload, &event.context.invoked_function_arn);
        let signed = !matches!(invocation, Invocation::Direct(_));
        let asked = invocation.summary();
        // Boxed: the futures inside are large, and the compiler computes their layout once here.
        let result = Box::pin(approver.handle(invocation, Timestamp::now())).await;
        report(&result, &asked);
        respond(signed, result)
    }))
    .await
}

/// Returns a refusal as an HTTP answer at the function URL, and as a failed invocation otherwise.
fn respond(signed: bool, result: Result<Answered, Refused>) -> Result<Value, Refused> {
    let result = result.map(|answered| match answered {
        Answered::Decided(decided) => serde_json::to_value(decided).unwrap_or_default(),
        Answered::Shown(shown) => shown,
    });
    if signed { Ok(url::response(result)) } else { result }
}

fn report(result: &Result<Answered, Refused>, asked: &str) {
    let (decisions, refusals) = match result {
        Ok(Answered::Decided(_)) => (1.0, 0.0),
        Ok(Answered::Shown(_)) => (0.0, 0.0),
        Err(refused) => {
            tracing::warn!(asked, reason = refused.message, "refused to decide");
            (0.0, 1.0)
        }
    };
    metrics::emit("approve", &[("Decisions", Unit::Count, decisions), ("Refusals", Unit::Count, refusals)]);
}

impl Approver {
    /// Reads the environment and creates the client.
    pub async fn from_env() -> Self {
        let config = shared::aws::config().load().await;
        Self {
            client: Client::new(&config),
            machine: config::optional(config::STATE_MACHINE_NAME),
            environment: config::optional(config::ENVIRONMENT),
            reject_only_roles: config::optional(config::REJECT_ONLY_ROLES)
                .map(|names| names.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            version: config::optional("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or_default(),
        }
    }

    /// Handles the invocation.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the reason: nothing was decided.
    pub async fn handle(&self, invocation: Invocation, now: Timestamp) -> Result<Answered, Refused> {
        match invocation {
            Invocation::Signed(request) => self.handle_signed(*request, now).await,
            Invocation::Direct(payload) => self.decide_direct(payload, now).await.map(Answered::Decided),
            // Where IAM lets no principal invoke the function directly, the alias makes no difference.
            Invocation::Unqualified(request) if self.is_production() => self.handle_signed(*request, now).await,
            Invocation::Unqualified(_) => {
                let reason = "this came by a direct invocation, not through the function URL";
                Err(Refused::because(Why::Caller, reason))
            }
        }
    }

    async fn decide_direct(&self, payload: Value, now: Timestamp) -> Result<Decided, Refused> {
        if self.is_production() {
            let reason =
                "in prod only a signed request to the function URL decides; use lockstep approve or lockstep reject";
            return Err(Refused::because(Why::Caller, reason));
        }
        let mut answer = answer::read(payload)?;
        if answer.on_behalf_of.is_some() {
            let reason = "onBehalfOf: leave it out; only a signed request can be on another person's behalf";
            return Err(Refused::because(Why::Request, reason));
        }
        let by = answer.by.take().ok_or_else(|| Refused::because(Why::Request, "by: say who decides"))?;
        self.decide(&Caller::Named(by), answer, now).await
    }

    fn is_production(&self) -> bool {
        // Without the variable, the environment could be production: treat it as production.
        self.environment.as_deref().is_none_or(|environment| environment == PRODUCTION)
    }
}

#[cfg(test)]
mod tests;
