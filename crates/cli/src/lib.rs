//! The command `lockstep`: one binary for a laptop, a job and a container.
//!
//! `arguments` is the command line. `direct` works on a database that can be reached, with the same engine as the
//! functions of the stack. `init` and `deploy` make a stack, with what `samconfig` and `template` say of it. `stack`
//! works on a deployed stack, which `target` finds and `aws` asks, and ships migrations to it.

mod address;
mod arguments;
mod aws;
mod browser;
mod comment;
mod deploy;
mod direct;
mod directory;
mod engine_error;
pub mod exit;
mod git;
mod github;
mod init;
mod lines;
mod manual;
mod problem;
mod report_command;
mod samconfig;
mod screen;
mod signals;
mod stack;
mod styles;
mod target;
mod template;
mod values;
mod verify;
mod watch;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use serde_json::{Value, json};
use shared::approval::Verb;

use arguments::{Arguments, Command};
use exit::Exit;
use problem::Problem;
use screen::{Look, Screen};

/// Returns the command line's definition: help, completions and manual pages are made from it.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command line, and returns the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let as_json = arguments.iter().any(|argument| argument == "--json");
    if let Some(problem) = misplaced_url(&arguments) {
        return complain(&mut Screen::default(), &problem, as_json).code().into();
    }
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) if !error.use_stderr() => {
            // Help, or the version. A closed pipe ends nothing but the text.
            let _ = error.print();
            return Exit::Done.code().into();
        }
        Err(error) => {
            if as_json {
                let cause = error.to_string();
                let lines = cause.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
                let cause = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
                let cause = cause.trim_start_matches("error: ").to_owned();
                Screen::default().json(&failure(&Problem::usage(cause)));
            }
            let _ = error.print();
            return Exit::Usage.code().into();
        }
    };
    engine::wording::speak_of_the_command();
    let mut screen = Screen::default();
    let exit = match run(&mut screen, &arguments) {
        Ok(exit) => exit,
        Err(problem) => complain(&mut screen, &problem, arguments.json),
    };
    match screen.failure() {
        Some(why) => {
            screen.complain(Look::Bad, &format!("lockstep: {why}"));
            Exit::Failed.code().into()
        }
        None => exit.code().into(),
    }
}

fn run(screen: &mut Screen, arguments: &Arguments) -> Result<Exit, Problem> {
    let as_json = arguments.json;
    // One thread: the engine's log is read on the thread that writes it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Problem::failed(format!("the program could not start: {error}")))?;
    runtime.block_on(async {
        match &arguments.command {
            Command::Report(given) => Box::pin(report_command::run(screen, given, as_json)).await,
            Command::Status(given) => Box::pin(direct::status::run(screen, given, as_json)).await,
            Command::Plan(given) => Box::pin(direct::plan::run(screen, given, as_json)).await,
            Command::Apply(given) => Box::pin(direct::apply::run(screen, given, as_json)).await,
            Command::Resolve(given) => Box::pin(direct::resolve::run(screen, given, as_json)).await,
            Command::Baseline(given) => Box::pin(direct::baseline::run(screen, given, as_json)).await,
            Command::Init(given) => Box::pin(init::run(screen, given, as_json)).await,
            Command::Deploy(given) => Box::pin(deploy::run(screen, given, as_json)).await,
            Command::Bundle(given) => Box::pin(stack::bundles::run(screen, given, as_json)).await,
            Command::Run(given) => Box::pin(stack::run::run(screen, given, as_json)).await,
            Command::Runs(given) => until_asked(stack::runs::run(screen, given, as_json)).await,
            Command::Show(given) => until_asked(stack::show::run(screen, given, as_json)).await,
            Command::Approve(given) => until_asked(stack::decide::run(screen, Verb::Approve, given, as_json)).await,
            Command::Reject(given) => until_asked(stack::decide::run(screen, Verb::Reject, given, as_json)).await,
            Command::Stop(given) => until_asked(stack::stop::run(screen, given, as_json)).await,
            Command::Logs(given) => Box::pin(stack::logs::run(screen, given, as_json)).await,
            Command::Verify(given) => until_asked(verify::run(screen, given, as_json)).await,
            Command::Github(given) => Box::pin(github::run(screen, given, as_json)).await,
            Command::Completions { shell } => Ok(manual::completions(screen, *shell)),
            Command::Man { directory } => manual::pages(screen, directory),
        }
    })
}

/// Works until this process is asked to end. What the command itself says of an interruption comes first.
async fn until_asked(work: impl Future<Output = Result<Exit, Problem>>) -> Result<Exit, Problem> {
    tokio::select! {
        biased;
        ended = Box::pin(work) => ended,
        () = signals::asked_to_end() => {
            Err(Problem { exit: Exit::Interrupted, ..Problem::failed("interrupted; nothing was changed") })
        }
    }
}

/// Returns the problem of a database's URL in a place where it would be repeated in messages: it may hold a password.
fn misplaced_url(arguments: &[OsString]) -> Option<Problem> {
    let mut before = "";
    for argument in arguments.iter().filter_map(|argument| argument.to_str()).skip(1) {
        let (option, value) =
            argument.split_once('=').filter(|_| argument.starts_with('-')).unwrap_or((before, argument));
        let is_url = value.trim_start().starts_with("postgres://") || value.trim_start().starts_with("postgresql://");
        if is_url && option != "--database-url" {
            return Some(Problem::usage(
                "a URL stands where no URL belongs: give it as --database-url URL, or in the variable DATABASE_URL",
            ));
        }
        before = argument;
    }
    None
}

/// Returns a problem for a program.
fn failure(problem: &Problem) -> Value {
    // A decision that was not accepted has the name that the function approve gives it.
    let refused = (problem.exit == Exit::Refused).then_some("Approval.Refused");
    let name = problem.name.map(shared::FailureName::as_str).or(refused);
    let failure = json!({ "error": name, "cause": problem.message, "place": problem.place });
    json!({ "failure": failure, "exit": problem.exit.code() })
}

/// Says why the command failed. Returns the exit code.
fn complain(screen: &mut Screen, problem: &Problem, as_json: bool) -> Exit {
    let name = problem.name.map(shared::FailureName::as_str);
    if as_json {
        screen.json(&failure(problem));
    }
    let name = name.map_or_else(String::new, |name| format!("{name}: "));
    screen.complain(Look::Bad, &format!("lockstep: {name}{}", problem.message));
    problem.exit
}
