//! The annotation that GitHub shows at a line of a file: the script at which a run failed, or for which none was started.
//!
//! A workflow command is one line. Its text comes from outside, so each character that is more than text becomes an escape.
//! What would end the line, a property or the command is encoded as GitHub decodes it.

use std::path::Path;

use shared::{FailureName, Place};

use crate::problem::Problem;
use crate::styles::{Look, plain};

/// Where the checkout has the scripts of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scripts<'a> {
    /// The checkout.
    pub(super) root: &'a Path,
    /// The directory that the bundle was made of; without one they are those of the layer.
    pub(super) directory: Option<&'a Path>,
}

/// Returns the command for a failure, if the checkout has the file of the failed script.
pub(super) fn of_run(place: Option<&Place>, title: &str, message: &str, scripts: Scripts<'_>) -> Option<String> {
    let place = place?;
    let file = scripts.find(place.file.as_deref()?)?;
    Some(error(&file, place.line, title, message))
}

/// Returns the command for a problem with a file of the checkout.
pub(super) fn of_problem(problem: &Problem) -> Option<String> {
    let place = problem.place.as_deref()?;
    let title = problem.name.map_or("Lockstep", FailureName::as_str);
    Some(error(place.file.as_deref()?, place.line, title, &problem.message))
}

fn error(file: &str, line: Option<usize>, title: &str, message: &str) -> String {
    let message: Vec<_> = message.lines().map(harmless).collect();
    let command = report::github_error(&harmless(title), &message.join("\n"), Some((&harmless(file), line)));
    command.trim_end_matches('\n').to_owned()
}

impl Scripts<'_> {
    /// Returns the place of a run's file in the repository: an entry of `layer/` may be a link to it.
    fn find(&self, file: &str) -> Option<String> {
        let root = self.root.canonicalize().ok()?;
        let file = match self.directory {
            // A run calls the directory of its bundle `migrations`.
            Some(directory) => root.join(directory).join(file.strip_prefix("migrations/")?),
            None => root.join("layer").join(file),
        };
        let found = file.canonicalize().ok().filter(|found| found.is_file())?;
        Some(found.strip_prefix(root).ok()?.to_str()?.to_owned())
    }
}

fn harmless(text: &str) -> String {
    plain(&[(Look::Plain, text)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, line: Option<usize>) -> Place {
        Place { migration: "1_a".into(), file: Some(file.into()), line, ..Place::default() }
    }

    /// A repository whose layer is a link to its migrations.
    #[cfg(unix)]
    fn checkout() -> tempfile::TempDir {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("repository");
        std::fs::create_dir_all(root.join("app/prisma/migrations/1_a")).unwrap();
        std::fs::write(root.join("app/prisma/migrations/1_a/migration.sql"), "SELECT 1").unwrap();
        std::fs::create_dir_all(root.join("layer")).unwrap();
        std::os::unix::fs::symlink("../app/prisma/migrations", root.join("layer/migrations")).unwrap();
        std::fs::write(outer.path().join("secret"), "").unwrap();
        outer
    }

    #[cfg(unix)]
    #[test]
    fn it_names_the_file_in_the_repository_and_the_line() {
        let outer = checkout();
        let root = outer.path().join("repository");
        let layer = Scripts { root: &root, directory: None };
        let said = |place: Place| of_run(Some(&place), "shop-migrations-dev: X", "1_a failed", layer);
        let at = "::error file=app/prisma/migrations/1_a/migration.sql";
        let title = "title=shop-migrations-dev%3A X::1_a failed";
        assert_eq!(said(place("migrations/1_a/migration.sql", Some(3))), Some(format!("{at},line=3,{title}")));
        assert_eq!(said(place("migrations/1_a/migration.sql", None)), Some(format!("{at},{title}")));
        for other in
            ["migrations/2_b/migration.sql", "migrations/1_a", "migrations/../../../../../secret", "/etc/passwd", ""]
        {
            assert_eq!(said(place(other, None)), None, "{other}");
        }
        assert_eq!(of_run(None, "t", "m", layer), None);
        assert_eq!(of_run(Some(&Place { file: None, ..place("", None) }), "t", "m", layer), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_bundles_file_is_in_the_directory_that_it_was_made_of() {
        let outer = checkout();
        let root = outer.path().join("repository");
        let said = |directory: &Path, file: &str| {
            let scripts = Scripts { root: &root, directory: Some(directory) };
            of_run(Some(&place(file, Some(3))), "t", "m", scripts)
        };
        let made_of = Path::new("app/prisma/migrations");
        let at = "::error file=app/prisma/migrations/1_a/migration.sql,line=3,title=t::m";
        for directory in [made_of, &root.join(made_of)] {
            assert_eq!(said(directory, "migrations/1_a/migration.sql").as_deref(), Some(at));
        }
        assert_eq!(said(Path::new("migrations"), "migrations/1_a/migration.sql"), None, "there is no such directory");
        assert_eq!(said(made_of, "1_a/migration.sql"), None, "no run calls a file like this");
        assert_eq!(said(made_of, "migrations/../../../../secret"), None);
    }

    #[test]
    fn a_problem_is_told_at_its_file() {
        let at = |place: Option<Place>| Problem { place: place.map(Box::new), ..Problem::failed("no") };
        let named = Problem { name: Some(FailureName::HistoryInvalid), ..at(Some(place("a/1_a.sql", None))) };
        assert_eq!(of_problem(&named).as_deref(), Some("::error file=a/1_a.sql,title=History.Invalid::no"));
        assert_eq!(of_problem(&at(Some(Place { file: None, ..place("", None) }))), None);
        assert_eq!(of_problem(&at(None)), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_message_commands_nothing_else() {
        let outer = checkout();
        let message = "100% of\n::error::x\r\u{2028}\u{202e}##[error]";
        let place = place("migrations/1_a/migration.sql", None);
        let root = outer.path().join("repository");
        let said = of_run(Some(&place), "a,b::c\n", message, Scripts { root: &root, directory: None }).unwrap();
        assert!(!said.contains('\n') && !said.contains('\r') && !said.contains('\u{202e}'));
        assert!(
            said.ends_with("title=a%2Cb%3A%3Ac ::100%25 of%0A\\u{3a}:error::x \\u{2028}\\u{202e}##\\u{5b}error]"),
            "{said}"
        );
    }
}
