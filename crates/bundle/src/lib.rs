//! A bundle is a migrations directory as one zip file, named by the SHA-256 of its bytes.
//!
//! [`make()`] makes one. The same files give the same bytes on every machine, so they have one name. [`read()`] compares the
//! digest first, and only then opens the bundle. What it finds is the history's [`Files`](engine::history::Files), in
//! memory: nothing is unpacked to a disk.
//!
//! A bundle can be made with other tools too, such as `zip -r` and `git archive`. But there are zips in which two readers
//! find different files: two entries of one name, a second directory of entries, headers that differ. Here exactly one
//! shape is read: entries one after the other from the first byte on, then the directory that lists each of them once,
//! then the end. All else is refused, with the entry's name and the way out.
//!
//! The migrations are at the top of the zip, or in one directory there that is called [`PREFIX`].

mod contents;
mod entries;
mod flaw;
mod make;
mod path;
mod read;
mod record;
mod tree;
mod write;

pub use bundle_digest::{Digest, KEYS, NoDigest};
pub use flaw::Flaw;
pub use make::{BundleNotMade, Made, make};
pub use read::{BundleRefused, read};

/// The one directory at the top of a zip in which the migrations may be.
pub const PREFIX: &str = "migrations";

/// The most files that a bundle has.
pub const MOST_FILES: usize = 20_000;

/// The most bytes that the files of a bundle have together, unpacked.
pub const MOST_UNPACKED: usize = 32 * 1024 * 1024;

/// The most bytes that a bundle has. It leaves room for the names, which a zip holds twice.
pub const MOST_BYTES: usize = 48 * 1024 * 1024;
