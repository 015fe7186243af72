//! Logs as JSON lines: a sentence, and fields.

use tracing_subscriber::EnvFilter;

/// Starts logging to standard output. `RUST_LOG` can ask for more or less.
pub fn init() {
    // sqlx logs what the server notifies, which can quote rows, and the SDK what it sends: both stay
    // silent whatever is asked for.
    let asked = std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::builder()
        .parse(format!("{asked},sqlx=off,aws_smithy_runtime=off,aws_smithy_runtime_api=off,hyper=off,rustls=off"))
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=off,aws_smithy_runtime=off"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(filter)
        .init();
}
