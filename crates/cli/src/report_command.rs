//! `lockstep report`: what each pending statement does.

use std::path::{Path, PathBuf};

use analysis::plan::report_on_text;
use engine::history::{self, History};
use engine::plan::until;
use report::Report;
use shared::FailureName;

use crate::address;
use crate::arguments::{ReportArguments, ReportForm};
use crate::browser;
use crate::comment::{self, Subject, Told};
use crate::direct::{Job, plan};
use crate::directory;
use crate::engine_error;
use crate::exit::Exit;
use crate::git::{self, Before};
use crate::problem::Problem;
use crate::screen::{Look, Screen};

/// The maximum size of a Markdown rendering: GitHub takes 65,536 characters in a comment, and the caller adds some.
const LONGEST_MARKDOWN: usize = 60_000;

/// Runs the command.
///
/// # Errors
///
/// When the directory, the database or the commit cannot be used; for a report on a database, also when a script would be
/// refused.
pub(crate) async fn run(screen: &mut Screen, arguments: &ReportArguments, as_json: bool) -> Result<Exit, Problem> {
    let directory = directory::find(arguments.direct.directory.clone(), Path::new("."))?;
    let format = match (as_json, arguments.format) {
        (false, format) => format,
        (true, None | Some(ReportForm::Json)) => Some(ReportForm::Json),
        (true, Some(_)) => {
            return Err(Problem::usage("--json and another --format exclude each other: give one of them"));
        }
    }
    .unwrap_or(ReportForm::Text);
    let report = match made(&directory, arguments).await {
        Ok(report) => report,
        Err(problem) => {
            if format == ReportForm::Github {
                screen.raw(&annotation(&problem));
            }
            return Err(problem);
        }
    };
    write(screen, &report, format, &directory)?;
    if arguments.open {
        open(screen, &report)?;
    }
    if arguments.comment {
        comment(screen, &report, &directory)?;
    }
    let is_met = arguments.fail_on.is_some_and(|worst| worst.is_met(report.verdict));
    if is_met && !as_json {
        screen.complain(
            Look::Bad,
            &format!("The verdict is {}: --fail-on ends with status {}", report.verdict.name(), Exit::Judged.code()),
        );
    }
    Ok(if is_met { Exit::Judged } else { Exit::Done })
}

/// Makes the report: of the database that is named, or of the text alone.
async fn made(directory: &Path, arguments: &ReportArguments) -> Result<Report, Problem> {
    let history = directory::read(directory)?;
    let database = &arguments.direct.database;
    let is_text = arguments.text_alone || arguments.since.is_some();
    let address = if is_text { None } else { address::find(database.database_url.as_deref())? };
    let Some(address) = address else { return of_text(directory, &history, arguments) };
    let job = Job::new(directory.to_owned(), history, address, database);
    let found = plan::find(&job, arguments.up_to.as_deref()).await?;
    found.report.map_err(|why| Problem::failed(format!("there is no report: {why}")))
}

/// Returns the annotation on what stopped a report.
fn annotation(problem: &Problem) -> String {
    let place = problem.place.as_deref();
    let file = place.and_then(|place| place.file.as_deref()).map(|file| (file, place.and_then(|place| place.line)));
    report::github_error(problem.name.map_or("Lockstep", FailureName::as_str), &problem.message, file)
}

/// Returns the report of the text alone.
fn of_text(directory: &Path, history: &History, arguments: &ReportArguments) -> Result<Report, Problem> {
    let until = until(history, arguments.up_to.as_deref()).map_err(|error| engine_error::problem(error, directory))?;
    let before = arguments.since.as_deref().map(|since| git::before(directory, since)).transpose()?;
    let mut warnings = history.warnings.clone();
    if let Some(Before { gone, .. }) = &before {
        warnings.extend(gone.iter().filter(|file| is_script(file)).map(|file| {
            format!("{file} was there at that commit and is gone or renamed: a database that has it already disagrees")
        }));
    }
    let (mut earlier, mut pending) = (Vec::new(), Vec::new());
    for migration in &history.migrations[..until] {
        let file = history::file(directory, &migration.name).unwrap_or_default();
        let was_there = before.as_ref().is_some_and(|Before { files, .. }| files.contains(&file));
        if before.as_ref().is_some_and(|Before { changed, .. }| changed.contains(&file)) {
            warnings.push(format!(
                "{} has changed since that commit: a database that has it already was migrated by another text",
                migration.name
            ));
        }
        let list = if was_there { &mut earlier } else { &mut pending };
        list.push(migration);
    }
    let made = report_on_text(&earlier, &pending, plan::now(), &warnings);
    made.map_err(|why| Problem::failed(format!("there is no report: {why}")))
}

fn write(screen: &mut Screen, report: &Report, format: ReportForm, directory: &Path) -> Result<(), Problem> {
    let within = within_repository(directory);
    let file = |name: &str| history::file(directory, name).map(|file| within(&file));
    let unwritable = |_| Problem::failed("the report cannot be written as JSON");
    match format {
        ReportForm::Text => {
            for line in report::text(report) {
                let look = line.verdict.map_or(Look::Plain, |verdict| plan::mark(verdict).1);
                screen.parts(&[(look, line.head), (Look::Plain, &line.text)]);
            }
        }
        ReportForm::Markdown => screen.raw(&report::markdown(report, LONGEST_MARKDOWN)),
        ReportForm::Html => screen.raw(&report::html(report)),
        ReportForm::Json => screen.raw(&format!("{}\n", report::json(report).map_err(unwritable)?)),
        ReportForm::Sarif => screen.raw(&format!("{}\n", report::sarif(report, file).map_err(unwritable)?)),
        ReportForm::Github => screen.raw(&report::github(report, file)),
    }
    Ok(())
}

/// Whether a file can be a migration's script.
fn is_script(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|ending| ending == "sql")
}

/// Returns how a file of the directory is called for a program: from the root of its repository, where it is in one.
pub(crate) fn within_repository(directory: &Path) -> impl Fn(&str) -> String {
    let prefix = git::prefix(directory);
    move |file| match &prefix {
        Some(prefix) => format!("{prefix}{file}"),
        None => engine_error::within(directory, file),
    }
}

/// Puts the report on the pull request. A job that may not do so has its annotations nevertheless.
fn comment(screen: &mut Screen, report: &Report, directory: &Path) -> Result<(), Problem> {
    let directory = within_repository(directory)("");
    let commented = comment::put(Told::Report(report), Subject { directory: &directory, stack: None })?;
    screen.complain(Look::Dim, commented.said());
    Ok(())
}

/// Opens the page in a browser. It is in a file that only this user can read.
fn open(screen: &mut Screen, report: &Report) -> Result<(), Problem> {
    let unwritten = |error: std::io::Error| Problem::failed(format!("the page could not be written: {error}"));
    let mut file = tempfile::Builder::new().prefix("lockstep-report-").suffix(".html").tempfile().map_err(unwritten)?;
    std::io::Write::write_all(&mut file, report::html(report).as_bytes()).map_err(unwritten)?;
    let (_, path): (_, PathBuf) = file.keep().map_err(|error| unwritten(error.error))?;
    screen.complain(Look::Dim, &path.display().to_string());
    browser::open(screen, &path);
    Ok(())
}
