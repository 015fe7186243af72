//! `lockstep runs`: the recent runs of a stack, one a line.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus};
use bundle::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use shared::record::Outcome;
use shared::text::one_line;

use super::commands::named;
use super::history::{History, moment};
use super::known::{Asked, Known, Run, utc};
use super::position::Position;
use crate::arguments::stack::RunsArguments;
use crate::aws::Error;
use crate::exit::Exit;
use crate::lines::Lines;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::target::{Machine, Target};
use crate::words::{local_time, local_time_of, plural, seconds};

const HEADINGS: [&str; 6] = ["EXECUTION", "STARTED", "TOOK", "BUNDLE", "OUTCOME", "ASKED BY"];

/// The column that is left out where no run has a bundle.
const BUNDLE: usize = 3;

const OUTCOME: usize = 4;

/// How many digits of a bundle's digest are shown.
const DIGITS: usize = 12;

/// How many runs are asked about at once. Step Functions throttles more than some.
const AT_ONCE: usize = 5;

/// The most that a page of `ListExecutions` has.
const PAGE: i32 = 100;

/// Runs the command.
///
/// # Errors
///
/// When there is no such stack, and when AWS refuses or does not answer.
pub(crate) async fn run(screen: &mut Screen, arguments: &RunsArguments, as_json: bool) -> Result<Exit, Problem> {
    let target = Target::find(Some(arguments.environment), &arguments.place, None).await?;
    let machine = Machine::of(arguments.plan_only);
    let runs = recent(&target, machine, arguments.limit).await.map_err(|error| target.problem(&error))?;
    if as_json {
        let runs: Vec<_> = runs.iter().map(value).collect();
        screen.json(&json!({ "stack": target.stack, "runs": runs }));
    } else if runs.is_empty() {
        screen.styled(Look::Dim, &format!("{} has had no runs", target.stack));
    } else {
        screen.lines(&table(&target.stack, &runs, Timestamp::now()));
    }
    Ok(Exit::Done)
}

/// A run, as the list has it.
#[derive(Debug)]
struct Recent {
    name: String,
    described: DescribeExecutionOutput,
    /// Where it is, if it goes on.
    position: Position,
}

async fn recent(target: &Target, machine: Machine, limit: u32) -> Result<Vec<Recent>, Error> {
    let client = target.aws.states();
    let machine = target.state_machine_arn(machine).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let size = i32::try_from(limit).unwrap_or(PAGE).min(PAGE);
    let mut pages = client.list_executions().state_machine_arn(machine).into_paginator().page_size(size).send();
    let mut found: Vec<ExecutionListItem> = Vec::new();
    while found.len() < limit
        && let Some(page) = pages.next().await
    {
        found.extend(page?.executions);
    }
    found.truncate(limit);
    futures_util::stream::iter(found).map(|item| about(&client, item)).buffered(AT_ONCE).try_collect().await
}

async fn about(client: &Client, item: ExecutionListItem) -> Result<Recent, Error> {
    let described = client.describe_execution().execution_arn(&item.execution_arn).send().await?;
    let position = match described.status {
        ExecutionStatus::Running => {
            Position::after(&History::new(client.clone(), &item.execution_arn).new_steps().await?)
        }
        _ => Position::default(),
    };
    Ok(Recent { name: item.name, described, position })
}

/// A run, for a program.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    execution: String,
    name: String,
    status: String,
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    waiting: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<Digest>,
}

fn value(run: &Recent) -> Listed {
    let Recent { name, described, position } = run;
    let known = Run::of(described, &[], "").known;
    let is_running = described.status == ExecutionStatus::Running;
    let asked = Asked::of(described.input.as_deref());
    Listed {
        execution: described.execution_arn.clone(),
        name: name.clone(),
        status: described.status.as_str().to_owned(),
        started_at: utc(moment(&described.start_date)),
        ended_at: described.stop_date.as_ref().map(|at| utc(moment(at))),
        outcome: known.outcome,
        error: known.failure.map(|failure| failure.error),
        applied: known.apply.map(|apply| apply.applied),
        state: Some(position.state.clone()).filter(|_| is_running),
        waiting: position.waiting.is_some(),
        expires_at: position.waiting.as_ref().map(|waiting| waiting.expires_at.clone()),
        requested_by: asked.requested_by().map(str::to_owned),
        bundle: asked.bundle(),
    }
}

fn table(stack: &str, runs: &[Recent], now: Timestamp) -> Lines {
    // Escaped here, because the width of a column depends on the text as shown.
    let cells: Vec<_> = runs.iter().map(|run| row(stack, run, now).map(|cell| one_line(&cell))).collect();
    let width = |column: usize| {
        let of_cells = cells.iter().map(|row| row[column].chars().count());
        of_cells.max().unwrap_or(0).max(HEADINGS[column].len())
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let padded = |row: &[String; 6], column: usize| format!("{:<1$}  ", row[column], widths[column]);
    let has_bundle = cells.iter().any(|row| !row[BUNDLE].is_empty());
    let before = |row: &[String; 6]| {
        let columns = (0..OUTCOME).filter(|column| *column != BUNDLE || has_bundle);
        columns.map(|column| padded(row, column)).collect::<String>()
    };
    let mut lines = Lines::default();
    let headings = HEADINGS.map(str::to_owned);
    let [.., last] = &headings;
    lines.styled(Look::Dim, format!("{}{}{last}", before(&headings), padded(&headings, OUTCOME)));
    for (row, run) in cells.iter().zip(runs) {
        let look = match run.described.status {
            ExecutionStatus::Succeeded => Look::Good,
            ExecutionStatus::Running => Look::Warning,
            _ => Look::Bad,
        };
        let [.., last] = row;
        lines.parts([(Look::Plain, &before(row)), (look, &padded(row, OUTCOME)), (Look::Plain, last)]);
    }
    lines
}

fn row(stack: &str, run: &Recent, now: Timestamp) -> [String; 6] {
    let started = moment(&run.described.start_date);
    let ended = run.described.stop_date.as_ref().map_or(now, moment);
    let asked = Asked::of(run.described.input.as_deref());
    [
        // What the other commands find it by.
        named(stack, &run.described.execution_arn).to_owned(),
        local_time(started),
        seconds(ended.duration_since(started)),
        asked.bundle().map(|digest| digest.to_string().chars().take(DIGITS).collect()).unwrap_or_default(),
        outcome(run),
        short(asked.requested_by().unwrap_or_default()).to_owned(),
    ]
}

/// Returns how a run ended, or the state that it is in.
fn outcome(run: &Recent) -> String {
    let Recent { described, position, .. } = run;
    if described.status == ExecutionStatus::Running {
        return match (&position.waiting, position.state.as_str()) {
            (Some(waiting), _) => format!("⏸ waits for approval until {}", local_time_of(&waiting.expires_at)),
            (None, "") => "running".to_owned(),
            (None, state) => format!("running ({state})"),
        };
    }
    let Known { outcome, apply, failure, .. } = Run::of(described, &[], "").known;
    match (outcome, apply) {
        (Some(Outcome::Applied), Some(apply)) => format!("✓ {} applied", plural(apply.applied, "migration")),
        (Some(Outcome::Applied), None) => "✓ applied".to_owned(),
        (Some(Outcome::NothingPending), _) => "✓ nothing pending".to_owned(),
        (Some(Outcome::Planned), _) => "✓ planned only".to_owned(),
        (Some(Outcome::Resolved), _) => "✓ resolved".to_owned(),
        (Some(Outcome::Baselined), _) => "✓ baselined".to_owned(),
        (Some(Outcome::Rejected), _) => "✗ rejected".to_owned(),
        (Some(Outcome::Expired), _) => "✗ expired".to_owned(),
        (Some(Outcome::Stopped), _) => "✗ stopped".to_owned(),
        (Some(Outcome::TimedOut), _) => "✗ timed out".to_owned(),
        (Some(Outcome::Failed), _) => format!("✗ failed: {}", failure.map(|failure| failure.error).unwrap_or_default()),
        (None, _) => "✓ succeeded".to_owned(),
    }
}

/// Returns a person's name without the account: `Approver/ann@example.com` for a session, `ann` for a user.
fn short(who: &str) -> &str {
    if !who.starts_with("arn:") {
        return who;
    }
    let resource = who.rsplit(':').next().unwrap_or(who);
    resource.split_once('/').map_or(resource, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::primitives::DateTime;
    use aws_sdk_sfn::types::HistoryEvent;

    use super::*;
    use crate::stack::made::{ARN, BOB, documented, done, entered, history, plan, record, waiting};

    const STACK: &str = "lockstep-migrations-prod";

    fn one(status: &str, error: Option<&str>, output: Option<String>, events: Vec<HistoryEvent>) -> Recent {
        let described = DescribeExecutionOutput::builder()
            .execution_arn(ARN)
            .state_machine_arn("m")
            .status(status.into())
            .start_date(DateTime::from_secs(1_767_268_800))
            .set_stop_date((status != "RUNNING").then(|| DateTime::from_secs(1_767_268_924)))
            .set_error(error.map(str::to_owned))
            .set_output(output)
            .input(json!({ "requestedBy": "arn:aws:sts::111122223333:assumed-role/Starter/ann" }).to_string())
            .build()
            .unwrap();
        Recent { name: "apply-1".to_owned(), described, position: Position::after(&history(events)) }
    }

    fn with_bundle() -> Recent {
        let mut run = one("SUCCEEDED", None, None, vec![]);
        run.described.input = Some(json!({ "bundle": "0f".repeat(32), "requestedBy": "ann" }).to_string());
        run
    }

    #[test]
    fn each_outcome_has_its_words() {
        let waits = || done("Plan", &plan()).into_iter().chain(waiting(&json!({ "sent": true }))).collect();
        for (run, said) in [
            (one("SUCCEEDED", None, Some(record().to_string()), vec![]), "✓ 2 migrations applied"),
            (one("SUCCEEDED", None, Some(r#"{"outcome": "nothingPending"}"#.into()), vec![]), "✓ nothing pending"),
            (one("SUCCEEDED", None, Some("7".into()), vec![]), "✓ succeeded"),
            (one("FAILED", Some("Lock.Held"), None, vec![]), "✗ failed: Lock.Held"),
            (one("FAILED", Some("Approval.Rejected"), None, vec![]), "✗ rejected"),
            (one("FAILED", Some("Approval.Expired"), None, vec![]), "✗ expired"),
            (one("ABORTED", None, None, vec![]), "✗ stopped"),
            (one("TIMED_OUT", None, None, vec![]), "✗ timed out"),
            (one("RUNNING", None, None, waits()), "⏸ waits for approval until 2026-01-01"),
            (one("RUNNING", None, None, vec![entered("Apply")]), "running (Apply)"),
            (one("RUNNING", None, None, vec![]), "running"),
        ] {
            let text = table(STACK, &[run], "2026-01-01T12:00:10Z".parse().unwrap()).plain();
            let (heading, line) = text.trim_end().split_once('\n').unwrap();
            assert_eq!(
                heading.split_whitespace().collect::<Vec<_>>(),
                ["EXECUTION", "STARTED", "TOOK", "OUTCOME", "ASKED", "BY"]
            );
            assert!(line.starts_with("apply-1  ") && line.ends_with("Starter/ann"), "{line}");
            let column = |text: &str, part: &str| text.find(part).map(|at| text[..at].chars().count());
            assert_eq!(column(heading, "OUTCOME"), column(line, said), "{said}: {line}");
        }
    }

    #[test]
    fn a_bundle_has_a_column_where_there_is_one() {
        assert_eq!(serde_json::to_value(value(&with_bundle())).unwrap()["bundle"], "0f".repeat(32));
        let without = one("SUCCEEDED", None, None, vec![]);
        let text = table(STACK, &[with_bundle(), without], Timestamp::now()).plain();
        let lines: Vec<_> = text.lines().collect();
        let column = lines[0].find("BUNDLE  ").unwrap();
        let cell = |line: &str| line.chars().skip(column).take(DIGITS + 2).collect::<String>();
        assert_eq!((cell(lines[1]), cell(lines[2])), (format!("{}  ", "0f".repeat(6)), " ".repeat(DIGITS + 2)));
    }

    #[test]
    fn a_run_that_only_plans_is_named_by_its_arn() {
        let mut run = one("SUCCEEDED", None, None, vec![]);
        run.described.execution_arn = ARN.replace("-prod:", "-prod-plan:");
        let text = table(STACK, &[run], Timestamp::now()).plain();
        assert!(text.lines().nth(1).unwrap().starts_with(&ARN.replace("-prod:", "-prod-plan:")), "{text}");
    }

    #[test]
    fn a_program_gets_the_words_of_the_wire() {
        let of = |run: &Recent| serde_json::to_value(value(run)).unwrap();
        let succeeded = of(&one("SUCCEEDED", None, Some(record().to_string()), vec![]));
        assert_eq!(
            (&succeeded["outcome"], &succeeded["applied"], &succeeded["waiting"]),
            (&json!("applied"), &json!(2), &json!(false))
        );
        assert_eq!(succeeded["endedAt"], "2026-01-01T12:02:04.000Z");
        let failed = of(&one("FAILED", Some("Approval.Rejected"), None, vec![]));
        assert_eq!((&failed["outcome"], &failed["error"]), (&json!("rejected"), &json!("Approval.Rejected")));
        let waits = of(&one("RUNNING", None, None, waiting(&json!({ "sent": true }))));
        assert_eq!(
            (&waits["state"], &waits["expiresAt"], waits.get("outcome")),
            (&json!("Approval"), &json!("2026-01-01T13:00:00Z"), None)
        );
    }

    #[test]
    fn names_are_short() {
        assert_eq!(short("arn:aws:iam::111122223333:user/ann"), "ann");
        assert_eq!(short(BOB), "Approver/bob@example.com");
        assert_eq!((short("arn:aws:iam::111122223333:root"), short("ann")), ("root", "ann"));
    }

    #[test]
    fn each_field_is_documented() {
        let mut fields: Vec<String> = Vec::new();
        for run in [
            one("SUCCEEDED", None, Some(record().to_string()), vec![]),
            one("FAILED", Some("x"), None, vec![]),
            one("RUNNING", None, None, waiting(&json!({ "sent": true }))),
            with_bundle(),
        ] {
            fields.extend(serde_json::to_value(value(&run)).unwrap().as_object().unwrap().keys().cloned());
        }
        fields.sort();
        fields.dedup();
        let mut on_page = documented("runs");
        on_page.sort();
        assert_eq!(on_page, fields);
    }
}
