//! Why a decision was not taken.

use lambda_runtime::Diagnostic;
use shared::text::one_line;

/// A decision that was not taken, as far as is known. After [`Why::Service`] it may have been taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What kind of reason it is.
    pub why: Why,
    /// The reason, and the way out.
    pub message: String,
}

/// The kinds of reasons. Each is an HTTP status at the function URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The request is malformed.
    Request,
    /// This caller may not take this decision.
    Caller,
    /// There is no such execution.
    Unknown,
    /// The method is neither GET nor POST.
    Method,
    /// The execution does not wait for this decision.
    Conflict,
    /// The approval has expired.
    Expired,
    /// Step Functions did not answer.
    Service,
}

impl Refused {
    /// The name of a refusal on the wire.
    pub const NAME: &str = "Approval.Refused";

    /// Creates a refusal. The message may quote what the caller sent, with control characters escaped.
    pub(crate) fn because(why: Why, message: impl AsRef<str>) -> Self {
        Self { why, message: one_line(message.as_ref()) }
    }
}

impl Why {
    /// Returns the HTTP status.
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::Request => 400,
            Self::Caller => 403,
            Self::Unknown => 404,
            Self::Method => 405,
            Self::Conflict => 409,
            Self::Expired => 410,
            Self::Service => 503,
        }
    }
}

impl From<Refused> for Diagnostic {
    fn from(refused: Refused) -> Self {
        Self { error_type: Refused::NAME.to_owned(), error_message: refused.message }
    }
}
