//! Why a command could not do its job.

use shared::{Failure, FailureName, Place};

use crate::exit::Exit;

/// Why a command could not do its work: a sentence that names the thing and the way out, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The exit code.
    pub(crate) exit: Exit,
    /// The failure's fixed name, where it has one.
    pub(crate) name: Option<FailureName>,
    /// The message. Holds no secret and no row value.
    pub(crate) message: String,
    /// Where the script failed.
    pub(crate) place: Option<Box<Place>>,
}

impl Problem {
    /// Returns the problem that an argument or a setting is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, name: None, message: message.into(), place: None }
    }

    /// Returns the problem that the work failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, ..Self::usage(message) }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let exit = if failure.name == FailureName::ConfigInvalid { Exit::Usage } else { Exit::Failed };
        Self { exit, name: Some(failure.name), message: failure.message, place: failure.place }
    }
}
