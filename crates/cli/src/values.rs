//! Checks of values on the command line.

use std::path::PathBuf;

/// Refuses a name that the template's parameter Project does not allow.
pub(crate) fn project(text: &str) -> Result<String, String> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.len() <= 29 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(is_allowed) {
        return Ok(text.to_owned());
    }
    Err("is no project: give 1 to 29 lower-case letters, digits and hyphens, a letter first".to_owned())
}

/// Refuses an empty name of a file or of a directory.
pub(crate) fn path(text: &str) -> Result<PathBuf, String> {
    not_empty(text).map(PathBuf::from)
}

/// Refuses what can be no execution: its name and its ARN are one line of plain text.
pub(crate) fn execution(text: &str) -> Result<String, String> {
    let text = not_empty(text)?;
    if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
        return Err("is no execution: give its name or its ARN".to_owned());
    }
    Ok(text)
}

/// Refuses an empty text: it comes from a shell variable that is not set, and `--up-to ""` would apply everything.
pub(crate) fn not_empty(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("is empty: give a value, or leave it out".to_owned());
    }
    Ok(text.to_owned())
}
