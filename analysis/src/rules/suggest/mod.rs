//! How a statement could be written instead, as SQL: only where nothing of the statement is lost, and PostgreSQL takes it.

mod altered;
mod index;
mod names;
mod partitions;
mod steps;
mod text;

pub(super) use altered::{Altered, is_domain_with_constraint};
pub(super) use index::{create_index, drop_index, reindex, with_indexes};
pub(super) use steps::{PARTITIONED_NOT_VALID, in_steps, is_valid};
pub(super) use text::{edited, plain};

/// Migrations, one after the other.
#[derive(Default)]
struct Scripts(Vec<String>);

impl Scripts {
    /// One more, of these statements; none if there are none.
    fn add(&mut self, statements: impl IntoIterator<Item = String>) {
        let statements: Vec<_> = statements.into_iter().map(|statement| format!("{statement};")).collect();
        if !statements.is_empty() {
            self.0.push(statements.join("\n"));
        }
    }

    /// An empty line stands between two of them, so none may be within one: in a string, say.
    fn text(self) -> Option<String> {
        let is_split = |script: &String| script.lines().any(|line| line.trim().is_empty());
        (!self.0.iter().any(is_split)).then(|| self.0.join("\n\n"))
    }
}

/// One migration of one statement.
pub(super) fn alone(statement: String) -> Option<String> {
    let mut scripts = Scripts::default();
    scripts.add([statement]);
    scripts.text()
}

/// One migration of several statements.
pub(super) fn script(statements: impl IntoIterator<Item = String>) -> Option<String> {
    let mut scripts = Scripts::default();
    scripts.add(statements);
    scripts.text()
}
