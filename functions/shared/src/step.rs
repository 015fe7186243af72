//! How a function's handler is run: timed, counted, and its failure logged once.

use std::time::Instant;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;
use crate::metrics::{self, Unit};

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
    lambda_runtime::run(service_fn(|event: LambdaEvent<I>| async move {
        let started = Instant::now();
        let (payload, context) = event.into_parts();
        // Boxed: the futures inside are large, and the compiler computes their layout once here.
        let result = Box::pin(handler(payload, context)).await;
        let duration_ms = started.elapsed().as_secs_f64() * 1_000.0;
        let failed = f64::from(u8::from(result.is_err()));
        metrics::emit(name, &[("Duration", Unit::Milliseconds, duration_ms), ("Failures", Unit::Count, failed)]);
        match &result {
            Ok(_) => tracing::info!(step = name, duration_ms, "step done"),
            Err(failure) => {
                tracing::error!(
                    step = name,
                    duration_ms,
                    failure = failure.name.as_str(),
                    cause = failure.message,
                    "step failed"
                );
            }
        }
        result
    }))
    .await
}
