//! The annotation that GitHub shows at a line of a file: the script at which a run failed.
//!
//! A workflow command is one line. Its text comes from outside, so each character that is more than text becomes an escape.
//! What would end the line, a property or the command is encoded as GitHub decodes it.

use std::path::Path;

use shared::Place;

use crate::styles::{Look, plain};

/// Returns the command for a failure, if the checkout in `root` has the file of the failed script.
pub(super) fn error(place: Option<&Place>, title: &str, message: &str, root: &Path) -> Option<String> {
    let place = place?;
    let file = in_checkout(place.file.as_deref()?, root)?;
    let line = place.line.map(|line| format!(",line={line}")).unwrap_or_default();
    Some(format!("::error file={}{line},title={}::{}", property(&file), property(title), data(message)))
}

/// Returns the place of a layer's file in the repository: an entry of `layer/` may be a link to it.
fn in_checkout(file: &str, root: &Path) -> Option<String> {
    let root = root.canonicalize().ok()?;
    let found = root.join("layer").join(file).canonicalize().ok().filter(|found| found.is_file())?;
    Some(found.strip_prefix(root).ok()?.to_str()?.to_owned())
}

fn data(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| harmless(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

fn property(text: &str) -> String {
    harmless(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
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
        let said = |place: Place| error(Some(&place), "shop-migrations-dev: X", "1_a failed", &root);
        let at = "::error file=app/prisma/migrations/1_a/migration.sql";
        let title = "title=shop-migrations-dev%3A X::1_a failed";
        assert_eq!(said(place("migrations/1_a/migration.sql", Some(3))), Some(format!("{at},line=3,{title}")));
        assert_eq!(said(place("migrations/1_a/migration.sql", None)), Some(format!("{at},{title}")));
        for other in
            ["migrations/2_b/migration.sql", "migrations/1_a", "migrations/../../../../../secret", "/etc/passwd", ""]
        {
            assert_eq!(said(place(other, None)), None, "{other}");
        }
        assert_eq!(error(None, "t", "m", &root), None);
        assert_eq!(error(Some(&Place { file: None, ..place("", None) }), "t", "m", &root), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_message_commands_nothing_else() {
        let outer = checkout();
        let message = "100% of\n::error::x\r\u{2028}\u{202e}##[error]";
        let place = place("migrations/1_a/migration.sql", None);
        let said = error(Some(&place), "a,b::c\n", message, &outer.path().join("repository")).unwrap();
        assert!(!said.contains('\n') && !said.contains('\r') && !said.contains('\u{202e}'));
        assert!(
            said.ends_with("title=a%2Cb%3A%3Ac ::100%25 of%0A\\u{3a}:error::x \\u{2028}\\u{202e}##\\u{5b}error]"),
            "{said}"
        );
    }
}
