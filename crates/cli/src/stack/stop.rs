//! `lockstep stop`: ends an execution by hand.

use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::json;

use super::commands::Commands;
use super::start::requester;
use crate::arguments::stack::StopArguments;
use crate::aws::Error;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::signals::asked_to_end;

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
    let show = Commands::of(&target, &execution).show();
    let stopped = tokio::select! {
        biased;
        stopped = stopped => stopped,
        () = asked_to_end() => {
            let message = format!("interrupted: it is not known whether it was stopped. {show} tells");
            return Err(Problem { exit: Exit::Interrupted, ..Problem::failed(message) });
        }
    };
    if let Err(error) = stopped {
        let problem = target.problem(&error);
        if !error.is_uncertain() {
            return Err(problem);
        }
        let message = format!("{}\nIt is not known whether it was stopped: {show} tells", problem.message);
        return Err(Problem { exit: Exit::Lost, ..Problem::failed(message) });
    }
    // Step Functions accepts it for an execution that has ended, too, and changes nothing.
    let described =
        target.aws.states().describe_execution().execution_arn(&execution).send().await.map_err(Error::from);
    let described = described.map_err(|error| target.problem(&error))?;
    if described.status != ExecutionStatus::Aborted {
        return Err(Problem::failed(format!("{execution} has ended already: {show} tells how")));
    }
    if as_json {
        screen.json(&json!({ "execution": execution, "stopped": true }));
    } else {
        screen.styled(Look::Plain, &format!("Stopped {execution}"));
        screen.styled(Look::Dim, "A migration that was being applied goes on to its end");
    }
    Ok(Exit::Done)
}
