//! What of the server's text may pass: never a row's value, never a literal of the script.
//!
//! An error with a position in the script is of its analysis, before any row is read. One without comes of running it:
//! then it depends on what the statement may read, and on where in the server it was raised. The text itself decides
//! nothing, since it comes in the server's language.

mod words;

use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use crate::sqlstate;

/// The most characters of a message and of a detail.
const MESSAGE_CHARS: usize = 500;
const DETAIL_CHARS: usize = 1_000;

/// Source files of the server that raise errors about objects, also in the midst of a statement that reads rows. No SQL
/// function is in them, so none is called with a row's value.
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

/// The same, but a detail of theirs may hold a row.
const MESSAGE_ABOUT_OBJECTS: [&str; 4] = ["execMain.c", "hio.c", "nbtutils.c", "indextuple.c"];

/// Routines that refuse a right on an object, which is there.
const REFUSING: [&str; 3] = ["aclcheck_error", "aclcheck_error_col", "aclcheck_error_type"];

/// Routines that name one missing object, which may have been looked for by a row's value.
const MISSING: [(&str, &str); 4] = [
    ("42P01", "RangeVarGetRelidExtended"),
    ("3F000", "get_namespace_oid"),
    ("42704", "typenameType"),
    ("42704", "get_role_oid"),
];

/// The server's message about `script`, and its detail, as far as they may pass.
///
/// `at` is the byte of the script that the server points to. `reads_rows` says what the statement may do.
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

/// The server's message about a query of our own, which may have read rows.
pub(crate) fn of_ours(error: &PgDatabaseError) -> Option<String> {
    of(error, "", None, true)
}

/// The position in the message, in characters from 1, at which the server met the error.
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
    /// With the message.
    Detail,
}

fn passing(error: &PgDatabaseError, script: &str, reads_rows: bool) -> Passing {
    let code = error.code();
    // Inside of a function or a DO block anything can be raised.
    if error.r#where().is_some() || !sqlstate::is_about_objects(code) {
        return Passing::Nothing;
    }
    let in_analysis = position_of(error).is_some();
    let raised_in = |files: &[&str]| error.file().is_some_and(|file| files.contains(&file));
    if code == sqlstate::SYNTAX_ERROR {
        // Functions that parse a text raise it too, and quote the text.
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

/// Whether the grammar itself met a word that it did not expect, and quotes it.
fn is_of_the_grammar(error: &PgDatabaseError) -> bool {
    error.routine() == Some("scanner_yyerror")
}

/// As many lines of `text` as `most` characters have room for, as one.
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
