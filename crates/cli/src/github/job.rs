//! One job of the workflow run, and the execution that it works on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_sfn::types::ExecutionStatus;
use bundle::{Digest, Made};
use jiff::SignedDuration;
use serde_json::{Map, Value};
use shared::approval::{Answer, Verb};
use shared::record::Outcome;

use super::annotation::{self, Scripts};
use super::reviews::{self, PAUSE, Review};
use super::run::Run;
use super::summary::Summary;
use crate::arguments::Bucket;
use crate::arguments::stack::{ALL, GithubJob, GithubMode, Mode};
use crate::aws::Error;
use crate::exit::Exit;
use crate::lines::Lines;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::stack::commands::{Commands, name_of};
use crate::stack::decide::{Failure, decide};
use crate::stack::follow::{Follower, Lost};
use crate::stack::known::{self, Known};
use crate::stack::{bundles, report, start, words};
use crate::target::{Machine, Target};

/// The number of characters of a reviewer's comment that go into the record.
const COMMENT: usize = 500;

/// One job of the workflow run.
pub(super) struct Job {
    pub(super) run: Run,
    pub(super) target: Target,
    pub(super) summary: Summary,
    pub(super) execution: String,
    /// What it starts, if it starts one.
    pub(super) new: Option<New>,
    /// The directory of the checkout that has the run's scripts; without one they are those of the layer.
    pub(super) scripts: Option<PathBuf>,
    /// Whether lines for a person are written.
    pub(super) is_shown: bool,
    /// Whether the execution exists, as far as is known.
    pub(super) is_begun: bool,
    /// The annotations for GitHub. They are written when GitHub takes commands again.
    pub(super) annotations: Vec<String>,
}

/// The execution that a job starts.
pub(super) struct New {
    /// Where it is started.
    pub(super) machine: Machine,
    /// Its input.
    pub(super) input: Map<String, Value>,
    /// The bundle that it runs on; without one it runs on the layer.
    pub(super) made: Option<Made>,
}

/// Why a job has no result.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is said already what to do.
    Problem(Problem),
    /// AWS refuses, or does not answer.
    Call(Error),
    /// The reader of the output has left.
    Reader,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<Lost> for Stop {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Call(error) => Self::Call(error),
            Lost::Reader => Self::Reader,
        }
    }
}

impl Job {
    /// Does the work of the job, and returns the exit code.
    pub(super) async fn work(&mut self, screen: &mut Screen, wanted: &GithubJob) -> Result<Exit, Stop> {
        match wanted {
            GithubJob::Plan(given) => self.plan(screen, given).await,
            GithubJob::Start(_) => self.start(screen).await,
            GithubJob::Decide(later) => self.decide(screen, &later.reviews).await,
            GithubJob::CleanUp(later) => self.clean_up(screen, &later.reviews).await,
        }
    }

    /// Starts the execution, and follows it until it ends or waits for the gate.
    async fn start(&mut self, screen: &mut Screen) -> Result<Exit, Stop> {
        self.ship(screen).await?;
        self.begin().await?;
        let mut follower = Follower::begin(&self.target, &self.execution, self.is_shown).await?;
        let ended = follower.follow_until(screen, true).await?;
        drop(follower);
        if let Some(exit) = ended {
            self.run.hand_over("waiting", "false")?;
            let seen = self.look().await?;
            self.show_end(&seen, true);
            self.report(screen, &seen).await?;
            return Ok(exit);
        }
        // The last moment to note them: the gate opens when this job is done.
        let earlier = reviews::noted(&reviews::reviews(&self.run, PAUSE).await?);
        self.run.hand_over("waiting", "true")?;
        self.run.hand_over("reviews", &earlier)?;
        let seen = self.look().await?;
        self.summary.heading(&format!("⏸ {}: waiting for approval", self.target.stack));
        self.show_plan(&seen);
        self.summary.paragraph("To decide with an AWS identity of your own, also while the gate waits:");
        self.show_commands(&seen);
        self.report(screen, &seen).await?;
        Ok(Exit::Done)
    }

    /// Puts the bundle that there is to run on into the stack's bucket.
    pub(super) async fn ship(&self, screen: &mut Screen) -> Result<(), Stop> {
        let Some(made) = self.new.as_ref().and_then(|new| new.made.as_ref()) else { return Ok(()) };
        bundles::put(screen, &self.target, &Bucket::default(), made, !self.is_shown).await?;
        Ok(self.run.hand_over("bundle", &made.digest.to_string())?)
    }

    /// Starts the execution once. Its name belongs to this attempt alone, so a repeated step finds the execution that it
    /// started.
    pub(super) async fn begin(&mut self) -> Result<(), Stop> {
        let Some(New { machine, input, made }) = &self.new else { return Ok(()) };
        let (name, digest) = (name_of(&self.execution).to_owned(), made.as_ref().map(|made| made.digest));
        start::start(&self.target, *machine, input, &name).await?;
        self.is_begun = true;
        self.run.hand_over("execution", &name)?;
        let started = self.look().await?.known.request.and_then(|request| request.bundle());
        if started == digest {
            return Ok(());
        }
        let on = |digest: Option<Digest>| digest.map_or("the layer".to_owned(), |digest| format!("bundle {digest}"));
        Err(Problem::usage(format!(
            "this attempt of the workflow run has started {name} already, on {}, and this step is for {}: one workflow run starts \
             one run of a stack",
            on(started),
            on(digest)
        ))
        .into())
    }

    /// Approves if a reviewer let this job in. Follows the execution to its end in either case.
    async fn decide(&mut self, screen: &mut Screen, earlier: &str) -> Result<Exit, Stop> {
        let seen = self.look().await?;
        if seen.position.waiting.is_some() && seen.is_running() {
            let found = reviews::since(reviews::reviews(&self.run, PAUSE).await?, earlier);
            match reviews::newest(found, self.target.word, "approved") {
                None => self.show_no_review(screen, &seen),
                Some(review) => {
                    let reason = reason(&self.run, &review);
                    if !self.answer(screen, &seen, Verb::Approve, Some(review.user), reason).await? {
                        return Ok(Exit::Refused);
                    }
                }
            }
        }
        let exit = Follower::begin(&self.target, &self.execution, self.is_shown).await?.follow(screen).await?;
        let seen = self.look().await?;
        self.show_end(&seen, false);
        Ok(exit)
    }

    /// Rejects the execution as soon as it waits, in the name of the rejecting reviewer if there is one.
    async fn clean_up(&mut self, screen: &mut Screen, earlier: &str) -> Result<Exit, Stop> {
        let mut seen = match self.look().await {
            Ok(seen) => seen,
            Err(error) if error.code() == Some("ExecutionDoesNotExist") => {
                return Ok(self.nothing_to_do(screen, "No execution was started"));
            }
            Err(error) => return Err(error.into()),
        };
        if !seen.is_running() {
            return Ok(self.nothing_to_do(screen, &format!("The execution has ended already: {}", ended_as(&seen))));
        }
        if seen.position.waiting.is_none() {
            self.say(screen, Look::Plain, "It does not wait for approval yet; waiting until it does, or ends");
        }
        while seen.is_running() && seen.position.waiting.is_none() {
            tokio::time::sleep(Duration::from_millis(if self.target.aws.is_emulated() { 300 } else { 3_000 })).await;
            seen = self.look().await?;
        }
        if seen.is_running() {
            let review = self.rejection(screen, earlier).await;
            let url = self.run.url();
            let reason = review.as_ref().map_or_else(
                || format!("The workflow run ended without an approval ({url})"),
                |review| reason(&self.run, review),
            );
            if !self.answer(screen, &seen, Verb::Reject, review.map(|review| review.user), reason).await? {
                return Ok(Exit::Refused);
            }
            Follower::begin(&self.target, &self.execution, self.is_shown).await?.follow(screen).await?;
            seen = self.look().await?;
        }
        self.show_end(&seen, false);
        Ok(match seen.known.outcome {
            // A rejection is the purpose of this job, so it is a success.
            Some(Outcome::Rejected) => Exit::Done,
            Some(Outcome::Expired) => Exit::Expired,
            Some(Outcome::Stopped) => Exit::Stopped,
            Some(Outcome::TimedOut) => Exit::TimedOut,
            Some(Outcome::Failed) => Exit::Failed,
            _ => Exit::Done,
        })
    }

    /// Returns the execution as it is now.
    pub(super) async fn look(&self) -> Result<known::Run, Error> {
        known::Run::read(&self.target, &self.execution).await
    }

    /// Returns the review that rejected. The execution is rejected also when GitHub does not say who rejected.
    async fn rejection(&self, screen: &mut Screen, earlier: &str) -> Option<Review> {
        match reviews::reviews(&self.run, PAUSE).await {
            Ok(found) => reviews::newest(reviews::since(found, earlier), self.target.word, "rejected"),
            Err(problem) => {
                self.say(screen, Look::Warning, &format!("It is not known who rejected: {}", problem.message));
                None
            }
        }
    }

    /// Returns whether the execution is decided now, by this answer or by an earlier one.
    async fn answer(
        &self,
        screen: &mut Screen,
        seen: &known::Run,
        verb: Verb,
        reviewer: Option<String>,
        reason: String,
    ) -> Result<bool, Stop> {
        let answer = Answer {
            execution: self.execution.clone(),
            digest: digest(seen).to_owned(),
            decision: verb,
            reason,
            by: None,
            on_behalf_of: reviewer.clone(),
        };
        let refusal = match decide(&self.target, &answer).await {
            Ok(_) => return Ok(true),
            Err(Failure::Refused(refusal)) => refusal,
            Err(failure) => {
                let show = Commands::of(&self.target, &self.execution).show();
                return Err(failure.explain(&self.target, &show).into());
            }
        };
        let now = self.look().await?;
        if !now.is_running() || now.position.waiting.is_none() {
            self.say(screen, Look::Warning, &format!("The run no longer waits for a decision ({refusal})"));
            return Ok(true);
        }
        screen.complain(Look::Bad, &format!("lockstep: refused: {refusal}"));
        let (what, approves) = match verb {
            Verb::Approve => ("approve", true),
            Verb::Reject => ("reject", false),
        };
        let name = reviewer.map(|reviewer| format!(" in the name of {reviewer}")).unwrap_or_default();
        self.summary.heading(&format!("✗ {}: could not {what}{name}", self.target.stack));
        self.summary.paragraph(&refusal);
        if approves {
            self.summary.paragraph("Nothing was applied, and the job clean-up rejects the run. Start a new one.");
        } else {
            self.show_commands(seen);
        }
        Ok(false)
    }

    fn say(&self, screen: &mut Screen, look: Look, text: &str) {
        if self.is_shown {
            screen.styled(look, text);
        }
    }

    fn nothing_to_do(&self, screen: &mut Screen, why: &str) -> Exit {
        self.say(screen, Look::Plain, &format!("{why}; nothing to clean up"));
        Exit::Done
    }

    fn show_no_review(&self, screen: &mut Screen, seen: &known::Run) {
        let said = format!(
            "No reviewer approved this run in the GitHub environment {}, so this job approves nothing. It waits until a person \
             decides with an AWS identity of their own.",
            self.target.word
        );
        self.say(screen, Look::Warning, &said);
        self.summary.heading(&format!("⏸ {}: no review", self.target.stack));
        self.summary.paragraph(&said);
        self.show_plan(seen);
        self.show_commands(seen);
    }

    fn show_plan(&self, seen: &known::Run) {
        let request = seen.known.request.as_ref();
        self.summary.facts(&[
            ("Execution", Some(name_of(&self.execution))),
            ("Requested by", request.and_then(|request| request.requested_by())),
            ("Reason", request.and_then(|request| request.reason())),
            ("Commit", request.and_then(|request| request.commit())),
            ("Digest", Some(digest(seen))),
            ("Until", seen.position.waiting.as_ref().map(|waiting| waiting.expires_at.as_str())),
        ]);
        if let Some(plan) = &seen.position.plan {
            self.summary.plan(plan);
        }
    }

    fn show_commands(&self, seen: &known::Run) {
        let commands = Commands::of(&self.target, &self.execution);
        let [approve, reject] = commands.decisions(digest(seen));
        self.summary.listing(&[commands.show(), approve, reject].join("\n"));
    }

    /// Shows the report on the plan, and leaves it in a file for the next step. A run without a report is still valid.
    pub(super) async fn report(&self, screen: &mut Screen, seen: &known::Run) -> Result<(), Stop> {
        let Some(plan) = seen.position.plan.as_deref().filter(|plan| plan.pending > 0) else { return Ok(()) };
        let made = async {
            let html = report::fetch(&self.target, Some(plan), "html").await?;
            let file = report::save(&html, &self.execution, Some(&self.run.temporary))?;
            let markdown = report::fetch(&self.target, Some(plan), "md").await?;
            Ok::<_, Problem>((file, markdown))
        };
        match made.await {
            Ok((file, markdown)) => {
                self.run.hand_over("report", &file.display().to_string())?;
                self.summary.report(&String::from_utf8_lossy(&markdown));
            }
            Err(problem) => {
                self.say(screen, Look::Warning, &problem.message);
                self.summary.paragraph(&problem.message);
            }
        }
        Ok(())
    }

    pub(super) fn show_end(&mut self, seen: &known::Run, with_plan: bool) {
        let has_succeeded = seen.status == ExecutionStatus::Succeeded;
        let mark = if has_succeeded { "✓" } else { "✗" };
        let title = format!("{}: {}", self.target.stack, ended_as(seen));
        self.summary.heading(&format!("{mark} {title}"));
        if with_plan {
            self.show_plan(seen);
        }
        self.summary.listing(end(&seen.known, has_succeeded).plain().trim_matches('\n'));
        if let Some(failure) = seen.known.failure.as_ref().filter(|_| !has_succeeded) {
            let place = failure.place.as_ref().or(seen.position.place.as_ref());
            let scripts = Scripts { root: Path::new("."), directory: self.scripts.as_deref() };
            self.annotations.extend(annotation::of_run(place, &title, &failure.cause, scripts));
        }
    }
}

/// Returns the execution that a job starts, if it starts one.
pub(super) fn new(run: &Run, wanted: &GithubJob, made: Option<Made>) -> Option<New> {
    let (machine, does, up_to, reason) = match wanted {
        GithubJob::Plan(given) => (Machine::PlanOnly, Some(Mode::Plan.word()), given.up_to.as_str(), ""),
        GithubJob::Start(given) => {
            (Machine::Migrations, given.mode.map(GithubMode::word), given.up_to.as_str(), given.reason.as_str())
        }
        GithubJob::Decide(_) | GithubJob::CleanUp(_) => return None,
    };
    let bundle = made.as_ref().map(|made| made.digest.to_string());
    let input = [
        ("requestedBy", Some(run.requester.as_str())),
        ("commit", Some(run.commit.as_str())),
        ("mode", does),
        ("upTo", Some(up_to).filter(|up_to| *up_to != ALL)),
        ("bundle", bundle.as_deref()),
        ("reason", Some(reason).filter(|reason| !reason.is_empty())),
    ];
    let input = input.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?.into()))).collect();
    Some(New { machine, input, made })
}

fn digest(seen: &known::Run) -> &str {
    seen.position.plan.as_ref().map_or("", |plan| plan.digest.as_str())
}

/// Returns the word for how it ended: the failure's name, the outcome, or Step Functions' own.
pub(super) fn ended_as(seen: &known::Run) -> String {
    if let Some(failure) = &seen.known.failure {
        return failure.error.clone();
    }
    let outcome = seen.known.outcome.and_then(|outcome| serde_json::to_value(outcome).ok());
    outcome.and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_else(|| seen.status.as_str().to_owned())
}

fn end(known: &Known, has_succeeded: bool) -> Lines {
    let mut lines = Lines::default();
    if has_succeeded {
        if let Some(approval) = &known.approval {
            lines.line(format!("  {}", words::verdict(approval, "").1));
        }
        let took = known.duration_ms.and_then(|took| i64::try_from(took).ok()).unwrap_or_default();
        lines.append(words::result(known, SignedDuration::from_millis(took)));
    } else if let Some(failure) = &known.failure {
        lines.append(words::failure(known.outcome.unwrap_or(Outcome::Failed), &failure.error, &failure.cause));
    }
    lines
}

/// Returns the reviewer's comment on one line, and the run in which it was made.
fn reason(run: &Run, review: &Review) -> String {
    let is_text = |c: char| shared::text::is_one_line(c.encode_utf8(&mut [0; 4]));
    let plain: String = review.comment.chars().map(|c| if is_text(c) { c } else { ' ' }).collect();
    let words: Vec<_> = plain.split_whitespace().collect();
    let url = run.url();
    // The function approve takes 500 characters in all.
    let room = COMMENT.saturating_sub(url.chars().count() + 3);
    let comment: String = words.join(" ").chars().take(room).collect();
    let comment = if comment.is_empty() { "Reviewed in GitHub" } else { &comment };
    format!("{comment} ({url})")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::super::reviews::tests::commented;
    use super::super::run::tests::run;
    use super::*;
    use crate::arguments::{Arguments, Command};
    use crate::stack::made::record;

    #[test]
    fn a_reason_is_one_line_that_the_function_takes() {
        let run = run(Path::new("."), "x");
        let said = |comment: &str| reason(&run, &commented(comment));
        let url = "(https://github.com/owner/shop/actions/runs/7)";
        assert_eq!(said("read\u{202e} it,\n\nfine"), format!("read it, fine {url}"));
        assert_eq!(said("\n "), format!("Reviewed in GitHub {url}"));
        let long = said(&"x".repeat(2_000));
        assert_eq!(long.chars().count(), COMMENT);
        assert!(long.ends_with(url));
    }

    #[test]
    fn the_workflows_bound_is_a_migration_or_all() {
        let asked = |line: &[&str]| Value::Object(asked(line, None).unwrap().input);
        assert_eq!(asked(&["start", "prod"]), json!({ "requestedBy": "bob", "commit": "c0ffee" }));
        assert_eq!(asked(&["start", "prod", "--up-to=all"]), asked(&["start", "prod"]));
        let bound = json!({ "requestedBy": "bob", "commit": "c0ffee", "upTo": "2_b", "mode": "plan" });
        assert_eq!(asked(&["start", "prod", "--up-to=2_b", "--mode=plan"]), bound);
        assert_eq!(asked(&["plan", "prod", "--up-to=2_b"]), bound);
    }

    #[test]
    fn a_pull_requests_job_can_start_nothing_but_a_plan() {
        let made = || Made { bytes: vec![], digest: "0f".repeat(32).parse().unwrap(), files: vec![], warnings: vec![] };
        let plan = asked(&["plan", "prod"], Some(made())).unwrap();
        assert_eq!(plan.machine, Machine::PlanOnly);
        assert_eq!(plan.input["bundle"], "0f".repeat(32));
        let start = asked(&["start", "prod", "--migrations="], Some(made())).unwrap();
        assert_eq!((start.machine, &start.input["bundle"]), (Machine::Migrations, &plan.input["bundle"]));
        assert!(asked(&["decide", "prod"], None).is_none() && asked(&["clean-up", "prod"], None).is_none());
    }

    fn asked(line: &[&str], made: Option<Made>) -> Option<New> {
        let words = ["lockstep", "github"].into_iter().chain(line.iter().copied());
        let Command::Github(arguments) = Arguments::try_parse_from(words).unwrap().command else { panic!("{line:?}") };
        new(&run(Path::new("."), "x"), &arguments.job, made)
    }

    #[test]
    fn the_end_is_told_with_its_decision() {
        let known: Known = serde_json::from_value(record()).unwrap();
        let text = end(&known, true).plain();
        assert!(text.contains("▶ Approved by") && text.contains("✓ 2 migrations applied"), "{text}");
        let failure = json!({ "outcome": "failed", "failure": { "error": "Lock.Held", "cause": "one\ntwo" } });
        let text = end(&serde_json::from_value(failure).unwrap(), false).plain();
        assert!(text.ends_with("✗ Lock.Held\n    one\n    two\n"), "{text}");
    }
}
