//! `lockstep stop`: ends an execution by hand.

use serde_json::json;

use super::commands::Commands;
use super::start::requester;
use crate::arguments::stack::StopArguments;
use crate::aws::Error;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};

/// Runs the command.
///
/// # Errors
///
/// When there is no such execution, and when AWS refuses or does not answer.
pub(crate) async fn run(screen: &mut Screen, arguments: &StopArguments, as_json: bool) -> Result<Exit, Problem> {
    let (target, execution) = super::find(&arguments.one).await?;
    let stopped = async {
        let cause = format!("Stopped by {} with lockstep stop", requester(&target).await?);
        let states = target.aws.states();
        states
            .stop_execution()
            .execution_arn(&execution)
            .error("Stopped")
            .cause(cause)
            .send()
            .await
            .map_err(Error::from)
    };
    if let Err(error) = stopped.await {
        let problem = target.problem(&error);
        if !error.is_uncertain() {
            return Err(problem);
        }
        let show = Commands::of(&target, &execution).show();
        let message = format!("{}\nIt is not known whether it was stopped: {show} tells", problem.message);
        return Err(Problem { exit: Exit::Lost, ..Problem::failed(message) });
    }
    if as_json {
        screen.json(&json!({ "execution": execution, "stopped": true }));
    } else {
        screen.styled(Look::Plain, &format!("Stopped {execution}"));
    }
    Ok(Exit::Done)
}
