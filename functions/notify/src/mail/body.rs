//! The text of a mail, written line by line.
//!
//! A mail quotes texts that others wrote: names, reasons, messages of the server. Only a text that is part of the
//! program can begin a line, since only this module ends lines.

use shared::text::one_line;

/// The indentation of each line of a message after its first.
const INDENT: &str = "    ";

/// The text so far.
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

    /// Adds a message of one line or more. Its further lines are indented, as none of our own lines is.
    pub(super) fn message(&mut self, text: &str) {
        for (number, line) in text.trim_end().split('\n').enumerate() {
            let indent = if number > 0 { INDENT } else { "" };
            self.line(format!("{indent}{line}"));
        }
    }

    /// Adds facts, one per line, as a table.
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
