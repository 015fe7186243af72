//! `lockstep bundle make`: writes the bundle of a directory into a file.

use std::path::{Path, PathBuf};

use bundle::{BundleNotMade, Made};
use report::quantity::bytes;
use serde_json::json;
use shared::FailureName;

use crate::arguments::MakeArguments;
use crate::directory;
use crate::engine_error::problem;
use crate::exit::Exit;
use crate::lines::Lines;
use crate::problem::Problem;
use crate::screen::{Look, Screen};
use crate::words::plural;

/// Runs the command.
///
/// # Errors
///
/// When there is no bundle of the directory, and when the file cannot be written.
pub(super) fn run(screen: &mut Screen, arguments: &MakeArguments, as_json: bool) -> Result<Exit, Problem> {
    let made = make(arguments.directory.clone())?;
    let file = place(arguments.output.as_deref(), &made);
    std::fs::write(&file, &made.bytes)
        .map_err(|error| Problem::failed(format!("{} cannot be written: {error}", file.display())))?;
    if as_json {
        screen.json(&json!({
            "digest": made.digest, "file": file.display().to_string(), "size": made.bytes.len(), "files": made.files,
            "warnings": made.warnings,
        }));
    } else {
        screen.lines(&describe(&made, &format!("written to {}", file.display())));
    }
    Ok(Exit::Done)
}

/// Makes the bundle of the directory that is named, or of the one that the project here has.
///
/// # Errors
///
/// When there is no such directory, or no bundle of it.
pub(crate) fn make(named: Option<PathBuf>) -> Result<Made, Problem> {
    let directory = directory::find(named, Path::new("."))?;
    directory::check(&directory)?;
    bundle::make(&directory).map_err(|error| match error {
        BundleNotMade::History(error) => problem(error, &directory),
        other => Problem {
            name: Some(FailureName::HistoryInvalid),
            ..Problem::failed(format!("{} makes no bundle: {other}", directory.display()))
        },
    })
}

/// Returns the file into which the bundle is written.
fn place(named: Option<&Path>, made: &Made) -> PathBuf {
    let name = format!("{}.zip", made.digest);
    match named {
        Some(directory) if directory.is_dir() => directory.join(name),
        Some(file) => file.to_owned(),
        None => name.into(),
    }
}

/// Returns how large a bundle is, for a person.
pub(super) fn size(made: &Made) -> String {
    bytes(u64::try_from(made.bytes.len()).unwrap_or(u64::MAX))
}

/// Returns a bundle for a person. `became` says what was done with it.
pub(super) fn describe(made: &Made, became: &str) -> Lines {
    let mut lines = Lines::default();
    lines.parts([(Look::Plain, "bundle "), (Look::Bold, &made.digest.to_string())]);
    lines.line(format!("  {}, {}: {became}", plural(made.files.len(), "file"), size(made)));
    for warning in &made.warnings {
        lines.styled(Look::Warning, format!("  ! {warning}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a bundle of one migration, in that directory.
    fn made(root: &Path) -> Made {
        let migration = root.join("1_a");
        std::fs::create_dir_all(&migration).unwrap();
        std::fs::write(migration.join("migration.sql"), "SELECT 1;\r\n").unwrap();
        make(Some(root.to_owned())).unwrap()
    }

    #[test]
    fn a_bundle_is_told_with_its_warnings() {
        let root = tempfile::tempdir().unwrap();
        let made = made(root.path());
        let told = describe(&made, "uploaded").plain();
        assert!(told.starts_with(&format!("bundle {}\n  1 file, ", made.digest)), "{told}");
        assert!(told.contains(" bytes: uploaded\n  ! line ends of Windows (CRLF) are in 1_a/migration.sql"), "{told}");
    }

    #[test]
    fn the_file_is_named_by_the_digest_unless_it_has_a_name() {
        let root = tempfile::tempdir().unwrap();
        let made = made(root.path());
        let name = format!("{}.zip", made.digest);
        assert_eq!(place(None, &made), Path::new(&name));
        assert_eq!(place(Some(root.path()), &made), root.path().join(&name));
        assert_eq!(place(Some(Path::new("sql.zip")), &made), Path::new("sql.zip"));
    }

    #[test]
    fn a_directory_without_a_bundle_is_named() {
        let root = tempfile::tempdir().unwrap();
        let told = |path: &Path| make(Some(path.to_owned())).unwrap_err();
        assert!(told(&root.path().join("none")).message.contains("there is no directory"));
        let migration = root.path().join("1_a\tb");
        std::fs::create_dir(&migration).unwrap();
        std::fs::write(migration.join("migration.sql"), "SELECT 1;\n").unwrap();
        let refused = told(root.path());
        assert_eq!((refused.exit, refused.name), (Exit::Failed, Some(FailureName::HistoryInvalid)));
        assert!(refused.message.contains(&root.path().display().to_string()), "{}", refused.message);
    }
}
