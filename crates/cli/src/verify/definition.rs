//! Whether Step Functions would take the deployed definition again.

use aws_sdk_sfn::types::{
    StateMachineType, ValidateStateMachineDefinitionDiagnostic as Diagnostic,
    ValidateStateMachineDefinitionResultCode as Code,
};

use crate::aws::{Aws, Error};

/// Returns why Step Functions would not accept the machine's definition again. AWS's advice is to rely on the result alone.
pub(super) async fn malformed(aws: &Aws, machine: &str) -> Result<Vec<String>, Error> {
    let states = aws.states();
    let described = states.describe_state_machine().state_machine_arn(machine).send().await?;
    let asked =
        states.validate_state_machine_definition().definition(described.definition).r#type(StateMachineType::Standard);
    match asked.send().await.map_err(Error::from) {
        Ok(answer) if answer.result == Code::Ok => Ok(Vec::new()),
        Ok(answer) => {
            let found: Vec<_> = answer.diagnostics.iter().map(told).collect();
            Ok(vec![format!("Step Functions does not take the definition: {}", found.join("; "))])
        }
        Err(Error::Refused { code, .. }) => Ok(vec![format!("The definition could not be validated by AWS: {code}")]),
        Err(error) => Err(error),
    }
}

fn told(one: &Diagnostic) -> String {
    format!("{} {} ({})", one.code, one.message, one.location.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::types::ValidateStateMachineDefinitionSeverity as Severity;

    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let wrong = Diagnostic::builder().severity(Severity::Error).code("SCHEMA").message("There is no state Aply");
        let wrong = wrong.location("/States/Approval").build().unwrap();
        assert_eq!(told(&wrong), "SCHEMA There is no state Aply (/States/Approval)");
    }
}
