//! The time until which an attempt works, and a request to end it earlier.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// When no further migration is started, and a running one is cancelled.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    stop: Option<&'static Stop>,
}

/// A person's request to stop. It brings the deadlines that know it forward to now.
#[derive(Debug)]
pub struct Stop {
    requested: AtomicBool,
    notify: Notify,
}

impl Stop {
    /// Returns a request that was not made yet.
    pub const fn new() -> Self {
        Self { requested: AtomicBool::new(false), notify: Notify::const_new() }
    }

    /// Makes the request.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
    }

    /// Whether the request was made.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// Waits until the request is made.
    pub async fn requested(&self) {
        let notified = self.notify.notified();
        tokio::pin!(notified);
        // Registered before the flag is read, so that no request is missed in between.
        notified.as_mut().enable();
        if !self.is_requested() {
            notified.await;
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Deadline {
    /// Returns the deadline at a fixed time.
    pub fn at(at: Instant) -> Self {
        Self { at, stop: None }
    }

    /// Returns the same deadline, which `stop` brings forward.
    #[must_use]
    pub fn unless(self, stop: &'static Stop) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// Returns how much time is left.
    pub fn left(self) -> Duration {
        if self.is_stopped() { Duration::ZERO } else { self.at - Instant::now().min(self.at) }
    }

    /// Whether a person has asked to stop.
    pub fn is_stopped(self) -> bool {
        self.stop.is_some_and(Stop::is_requested)
    }

    /// Whether the time is up.
    pub fn has_passed(self) -> bool {
        self.left().is_zero()
    }

    /// Waits until the time is up.
    pub async fn passes(self) {
        match self.stop {
            None => tokio::time::sleep_until(self.at.into()).await,
            Some(stop) => tokio::select! {
                () = tokio::time::sleep_until(self.at.into()) => {}
                () = stop.requested() => {}
            },
        }
    }

    /// Waits for `pause`, or until the time is up.
    pub(crate) async fn sleep(self, pause: Duration) {
        let _ = tokio::time::timeout(pause, self.passes()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_brings_the_deadline_forward() {
        let stop: &'static Stop = Box::leak(Box::new(Stop::new()));
        let deadline = Deadline::at(Instant::now() + Duration::from_hours(1)).unless(stop);
        let fixed = Deadline::at(Instant::now() + Duration::from_hours(1));
        assert!(!deadline.has_passed() && deadline.left() > Duration::from_mins(59));
        let waiting = tokio::spawn(deadline.passes());
        tokio::task::yield_now().await;
        stop.request();
        waiting.await.unwrap();
        deadline.passes().await;
        assert!(deadline.has_passed() && !fixed.has_passed());
        assert!(Deadline::at(Instant::now()).has_passed());
    }
}
