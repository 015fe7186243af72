//! Decides on an execution that waits for approval.
//!
//! There are two ways in. The function URL takes requests that AWS has verified: the approver is whoever signed.
//! A direct invocation, which prod refuses, takes the caller's word for a name.
//!
//! The task token stays in the execution's history: it is read there, used, and given to nobody.

mod answer;
mod caller;
mod refused;
mod url;
mod waiting;

use aws_config::BehaviorVersion;
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize as _, Serialize};
use serde_json::Value;
use shared::config;
use shared::metrics::{self, Unit};
use shared::record::{Decision, Duties, Verdict};
use shared::request::is_one_line;

pub use answer::{Answer, Verb};
pub use caller::Caller;
pub use refused::{Refused, Why};

use caller::same;
use waiting::{Approval, Asked, Token};

/// How many parts the ARN of a function has that names neither version nor alias.
const UNQUALIFIED: usize = 7;

/// The most characters of who asked for what.
const LONGEST_SUMMARY: usize = 500;

/// The environment in which only a signature decides.
const PRODUCTION: &str = "prod";

/// A decision that was taken, now or before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The execution's ARN.
    pub execution: String,
    /// What was decided, by whom.
    #[serde(flatten)]
    pub decision: Decision,
}

/// The client, and what the environment says.
pub struct Approver {
    client: Client,
    /// The machine whose executions may be decided on.
    machine: Option<String>,
    /// dev, qa or prod.
    environment: Option<String>,
    /// A role whose sessions may reject and not approve.
    reject_only_role: Option<String>,
    /// This function's version.
    version: String,
}

/// What was asked of this function was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// A decision was taken, now or before.
    Decided(Decided),
    /// What is pending was shown, and nothing changed.
    Shown(Value),
}

/// The ways in.
#[derive(Debug, Clone)]
pub enum Request {
    /// Through the function URL, with an identity that AWS has verified.
    Signed(Box<LambdaFunctionUrlRequest>),
    /// By a direct invocation.
    Direct(Value),
    /// In the shape of a request to the function URL, though it did not come under the alias that has the URL.
    Unqualified(Box<LambdaFunctionUrlRequest>),
}

impl Request {
    /// Tells a request to the function URL by its shape, and by the ARN under which it came: the URL is an alias's, and
    /// whoever may invoke the function directly may do so without an alias only.
    pub fn of(payload: Value, invoked_arn: &str) -> Self {
        let qualified = invoked_arn.split(':').count() > UNQUALIFIED;
        match LambdaFunctionUrlRequest::deserialize(&payload) {
            Ok(request) if !qualified => Self::Unqualified(Box::new(request)),
            Ok(request) => Self::Signed(Box::new(request)),
            Err(_) => Self::Direct(payload),
        }
    }

    /// Who asks for what, for the log.
    fn summary(&self) -> String {
        let text = match self {
            Self::Signed(request) | Self::Unqualified(request) => {
                let iam = request.request_context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
                let signer = iam.and_then(|iam| iam.user_arn.as_deref()).unwrap_or("nobody");
                let method = request.request_context.http.method.as_deref().unwrap_or_default();
                let body = request.body.as_deref().and_then(|body| serde_json::from_str::<Value>(body).ok());
                format!("{signer} {method} {}", body.as_ref().map(decision_on).unwrap_or_default())
            }
            Self::Direct(payload) => format!("direct {}", decision_on(payload)),
        };
        text.chars().filter(|c| is_one_line(&c.to_string())).take(LONGEST_SUMMARY).collect()
    }
}

/// The decision and the execution's name, as somebody gives them.
fn decision_on(answer: &Value) -> String {
    let text = |field: &str| answer.get(field).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", text("decision"), text("execution").rsplit(':').next().unwrap_or_default())
}

/// Serves decisions until Lambda ends the process.
///
/// # Errors
///
/// When the Runtime API cannot be reached.
pub async fn serve(approver: &Approver) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let request = Request::of(event.payload, &event.context.invoked_function_arn);
        let signed = !matches!(request, Request::Direct(_));
        let asked = request.summary();
        // Boxed: the futures inside are large, and the compiler computes their layout once here.
        let result = Box::pin(approver.handle(request, Timestamp::now())).await;
        report(&result, &asked);
        respond(signed, result)
    }))
    .await
}

/// A refusal is an HTTP answer at the function URL, and a failed invocation otherwise.
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
    /// Reads the environment and makes the client.
    pub async fn from_env() -> Self {
        let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
        Self {
            client: Client::new(&config),
            machine: config::optional(config::STATE_MACHINE_NAME),
            environment: config::optional(config::ENVIRONMENT),
            reject_only_role: config::optional(config::REJECT_ONLY_ROLE),
            version: config::optional("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or_default(),
        }
    }

    /// Does what is asked.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the reason: nothing was decided.
    pub async fn handle(&self, request: Request, now: Timestamp) -> Result<Answered, Refused> {
        match request {
            Request::Signed(request) => self.handle_signed(*request, now).await,
            Request::Direct(payload) => self.decide_direct(payload, now).await.map(Answered::Decided),
            // Where IAM lets nobody invoke the function directly, nothing hangs on the alias.
            Request::Unqualified(request) if self.is_production() => self.handle_signed(*request, now).await,
            Request::Unqualified(_) => {
                let reason = "this came by a direct invocation, not through the function URL";
                Err(Refused::because(Why::Caller, reason))
            }
        }
    }

    async fn decide_direct(&self, payload: Value, now: Timestamp) -> Result<Decided, Refused> {
        if self.is_production() {
            let reason =
                "in prod only a signed request to the function URL decides; use scripts/approve or scripts/reject";
            return Err(Refused::because(Why::Caller, reason));
        }
        let mut answer = Answer::read(payload)?;
        if answer.on_behalf_of.is_some() {
            let reason = "onBehalfOf: leave it out; only a signed request can be on somebody's behalf";
            return Err(Refused::because(Why::Request, reason));
        }
        let by = answer.by.take().ok_or_else(|| Refused::because(Why::Request, "by: say who decides"))?;
        self.decide(&Caller::Named(by), answer, now).await
    }

    /// Takes the decision, or finds that it was taken.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the reason: nothing was decided.
    pub(crate) async fn decide(&self, caller: &Caller, answer: Answer, now: Timestamp) -> Result<Decided, Refused> {
        self.check_machine(&answer.execution)?;
        let decision = match waiting::find(&self.client, &answer.execution).await? {
            Approval::Waiting(asked, token) => {
                self.check(caller, &answer, &asked, now)?;
                let decision = self.decision(caller, &answer, &asked, now);
                match self.send(&token, &decision).await? {
                    Sent::Taken => {
                        let execution = answer.execution.rsplit(':').next();
                        let Decision { decision: verdict, by, identity, .. } = &decision;
                        tracing::info!(execution, decision = ?verdict, by, identity = ?identity, "decided");
                        decision
                    }
                    // Somebody was quicker, or our own first attempt arrived although its answer did not.
                    Sent::Late => taken(caller, &answer, waiting::find(&self.client, &answer.execution).await?)?,
                }
            }
            other => taken(caller, &answer, other)?,
        };
        Ok(Decided { execution: answer.execution, decision })
    }

    fn is_production(&self) -> bool {
        // Without the variable it could be: then it is.
        self.environment.as_deref().is_none_or(|environment| environment == PRODUCTION)
    }

    fn check_machine(&self, execution: &str) -> Result<(), Refused> {
        let Some(machine) = self.machine.as_deref() else {
            return Err(Refused::because(Why::Service, "STATE_MACHINE_NAME is not set"));
        };
        if let ["arn", _, "states", _, _, "execution", named, _] = *execution.split(':').collect::<Vec<_>>()
            && named == machine
        {
            return Ok(());
        }
        let reason = format!("{execution} is not an execution of {machine}; give the whole ARN of one");
        Err(Refused::because(Why::Request, reason))
    }

    fn check(&self, caller: &Caller, answer: &Answer, asked: &Asked, now: Timestamp) -> Result<(), Refused> {
        check_digest(answer, asked)?;
        if now >= asked.expires_at {
            return Err(expired(asked));
        }
        if answer.decision == Verb::Reject {
            return Ok(());
        }
        if self.reject_only_role.as_deref().is_some_and(|role| caller.has_role(role)) {
            return Err(Refused::because(Why::Caller, format!("{} may reject, not approve", caller.name())));
        }
        if let Some(requester) = asked.request.requested_by.as_deref()
            && is_requester(caller, answer, requester)
        {
            let reason = format!("{requester} asked for this run, so somebody else has to approve it");
            return Err(Refused::because(Why::Caller, reason));
        }
        Ok(())
    }

    fn decision(&self, caller: &Caller, answer: &Answer, asked: &Asked, now: Timestamp) -> Decision {
        Decision {
            decision: answer.decision.verdict(),
            by: caller.name().to_owned(),
            identity: caller.identity(),
            on_behalf_of: answer.on_behalf_of.clone(),
            duties: match &asked.request.requested_by {
                // Whoever started the execution is known to nobody, so a name proves nothing. In prod the stack's
                // policies let no principal both start and approve.
                _ if self.is_production() => Duties::Roles,
                Some(requester) if !is_requester(caller, answer, requester) => Duties::Names,
                _ => Duties::Unchecked,
            },
            reason: answer.reason.clone(),
            at: now.to_string(),
            version: self.version.clone(),
            request_mail_sent: asked.request_mail_sent,
        }
    }

    /// Answers the state with the decision, a no like a yes: both belong into the record.
    async fn send(&self, token: &Token, decision: &Decision) -> Result<Sent, Refused> {
        let output = serde_json::to_string(decision).unwrap_or_default();
        let sent = self.client.send_task_success().task_token(&token.0).output(output).send().await;
        match sent.as_ref().map_err(|error| error.code()) {
            Ok(_) => Ok(Sent::Taken),
            Err(Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken")) => Ok(Sent::Late),
            Err(code) => {
                let code = code.unwrap_or("no answer");
                let reason = format!("it is not known whether Step Functions took the decision ({code}); ask again");
                Err(Refused::because(Why::Service, reason))
            }
        }
    }
}

/// What became of an answer to the waiting state.
enum Sent {
    /// It was taken.
    Taken,
    /// The state no longer waited.
    Late,
}

/// The decision of an execution that no longer waits, if it is the one that is asked for.
fn taken(caller: &Caller, answer: &Answer, approval: Approval) -> Result<Decision, Refused> {
    match approval {
        Approval::Decided(asked, decision) => {
            check_digest(answer, &asked)?;
            let same_answer = decision.decision == answer.decision.verdict()
                && decision.by == caller.name()
                && decision.identity == caller.identity()
                && decision.on_behalf_of == answer.on_behalf_of;
            if same_answer {
                return Ok(*decision);
            }
            let Decision { decision, by, at, reason, .. } = *decision;
            let verdict = match decision {
                Verdict::Approved => "approved",
                Verdict::Rejected => "rejected",
            };
            let reason = format!("{} was {verdict} by {by} at {at} already: {reason}", answer.execution);
            Err(Refused::because(Why::Conflict, reason))
        }
        Approval::Expired(asked) => Err(expired(&asked)),
        Approval::NotAsked(reason) => Err(Refused::because(Why::Conflict, reason)),
        // The history lags behind, or the state asked anew.
        Approval::Waiting(..) => {
            let reason = "it is not known whether Step Functions took the decision; ask again";
            Err(Refused::because(Why::Service, reason))
        }
    }
}

/// Whether whoever asked for the run decides, themselves or through somebody.
fn is_requester(caller: &Caller, answer: &Answer, requester: &str) -> bool {
    caller.is(requester) || answer.on_behalf_of.as_deref().is_some_and(|name| same(name, requester))
}

fn check_digest(answer: &Answer, asked: &Asked) -> Result<(), Refused> {
    if answer.digest == asked.plan.digest {
        return Ok(());
    }
    let reason =
        format!("the digest is not that of this execution's plan, {}; look at that plan first", asked.plan.digest);
    Err(Refused::because(Why::Conflict, reason))
}

fn expired(asked: &Asked) -> Refused {
    Refused::because(Why::Expired, format!("the approval expired at {}; start a new run", asked.expires_at))
}

#[cfg(test)]
mod tests;
