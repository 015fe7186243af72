//! The words of a script that a message may repeat: key words, and names that the script itself writes.

use squawk_lexer::{TokenKind, tokenize};
use squawk_syntax::SourceFile;

/// Returns the word at the byte `at` of the script, for a syntax error. Without `at`, the error is at the script's end.
pub(super) fn at(script: &str, at: Option<usize>) -> String {
    let Some(at) = at else { return "the end of the script".to_owned() };
    let found = tokens(script).find(|(start, _, _)| *start == at);
    let word = match found {
        Some((_, TokenKind::Ident, word)) if is_key_word(word) => format!("\"{}\"", word.to_uppercase()),
        Some((_, TokenKind::Literal { .. }, _)) => "a literal of the script".to_owned(),
        Some((_, kind, _)) if is_named_by_its_kind(kind) => "a word of the script".to_owned(),
        Some((_, _, mark)) => format!("\"{mark}\""),
        None => "a word of the script".to_owned(),
    };
    format!("or near {word}")
}

/// Whether everything that `text` quotes is a name that the script writes outside of its literals.
pub(super) fn are_names(text: &str, script: &str) -> bool {
    let pieces: Vec<_> = text.split(is_quotation_mark).collect();
    // Quotation marks come in pairs, so the number of pieces is odd.
    if pieces.len() % 2 == 0 {
        return false;
    }
    let names: Vec<_> = tokens(script).filter_map(|(_, kind, text)| name(kind, text)).collect();
    let quoted = pieces.iter().skip(1).step_by(2);
    let mut parts = quoted.flat_map(|quoted| quoted.trim().trim_end_matches("[]").split('.'));
    parts.all(|part| names.iter().any(|name| name == part))
}

/// Whether `c` is one of the marks with which the server quotes, in any of its languages.
fn is_quotation_mark(mark: char) -> bool {
    "\"«»‹›„“”「」『』".contains(mark)
}

/// Returns the name that a token stands for, as the server keeps it.
fn name(kind: TokenKind, text: &str) -> Option<String> {
    match kind {
        TokenKind::Ident => Some(text.to_lowercase()),
        TokenKind::QuotedIdent { terminated: true, uescape: false } => {
            Some(text.trim_start_matches('"').trim_end_matches('"').replace("\"\"", "\""))
        }
        _ => None,
    }
}

fn is_named_by_its_kind(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Ident | TokenKind::QuotedIdent { .. } | TokenKind::PositionalParam { .. } | TokenKind::Unknown
    )
}

fn is_key_word(word: &str) -> bool {
    let parsed = SourceFile::parse(word);
    let first = parsed.syntax_node().first_token();
    first.is_some_and(|token| token.text() == word && format!("{:?}", token.kind()).ends_with("_KW"))
}

/// Returns the tokens of a script: where each starts, its kind and its text.
fn tokens(script: &str) -> impl Iterator<Item = (usize, TokenKind, &str)> {
    tokenize(script).scan(0, move |at, token| {
        let start = *at;
        *at += token.len as usize;
        Some((start, token.kind, script.get(start..*at).unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_repeats_key_words_and_marks_alone() {
        let near = |script: &str, word: &str| at(script, script.find(word));
        assert_eq!(near("SELECT FROM WHERE", "WHERE"), "or near \"WHERE\"");
        assert_eq!(near("CREATE TABLE a (b int,)", ")"), "or near \")\"");
        assert_eq!(near("CREATE TABEL a ()", "TABEL"), "or near a word of the script");
        assert_eq!(near("ALTER ROLE a PASSWORD hunter2", "hunter2"), "or near a word of the script");
        assert_eq!(near("ALTER ROLE a PASSWORD \"hunter2\"", "\"hunter2"), "or near a word of the script");
        assert_eq!(near("SELECT 'a' 'hunter2'", "'hunter2"), "or near a literal of the script");
        assert_eq!(near("SELECT a b $$hunter2$$", "$$hunter2"), "or near a literal of the script");
        assert_eq!(near("SELECT 1 2 3", "2"), "or near a literal of the script");
        assert_eq!(at("SELECT (", None), "the end of the script");
    }

    #[test]
    fn names_are_those_that_the_script_writes() {
        let script = "ALTER TABLE Shop.orders ALTER \"Sum\" TYPE int USING 'secret'::regclass";
        for text in [
            "relation \"shop.orders\" does not exist",
            "column \"Sum\" does not exist",
            "la relation « orders » n'existe pas",
            "Relation »orders« existiert nicht",
            "リレーション\"orders\"は存在しません",
            "no name at all",
        ] {
            assert!(are_names(text, script), "{text}");
        }
        for text in [
            "relation \"secret\" does not exist",
            "relation \"order\" does not exist",
            "relation \"orders does not exist",
        ] {
            assert!(!are_names(text, script), "{text}");
        }
    }
}
