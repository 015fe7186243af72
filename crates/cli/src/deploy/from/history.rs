//! The layer with the history: a zip of the deployer's migrations, whose bytes depend on their names and contents alone.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::super::packages;
use crate::directory;
use crate::problem::Problem;

/// Where the functions look in the layer.
const INSIDE: &str = "migrations";

/// The directory of what is in the layer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct History {
    directory: PathBuf,
    /// What the names in the layer begin with.
    prefix: &'static str,
}

impl History {
    /// Finds the history of a project: `layer/` with all that is in it, or else its migrations.
    ///
    /// # Errors
    ///
    /// When there is none, or nothing is in it.
    pub(crate) fn find(root: &Path) -> Result<Self, Problem> {
        let layer = root.join("layer");
        if layer.is_dir() {
            packages::check_history(&layer)?;
            return Ok(Self { directory: layer, prefix: "" });
        }
        let directory = root.join(directory::find(None, root)?);
        packages::check_directory(&directory)?;
        Ok(Self { directory, prefix: INSIDE })
    }

    /// Returns the directory of the migrations.
    pub(crate) fn migrations(&self) -> PathBuf {
        if self.prefix.is_empty() { self.directory.join(INSIDE) } else { self.directory.clone() }
    }

    /// Returns the layer's zip.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or has a name that is no text.
    pub(crate) fn packed(&self) -> Result<Vec<u8>, Problem> {
        let mut files = Vec::new();
        for (path, about) in packages::below(&self.directory)? {
            if about.is_file() {
                files.push((self.name(&path)?, path));
            }
        }
        files.sort();
        let failed =
            |error: &dyn std::fmt::Display| Problem::failed(format!("the migrations could not be packed: {error}"));
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        // Lambda unpacks as another user, so everyone may read.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        for (name, path) in files {
            let content = std::fs::read(&path)
                .map_err(|error| Problem::usage(format!("{} cannot be read: {error}", path.display())))?;
            zip.start_file(name, options).map_err(|error| failed(&error))?;
            zip.write_all(&content).map_err(|error| failed(&error))?;
        }
        Ok(zip.finish().map_err(|error| failed(&error))?.into_inner())
    }

    /// Returns the name of a file in the layer.
    fn name(&self, path: &Path) -> Result<String, Problem> {
        let below = path.strip_prefix(&self.directory).unwrap_or(path);
        let prefix = (!self.prefix.is_empty()).then_some(Some(self.prefix));
        let parts: Option<Vec<_>> =
            prefix.into_iter().chain(below.components().map(|part| part.as_os_str().to_str())).collect();
        let parts = parts.ok_or_else(|| Problem::usage(format!("{} has a name that is no text", path.display())))?;
        Ok(parts.join("/"))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use zip::ZipArchive;

    use super::*;

    fn write(root: &Path, name: &str, content: &str) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn entries(zip: &[u8]) -> Vec<(String, u32)> {
        let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
        let entry = |at| {
            let entry = archive.by_index(at).unwrap();
            (entry.name().unwrap().into_owned(), entry.unix_mode().unwrap() & 0o777)
        };
        (0..ZipArchive::new(Cursor::new(zip)).unwrap().len()).map(entry).collect()
    }

    #[test]
    fn migrations_are_packed_where_the_functions_look() {
        for place in ["migrations", "prisma/migrations"] {
            let root = tempfile::tempdir().unwrap();
            write(root.path(), &format!("{place}/2_b/migration.sql"), "SELECT 2;");
            write(root.path(), &format!("{place}/1_a/migration.sql"), "SELECT 1;");
            let history = History::find(root.path()).unwrap();
            assert_eq!(history.migrations(), root.path().join(place));
            let expected = ["migrations/1_a/migration.sql", "migrations/2_b/migration.sql"];
            assert_eq!(entries(&history.packed().unwrap()), expected.map(|name| (name.to_owned(), 0o644)));
        }
    }

    #[test]
    fn a_checkouts_layer_is_packed_as_it_is_and_through_its_link() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "app/1_a.sql", "SELECT 1;");
        write(root.path(), "migrations/2_other.sql", "");
        write(root.path(), "layer/ca.pem", "");
        symlink("../app", root.path().join("layer/migrations")).unwrap();
        let history = History::find(root.path()).unwrap();
        assert_eq!(history.migrations(), root.path().join("layer/migrations"));
        let names: Vec<_> = entries(&history.packed().unwrap()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["ca.pem", "migrations/1_a.sql"]);
    }

    #[test]
    fn equal_migrations_are_equal_bytes_whenever_and_however_they_were_written() {
        let packed = |mode: u32, sql: &str| {
            let root = tempfile::tempdir().unwrap();
            write(root.path(), "migrations/1_a.sql", sql);
            let file = root.path().join("migrations/1_a.sql");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(u64::from(mode) * 1_000_000);
            std::fs::File::options().append(true).open(&file).unwrap().set_modified(time).unwrap();
            History::find(root.path()).unwrap().packed().unwrap()
        };
        assert_eq!(packed(0o600, "SELECT 1;"), packed(0o755, "SELECT 1;"));
        assert_ne!(packed(0o600, "SELECT 1;"), packed(0o600, "SELECT 2;"));
    }

    #[test]
    fn no_history_is_named() {
        let root = tempfile::tempdir().unwrap();
        assert!(History::find(root.path()).unwrap_err().message.contains("there is no directory"));
        std::fs::create_dir(root.path().join("migrations")).unwrap();
        assert!(History::find(root.path()).unwrap_err().message.contains("has no file in it"));
    }
}
