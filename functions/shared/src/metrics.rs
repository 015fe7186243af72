//! Metrics in CloudWatch's embedded metric format: one JSON line on standard output.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::{config, logs};

const NAMESPACE: &str = "Lockstep";

/// A metric's unit, as CloudWatch names it.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// A count.
    Count,
    /// A duration.
    Milliseconds,
}

/// Writes `values` as metrics of `step`, by project and environment.
pub fn emit(step: &str, values: &[(&str, Unit, f64)]) {
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_millis());
    logs::write_line(&line(step, values, u64::try_from(timestamp).unwrap_or(0)));
}

fn line(step: &str, values: &[(&str, Unit, f64)], timestamp: u64) -> Value {
    let metrics: Vec<_> =
        values.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": format!("{unit:?}") })).collect();
    let mut line = Map::new();
    for (name, _, value) in values {
        line.insert((*name).to_owned(), json!(value));
    }
    line.insert("Project".into(), config::optional(config::PROJECT).into());
    line.insert("Environment".into(), config::optional(config::ENVIRONMENT).into());
    line.insert("Step".into(), step.into());
    line.insert(
        "_aws".into(),
        json!({
            "Timestamp": timestamp,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Project", "Environment", "Step"]],
                "Metrics": metrics,
            }],
        }),
    );
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_each_metric_and_carries_its_value() {
        let line = line("apply", &[("MigrationsApplied", Unit::Count, 3.0)], 1);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Metrics"], json!([{ "Name": "MigrationsApplied", "Unit": "Count" }]));
        assert_eq!((&line["MigrationsApplied"], &line["Step"]), (&json!(3.0), &json!("apply")));
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(line.get(dimension.as_str().unwrap()).is_some(), "{dimension}");
        }
    }
}
