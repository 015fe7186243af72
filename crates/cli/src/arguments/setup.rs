//! The arguments of the commands that set a stack up.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum as _};

use crate::target::{Environment, Where};
use crate::values::not_empty;

/// The arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The environment
    #[arg(value_name = "ENV", value_parser = on_aws())]
    pub(crate) environment: Environment,
    /// The RDS instance's identifier; otherwise that of samconfig.toml
    #[arg(long, value_name = "ID", value_parser = not_empty)]
    pub(crate) instance: Option<String>,
    /// The mail address to which outcomes and requests for approval go
    #[arg(long, value_name = "ADDRESS", value_parser = not_empty)]
    pub(crate) mail: Option<String>,
    /// The secret with the user that migrates, by its name or its ARN, where it is not the one that RDS manages
    #[arg(long, value_name = "SECRET", value_parser = not_empty)]
    pub(crate) secret: Option<String>,
    /// The security group of the instance that gets the rule, where it has several
    #[arg(long, value_name = "ID", value_parser = not_empty)]
    pub(crate) security_group: Option<String>,
    /// The database to migrate, where neither the secret nor RDS names it
    #[arg(long, value_name = "NAME", value_parser = not_empty)]
    pub(crate) database: Option<String>,
    /// Where the instance is.
    #[command(flatten)]
    pub(crate) place: Where,
    /// Write without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Print the rights that this command needs as a policy document, and do nothing else
    #[arg(long)]
    pub(crate) policy: bool,
}

/// The arguments of `deploy`.
#[derive(Debug, Args)]
pub(crate) struct DeployArguments {
    /// The environment
    #[arg(value_name = "ENV", value_parser = on_aws())]
    pub(crate) environment: Environment,
    /// Deploy what was built last, for this or another environment
    #[arg(long)]
    pub(crate) no_build: bool,
    /// Deploy a release from the directory that its files are in: without SAM, and without a build
    #[arg(long, value_name = "DIR", conflicts_with = "no_build")]
    pub(crate) from: Option<PathBuf>,
    /// The role that CloudFormation works with, if not your own; empty is none
    #[arg(long, value_name = "ARN")]
    pub(crate) role_arn: Option<String>,
}

/// The environments that have a section in samconfig.toml.
fn on_aws() -> impl TypedValueParser<Value = Environment> {
    PossibleValuesParser::new(["dev", "qa", "prod"]).try_map(|word| Environment::from_str(&word, false))
}
