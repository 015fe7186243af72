//! Asks git which migrations a directory had at an earlier commit.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use crate::problem::Problem;

/// The files that a directory had at a commit, and those that have changed since.
#[derive(Debug, Default)]
pub struct Before {
    /// The files, as paths within the directory.
    pub files: HashSet<String>,
    /// Those of them whose content differs now.
    pub changed: HashSet<String>,
}

/// Returns what `directory` had where the current branch left `reference`.
///
/// # Errors
///
/// When there is no git, no repository, no such commit, or no common ancestor.
pub fn before(directory: &Path, reference: &str) -> Result<Before, Problem> {
    if reference.is_empty() || reference.starts_with('-') {
        return Err(Problem::usage(format!("--since: {reference:?} is the name of no commit")));
    }
    git(directory, &["rev-parse", "--show-toplevel"]).map_err(|why| {
        Problem::usage(format!("--since: {} is in no repository of git ({why})", directory.display()))
    })?;
    git(directory, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{reference}^{{commit}}")])
        .map_err(|_| {
            Problem::usage(format!(
                "--since: this repository has no commit {reference}; in a shallow clone, fetch it first (git fetch --unshallow)"
            ))
        })?;
    let base = git(directory, &["merge-base", reference, "HEAD"]).map_err(|_| {
        Problem::usage(format!(
            "--since: {reference} and HEAD have no common ancestor here; in a shallow clone, fetch more of the history (git fetch \
             --unshallow)"
        ))
    })?;
    let base = base.trim();
    let failed = |why: String| Problem::failed(format!("git could not list the migrations of {reference}: {why}"));
    let files = git(directory, &["ls-tree", "-r", "-z", "--name-only", base, "."]).map_err(failed)?;
    let changed = git(directory, &["diff", "--no-ext-diff", "-z", "--name-only", "--relative", base, "--", "."])
        .map_err(failed)?;
    let paths = |text: String| text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    let (files, changed): (HashSet<String>, HashSet<String>) = (paths(files), paths(changed));
    Ok(Before { changed: changed.intersection(&files).cloned().collect(), files })
}

fn git(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git").arg("-C").arg(directory).args(arguments).output().map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::NotFound { ": is git installed?" } else { "" };
        format!("git could not be run ({error}){hint}")
    })?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(|_| "a file's name is not UTF-8".to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("git gave no reason").to_owned())
}
