//! Runs a function's handler: measures its time, counts its outcome, and logs a failure once.

use std::time::Instant;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::metrics::{self, Unit};
use crate::{Failure, FailureName};

/// Serves the step `name` with `handler` until Lambda ends the process.
///
/// # Errors
///
/// When the Runtime API cannot be reached.
pub async fn serve<I, O>(
    name: &str,
    handler: impl AsyncFn(I, lambda_runtime::Context) -> Result<O, Failure>,
) -> Result<(), Error>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let started = Instant::now();
        let (payload, context) = event.into_parts();
        let execution = execution_name(&payload);
        let result = match serde_json::from_value(payload) {
            // Boxed: the futures inside are large, and the compiler computes their layout once here.
            Ok(input) => Box::pin(handler(input, context)).await,
            Err(error) => Err(Failure::new(FailureName::StepFailed, format!("the payload does not fit: {error}"))),
        };
        let duration_ms = started.elapsed().as_secs_f64() * 1_000.0;
        let failed = f64::from(u8::from(result.is_err()));
        metrics::emit(name, &[("Duration", Unit::Milliseconds, duration_ms), ("Failures", Unit::Count, failed)]);
        match &result {
            Ok(_) => tracing::info!(execution, step = name, duration_ms, "step done"),
            Err(Failure { name: failure, message: cause, .. }) => {
                tracing::error!(execution, step = name, duration_ms, failure = failure.as_str(), cause, "step failed");
            }
        }
        result
    }))
    .await
}

/// Returns the name of the execution that `payload` is about: the last part of its ARN.
fn execution_name(payload: &Value) -> Option<String> {
    let arn = payload.get("execution").or_else(|| payload.pointer("/detail/executionArn"))?.as_str()?;
    arn.rsplit(':').next().map(str::to_owned)
}
