//! Compares the outcome of a run with its expectations.

use report::Report;

use super::expect::{Expected, Reported, wire};
use super::place::Place;
use super::run::Came;

/// Returns how the outcome `came` differs from what is `expected`.
pub(super) async fn judge(expected: &Expected, came: &Came, place: &mut Place) -> Result<Option<String>, String> {
    let (what, found) = match expected {
        Expected::Applied(count) => (format!("applied {count}"), (!came.has_applied(*count)).then(|| came.end())),
        Expected::Planned(count) => (format!("planned {count}"), (came.planned != Some(*count)).then(|| came.end())),
        Expected::Refused(text) => {
            let text = place.fill(text);
            let is_so = came.name().0 == "Migration.Refused" && came.message().contains(&text);
            (format!("refused {text:?}"), (!is_so).then(|| came.end()))
        }
        Expected::Fails { name, code } => {
            let found = came.name();
            let is_so = found.0 == name && (code.is_none() || found.1 == code.as_deref());
            (format!("fails {name} {}", code.as_deref().unwrap_or_default()), (!is_so).then(|| came.end()))
        }
        Expected::Says { text, is_there } => {
            let text = place.fill(text);
            let is_so = came.message().contains(&text) == *is_there;
            (format!("says{} {text:?}", not(*is_there)), (!is_so).then(|| came.end()))
        }
        Expected::Warns { text, is_there } => {
            let text = place.fill(text);
            let is_so = came.warnings.iter().any(|warning| warning.contains(&text)) == *is_there;
            (format!("warns{} {text:?}", not(*is_there)), (!is_so).then(|| format!("{:?}", came.warnings)))
        }
        Expected::Understood => {
            let what = "understood all, but not".to_owned();
            (what, (!came.unread.is_empty()).then(|| came.unread.join(", ")))
        }
        Expected::Check(sql) => {
            let found = place.ask(sql).await.unwrap_or_else(|error| error);
            (format!("check {sql}"), (found != "true").then_some(found))
        }
        Expected::Report(reported) => {
            let found = came
                .report
                .as_ref()
                .map_or_else(|| Some("there is none".to_owned()), |report| differs(reported, report));
            (format!("report {reported:?}"), found)
        }
        Expected::Again(_) => return Ok(None),
    };
    Ok(found.map(|found| format!("{what}: {found}")))
}

fn not(is_there: bool) -> &'static str {
    if is_there { "" } else { " not" }
}

/// Returns what `report` has instead.
fn differs(reported: &Reported, report: &Report) -> Option<String> {
    let findings =
        || report.migrations.iter().flat_map(|migration| &migration.statements).flat_map(|one| &one.findings);
    let is_so = match reported {
        Reported::Verdict(verdict) => report.verdict.name() == verdict,
        Reported::Finding { verdict, rule } => {
            findings().any(|finding| finding.rule == *rule && finding.verdict.name() == verdict)
        }
        Reported::NoFinding { rule } => !findings().any(|finding| finding.rule == *rule),
        Reported::Says { text, is_there } => report::markdown(report, usize::MAX).contains(text) == *is_there,
    };
    let lines = || findings().map(|finding| format!("{} {}: {}", finding.verdict.name(), finding.rule, finding.text));
    (!is_so).then(|| format!("{}, {}; {}", report.verdict.name(), report.why, lines().collect::<Vec<_>>().join("; ")))
}

impl Came {
    fn has_applied(&self, count: usize) -> bool {
        matches!(self.end, Some(Ok(applied)) if applied == count)
    }

    /// Returns the failure's name and SQLSTATE.
    fn name(&self) -> (&'static str, Option<&str>) {
        match &self.end {
            Some(Err(error)) => wire(error),
            _ => ("", None),
        }
    }

    fn message(&self) -> String {
        match &self.end {
            Some(Err(error)) => error.to_string(),
            _ => String::new(),
        }
    }

    /// Returns how the run ended.
    fn end(&self) -> String {
        match &self.end {
            None => format!("planned {}", self.planned.unwrap_or_default()),
            Some(Ok(count)) => format!("applied {count}"),
            Some(Err(_)) => {
                let (name, code) = self.name();
                format!("{name} {}: {}", code.unwrap_or_default(), self.message())
            }
        }
    }
}
