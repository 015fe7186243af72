//! Where the migrations of a run are: in the layer, or in a bundle.

use std::path::PathBuf;

use engine::history::{self, Format, Names, recognise};
use shared::payload::PlannedBundle;

/// Where the migrations of a run are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In this directory, which is the layer's.
    Layer(PathBuf),
    /// In a bundle.
    Bundle {
        /// Which one.
        bundle: PlannedBundle,
        /// What is in it.
        names: Names,
    },
}

impl Origin {
    /// Returns the tool that the migrations belong to.
    ///
    /// # Errors
    ///
    /// [`engine::Error::HistoryInvalid`] when they have the layout of no tool, or of more than one.
    pub fn format(&self) -> engine::Result<Format> {
        match self {
            Self::Layer(directory) => recognise(directory),
            Self::Bundle { names, .. } => names.format(),
        }
    }

    /// Returns the bundle, if the migrations are in one.
    pub const fn bundle(&self) -> Option<&PlannedBundle> {
        match self {
            Self::Layer(_) => None,
            Self::Bundle { bundle, .. } => Some(bundle),
        }
    }

    /// Returns the file of the migration that is called `name`, as a path from where the migrations are.
    pub(crate) fn file(&self, name: &str) -> Option<String> {
        match self {
            Self::Layer(directory) => history::file(directory, name),
            Self::Bundle { names, .. } => names.file(name),
        }
    }
}
