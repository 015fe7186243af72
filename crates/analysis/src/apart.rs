//! Runs work in a thread of its own. A script can be nested deeper than a usual stack allows, and a panic or an endless
//! loop there must end nothing else.

use std::thread;
use std::time::Duration;

use crate::NoReport;

/// Enough for the deepest script that the engine accepts. Only the used part takes memory.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// How long the work on a plan may take between two queries to the database.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the result of `work`, which runs in a thread with a deep stack.
///
/// # Errors
///
/// [`NoReport::NoThread`]; [`NoReport::GaveUp`] when it panics; [`NoReport::TookTooLong`] when it takes more than 20
/// seconds.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NoReport> {
    apart_for(PATIENCE, work).await
}

async fn apart_for<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoReport> {
    match tokio::time::timeout(patience, tokio::task::spawn_blocking(|| deep(work))).await {
        Ok(worked) => worked.unwrap_or(Err(NoReport::GaveUp)),
        Err(_) => Err(NoReport::TookTooLong),
    }
}

/// Returns the result of `work`, which runs in a thread with a deep stack. The caller's thread waits as long as it
/// takes.
///
/// # Errors
///
/// [`NoReport::NoThread`]; [`NoReport::GaveUp`] when it panics.
pub fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, NoReport> {
    thread::scope(|scope| {
        let working = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        working.map_err(|_| NoReport::NoThread)?.join().map_err(|_| NoReport::GaveUp)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_analysis_that_panics_or_hangs_gives_a_reason() {
        assert!(matches!(apart(|| 1).await, Ok(1)));
        let gave_up = apart(|| -> u8 { panic!() }).await;
        assert_eq!(gave_up.unwrap_err().to_string(), "the analysis failed");
        let (ends_it, never) = std::sync::mpsc::channel::<u8>();
        let waited = apart_for(Duration::from_millis(10), move || never.recv().is_ok()).await;
        drop(ends_it);
        assert_eq!(waited.unwrap_err().to_string(), "the analysis took too long");
    }
}
