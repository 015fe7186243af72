//! The effects of a statement that cannot be known before it runs.

use crate::name::Name;

/// An unknown effect, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What is not known, as a sentence without its full stop.
    pub text: String,
    /// What to do.
    pub way: &'static str,
    /// Whether it makes uncertain what later statements find.
    pub(super) changes_catalog: bool,
}

/// Returns the sentence on `what`, whose effects are written elsewhere, or decided when it runs.
fn inside(what: &str) -> String {
    format!("Lockstep does not look into {what}: it may lock tables, change rows, or fail")
}

impl Unknown {
    fn new(text: String, way: &'static str) -> Self {
        Self { text, way, changes_catalog: true }
    }

    /// Creates the entry for a DO block.
    pub(super) fn block() -> Self {
        Self::new(
            inside("the DO block"),
            "Read the block before you approve it. If it has no conditions and no loops, write its statements as plain SQL, so that they are judged",
        )
    }

    /// Creates the entry for a call of a procedure.
    pub(super) fn procedure(name: &Name) -> Self {
        let way = "Read the procedure before you approve: what it locks stays locked until the script ends";
        Self::new(inside(&format!("the procedure {name}")), way)
    }

    /// Creates the entry for a call of a function that can do more than return a value.
    pub(super) fn function(name: &Name) -> Self {
        let way = "Read the function before you approve: what it locks stays locked until the script ends";
        Self::new(inside(&format!("the function {name}")), way)
    }

    /// Creates the entry for a change to rows of `table`, which fires `by`: triggers, or rules.
    pub(super) fn fires(table: &Name, by: &[String]) -> Self {
        let way =
            "Read it before you approve: it runs for each row, and what it locks stays locked until the script ends";
        let text = inside(&format!("{} of {table}", by.join(" and ")));
        Self { text, way, changes_catalog: false }
    }

    /// Creates the entry for CASCADE, which drops what depends on `what`. Of that, `known` is known.
    pub(super) fn cascade(what: &str, known: &[String]) -> Self {
        let which = match known {
            [] => format!("CASCADE also drops every object that depends on {what}, and only the server can list these"),
            known => format!(
                "CASCADE also drops what depends on {what}: {}, and perhaps others that only the server can list",
                known.join(", ")
            ),
        };
        let way = "Remove CASCADE, and try it on a copy of the database: the error lists what depends on it. Then drop each object by its name";
        Self::new(format!("{which}. Code that uses them fails"), way)
    }

    /// Creates the entry for the script of an extension.
    pub(super) fn extension(name: &str) -> Self {
        let way = "Give it a migration of its own, and read what the extension's documentation says of an upgrade";
        Self::new(inside(&format!("the script of the extension {name}")), way)
    }

    /// Creates the entry for a statement whose text does not name its relations.
    pub(super) fn which(what: &str) -> Self {
        let way = "Name each of them, in a migration of its own";
        Self::new(format!("The text does not say which {what} it locks"), way)
    }

    /// Creates the entry for a prepared statement.
    pub(super) fn prepared() -> Self {
        Self::new(inside("the prepared statement"), "Write the statement itself")
    }

    /// Creates the entry for another statement that is not read further.
    pub(super) fn statement() -> Self {
        let text = "Lockstep does not know what such a statement locks".to_owned();
        Self::new(text, "Try it on a copy of the database, and look at pg_locks there")
    }

    /// Creates the entry for a statement whose names may have changed their meaning.
    pub(super) fn names() -> Self {
        Self::new("What its names stand for is not known".to_owned(), "Write the schema in front of each name")
    }
}
