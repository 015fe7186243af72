//! Follows one execution until it ends, and turns its end into an exit code.

use std::time::{Duration, Instant};

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::ExecutionStatus;
use jiff::Timestamp;
use shared::record::Outcome;

use super::commands::{Commands, name_of};
use super::history::{Event, History, moment, told};
use super::known::Known;
use super::live::Live;
use super::position::Position;
use super::progress::ApplyLog;
use super::story::Story;
use super::tail::Tail;
use super::words;
use crate::aws::Error;
use crate::exit::Exit;
use crate::lines::Lines;
use crate::screen::{Look, Screen};
use crate::signals::asked_to_end;
use crate::target::Target;

/// `CloudWatch` has log lines late. For so long after the end, the last lines of the apply function are waited for.
const LATE: Duration = Duration::from_secs(10);

/// Follows one execution.
pub(crate) struct Follower {
    /// What was told so far.
    pub(crate) story: Story,
    /// The exit code, once the execution has ended.
    pub(crate) exit: Option<Exit>,
    states: Client,
    execution: String,
    history: History,
    log: ApplyLog,
    live: Live,
    pause: Duration,
}

/// Why the following has ended before the execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lost {
    /// AWS does not answer, or refuses.
    Call(Error),
    /// The reader of the output has left.
    Reader,
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl Follower {
    /// Begins to follow. Without `is_shown` no lines are written.
    ///
    /// # Errors
    ///
    /// When there is no such execution, and those of the call.
    pub(crate) async fn begin(target: &Target, execution: &str, is_shown: bool) -> Result<Self, Error> {
        let states = target.aws.states();
        let described = states.describe_execution().execution_arn(execution).send().await?;
        let started = moment(&described.start_date);
        let tail = Tail::new(target.aws.clone(), target.log_group("apply"), started.as_millisecond());
        let ago = Timestamp::now().duration_since(started).unsigned_abs();
        Ok(Self {
            story: Story::new(Commands::of(target, execution), started),
            exit: None,
            history: History::new(states.clone(), execution),
            log: ApplyLog::new(tail, name_of(execution)),
            live: Live::start(is_shown, ago),
            // The emulators are on this machine, and have no quota of calls.
            pause: Duration::from_millis(if target.aws.is_emulated() { 300 } else { 1_500 }),
            states,
            execution: execution.to_owned(),
        })
    }

    /// Follows until the execution has ended, and returns the exit code.
    ///
    /// # Errors
    ///
    /// When it can be followed no longer.
    pub(crate) async fn follow(&mut self, screen: &mut Screen) -> Result<Exit, Lost> {
        loop {
            if let Some(exit) = self.follow_until(screen, false).await? {
                return Ok(exit);
            }
        }
    }

    /// Follows until the execution has ended, and returns the exit code. With `leaves` it returns `None` as soon as the
    /// execution waits for a decision.
    ///
    /// # Errors
    ///
    /// When it can be followed no longer.
    pub(crate) async fn follow_until(&mut self, screen: &mut Screen, leaves: bool) -> Result<Option<Exit>, Lost> {
        loop {
            let described = self.states.describe_execution().execution_arn(&self.execution).send().await;
            let described = described.map_err(Error::from)?;
            for step in self.history.new_steps().await? {
                let is_end = matches!(step.event, Event::Left | Event::Failed { .. });
                if step.state == "Apply" && is_end {
                    self.show_progress(screen).await;
                }
                let lines = self.story.step(&step);
                self.live.write(screen, &lines);
            }
            self.show_progress(screen).await;
            if described.status != ExecutionStatus::Running {
                let exit = exit_of(&described);
                self.exit = Some(exit);
                self.await_log(screen).await;
                let lines = end(&described);
                self.live.write(screen, &lines);
                return Ok(Some(exit));
            }
            if leaves && self.story.position.waiting.is_some() {
                return Ok(None);
            }
            if screen.is_left() {
                return Err(Lost::Reader);
            }
            self.live.now(&self.story.now(Timestamp::now()));
            tokio::time::sleep(self.pause).await;
        }
    }

    /// Returns when the execution waits for a decision no longer: another person has decided, its time is over, or it has ended.
    pub(crate) async fn until_decided(&self) {
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            // What cannot be read is told by the following.
            let Ok(steps) = History::new(self.states.clone(), &self.execution).new_steps().await else { return };
            if Position::after(&steps).waiting.is_none() {
                return;
            }
        }
    }

    /// Takes the live line away while a person is asked.
    pub(crate) fn pause(&mut self) {
        self.live.pause();
    }

    /// Shows the live line again.
    pub(crate) fn go_on(&mut self) {
        self.live.go_on();
    }

    /// Waits until each attempt's last line has arrived. Ctrl-C ends only this.
    async fn await_log(&mut self, screen: &mut Screen) {
        let deadline = Instant::now() + LATE;
        let wait = async {
            while self.log.ended < self.story.attempts && self.log.refused.is_none() && Instant::now() < deadline {
                self.live.now("Waiting for the last lines of the log");
                tokio::time::sleep(self.pause).await;
                self.show_progress(screen).await;
            }
        };
        tokio::select! {
            () = wait => {}
            () = asked_to_end() => {}
        }
    }

    async fn show_progress(&mut self, screen: &mut Screen) {
        if !self.story.has_applied || self.log.refused.is_some() {
            return;
        }
        let fresh = self.log.new_lines().await;
        let mut lines = self.story.progress(fresh, Timestamp::now());
        if let Some(code) = &self.log.refused {
            lines.styled(Look::Dim, format!("            The apply function's log cannot be read ({code})"));
        }
        self.live.write(screen, &lines);
    }
}

/// Returns how an execution ended.
fn outcome(described: &DescribeExecutionOutput) -> Outcome {
    match (&described.status, described.error.as_deref()) {
        (ExecutionStatus::Succeeded, _) => Outcome::Applied,
        (ExecutionStatus::Aborted, _) => Outcome::Stopped,
        (ExecutionStatus::TimedOut, _) => Outcome::TimedOut,
        (_, Some("Approval.Rejected")) => Outcome::Rejected,
        (_, Some("Approval.Expired")) => Outcome::Expired,
        _ => Outcome::Failed,
    }
}

/// Returns the exit code of an execution that has ended: that of success for nothing else.
pub(crate) fn exit_of(described: &DescribeExecutionOutput) -> Exit {
    match outcome(described) {
        Outcome::Stopped => Exit::Stopped,
        Outcome::TimedOut => Exit::TimedOut,
        Outcome::Rejected => Exit::Rejected,
        Outcome::Expired => Exit::Expired,
        Outcome::Failed => Exit::Failed,
        _ => Exit::Done,
    }
}

fn end(described: &DescribeExecutionOutput) -> Lines {
    if described.status == ExecutionStatus::Succeeded {
        let known = described.output.as_deref().and_then(|output| serde_json::from_str::<Known>(output).ok());
        let stopped = described.stop_date.as_ref().map_or_else(Timestamp::now, moment);
        return words::result(&known.unwrap_or_default(), stopped.duration_since(moment(&described.start_date)));
    }
    let error = described.error.as_deref().unwrap_or(described.status.as_str());
    let (cause, _) = told(described.cause.as_deref().unwrap_or_default());
    words::failure(outcome(described), error, &cause)
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::primitives::DateTime;

    use super::*;

    #[test]
    fn each_end_has_its_exit_code() {
        for (status, error, exit) in [
            ("SUCCEEDED", None, Exit::Done),
            ("FAILED", Some("Migration.Failed"), Exit::Failed),
            ("FAILED", None, Exit::Failed),
            ("FAILED", Some("Approval.Rejected"), Exit::Rejected),
            ("FAILED", Some("Approval.Expired"), Exit::Expired),
            ("ABORTED", Some("Approval.Rejected"), Exit::Stopped),
            ("TIMED_OUT", None, Exit::TimedOut),
        ] {
            let described = DescribeExecutionOutput::builder()
                .execution_arn("e")
                .state_machine_arn("m")
                .start_date(DateTime::from_secs(0))
                .status(status.into())
                .set_error(error.map(str::to_owned))
                .build()
                .unwrap();
            assert_eq!(exit_of(&described), exit, "{status} {error:?}");
            assert_eq!(end(&described).plain().contains('✓'), exit == Exit::Done);
        }
    }
}
