//! The function URL: GET shows what is pending, POST decides, and the approver is the signer.

use std::collections::HashMap;

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use shared::approval::RefusedDecision;

use crate::answer;
use crate::caller::Caller;
use crate::refused::{Refused, Why};
use crate::{Answered, Approver, waiting};

fn queried(parameters: &HashMap<String, String>) -> Result<&str, Refused> {
    let execution = parameters.get("execution").map(String::as_str);
    execution.ok_or_else(|| Refused::because(Why::Request, "execution: give an execution's ARN in the query"))
}

fn body(request: &LambdaFunctionUrlRequest) -> Result<Value, Refused> {
    let text = request.body.as_deref().unwrap_or_default();
    if request.is_base64_encoded {
        return Err(Refused::because(
            Why::Request,
            "the body is not text: send it with content-type: application/json",
        ));
    }
    serde_json::from_str(text).map_err(|_| Refused::because(Why::Request, "the body is not JSON"))
}

/// Returns the HTTP answer.
pub(crate) fn response(result: Result<Value, Refused>) -> Value {
    let (status, body) = match result {
        Ok(body) => (200, body),
        Err(refused) => (
            refused.why.status(),
            json_of(&RefusedDecision { error: Refused::NAME.to_owned(), message: refused.message }),
        ),
    };
    json!({
        "statusCode": status,
        "headers": { "content-type": "application/json", "cache-control": "no-store" },
        "body": body.to_string(),
    })
}

fn json_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

impl Approver {
    /// Answers a request that AWS has verified.
    pub(crate) async fn handle_signed(
        &self,
        request: LambdaFunctionUrlRequest,
        now: Timestamp,
    ) -> Result<Answered, Refused> {
        let caller = Caller::of(request.request_context.clone())?;
        match request.request_context.http.method.as_deref() {
            Some("GET") => self.show(queried(&request.query_string_parameters)?).await.map(Answered::Shown),
            Some("POST") => {
                let answer = answer::read(body(&request)?)?;
                if answer.by.is_some() {
                    let reason = "by: leave it out; the approver is the identity that signed the request";
                    return Err(Refused::because(Why::Request, reason));
                }
                self.decide(&caller, answer, now).await.map(Answered::Decided)
            }
            method => {
                let reason = format!("{}: GET shows what is pending, POST decides", method.unwrap_or("no method"));
                Err(Refused::because(Why::Method, reason))
            }
        }
    }

    /// Returns what is pending in `execution`. Changes nothing.
    async fn show(&self, execution: &str) -> Result<Value, Refused> {
        self.check_machine(execution)?;
        let mut shown = json!({ "execution": execution, "waiting": false });
        let asked = match waiting::find(&self.client, execution).await? {
            waiting::Approval::Waiting(asked, _token) => {
                shown["waiting"] = true.into();
                Some(asked)
            }
            waiting::Approval::Decided(asked, decision) => {
                shown["approval"] = json_of(&decision);
                Some(asked)
            }
            waiting::Approval::Expired(asked) => {
                shown["reason"] = "no person decided in time".into();
                Some(asked)
            }
            waiting::Approval::NotAsked(reason) => {
                shown["reason"] = reason.into();
                None
            }
        };
        if let (Some(Value::Object(asked)), Some(shown)) = (asked.as_ref().map(json_of), shown.as_object_mut()) {
            shown.extend(asked);
        }
        Ok(shown)
    }
}
