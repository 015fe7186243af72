//! The job `plan`: what a pull request's migrations would do on the stack's database, where the code is reviewed.

use std::path::Path;

use engine::history;
use report::Report;
use shared::payload::PlanOutput;

use super::job::{Job, Stop, ended_as};
use crate::arguments::stack::GithubPlan;
use crate::comment::{self, Subject, Told};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report_command::within_repository;
use crate::screen::{Look, Screen};
use crate::stack::follow::Follower;
use crate::stack::report::fetch;

impl Job {
    /// Plans on the machine that can only plan, and shows the report: at its lines, in the summary, and as a comment.
    pub(super) async fn plan(&mut self, screen: &mut Screen, given: &GithubPlan) -> Result<Exit, Stop> {
        self.ship(screen).await?;
        self.begin().await?;
        let exit = Follower::begin(&self.target, &self.execution, self.is_shown).await?.follow(screen).await?;
        let seen = self.look().await?;
        self.show_end(&seen, true);
        let plan = match (exit, seen.position.plan.as_deref()) {
            (Exit::Done, Some(plan)) => plan,
            (Exit::Done, None) => return Err(Problem::failed("the run ended without a plan").into()),
            (failed, _) => {
                let why = format!("The plan failed: {}. [The job]({}) says why.", ended_as(&seen), self.run.url());
                self.comment(screen, given, Told::Words("✗ There is no plan", &why))?;
                return Ok(failed);
            }
        };
        if plan.pending == 0 {
            let nothing = format!("The database of {} has all {} migrations.", self.target.stack, plan.already_applied);
            self.comment(screen, given, Told::Words("✓ Nothing is pending", &nothing))?;
            return Ok(Exit::Done);
        }
        let report = self.report_as_data(plan).await?;
        self.report(screen, &seen).await?;
        self.annotate(&report);
        self.comment(screen, given, Told::Report(&report))?;
        let is_met = given.fail_on.is_some_and(|worst| worst.is_met(report.verdict));
        if is_met {
            let (verdict, status) = (report.verdict.name(), Exit::Judged.code());
            screen.complain(Look::Bad, &format!("The verdict is {verdict}: --fail-on ends with status {status}"));
        }
        Ok(if is_met { Exit::Judged } else { Exit::Done })
    }

    /// Returns the report. Without one there is nothing to review, so this job is not green without it.
    async fn report_as_data(&self, plan: &PlanOutput) -> Result<Report, Problem> {
        let json = fetch(&self.target, Some(plan), "json").await?;
        let report: Report = serde_json::from_slice(&json).map_err(|error| {
            Problem::failed(format!("the report is of another version of Lockstep than this command ({error})"))
        })?;
        if report.format == report::FORMAT {
            return Ok(report);
        }
        let (found, known) = (report.format, report::FORMAT);
        Err(Problem::failed(format!(
            "the report has format {found}, and this command knows {known}: use the version of Lockstep that the stack has"
        )))
    }

    /// Writes the findings at their lines.
    fn annotate(&mut self, report: &Report) {
        let directory = self.scripts.clone().unwrap_or_default();
        let within = within_repository(&directory);
        let file = |name: &str| history::file(&directory, name).map(|file| within(&file));
        self.annotations.extend(report::github(report, file).lines().map(str::to_owned));
    }

    /// Puts it on the pull request, if that is wanted.
    fn comment(&self, screen: &mut Screen, given: &GithubPlan, told: Told<'_>) -> Result<(), Problem> {
        if !given.comment {
            return Ok(());
        }
        let directory = within_repository(self.scripts.as_deref().unwrap_or(Path::new(".")))("");
        let commented = comment::put(told, Subject { directory: &directory, stack: Some(&self.target.stack) })?;
        screen.complain(Look::Dim, commented.said());
        Ok(())
    }
}
