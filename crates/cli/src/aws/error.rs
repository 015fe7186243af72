//! Why AWS could not be asked, or refused: its own code and message, and the way out.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::problem::Problem;

/// The codes of a refused permission.
pub(crate) const FORBIDDEN: [&str; 4] =
    ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled"];

const ABSENT: [&str; 2] = ["StateMachineDoesNotExist", "ResourceNotFoundException"];
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
const UNKNOWN: [&str; 4] =
    ["UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch", "AuthFailure"];

/// The way out where a person lacks a permission on a stack.
pub(crate) const RIGHTS: &str = "attach the stack's policies for starting or approving";

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Error {
    /// AWS refused.
    Refused {
        /// AWS's code.
        code: String,
        /// AWS's message.
        message: String,
        /// The HTTP status.
        status: u16,
    },
    /// A setting is missing or wrong.
    Settings(String),
    /// There are no credentials. The text says what was looked at, where that helps.
    NoCredentials(String),
    /// There are credentials in the settings, and they cannot be used.
    BadCredentials(String),
    /// No answer came: the call may have had its effect.
    NoAnswer(String),
    /// An answer came that is not understood.
    Unreadable(String),
}

impl Error {
    /// Returns AWS's code, if AWS refused.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Returns the HTTP status, if AWS refused.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether AWS refused a permission.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.code().is_some_and(|code| FORBIDDEN.contains(&code))
    }

    /// Whether AWS says that the credentials have expired.
    pub(crate) fn is_expired(&self) -> bool {
        self.code().is_some_and(|code| EXPIRED.contains(&code))
    }

    /// Whether the call may have had its effect although there is no answer.
    pub(crate) fn is_uncertain(&self) -> bool {
        matches!(self, Self::NoAnswer(_) | Self::Unreadable(_)) || self.status().is_some_and(|status| status >= 500)
    }

    /// Returns a sentence about it, with the way out. `rights` is the way out where AWS refuses a permission.
    pub(crate) fn explain(&self, stack: &str, region: &str, rights: &str) -> Problem {
        let sentence = match self {
            Self::Settings(why) => return Problem::usage(why),
            Self::NoCredentials(why) => format!(
                "there are no AWS credentials: sign in (aws sso login, aws configure), or name a profile with --profile or \
                 AWS_PROFILE{why}"
            ),
            Self::BadCredentials(why) if why.contains("expired") => {
                format!("the AWS credentials have expired: sign in again ({why})")
            }
            Self::BadCredentials(why) => {
                format!("the AWS credentials cannot be used: sign in again, or correct the profile ({why})")
            }
            Self::NoAnswer(why) => format!("the endpoint does not answer: {why}"),
            Self::Unreadable(why) => format!("an answer of AWS is not understood: {why}"),
            Self::Refused { code, message, .. } => match code.as_str() {
                code if ABSENT.contains(&code) => {
                    format!("there is no stack {stack} in this account in {region}: deploy it first ({message})")
                }
                code if EXPIRED.contains(&code) => {
                    format!("the AWS credentials have expired: sign in again ({message})")
                }
                "ExecutionDoesNotExist" => format!("there is no such execution of {stack} ({message})"),
                code if FORBIDDEN.contains(&code) => format!("AWS does not allow it; {rights} ({message})"),
                code if UNKNOWN.contains(&code) => format!(
                    "AWS does not accept these credentials: sign in again, or name a profile with --profile or AWS_PROFILE \
                     ({message})"
                ),
                code if message.is_empty() => format!(
                    "the answer was {code}, without a message of AWS: a proxy or another server may have answered"
                ),
                code => format!("AWS answered {code}: {message}"),
            },
        };
        Problem::failed(sentence)
    }
}

impl From<CredentialsError> for Error {
    fn from(error: CredentialsError) -> Self {
        of_credentials(&error)
    }
}

fn of_credentials(error: &CredentialsError) -> Error {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            let why = chain(error);
            Error::NoCredentials(if why.contains("profile") { format!(" ({why})") } else { String::new() })
        }
        other => Error::BadCredentials(chain(other)),
    }
}

impl<E: ProvideErrorMetadata + StdError + 'static> From<SdkError<E, HttpResponse>> for Error {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        if let SdkError::ServiceError(refused) = &error {
            let status = refused.raw().status().as_u16();
            if status < 400 {
                // A refusal has another status. The call may have had its effect.
                return Self::Unreadable(format!("HTTP {status}, without an answer of AWS"));
            }
            let (code, message) = (refused.err().code(), refused.err().message());
            return Self::Refused {
                code: code.map_or_else(|| format!("HTTP {status}"), str::to_owned),
                message: message.unwrap_or_default().to_owned(),
                status,
            };
        }
        let mut source: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(cause) = source {
            if let Some(credentials) = cause.downcast_ref::<CredentialsError>() {
                return of_credentials(credentials);
            }
            source = cause.source();
        }
        match error {
            SdkError::ConstructionFailure(_) => Self::Settings(chain(&error)),
            SdkError::ResponseError(_) => Self::Unreadable(chain(&error)),
            _ => Self::NoAnswer(chain(&error)),
        }
    }
}

/// Returns the innermost causes, from the outside in. The outer ones name only a kind.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut causes: Vec<String> = Vec::new();
    let mut source = Some(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        // A cause often repeats the one inside it.
        if !causes.iter().any(|before| before.contains(&text)) {
            causes.push(text);
        }
        source = cause.source();
    }
    let from = causes.len().saturating_sub(3).max(usize::from(causes.len() > 1));
    causes.split_off(from).join(": ")
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::operation::start_execution::StartExecutionError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::exit::Exit;

    /// An answer whose body is not AWS's, as a proxy gives one.
    fn answered(status: u16) -> Error {
        let raw = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from("<html>"));
        SdkError::service_error(StartExecutionError::unhandled("no JSON"), raw).into()
    }

    #[test]
    fn an_answer_that_is_no_refusal_may_be_that_of_a_call_that_worked() {
        for status in [200, 302] {
            assert!(answered(status).is_uncertain(), "{status}");
        }
        assert!(!answered(403).is_uncertain() && answered(502).is_uncertain());
    }

    fn refused(code: &str) -> String {
        let error = Error::Refused { code: code.to_owned(), message: "the message".to_owned(), status: 400 };
        let problem = error.explain("s", "eu-west-1", RIGHTS);
        assert_eq!(problem.exit, Exit::Failed);
        problem.message
    }

    #[test]
    fn each_refusal_has_its_way_out() {
        assert_eq!(
            refused("StateMachineDoesNotExist"),
            "there is no stack s in this account in eu-west-1: deploy it first (the message)"
        );
        assert!(refused("ExpiredTokenException").contains("sign in again"));
        assert!(refused("InvalidClientTokenId").contains("does not accept these credentials"));
        assert!(refused("AccessDeniedException").contains(RIGHTS));
        assert_eq!(refused("ExecutionDoesNotExist"), "there is no such execution of s (the message)");
        assert_eq!(refused("SlowDown"), "AWS answered SlowDown: the message");
        let silent = Error::Refused { code: "HTTP 403".into(), message: String::new(), status: 403 };
        assert!(silent.explain("s", "r", RIGHTS).message.contains("a proxy or another server may have answered"));
    }

    #[test]
    fn only_a_lost_answer_is_uncertain() {
        let refused = |status| Error::Refused { code: "x".into(), message: String::new(), status };
        assert!(Error::NoAnswer(String::new()).is_uncertain() && refused(503).is_uncertain());
        assert!(!refused(400).is_uncertain() && !Error::NoCredentials(String::new()).is_uncertain());
    }

    #[test]
    fn credentials_that_are_missing_are_told_from_expired_ones() {
        let told = |error: CredentialsError| Error::from(error).explain("s", "r", RIGHTS).message;
        assert!(told(CredentialsError::not_loaded("none")).starts_with("there are no AWS credentials"));
        let expired = told(CredentialsError::provider_error("the SSO session has expired"));
        assert!(
            expired.starts_with("the AWS credentials have expired") && expired.contains("SSO session"),
            "{expired}"
        );
        assert!(told(CredentialsError::provider_error("no such profile")).contains("correct the profile"));
    }
}
