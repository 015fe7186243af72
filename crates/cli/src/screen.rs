//! What a person reads at the terminal: one line per event, colour only where it is wanted.
//!
//! Text from outside stays text: a character that ends a line, moves a cursor or hides is shown as an escape.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::AutoStream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use shared::text::{harmless_json, one_line};

use crate::lines::Lines;
pub(crate) use crate::styles::Look;
use crate::styles::painted;

/// The standard output and the standard error. A failing write ends no work: the first one is kept for the end.
#[derive(Debug, Default)]
pub(crate) struct Screen {
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
    pub(crate) fn line(&mut self, text: &str) {
        self.parts(&[(Look::Plain, text)]);
    }

    /// Writes one line in one style.
    pub(crate) fn styled(&mut self, look: Look, text: &str) {
        self.parts(&[(look, text)]);
    }

    /// Writes one line of several parts, each in its style.
    pub(crate) fn parts(&mut self, parts: &[(Look, &str)]) {
        self.raw(&format!("{}\n", painted(parts)));
    }

    /// Writes lines.
    pub(crate) fn lines(&mut self, lines: &Lines) {
        for parts in lines.iter() {
            self.raw(&format!("{}\n", painted(parts)));
        }
    }

    /// Writes a value as JSON for a program. It is harmless at a terminal too.
    pub(crate) fn json(&mut self, value: &impl Serialize) {
        // What is written here has no key that is not a text, the only way in which this can fail.
        let written = serde_json::to_string_pretty(value).unwrap_or_default();
        self.raw(&format!("{}\n", harmless_for_jobs(&harmless_json(&written))));
    }

    /// Writes a value as one line of JSON.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) {
        let written = serde_json::to_string(value).unwrap_or_default();
        self.raw(&format!("{}\n", harmless_for_jobs(&harmless_json(&written))));
    }

    /// Writes a text that is harmless already: a rendering of our own.
    pub(crate) fn raw(&mut self, text: &str) {
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
    #[expect(clippy::unused_self, reason = "callers write to a screen, whichever stream it takes")]
    pub(crate) fn complain(&mut self, look: Look, text: &str) {
        let mut err = AutoStream::auto(io::stderr().lock());
        for line in text.lines() {
            // Where not even the standard error can be written to, the exit code has to tell.
            let _ = writeln!(err, "{}", painted(&[(look, line)]));
        }
    }

    /// Asks a question, and returns the answer without blanks around it. The end of the input, and what is no text, are
    /// empty answers. Returns `None` where there is no terminal.
    #[expect(clippy::unused_self, reason = "callers write to a screen, whichever stream it takes")]
    pub(crate) fn ask(&mut self, question: &str) -> Option<String> {
        is_interactive().then(|| ask_now(question).text)
    }

    /// Whether a person who is asked at the terminal has seen what was written.
    pub(crate) fn is_seen(&self) -> bool {
        self.place == Place::Errors || io::stdout().is_terminal()
    }

    /// Returns a screen that writes to the standard error: for what a person has to see although the output is for a
    /// program, or goes to a file.
    pub(crate) fn of_errors() -> Self {
        Self { failed: None, place: Place::Errors }
    }

    /// Whether the reader of the output has left, as `| head` does.
    pub(crate) fn is_left(&self) -> bool {
        match &self.failed {
            Some(error) => error.kind() == io::ErrorKind::BrokenPipe,
            None => self.place == Place::Output && has_no_reader(),
        }
    }

    /// Returns why the output could not be written, unless its reader has left.
    pub(crate) fn failure(&self) -> Option<String> {
        let error = self.failed.as_ref().filter(|_| !self.is_left())?;
        Some(format!("the output could not be written: {error}"))
    }
}

/// An answer at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Typed {
    /// What was typed, without blanks around it. What is no text is empty.
    pub(crate) text: String,
    /// Whether the input has ended.
    pub(crate) is_last: bool,
}

/// Asks a question while other work goes on: Ctrl-C is noticed too. Returns `None` where there is no terminal.
pub(crate) async fn ask_beside(question: &str) -> Option<Typed> {
    if !is_interactive() {
        return None;
    }
    let question = question.to_owned();
    let (told, answer) = tokio::sync::oneshot::channel();
    // A thread of its own: the runtime would wait for one of its own threads, which waits for the answer.
    std::thread::spawn(move || told.send(ask_now(&question)));
    answer.await.ok()
}

fn ask_now(question: &str) -> Typed {
    // What was typed before the question was read is no answer to it.
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
    let mut err = AutoStream::auto(io::stderr().lock());
    let _ = write!(err, "{} ", one_line(question)).and_then(|()| err.flush());
    drop(err);
    let mut typed = String::new();
    let length = io::stdin().read_line(&mut typed);
    Typed { text: typed.trim().to_owned(), is_last: matches!(length, Ok(0)) }
}

/// Whether the output is a pipe that is read no longer. It is known before something is written.
fn has_no_reader() -> bool {
    let output = io::stdout();
    let mut asked = [PollFd::new(&output, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&now)).is_ok_and(|found| found > 0) && asked[0].revents().contains(PollFlags::ERR)
}

/// Whether a person can be asked: input and messages are at a terminal.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// `##[` occurs in JSON only within a text, where JSON's own escape means the same.
fn harmless_for_jobs(json: &str) -> String {
    json.replace("##[", "##\\u005b")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_to_a_program_and_nothing_to_a_job() {
        let value = serde_json::json!({ "text": "##[error]\u{202e}\u{85}" });
        let written = harmless_for_jobs(&harmless_json(&value.to_string()));
        assert!(!written.contains("##[") && !written.contains('\u{202e}') && !written.contains('\u{85}'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
    }
}
