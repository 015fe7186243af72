//! `lockstep bundle show`: what is in a bundle of a stack's bucket, verified as the functions verify it.

use bundle::{BundleRefused, Digest, MOST_BYTES};
use engine::history::{History, read_files};
use report::quantity::bytes;
use serde_json::json;
use shared::FailureName;

use super::store::{Store, Stored};
use crate::arguments::ShowBundleArguments;
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
/// When there is no such bundle, when it is refused, and when AWS refuses or does not answer.
pub(super) async fn run(screen: &mut Screen, arguments: &ShowBundleArguments, as_json: bool) -> Result<Exit, Problem> {
    let target = Target::find(Some(arguments.environment), &arguments.place, None).await?;
    let store = Store::find(&target, &arguments.bucket).await?;
    let digest = match arguments.digest.parse() {
        Ok(digest) => digest,
        Err(_) => whole(&arguments.digest, &store.list(&arguments.digest).await?.bundles)?,
    };
    let (stored, content) = store.get(digest).await?;
    let history = history(&stored, &content).map_err(|why| refused(&store, digest, &content, &why))?;
    let key = digest.key();
    if as_json {
        let names: Vec<_> = history.migrations.iter().map(|migration| &migration.name).collect();
        screen.json(&json!({
            "stack": target.stack, "digest": digest, "bucket": store.bucket, "key": key, "size": stored.size,
            "uploadedAt": utc(stored.at), "tool": history.format.tool(), "migrations": names, "warnings": history.warnings,
        }));
    } else {
        screen.lines(&describe(&format!("s3://{}/{key}", store.bucket), &stored, &history));
    }
    Ok(Exit::Done)
}

/// Returns the one bundle whose digest has this beginning.
fn whole(beginning: &str, found: &[Stored]) -> Result<Digest, Problem> {
    match found {
        [one] => Ok(one.digest),
        [] => Err(Problem::failed(format!("there is no bundle whose digest begins with {beginning}"))),
        several => Err(Problem::usage(format!(
            "the digests of {} bundles begin with {beginning}: give more digits",
            several.len()
        ))),
    }
}

fn history(stored: &Stored, content: &[u8]) -> Result<History, String> {
    if content.len() > MOST_BYTES {
        // It was not read to its end, so its digest is not known.
        return Err(BundleRefused::TooLarge(usize::try_from(stored.size).unwrap_or(content.len())).to_string());
    }
    let files = bundle::read(content, &stored.digest).map_err(|why| why.to_string())?;
    read_files(files).map_err(|why| why.to_string())
}

/// Returns the problem of a bundle that no run can read. If it is not what its name says, the name can be freed.
fn refused(store: &Store, digest: Digest, content: &[u8], why: &str) -> Problem {
    let free = if Digest::of(content) == digest {
        String::new()
    } else {
        let (bucket, key) = (&store.bucket, digest.key());
        format!("\nTo free the name: aws s3api delete-object --bucket {bucket} --key {key}")
    };
    Problem {
        name: Some(FailureName::HistoryInvalid),
        ..Problem::failed(format!("bundle {digest} is refused, also by a run: {why}{free}"))
    }
}

fn describe(place: &str, stored: &Stored, history: &History) -> Lines {
    let mut lines = Lines::default();
    lines.parts([(Look::Plain, "bundle "), (Look::Bold, &stored.digest.to_string())]);
    lines.styled(Look::Dim, format!("  {place}"));
    lines.line(format!(
        "  {} for {}, {}, uploaded {}",
        plural(history.migrations.len(), "migration"),
        history.format.tool(),
        bytes(stored.size),
        local_time(stored.at)
    ));
    for migration in &history.migrations {
        lines.line(format!("    {}", migration.name));
    }
    for warning in &history.warnings {
        lines.styled(Look::Warning, format!("  ! {warning}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use engine::history::{Format, Migration};

    use super::*;

    /// Returns the bundle that is named by the digest of this text.
    fn stored(text: &[u8]) -> Stored {
        Stored { digest: Digest::of(text), size: 60_000_000, at: jiff::Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn the_first_digits_name_one_bundle() {
        let [a, b] = [stored(b"a"), stored(b"b")];
        assert_eq!(whole("abc", std::slice::from_ref(&a)).unwrap(), a.digest);
        assert!(whole("abc", &[]).unwrap_err().message.ends_with("begins with abc"));
        let several = whole("abc", &[a, b]).unwrap_err();
        assert_eq!(several.exit, Exit::Usage);
        assert_eq!(several.message, "the digests of 2 bundles begin with abc: give more digits");
    }

    #[test]
    fn other_bytes_are_no_history() {
        let why = history(&stored(b"a"), b"b").unwrap_err();
        assert!(why.contains("has other bytes"), "{why}");
        let why = history(&stored(b"a"), b"a").unwrap_err();
        assert!(why.contains("is no zip that is read"), "{why}");
        let why = history(&stored(b"a"), &vec![0; MOST_BYTES + 1]).unwrap_err();
        assert!(why.starts_with("the bundle has 60000000 bytes, and may have "), "{why}");
    }

    #[test]
    fn a_bundle_is_told_with_its_migrations() {
        let stored = Stored { digest: Digest::of(b""), size: 2_048, at: jiff::Timestamp::UNIX_EPOCH };
        let mut history = History::new(Format::Prisma, vec![Migration::prisma("1_a\u{1b}", "SELECT 1")]);
        history.warnings.push("one".to_owned());
        let told = describe("s3://b/k", &stored, &history).plain();
        assert!(
            told.starts_with("bundle e3b0c442") && told.contains("\n  s3://b/k\n  1 migration for Prisma, 2 KiB, ")
        );
        assert!(told.ends_with("    1_a\\u{1b}\n  ! one\n"), "{told}");
    }
}
