//! The report on a run's plan: fetched from the stack's bucket with the caller's own rights.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use shared::payload::PlanOutput;

use super::commands::name_of;
use crate::aws::Error;
use crate::problem::Problem;
use crate::target::Target;

/// Returns a rendering of the report on a plan: `html`, `md` or `json`.
///
/// # Errors
///
/// Says why there is none, or none that this caller may read.
pub(crate) async fn fetch(target: &Target, plan: Option<&PlanOutput>, ending: &str) -> Result<Vec<u8>, Problem> {
    let Some(summary) = plan.and_then(|plan| plan.report.as_ref()) else {
        return Err(Problem::failed(format!("this run has no report: {}", why_not(plan))));
    };
    let (bucket, key) = (&summary.bucket, format!("{}/report.{ending}", summary.key));
    let answer = target.aws.s3().get_object().bucket(bucket).key(&key).send().await;
    let answer = answer.map_err(|error| refused(target, &Error::from(error), bucket, &key))?;
    let read = answer.body.collect().await;
    let read = read.map_err(|error| Problem::failed(format!("the report was cut off while it was read: {error}")))?;
    Ok(read.to_vec())
}

fn refused(target: &Target, error: &Error, bucket: &str, key: &str) -> Problem {
    let Error::Refused { code, message, status } = error else { return target.problem(error) };
    match (code.as_str(), status) {
        ("NoSuchKey" | "NoSuchBucket", _) | (_, 404) => {
            Problem::failed(format!("the report is not in {bucket} any more: it expired (ReportRetentionDays)"))
        }
        (_, 403) if !error.is_expired() => Problem::failed(format!(
            "AWS does not let you read s3://{bucket}/{key}: attach the stack's policy for starting or approving ({message})"
        )),
        _ => target.problem(error),
    }
}

/// Writes the HTML to a file that other users of this machine cannot read, and returns its path. It is a temporary file
/// unless a directory is named.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn save(html: &[u8], execution: &str, directory: Option<&Path>) -> Result<PathBuf, Problem> {
    let unwritten = |error: std::io::Error| Problem::failed(format!("the page could not be written: {error}"));
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    let name: String = name_of(execution).chars().filter(is_plain).take(60).collect();
    let temporary = std::env::temp_dir();
    let prefix = format!("lockstep-{name}-");
    let made = tempfile::Builder::new().prefix(&prefix).suffix(".html").tempfile_in(directory.unwrap_or(&temporary));
    let mut file = made.map_err(unwritten)?;
    file.write_all(html).map_err(unwritten)?;
    let (_, path) = file.keep().map_err(|error| unwritten(error.error))?;
    Ok(path)
}

fn why_not(plan: Option<&PlanOutput>) -> &str {
    let Some(plan) = plan else { return "it did not come to a plan" };
    if plan.pending == 0 {
        let runs_none = plan.resolve.is_some() || plan.baseline.is_some();
        return if runs_none { "it runs no migration" } else { "nothing was pending" };
    }
    let told = plan.warnings.iter().find(|text| text.starts_with("There is no report"));
    told.map_or("none was made", String::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::stack::made::{plan, with};

    #[test]
    fn without_a_report_it_says_why() {
        let resolve = json!({ "migration": "2_b", "resolution": "applied", "facts": [] });
        for (more, said) in [
            (json!({}), "none was made"),
            (json!({ "warnings": ["x", "There is no report (x), so"] }), "There is no report (x), so"),
            (json!({ "pending": 0 }), "nothing was pending"),
            (json!({ "pending": 0, "resolve": resolve }), "it runs no migration"),
        ] {
            let plan: PlanOutput = serde_json::from_value::<PlanOutput>(with(plan(), more)).unwrap();
            assert_eq!(why_not(Some(&plan)), said);
        }
        assert_eq!(why_not(None), "it did not come to a plan");
        let _: Value = plan();
    }

    #[cfg(unix)]
    #[test]
    fn the_page_is_in_a_file_that_only_its_owner_reads() {
        use std::os::unix::fs::PermissionsExt as _;
        let path = save(b"<p>", "arn:x:apply-1/../2", None).unwrap();
        let (mode, text) = (std::fs::metadata(&path).unwrap().permissions().mode(), std::fs::read(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert_eq!((mode & 0o777, text.as_slice()), (0o600, &b"<p>"[..]));
        assert!(path.file_name().unwrap().to_str().unwrap().starts_with("lockstep-apply-1..2-"), "{path:?}");
    }
}
