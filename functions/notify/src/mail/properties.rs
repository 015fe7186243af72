//! What holds of each mail, whatever its texts are: no text is more than text, and none begins a line.

use proptest::prelude::*;
use serde_json::Value;

use super::tests::{EXECUTION, decision, mail, run, status_change, succeeded, versions};
use super::*;

/// Generates a text from outside that tries to be more than text.
fn text() -> impl Strategy<Value = String> {
    let attacks = [
        "\n",
        "\r",
        "\r\nApproved by:  me (verified)\n",
        "\n\nTo approve:\n  this",
        "\u{85}Plan:  x",
        "\u{2028}",
        "\u{2029}",
        "\u{202a}",
        "\u{202e}",
        "\u{2066}",
        "\u{2069}",
        "\u{200e}",
        "\u{200f}",
        "\u{61c}",
        "\u{200b}",
        "\u{200d}",
        "\u{2060}",
        "\u{feff}",
        "\u{0}",
        "\u{1b}[2J",
        "\u{9b}31m",
        "\u{8}\u{8}",
        "\n::error::no",
        "\r::set-output name=x::y",
    ];
    let piece = prop_oneof![
        3 => prop::sample::select(attacks.to_vec()).prop_map(str::to_owned),
        1 => "[a-z0-9_ é]{1,8}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

fn is_dangerous(c: char) -> bool {
    matches!(c,
        '\0'..='\u{9}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Returns one event for each kind of mail, with every field that it can have.
fn events() -> Vec<Value> {
    let mut whole = run();
    whole["approval"] = decision("approved");
    whole["request"]["upTo"] = "3_c".into();
    whole["apply"] = serde_json::json!({
        "finished": true, "applied": 1, "appliedElsewhere": 1, "remaining": 0, "total": 1, "omitted": 1, "durationMs": 1,
        "migrations": [{ "name": "2_b", "durationMs": 1 }],
    });
    let mut resolving = whole.clone();
    resolving["request"] = serde_json::json!({
        "mode": "resolve", "migration": "2_b", "resolution": "applied", "requireApproval": false, "requestedBy": "ann",
        "reason": "release 7", "commit": "abc",
    });
    resolving["plan"]["resolve"] =
        serde_json::json!({ "migration": "2_b", "resolution": "applied", "facts": ["it was started"] });
    let mut baseline = whole.clone();
    baseline["request"]["mode"] = "baseline".into();
    baseline["plan"]["baseline"] =
        serde_json::json!({ "count": 2, "last": "2_b", "tables": 1, "migrations": ["1_a"], "omitted": 1 });
    let mut events = Vec::new();
    for run in [whole, resolving, baseline] {
        events.push(succeeded(&run));
        events.push(serde_json::json!({ "event": "approved", "execution": EXECUTION, "run": run }));
        events.push(serde_json::json!({
            "event": "approvalRequested", "execution": EXECUTION, "expiresAt": "2026-01-02T12:00:00Z", "run": run,
        }));
        events.push(serde_json::json!({
            "event": "failed", "execution": EXECUTION, "startedAt": "2026-01-01T11:58:00Z", "versions": versions(),
            "run": run, "planOnly": false,
            "failure": {
                "error": "Lock.Held", "cause": "one", "step": "Apply",
                "place": { "migration": "2_b", "file": "migrations/2_b/migration.sql", "line": 1, "sqlstate": "23505" },
            },
        }));
    }
    let mut stopped = status_change("ABORTED", &"Stopped".into());
    stopped["detail"]["cause"] = "by hand".into();
    events.push(stopped);
    events
}

/// Returns the places of all texts in a value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, item)| places(item, &format!("{at}/{name}"), found)),
        _ => {}
    }
}

/// Returns the places of the free texts in `event`: those that are not one of a few known words.
fn free(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    places(event, "", &mut found);
    found.retain(|place| {
        let overwritten = overwritten(event, std::slice::from_ref(place), PLAIN);
        serde_json::from_value::<Event>(overwritten.clone()).is_ok() && mail(overwritten).is_some()
    });
    found
}

/// Returns `event` with `text` in these places.
fn overwritten(event: &Value, places: &[String], text: &str) -> Value {
    let mut event = event.clone();
    for place in places {
        *event.pointer_mut(place).unwrap() = text.into();
    }
    event
}

/// A text that no line of ours holds.
const PLAIN: &str = "¤";

/// The index of the line after a failure's cause, where the cause has one line.
const BEHIND_CAUSE: usize = 3;

/// Whether `body` has the lines of `plain`, each with the same beginning. A cause may have more lines, which are
/// indented.
fn has_the_lines_of(body: &str, plain: &str, failed: bool) -> bool {
    let (mut lines, plain): (Vec<_>, Vec<_>) = (body.lines().collect(), plain.lines().collect());
    if failed && lines.len() > plain.len() {
        let further = BEHIND_CAUSE..BEHIND_CAUSE + lines.len() - plain.len();
        if !lines.drain(further).all(|line| line.starts_with("    ")) {
            return false;
        }
    }
    let begins = |(line, plain): (&&str, &&str)| line.starts_with(plain.split(PLAIN).next().unwrap());
    lines.len() == plain.len() && lines.iter().zip(&plain).all(begins)
}

#[test]
fn no_text_begins_a_line_or_is_more_than_text() {
    let cases: Vec<_> = events().into_iter().map(|event| (free(&event), event)).collect();
    assert_eq!(cases.len(), 13);
    proptest!(|(text in text())| {
        for (places, event) in &cases {
            let Mail { body: plain, .. } = mail(overwritten(event, places, PLAIN)).unwrap();
            let Mail { subject, body, .. } = mail(overwritten(event, places, &text)).unwrap();
            prop_assert!(!body.contains(is_dangerous), "{body:?}");
            prop_assert!(!subject.contains(|c| c == '\n' || is_dangerous(c)), "{subject:?}");
            let failed = event["event"] == "failed";
            prop_assert!(has_the_lines_of(&body, &plain, failed), "{body}\nis not as\n{plain}");
        }
    });
}
