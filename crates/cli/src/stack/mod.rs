//! The commands on a deployed stack: they start its runs, follow, show, decide and stop them.

pub mod commands;
pub mod decide;
pub mod follow;
pub mod history;
pub mod known;
pub mod live;
pub mod logs;
#[cfg(test)]
pub(crate) mod made;
pub mod position;
pub mod progress;
pub mod report;
pub mod run;
pub mod runs;
pub mod show;
pub mod start;
pub mod stop;
pub mod story;
pub mod tail;
pub mod words;

use crate::arguments::stack::One;
use crate::problem::Problem;
use crate::target::Target;

/// Finds the stack that one run is of, and returns it with the run's ARN.
///
/// # Errors
///
/// When the arguments name no stack, and when AWS cannot be asked.
pub async fn find(one: &One) -> Result<(Target, String), Problem> {
    let target = Target::find(one.environment, &one.place, Some(&one.execution)).await?;
    let execution = target.execution_arn(&one.execution).await.map_err(|error| target.problem(&error))?;
    Ok((target, execution))
}
