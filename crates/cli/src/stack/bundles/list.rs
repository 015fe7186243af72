//! `lockstep bundle list`: the bundles in a stack's bucket, one a line.

use report::quantity::bytes;
use serde::Serialize;
use serde_json::json;

use super::store::{Listed, Store, Stored};
use crate::arguments::ListArguments;
use crate::exit::Exit;
use crate::lines::Lines;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::stack::known::utc;
use crate::target::Target;
use crate::words::{local_time, plural};

/// Runs the command.
///
/// # Errors
///
/// When there is no such stack, and when AWS refuses or does not answer.
pub(super) async fn run(screen: &mut Screen, arguments: &ListArguments, as_json: bool) -> Result<Exit, Problem> {
    let target = Target::find(Some(arguments.environment), &arguments.place, None).await?;
    let store = Store::find(&target, &arguments.bucket).await?;
    let listed = store.list("").await?;
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    if as_json {
        let bundles: Vec<_> = listed.bundles.iter().take(limit).map(value).collect();
        screen.json(&json!({
            "stack": target.stack, "bucket": store.bucket, "count": listed.bundles.len(), "size": size(&listed.bundles),
            "bundles": bundles,
        }));
    } else {
        screen.lines(&describe(&target.stack, &listed, limit));
    }
    Ok(Exit::Done)
}

/// A bundle, for a program.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedBundle {
    digest: String,
    size: u64,
    uploaded_at: String,
}

fn value(stored: &Stored) -> ListedBundle {
    ListedBundle { digest: stored.digest.to_string(), size: stored.size, uploaded_at: utc(stored.at) }
}

fn size(bundles: &[Stored]) -> u64 {
    bundles.iter().map(|stored| stored.size).sum()
}

fn describe(stack: &str, listed: &Listed, limit: usize) -> Lines {
    let mut lines = Lines::default();
    let Listed { bundles, others } = listed;
    if bundles.is_empty() {
        lines.styled(Look::Dim, format!("{stack} has no bundles"));
    } else {
        lines.styled(Look::Dim, format!("{:<64}  {:>9}  UPLOADED", "DIGEST", "SIZE"));
        for Stored { digest, size, at } in bundles.iter().take(limit) {
            lines.line(format!("{digest}  {:>9}  {}", bytes(*size), local_time(*at)));
        }
        let more = match bundles.len().saturating_sub(limit) {
            0 => String::new(),
            more => format!("; --limit shows the other {more}"),
        };
        lines.styled(Look::Dim, format!("{}, {}{more}", plural(bundles.len(), "bundle"), bytes(size(bundles))));
    }
    if let Some(first) = others.first() {
        let more = format!("! {} there, which no run can read: {first}", plural(others.len(), "other object"));
        lines.styled(Look::Warning, more);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::made::documented;

    fn listed() -> Listed {
        let one = |hour: i64| Stored {
            digest: bundle::Digest::of(&hour.to_be_bytes()),
            size: 2_048,
            at: jiff::Timestamp::from_second(hour * 3_600).unwrap(),
        };
        Listed { bundles: vec![one(3), one(2)], others: vec!["bundles/x".to_owned()] }
    }

    #[test]
    fn bundles_are_listed_with_their_total() {
        let told = describe("s", &listed(), 1).plain();
        let lines: Vec<_> = told.lines().collect();
        assert_eq!(lines.len(), 4, "{told}");
        assert!(lines[1].contains("    2 KiB  1970-01-01"), "{told}");
        assert_eq!(lines[2], "2 bundles, 4 KiB; --limit shows the other 1");
        assert_eq!(lines[3], "! 1 other object there, which no run can read: bundles/x");
        let none = Listed { bundles: Vec::new(), others: Vec::new() };
        assert_eq!(describe("s", &none, 20).plain(), "s has no bundles\n");
    }

    #[test]
    fn each_field_is_documented() {
        let written = serde_json::to_value(value(&listed().bundles[0])).unwrap();
        let mut fields: Vec<_> = written.as_object().unwrap().keys().cloned().collect();
        let mut on_page = documented("bundle list");
        fields.sort();
        on_page.sort();
        assert_eq!(on_page, fields);
    }
}
