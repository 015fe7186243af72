//! What a person reads at the terminal: one line per event, colour only where it is wanted.
//!
//! Text from outside stays text: a character that ends a line, moves a cursor or hides is shown as an escape.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use shared::text::{harmless_json, one_line};

use crate::lines::Lines;

/// A style of a part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As it is.
    Plain,
    /// A heading, or the word that matters.
    Bold,
    /// A detail.
    Dim,
    /// It went well, or it is safe.
    Good,
    /// It needs a look.
    Warning,
    /// It went wrong, or it is dangerous.
    Bad,
}

impl Look {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Bold => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// The standard output and the standard error. A failing write ends no work: the first one is kept for the end.
#[derive(Debug, Default)]
pub struct Screen {
    failed: Option<io::Error>,
    place: Place,
}

/// Where a screen writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Output,
    Errors,
}

impl Screen {
    /// Writes one line.
    pub fn line(&mut self, text: &str) {
        self.parts(&[(Look::Plain, text)]);
    }

    /// Writes one line in one style.
    pub fn styled(&mut self, look: Look, text: &str) {
        self.parts(&[(look, text)]);
    }

    /// Writes one line of several parts, each in its style.
    pub fn parts(&mut self, parts: &[(Look, &str)]) {
        self.raw(&format!("{}\n", painted(parts)));
    }

    /// Writes lines.
    pub fn lines(&mut self, lines: &Lines) {
        for parts in lines.iter() {
            self.raw(&format!("{}\n", painted(parts)));
        }
    }

    /// Writes a value as JSON for a program. It is harmless at a terminal too.
    pub fn json(&mut self, value: &impl Serialize) {
        // What is written here has no key that is not a text, the only way in which this can fail.
        let written = serde_json::to_string_pretty(value).unwrap_or_default();
        self.raw(&format!("{}\n", harmless_for_jobs(&harmless_json(&written))));
    }

    /// Writes a value as one line of JSON.
    pub fn json_line(&mut self, value: &impl Serialize) {
        let written = serde_json::to_string(value).unwrap_or_default();
        self.raw(&format!("{}\n", harmless_for_jobs(&harmless_json(&written))));
    }

    /// Writes a text that is harmless already: a rendering of our own.
    pub fn raw(&mut self, text: &str) {
        let write = |out: &mut dyn io::Write| out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let written = match self.place {
            Place::Output => write(&mut AutoStream::auto(io::stdout().lock())),
            Place::Errors => write(&mut AutoStream::auto(io::stderr().lock())),
        };
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
    }

    /// Writes the lines of a message to the standard error.
    pub fn complain(&mut self, look: Look, text: &str) {
        let mut err = AutoStream::auto(io::stderr().lock());
        for line in text.lines() {
            // Where not even the standard error can be written to, the exit code has to tell.
            let _ = writeln!(err, "{}", painted(&[(look, line)]));
        }
    }

    /// Asks a question, and returns the answer without blanks around it. The end of the input, and what is no text, are
    /// empty answers. Returns `None` where there is no terminal.
    pub fn ask(&mut self, question: &str) -> Option<String> {
        if !is_interactive() {
            return None;
        }
        // What was typed before the question was read is no answer to it.
        let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
        let mut err = AutoStream::auto(io::stderr().lock());
        let _ = write!(err, "{} ", one_line(question)).and_then(|()| err.flush());
        let mut answer = String::new();
        let _ = io::stdin().read_line(&mut answer);
        Some(answer.trim().to_owned())
    }

    /// Whether a person who is asked at the terminal has seen what was written.
    pub fn is_seen(&self) -> bool {
        self.place == Place::Errors || io::stdout().is_terminal()
    }

    /// Returns a screen that writes to the standard error: for what a person has to see although the output is for a
    /// program, or goes to a file.
    pub fn of_errors() -> Self {
        Self { failed: None, place: Place::Errors }
    }

    /// Whether the reader of the output has left, as `| head` does.
    pub fn is_left(&self) -> bool {
        self.failed.as_ref().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Returns why the output could not be written, unless its reader has left.
    pub fn failure(&self) -> Option<String> {
        let error = self.failed.as_ref().filter(|_| !self.is_left())?;
        Some(format!("the output could not be written: {error}"))
    }
}

/// Whether a person can be asked: input and messages are at a terminal.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn painted(parts: &[(Look, impl AsRef<str>)]) -> String {
    let paint = |(look, text): (Look, String)| {
        let style = look.style();
        format!("{style}{text}{style:#}")
    };
    shown(parts).map(paint).collect()
}

/// Returns a line as it is shown, without colours.
pub fn plain(parts: &[(Look, impl AsRef<str>)]) -> String {
    shown(parts).map(|(_, text)| text).collect()
}

/// Returns the parts with an escape for each character that is more than text, and for what a job's log takes for a
/// command: `::` at the start of a line, and `##[` anywhere.
fn shown(parts: &[(Look, impl AsRef<str>)]) -> impl Iterator<Item = (Look, String)> {
    let mut is_start = true;
    parts.iter().map(move |(look, text)| {
        let mut text = one_line(text.as_ref()).replace("##[", "##\\u{5b}");
        let begun = text.trim_start();
        if is_start && begun.starts_with("::") {
            let margin = text.len() - begun.len();
            text.replace_range(margin..=margin, "\\u{3a}");
        }
        is_start = is_start && text.trim_start().is_empty();
        (*look, text)
    })
}

/// `##[` occurs in JSON only within a text, where JSON's own escape means the same.
fn harmless_for_jobs(json: &str) -> String {
    json.replace("##[", "##\\u005b")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_holds_cannot_be_more_than_text() {
        let line = painted(&[(Look::Bad, "a\u{1b}[2J\nb"), (Look::Plain, "\u{202e}c")]);
        assert_eq!(line, "\u{1b}[31ma\\u{1b}[2J b\u{1b}[0m\\u{202e}c");
    }

    #[test]
    fn what_a_line_holds_is_no_command_to_a_job() {
        let shown = |parts: &[&str]| plain(&parts.iter().map(|part| (Look::Plain, *part)).collect::<Vec<_>>());
        assert_eq!(shown(&["  ::error::no"]), "  \\u{3a}:error::no");
        assert_eq!(shown(&["  ", "::error::no"]), "  \\u{3a}:error::no");
        assert_eq!(shown(&["a ##[error]no"]), "a ##\\u{5b}error]no");
        assert_eq!(shown(&["a", "::b", ": c"]), "a::b: c");
    }

    #[test]
    fn json_means_the_same_to_a_program_and_nothing_to_a_job() {
        let value = serde_json::json!({ "text": "##[error]\u{202e}\u{85}" });
        let written = harmless_for_jobs(&harmless_json(&value.to_string()));
        assert!(!written.contains("##[") && !written.contains('\u{202e}') && !written.contains('\u{85}'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
    }
}
