//! Takes a decision once, or finds the decision that was taken.

use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use jiff::Timestamp;
use shared::approval::{Answer, Decided, Verb};
use shared::record::{Choice, Decision, Duties};

use crate::Approver;
use crate::caller::{Caller, same};
use crate::refused::{Refused, Why};
use crate::waiting::{self, Approval, Asked, Token};

impl Approver {
    /// Takes the decision, or finds that it was taken before.
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
                        let Decision { decision: choice, by, identity, .. } = &decision;
                        tracing::info!(execution, decision = ?choice, by, identity = ?identity, "decided");
                        decision
                    }
                    // Another caller was quicker, or our first attempt arrived although its answer was lost.
                    Sent::Late => taken(caller, &answer, waiting::find(&self.client, &answer.execution).await?)?,
                }
            }
            other => taken(caller, &answer, other)?,
        };
        Ok(Decided { execution: answer.execution, decision })
    }

    pub(crate) fn check_machine(&self, execution: &str) -> Result<(), Refused> {
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
        if self.reject_only_roles.iter().any(|role| caller.has_role(role)) {
            return Err(Refused::because(Why::Caller, format!("{} may reject, not approve", caller.name())));
        }
        if let Some(requester) = asked.request.requested_by.as_deref()
            && is_requester(caller, answer, requester)
        {
            let reason = format!("{requester} asked for this run, so another person has to approve it");
            return Err(Refused::because(Why::Caller, reason));
        }
        Ok(())
    }

    fn decision(&self, caller: &Caller, answer: &Answer, asked: &Asked, now: Timestamp) -> Decision {
        Decision {
            decision: answer.decision.choice(),
            digest: asked.plan.digest.clone(),
            by: caller.name().to_owned(),
            identity: caller.identity(),
            on_behalf_of: answer.on_behalf_of.clone(),
            duties: match &asked.request.requested_by {
                // The run does not say who started the execution, so comparing names proves nothing. In prod the
                // stack's policies let no principal both start and approve.
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

    /// Answers the state with the decision. A rejection is an answer like an approval: the record holds both.
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

/// What Step Functions did with an answer to the waiting state.
enum Sent {
    /// It took the answer.
    Taken,
    /// The state no longer waited.
    Late,
}

/// Returns the decision of an execution that no longer waits, if it is the decision that `answer` asks for.
fn taken(caller: &Caller, answer: &Answer, approval: Approval) -> Result<Decision, Refused> {
    match approval {
        Approval::Decided(asked, decision) => {
            check_digest(answer, &asked)?;
            let same_answer = decision.decision == answer.decision.choice()
                && decision.by == caller.name()
                && decision.identity == caller.identity()
                && decision.on_behalf_of == answer.on_behalf_of;
            if same_answer {
                return Ok(*decision);
            }
            let Decision { decision, by, at, reason, .. } = *decision;
            let chosen = match decision {
                Choice::Approved => "approved",
                Choice::Rejected => "rejected",
            };
            let reason = format!("{} was {chosen} by {by} at {at} already: {reason}", answer.execution);
            Err(Refused::because(Why::Conflict, reason))
        }
        Approval::Expired(asked) => Err(expired(&asked)),
        Approval::NotAsked(reason) => Err(Refused::because(Why::Conflict, reason)),
        // The history lags behind, or the state has asked again.
        Approval::Waiting(..) => {
            let reason = "it is not known whether Step Functions took the decision; ask again";
            Err(Refused::because(Why::Service, reason))
        }
    }
}

/// Whether the requester decides: directly, or as the person in whose name the caller signs.
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
