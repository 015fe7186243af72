//! The ways in, and how the function tells them apart.

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use serde::Deserialize as _;
use serde_json::Value;
use shared::text::short;

/// The number of parts in a function's ARN that names neither version nor alias.
const UNQUALIFIED: usize = 7;

/// The maximum length of a request's summary in the log, in characters.
const LONGEST_SUMMARY: usize = 500;

/// One invocation of this function, by the way on which it came.
#[derive(Debug, Clone)]
pub enum Invocation {
    /// Through the function URL, with an identity that AWS has verified.
    Signed(Box<LambdaFunctionUrlRequest>),
    /// By a direct invocation.
    Direct(Value),
    /// In the shape of a request to the function URL, but invoked without the alias that has the URL.
    Unqualified(Box<LambdaFunctionUrlRequest>),
}

impl Invocation {
    /// Recognises a request to the function URL by its shape and by the ARN under which it was invoked. The URL belongs
    /// to an alias, and a principal that may invoke the function directly may do so only without an alias.
    pub fn of(payload: Value, invoked_arn: &str) -> Self {
        let qualified = invoked_arn.split(':').count() > UNQUALIFIED;
        match LambdaFunctionUrlRequest::deserialize(&payload) {
            Ok(request) if !qualified => Self::Unqualified(Box::new(request)),
            Ok(request) => Self::Signed(Box::new(request)),
            Err(_) => Self::Direct(payload),
        }
    }

    /// Returns who asks for what, for the log.
    pub(crate) fn summary(&self) -> String {
        let text = match self {
            Self::Signed(request) | Self::Unqualified(request) => {
                let iam = request.request_context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
                let signer = iam.and_then(|iam| iam.user_arn.as_deref()).unwrap_or("unsigned");
                let method = request.request_context.http.method.as_deref().unwrap_or_default();
                let body = request.body.as_deref().and_then(|body| serde_json::from_str::<Value>(body).ok());
                format!("{signer} {method} {}", body.as_ref().map(decision_on).unwrap_or_default())
            }
            Self::Direct(payload) => format!("direct {}", decision_on(payload)),
        };
        short(&text, LONGEST_SUMMARY)
    }
}

/// Returns the decision and the execution's name, as the caller gives them.
fn decision_on(answer: &Value) -> String {
    let text = |field: &str| answer.get(field).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", text("decision"), text("execution").rsplit(':').next().unwrap_or_default())
}
