//! Reads `migrate.asl.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// The part of Step Functions' ARN that makes a task a call of a function.
const INVOKE: &str = "arn:aws:states:::lambda:invoke";

/// Returns the whole definition.
pub(crate) fn definition() -> Value {
    serde_json::from_str(&text()).expect("migrate.asl.json is JSON")
}

/// Returns the definition's text.
pub(crate) fn text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrate.asl.json");
    std::fs::read_to_string(path).expect("migrate.asl.json can be read")
}

/// Returns every state by its name.
pub(crate) fn states() -> BTreeMap<String, Value> {
    let definition = definition();
    let states = definition["States"].as_object().expect("States is an object");
    states.iter().map(|(name, state)| (name.clone(), state.clone())).collect()
}

/// Returns the states of a type.
pub(crate) fn of_type(wanted: &str) -> Vec<(String, Value)> {
    states().into_iter().filter(|(_, state)| state["Type"] == wanted).collect()
}

/// Returns the function that a task calls, as the template names it: `Apply` for `${ApplyFunctionArn}`.
pub(crate) fn called_function(task: &Value) -> Option<String> {
    task["Resource"].as_str()?.strip_prefix(INVOKE)?;
    let arn = task["Arguments"]["FunctionName"].as_str().expect("a function's ARN");
    let name = arn.strip_prefix("${").and_then(|name| name.strip_suffix("FunctionArn}"));
    Some(name.unwrap_or_else(|| panic!("{arn} is not a substitution like ${{ApplyFunctionArn}}")).to_owned())
}

/// Returns the tasks that call a function, with the function's name.
pub(crate) fn lambda_tasks() -> Vec<(String, Value, String)> {
    let tasks = of_type("Task").into_iter();
    tasks.filter_map(|(name, task)| called_function(&task).map(|function| (name, task, function))).collect()
}

/// Returns the entries of `Retry`, `Catch` or `Choices`; none if there is no such field.
pub(crate) fn entries(state: &Value, field: &str) -> Vec<Value> {
    state.get(field).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Returns an entry's `ErrorEquals`.
pub(crate) fn errors(entry: &Value) -> BTreeSet<String> {
    let names = entry["ErrorEquals"].as_array().expect("ErrorEquals is a list");
    names.iter().map(|name| name.as_str().expect("an error's name").to_owned()).collect()
}

/// An exit of a state: the next state, and what is assigned on the way.
pub(crate) struct Exit {
    pub(crate) next: String,
    pub(crate) assigned: BTreeSet<String>,
    pub(crate) caught: bool,
}

/// Returns every exit of a state.
pub(crate) fn exits(state: &Value) -> Vec<Exit> {
    let exit = |next: &Value, from: &Value, caught| Exit {
        next: next.as_str().expect("a state's name").to_owned(),
        assigned: from["Assign"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default(),
        caught,
    };
    let mut exits = Vec::new();
    for rule in entries(state, "Choices") {
        exits.push(exit(&rule["Next"], &rule, false));
    }
    for catcher in entries(state, "Catch") {
        exits.push(exit(&catcher["Next"], &catcher, true));
    }
    for field in ["Next", "Default"] {
        if let Some(next) = state.get(field) {
            exits.push(exit(next, state, false));
        }
    }
    exits
}

/// Returns every string in a value, however deep.
pub(crate) fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}
