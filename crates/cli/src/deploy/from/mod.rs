//! `lockstep deploy --from`: deploys a release, without SAM and without a build.
//!
//! [`release`] is what was released, [`history`] the deployer's own migrations, [`options`] what samconfig.toml says. The files
//! are uploaded ([`bucket`], [`upload`]). `CloudFormation` then says what it would change ([`change_set`]), and changes it
//! ([`events`]).

mod bucket;
mod change_set;
mod events;
pub(crate) mod history;
pub(crate) mod options;
pub(crate) mod release;
mod upload;

use std::collections::BTreeMap;
use std::pin::pin;

use jiff::Timestamp;

use super::stack::Stack;
use crate::aws::{Aws, Error};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{self, Look, Screen};
use crate::signals::asked_to_end;
use change_set::{ChangeSet, Made, Wanted};
use events::Events;
use history::History;
use options::Options;
use release::{Release, Uploaded};
use upload::Uploads;

/// A release that is ready to be deployed.
pub(super) struct Ready {
    pub(super) release: Release,
    pub(super) history: History,
    pub(super) options: Options,
}

/// What is deployed to.
pub(super) struct Goal<'a> {
    pub(super) aws: &'a Aws,
    pub(super) stack: &'a str,
    /// The stack before.
    pub(super) before: Option<&'a Stack>,
    pub(super) parameters: &'a BTreeMap<String, String>,
    /// The role that was named on the command line.
    pub(super) role: Option<&'a str>,
}

/// Deploys a release. Returns how the command ends, if it ends here.
///
/// # Errors
///
/// When a file is not the released one, or the stack cannot be changed like this.
pub(super) async fn deploy(screen: &mut Screen, ready: &Ready, goal: &Goal<'_>) -> Result<Option<Exit>, Problem> {
    let mut interruption = pin!(asked_to_end());
    tokio::select! {
        biased;
        () = &mut interruption => {
            let stack = goal.stack;
            screen.complain(Look::Warning, &format!("Interrupted: an update of {stack} that CloudFormation has begun goes on"));
            Ok(Some(Exit::Interrupted))
        }
        ended = all(screen, ready, goal) => ended,
    }
}

async fn all(screen: &mut Screen, ready: &Ready, goal: &Goal<'_>) -> Result<Option<Exit>, Problem> {
    let Goal { aws, stack, .. } = *goal;
    let problem = |error: Error| error.explain(stack, aws.region(), super::RIGHTS);
    screen.complain(Look::Plain, &format!("Release {}", ready.release.version()?));
    if !ready.options.ignored.is_empty() {
        let ignored = ready.options.ignored.join(", ");
        screen.complain(Look::Warning, &format!("! Only SAM follows these settings of samconfig.toml: {ignored}"));
    }
    let template = upload(screen, ready, aws, problem).await?;
    let wanted = Wanted {
        stack,
        // A stack that is only looked at has nothing in it yet.
        is_new: goal.before.is_none_or(|before| before.status == super::stack::NOTHING_YET),
        template: &template,
        parameters: goal.parameters,
        role: goal.role.or(ready.options.role.as_deref()),
    };
    let now = Timestamp::now().as_second();
    let set = ChangeSet::create(aws, &wanted, &ready.options, now).await.map_err(problem)?;
    let changes = match set.made(aws).await.map_err(problem)? {
        Made::Changes(changes) => changes,
        Made::Nothing => {
            screen.complain(Look::Good, &format!("{stack} is like this already: there is nothing to change"));
            set.delete(aws).await.map_err(problem)?;
            return Ok(None);
        }
        Made::Refused(why) => {
            return Err(Problem::failed(format!("CloudFormation refuses this change of {stack}: {why}")));
        }
    };
    let mut shown = Screen::of_errors();
    shown.styled(Look::Bold, &format!("Changes of {stack}"));
    shown.lines(&change_set::listed(&changes));
    if ready.options.is_asked && !agreed(screen, stack)? {
        set.delete(aws).await.map_err(problem)?;
        screen.complain(Look::Plain, "Nothing was changed");
        return Ok(Some(Exit::Failed));
    }
    let mut events = Events::so_far(aws, &set.stack).await.map_err(problem)?;
    set.execute(aws, now).await.map_err(problem)?;
    let status = events.follow(screen, aws, &set.stack).await.map_err(problem)?;
    if matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
        return Ok(None);
    }
    let why = match events.failures() {
        [] => String::new(),
        failures => format!(": {}", failures.join("; ")),
    };
    Err(Problem::failed(format!("{stack} is {status}{why}")))
}

/// Uploads what the template needs, and the template. Returns its address.
async fn upload(
    screen: &mut Screen,
    ready: &Ready,
    aws: &Aws,
    problem: impl Fn(Error) -> Problem,
) -> Result<String, Problem> {
    let Ready { release, history, options } = ready;
    // All is read before anything is uploaded.
    let mut files = Vec::new();
    for name in release.needed()? {
        files.push((release.content(&name)?, name));
    }
    let history = history.packed()?;
    let bucket = match &options.bucket {
        Some(bucket) => bucket.clone(),
        None => bucket::managed(screen, aws).await?,
    };
    let mut uploads = Uploads::new(aws, bucket, options.prefix.clone());
    let mut uploaded: BTreeMap<String, Uploaded> = BTreeMap::new();
    for (content, name) in files {
        let ending = name.rfind('.').map_or("", |at| &name[at..]).to_owned();
        uploaded.insert(name, uploads.put(content, &ending).await.map_err(&problem)?);
    }
    let history = uploads.put(history, ".zip").await.map_err(&problem)?;
    let template = release.deployable(&uploaded, &history)?;
    let template = uploads.put(template.into_bytes(), ".template").await.map_err(&problem)?;
    let (there, new) = uploads.counts;
    screen.complain(
        Look::Plain,
        &format!("Uploaded {new} of {} files to {}; the others were there", there + new, template.bucket),
    );
    Ok(aws.s3_url(&template.bucket, &template.key))
}

/// Asks a person whether the changes are to be made, where samconfig.toml says so.
fn agreed(screen: &mut Screen, stack: &str) -> Result<bool, Problem> {
    if !screen::is_interactive() {
        return Err(Problem::usage(
            "confirm_changeset is true in samconfig.toml, and there is no terminal to ask at: nothing was changed",
        ));
    }
    let answer = screen.ask(&format!("Change {stack} like this? [y/N]")).unwrap_or_default();
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}
