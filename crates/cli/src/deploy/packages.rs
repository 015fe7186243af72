//! Proves that Lambda can read and start what is about to be packed. SAM packs files with the modes that they have here.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// The variable that switches a planted bug on. Only a test build knows it (`crates/engine/src/planted.rs`).
const PLANTED_BUG: &[u8] = b"PLANTED_BUG";

/// The migrations that the repository comes with.
const SAMPLES: [&str; 5] = [
    "20260105093000_init",
    "20260112141500_add_orders",
    "20260203081000_replace_order_status",
    "20260218100000_index_orders_by_customer",
    "20260309154500_track_updates",
];

const READ: u32 = 0o004;
const READ_AND_ENTER: u32 = 0o005;

/// Checks that the layer has a history, and one that the functions can read.
///
/// # Errors
///
/// Names what is wrong, and the way out.
pub(crate) fn check_history(layer: &Path) -> Result<(), Problem> {
    let history = layer.join("migrations");
    if !history.is_dir() {
        return Err(Problem::usage(format!(
            "{} leads to no directory: it has to be a symbolic link to your migrations (git checks it out as a text file where \
             core.symlinks is false). Make it with: ln -sfn ../migrations layer/migrations",
            history.display()
        )));
    }
    check_directory(&history)?;
    let own = layer.metadata().map_err(|error| unreadable(layer, &error))?;
    for (path, about) in std::iter::once((layer.to_owned(), own)).chain(below(layer)?) {
        let wanted = if about.is_dir() { READ_AND_ENTER } else { READ };
        if !allows_others(&about, wanted) {
            return Err(not_for_others(&path));
        }
    }
    Ok(())
}

/// Checks that a directory of migrations has some.
///
/// # Errors
///
/// When it is empty, or cannot be read.
pub(super) fn check_directory(history: &Path) -> Result<(), Problem> {
    if below(history)?.iter().any(|(_, about)| about.is_file()) {
        return Ok(());
    }
    Err(Problem::usage(format!(
        "{} has no file in it: put your migrations there, or let the link point to them",
        history.display()
    )))
}

/// Returns the sample migrations that are still in a directory of migrations.
pub(crate) fn samples(history: &Path) -> Vec<&'static str> {
    SAMPLES.into_iter().filter(|name| history.join(name).is_dir()).collect()
}

/// Checks that `sam build` has left functions that can start.
///
/// # Errors
///
/// Names what is wrong, and the way out.
pub(crate) fn check_functions(build: &Path, architecture: &str) -> Result<(), Problem> {
    const AGAIN: &str = "run lockstep deploy without --no-build";
    let programs = programs(build);
    if programs.is_empty() {
        return Err(Problem::usage(format!("no function has been built: {AGAIN}")));
    }
    // The `e_machine` of an ELF file.
    let machine: u16 = if architecture == "arm64" { 183 } else { 62 };
    for (function, program) in programs {
        let about = program.metadata().map_err(|error| unreadable(&program, &error))?;
        if !allows_others(&about, READ_AND_ENTER) {
            return Err(Problem::usage(format!(
                "{} may not be read and executed by others, so Lambda could not start it: set umask 022, delete {} and \
                 target/lambda, and {AGAIN}",
                program.display(),
                build.display()
            )));
        }
        let content = std::fs::read(&program).map_err(|error| unreadable(&program, &error))?;
        if content.windows(PLANTED_BUG.len()).any(|part| part == PLANTED_BUG) {
            return Err(Problem::usage(format!("{function} is a test build with planted bugs: {AGAIN}")));
        }
        if content.get(0x12..0x14) != Some(&machine.to_le_bytes()) {
            return Err(Problem::usage(format!(
                "{function} was built for another processor than {architecture}: {AGAIN}"
            )));
        }
    }
    Ok(())
}

/// Returns the functions in `sam build`'s directory with their programs.
pub(super) fn programs(build: &Path) -> Vec<(String, PathBuf)> {
    let directories = std::fs::read_dir(build).into_iter().flatten().flatten();
    let mut programs: Vec<_> = directories
        .map(|one| (one.file_name().to_string_lossy().into_owned(), one.path().join("bootstrap")))
        .filter(|(_, program)| program.is_file())
        .collect();
    programs.sort();
    programs
}

/// Returns all that is packed of a directory, through links too.
pub(super) fn below(directory: &Path) -> Result<Vec<(PathBuf, Metadata)>, Problem> {
    let mut found = Vec::new();
    gather(directory, &mut Vec::new(), &mut found)?;
    Ok(found)
}

fn gather(directory: &Path, above: &mut Vec<PathBuf>, found: &mut Vec<(PathBuf, Metadata)>) -> Result<(), Problem> {
    let entries = std::fs::read_dir(directory).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => not_for_others(directory),
        _ => unreadable(directory, &error),
    })?;
    let real = directory.canonicalize().map_err(|error| unreadable(directory, &error))?;
    if above.contains(&real) {
        return Err(Problem::usage(format!("{} leads in a circle: remove the link", directory.display())));
    }
    above.push(real);
    for entry in entries {
        let path = entry.map_err(|error| unreadable(directory, &error))?.path();
        let about = path.metadata().map_err(|error| unreadable(&path, &error))?;
        let is_directory = about.is_dir();
        found.push((path.clone(), about));
        if is_directory {
            gather(&path, above, found)?;
        }
    }
    above.pop();
    Ok(())
}

#[cfg(unix)]
fn allows_others(about: &Metadata, wanted: u32) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & wanted == wanted
}

/// Where files have no modes, SAM gives them some.
#[cfg(not(unix))]
fn allows_others(_: &Metadata, _: u32) -> bool {
    true
}

fn not_for_others(path: &Path) -> Problem {
    Problem::usage(format!(
        "{} may not be read by others, so the functions could not read it either: run chmod -R a+rX on its directory",
        path.display()
    ))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::usage(format!("{} cannot be read: {error}", path.display()))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn allow(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A layer whose history is a link to a directory with one migration.
    fn layer(root: &Path) -> PathBuf {
        let history = root.join("app/1_a");
        std::fs::create_dir_all(&history).unwrap();
        std::fs::write(history.join("migration.sql"), "SELECT 1;\n").unwrap();
        let layer = root.join("layer");
        std::fs::create_dir(&layer).unwrap();
        symlink("../app", layer.join("migrations")).unwrap();
        for directory in [&layer, &root.join("app"), &history] {
            allow(directory, 0o755);
        }
        allow(&history.join("migration.sql"), 0o644);
        layer
    }

    /// Writes the head of a program for that processor, as `sam build` leaves one in a function's directory.
    fn elf(function: &Path, machine: u16) -> PathBuf {
        std::fs::create_dir_all(function).unwrap();
        let mut content = b"\x7fELF\x02\x01".to_vec();
        content.resize(0x12, 0);
        content.extend(machine.to_le_bytes());
        content.resize(64, 0);
        let program = function.join("bootstrap");
        std::fs::write(&program, content).unwrap();
        allow(&program, 0o755);
        program
    }

    #[test]
    fn a_history_that_others_may_read_is_taken() {
        let root = tempfile::tempdir().unwrap();
        check_history(&layer(root.path())).unwrap();
    }

    #[test]
    fn the_projects_own_link_leads_to_its_migrations() {
        let link = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../layer/migrations");
        assert_eq!(std::fs::read_link(link).unwrap(), Path::new("../migrations"));
    }

    #[test]
    fn what_others_may_not_read_is_named() {
        for (path, mode) in
            [("migrations/1_a/migration.sql", 0o640), ("migrations/1_a", 0o750), ("migrations", 0o751), (".", 0o750)]
        {
            let root = tempfile::tempdir().unwrap();
            let layer = layer(root.path());
            allow(&layer.join(path), mode);
            let told = check_history(&layer).unwrap_err().message;
            assert!(told.contains("may not be read by others") && told.contains("chmod -R a+rX"), "{path}: {told}");
        }
    }

    #[test]
    fn a_link_that_was_checked_out_as_text_is_named() {
        let root = tempfile::tempdir().unwrap();
        let layer = layer(root.path());
        std::fs::remove_file(layer.join("migrations")).unwrap();
        std::fs::write(layer.join("migrations"), "../app").unwrap();
        let told = check_history(&layer).unwrap_err().message;
        assert!(told.contains("leads to no directory") && told.contains("core.symlinks"), "{told}");
    }

    #[test]
    fn no_history_is_named() {
        for (removed, told) in [("app", "leads to no directory"), ("app/1_a", "has no file in it")] {
            let root = tempfile::tempdir().unwrap();
            let layer = layer(root.path());
            std::fs::remove_dir_all(root.path().join(removed)).unwrap();
            assert!(check_history(&layer).unwrap_err().message.contains(told), "{removed}");
        }
    }

    #[test]
    fn a_link_that_leads_in_a_circle_ends() {
        let root = tempfile::tempdir().unwrap();
        let layer = layer(root.path());
        symlink("..", layer.join("migrations/up")).unwrap();
        assert!(check_history(&layer).unwrap_err().message.contains("leads in a circle"));
    }

    #[test]
    fn the_sample_migrations_are_noticed() {
        let root = tempfile::tempdir().unwrap();
        let layer = layer(root.path());
        let history = layer.join("migrations");
        assert!(samples(&history).is_empty());
        std::fs::create_dir(root.path().join("app").join(SAMPLES[1])).unwrap();
        assert_eq!(samples(&history), [SAMPLES[1]]);
        // The repository has all of them, unless they were replaced.
        let own = samples(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../layer/migrations"));
        assert!(own.is_empty() || own == SAMPLES, "{own:?}");
    }

    #[test]
    fn functions_that_can_start_are_taken() {
        let build = tempfile::tempdir().unwrap();
        elf(&build.path().join("ApplyFunction"), 183);
        check_functions(build.path(), "arm64").unwrap();
    }

    #[test]
    fn a_function_that_cannot_start_is_named() {
        let told = |build: &Path| check_functions(build, "x86_64").unwrap_err().message;
        let build = tempfile::tempdir().unwrap();
        assert!(told(&build.path().join("nothing")).contains("no function has been built"));
        let program = elf(&build.path().join("ApplyFunction"), 183);
        assert!(told(build.path()).contains("ApplyFunction was built for another processor than x86_64"));
        std::fs::write(&program, b"").unwrap();
        assert!(told(build.path()).contains("another processor"));
        let program = elf(&build.path().join("ApplyFunction"), 62);
        for mode in [0o750, 0o754, 0o751] {
            allow(&program, mode);
            assert!(told(build.path()).contains("may not be read and executed by others"), "{mode:o}");
        }
        allow(&program, 0o755);
        check_functions(build.path(), "x86_64").unwrap();
        let mut content = std::fs::read(&program).unwrap();
        content.extend(b"\0PLANTED_BUG\0");
        std::fs::write(&program, content).unwrap();
        assert!(told(build.path()).contains("ApplyFunction is a test build with planted bugs"));
    }
}
