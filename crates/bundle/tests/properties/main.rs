//! What is made is read again, what other tools make is read, and what could mislead is refused.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod attacks;
mod mutations;
mod other_tools;
mod round_trip;
mod zipper;

use std::fs;
use std::path::Path;

use bundle::{BundleRefused, Digest, read};
use engine::history::Files;

/// Reads bytes under their own digest.
fn opened(bytes: &[u8]) -> Result<Files, BundleRefused> {
    read(bytes, &Digest::of(bytes))
}

/// Returns the files that belong to a history, by their paths.
fn contents(files: &Files) -> Vec<(String, Vec<u8>)> {
    files.contents().map(|file| file.unwrap()).map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect()
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
