//! Credentials, asked for once and again when they are about to expire.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, SharedCredentialsProvider, future};
use tokio::sync::Mutex;

/// How long before their end credentials are renewed.
const EARLY: Duration = Duration::from_mins(5);

/// A provider that keeps what it was given. All clients share it: signing in by SSO asks AWS, and a process may ask a
/// person.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    from: SharedCredentialsProvider,
    kept: Arc<Mutex<Option<Credentials>>>,
}

impl Kept {
    pub(super) fn new(from: SharedCredentialsProvider) -> Self {
        Self { from, kept: Arc::default() }
    }

    async fn get(&self) -> Result {
        let mut kept = self.kept.lock().await;
        let is_fresh = |found: &Credentials| found.expiry().is_none_or(|end| end > SystemTime::now() + EARLY);
        if let Some(found) = kept.as_ref().filter(|found| is_fresh(found)) {
            return Ok(found.clone());
        }
        let found = self.from.provide_credentials().await?;
        let parts = [found.access_key_id(), found.secret_access_key(), found.session_token().unwrap_or_default()];
        if parts.iter().any(|part| !part.bytes().all(|byte| byte.is_ascii_graphic())) {
            // No header takes them: a file with Windows' line ends, or a copied line break.
            return Err(CredentialsError::invalid_configuration(
                "a key or the session token holds a blank, a line break or another character that none has",
            ));
        }
        *kept = Some(found.clone());
        Ok(found)
    }
}

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.get())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Debug)]
    struct Counting(Arc<AtomicUsize>, Duration);

    impl ProvideCredentials for Counting {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            self.0.fetch_add(1, Ordering::Relaxed);
            let end = SystemTime::now() + self.1;
            future::ProvideCredentials::ready(Ok(Credentials::new("a", "b", None, Some(end), "test")))
        }
    }

    #[tokio::test]
    async fn credentials_are_asked_for_once_until_they_are_about_to_expire() {
        for (lasts, asked) in [(Duration::from_hours(1), 1), (Duration::from_mins(1), 3)] {
            let count = Arc::default();
            let kept = Kept::new(SharedCredentialsProvider::new(Counting(Arc::clone(&count), lasts)));
            for _ in 0..3 {
                kept.provide_credentials().await.unwrap();
            }
            assert_eq!(count.load(Ordering::Relaxed), asked);
        }
    }
}
