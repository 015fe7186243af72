//! Completions and manual pages, made from the command line's definition.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::Screen;

/// Writes the completions of a shell.
pub(crate) fn completions(screen: &mut Screen, shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "lockstep", &mut script);
    screen.raw(&String::from_utf8_lossy(&script));
    Exit::Done
}

/// Writes a manual page for each command.
///
/// # Errors
///
/// When the directory cannot be written to.
pub(crate) fn pages(screen: &mut Screen, directory: &Path) -> Result<Exit, Problem> {
    let written =
        std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(Arguments::command(), directory));
    written.map_err(|error| Problem::failed(format!("{} could not be written: {error}", directory.display())))?;
    screen.line(&format!("The manual pages are in {}", directory.display()));
    Ok(Exit::Done)
}
