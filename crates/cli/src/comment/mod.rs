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

impl Commented {
    /// Returns how it ended, for a person.
    pub(crate) const fn said(self) -> &'static str {
        match self {
            Self::Made => "The pull request has the report as a comment",
            Self::Updated => "The comment on the pull request has the new report",
            Self::Forbidden => {
                "The pull request has no comment: this job may not write one (pull-requests: write; never in a fork's pull request)"
            }
        }
    }
}

/// What a comment is about. Each subject has a comment of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The directory of the migrations, within the repository.
    pub(crate) directory: &'a str,
    /// The stack on whose database they were planned.
    pub(crate) stack: Option<&'a str>,
}

/// What a comment says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told<'a> {
    /// The report.
    Report(&'a Report),
    /// That there is none: a heading and a text, as Markdown.
    Words(&'a str, &'a str),
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

/// Puts what is told on the pull request of this job.
///
/// # Errors
///
/// Where this is no job on a pull request, and where GitHub refuses or gives no answer.
pub(crate) fn put(told: Told<'_>, subject: Subject<'_>) -> Result<Commented, Problem> {
    let pull_request = PullRequest::of_this_job()?;
    let marker = state::marker(subject);
    let PullRequest { repository, number, head } = &pull_request;
    let comments = match gh(&["--paginate", "--slurp", &format!("repos/{repository}/issues/{number}/comments")], None) {
        Ok(answer) => answer,
        Err(refused) if refused.is_forbidden => return Ok(Commented::Forbidden),
        Err(refused) => return Err(refused.problem()),
    };
    let pages: Vec<Vec<Comment>> =
        serde_json::from_str(&comments).map_err(|_| Problem::failed("GitHub's list of comments cannot be read"))?;
    let earlier = pages.into_iter().flatten().find(|comment| comment.body.starts_with(&marker));
    let text = match told {
        Told::Report(report) => {
            let before = earlier.as_ref().and_then(|comment| State::read(&comment.body));
            body(report, &marker, before.as_ref(), &State::of(report, head))
        }
        // It has no state: the next report is compared with none.
        Told::Words(heading, text) => format!("{marker}\n# {heading}\n\n{text}\n"),
    };
    let body = json!({ "body": text }).to_string();
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
        let of = Subject { directory: "m", stack: None };
        let names: Vec<_> = (0..2_000).map(|number| format!("{number:014}_a_name_of_some_length")).collect();
        let all: Vec<_> = names.iter().map(|name| (name.as_str(), Verdict::Danger)).collect();
        let report = report(&all);
        let state = State::of(&report, "abc");
        let text = body(&report, &state::marker(of), None, &state);
        assert!(text.chars().count() <= LONGEST, "{}", text.len());
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(state::marker(of).as_str()));
        assert!(lines.next().unwrap().contains("danger"), "{}", &text[..200]);
    }
}
