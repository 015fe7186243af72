//! Where the files of a history are, as messages name it.

use std::fmt;
use std::path::PathBuf;

/// Where the files of a history are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A directory.
    Directory(PathBuf),
    /// What is no directory, such as a bundle, by its name in a sentence.
    Named(String),
}

impl Place {
    /// Returns how a message names the file or directory `name` in this place.
    pub(super) fn with(&self, name: &str) -> String {
        match self {
            Self::Directory(directory) => directory.join(name).display().to_string(),
            Self::Named(place) => format!("{name} in {place}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(directory) => directory.display().fmt(f),
            Self::Named(place) => place.fmt(f),
        }
    }
}
