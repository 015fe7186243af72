//! The words for what a person can do: a person who starts runs of the stack gives an input, a person at a terminal calls
//! the command.

use std::sync::atomic::{AtomicBool, Ordering};

static IS_COMMAND: AtomicBool = AtomicBool::new(false);

/// Has all messages of this process name the command's options, and not the stack's settings. A process is either a
/// function or the command.
pub fn speak_of_the_command() {
    IS_COMMAND.store(true, Ordering::Relaxed);
}

fn is_command() -> bool {
    IS_COMMAND.load(Ordering::Relaxed)
}

fn either<T>(stack: T, command: T) -> T {
    if is_command() { command } else { stack }
}

/// Returns how to record what a database has already.
pub(crate) fn baseline() -> &'static str {
    either(
        "start a run with {\"mode\": \"baseline\", \"upTo\": \"<the last migration that it has>\"}, which records them as \
         applied",
        "run lockstep baseline --up-to <the last migration that it has>, which records them as applied",
    )
}

/// Returns how to settle the migration `name`.
pub(crate) fn resolve(name: &str) -> String {
    either(
        format!(
            "start a run with {{\"mode\": \"resolve\", \"migration\": \"{name}\", \"resolution\": \"applied\"}} if it is \
             complete, or \"rolledBack\" if nothing of it is left"
        ),
        format!(
            "run lockstep resolve {name} with --applied if it is complete, or with --rolled-back if nothing of it is left"
        ),
    )
}

/// Returns the setting of the migrations' schema.
pub(crate) fn schema() -> &'static str {
    either("DatabaseSchema", "--schema")
}

/// Returns the setting of sqlx's ledger.
pub(crate) fn sqlx_table() -> &'static str {
    either("SqlxTable", "--sqlx-table")
}

/// Returns the setting of a run's last migration.
pub(crate) fn up_to() -> &'static str {
    either("upTo", "--up-to")
}

/// Returns the setting of a run's kind.
pub(crate) fn mode() -> &'static str {
    either("mode", "baseline")
}

/// Returns how to apply a history to a database that has nothing of it.
pub(crate) fn apply() -> &'static str {
    either("leave out mode, and it is applied", "lockstep apply applies it")
}

/// Returns that every disagreement is refused, and how to have the tool's own rules.
pub(crate) fn strict(tool: &str) -> String {
    either(
        format!("The setting Divergence is strict; with as-tool, what {tool} itself accepts is only a warning"),
        format!("--strict is given; without it, what {tool} itself accepts is only a warning"),
    )
}
