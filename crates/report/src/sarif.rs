//! Renders the report as SARIF 2.1.0, the format that code scanning reads.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::places::{Placed, places};
use crate::{Report, Verdict};

/// Returns the report as SARIF. `file` returns the path of a migration's script in the repository. A result of a migration
/// without a path has no location.
///
/// # Errors
///
/// None that this structure can cause.
pub fn sarif(report: &Report, file: impl Fn(&str) -> Option<String>) -> serde_json::Result<String> {
    let placed = places(report);
    let rules: BTreeSet<&str> = placed.iter().map(|one| one.rule.as_str()).collect();
    let rules: Vec<_> = rules.into_iter().map(|id| json!({ "id": id, "shortDescription": { "text": id } })).collect();
    let results: Vec<_> = placed.iter().map(|one| result(one, file(&one.migration))).collect();
    serde_json::to_string_pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Lockstep",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "results": results,
        }],
    }))
}

fn result(placed: &Placed, file: Option<String>) -> Value {
    let (first, last) = placed.lines;
    let locations: Vec<_> = file
        .map(|file| {
            json!({ "physicalLocation": {
                "artifactLocation": { "uri": uri(&file) },
                "region": { "startLine": first, "endLine": last },
            } })
        })
        .into_iter()
        .collect();
    json!({
        "ruleId": placed.rule,
        "level": match placed.verdict {
            Verdict::Danger => "error",
            Verdict::Caution => "warning",
            Verdict::Safe => "note",
        },
        "message": { "text": format!("{}. {}", placed.title, placed.message) },
        "locations": locations,
    })
}

/// Returns a path as a relative reference: every byte that is not plain is percent-encoded.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte);
    let encoded = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn each_thing_that_is_not_safe_is_a_result_at_its_line() {
        let report = sample::small();
        let written = sarif(&report, |name| Some(format!("db/a b/{name}.sql"))).unwrap();
        let read: Value = serde_json::from_str(&written).unwrap();
        let results = read["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), report.worst_first().len());
        let (worst, first) = (&report.worst_first()[0], &results[0]);
        let place = &first["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], format!("db/a%20b/{}.sql", worst.migration.name));
        assert_eq!(place["region"]["startLine"], worst.statement.unwrap().1.line);
        assert_eq!(first["level"], "error");
        let rules = read["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        for result in results {
            assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
        }
    }
}
