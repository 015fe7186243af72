//! A plan, a decision and an end, in lines for a person.

use jiff::SignedDuration;
use report::Verdict;
use shared::payload::{PlanOutput, ReportSummary};
use shared::record::{Choice, Decision, Identity, Outcome};
use shared::request::Resolution;

use super::history::Decided;
use super::known::Known;
use crate::lines::Lines;
use crate::screen::Look;
use crate::words::{plural, seconds};

/// Returns what is pending, and the facts about it.
pub(crate) fn plan(planned: &PlanOutput) -> Lines {
    let mut lines = Lines::default();
    lines.heading("Plan");
    if let Some(bundle) = &planned.bundle {
        lines.styled(Look::Dim, format!("  bundle {}", bundle.digest));
    }
    if let Some(resolve) = &planned.resolve {
        lines.line(format!("  {} is to be declared {}", resolve.migration, declared(resolve.resolution)));
        for fact in &resolve.facts {
            lines.line(format!("    {fact}"));
        }
        lines.styled(Look::Dim, format!("  digest {}", planned.digest));
        return lines;
    }
    if let Some(baseline) = &planned.baseline {
        lines.line(format!("  {} to be recorded as applied; nothing is run", plural(baseline.count, "migration")));
        lines.line(format!(
            "    the schema has {} table{}",
            baseline.tables,
            if baseline.tables == 1 { "" } else { "s" }
        ));
        for name in &baseline.migrations {
            lines.line(format!("    {name}"));
        }
        omitted(&mut lines, baseline.omitted);
        lines.append(warnings(&planned.warnings));
        lines.styled(Look::Dim, format!("  digest {}", planned.digest));
        return lines;
    }
    let pending = plural(planned.pending, "migration");
    lines.line(format!("  {pending} pending, {} already applied", planned.already_applied));
    for migration in &planned.migrations {
        let mut what = vec![match migration.class {
            report::ScriptClass::Transactional => "transactional".to_owned(),
            report::ScriptClass::Standalone => "standalone".to_owned(),
        }];
        // A script that could not be parsed completely has no number of statements.
        what.extend(migration.statements.map(|count| plural(count, "statement")));
        what.extend(migration.verdict.map(|verdict| word(verdict).to_owned()));
        let (name, what) = (format!("    {}  ", migration.name), what.join(", "));
        lines.parts([(Look::Plain, &name), (Look::Dim, &what)]);
    }
    omitted(&mut lines, planned.omitted);
    lines.append(warnings(&planned.warnings));
    if let Some(summary) = &planned.report {
        lines.append(report(summary));
    }
    if planned.pending > 0 {
        lines.styled(Look::Dim, format!("  digest {}", planned.digest));
    }
    lines
}

/// Returns the summary of the report on a plan.
fn report(summary: &ReportSummary) -> Lines {
    let mut lines = Lines::default();
    let why = format!(": {}", summary.why);
    lines.parts([(Look::Plain, "  "), (look(summary.verdict), word(summary.verdict)), (Look::Plain, &why)]);
    let ReportSummary { danger, caution, safe, worst, .. } = summary;
    lines.styled(Look::Dim, format!("    {danger} danger, {caution} caution, {safe} safe"));
    for judged in worst {
        let (name, why) = (format!("    {}  ", judged.name), format!("  {}", judged.why));
        lines.parts([(Look::Plain, &name), (look(judged.verdict), word(judged.verdict)), (Look::Plain, &why)]);
    }
    omitted(&mut lines, (danger + caution).saturating_sub(worst.len()));
    lines.styled(Look::Dim, format!("  report {}/{}/", summary.bucket, summary.key));
    lines
}

/// Returns a verdict's word.
pub(crate) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Safe => "safe",
        Verdict::Caution => "caution",
        Verdict::Danger => "danger",
    }
}

const fn look(verdict: Verdict) -> Look {
    match verdict {
        Verdict::Safe => Look::Good,
        Verdict::Caution => Look::Warning,
        Verdict::Danger => Look::Bad,
    }
}

/// Adds how many are not named, if there are any.
pub(crate) fn omitted(lines: &mut Lines, omitted: usize) {
    if omitted > 0 {
        lines.styled(Look::Dim, format!("    ... and {omitted} more"));
    }
}

fn declared(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Applied => "applied",
        Resolution::RolledBack => "rolled back",
    }
}

/// Returns the warnings, a line each.
pub(crate) fn warnings(texts: &[String]) -> Lines {
    let mut lines = Lines::default();
    for text in texts {
        lines.styled(Look::Warning, format!("  ! {text}"));
    }
    lines
}

/// Returns a sentence about a decision: the decision, the person, how the person is known, and the reason.
pub(crate) fn verdict(decided: &Decided, when: &str) -> (Look, String) {
    let Decided::Decision(Decision { decision, by, identity, on_behalf_of, reason, .. }) = decided else {
        return (Look::Bad, format!("? Answered{when} by something else than the approve function"));
    };
    let (said, look) = match decision {
        Choice::Approved => ("▶ Approved", Look::Good),
        Choice::Rejected => ("✗ Rejected", Look::Bad),
    };
    let identity = match identity {
        Identity::Verified => "verified",
        Identity::Claimed => "claimed",
    };
    let behalf = on_behalf_of.as_ref().map(|name| format!(", on behalf of {name} (claimed)")).unwrap_or_default();
    (look, format!("{said} by {by} ({identity}){behalf}{when}: {reason}"))
}

/// Returns the end of an execution that succeeded.
pub(crate) fn result(known: &Known, took: SignedDuration) -> Lines {
    let mut lines = Lines::default();
    lines.heading("Result");
    let mut said = outcome(known);
    if let Some(apply) = known.apply.as_ref().filter(|apply| apply.applied_elsewhere > 0) {
        said = format!("{said}, {} meanwhile by another run", apply.applied_elsewhere);
    }
    lines.parts([(Look::Plain, "  "), (Look::Good, "✓"), (Look::Plain, &format!(" {said} ({})", seconds(took)))]);
    lines.append(lost_mails(known));
    lines
}

fn outcome(known: &Known) -> String {
    let (plan, apply) = (known.plan.as_ref(), known.apply.as_ref());
    let resolve = plan.and_then(|plan| plan.resolve.as_ref());
    let baseline = plan.and_then(|plan| plan.baseline.as_ref());
    match (known.outcome, apply) {
        (Some(Outcome::Resolved), Some(apply)) if let Some(resolve) = resolve => {
            let already = if apply.resolved == Some(true) { "" } else { " already" };
            format!("{} was declared {}{already}", resolve.migration, declared(resolve.resolution))
        }
        (Some(Outcome::Baselined), Some(apply)) if let Some(baseline) = baseline => {
            let already = if apply.recorded.unwrap_or(0) > 0 { "" } else { ", already" };
            format!("{} recorded as applied, up to {}{already}", plural(baseline.count, "migration"), baseline.last)
        }
        (Some(Outcome::Applied), Some(apply)) => format!("{} applied", plural(apply.applied, "migration")),
        (Some(Outcome::NothingPending), _) => "Nothing was pending".to_owned(),
        (Some(Outcome::Planned), _) => "Planned only: nothing was applied".to_owned(),
        (Some(outcome), _) => {
            serde_json::to_value(outcome).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
        }
        (None, _) => "It succeeded".to_owned(),
    }
}

/// Returns the mails of a run that could not be sent.
pub(crate) fn lost_mails(known: &Known) -> Lines {
    let mut lines = Lines::default();
    if let Some(Decided::Decision(Decision { request_mail_sent: Some(false), .. })) = known.approval.as_deref() {
        lines.append(lost_mail("that asks for the approval", None));
    }
    let Some(told) = &known.notifications else { return lines };
    for (mail, what) in [(&told.approved, "that tells of the approval"), (&told.ended, "that tells how the run ended")]
    {
        if let Some(error) = mail.as_ref().and_then(|mail| mail.error.as_deref()) {
            lines.append(lost_mail(what, Some(error)));
        }
    }
    lines
}

/// Returns the line about one mail that could not be sent.
pub(crate) fn lost_mail(what: &str, error: Option<&str>) -> Lines {
    let mut lines = Lines::default();
    let error = error.map(|error| format!(": {error}")).unwrap_or_default();
    lines.styled(Look::Warning, format!("  ! The mail {what} could not be sent{error}"));
    lines
}

/// Returns the end of an execution that did not succeed.
pub(crate) fn failure(outcome: Outcome, error: &str, cause: &str) -> Lines {
    let mut lines = Lines::default();
    lines.heading("Result");
    let name = match outcome {
        Outcome::Rejected => "Rejected (Approval.Rejected)",
        Outcome::Expired => "Expired: no person decided in time (Approval.Expired)",
        Outcome::Stopped => "Stopped by hand (ABORTED)",
        Outcome::TimedOut => "The execution took longer than an execution may (TIMED_OUT)",
        _ => error,
    };
    lines.parts([(Look::Plain, "  "), (Look::Bad, "✗ "), (Look::Bad, name)]);
    lines.indented(cause, 4);
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::stack::made::{BOB, applied, approval, plan as planned, report as reported, with};

    fn shown(of: Value) -> String {
        plan(&serde_json::from_value(of).unwrap()).plain()
    }

    #[test]
    fn a_plan_shows_what_is_left_out() {
        let text = shown(with(planned(), json!({ "pending": 30, "omitted": 28 })));
        for part in [
            "30 migrations pending, 1 already applied\n",
            "    2_b  transactional, 3 statements\n",
            "    ... and 28 more\n",
            "  ! drops a table\n",
            "  digest d1\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!shown(with(planned(), json!({ "pending": 0, "migrations": [] }))).contains("digest"));
    }

    #[test]
    fn a_plans_report_is_shown_in_short() {
        let text = shown(with(planned(), json!({ "report": reported() })));
        for part in [
            "  danger: 3_c: it drops a table\n",
            "    1 danger, 0 caution, 1 safe\n",
            "    3_c  danger  it drops\\u{1b}[2J a table\n",
            "  report bucket/reports/d1/\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let more = with(reported(), json!({ "danger": 8 }));
        assert!(shown(with(planned(), json!({ "report": more }))).contains("... and 7 more"));
    }

    #[test]
    fn a_resolve_and_a_baseline_say_what_is_written() {
        let resolve = json!({ "migration": "2_b", "resolution": "rolledBack", "facts": ["it has no row"] });
        let text = shown(with(planned(), json!({ "resolve": resolve })));
        assert!(text.contains("  2_b is to be declared rolled back\n    it has no row\n  digest d1\n"), "{text}");
        let baseline = json!({ "count": 2, "last": "3_c", "tables": 1, "migrations": ["2_b", "3_c"], "omitted": 0 });
        let text = shown(with(planned(), json!({ "baseline": baseline })));
        assert!(
            text.contains("2 migrations to be recorded as applied; nothing is run\n    the schema has 1 table\n"),
            "{text}"
        );
    }

    #[test]
    fn a_decision_names_who_took_it() {
        let said = |of: Value| verdict(&serde_json::from_value(of).unwrap(), "");
        let approved = format!("▶ Approved by {BOB} (verified), on behalf of octocat (claimed): looks right");
        assert_eq!(said(approval()), (Look::Good, approved));
        assert!(said(with(approval(), json!({ "decision": "rejected" }))).1.starts_with("✗ Rejected by"));
        for forged in [json!({ "Payload": approval() }), json!("yes"), with(approval(), json!({ "identity": "sure" }))]
        {
            assert_eq!(said(forged).1, "? Answered by something else than the approve function");
        }
    }

    #[test]
    fn each_end_has_its_words() {
        let ended =
            |known: Value| result(&serde_json::from_value(known).unwrap(), SignedDuration::from_millis(420)).plain();
        assert_eq!(
            ended(json!({ "outcome": "applied", "apply": applied() })),
            "\nResult\n  ✓ 2 migrations applied (0.4 s)\n"
        );
        assert!(ended(json!({ "outcome": "nothingPending" })).contains("Nothing was pending"));
        assert!(ended(json!({ "outcome": "planned" })).contains("nothing was applied"));
        let elsewhere = with(applied(), json!({ "appliedElsewhere": 1 }));
        assert!(
            ended(json!({ "outcome": "applied", "apply": elsewhere })).contains("applied, 1 meanwhile by another run")
        );
        let mails = json!({ "approved": { "sent": true }, "ended": { "sent": false, "error": "NotFound" } });
        let text = ended(json!({ "outcome": "planned", "approval": approval(), "notifications": mails }));
        assert!(text.ends_with(
            "  ! The mail that asks for the approval could not be sent\n  ! The mail that tells how the run ended could not be sent: \
             NotFound\n"
        ), "{text}");
    }

    #[test]
    fn a_cause_of_several_lines_is_indented() {
        let text = failure(Outcome::Failed, "Lock.Held", "one\nApproved by: me\n::error::x\n").plain();
        assert_eq!(text, "\nResult\n  ✗ Lock.Held\n    one\n    Approved by: me\n    \\u{3a}:error::x\n");
        assert!(failure(Outcome::Stopped, "x", "").plain().contains("Stopped by hand (ABORTED)"));
    }
}
