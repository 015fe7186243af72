//! What a history has, by name. The names tell which tool it belongs to.

use std::collections::{BTreeMap, BTreeSet};

use super::file::is_sql;
use super::place::Place;
use super::{Format, name, prisma, sqlx};
use crate::{Error, Result};

/// The names of a history's directories and files, sorted by bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Where they are.
    pub(super) place: Place,
    /// The directories, each with what is in it. A symbolic link to one is not among them, since Prisma does not follow
    /// it.
    pub(super) directories: BTreeMap<String, Inside>,
    /// The files beside the directories.
    pub(super) files: BTreeSet<String>,
}

/// What is in a directory that may be a migration of Prisma's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Inside {
    /// The script.
    pub(super) script: bool,
    /// The file that Prisma 8 writes instead.
    pub(super) operations: bool,
    /// Migrations, one level too deep. Looked for only where no directory is a migration.
    pub(super) migrations: bool,
}

impl Inside {
    /// Whether the directory is one of Prisma's migrations, in this or a later layout.
    pub(super) const fn is_one(self) -> bool {
        self.script || self.operations
    }
}

impl Names {
    pub(super) fn new(place: Place) -> Self {
        Self { place, directories: BTreeMap::new(), files: BTreeSet::new() }
    }

    /// Returns the tool whose history this is.
    ///
    /// # Errors
    ///
    /// [`Error::HistoryInvalid`] when the names have the layout of no tool, or of more than one.
    pub fn format(&self) -> Result<Format> {
        let Self { place, directories, files } = self;
        let of_prisma = directories.iter().find(|(_, inside)| inside.is_one());
        let of_sqlx = files.iter().find(|name| sqlx::is_one(name));
        match (of_prisma, of_sqlx) {
            (Some((prisma, _)), Some(sqlx)) => Err(Error::HistoryInvalid(format!(
                "{place} holds migrations of two tools: {prisma}/ in Prisma's layout and {sqlx} in sqlx's; \
                 keep one history in a directory, and remove the other"
            ))),
            (None, Some(_)) => Ok(Format::Sqlx),
            (Some(_), None) => Ok(Format::Prisma),
            // A directory without a script is most likely a migration of Prisma's that lacks its file.
            (None, None) if !directories.is_empty() => Ok(Format::Prisma),
            (None, None) => Err(Error::HistoryInvalid(match files.iter().find(|name| is_sql(name)) {
                Some(file) => format!(
                    "{place} holds {file}, but no migration in a layout that is known: name it \
                     <version>_<description>.sql as sqlx does, or put it into <name>/{} as Prisma does",
                    prisma::SCRIPT
                ),
                None => format!(
                    "{place} holds no migration, which would be <name>/{} (Prisma) or <version>_<description>.sql \
                     (sqlx); is it the right directory?",
                    prisma::SCRIPT
                ),
            })),
        }
    }

    /// Returns the file of the migration that is called `name`, as a path from where the names are.
    pub fn file(&self, name: &str) -> Option<String> {
        if self.directories.get(name).is_some_and(|inside| inside.script) {
            return Some(prisma::script_of(name));
        }
        sqlx::scripts_of(name).into_iter().find(|file| self.files.contains(file))
    }

    /// Refuses the name of a directory if it is not plain text.
    pub(super) fn check_directory(&self, name: &str) -> Result<()> {
        name::check(name, &self.place)
    }

    /// Refuses the name of a script if it is not plain text. Any other file is ignored: some systems put a file with a
    /// control character in its name into a directory.
    pub(super) fn check_file(&self, name: &str) -> Result<()> {
        if is_sql(name) { name::check(name, &self.place) } else { Ok(()) }
    }
}
