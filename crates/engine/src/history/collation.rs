//! The order in which Prisma's own command line sorts names: ICU's root collation, not the order of bytes.

use std::cmp::Ordering;

/// ICU's order of the printable ASCII characters, letters in one case: blank and punctuation, symbols, digits, letters.
const ASCENDING: &str = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz";

/// Returns how the collation orders two names; `None` where one has a character that is not printable ASCII.
pub(super) fn compare(one: &str, other: &str) -> Option<Ordering> {
    let primary = weights(one)?.cmp(&weights(other)?);
    // Case decides only between names that are otherwise equal, at the first letter that differs: lower case comes
    // first.
    let lower_first = || one.chars().map(|c| c.is_ascii_uppercase()).cmp(other.chars().map(|c| c.is_ascii_uppercase()));
    Some(primary.then_with(lower_first))
}

fn weights(name: &str) -> Option<Vec<usize>> {
    name.chars().map(|c| ASCENDING.find(c.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_as_the_root_collation_has_them() {
        // From JavaScript's `localeCompare`.
        let ordered =
            ["1_a10", "1_a2", "1_b", "1_B", "1-a", "10_a", "9_a", "a 1", "a_b", "A_b", "a.b", "a1", "ab", "aB", "Ab"];
        for (index, one) in ordered.iter().enumerate() {
            for other in &ordered[index + 1..] {
                assert_eq!(compare(one, other), Some(Ordering::Less), "{one} {other}");
                assert_eq!(compare(other, one), Some(Ordering::Greater), "{other} {one}");
            }
        }
        assert_eq!(compare("é", "f"), None);
    }
}
