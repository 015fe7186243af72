//! Shows how far an apply is: a live line at a terminal, a line per migration everywhere.
//!
//! The engine logs each migration's turn. This reads that log.

use std::fmt::Debug;
use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::{Layer, Registry};

use crate::screen::{Look, Screen};
use crate::words::milliseconds;

/// Watches the engine's log until it is ended.
pub(crate) struct Watch {
    display: Arc<Display>,
    // Ends the reading when it is dropped.
    _guard: DefaultGuard,
}

struct Display {
    bar: Option<ProgressBar>,
    is_shown: bool,
    /// The output, and the last line on it.
    screen: Mutex<(Screen, String)>,
}

impl Watch {
    /// Starts to watch this thread's log. Shows nothing unless `is_shown`.
    pub(crate) fn start(is_shown: bool) -> Self {
        let bar = (is_shown && io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_message("taking the migration lock");
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        let display = Arc::new(Display { bar, is_shown, screen: Mutex::default() });
        let subscriber = Registry::default().with(Reader(Arc::clone(&display)));
        Self { display, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// Says something that matters while the work goes on.
    pub(crate) fn say(&self, text: &str) {
        self.display.line(&[(Look::Warning, text)]);
    }

    /// Removes the live line.
    pub(crate) fn end(self) {
        if let Some(bar) = &self.display.bar {
            bar.finish_and_clear();
        }
    }
}

impl Display {
    fn line(&self, parts: &[(Look, &str)]) {
        if !self.is_shown {
            return;
        }
        let write = || {
            let mut held = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
            let text: String = parts.iter().map(|(_, text)| *text).collect();
            // The engine says again and again what it waits for.
            if held.1 != text {
                held.0.parts(parts);
                held.1 = text;
            }
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn now(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(shared::text::one_line(text));
        }
    }
}

struct Reader(Arc<Display>);

impl<S: Subscriber> Layer<S> for Reader {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let is_ours = event.metadata().target().starts_with("engine") || event.metadata().target() == "lockstep";
        if !is_ours {
            return;
        }
        let mut said = Said::default();
        event.record(&mut said);
        let turn = format!("migration {} of {}: {}", said.number, said.total, said.migration);
        match (said.message.as_str(), said.duration_ms) {
            ("applying migration", _) => self.0.now(&format!("applying {turn}")),
            ("applied migration", duration) => {
                let took = format!("  {}", milliseconds(duration.unwrap_or(0)));
                self.0.line(&[(Look::Good, "  ✓ "), (Look::Plain, &turn), (Look::Dim, &took)]);
            }
            (message, _) if said.migration.is_empty() => self.0.line(&[(Look::Warning, &format!("  {message}"))]),
            (message, _) => self.0.line(&[(Look::Warning, &format!("  {}: {message}", said.migration))]),
        }
    }
}

/// What one line of the log says.
#[derive(Default)]
struct Said {
    message: String,
    migration: String,
    number: u64,
    total: u64,
    duration_ms: Option<u64>,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "migration" => value.clone_into(&mut self.migration),
            "message" => value.clone_into(&mut self.message),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "number" => self.number = value,
            "total" => self.total = value,
            "duration_ms" => self.duration_ms = Some(value),
            _ => {}
        }
    }
}
