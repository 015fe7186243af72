//! Logs as JSON lines: a sentence, and fields.

use std::io::Write as _;

use serde::Serialize;
use serde_json::json;
use tracing_subscriber::EnvFilter;

const SILENT: &str = "sqlx=off,aws_smithy_runtime=off,aws_smithy_runtime_api=off,aws_runtime=off,hyper=off,\
                      hyper_util=off,rustls=off,lambda_runtime=off,lambda_runtime_api_client=off";

/// Starts logging to standard output. `RUST_LOG` can ask for more or less.
pub fn init() {
    // These stay silent whatever is asked for: sqlx logs what the server notifies, which can quote
    // rows, the SDK what it sends, and the runtime whole payloads, and each failure a second time.
    let asked = std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::builder()
        .parse(format!("{asked},{SILENT}"))
        .unwrap_or_else(|_| EnvFilter::new(format!("info,{SILENT}")));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(filter)
        .init();

    // A panic's own message can quote what was worked on; its place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

/// Logs `record` as one line, whole: what a `tracing` field cannot hold.
pub fn record(execution: &str, timestamp: &str, record: &impl Serialize) {
    let name = execution.rsplit(':').next();
    let line = json!({
        "timestamp": timestamp, "level": "INFO", "message": "run ended", "execution": name, "record": record,
    });
    // A lost line must not cost a migration.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
