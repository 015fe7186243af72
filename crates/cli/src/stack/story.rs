//! What a person who follows an execution is told, line by line.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::commands::Commands;
use super::history::{Answer, Event, Step};
use super::position::{Position, Waiting};
use super::progress::Progress;
use super::words;
use crate::lines::Lines;
use crate::screen::Look;
use crate::words::{local_time_of, milliseconds, plural, seconds};

/// A migration that takes longer than this is announced before it is done.
const LONG: SignedDuration = SignedDuration::from_secs(3);

/// In a run of more migrations than this, those applied since the last look are summed up in one line.
const MANY: u64 = 50;

/// The margin of a line that belongs to the one above it.
const MARGIN: usize = 12;

/// The platform ended an attempt whose error begins with one of these names, so the attempt logged no end.
const OF_THE_PLATFORM: [&str; 4] = ["Lambda.", "Sandbox.", "Runtime.", "States."];

/// The story of one execution so far.
#[derive(Debug)]
pub(crate) struct Story {
    /// Where the execution is.
    pub(crate) position: Position,
    /// The number of attempts of apply whose last line the log will have.
    pub(crate) attempts: usize,
    /// Whether apply has begun.
    pub(crate) has_applied: bool,
    commands: Commands,
    started: Timestamp,
    applying: BTreeMap<u64, Progress>,
    latest: Option<Progress>,
    database_status: String,
}

impl Story {
    /// Begins the story of an execution that started at this moment.
    pub(crate) fn new(commands: Commands, started: Timestamp) -> Self {
        Self {
            position: Position::default(),
            attempts: 0,
            has_applied: false,
            commands,
            started,
            applying: BTreeMap::new(),
            latest: None,
            database_status: String::new(),
        }
    }

    /// Returns what the next step has to be told of.
    pub(crate) fn step(&mut self, step: &Step) -> Lines {
        self.position.take(step);
        match &step.event {
            Event::Entered => self.entered(step),
            Event::Left => Lines::default(),
            Event::Retried => self.say(step.at, Look::Plain, &format!("{}, once more", doing(&step.state))),
            Event::Failed { error, .. } if step.state == "Approval" && error == "States.Timeout" => {
                self.say(step.at, Look::Bad, "✗ No person decided in time")
            }
            Event::Failed { error, cause, .. } => {
                if step.state == "Apply" && !OF_THE_PLATFORM.iter().any(|of| error.starts_with(of)) {
                    self.attempts += 1;
                }
                let mut lines = self.say(step.at, Look::Warning, &format!("{}: {error}", step.state));
                lines.indented(cause, MARGIN);
                lines
            }
            Event::Waiting { .. } => match self.position.waiting.clone() {
                Some(waiting) => self.ask(step, &waiting),
                None => Lines::default(),
            },
            Event::Succeeded(answer) => self.answered(step, answer),
        }
    }

    /// Returns what these lines of the log have to be told of.
    pub(crate) fn progress(&mut self, fresh: Vec<Progress>, now: Timestamp) -> Lines {
        let mut done = Vec::new();
        for progress in fresh {
            self.latest = Some(progress.clone());
            if progress.duration_ms.is_none() {
                self.applying.insert(progress.number, progress);
            } else {
                self.applying.remove(&progress.number);
                done.push(progress);
            }
        }
        let mut lines = self.applied(&done);
        let is_long = |progress: &Progress| now.duration_since(progress.at) > LONG;
        let long: Vec<_> = self.applying.values().filter(|progress| is_long(progress)).cloned().collect();
        for progress in long {
            self.applying.remove(&progress.number);
            lines.append(self.say(progress.at, Look::Plain, &format!("applying {progress}")));
        }
        lines
    }

    /// Returns what goes on now, in one line.
    pub(crate) fn now(&self, now: Timestamp) -> String {
        if let Some(waiting) = &self.position.waiting {
            let left = waiting.expires_at.parse::<Timestamp>().map(|end| end.duration_since(now));
            let left = left.map_or(String::new(), |left| format!(", {} left", seconds(left)));
            return format!("Waiting for a person to approve or reject{left}");
        }
        match (self.position.state.as_str(), &self.latest) {
            ("", _) => "Starting".to_owned(),
            ("WaitForDatabase", _) => format!("Waiting for the database instance, which is {}", self.database_status),
            ("Apply", Some(latest)) if latest.duration_ms.is_none() => format!("Applying {latest}"),
            ("Apply", Some(latest)) => format!("Applying: {} of {} done", latest.number, latest.total),
            (state, _) => doing(state).to_owned(),
        }
    }

    /// Returns the sentence on where the execution stands that is no longer followed, and whether it is applying.
    pub(crate) fn standing(&self) -> (String, bool) {
        match (&self.position.waiting, self.position.state.as_str()) {
            (Some(waiting), _) => {
                (format!(": it waits for approval until {}", local_time_of(&waiting.expires_at)), false)
            }
            (None, "Apply") => (": it is applying".to_owned(), true),
            _ => (String::new(), false),
        }
    }

    fn entered(&mut self, step: &Step) -> Lines {
        self.has_applied |= step.state == "Apply";
        // While the database starts, these two states alternate; only a new status is news.
        let is_told = match step.state.as_str() {
            "DatabaseStatus" => self.database_status.is_empty(),
            "Preflight" | "Plan" | "Approval" | "Apply" | "NotifySuccess" | "NotifyFailure" => true,
            _ => false,
        };
        if is_told { self.say(step.at, Look::Plain, doing(&step.state)) } else { Lines::default() }
    }

    fn answered(&mut self, step: &Step, answer: &Answer) -> Lines {
        match answer {
            Answer::Database(found) => {
                let status = found.status.as_deref().unwrap_or("unknown");
                let is_news = if status == "available" {
                    !self.database_status.is_empty()
                } else {
                    status != self.database_status
                };
                status.clone_into(&mut self.database_status);
                if is_news {
                    self.say(step.at, Look::Plain, &format!("The database instance is {status}"))
                } else {
                    Lines::default()
                }
            }
            Answer::Preflight(found) => words::warnings(&found.warnings),
            Answer::Plan(plan) => {
                let mut lines = words::plan(plan);
                lines.line("");
                lines
            }
            Answer::Decided(decided) => {
                let (look, text) = words::verdict(decided, "");
                self.say(step.at, look, &text)
            }
            Answer::Applied(applied) => {
                self.attempts += 1;
                if applied.remaining == 0 {
                    return Lines::default();
                }
                let left = plural(applied.remaining, "migration");
                self.say(step.at, Look::Plain, &format!("{left} left; the next invocation goes on"))
            }
            Answer::Mail(mail) if step.state == "NotifyApproved" => match &mail.notification.error {
                Some(error) => words::lost_mail("that tells of the approval", Some(error)),
                None => Lines::default(),
            },
            Answer::Mail(_) => Lines::default(),
            Answer::Other => {
                self.attempts += usize::from(step.state == "Apply");
                Lines::default()
            }
        }
    }

    fn ask(&self, step: &Step, waiting: &Waiting) -> Lines {
        let plan = self.position.plan.as_ref();
        let until = match waiting.expires_at.as_str() {
            "" => String::new(),
            end => format!(" until {}", local_time_of(end)),
        };
        let mut lines = self.say(step.at, Look::Warning, &format!("⏸ Waiting for approval{until}"));
        if let Some(error) = waiting.mail.as_ref().and_then(|mail| mail.notification.error.as_deref()) {
            lines.append(words::lost_mail("that asks for it", Some(error)));
        }
        let show = self.commands.show();
        let open = plan.filter(|plan| plan.report.is_some()).map(|_| format!("{show} --open"));
        let digest = plan.map_or("", |plan| plan.digest.as_str());
        for command in [show].into_iter().chain(open).chain(self.commands.decisions(digest)) {
            lines.line(format!("{:MARGIN$}{command}", ""));
        }
        lines
    }

    fn applied(&self, done: &[Progress]) -> Lines {
        if let [first, _, .., last] = done
            && last.total > MANY
        {
            let took = milliseconds(done.iter().filter_map(|progress| progress.duration_ms).sum());
            let text = format!("migrations {} to {} of {} ({took})", first.number, last.number, last.total);
            return self.say(last.at, Look::Plain, &text);
        }
        let mut lines = Lines::default();
        for progress in done {
            lines.append(self.say(progress.at, Look::Plain, &progress.to_string()));
        }
        lines
    }

    fn say(&self, at: Timestamp, look: Look, text: &str) -> Lines {
        let mut lines = Lines::default();
        let elapsed = format!("{:>10}  ", seconds(at.duration_since(self.started)));
        lines.parts([(Look::Dim, &elapsed), (look, text)]);
        lines
    }
}

/// Returns what happens in a state.
fn doing(state: &str) -> &str {
    match state {
        "DatabaseStatus" => "Looking up the database instance",
        "Preflight" => "Connecting to the database",
        "Plan" => "Planning",
        "Approval" => "Asking for approval",
        "Apply" => "Applying",
        "NotifyApproved" | "NotifySuccess" | "NotifyFailure" => "Notifying",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::types::HistoryEvent;
    use serde_json::{Value, json};

    use super::*;
    use crate::stack::made::{
        AT, applied, approval, done, entered, failed, history, plan, preflight, report, scheduled, succeeded, waiting,
        with,
    };

    fn story() -> Story {
        Story::new(Commands::new("prod", "apply-1", " --project shop"), AT.parse().unwrap())
    }

    fn told(events: impl IntoIterator<Item = HistoryEvent>) -> (String, Story) {
        let mut story = story();
        let text = history(events).iter().map(|step| story.step(step).plain()).collect();
        (text, story)
    }

    fn database(status: &str) -> Vec<HistoryEvent> {
        let described = json!({ "DbInstances": [{ "DbInstanceIdentifier": "app", "DbInstanceStatus": status }] });
        vec![entered("DatabaseStatus"), succeeded(&described)]
    }

    fn line(number: u64, total: u64, duration_ms: Option<u64>) -> Progress {
        Progress { at: AT.parse().unwrap(), migration: format!("{number}_m"), number, total, duration_ms }
    }

    #[test]
    fn a_run_that_waits_says_how_to_decide() {
        let planned = done("Plan", &with(plan(), json!({ "report": report() })));
        let mail = json!({ "sent": false, "error": "AuthorizationError" });
        let (text, story) = told(preflight().into_iter().chain(planned).chain(waiting(&mail)));
        for part in [
            "     0.0 s  Connecting to the database\n",
            "2 migrations pending",
            "     0.0 s  ⏸ Waiting for approval until 2026-01-01",
            "  ! The mail that asks for it could not be sent: AuthorizationError\n",
            "            lockstep show prod apply-1 --project shop --open\n",
            "            lockstep approve prod apply-1 --digest d1 --project shop --reason REASON\n",
            "            lockstep reject prod apply-1",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let (standing, is_applying) = story.standing();
        assert!(standing.starts_with(": it waits for approval until 2026-01-01") && !is_applying);
        let now = story.now("2026-01-01T12:59:00Z".parse().unwrap());
        assert_eq!(now, "Waiting for a person to approve or reject, 1 min 0 s left");
    }

    #[test]
    fn only_a_new_status_of_the_database_is_news() {
        let starting =
            [database("stopped"), database("starting"), vec![entered("WaitForDatabase")], database("starting")];
        let (text, story) = told(starting.into_iter().flatten());
        assert_eq!(text.matches("Looking up the database instance").count(), 1);
        assert_eq!(text.matches("The database instance is starting").count(), 1);
        assert_eq!(text.matches("The database instance is stopped").count(), 1);
        assert_eq!(story.now(Timestamp::UNIX_EPOCH), "Looking up the database instance");
        assert!(!told(database("available")).0.contains("is available"));
        let ready = [database("starting"), database("available")];
        assert!(told(ready.into_iter().flatten()).0.contains("The database instance is available"));
    }

    #[test]
    fn a_failed_attempt_is_told_with_its_cause_and_its_retry() {
        let cause = json!({ "errorMessage": "one\ntwo" }).to_string();
        let events = [entered("Apply"), scheduled(&json!({})), failed("Lock.Held", &cause), scheduled(&json!({}))];
        let (text, story) = told(events);
        assert!(
            text.contains("Apply: Lock.Held\n            one\n            two\n     0.0 s  Applying, once more\n"),
            "{text}"
        );
        assert_eq!((story.attempts, story.has_applied, story.standing().1), (1, true, true));
    }

    #[test]
    fn an_attempt_that_the_platform_ended_logs_no_end() {
        assert_eq!(told([entered("Apply"), failed("Sandbox.Timedout", "")]).1.attempts, 0);
        assert_eq!(told(done("Apply", &applied())).1.attempts, 1);
        assert_eq!(told(done("Apply", &Value::Null)).1.attempts, 1);
    }

    #[test]
    fn an_expired_approval_is_no_failure_of_a_step() {
        let timed_out = failed("States.Timeout", "");
        let (text, _) = told(waiting(&json!({ "sent": true })).into_iter().chain([timed_out]));
        assert!(text.ends_with("✗ No person decided in time\n"), "{text}");
        let (text, _) = told(waiting(&json!({ "sent": true })).into_iter().chain([succeeded(&approval())]));
        assert!(text.contains("▶ Approved by"), "{text}");
    }

    #[test]
    fn what_one_invocation_leaves_is_told() {
        let (text, _) = told(done("Apply", &with(applied(), json!({ "remaining": 1, "finished": false }))));
        assert!(text.contains("1 migration left; the next invocation goes on"), "{text}");
    }

    #[test]
    fn migrations_are_told_one_by_one_and_many_together() {
        let mut story = story();
        let now: Timestamp = AT.parse().unwrap();
        let few = story.progress(vec![line(1, 2, Some(12)), line(2, 2, Some(1300))], now).plain();
        assert_eq!(few, "     0.0 s  migration 1 of 2: 1_m (12 ms)\n     0.0 s  migration 2 of 2: 2_m (1.3 s)\n");
        let many = story.progress((1..=60).map(|number| line(number, 100, Some(10))).collect(), now).plain();
        assert_eq!(many, "     0.0 s  migrations 1 to 60 of 100 (600 ms)\n");
    }

    #[test]
    fn a_long_migration_is_announced_once_before_it_is_done() {
        let mut story = story();
        let at: Timestamp = AT.parse().unwrap();
        assert!(story.progress(vec![line(1, 2, None)], at).is_empty());
        let later = at + SignedDuration::from_secs(4);
        assert!(story.progress(vec![], later).plain().contains("applying migration 1 of 2: 1_m"));
        assert!(story.progress(vec![], later).is_empty());
        story.position.state = "Apply".into();
        assert_eq!(story.now(later), "Applying migration 1 of 2: 1_m");
        story.progress(vec![line(1, 2, Some(5))], later);
        assert_eq!(story.now(later), "Applying: 1 of 2 done");
    }
}
