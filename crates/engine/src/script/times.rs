//! Decides whether a script's result depends on the session's time zone.

use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode};

/// Words that convert between local time and a moment, or read one as the other.
const WORDS: &[&str] = &[
    "timestamptz",
    "timetz",
    "zone",
    "current_date",
    "localtime",
    "localtimestamp",
    "current_timestamp",
    "now",
    "date_trunc",
    "date_part",
    "to_char",
    "to_timestamp",
    "to_date",
];

/// Whether a statement's result may depend on the session's time zone: a statement that changes the type of a column of
/// times, or that writes rows and contains such a word. A mere declaration of a column does not depend on it.
pub(super) fn depends_on_time_zone(node: &SyntaxNode) -> bool {
    match node.kind() {
        SyntaxKind::ALTER_TABLE => node
            .descendants()
            .filter(|part| part.kind() == SyntaxKind::SET_TYPE)
            .any(|part| words(&part).any(|word| word.starts_with("time") || word == "date")),
        SyntaxKind::INSERT | SyntaxKind::UPDATE | SyntaxKind::MERGE | SyntaxKind::CREATE_TABLE_AS => {
            words(node).any(|word| WORDS.contains(&word.as_str()))
        }
        _ => false,
    }
}

fn words(node: &SyntaxNode) -> impl Iterator<Item = String> {
    let tokens = node.descendants_with_tokens().filter_map(SyntaxElement::into_token);
    tokens.filter(|token| !token.kind().is_trivia()).map(|token| token.text().to_ascii_lowercase())
}
