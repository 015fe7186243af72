//! `lockstep github`: the jobs of a workflow: plan for a pull request; start, decide and clean-up for one that migrates.
//!
//! `plan` ships the migrations of the checkout to the machine that can only plan, and puts its report on the pull request.
//! `start` starts the execution and follows it until it ends or waits. `decide` runs behind the gate. It approves in the
//! name of the reviewer who let it in. Without a reviewer it waits for a decision that is made with a person's own AWS
//! identity. `clean-up` rejects an execution that would otherwise wait in vain.

mod annotation;
mod checkout;
mod job;
mod plan;
mod reviews;
mod run;
mod summary;

use std::hash::{BuildHasher as _, RandomState};

use crate::arguments::stack::{GithubArguments, GithubJob};
use crate::aws::Error;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::signals::asked_to_end;
use crate::stack::commands::{Commands, name_of};
use crate::stack::known;
use crate::stack::run::{goes_on, may_go_on};
use crate::stack::show;
use crate::target::{Machine, Target, Where};

use checkout::Checkout;
use job::{Job, Stop};
use run::Run;
use summary::Summary;

/// Runs the command.
///
/// # Errors
///
/// When this is no step of a workflow, and when AWS or GitHub refuses or does not answer.
pub(crate) async fn run(screen: &mut Screen, arguments: &GithubArguments, as_json: bool) -> Result<Exit, Problem> {
    // The output holds names and messages from outside. GitHub must not take a line of it for a command. JSON has no line
    // that it could take for one.
    let resume = token();
    let mut annotations = Vec::new();
    if !as_json {
        screen.raw(&format!("::stop-commands::{resume}\n"));
    }
    let ended = work(screen, &arguments.job, as_json, &mut annotations).await;
    if let Err(problem) = &ended
        && !as_json
    {
        annotations.extend(annotation::of_problem(problem));
        screen.complain(Look::Bad, &format!("lockstep: {}", problem.message));
    }
    if !as_json {
        screen.raw(&format!("::{resume}::\n"));
        for annotation in annotations {
            screen.raw(&format!("{annotation}\n"));
        }
        // The problem was said above, where GitHub takes no commands.
        return Ok(ended.unwrap_or_else(|problem| problem.exit));
    }
    ended
}

/// Returns a word that no text from outside can contain.
fn token() -> String {
    let random = || RandomState::new().hash_one(0_u8);
    format!("{:016x}{:016x}", random(), random())
}

async fn work(
    screen: &mut Screen,
    wanted: &GithubJob,
    as_json: bool,
    annotations: &mut Vec<String>,
) -> Result<Exit, Problem> {
    let run = Run::of(|name| std::env::var(name).ok())?;
    let summary = Summary::new(run.summary.clone());
    let checkout = Checkout::of(wanted).inspect_err(|problem| summary.paragraph(&format!("✗ {}", problem.message)))?;
    let common = wanted.common();
    let place =
        Where { project: Some(common.project.clone()).filter(|project| !project.is_empty()), ..Where::default() };
    let target = Target::find(Some(common.environment.into()), &place, None).await?;
    let told = |error: &Error| target.problem(error);
    let (scripts, made) = match checkout {
        Some(Checkout { directory, made }) => (Some(directory), Some(made)),
        None => (wanted.later().and_then(|later| later.migrations.as_deref()).and_then(checkout::scripts), None),
    };
    let machine = Machine::of(matches!(wanted, GithubJob::Plan(_)));
    let named = match (wanted, &made) {
        (GithubJob::Plan(_), Some(made)) => run.plan(made.digest),
        _ => wanted
            .later()
            .map(|later| later.execution.clone())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| run.execution()),
    };
    let found = if named.starts_with("arn:") { Ok(named) } else { target.new_execution_arn(machine, &named).await };
    let execution = found.map_err(|error| {
        let problem = told(&error);
        summary.paragraph(&format!("✗ {}", problem.message));
        problem
    })?;
    if as_json {
        screen.complain(Look::Dim, &execution);
    } else {
        screen.parts(&[(Look::Bold, &target.stack), (Look::Plain, &format!("  {}", name_of(&execution)))]);
        screen.styled(Look::Dim, &execution);
    }
    let mut job = Job {
        target: target.clone(),
        summary: summary.clone(),
        execution: execution.clone(),
        new: job::new(&run, wanted, made),
        scripts,
        is_shown: !as_json,
        is_begun: wanted.later().is_some(),
        run,
        annotations: Vec::new(),
    };
    let ended = tokio::select! {
        biased;
        ended = job.work(screen, wanted) => ended,
        () = asked_to_end() => {
            let cancelled = match machine {
                Machine::PlanOnly => "cancelled. A plan that was started goes on to its end, and writes nothing",
                Machine::Migrations => "cancelled. The job clean-up rejects the execution if it waits for approval",
            };
            Err(Stop::Problem(Problem { exit: Exit::Interrupted, ..Problem::failed(cancelled) }))
        }
    };
    annotations.append(&mut job.annotations);
    match ended {
        Ok(exit) => {
            if as_json {
                let run = known::Run::read(&target, &execution).await.map_err(|error| told(&error))?;
                screen.json(&show::value(&run));
            }
            Ok(exit)
        }
        Err(stop) => Err(explained(stop, &job)),
    }
}

/// Returns why a job has no result, and says it in the summary.
fn explained(stop: Stop, job: &Job) -> Problem {
    let problem = match stop {
        Stop::Problem(problem) => problem,
        Stop::Call(error) => {
            let problem = job.target.problem(&error);
            match (job.is_begun, error.is_uncertain()) {
                (true, _) => lost(&problem.message, job),
                (false, true) => {
                    let commands = Commands::of(&job.target, &job.execution);
                    let message = format!(
                        "{}
{}",
                        problem.message,
                        may_go_on(&commands, &job.execution)
                    );
                    Problem { exit: Exit::Lost, ..Problem::failed(message) }
                }
                (false, false) => problem,
            }
        }
        Stop::Reader => lost("the reader of the output has left", job),
    };
    if problem.exit != Exit::Interrupted {
        let first = problem.message.lines().next().unwrap_or_default();
        job.summary.paragraph(&format!("✗ {first}"));
    }
    problem
}

/// Returns the problem that an execution is no longer followed.
fn lost(why: &str, job: &Job) -> Problem {
    let commands = Commands::of(&job.target, &job.execution);
    Problem { exit: Exit::Lost, ..Problem::failed(format!("{why}\n{}", goes_on(&commands, "", false))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_resumes_commands_cannot_be_guessed() {
        assert_eq!(token().len(), 32);
        assert_ne!(token(), token());
    }
}
