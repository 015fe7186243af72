//! Makes a bundle.

use std::path::Path;

use engine::history::{Files, read_files};

use crate::path::{self, shown};
use crate::tree::Tree;
use crate::{Digest, Flaw, MOST_BYTES, MOST_FILES, MOST_UNPACKED, write};

/// The most names in one warning.
const NAMED: usize = 5;

/// A bundle that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The bytes of the zip.
    pub bytes: Vec<u8>,
    /// Their digest, which is the bundle's name.
    pub digest: Digest,
    /// The paths of the files in it, sorted by bytes.
    pub files: Vec<String>,
    /// What may go wrong with them later. A warning stops nothing.
    pub warnings: Vec<String>,
}

/// Why no bundle is made.
#[derive(Debug, thiserror::Error)]
pub enum BundleNotMade {
    /// The directory has no history that can be read.
    #[error(transparent)]
    History(#[from] engine::Error),
    /// A file's name is none that a bundle may have.
    #[error("{file} {flaw}")]
    File {
        /// Its path, with escapes and cut if it is long.
        file: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// There are too many files.
    #[error("the history has {0} files, and a bundle may have {MOST_FILES}; begin a new history from a baseline")]
    TooManyFiles(usize),
    /// The files have too many bytes.
    #[error(
        "the files of the history have {0} bytes, and those of a bundle may have {MOST_UNPACKED}; load large data in another way"
    )]
    TooManyBytes(usize),
    /// The names have too many bytes.
    #[error("the bundle would have {0} bytes, and may have {MOST_BYTES}; give the migrations shorter names")]
    TooLarge(usize),
}

/// Makes the bundle of the history in `directory`. The same files give the same bytes, whatever their times, modes and
/// order are. Files that belong to no history are left out, hidden ones too.
///
/// # Errors
///
/// [`BundleNotMade`] when the directory has no history that can be read, or one that [`read`](crate::read()) would refuse.
pub fn make(directory: &Path) -> Result<Made, BundleNotMade> {
    let files = Files::of_directory(directory)?;
    let contents = files.contents().collect::<Result<Vec<_>, _>>()?;
    check(&contents)?;
    let paths = contents.iter().map(|(path, _)| (*path).to_owned()).collect();
    let mut warnings: Vec<String> = line_ends_warning(&contents).into_iter().collect();
    let bytes = write::zip(&contents);
    // What cannot be planned is better found here.
    warnings.extend(read_files(files)?.warnings);
    if bytes.len() > MOST_BYTES {
        return Err(BundleNotMade::TooLarge(bytes.len()));
    }
    Ok(Made { digest: Digest::of(&bytes), bytes, files: paths, warnings })
}

fn check(files: &[(&str, &[u8])]) -> Result<(), BundleNotMade> {
    if files.len() > MOST_FILES {
        return Err(BundleNotMade::TooManyFiles(files.len()));
    }
    let unpacked = files.iter().map(|(_, bytes)| bytes.len()).sum();
    if unpacked > MOST_UNPACKED {
        return Err(BundleNotMade::TooManyBytes(unpacked));
    }
    let mut tree = Tree::default();
    for (file, _) in files {
        let refused = |flaw| BundleNotMade::File { file: shown(file.as_bytes()), flaw };
        if path::parse(file.as_bytes()).map_err(refused)?.is_hidden {
            return Err(refused(Flaw::Hidden));
        }
        tree.add_file(file).map_err(refused)?;
    }
    Ok(())
}

fn line_ends_warning(files: &[(&str, &[u8])]) -> Option<String> {
    let has_windows_ends = |bytes: &[u8]| bytes.windows(2).any(|pair| pair == b"\r\n");
    let found: Vec<_> = files.iter().filter(|(_, bytes)| has_windows_ends(bytes)).collect();
    if found.is_empty() {
        return None;
    }
    let mut names = found.iter().take(NAMED).map(|(path, _)| shown(path.as_bytes())).collect::<Vec<_>>().join(", ");
    if let Some(more) = found.len().checked_sub(NAMED).filter(|more| *more > 0) {
        names = format!("{names} and {more} more");
    }
    Some(format!(
        "line ends of Windows (CRLF) are in {names}: a checkout with other line ends gives another digest and other \
         checksums; have Git keep the bytes, with \"*.sql -text\" in .gitattributes"
    ))
}
