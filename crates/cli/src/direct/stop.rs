//! Ctrl-C and a request to end: the running statement is cancelled, and what it left is looked at.

use engine::deadline::Stop;

use crate::exit::Exit;
use crate::signals::asked_to_end;

/// The request of this process.
pub(crate) static STOP: Stop = Stop::new();

/// Takes Ctrl-C and the request to end from now on: the first one cancels, a second one ends the process at once.
pub(crate) fn watch() {
    tokio::spawn(async {
        asked_to_end().await;
        STOP.request();
        tracing::warn!(target: "lockstep", "stopping: the running statement is cancelled; once more ends at once");
        asked_to_end().await;
        std::process::exit(Exit::Interrupted.code().into());
    });
}
