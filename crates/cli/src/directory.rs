//! Finds the directory of migrations, and reads it.

use std::path::{Path, PathBuf};

use engine::history::{self, History};

use crate::problem::Problem;

/// The places where the tools keep a project's migrations.
const PLACES: [&str; 2] = ["prisma/migrations", "migrations"];

/// Returns whether a directory has migrations in one of the places.
pub(crate) fn is_in(here: &Path) -> bool {
    PLACES.into_iter().any(|place| here.join(place).is_dir())
}

/// Returns the directory that was named, or the one that the project in `here` has.
///
/// # Errors
///
/// When there is none, or more than one.
pub(crate) fn find(named: Option<PathBuf>, here: &Path) -> Result<PathBuf, Problem> {
    if let Some(named) = named {
        return Ok(named);
    }
    let found: Vec<_> = PLACES.into_iter().filter(|place| here.join(place).is_dir()).collect();
    match found[..] {
        [place] => Ok(place.into()),
        [] => Err(Problem::usage(format!(
            "there is no directory {} here: name the directory of the migrations",
            PLACES.join(" and no ")
        ))),
        _ => Err(Problem::usage(format!("there is {} here: name the one that is meant", PLACES.join(" and ")))),
    }
}

/// Reads the history in a directory.
///
/// # Errors
///
/// When there is no such directory; `History.Invalid`, naming the file.
pub(crate) fn read(directory: &Path) -> Result<History, Problem> {
    check(directory)?;
    history::read(directory).map_err(|error| crate::engine_error::problem(error, directory))
}

/// Checks that there is such a directory.
///
/// # Errors
///
/// When there is none.
pub(crate) fn check(directory: &Path) -> Result<(), Problem> {
    if directory.is_dir() {
        return Ok(());
    }
    Err(Problem::usage(format!("there is no directory {}: name the directory of the migrations", directory.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projects_own_directory_is_found() {
        let root = tempfile::tempdir().unwrap();
        let found = |named: Option<&str>| find(named.map(PathBuf::from), root.path());
        let none = found(None).unwrap_err();
        assert!(none.message.contains("no directory prisma/migrations and no migrations here"), "{none:?}");
        std::fs::create_dir_all(root.path().join("migrations")).unwrap();
        assert_eq!(found(None).unwrap(), Path::new("migrations"));
        assert_eq!(found(Some("db/sql")).unwrap(), Path::new("db/sql"));
        std::fs::create_dir_all(root.path().join("prisma/migrations")).unwrap();
        assert!(found(None).unwrap_err().message.contains("name the one that is meant"));
    }
}
