//! Asks git which migrations a directory had at an earlier commit.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::problem::Problem;

/// The files that a directory had at a commit, and those that have changed since.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// The files, as paths within the directory.
    pub(crate) files: HashSet<String>,
    /// Those of them whose content differs now.
    pub(crate) changed: HashSet<String>,
    /// Those of them that are gone, in order.
    pub(crate) gone: BTreeSet<String>,
}

/// Returns what `directory` had where the current branch left `reference`.
///
/// # Errors
///
/// When there is no git, no repository, no such commit, or no common ancestor.
pub(crate) fn before(directory: &Path, reference: &str) -> Result<Before, Problem> {
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
    let listed = git(directory, &["ls-tree", "-r", "-z", base, "."]).map_err(failed)?;
    let files: HashMap<String, String> = listed
        .split('\0')
        .filter_map(|entry| {
            let (about, path) = entry.split_once('\t')?;
            Some((path.to_owned(), about.split(' ').nth(2)?.to_owned()))
        })
        .collect();
    let (there, gone): (Vec<_>, Vec<_>) = files.keys().cloned().partition(|file| directory.join(file).is_file());
    // With the line ends that git would keep. A change of the mode alone changes no content.
    // Git reads these paths from the repository's root, wherever it is called.
    let prefix = prefix(directory).unwrap_or_default();
    let paths: Vec<_> = there.iter().map(|file| format!("{prefix}{file}")).collect();
    let now = git_with(directory, &["hash-object", "--stdin-paths"], &paths.join("\n")).map_err(failed)?;
    let changed = there.into_iter().zip(now.lines()).filter(|(file, now)| files.get(file).is_some_and(|it| it != now));
    let changed = changed.map(|(file, _)| file).collect();
    Ok(Before { files: files.into_keys().collect(), changed, gone: gone.into_iter().collect() })
}

/// Returns the path of a directory within its repository, with a slash at its end, or empty for the repository itself.
/// Returns `None` outside of a repository, or without git.
pub(crate) fn prefix(directory: &Path) -> Option<String> {
    git(directory, &["rev-parse", "--show-prefix"]).ok().map(|path| path.trim_end_matches('\n').to_owned())
}

/// The variables by which git itself tells a hook about its repository. A command in a hook is to find its own.
const OF_A_HOOK: [&str; 6] =
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"];

fn git(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    git_with(directory, arguments, "")
}

fn git_with(directory: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| {
        let hint = if error.kind() == std::io::ErrorKind::NotFound { ": is git installed?" } else { "" };
        format!("git could not be run ({error}){hint}")
    };
    let mut command = Command::new("git");
    for name in OF_A_HOOK {
        command.env_remove(name);
    }
    command.arg("-C").arg(directory).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let stdin = child.stdin.take();
    // The input is written beside the reading: git answers before it has read all.
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        child.wait_with_output()
    });
    let output = output.map_err(failed)?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(|_| "a file's name is not UTF-8".to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("git gave no reason").to_owned())
}
