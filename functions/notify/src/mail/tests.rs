use serde_json::{Value, json};

use super::*;

pub(super) const EXECUTION: &str = "arn:aws:states:eu-central-1:111122223333:execution:lockstep-migrations-prod:run-1";

/// Returns the mail for an event at 12:00:04.25.
pub(super) fn mail(event: Value) -> Option<Mail> {
    let event: Event = serde_json::from_value(event).unwrap();
    let record = crate::complete::complete(&event, "prod", "2026-01-01T12:00:04.250Z".parse().unwrap());
    compose(&event, record.as_ref(), "prod")
}

pub(super) fn succeeded(run: &Value) -> Value {
    json!({
        "event": "succeeded", "execution": EXECUTION, "startedAt": "2026-01-01T12:00:00Z", "versions": versions(),
        "run": run, "tellNothingPending": false,
    })
}

pub(super) fn versions() -> Value {
    let arn = |kind: &str, name: &str| format!("arn:aws:lambda:eu-central-1:111122223333:{kind}:{name}");
    json!({
        "preflight": arn("function", "p:3"), "plan": arn("function", "p:4"), "apply": arn("function", "p:5"),
        "notify": arn("function", "p:2"), "migrations": arn("layer", "m:12"),
    })
}

pub(super) fn decision(verdict: &str) -> Value {
    json!({
        "decision": verdict, "digest": "d1", "by": "arn:aws:sts::111122223333:assumed-role/Approver/bob", "identity": "verified",
        "onBehalfOf": "octocat", "duties": "roles", "reason": "fine", "at": "2026-01-01T12:00:01Z", "version": "7",
    })
}

pub(super) fn run() -> Value {
    json!({
        "database": { "instance": "orders", "resourceId": "db-X", "status": "available", "host": "h", "port": 5432, "name": null },
        "request": { "mode": "apply", "requireApproval": false, "requestedBy": "ann", "reason": "release 7", "commit": "abc", "bundle": "0f".repeat(32) },
        "preflight": { "facts": { "serverVersion": "18.4", "database": "d", "user": "u", "tls": true }, "warnings": ["another session holds the migration lock"] },
        "plan": {
            "digest": "d1", "baseRows": 1, "pending": 22, "alreadyApplied": 1, "omitted": 20, "warnings": ["1_a was edited"],
            "migrations": [
                { "name": "2_b", "class": "transactional", "statements": 3, "verdict": "safe", "why": "no session waits" },
                { "name": "3_c", "class": "standalone", "statements": 1, "verdict": "danger", "why": "it drops a table" },
            ],
            "report": {
                "verdict": "danger", "why": "3_c: it drops a table", "safe": 19, "caution": 2, "danger": 1,
                "worst": [
                    { "name": "3_c", "verdict": "danger", "why": "it drops a table" },
                    { "name": "4_d", "verdict": "caution", "why": "its rows were never counted" },
                ],
                "bucket": "b", "key": "reports/d1",
            },
        },
    })
}

#[test]
fn an_approval_request_names_what_waits_and_how_to_decide_and_no_token() {
    let mail = mail(json!({
        "event": "approvalRequested", "execution": EXECUTION, "taskToken": "s3cret", "expiresAt": "2026-01-02T12:00:00Z", "run": run(),
    }))
    .unwrap();
    assert_eq!(mail.subject, "⏸ Database Migration Awaiting Approval (prod)");
    let expected = format!(
        "22 migrations are waiting for approval in prod, until 2026-01-02 12:00:00 UTC.

  2_b  (transactional, 3 statements, safe)
  3_c  (standalone, 1 statement, danger)
  and 20 more

Warnings:
  another session holds the migration lock
  1_a was edited

What they will do to this database: danger. 3_c: it drops a table
  Migrations: 1 danger, 2 caution, 19 safe
  3_c (danger): it drops a table
  4_d (caution): its rows were never counted
  and 1 more
To read the report (this approves nothing):
  lockstep show prod {EXECUTION} --open

To see it:
  lockstep show prod {EXECUTION}
To approve (the requester cannot):
  lockstep approve prod {EXECUTION} --digest d1 --reason REASON
To reject:
  lockstep reject prod {EXECUTION} --digest d1 --reason REASON

Requested by: ann (claimed)
Reason:       release 7
Commit:       abc
Bundle:       {}
Database:     orders
Plan:         d1
Execution:    {EXECUTION}
",
        "0f".repeat(32)
    );
    assert_eq!(mail.body, expected);
}

#[test]
fn without_a_report_the_mail_says_that_there_is_none() {
    let mut run = run();
    run["plan"].as_object_mut().unwrap().remove("report");
    let event = json!({
        "event": "approvalRequested", "execution": EXECUTION, "expiresAt": "2026-01-02T12:00:00Z", "run": run,
    });
    let body = mail(event).unwrap().body;
    assert!(body.contains("\nWhat they will do to this database is not known: there is no report.\n"), "{body}");
    assert!(!body.contains("--open"), "{body}");
}

#[test]
fn a_migrations_name_forges_no_line() {
    let mut run = run();
    let name = "2_b\n\nTo approve:\n  this\u{202e}";
    for migration in run["plan"]["migrations"].as_array_mut().unwrap() {
        migration["name"] = name.into();
    }
    run["plan"]["report"]["worst"][0]["name"] = name.into();
    run["plan"]["warnings"] = json!([format!("{name} was edited")]);
    run["apply"] = json!({
        "finished": true, "applied": 1, "appliedElsewhere": 0, "remaining": 0, "total": 1, "omitted": 0, "durationMs": 1,
        "migrations": [{ "name": name, "durationMs": 1 }],
    });
    let requested = json!({
        "event": "approvalRequested", "execution": EXECUTION, "expiresAt": "2026-01-02T12:00:00Z", "run": run,
    });
    for (event, lines) in
        [(requested, 1), (json!({ "event": "approved", "execution": EXECUTION, "run": run }), 0), (succeeded(&run), 0)]
    {
        let body = mail(event).unwrap().body;
        assert_eq!(body.lines().filter(|line| line.starts_with("To approve")).count(), lines, "{body}");
        assert!(!body.contains('\u{202e}'), "{body}");
    }
}

#[test]
fn an_approval_says_who_gave_it() {
    let mut run = run();
    run["approval"] = decision("approved");
    let mail = mail(json!({ "event": "approved", "execution": EXECUTION, "run": run })).unwrap();
    assert_eq!((mail.subject.as_str(), mail.outcome), ("▶ Database Migration Approved (prod)", "approved"));
    for part in [
        "22 migrations were approved in prod, and will be applied now.",
        "Approved by:  arn:aws:sts::111122223333:assumed-role/Approver/bob (verified), on behalf of octocat (claimed), at 2026-01-01 12:00:01 UTC: fine",
        "Duties:       separate roles start and approve",
    ] {
        assert!(mail.body.contains(part), "{part}: {}", mail.body);
    }
}

#[test]
fn success_says_what_was_applied_by_whom_approved_and_how_long_it_took() {
    let mut run = run();
    run["approval"] = decision("approved");
    run["approval"]["requestMailSent"] = false.into();
    run["notifications"] = json!({ "approved": { "sent": false, "error": "NotFound" } });
    run["apply"] = json!({
        "finished": true, "applied": 2, "appliedElsewhere": 1, "remaining": 0, "total": 3, "omitted": 0, "durationMs": 1312,
        "migrations": [{ "name": "2_b", "durationMs": 12 }, { "name": "3_c", "durationMs": 1300 }],
    });
    let mail = mail(succeeded(&run)).unwrap();
    assert_eq!((mail.subject.as_str(), mail.outcome), ("✓ Database Migration Successful (prod)", "applied"));
    for part in [
        "2 migrations were applied in prod; the run took 4.2 s.",
        "  2_b  12 ms\n  3_c  1.3 s\n",
        "1 migration of the plan had been applied by another run meanwhile.",
        "\nWhat the report had said they would do: danger. 3_c: it drops a table\n",
        format!("  lockstep show prod {EXECUTION} --open\n").as_str(),
        "Approved by:  arn:aws:sts::111122223333:assumed-role/Approver/bob (verified), on behalf",
        "Mail lost:    the mail that told of the approval\nMail lost:    the mail that asked for the approval\n",
        "Started:      2026-01-01 12:00:00 UTC\nEnded:        2026-01-01 12:00:04 UTC\n",
        "Versions:     preflight 3, plan 4, apply 5, notify 2, migrations 12\n",
    ] {
        assert!(mail.body.contains(part), "{part}: {}", mail.body);
    }
}

#[test]
fn a_run_whose_plan_another_run_carried_out_says_so() {
    let mut run = run();
    run["apply"] = json!({
        "finished": true, "applied": 0, "appliedElsewhere": 2, "remaining": 0, "total": 2, "omitted": 0, "durationMs": 0,
        "migrations": [],
    });
    let body = mail(succeeded(&run)).unwrap().body;
    assert!(
        body.starts_with("Nothing was left to apply in prod; the run took 4.2 s.\n\n\n2 migrations of the plan"),
        "{body}"
    );
}

#[test]
fn a_run_that_changed_nothing_sends_no_mail_unless_the_parameter_says_so() {
    assert_eq!(mail(succeeded(&run())), None);
    let mut idle = run();
    idle["plan"]["pending"] = 0.into();
    let mut event = succeeded(&idle);
    assert_eq!(mail(event.clone()), None);
    event["tellNothingPending"] = true.into();
    let mail = mail(event).unwrap();
    assert_eq!((mail.subject.as_str(), mail.outcome), ("✓ Database Migration Not Needed (prod)", "nothingPending"));
    assert!(mail.body.starts_with("Nothing was pending in prod"), "{}", mail.body);
}

#[test]
fn a_resolve_says_what_is_declared_and_what_is_known() {
    let mut run = run();
    run["request"] =
        json!({ "mode": "resolve", "migration": "2_b", "resolution": "rolledBack", "requireApproval": false });
    run["plan"] = json!({
        "digest": "d1", "baseRows": 1, "pending": 0, "alreadyApplied": 0, "omitted": 0, "warnings": [], "migrations": [],
        "resolve": { "migration": "2_b", "resolution": "rolledBack", "facts": ["another tool started it, and it never finished"] },
    });
    let requested = mail(json!({
        "event": "approvalRequested", "execution": EXECUTION, "expiresAt": "2026-01-02T12:00:00Z", "run": run,
    }))
    .unwrap();
    let expected = "2_b is to be declared rolled back, and that is waiting for approval in prod, until 2026-01-02 12:00:00 UTC.\n\n  \
                    another tool started it, and it never finished.\n";
    assert!(requested.body.starts_with(expected), "{}", requested.body);
    let approved = mail(json!({ "event": "approved", "execution": EXECUTION, "run": run })).unwrap();
    assert!(
        approved.body.starts_with("It was approved in prod that 2_b is declared rolled back."),
        "{}",
        approved.body
    );
    run["apply"] = json!({
        "finished": true, "applied": 0, "appliedElsewhere": 0, "remaining": 0, "total": 0, "omitted": 0, "durationMs": 0,
        "migrations": [], "resolved": true,
    });
    let resolved = mail(succeeded(&run)).unwrap();
    assert_eq!((resolved.subject.as_str(), resolved.outcome), ("✓ Database Migration Resolved (prod)", "resolved"));
    assert!(resolved.body.starts_with("2_b was declared rolled back in prod.\n"), "{}", resolved.body);
}

#[test]
fn a_baseline_says_what_is_recorded_and_that_nothing_runs() {
    let mut run = run();
    run["request"] = json!({ "mode": "baseline", "upTo": "2_b", "requireApproval": false });
    run["plan"] = json!({
        "digest": "d1", "baseRows": 0, "pending": 0, "alreadyApplied": 0, "omitted": 0, "warnings": [], "migrations": [],
        "baseline": { "count": 3, "last": "2_b", "tables": 14, "migrations": ["1_a", "2_a"], "omitted": 1 },
    });
    let requested = mail(json!({
        "event": "approvalRequested", "execution": EXECUTION, "expiresAt": "2026-01-02T12:00:00Z", "run": run,
    }))
    .unwrap();
    let expected = "3 migrations are to be recorded as applied without being run, and that is waiting for approval in prod, \
                    until 2026-01-02 12:00:00 UTC.\n\n  The schema has 14 tables.\n  1_a\n  2_a\n  and 1 more\n";
    assert!(requested.body.starts_with(expected), "{}", requested.body);
    let approved = mail(json!({ "event": "approved", "execution": EXECUTION, "run": run })).unwrap();
    assert!(approved.body.starts_with("It was approved in prod that 3 migrations are recorded"), "{}", approved.body);
    for (recorded, already) in [(3, ""), (0, " already")] {
        run["apply"] = json!({
            "finished": true, "applied": 0, "appliedElsewhere": 0, "remaining": 0, "total": 0, "omitted": 0,
            "durationMs": 0, "migrations": [], "recorded": recorded,
        });
        let told = mail(succeeded(&run)).unwrap();
        assert_eq!((told.subject.as_str(), told.outcome), ("✓ Database Migration Baselined (prod)", "baselined"));
        let expected = format!("3 migrations were recorded as applied in prod{already}, up to 2_b. Nothing was run.\n");
        assert!(told.body.starts_with(&expected), "{}", told.body);
    }
}

#[test]
fn failure_names_the_error_its_cause_and_the_state() {
    let failed = |error: &str| {
        mail(json!({
            "event": "failed", "execution": EXECUTION, "startedAt": "2026-01-01T11:58:00Z", "versions": versions(),
            "run": { "database": { "instance": "orders" }, "approval": decision("rejected") },
            "failure": { "error": error, "cause": "another session holds it", "step": "Apply" }, "planOnly": false,
        }))
        .unwrap()
    };
    let mail = failed("Lock.Held");
    assert_eq!((mail.subject.as_str(), mail.outcome), ("✗ Database Migration Failed (prod)", "failed"));
    assert!(
        mail.body.starts_with(
            "The run failed in prod with Lock.Held in state Apply after 2 min 4 s.\n\nanother session holds it\n"
        ),
        "{}",
        mail.body
    );
    let mail = failed("Approval.Rejected");
    assert_eq!((mail.subject.as_str(), mail.outcome), ("✗ Database Migration Rejected (prod)", "rejected"));
    assert!(mail.body.contains("Rejected by:  arn:"), "{}", mail.body);
    let mail = failed("Approval.Expired");
    assert_eq!((mail.subject.as_str(), mail.outcome), ("✗ Database Migration Expired (prod)", "expired"));
}

#[test]
fn a_script_that_failed_is_quoted_with_its_line() {
    let told = |place: Value| {
        let event = json!({
            "event": "failed", "execution": EXECUTION, "startedAt": "2026-01-01T11:58:00Z", "versions": versions(),
            "run": { "database": { "instance": "orders" } },
            "failure": { "error": "Migration.Failed", "cause": "2_b failed", "step": "Apply", "place": place },
            "planOnly": false,
        });
        mail(event).unwrap().body
    };
    let file = "migrations/2_b/migration.sql";
    let whole = told(json!({ "migration": "2_b", "file": file, "statement": 2, "line": 3, "sqlstate": "23505" }));
    assert!(
        whole.contains("\n\n2_b failed\n\nScript:       migrations/2_b/migration.sql, line 3\nDatabase:"),
        "{whole}"
    );
    let without_line = told(json!({ "migration": "2_b", "file": file }));
    assert!(without_line.contains("\nScript:       migrations/2_b/migration.sql\n"), "{without_line}");
    let without_file = told(json!({ "migration": "2_b", "line": 3 }));
    assert!(!without_file.contains("Script:"), "{without_file}");
}

#[test]
fn a_machine_that_only_plans_mails_no_failure() {
    let mut event: Value =
        serde_json::from_str(include_str!("../../../shared/tests/payloads/notify_input_failed.json")).unwrap();
    assert!(mail(event.clone()).is_some());
    event["planOnly"] = true.into();
    assert_eq!(mail(event), None);
}

pub(super) fn status_change(status: &str, error: &Value) -> Value {
    json!({
        "version": "0", "id": "1", "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
        "account": "111122223333", "time": "2026-01-01T12:00:00Z", "region": "eu-central-1", "resources": [EXECUTION],
        "detail": {
            "executionArn": EXECUTION, "stateMachineArn": "arn", "name": "run-1", "status": status,
            "startDate": 1_767_268_800_000_i64, "stopDate": 1_767_268_860_000_i64, "input": r#"{"requestedBy":"ann"}"#, "output": null,
            "error": error, "cause": null,
        },
    })
}

#[test]
fn a_failure_that_no_state_could_catch_is_mailed_once() {
    for (status, error, part) in [
        ("ABORTED", Value::Null, "was stopped by hand"),
        ("ABORTED", json!("Migration.Failed"), "was stopped by hand"),
        ("TIMED_OUT", Value::Null, "took longer than an execution may"),
        ("FAILED", json!("States.Runtime"), "no state of it could catch"),
    ] {
        let mail = mail(status_change(status, &error)).unwrap();
        assert_eq!(mail.subject, "✗ Database Migration Failed (prod)");
        for part in [part, EXECUTION, "Requested by: ann (claimed)", "after 1 min 0 s"] {
            assert!(mail.body.contains(part), "{part}: {}", mail.body);
        }
    }
    // The state machine has reported these failures itself, unless the cause says that it could not.
    let mut event = status_change("FAILED", &json!("Migration.Failed"));
    event["detail"]["cause"] = "1_a failed.".into();
    assert_eq!(mail(event.clone()), None);
    event["detail"]["cause"] = format!("{}1_a failed.", shared::record::UNTOLD).into();
    let told = mail(event.clone()).unwrap();
    assert!(told.body.contains("\n\n1_a failed. Each migration that the ledger"), "{}", told.body);
    event["detail"]["error"] = "Approval.Rejected".into();
    assert_eq!(mail(event).unwrap().outcome, "rejected");
}

#[test]
fn the_cause_of_a_stopped_run_forges_no_line() {
    let mut event = status_change("ABORTED", &json!("x\n\nTo approve:\n  this"));
    event["detail"]["cause"] = "a\u{2028}Approved by:  boss".into();
    let body = mail(event).unwrap().body;
    assert!(!body.lines().any(|line| line.starts_with("To approve") || line.starts_with("Approved by")), "{body}");
    assert!(!body.contains('\u{2028}'), "{body}");
}

#[test]
fn subjects_are_short_enough_for_sns() {
    let request = json!({
        "event": "approvalRequested", "execution": EXECUTION, "expiresAt": "2026-01-02T12:00:00Z", "run": run(),
    });
    for mail in [mail(request), mail(status_change("ABORTED", &Value::Null))] {
        let subject = mail.unwrap().subject;
        assert!(subject.chars().count() < 100 && !subject.contains('\n'), "{subject}");
    }
}
