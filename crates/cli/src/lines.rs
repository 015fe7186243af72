//! Lines for a person, made before they are written: so they can be looked at by a test.

use crate::styles::{Look, plain};

/// Lines of parts, each part in its style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines(Vec<Vec<(Look, String)>>);

impl Lines {
    /// Adds a line.
    pub(crate) fn line(&mut self, text: impl Into<String>) {
        self.styled(Look::Plain, text);
    }

    /// Adds a line in one style.
    pub(crate) fn styled(&mut self, look: Look, text: impl Into<String>) {
        self.0.push(vec![(look, text.into())]);
    }

    /// Adds a line of several parts.
    pub(crate) fn parts<const N: usize>(&mut self, parts: [(Look, &str); N]) {
        self.0.push(parts.map(|(look, text)| (look, text.to_owned())).into());
    }

    /// Adds a title with an empty line above it.
    pub(crate) fn heading(&mut self, text: &str) {
        self.line("");
        self.styled(Look::Bold, text);
    }

    /// Adds the lines of a text, moved to the right. Only a line feed ends a line.
    pub(crate) fn indented(&mut self, text: &str, by: usize) {
        for line in text.lines() {
            let margin = if line.trim().is_empty() { 0 } else { by };
            self.line(format!("{:margin$}{line}", ""));
        }
    }

    /// Adds other lines.
    pub(crate) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns each line's parts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[(Look, String)]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// Whether there is no line.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the lines as they are shown, without colours.
    pub(crate) fn plain(&self) -> String {
        self.0.iter().map(|parts| plain(parts) + "\n").collect()
    }
}
