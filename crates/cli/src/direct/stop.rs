//! Ctrl-C and a request to end: the running statement is cancelled, and what it left is looked at.

use engine::deadline::Stop;

use crate::exit::Exit;

/// The request of this process.
pub static STOP: Stop = Stop::new();

/// Takes Ctrl-C and the request to end from now on: the first one cancels, a second one ends the process at once.
pub fn watch() {
    tokio::spawn(async {
        signal().await;
        STOP.request();
        tracing::warn!(target: "lockstep", "stopping: the running statement is cancelled; once more ends at once");
        signal().await;
        std::process::exit(Exit::Interrupted.code().into());
    });
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = async {
        match signal(SignalKind::interrupt()) {
            Ok(mut interrupt) => interrupt.recv().await.is_some(),
            Err(_) => std::future::pending().await,
        }
    };
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await.is_some(),
            Err(_) => std::future::pending().await,
        }
    };
    // The terminal is gone: a connection to a bastion has ended.
    let hangup = async {
        match signal(SignalKind::hangup()) {
            Ok(mut hangup) => hangup.recv().await.is_some(),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate => {}
        _ = hangup => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
