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

/// Returns the files of a zip, as another reader found them, without those that are hidden and without the directory in
/// which all are.
fn visible(found: Vec<(String, Vec<u8>)>) -> Files {
    let is_visible = |name: &str| !name.split('/').any(|part| part.starts_with('.'));
    let visible: Vec<_> = found.into_iter().filter(|(name, _)| is_visible(name)).collect();
    let prefix = if visible.iter().all(|(name, _)| name.starts_with("migrations/")) { "migrations/" } else { "" };
    let mut files = Files::new("what another reader found");
    for (name, bytes) in visible.into_iter().filter(|(name, _)| !name.ends_with('/')) {
        files.add(name.strip_prefix(prefix).unwrap(), bytes).unwrap();
    }
    files
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
