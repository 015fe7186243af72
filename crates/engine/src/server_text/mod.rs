//! Decides which part of the server's text may be shown: never a row's value, never a literal of the script.
//!
//! An error with a position in the script comes from its analysis, before any row is read. An error without a position
//! comes from running the script. Then the decision depends on what the statement may read, and on the place in the
//! server that raised the error. The text itself decides nothing, since it comes in the server's language.

mod words;

use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use crate::sqlstate;

/// The maximum length of a message and of a detail, in characters.
const MESSAGE_CHARS: usize = 500;
const DETAIL_CHARS: usize = 1_000;

/// Source files of the server that raise errors about objects, also while a statement reads rows. They contain no SQL
/// function, so none of their code is called with a row's value.
const ABOUT_OBJECTS: [&str; 18] = [
    "cluster.c",
    "createas.c",
    "dependency.c",
    "execReplication.c",
    "functioncmds.c",
    "heap.c",
    "index.c",
    "indexcmds.c",
    "matview.c",
    "pg_constraint.c",
    "policy.c",
    "publicationcmds.c",
    "rewriteDefine.c",
    "statscmds.c",
    "tablecmds.c",
    "trigger.c",
    "utility.c",
    "xact.c",
];

/// Source files of the server that raise errors about objects, with a detail that may hold a row.
const MESSAGE_ABOUT_OBJECTS: [&str; 4] = ["execMain.c", "hio.c", "nbtutils.c", "indextuple.c"];

/// Routines that report a missing right on an object that exists.
const REFUSING: [&str; 3] = ["aclcheck_error", "aclcheck_error_col", "aclcheck_error_type"];

/// Routines that name one missing object. A row's value may have been its name.
const MISSING: [(&str, &str); 4] = [
    ("42P01", "RangeVarGetRelidExtended"),
    ("3F000", "get_namespace_oid"),
    ("42704", "typenameType"),
    ("42704", "get_role_oid"),
];

/// Returns the server's message about `script`, and its detail, as far as they may be shown.
///
/// `at` is the byte of the script that the server points to. `reads_rows` says whether the statement may read rows.
pub(crate) fn of(error: &PgDatabaseError, script: &str, at: Option<usize>, reads_rows: bool) -> Option<String> {
    let passes = passing(error, script, reads_rows);
    match passes {
        Passing::Nothing => None,
        Passing::Message if error.code() == sqlstate::SYNTAX_ERROR && is_of_the_grammar(error) => {
            Some(format!("syntax error at {}", words::at(script, at)))
        }
        Passing::Message => Some(bounded(error.message(), MESSAGE_CHARS)),
        Passing::Detail => {
            let message = bounded(error.message(), MESSAGE_CHARS);
            Some(match error.detail() {
                Some(detail) => format!("{message} ({})", bounded(detail, DETAIL_CHARS)),
                None => message,
            })
        }
    }
}

/// Returns the server's message about a query of our own, which may have read rows.
pub(crate) fn of_ours(error: &PgDatabaseError) -> Option<String> {
    of(error, "", None, true)
}

/// Returns the position in the message, in characters from 1, at which the server found the error.
pub(crate) fn position_of(error: &PgDatabaseError) -> Option<usize> {
    match error.position() {
        Some(PgErrorPosition::Original(position)) => Some(position),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passing {
    Nothing,
    Message,
    /// The message and the detail.
    Detail,
}

fn passing(error: &PgDatabaseError, script: &str, reads_rows: bool) -> Passing {
    let code = error.code();
    // Code inside of a function or a DO block can raise anything.
    if error.r#where().is_some() || !sqlstate::is_about_objects(code) {
        return Passing::Nothing;
    }
    let in_analysis = position_of(error).is_some();
    let raised_in = |files: &[&str]| error.file().is_some_and(|file| files.contains(&file));
    if code == sqlstate::SYNTAX_ERROR {
        // Functions that parse a text raise this error too, and quote the text.
        let passes = if in_analysis {
            is_of_the_grammar(error) || words::are_names(error.message(), script)
        } else {
            raised_in(&ABOUT_OBJECTS)
        };
        return if passes { Passing::Message } else { Passing::Nothing };
    }
    if in_analysis || !reads_rows || sqlstate::has_constant_text(code) {
        return Passing::Detail;
    }
    let raised_by = |routines: &[&str]| error.routine().is_some_and(|routine| routines.contains(&routine));
    if raised_in(&ABOUT_OBJECTS) || raised_by(&REFUSING) {
        return Passing::Detail;
    }
    let misses = error.routine().is_some_and(|routine| MISSING.contains(&(code, routine)));
    if raised_in(&MESSAGE_ABOUT_OBJECTS) || (misses && words::are_names(error.message(), script)) {
        return Passing::Message;
    }
    Passing::Nothing
}

/// Whether the grammar itself found an unexpected word, and quotes it.
fn is_of_the_grammar(error: &PgDatabaseError) -> bool {
    error.routine() == Some("scanner_yyerror")
}

/// Returns the lines of `text` that fit into `most` characters, as one line.
fn bounded(text: &str, most: usize) -> String {
    let mut lines = text.lines();
    let mut shown = String::new();
    for line in lines.by_ref() {
        let separator = if shown.is_empty() { "" } else { "; " };
        let room = most.saturating_sub(shown.chars().count() + separator.len());
        if line.chars().count() > room {
            if shown.is_empty() {
                shown.extend(line.chars().take(room));
            }
            shown.push_str(" ... (cut here)");
            break;
        }
        shown.push_str(separator);
        shown.push_str(line);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_line_and_says_so() {
        assert_eq!(bounded("a\nb", 10), "a; b");
        assert_eq!(bounded("aaaa\nbbbb\ncccc", 11), "aaaa; bbbb ... (cut here)");
        assert_eq!(bounded("ääääää", 4), "ääää ... (cut here)");
    }
}
