//! The workflow run of a step, from GitHub's own environment variables.

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;

use bundle::Digest;

use crate::problem::Problem;
use crate::styles::{Look, plain};

/// The digits of a bundle's digest in the name of an execution.
const DIGITS: usize = 12;

/// One attempt of one workflow run.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) id: String,
    attempt: String,
    pub(super) repository: String,
    pub(super) commit: String,
    pub(super) requester: String,
    server_url: String,
    pub(super) api_url: String,
    pub(super) token: String,
    output: PathBuf,
    pub(super) summary: PathBuf,
    /// The directory for files that the next step reads.
    pub(super) temporary: PathBuf,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("id", &self.id).field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

impl Run {
    /// Returns the run that these variables describe.
    pub(super) fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let said = |name: &str| {
            let missing =
                || Problem::usage(format!("{name} is not set: this is a step of a workflow of GitHub Actions"));
            variable(name).filter(|value| !value.is_empty()).ok_or_else(missing)
        };
        Ok(Self {
            id: said("GITHUB_RUN_ID")?,
            attempt: said("GITHUB_RUN_ATTEMPT")?,
            repository: said("GITHUB_REPOSITORY")?,
            commit: said("GITHUB_SHA")?,
            // Not GITHUB_ACTOR: it stays the first person's name when another person runs the workflow again.
            requester: said("GITHUB_TRIGGERING_ACTOR")?,
            server_url: said("GITHUB_SERVER_URL")?,
            api_url: said("GITHUB_API_URL")?,
            token: said("GITHUB_TOKEN")?,
            output: said("GITHUB_OUTPUT")?.into(),
            summary: said("GITHUB_STEP_SUMMARY")?.into(),
            temporary: said("RUNNER_TEMP")?.into(),
        })
    }

    /// Returns the name of this attempt's execution. A later job can compute it even if `start` could not hand it over.
    pub(super) fn execution(&self) -> String {
        format!("github-{}-{}", self.id, self.attempt)
    }

    /// Returns the name of the execution that plans a bundle. One attempt can plan several.
    pub(super) fn plan(&self, digest: Digest) -> String {
        format!("{}-{}", self.execution(), digest.to_string().chars().take(DIGITS).collect::<String>())
    }

    /// Returns the run's web page.
    pub(super) fn url(&self) -> String {
        format!("{}/{}/actions/runs/{}", self.server_url, self.repository, self.id)
    }

    /// Sets an output of the step.
    ///
    /// # Errors
    ///
    /// When the value is more than one line of text, which could set other outputs; and when it cannot be written.
    pub(super) fn hand_over(&self, name: &str, value: &str) -> Result<(), Problem> {
        if plain(&[(Look::Plain, value)]) != value {
            return Err(Problem::failed(format!("the output {name} of this step would be more than one line of text")));
        }
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&self.output);
        let written = file.and_then(|mut file| writeln!(file, "{name}={value}"));
        written.map_err(|error| Problem::failed(format!("{} cannot be written to: {error}", self.output.display())))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use super::*;
    use crate::exit::Exit;

    pub(in crate::github) const TOKEN: &str = "ghs_must-stay-secret";

    const VARIABLES: [(&str, &str); 11] = [
        ("GITHUB_RUN_ID", "7"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_REPOSITORY", "owner/shop"),
        ("GITHUB_SHA", "c0ffee"),
        ("GITHUB_TRIGGERING_ACTOR", "bob"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_API_URL", "https://api.github.com"),
        ("GITHUB_TOKEN", TOKEN),
        ("GITHUB_OUTPUT", "output"),
        ("GITHUB_STEP_SUMMARY", "summary"),
        ("RUNNER_TEMP", "."),
    ];

    /// Returns a run whose files are in a directory.
    pub(in crate::github) fn run(directory: &Path, api_url: &str) -> Run {
        let found = Run::of(|name| VARIABLES.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned()));
        Run {
            output: directory.join("output"),
            summary: directory.join("summary"),
            api_url: api_url.to_owned(),
            ..found.unwrap()
        }
    }

    #[test]
    fn the_run_is_what_github_says() {
        let run = run(Path::new("."), "x");
        assert_eq!((run.execution().as_str(), run.requester.as_str()), ("github-7-2", "bob"));
        assert_eq!(run.plan("0f".repeat(32).parse().unwrap()), "github-7-2-0f0f0f0f0f0f");
        assert_eq!(run.url(), "https://github.com/owner/shop/actions/runs/7");
        assert!(!format!("{run:?}").contains(TOKEN));
    }

    #[test]
    fn a_missing_variable_is_named() {
        for (missing, _) in VARIABLES {
            let problem = Run::of(|name| (name != missing).then(|| "x".to_owned())).unwrap_err();
            assert_eq!(problem.exit, Exit::Usage);
            assert!(problem.message.starts_with(&format!("{missing} is not set")), "{problem:?}");
            assert!(Run::of(|name| Some(if name == missing { "" } else { "x" }.to_owned())).is_err());
        }
    }

    #[test]
    fn an_output_sets_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let run = run(directory.path(), "x");
        run.hand_over("waiting", "true").unwrap();
        for value in ["true\nexecution=another", "a\rb", "a\u{2028}b", "a\u{202e}b", "::error::x", "##[error]x"] {
            let problem = run.hand_over("report", value).unwrap_err();
            assert!(problem.message.starts_with("the output report of this step"), "{problem:?}");
        }
        assert_eq!(std::fs::read_to_string(directory.path().join("output")).unwrap(), "waiting=true\n");
    }
}
