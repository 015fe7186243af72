//! How one try at one migration ended.

use crate::error::Left;
use crate::ledger::Recorded;
use crate::message::Message;
use crate::session::ScriptError;

/// How one try at one migration ended, short of an error that ends the attempt.
pub(crate) enum Attempt {
    /// It is recorded.
    Applied(Recorded),
    /// With what is left of it.
    Failed(Box<(ScriptError, Message, Left)>),
}
