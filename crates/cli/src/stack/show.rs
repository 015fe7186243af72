//! `lockstep show`: everything that is known of one run, for the person who decides on it and for later questions.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use shared::payload::ApplyOutput;
use shared::record::{Decision, Duties, Notification, Outcome};

use super::commands::{Commands, name_of};
use super::history::Decided;
use super::known::{Known, Run};
use super::{report, words};
use crate::arguments::stack::ShowArguments;
use crate::browser;
use crate::exit::Exit;
use crate::lines::Lines;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::words::{local_time_of, milliseconds, seconds};

/// Runs the command.
///
/// # Errors
///
/// When there is no such execution or no report, and when AWS refuses or does not answer.
pub(crate) async fn run(screen: &mut Screen, arguments: &ShowArguments, as_json: bool) -> Result<Exit, Problem> {
    let (target, execution) = super::find(&arguments.one).await?;
    let run = Run::read(&target, &execution).await.map_err(|error| target.problem(&error))?;
    let plan = run.known.plan.as_deref();
    if arguments.open {
        let file = report::save(&report::fetch(&target, plan, "html").await?, &execution, None)?;
        if as_json {
            screen.json(&serde_json::json!({ "file": file.display().to_string() }));
        } else {
            screen.line(&file.display().to_string());
        }
        browser::open(screen, &file);
    } else if arguments.report {
        let ending = if as_json { "json" } else { "md" };
        let text = report::fetch(&target, plan, ending).await?;
        let text = String::from_utf8_lossy(&text);
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(value) if as_json => screen.json(&value),
            _ => text.lines().for_each(|line| screen.line(&line.replace('\t', "    "))),
        }
    } else if as_json {
        screen.json(&value(&run));
    } else {
        screen.lines(&describe(&target.stack, &Commands::of(&target, &execution), &run));
    }
    Ok(Exit::Done)
}

/// A run, for a program: its record or the parts of it so far, and where it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown<'a> {
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    waiting: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<&'a str>,
    #[serde(flatten)]
    known: &'a Known,
}

/// Returns a run for a program.
pub(crate) fn value(run: &Run) -> Shown<'_> {
    let waiting = run.position.waiting.as_ref().filter(|_| run.is_running());
    Shown {
        status: run.status.as_str(),
        state: run.is_running().then_some(run.position.state.as_str()),
        waiting: waiting.is_some(),
        expires_at: waiting.map(|waiting| waiting.expires_at.as_str()),
        known: &run.known,
    }
}

/// Returns the run so far, for a person.
fn describe(stack: &str, commands: &Commands, run: &Run) -> Lines {
    let known = &run.known;
    let mut lines = Lines::default();
    lines.parts([(Look::Bold, stack), (Look::Plain, &format!("  {}", name_of(&run.execution)))]);
    lines.styled(Look::Dim, &run.execution);
    lines.append(request(known));
    if let Some(plan) = &known.plan {
        if let Some(preflight) = &known.preflight {
            lines.append(words::warnings(&preflight.warnings));
        }
        lines.append(words::plan(plan));
    }
    if let Some(approval) = &known.approval {
        lines.append(decision(approval));
    }
    if let Some(apply) = &known.apply {
        lines.append(applied(apply));
    }
    lines.append(if run.is_running() { now(commands, run) } else { end(known) });
    lines.append(ran_on(known));
    lines
}

fn request(known: &Known) -> Lines {
    let mut place: Vec<&str> = known.database.iter().map(|database| database.instance.as_str()).collect();
    if let Some(preflight) = &known.preflight {
        place.extend([preflight.facts.database.as_str(), preflight.facts.server_version.as_str()]);
    }
    place.retain(|part| !part.is_empty());
    let request = known.request.as_ref();
    let claimed = |name: &str| format!("{name} (claimed)");
    let mut lines = Lines::default();
    lines.heading("Request");
    for (name, value) in [
        ("asked by", Some(request.and_then(|request| request.requested_by()).map_or("not given".to_owned(), claimed))),
        ("reason", request.and_then(|request| request.reason()).map(str::to_owned)),
        ("commit", request.and_then(|request| request.commit()).map(str::to_owned)),
        // The plan names it, too.
        ("bundle", request.filter(|_| known.plan.is_none()).and_then(|request| Some(request.bundle()?.to_string()))),
        ("mode", request.filter(|request| request.is_plan()).map(|_| "plan".to_owned())),
        ("up to", request.and_then(|request| request.up_to()).map(str::to_owned)),
        ("started", known.started_at.as_deref().map(local_time_of)),
        ("database", Some(place.join(", ")).filter(|place| !place.is_empty())),
    ] {
        fact(&mut lines, name, value);
    }
    lines
}

fn decision(decided: &Decided) -> Lines {
    let mut lines = Lines::default();
    lines.heading("Approval");
    let when = match decided {
        Decided::Decision(Decision { at, .. }) => format!(" at {}", local_time_of(at)),
        Decided::Other(_) => String::new(),
    };
    let (look, text) = words::verdict(decided, &when);
    lines.styled(look, format!("  {text}"));
    if let Decided::Decision(Decision { duties, version, .. }) = decided {
        let duties = match duties {
            Duties::Roles => "no role may both start and approve",
            Duties::Names => "the requester's and the approver's names differ",
            Duties::Unchecked => "not separated",
        };
        fact(&mut lines, "duties", Some(duties.to_owned()));
        fact(&mut lines, "version", Some(format!("approve {version}")).filter(|_| !version.is_empty()));
    }
    lines
}

fn applied(apply: &ApplyOutput) -> Lines {
    let mut lines = Lines::default();
    lines.heading("Applied");
    for migration in &apply.migrations {
        let (name, took) = (format!("    {}  ", migration.name), milliseconds(migration.duration_ms));
        lines.parts([(Look::Plain, &name), (Look::Dim, &took)]);
    }
    words::omitted(&mut lines, apply.omitted);
    let elsewhere = match apply.applied_elsewhere {
        0 => String::new(),
        count => format!("; {count} by another run meanwhile"),
    };
    lines.line(format!("  {} of {}, in {}{elsewhere}", apply.applied, apply.total, milliseconds(apply.duration_ms)));
    lines
}

fn now(commands: &Commands, run: &Run) -> Lines {
    let mut lines = Lines::default();
    lines.heading("Now");
    let Some(waiting) = &run.position.waiting else {
        let state = Some(run.position.state.as_str()).filter(|state| !state.is_empty()).unwrap_or("none yet");
        lines.styled(Look::Warning, format!("  Running: in state {state}"));
        return lines;
    };
    lines.styled(Look::Warning, format!("  ⏸ Waiting for approval until {}", local_time_of(&waiting.expires_at)));
    if let Some(error) = waiting.mail.as_ref().and_then(|mail| mail.notification.error.as_deref()) {
        lines.append(words::lost_mail("that asks for it", Some(error)));
    }
    let plan = run.known.plan.as_ref();
    if plan.is_some_and(|plan| plan.report.is_some()) {
        lines.line(format!("    {} --open", commands.show()));
    }
    for command in commands.decisions(plan.map_or("", |plan| plan.digest.as_str())) {
        lines.line(format!("    {command}"));
    }
    lines
}

fn end(known: &Known) -> Lines {
    let took = took(known);
    let ended = known.ended_at.as_deref().map(local_time_of);
    let Some(failure) = &known.failure else {
        let mut lines = words::result(known, took);
        fact(&mut lines, "ended", ended);
        return lines;
    };
    let mut lines = words::failure(known.outcome.unwrap_or(Outcome::Failed), &failure.error, &failure.cause);
    lines.append(words::lost_mails(known));
    fact(&mut lines, "in state", failure.step.clone());
    fact(&mut lines, "ended", ended.map(|ended| format!("{ended}, after {}", seconds(took))));
    lines
}

fn took(known: &Known) -> SignedDuration {
    if let Some(took) = known.duration_ms.and_then(|took| i64::try_from(took).ok()) {
        return SignedDuration::from_millis(took);
    }
    let moment = |text: &Option<String>| text.as_deref()?.parse::<Timestamp>().ok();
    match (moment(&known.started_at), moment(&known.ended_at)) {
        (Some(started), Some(ended)) => ended.duration_since(started),
        _ => SignedDuration::ZERO,
    }
}

fn ran_on(known: &Known) -> Lines {
    let mut lines = Lines::default();
    let told = known.notifications.clone().unwrap_or_default();
    let mails = [("mail: approved", told.approved), ("mail: ended", told.ended)];
    if known.versions.is_empty() && mails.iter().all(|(_, mail)| mail.is_none()) {
        return lines;
    }
    lines.heading("Ran on");
    let number = |(name, arn): (&String, &String)| format!("{name} {}", arn.rsplit(':').next().unwrap_or_default());
    let numbers: Vec<_> = known.versions.iter().map(number).collect();
    fact(&mut lines, "versions", Some(numbers.join(", ")).filter(|numbers| !numbers.is_empty()));
    for (name, mail) in mails {
        fact(&mut lines, name, mail.as_ref().map(became));
    }
    lines
}

/// Returns what became of a mail.
fn became(mail: &Notification) -> String {
    match (mail.sent, &mail.message_id, &mail.error) {
        (true, Some(id), _) => format!("sent ({id})"),
        (true, None, _) => "sent".to_owned(),
        (false, _, Some(error)) => error.clone(),
        (false, _, None) => "nothing to tell".to_owned(),
    }
}

fn fact(lines: &mut Lines, name: &str, value: Option<String>) {
    if let Some(value) = value {
        lines.parts([(Look::Dim, &format!("  {name:<14}")), (Look::Plain, &format!(" {value}"))]);
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::types::ExecutionStatus;
    use serde_json::{Value, json};

    use super::*;
    use crate::stack::made::{
        ARN, BOB, TOKEN, approval, documented, done, entered, history, plan, preflight, record, report, request,
        waiting, with,
    };
    use crate::stack::position::Position;

    fn shown(run: &Run) -> String {
        describe("lockstep-migrations-prod", &Commands::new("prod", "apply-1", ""), run).plain()
    }

    fn run(status: ExecutionStatus, known: Value, position: Position) -> Run {
        Run { execution: ARN.to_owned(), status, known: serde_json::from_value(known).unwrap(), position }
    }

    #[test]
    fn a_run_that_has_ended_is_told_from_its_record() {
        let text = shown(&run(ExecutionStatus::Succeeded, record(), Position::default()));
        for part in [
            "ann (claimed)",
            "release 7",
            "2 migrations pending",
            "digest d1",
            "! drops a table",
            &format!("▶ Approved by {BOB} (verified), on behalf of octocat (claimed) at 2026"),
            "looks right",
            "no role may both start and approve",
            "2_b  12 ms",
            "3_c  1.3 s",
            "✓ 2 migrations applied (2 min 4 s)",
            "apply 5",
            "! The mail that asks for the approval could not be sent\n",
            "! The mail that tells how the run ended could not be sent: NotFound",
            "sent (m-1)",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_run_names_its_bundle_once() {
        let digest = "0f".repeat(32);
        let request = with(request(), json!({ "bundle": digest }));
        let planned = with(plan(), json!({ "bundle": { "digest": digest, "version": "v" } }));
        for known in [json!({ "request": request }), json!({ "request": request, "plan": planned })] {
            let run = run(ExecutionStatus::Running, known, Position::default());
            assert_eq!(shown(&run).matches(&digest).count(), 1, "{}", shown(&run));
            assert_eq!(serde_json::to_value(value(&run)).unwrap()["request"]["bundle"], digest);
        }
    }

    #[test]
    fn a_run_that_failed_says_where_and_why() {
        let failure = json!({ "error": "Migration.Failed", "cause": "migration 3_c failed", "step": "Apply" });
        let text = shown(&run(
            ExecutionStatus::Failed,
            with(record(), json!({ "outcome": "failed", "failure": failure })),
            Position::default(),
        ));
        assert!(text.contains("✗ Migration.Failed\n    migration 3_c failed"), "{text}");
        assert!(text.contains("in state       Apply\n") && text.contains(", after 2 min 4 s\n"), "{text}");
    }

    #[test]
    fn a_run_that_waits_says_until_when_and_how_to_decide() {
        let planned = with(plan(), json!({ "report": report() }));
        let mail = json!({ "sent": false, "error": "AuthorizationError" });
        let steps = history(preflight().into_iter().chain(done("Plan", &planned)).chain(waiting(&mail)));
        let run = run(ExecutionStatus::Running, json!({ "plan": planned }), Position::after(&steps));
        let text = shown(&run);
        for part in [
            "⏸ Waiting for approval until 2026-01-01",
            "! The mail that asks for it could not be sent: AuthorizationError",
            "    lockstep show prod apply-1 --open\n",
            "    lockstep approve prod apply-1 --digest d1 --reason REASON\n",
            "    lockstep reject prod apply-1 --digest d1 --reason REASON\n",
            "asked by       not given",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let written = serde_json::to_value(value(&run)).unwrap();
        assert_eq!(
            (&written["status"], &written["state"], &written["waiting"]),
            (&json!("RUNNING"), &json!("Approval"), &json!(true))
        );
        assert_eq!((&written["expiresAt"], &written["plan"]["digest"]), (&json!("2026-01-01T13:00:00Z"), &json!("d1")));
        assert!(!format!("{text}{written}").contains(TOKEN));
    }

    #[test]
    fn a_run_that_applies_no_longer_waits() {
        let position = Position::after(&history([entered("Apply")]));
        let run = run(ExecutionStatus::Running, json!({ "approval": approval() }), position);
        assert!(shown(&run).contains("Running: in state Apply") && !shown(&run).contains("lockstep approve"));
        let written = serde_json::to_value(value(&run)).unwrap();
        assert_eq!((&written["waiting"], written.get("expiresAt")), (&json!(false), None));
    }

    #[test]
    fn an_unchecked_input_moves_no_cursor() {
        let known = json!({ "request": { "requestedBy": "Ann\n\u{1b}[2J", "reason": ["\r"] } });
        let text = shown(&run(ExecutionStatus::Running, known, Position::default()));
        assert!(
            text.contains("asked by       Ann \\u{1b}[2J (claimed)\n") && text.contains("in state none yet"),
            "{text}"
        );
    }

    #[test]
    fn each_field_is_documented() {
        let steps = history(waiting(&json!({ "sent": true })));
        let failure = json!({ "error": "x", "cause": "y" });
        let more = json!({ "failure": failure, "database": { "instance": "app" }, "preflight": {
            "facts": { "serverVersion": "18", "database": "d", "user": "u", "tls": true }, "warnings": [] } });
        let run = run(ExecutionStatus::Running, with(record(), more), Position::after(&steps));
        let written = serde_json::to_string(&value(&run)).unwrap();
        // The page has them in the order in which they are written.
        let fields = documented("show and run");
        let at: Vec<_> = fields.iter().map(|field| written.find(&format!("\"{field}\":")).expect(field)).collect();
        assert_eq!(fields.len(), serde_json::to_value(value(&run)).unwrap().as_object().unwrap().len());
        assert!(at.is_sorted(), "{fields:?}");
    }
}
