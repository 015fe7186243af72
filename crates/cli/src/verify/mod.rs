//! `lockstep verify`: asks AWS about a deployed stack what only an account can tell. It changes nothing.

mod definition;
mod policies;
mod reports;
mod stack;
mod versions;

use serde::Serialize;
use serde_json::json;

use crate::arguments::stack::VerifyArguments;
use crate::aws::Error;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::target::Target;

/// The way out where AWS refuses a permission.
const RIGHTS: &str = "verify as a person who may read the stack, its roles, its functions and its bucket";

/// One look, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    check: &'static str,
    problems: Vec<String>,
}

/// Runs the command.
///
/// # Errors
///
/// When there is no such stack, and when AWS refuses or does not answer.
pub(crate) async fn run(screen: &mut Screen, arguments: &VerifyArguments, as_json: bool) -> Result<Exit, Problem> {
    let target = Target::find(Some(arguments.environment.into()), &arguments.place, None).await?;
    let checks = looks(&target).await.map_err(|error| error.explain(&target.stack, target.aws.region(), RIGHTS))?;
    let is_good = checks.iter().all(|check| check.problems.is_empty());
    if as_json {
        screen.json(&json!({ "stack": target.stack, "checks": checks }));
    } else {
        screen.parts(&[(Look::Bold, &target.stack), (Look::Dim, &format!("  {}", target.aws.region()))]);
        for Check { check, problems } in &checks {
            let (mark, look) = if problems.is_empty() { ("✓", Look::Good) } else { ("✗", Look::Bad) };
            screen.parts(&[(Look::Plain, "  "), (look, mark), (Look::Plain, &format!(" {check}"))]);
            for problem in problems {
                screen.line(&format!("      {problem}"));
            }
        }
    }
    Ok(if is_good { Exit::Done } else { Exit::Failed })
}

async fn looks(target: &Target) -> Result<Vec<Check>, Error> {
    let (aws, name) = (&target.aws, target.stack.as_str());
    let absent = || Error::Refused {
        code: "ResourceNotFoundException".to_owned(),
        message: format!("CloudFormation has no stack {name}"),
        status: 404,
    };
    let outputs = stack::outputs(aws, name).await?.ok_or_else(absent)?;
    let output = |key: &str| {
        let missing =
            || Error::Unreadable(format!("the stack {name} has no output {key}: is its deployment finished?"));
        outputs.get(key).cloned().ok_or_else(missing)
    };
    let (machine, topic, bucket) = (output("StateMachineArn")?, output("TopicArn")?, output("ReportsBucketName")?);
    let mut checks = vec![
        Check {
            check: "each function's newest version is what was deployed",
            problems: versions::stale(target).await?,
        },
        Check { check: "Step Functions takes the definition", problems: definition::malformed(aws, &machine).await? },
        Check { check: "Access Analyzer finds nothing in the policies", problems: policies::unsound(aws, name).await? },
    ];
    let github = format!("{name}-github");
    if stack::outputs(aws, &github).await?.is_some() {
        let problems = policies::unsound(aws, &github).await?;
        checks.push(Check { check: "Access Analyzer finds nothing in the roles for GitHub", problems });
    }
    let unconfirmed = stack::has_no_subscription(aws, &topic).await?;
    let unconfirmed = unconfirmed.then(|| "The mail subscription is not confirmed, so no mail can arrive".to_owned());
    checks.push(Check { check: "a mail can arrive", problems: unconfirmed.into_iter().collect() });
    let problems = reports::unprotected(&aws.s3(), &bucket).await?;
    checks.push(Check { check: "the reports are private, encrypted and versioned", problems });
    let mut problems = reports::admitted(&aws.s3_unsigned(), &bucket, "unsigned requests").await;
    problems.extend(reports::admitted(&aws.s3_without_tls(), &bucket, "requests without TLS").await);
    checks.push(Check {
        check: "the reports' bucket admits neither unsigned requests nor requests without TLS",
        problems,
    });
    Ok(checks)
}
