//! Suggests SQL for a safer way: only where nothing of the statement is lost, and PostgreSQL accepts it.

mod altered;
mod index;
mod names;
mod partitions;
mod steps;
mod text;

pub(super) use altered::{Altered, is_domain_with_constraint};
pub(super) use index::{create_index, drop_index, reindex, with_indexes};
pub(super) use steps::{PARTITIONED_NOT_VALID, in_steps, is_valid, options};
pub(super) use text::{edited, plain};

/// Migrations, one after the other.
#[derive(Default)]
pub(super) struct Scripts(Vec<String>);

impl Scripts {
    /// Adds a migration of these statements; none if there are no statements.
    fn add(&mut self, statements: impl IntoIterator<Item = String>) {
        let statements: Vec<_> = statements.into_iter().map(|statement| format!("{statement};")).collect();
        if !statements.is_empty() {
            self.0.push(statements.join("\n"));
        }
    }

    pub(super) fn into_texts(self) -> Vec<String> {
        self.0
    }
}

/// Returns one migration of one statement.
pub(super) fn alone(statement: String) -> Scripts {
    script([statement])
}

/// Returns one migration of several statements.
pub(super) fn script(statements: impl IntoIterator<Item = String>) -> Scripts {
    let mut scripts = Scripts::default();
    scripts.add(statements);
    scripts
}
