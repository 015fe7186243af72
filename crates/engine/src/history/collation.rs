//! The order in which Prisma's own command line puts names: ICU's root collation, not that of bytes.

use std::cmp::Ordering;

/// ICU's order of what ASCII can print, letters without their case: blank and punctuation, symbols, digits, letters.
const ASCENDING: &str = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz";

/// How the collation orders two names; `None` where a character is beyond what is known here.
pub(super) fn compare(one: &str, other: &str) -> Option<Ordering> {
    let primary = weights(one)?.cmp(&weights(other)?);
    // Case decides only between names that are the same without it, at the first letter that differs: lower comes first.
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
