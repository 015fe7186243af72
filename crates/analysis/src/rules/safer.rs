//! The safer way to write a statement.

use report::Safer;

use super::suggest::Scripts;

#[expect(clippy::unnecessary_wraps, reason = "a finding may have none, so all who call this need an option")]
pub(super) fn safer(text: &str, scripts: Option<Scripts>) -> Option<Safer> {
    Some(Safer { text: text.to_owned(), migrations: scripts.map(Scripts::into_texts).unwrap_or_default() })
}
