//! What of the server's text may pass.

use sqlx::postgres::PgDatabaseError;

use crate::sqlstate;

/// The server's primary message, if nothing in it can come from a row.
///
/// Inside of a function or a DO block anything can be raised. Elsewhere a quoted piece is an object's
/// name, or comes from data through a cast such as `::regclass`: it passes only if it stands in the
/// script. A syntax error quotes the word that it met, which passes only if it is a bare one.
pub(super) fn message(error: &PgDatabaseError, script: &str) -> Option<String> {
    if error.r#where().is_some() || !sqlstate::is_about_objects(error.code()) {
        return None;
    }
    let text = error.message();
    let mut quoted = text.split('"').skip(1).step_by(2);
    if error.code() == sqlstate::SYNTAX_ERROR {
        let is_bare = |word: &str| !word.contains(['\'', '$']);
        return Some(if quoted.all(is_bare) { text } else { "syntax error at or near a quoted text" }.to_owned());
    }
    let script = script.to_lowercase();
    let stands_in_script = |name: &str| name.split('.').all(|part| script.contains(&part.to_lowercase()));
    quoted.all(stands_in_script).then(|| text.to_owned())
}
