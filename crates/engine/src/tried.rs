//! The outcome of one try at one migration.

use crate::error::Left;
use crate::ledger::Recorded;
use crate::message::Message;
use crate::session::ScriptError;

/// The outcome of one try at one migration, short of an error that ends the attempt.
pub(crate) enum Tried {
    /// The migration is applied and recorded.
    Applied(Recorded),
    /// The script failed; with what is left of it.
    Failed(Box<(ScriptError, Message, Left)>),
}
