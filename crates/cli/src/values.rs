//! Checks of values on the command line.

/// Refuses an empty text: it comes from a shell variable that is not set, and `--up-to ""` would apply everything.
pub(crate) fn not_empty(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("is empty: give a value, or leave it out".to_owned());
    }
    Ok(text.to_owned())
}
