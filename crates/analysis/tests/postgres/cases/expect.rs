//! The expectations of a case, one a line.

use analysis::rules::ALL;
use engine::Error;

/// One expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// The run applies so many migrations, and none remain.
    Applied(usize),
    /// The plan has so many migrations, and is not applied.
    Planned(usize),
    /// The plan refuses a script with this text.
    Refused(String),
    /// The run fails with this name and this SQLSTATE.
    Fails { name: String, code: Option<String> },
    /// The failure's message contains this text, or does not contain it.
    Says { text: String, is_there: bool },
    /// The warnings of the preflight or the plan contain this text, or do not contain it.
    Warns { text: String, is_there: bool },
    /// Every pending script is understood as a whole.
    Understood,
    /// A query returns true.
    Check(String),
    /// A further run applies so many migrations.
    Again(usize),
    /// The report says this.
    Report(Reported),
}

/// An expectation of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reported {
    /// The whole report has this verdict.
    Verdict(String),
    /// A rule finds something with this verdict.
    Finding { verdict: String, rule: String },
    /// The rule finds nothing.
    NoFinding { rule: String },
    /// The report's text contains this, or does not contain it.
    Says { text: String, is_there: bool },
}

impl Expected {
    /// Returns all expectations in `body`. One of them says how the run ends.
    pub(super) fn all(body: &str) -> Result<Vec<Self>, String> {
        let expected: Vec<_> =
            body.lines().filter(|line| !line.trim().is_empty()).map(Self::of).collect::<Result<_, _>>()?;
        let ends = expected.iter().filter(|one| one.is_end()).count();
        if ends == 1 { Ok(expected) } else { Err(format!("{ends} lines say how the run ends, and one has to")) }
    }

    fn is_end(&self) -> bool {
        matches!(self, Self::Applied(_) | Self::Planned(_) | Self::Refused(_) | Self::Fails { .. })
    }

    fn of(line: &str) -> Result<Self, String> {
        let (kind, value) = line.split_once(": ").ok_or_else(|| format!("{line:?} expects nothing"))?;
        let value = value.trim().to_owned();
        let number = |text: &str| text.parse::<usize>().map_err(|_| format!("{line:?} lacks a number"));
        Ok(match kind {
            "applied" => Self::Applied(number(&value)?),
            "planned" => Self::Planned(number(&value)?),
            "refused" => Self::Refused(value),
            "fails" => {
                let (name, code) = value.split_once(' ').map_or((&*value, None), |(name, code)| (name, Some(code)));
                if !WIRE_NAMES.contains(&name) {
                    return Err(format!("there is no failure {name:?}"));
                }
                Self::Fails { name: name.to_owned(), code: code.map(str::to_owned) }
            }
            "says" => Self::Says { text: value, is_there: true },
            "says not" => Self::Says { text: value, is_there: false },
            "warns" => Self::Warns { text: value, is_there: true },
            "warns not" => Self::Warns { text: value, is_there: false },
            "understood" if value == "all" => Self::Understood,
            "check" => Self::Check(value),
            "again" => Self::Again(number(value.strip_prefix("applied ").unwrap_or_default())?),
            "report" => Self::Report(Reported::of(&value)?),
            "report says" => Self::Report(Reported::Says { text: value, is_there: true }),
            "report says not" => Self::Report(Reported::Says { text: value, is_there: false }),
            _ => return Err(format!("nothing is known to expect by {kind:?}")),
        })
    }
}

impl Reported {
    fn of(value: &str) -> Result<Self, String> {
        let words: Vec<_> = value.split(' ').collect();
        let is_verdict = |word: &str| ["safe", "caution", "danger"].contains(&word);
        let is_rule = |word: &str| ALL.iter().any(|rule| rule.name == word);
        match words[..] {
            [verdict] if is_verdict(verdict) => Ok(Self::Verdict(verdict.to_owned())),
            ["no", rule] if is_rule(rule) => Ok(Self::NoFinding { rule: rule.to_owned() }),
            [verdict, rule] if is_verdict(verdict) && is_rule(rule) => {
                Ok(Self::Finding { verdict: verdict.to_owned(), rule: rule.to_owned() })
            }
            _ => Err(format!("{value:?} is no verdict, and no verdict with a rule")),
        }
    }
}

/// The wire names of the engine's errors.
const WIRE_NAMES: &[&str] = &[
    "Database.Unreachable",
    "Database.ConnectionClosed",
    "Database.AuthenticationFailed",
    "Database.NotFound",
    "Database.TlsFailed",
    "Database.ReadOnly",
    "Lock.Held",
    "Lock.Timeout",
    "History.Invalid",
    "History.Failed",
    "History.NotEmpty",
    "History.Diverged",
    "Plan.Changed",
    "Migration.Refused",
    "Migration.Failed",
    "Migration.InDoubt",
    "Config.Invalid",
    "Step.Failed",
];

/// Returns the wire name of `error`, and its SQLSTATE if it has one. The functions have a match of their own, in a
/// crate that this one does not depend on.
pub(super) fn wire(error: &Error) -> (&'static str, Option<&str>) {
    match error {
        Error::Unreachable { .. } => ("Database.Unreachable", None),
        Error::ConnectionClosed { .. } | Error::NotFlushed => ("Database.ConnectionClosed", None),
        Error::AuthenticationFailed { code, .. } => ("Database.AuthenticationFailed", Some(code)),
        Error::DatabaseNotFound { .. } => ("Database.NotFound", None),
        Error::Tls { .. } => ("Database.TlsFailed", None),
        Error::ReadOnly { .. } => ("Database.ReadOnly", None),
        Error::LockHeld { .. }
        | Error::UnderWay { .. }
        | Error::LockLost { .. }
        | Error::NotRecorded { .. }
        | Error::IndexBeingBuilt { .. } => ("Lock.Held", None),
        Error::LockTimeout { code, .. } => ("Lock.Timeout", Some(code)),
        Error::HistoryInvalid(_) => ("History.Invalid", None),
        Error::HistoryFailed { .. } => ("History.Failed", None),
        Error::HistoryNotEmpty { .. } => ("History.NotEmpty", None),
        Error::HistoryDiverged { .. } => ("History.Diverged", None),
        Error::PlanChanged { .. } => ("Plan.Changed", None),
        Error::Refused(_) => ("Migration.Refused", None),
        Error::MigrationFailed(failure) => ("Migration.Failed", Some(&failure.code)),
        Error::InDoubt { .. } | Error::RanSomethingElse { .. } | Error::RowsGone { .. } => ("Migration.InDoubt", None),
        Error::NothingDone { .. } => ("Migration.Failed", None),
        Error::Config { .. } => ("Config.Invalid", None),
        Error::Query { code, .. } => ("Step.Failed", Some(code)),
    }
}
