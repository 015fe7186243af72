//! The migrations of the checkout, as a job ships them.

use std::path::{Path, PathBuf};

use bundle::Made;

use crate::arguments::stack::GithubJob;
use crate::directory;
use crate::problem::Problem;
use crate::stack::bundles;

/// A directory of migrations, and the bundle that was made of it.
pub(super) struct Checkout {
    /// The directory.
    pub(super) directory: PathBuf,
    /// Its bundle.
    pub(super) made: Made,
}

impl Checkout {
    /// Makes the bundle that a job ships. A job that is given no directory ships none.
    ///
    /// # Errors
    ///
    /// When there is no such directory, or no bundle of it.
    pub(super) fn of(wanted: &GithubJob) -> Result<Option<Self>, Problem> {
        let named = match wanted {
            GithubJob::Plan(given) => Some(given.migrations.as_str()),
            GithubJob::Start(given) => given.migrations.as_deref(),
            GithubJob::Decide(_) | GithubJob::CleanUp(_) => None,
        };
        let Some(named) = named else { return Ok(None) };
        let directory = directory::find(named_as(named), Path::new("."))?;
        let made = bundles::make(Some(directory.clone()))?;
        Ok(Some(Self { directory, made }))
    }
}

/// Returns the directory in which a later job finds the scripts that `start` has shipped, if its checkout has them.
pub(super) fn scripts(named: &str) -> Option<PathBuf> {
    directory::find(named_as(named), Path::new(".")).ok()
}

/// Returns the directory that was named: an empty name is that of an input which was not given.
fn named_as(named: &str) -> Option<PathBuf> {
    Some(named).filter(|named| !named.is_empty()).map(PathBuf::from)
}
