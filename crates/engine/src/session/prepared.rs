//! The names of the statements that a session prepares.

/// The names of a session's prepared statements. They are random, so that a script cannot prepare statements of its own
/// under these names.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) record: String,
    pub(crate) check: String,
}

impl Prepared {
    pub(crate) fn new() -> Self {
        let number = fastrand::u64(..);
        Self { record: format!("lockstep_record_{number:016x}"), check: format!("lockstep_check_{number:016x}") }
    }
}
