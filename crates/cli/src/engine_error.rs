//! The engine's errors for a person at a terminal.

use std::path::Path;

use engine::{Error, history};

use crate::problem::Problem;

/// Returns an error of the engine's as a problem: under its wire name, with the file that it is about.
pub(crate) fn problem(error: Error, directory: &Path) -> Problem {
    let hint = match &error {
        Error::AuthenticationFailed { .. } => {
            ". The password is the URL's, PGPASSWORD's, or the one in the file of passwords (~/.pgpass, which only its owner may \
             read)"
        }
        Error::Tls { .. } => {
            ". Name the root certificate with ?sslrootcert=FILE in the URL or in PGSSLROOTCERT; through a tunnel, whose name is \
             not the certificate's, ?sslmode=verify-ca accepts any name"
        }
        _ => "",
    };
    let mut failure = database::named(error, |name| history::file(directory, name));
    failure.message.push_str(hint);
    // The functions name a file as it is in the layer.
    if let Some(place) = &mut failure.place {
        place.file = place.file.take().map(|file| within(directory, file.trim_start_matches("migrations/")));
    }
    failure.into()
}

/// Returns the path of a file of a directory, as a person finds it from here.
pub(crate) fn within(directory: &Path, file: &str) -> String {
    let path = if file.is_empty() { directory.to_owned() } else { directory.join(file) };
    let here = std::env::current_dir().unwrap_or_default();
    let is_root = here.parent().is_none();
    let path = if is_root { &path } else { path.strip_prefix(here).unwrap_or(&path) };
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
