//! Logs as JSON lines: a sentence, and fields.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::text::harmless_json;

/// The crates whose events are logged. The others stay silent whatever `RUST_LOG` asks for: sqlx logs the server's
/// notices, which can quote rows; the SDK logs what it sends, and the runtime whole payloads.
const OURS: [&str; 8] = ["apply", "approve", "database", "engine", "notify", "plan", "preflight", "shared"];

/// Starts logging to standard output. `RUST_LOG` can ask for more or less.
pub fn init() {
    let asked = std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned());
    subscriber(&asked, || Lines(io::stdout())).init();

    // A panic's own message can quote data. Its place is enough to find the cause.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

/// Returns the subscriber that writes the lines that `asked` selects, in the syntax of `RUST_LOG`; those of `info`
/// where `asked` cannot be read.
fn subscriber<W>(asked: &str, writer: W) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(EnvFilter::builder().parse(asked).unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(writer)
        .finish()
        .with(filter_fn(|metadata| metadata.target().split("::").next().is_some_and(|name| OURS.contains(&name))))
}

/// Logs `record` as one line, whole. A field of `tracing` cannot hold it.
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

/// Writes lines of JSON. JSON itself escapes only a few of the characters that are not plain text.
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
    use std::fs;
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    /// Returns the messages that pass the filter `asked`.
    fn logged(asked: &str) -> Vec<String> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Shared(Arc::clone(&lines));
        tracing::subscriber::with_default(subscriber(asked, move || writer.clone()), || {
            tracing::info!(target: "sqlx::postgres::notice", "a row's value");
            tracing::error!(target: "lambda_runtime", "a payload");
            tracing::trace!(target: "engine::apply", "a detail");
            tracing::info!("a step");
        });
        let text = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
        let message = |line| serde_json::from_str::<Value>(line).unwrap()["message"].as_str().unwrap().to_owned();
        text.lines().map(message).collect()
    }

    #[derive(Clone)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whatever_is_asked_for_only_our_own_words_are_logged() {
        for asked in ["info", "sqlx::postgres::notice=trace,info", "sqlx=trace,lambda_runtime=trace,shared=info", "=,="]
        {
            assert_eq!(logged(asked), ["a step"], "{asked}");
        }
        assert_eq!(logged("trace"), ["a detail", "a step"]);
        assert_eq!(logged("engine::apply=trace"), ["a detail"]);
        assert!(logged("off").is_empty());
    }

    #[test]
    fn no_function_is_forgotten() {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(OURS.contains(&name.as_str()), "{name}");
        }
    }

    #[test]
    fn a_line_shows_nothing_that_is_more_than_text() {
        let (mut line, cause) = (Vec::new(), "1_a\u{202e}\u{200b}\u{85}\n\u{e0041}é");
        writeln!(Lines(&mut line), "{}", json!({ "cause": cause })).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "{\"cause\":\"1_a\\u202e\\u200b\\u0085\\n\\udb40\\udc41é\"}\n");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["cause"], cause);
    }
}
