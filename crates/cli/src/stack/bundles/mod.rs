//! `lockstep bundle`: the migrations as one zip file that is named by its digest, and those files in a stack's bucket.

mod list;
mod make;
mod push;
mod show;
mod store;

use crate::arguments::{BundleAction, BundleArguments};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::Screen;
use crate::until_asked;

pub(crate) use make::make;
pub(crate) use push::put;

/// Runs the command.
///
/// # Errors
///
/// Those of what is done.
pub(crate) async fn run(screen: &mut Screen, arguments: &BundleArguments, as_json: bool) -> Result<Exit, Problem> {
    match &arguments.action {
        BundleAction::Make(given) => make::run(screen, given, as_json),
        BundleAction::Push(given) => push::run(screen, given, as_json).await,
        BundleAction::List(given) => until_asked(list::run(screen, given, as_json)).await,
        BundleAction::Show(given) => until_asked(show::run(screen, given, as_json)).await,
    }
}
