//! Logs as JSON lines: a sentence, and fields.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::text::harmless_json;

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
        .with_writer(|| Lines(io::stdout()))
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
    write_line(&line);
}

/// Writes a line of JSON to standard output.
pub(crate) fn write_line(json: &impl Display) {
    // A lost line must not cost a migration.
    let _ = Lines(io::stdout().lock()).write_all(format!("{json}\n").as_bytes());
}

/// Lines of JSON on their way out. JSON itself escapes only a few of the characters that are more than text.
struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(harmless_json(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_line_shows_nothing_that_is_more_than_text() {
        let (mut line, cause) = (Vec::new(), "1_a\u{202e}\u{200b}\u{85}\n\u{e0041}é");
        writeln!(Lines(&mut line), "{}", json!({ "cause": cause })).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "{\"cause\":\"1_a\\u202e\\u200b\\u0085\\n\\udb40\\udc41é\"}\n");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["cause"], cause);
    }
}
