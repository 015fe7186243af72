//! The caller, and what this caller may decide.

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequestContext;
use shared::record::Identity;

use crate::refused::{Refused, Why};

/// The caller who decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The ARN whose signature AWS verified.
    Signed(String),
    /// The name that the caller gave.
    Named(String),
}

impl Caller {
    /// Returns the identity that signed a request to the function URL.
    pub(crate) fn of(context: LambdaFunctionUrlRequestContext) -> Result<Self, Refused> {
        let signer = context.authorizer.and_then(|authorizer| authorizer.iam).and_then(|iam| iam.user_arn);
        signer.filter(|arn| arn.starts_with("arn:")).map(Self::Signed).ok_or_else(|| {
            Refused::because(Why::Caller, "the request is not signed: the function URL must have the type AWS_IAM")
        })
    }

    /// Returns the ARN or the name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Signed(name) | Self::Named(name) => name,
        }
    }

    pub(crate) const fn identity(&self) -> Identity {
        match self {
            Self::Signed(_) => Identity::Verified,
            Self::Named(_) => Identity::Claimed,
        }
    }

    /// Whether this caller is the person called `name`, which may be an ARN. The user's or session's name at the end of
    /// an ARN identifies a person, whatever the role.
    pub(crate) fn is(&self, name: &str) -> bool {
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        same(&last(self.name()), &last(name))
    }

    /// Whether this is a session of the role called `role`.
    pub(crate) fn has_role(&self, role: &str) -> bool {
        match self {
            Self::Signed(arn) => {
                arn.split_once(":assumed-role/").is_some_and(|(_, rest)| rest.split('/').next() == Some(role))
            }
            Self::Named(_) => false,
        }
    }
}

/// Whether two names mean the same person, as far as names can tell.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}
