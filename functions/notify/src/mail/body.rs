//! The text of a mail, written line by line.
//!
//! What a mail quotes was written by others: names, reasons, messages of the server. No text but what is known when the
//! program is built can begin a line, since a line ends here and nowhere else.

use shared::text::one_line;

/// How far the second line of a message is moved to the right, and each one after it.
const INDENT: &str = "    ";

/// The text as far as it is written.
#[derive(Debug, Default)]
pub(super) struct Body(String);

impl Body {
    /// Adds a line. A line break in what it quotes becomes a space.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.0.push_str(&one_line(line.as_ref()));
        self.0.push('\n');
    }

    /// Adds an empty line.
    pub(super) fn gap(&mut self) {
        self.0.push('\n');
    }

    /// Adds a message of one line or more. Its further lines are indented: a line of ours is not.
    pub(super) fn message(&mut self, text: &str) {
        for (number, line) in text.trim_end().split('\n').enumerate() {
            let indent = if number > 0 { INDENT } else { "" };
            self.line(format!("{indent}{line}"));
        }
    }

    /// Adds what is known, a line each, under each other.
    pub(super) fn table(&mut self, facts: &[(&str, String)]) {
        self.gap();
        for (name, value) in facts {
            self.line(format!("{:<14}{value}", format!("{name}:")));
        }
    }

    /// Returns the text.
    pub(super) fn finish(self) -> String {
        self.0
    }
}
