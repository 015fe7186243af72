//! Which names may be beside each other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::Flaw;
use crate::path::shown;

/// The paths that there are, by their names without capital letters. Two files must be two files on every system.
#[derive(Debug, Default)]
pub(crate) struct Tree<'a>(HashMap<String, (&'a str, Kind)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
    /// A directory that has no entry of its own, so far.
    Implied,
}

impl<'a> Tree<'a> {
    /// Adds the file at `path`, and the directories in which it is.
    pub(crate) fn add_file(&mut self, path: &'a str) -> Result<(), Flaw> {
        self.add(path, Kind::File)
    }

    /// Adds the directory at `path`, and those in which it is.
    pub(crate) fn add_directory(&mut self, path: &'a str) -> Result<(), Flaw> {
        self.add(path, Kind::Directory)
    }

    fn add(&mut self, path: &'a str, kind: Kind) -> Result<(), Flaw> {
        for (at, _) in path.match_indices('/') {
            self.put(&path[..at], Kind::Implied)?;
        }
        self.put(path, kind)
    }

    fn put(&mut self, path: &'a str, kind: Kind) -> Result<(), Flaw> {
        match self.0.entry(path.to_lowercase()) {
            Entry::Vacant(vacant) => {
                vacant.insert((path, kind));
                Ok(())
            }
            Entry::Occupied(mut there) => {
                let (other, other_kind) = *there.get();
                match (kind, other_kind) {
                    _ if other != path => Err(Flaw::Twice { other: shown(other.as_bytes()) }),
                    (Kind::Implied, Kind::Directory | Kind::Implied) => Ok(()),
                    (Kind::Directory, Kind::Implied) => {
                        there.insert((path, kind));
                        Ok(())
                    }
                    _ => Err(Flaw::Twice { other: shown(other.as_bytes()) }),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(paths: &[&str]) -> Result<(), Flaw> {
        let mut tree = Tree::default();
        let added = paths.iter().map(|path| match path.strip_suffix('/') {
            Some(directory) => tree.add_directory(directory),
            None => tree.add_file(path),
        });
        added.last().unwrap()
    }

    #[test]
    fn different_names_are_taken() {
        for paths in [&["a", "b"][..], &["a/", "a/x"], &["a/x", "a/"], &["a/x", "b/x"], &["ab/x", "a"], &["a/x", "a/y"]]
        {
            assert_eq!(last(paths), Ok(()), "{paths:?}");
        }
    }

    #[test]
    fn one_name_is_taken_once() {
        for (paths, other) in [
            (&["a", "a"][..], "a"),
            (&["a", "A"], "a"),
            (&["É.sql", "é.sql"], "É.sql"),
            (&["a/", "a/"], "a"),
            (&["a", "a/"], "a"),
            (&["a", "a/x"], "a"),
            (&["a/x", "a"], "a"),
            (&["a/x", "A/y"], "a"),
            (&["a/", "A/x"], "a"),
        ] {
            assert_eq!(last(paths), Err(Flaw::Twice { other: other.to_owned() }), "{paths:?}");
        }
    }
}
