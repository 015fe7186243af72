//! Puts a report on the pull request of a job in GitHub Actions: one comment, which each push updates in place.
//!
//! GitHub's own command `gh` makes the calls: every runner has it, and it knows the token, the server and its limits.

mod changes;
mod state;

use std::env;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use report::Report;
use serde::Deserialize;
use serde_json::json;

use crate::problem::Problem;
use state::State;

/// The maximum length of a comment, in characters, as GitHub's API takes it.
const LONGEST: usize = 65_536;

/// How a comment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commented {
    /// A comment was made.
    Made,
    /// The comment of an earlier push was updated.
    Updated,
    /// The job may not write comments: the job of a fork's pull request never may.
    Forbidden,
}

/// The pull request of this job.
struct PullRequest {
    repository: String,
    number: u64,
    /// The commit that was pushed.
    head: String,
}

#[derive(Deserialize)]
struct Event {
    pull_request: Option<EventPullRequest>,
}

#[derive(Deserialize)]
struct EventPullRequest {
    number: u64,
    head: Head,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    body: String,
}

/// Puts the report on the migrations in `directory` on the pull request of this job.
///
/// # Errors
///
/// Where this is no job on a pull request, and where GitHub refuses or gives no answer.
pub(crate) fn put(report: &Report, directory: &str) -> Result<Commented, Problem> {
    let pull_request = PullRequest::of_this_job()?;
    let marker = state::marker(directory);
    let PullRequest { repository, number, head } = &pull_request;
    let comments = match gh(&["--paginate", "--slurp", &format!("repos/{repository}/issues/{number}/comments")], None) {
        Ok(answer) => answer,
        Err(refused) if refused.is_forbidden => return Ok(Commented::Forbidden),
        Err(refused) => return Err(refused.problem()),
    };
    let pages: Vec<Vec<Comment>> =
        serde_json::from_str(&comments).map_err(|_| Problem::failed("GitHub's list of comments cannot be read"))?;
    let earlier = pages.into_iter().flatten().find(|comment| comment.body.starts_with(&marker));
    let state = State::of(report, head);
    let before = earlier.as_ref().and_then(|comment| State::read(&comment.body));
    let body = json!({ "body": body(report, &marker, before.as_ref(), &state) }).to_string();
    let (method, path) = match &earlier {
        Some(comment) => ("PATCH", format!("repos/{repository}/issues/comments/{}", comment.id)),
        None => ("POST", format!("repos/{repository}/issues/{number}/comments")),
    };
    match gh(&["--method", method, &path, "--input", "-"], Some(&body)) {
        Ok(_) if earlier.is_some() => Ok(Commented::Updated),
        Ok(_) => Ok(Commented::Made),
        Err(refused) if refused.is_forbidden => Ok(Commented::Forbidden),
        Err(refused) => Err(refused.problem()),
    }
}

/// Returns the comment: the marker, the report with its verdict first, what has changed, and the state for the next push.
fn body(report: &Report, marker: &str, before: Option<&State>, state: &State) -> String {
    let changed = before.map_or_else(String::new, |before| changes::between(before, state));
    let hidden = state.written();
    // In bytes, which are at least as many as characters.
    let room = LONGEST.saturating_sub(marker.len() + changed.len() + hidden.len() + 8);
    let written = report::markdown(report, room);
    // The heading and the line behind it come first.
    let (heading, rest) = written.split_once("\n\n").unwrap_or((&written, ""));
    format!("{marker}\n{heading}\n\n{changed}{rest}\n{hidden}")
}

impl PullRequest {
    fn of_this_job() -> Result<Self, Problem> {
        let no_job = |what: &str| {
            Problem::usage(format!("--comment: {what}: it works in a job of GitHub Actions on a pull request alone"))
        };
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let repository = variable("GITHUB_REPOSITORY").ok_or_else(|| no_job("GITHUB_REPOSITORY is not set"))?;
        let is_name = |character: char| character.is_ascii_alphanumeric() || "._-/".contains(character);
        if repository.split('/').count() != 2 || !repository.chars().all(is_name) {
            return Err(no_job("GITHUB_REPOSITORY is no owner/name"));
        }
        let path = variable("GITHUB_EVENT_PATH").ok_or_else(|| no_job("GITHUB_EVENT_PATH is not set"))?;
        let event = fs::read(&path).map_err(|error| no_job(&format!("{path} cannot be read ({error})")))?;
        let event: Event = serde_json::from_slice(&event).map_err(|_| no_job("the event cannot be read"))?;
        let of = event.pull_request.ok_or_else(|| no_job("the event is of no pull request"))?;
        Ok(Self { repository, number: of.number, head: of.head.sha })
    }
}

/// Why GitHub gave no answer.
struct NoAnswer {
    is_forbidden: bool,
    said: String,
}

impl NoAnswer {
    fn problem(&self) -> Problem {
        Problem::failed(format!("--comment: GitHub did not take it: {}", self.said))
    }
}

fn gh(arguments: &[&str], input: Option<&str>) -> Result<String, NoAnswer> {
    let failed = |said: String| NoAnswer { is_forbidden: false, said };
    let mut command = Command::new("gh");
    command.arg("api").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(format!("gh could not be run ({error})")))?;
    if let Some(mut stdin) = child.stdin.take() {
        // If gh ends before it has read all, its own message tells why.
        let _ = stdin.write_all(input.unwrap_or_default().as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| failed(format!("gh gave no answer ({error})")))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(|_| failed("the answer is not UTF-8".to_owned()));
    }
    let said = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("gh gave no reason").to_owned();
    Err(NoAnswer { is_forbidden: said.contains("HTTP 403") || said.contains("HTTP 404"), said })
}

#[cfg(test)]
mod tests {
    use report::{MigrationReport, ScriptClass, Verdict};

    use super::*;

    pub(super) fn report(migrations: &[(&str, Verdict)]) -> Report {
        let of = |(name, verdict): &(&str, Verdict)| MigrationReport {
            name: (*name).to_owned(),
            class: ScriptClass::Transactional,
            verdict: *verdict,
            why: "why ".repeat(50),
            sql: "SELECT 1".to_owned(),
            statements: Vec::new(),
            blocking: None,
            suppressed: Vec::new(),
        };
        Report {
            format: report::FORMAT,
            live: None,
            made_at: "2026-01-01T00:00:00Z".to_owned(),
            verdict: migrations.iter().map(|(_, verdict)| *verdict).max().unwrap_or(Verdict::Safe),
            why: "why".to_owned(),
            already_applied: 0,
            migrations: migrations.iter().map(of).collect(),
            tables: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_comment_has_its_verdict_first_and_fits() {
        let names: Vec<_> = (0..2_000).map(|number| format!("{number:014}_a_name_of_some_length")).collect();
        let all: Vec<_> = names.iter().map(|name| (name.as_str(), Verdict::Danger)).collect();
        let report = report(&all);
        let state = State::of(&report, "abc");
        let text = body(&report, &state::marker("m"), None, &state);
        assert!(text.chars().count() <= LONGEST, "{}", text.len());
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(state::marker("m").as_str()));
        assert!(lines.next().unwrap().contains("danger"), "{}", &text[..200]);
    }
}
