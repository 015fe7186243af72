//! Reads a bundle.

use engine::history::Files;

use crate::contents::Unpacker;
use crate::entries::{Entry, entries};
use crate::path::{self, Path, shown};
use crate::tree::Tree;
use crate::{Digest, Flaw, MOST_BYTES, MOST_FILES, MOST_UNPACKED, PREFIX};

/// How messages name the place of a file.
const PLACE: &str = "the bundle";

/// What the paths begin with where all is in the one directory that is allowed.
const WITHIN: &str = "migrations/";

/// The most parts of a path, below the one directory that is allowed.
const MOST_PARTS: usize = 2;

/// Why a bundle is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleRefused {
    /// The bytes are not those that were named.
    #[error(
        "the bundle {expected} has other bytes: their digest is {found}. Name the bundle by the digest that sha256sum prints of \
         it. If that is {expected}, the name is taken: an administrator deletes that object, and then it can be pushed again"
    )]
    OtherDigest {
        /// The digest that was named.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
    /// It has more bytes than any bundle.
    #[error("the bundle has {0} bytes, and may have {MOST_BYTES}; leave out what is no migration")]
    TooLarge(usize),
    /// It is no zip, or one in which two readers may find different files.
    #[error(
        "the bundle is no zip that is read: {0}; make it anew with zip -r, from within the directory of the migrations"
    )]
    NoZip(&'static str),
    /// It is in the large format.
    #[error("the bundle is in the format for large zips (zip64), which is not read; leave out what is no migration")]
    Zip64,
    /// It has no file.
    #[error(
        "the bundle has no file that is not hidden; make it anew with zip -r, from within the directory of the migrations"
    )]
    Empty,
    /// It has too many files.
    #[error("the bundle has more than {MOST_FILES} files; leave out what is no migration")]
    TooManyFiles,
    /// Its files have too many bytes.
    #[error("the files of the bundle have more than {MOST_UNPACKED} bytes, unpacked; leave out what is no migration")]
    TooManyBytes,
    /// One entry is refused.
    #[error("the entry {entry} of the bundle {flaw}")]
    Entry {
        /// Its name, with escapes and cut if it is long.
        entry: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// A name is none that a migration may have.
    #[error("{0}")]
    History(String),
}

impl BundleRefused {
    pub(crate) fn entry(name: &[u8], flaw: Flaw) -> Self {
        Self::Entry { entry: shown(name), flaw }
    }
}

/// Reads the bundle that has these `bytes`, if they have the digest that is `expected`. Only then are they looked into.
///
/// Hidden files are ignored: those whose name, or a directory's in which they are, begins with a dot, and the files
/// that Finder adds below `__MACOSX`. They are bound by all limits.
///
/// # Errors
///
/// [`BundleRefused`] names the entry and the way out. Whether the files are a history is not looked at:
/// [`read_files`](engine::history::read_files) says that.
pub fn read(bytes: &[u8], expected: &Digest) -> Result<Files, BundleRefused> {
    let found = Digest::of(bytes);
    if found != *expected {
        return Err(BundleRefused::OtherDigest { expected: *expected, found });
    }
    if bytes.len() > MOST_BYTES {
        return Err(BundleRefused::TooLarge(bytes.len()));
    }
    let entries = entries(bytes)?;
    check_limits(&entries)?;
    let paths = paths(&entries)?;
    let prefix = prefix(&paths);
    check_names(&entries, &paths, prefix)?;
    let mut files = Files::new(PLACE);
    let mut unpacker = Unpacker::new();
    for (entry, path) in entries.iter().zip(paths) {
        let bytes = unpacker.unpack(entry).map_err(|flaw| BundleRefused::entry(entry.name, flaw))?;
        let Some(below) = below(path, prefix) else { continue };
        let added = match (below.split_once('/'), path.is_directory) {
            (None, true) => files.add_directory(below),
            (Some((directory, _)), true) => files.add_directory(directory),
            (_, false) => files.add(below, bytes),
        };
        added.map_err(|error| BundleRefused::History(error.to_string()))?;
    }
    Ok(files)
}

fn check_limits(entries: &[Entry<'_>]) -> Result<(), BundleRefused> {
    if entries.iter().filter(|entry| !entry.name.ends_with(b"/")).count() > MOST_FILES {
        return Err(BundleRefused::TooManyFiles);
    }
    // Nothing is unpacked to more bytes than it says here.
    let unpacked = entries.iter().try_fold(0_usize, |sum, entry| sum.checked_add(entry.size));
    if unpacked.is_none_or(|unpacked| unpacked > MOST_UNPACKED) { Err(BundleRefused::TooManyBytes) } else { Ok(()) }
}

fn paths<'a>(entries: &[Entry<'a>]) -> Result<Vec<Path<'a>>, BundleRefused> {
    let path = |entry: &Entry<'a>| path::parse(entry.name).map_err(|flaw| BundleRefused::entry(entry.name, flaw));
    entries.iter().map(path).collect()
}

/// Returns the directory in which all is, with a slash, or nothing. A migration may have that directory's name too.
fn prefix(paths: &[Path<'_>]) -> &'static str {
    let script = format!("{WITHIN}migration.sql");
    let mut visible = paths.iter().filter(|path| !path.is_hidden);
    let is_within = |path: &Path<'_>| {
        (path.is_directory && path.text == PREFIX) || (path.text.starts_with(WITHIN) && path.text != script)
    };
    if visible.all(is_within) { WITHIN } else { "" }
}

/// Returns the path below the `prefix`; `None` for what is ignored.
fn below<'a>(path: Path<'a>, prefix: &str) -> Option<&'a str> {
    if path.is_hidden { None } else { path.text.strip_prefix(prefix) }
}

fn check_names(entries: &[Entry<'_>], paths: &[Path<'_>], prefix: &str) -> Result<(), BundleRefused> {
    let mut tree = Tree::default();
    let mut has_file = false;
    for (entry, path) in entries.iter().zip(paths).filter(|(_, path)| !path.is_hidden) {
        let refused = |flaw| BundleRefused::entry(entry.name, flaw);
        if below(*path, prefix).is_some_and(|path| path.split('/').count() > MOST_PARTS) {
            return Err(refused(Flaw::Deep));
        }
        let added = if path.is_directory { tree.add_directory(path.text) } else { tree.add_file(path.text) };
        added.map_err(refused)?;
        has_file |= !path.is_directory;
    }
    if has_file { Ok(()) } else { Err(BundleRefused::Empty) }
}
