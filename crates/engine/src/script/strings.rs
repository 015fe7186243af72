//! Reads the string constants of a script.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::text;

/// Returns the text of each string constant of a statement. The constant of a DO block is its body.
pub(super) fn constants(node: &SyntaxNode) -> impl Iterator<Item = String> {
    node.descendants().filter(|part| part.kind() == SyntaxKind::LITERAL).map(|part| unquoted(&text(&part)))
}

/// Returns the text between the quotes or dollars of a constant; backslash escapes stay as they are.
pub fn unquoted(literal: &str) -> String {
    let literal = literal.trim();
    if let Some((tag, rest)) = literal.strip_prefix('$').and_then(|rest| rest.split_once('$')) {
        let end = format!("${tag}$");
        return rest.strip_suffix(&end).unwrap_or(rest).to_owned();
    }
    let inner = literal.trim_start_matches(['E', 'e']);
    let inner = inner.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')).unwrap_or(inner);
    inner.replace("''", "'")
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn each_kind_of_constant() {
        for (literal, says) in [
            ("'it''s'", "it's"),
            (" E'a' ", "a"),
            ("$$a $1 $b$$", "a $1 $b"),
            ("$tag$it's $$ $tag$", "it's $$ "),
            ("'E'", "E"),
        ] {
            assert_eq!(unquoted(literal), says, "{literal}");
        }
    }
}
