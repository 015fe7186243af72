//! `lockstep bundle push`: puts the bundle of a directory into the stack's bucket.

use bundle::Made;
use serde_json::json;

use super::make::{describe, make, size};
use super::store::Store;
use crate::arguments::{Bucket, PushArguments};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::signals::asked_to_end;
use crate::target::Target;

/// From how many bytes on an upload is announced, because it may take a while.
const LARGE: usize = 1024 * 1024;

/// Runs the command.
///
/// # Errors
///
/// When there is no bundle of the directory, and when AWS refuses or does not answer.
pub(super) async fn run(screen: &mut Screen, arguments: &PushArguments, as_json: bool) -> Result<Exit, Problem> {
    let made = make(arguments.directory.clone())?;
    let pushed = async {
        let target = Target::find(Some(arguments.environment), &arguments.place, None).await?;
        let store = Store::find(&target, &arguments.bucket).await?;
        let is_new = upload(screen, &store, &made).await?;
        Ok::<_, Problem>((target, store, is_new))
    };
    let (target, store, is_new) = tokio::select! {
        biased;
        pushed = pushed => pushed?,
        () = asked_to_end() => {
            let message = "interrupted: the bundle is uploaded or it is not. The same command again is safe: it replaces nothing";
            return Err(Problem { exit: Exit::Interrupted, ..Problem::failed(message) });
        }
    };
    if as_json {
        screen.json(&json!({
            "stack": target.stack, "digest": made.digest, "bucket": store.bucket, "key": made.digest.key(),
            "uploaded": is_new, "size": made.bytes.len(), "files": made.files, "warnings": made.warnings,
        }));
    } else {
        screen.lines(&describe(&made, became(is_new)));
        let next = format!("lockstep run {} --bundle {}{}", target.word, made.digest, target.options());
        screen.parts(&[(Look::Dim, "  start a run: "), (Look::Plain, &next)]);
    }
    Ok(Exit::Done)
}

/// Puts a bundle into the bucket of the stack that a run is about to be started on, and says so.
///
/// # Errors
///
/// When AWS refuses or does not answer.
pub(crate) async fn put(
    screen: &mut Screen,
    target: &Target,
    bucket: &Bucket,
    made: &Made,
    as_json: bool,
) -> Result<(), Problem> {
    let store = Store::find(target, bucket).await?;
    let is_new = upload(screen, &store, made).await?;
    let told = describe(made, became(is_new));
    if as_json {
        screen.complain(Look::Dim, &told.plain());
    } else {
        screen.lines(&told);
    }
    Ok(())
}

async fn upload(screen: &mut Screen, store: &Store, made: &Made) -> Result<bool, Problem> {
    if made.bytes.len() > LARGE {
        screen.complain(Look::Dim, &format!("uploading {}", size(made)));
    }
    store.put(made).await
}

const fn became(is_new: bool) -> &'static str {
    if is_new { "uploaded" } else { "it is there already" }
}
