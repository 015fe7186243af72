//! A line at a terminal that shows what goes on now; other lines are written above it.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use shared::text::one_line;

use crate::lines::Lines;
use crate::screen::Screen;

/// The live line, where there is a terminal for it.
pub(crate) struct Live {
    bar: Option<ProgressBar>,
    is_shown: bool,
    began: Instant,
}

impl Live {
    /// Starts the line of work that began this long ago. Without `is_shown` only the live line is shown.
    pub(crate) fn start(is_shown: bool, ago: Duration) -> Self {
        let now = Instant::now();
        let mut live = Self { bar: None, is_shown, began: now.checked_sub(ago).unwrap_or(now) };
        live.go_on();
        live
    }

    /// Takes the line away, while a person is asked.
    pub(crate) fn pause(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Shows the line again.
    pub(crate) fn go_on(&mut self) {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        self.bar = (io::stderr().is_terminal() && !is_dumb).then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar.with_elapsed(self.began.elapsed())
        });
    }

    /// Shows what goes on now.
    pub(crate) fn now(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(one_line(text));
        }
    }

    /// Writes lines above the live one.
    pub(crate) fn write(&self, screen: &mut Screen, lines: &Lines) {
        if !self.is_shown || lines.is_empty() {
            return;
        }
        match &self.bar {
            Some(bar) => bar.suspend(|| screen.lines(lines)),
            None => screen.lines(lines),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.pause();
    }
}
