//! `lockstep run`: starts an execution and follows it, or follows one that was started before. With `--ask` it asks for the
//! decision, too.

use super::commands::{Commands, name_of};
use super::follow::{Follower, Lost};
use super::known::Run;
use super::{ask, bundles, show, start};
use crate::arguments::stack::RunArguments;
use crate::aws::Error;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen, is_interactive};
use crate::signals::asked_to_end;
use crate::target::{Machine, Target};

/// How far the command has come. It is needed when the command is interrupted.
#[derive(Default)]
struct Way {
    target: Option<Target>,
    /// The execution's ARN, once it may have been started.
    sent: Option<String>,
    /// Whether it is known that the execution exists.
    is_started: bool,
    follower: Option<Follower>,
}

/// Runs the command.
///
/// # Errors
///
/// When the arguments name no stack, and when AWS refuses or does not answer.
pub(crate) async fn run(screen: &mut Screen, arguments: &RunArguments, as_json: bool) -> Result<Exit, Problem> {
    let mut way = Way::default();
    let ended = tokio::select! {
        // The work comes first: what it has finished counts, even if Ctrl-C came meanwhile.
        biased;
        ended = way.go(screen, arguments, as_json) => ended,
        () = asked_to_end() => Err(Stop::Interrupted),
    };
    // The live line ends before anything else is said.
    let story = way.follower.take().map(|follower| follower.story);
    let stop = match ended {
        Ok(exit) => return Ok(exit),
        Err(stop) => stop,
    };
    let commands = match (&way.target, &way.sent) {
        (Some(target), Some(execution)) => Some(Commands::of(target, execution)),
        _ => None,
    };
    let said = match (&commands, way.is_started) {
        (Some(commands), true) => {
            let (standing, is_applying) = story.map_or_else(Default::default, |story| story.standing());
            Some(goes_on(commands, &standing, is_applying))
        }
        (Some(commands), false) if stop.is_uncertain() => {
            Some(may_go_on(commands, way.sent.as_deref().unwrap_or_default()))
        }
        _ => None,
    };
    let exit = match (&stop, &said) {
        (Stop::Problem(_), _) => None,
        // Nothing was sent that could have an effect.
        (Stop::Call(error), None) if error.is_uncertain() => Some(Exit::Lost),
        (Stop::Call(_), None) => None,
        (Stop::Call(_), Some(_)) => Some(Exit::Lost),
        (Stop::Interrupted | Stop::Reader, _) => Some(Exit::Interrupted),
    };
    let why = match (stop, &way.target) {
        (Stop::Problem(problem), _) => return Err(problem),
        (Stop::Call(error), Some(target)) if way.sent.is_none() && arguments.follow.is_none() => {
            format!("{}\nNothing was started", target.problem(&error).message)
        }
        (Stop::Call(error), Some(target)) => target.problem(&error).message,
        (Stop::Call(error), None) => error.explain("", "", "").message,
        (Stop::Reader, _) => "the reader of the output has left".to_owned(),
        (Stop::Interrupted, _) if said.is_none() && arguments.follow.is_none() => "nothing was started".to_owned(),
        (Stop::Interrupted, _) if said.is_none() => "interrupted: the run goes on, if there is one".to_owned(),
        (Stop::Interrupted, _) => "interrupted".to_owned(),
    };
    let message = [Some(why), said].into_iter().flatten().collect::<Vec<_>>().join("\n");
    Err(Problem { exit: exit.unwrap_or(Exit::Failed), ..Problem::failed(message) })
}

/// Why the command ends before the execution.
#[derive(Debug)]
enum Stop {
    Problem(Problem),
    Call(Error),
    Reader,
    Interrupted,
}

impl Stop {
    /// Whether a call that was sent may have had its effect.
    fn is_uncertain(&self) -> bool {
        match self {
            Self::Interrupted => true,
            Self::Call(error) => error.is_uncertain(),
            Self::Problem(_) | Self::Reader => false,
        }
    }
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

impl Way {
    async fn go(&mut self, screen: &mut Screen, arguments: &RunArguments, as_json: bool) -> Result<Exit, Stop> {
        let RunArguments { environment, new, migrations, bucket, follow, ask, place } = arguments;
        if *ask && (as_json || !is_interactive() || !screen.is_seen()) {
            return Err(Problem::usage(
                "--ask needs a terminal: without one, decide by lockstep approve and lockstep reject",
            )
            .into());
        }
        let made = migrations.clone().map(|directory| bundles::make(Some(directory))).transpose()?;
        let target = self.target.insert(Target::find(Some(*environment), place, follow.as_deref()).await?).clone();
        let execution = if let Some(execution) = follow {
            let execution = target.execution_arn(execution).await?;
            // Only if it can be described does it exist.
            self.follower = Some(Follower::begin(&target, &execution, !as_json).await?);
            self.sent = Some(execution.clone());
            self.is_started = true;
            heading(screen, &target, &execution, as_json);
            execution
        } else {
            let mut new = new.clone();
            let requester = start::requester(&target).await?;
            // What is wrong with the other options is said before something is uploaded.
            start::input(&requester, &new)?;
            if let Some(made) = made {
                bundles::put(screen, &target, bucket, &made, as_json).await?;
                new.bundle = Some(made.digest);
            }
            let input = start::input(&requester, &new)?;
            let (machine, name) = (Machine::of(new.plan_only), start::new_name(&input));
            // The ARN is known before the request, so that an interruption can name the execution to look for.
            self.sent = Some(target.new_execution_arn(machine, &name).await?);
            let execution = start::start(&target, machine, &input, &name).await?;
            self.is_started = true;
            heading(screen, &target, &execution, as_json);
            self.follower = Some(Follower::begin(&target, &execution, !as_json).await?);
            execution
        };
        let Some(follower) = &mut self.follower else { return Ok(Exit::Failed) };
        let exit = if let Some(exit) = follower.follow_until(screen, *ask).await? {
            exit
        } else {
            let digest = follower.story.position.plan.as_ref().map(|plan| plan.digest.clone()).unwrap_or_default();
            follower.pause();
            tokio::select! {
                () = ask::ask(screen, &target, &execution, &digest) => {}
                () = follower.until_decided() => {}
            }
            follower.go_on();
            follower.follow(screen).await?
        };
        if as_json {
            let run = Run::read(&target, &execution).await.map_err(|error| {
                let why = target.problem(&error).message;
                let show = Commands::of(&target, &execution).show();
                Stop::Problem(Problem::failed(format!(
                    "the run has ended ({}), and its record could not be read: {why}\n{show} reads it later",
                    exit.meaning()
                )))
            })?;
            screen.json(&show::value(&run));
        }
        Ok(exit)
    }
}

/// Names the execution. To a program, the standard error does: the standard output is one value.
fn heading(screen: &mut Screen, target: &Target, execution: &str, as_json: bool) {
    if as_json {
        screen.complain(Look::Dim, execution);
        return;
    }
    screen.parts(&[(Look::Bold, &target.stack), (Look::Plain, &format!("  {}", name_of(execution)))]);
    screen.styled(Look::Dim, execution);
}

/// Returns where an execution that is no longer followed stands, and the commands that lead back to it.
pub(crate) fn goes_on(commands: &Commands, standing: &str, is_applying: bool) -> String {
    let more = if is_applying { "   (what is being applied now goes on to its end)" } else { "" };
    format!("The execution goes on without you{standing}.\n{}", ways_back(commands, more))
}

/// Returns the same for an execution that may or may not have started.
pub(crate) fn may_go_on(commands: &Commands, execution: &str) -> String {
    let name = name_of(execution);
    format!(
        "It is not known whether {name} was started. If it was, it goes on without you.\n{}",
        ways_back(commands, "")
    )
}

fn ways_back(commands: &Commands, stopping: &str) -> String {
    format!(
        "  see it:     {}\n  follow it:  {}\n  stop it:    {}{stopping}",
        commands.show(),
        commands.follow(),
        commands.stop()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_said_with_the_ways_back() {
        let commands = Commands::new("prod", "apply-1", "");
        assert_eq!(
            goes_on(&commands, ": it is applying", true),
            "The execution goes on without you: it is applying.\n  see it:     lockstep show prod apply-1\n  \
             follow it:  lockstep run prod --follow apply-1\n  stop it:    lockstep stop prod apply-1   (what is being applied now \
             goes on to its end)"
        );
        let may = may_go_on(&commands, "arn:x:apply-1");
        assert!(may.starts_with("It is not known whether apply-1 was started. If it was,"), "{may}");
    }

    #[test]
    fn only_a_lost_call_may_have_started_something() {
        let refused = Error::Refused { code: "AccessDenied".into(), message: String::new(), status: 400 };
        assert!(!Stop::Call(refused).is_uncertain() && Stop::Call(Error::NoAnswer(String::new())).is_uncertain());
        assert!(Stop::Interrupted.is_uncertain() && !Stop::Problem(Problem::usage("x")).is_uncertain());
    }
}
