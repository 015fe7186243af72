//! The commands on a deployed stack: they start its runs, follow, show, decide and stop them.

pub(crate) mod ask;
pub(crate) mod bundles;
pub(crate) mod commands;
pub(crate) mod decide;
pub(crate) mod follow;
pub(crate) mod history;
pub(crate) mod known;
pub(crate) mod live;
pub(crate) mod logs;
#[cfg(test)]
pub(crate) mod made;
pub(crate) mod position;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod show;
pub(crate) mod start;
pub(crate) mod stop;
pub(crate) mod story;
pub(crate) mod tail;
pub(crate) mod words;

use crate::arguments::stack::One;
use crate::problem::Problem;
use crate::target::Target;

/// Finds the stack that one run is of, and returns it with the run's ARN.
///
/// # Errors
///
/// When the arguments name no stack, and when AWS cannot be asked.
pub(crate) async fn find(one: &One) -> Result<(Target, String), Problem> {
    let (environment, execution) = one.named()?;
    let target = Target::find(environment, &one.place, Some(execution)).await?;
    let execution = target.execution_arn(execution).await.map_err(|error| target.problem(&error))?;
    Ok((target, execution))
}
