//! Ranges of IPv4 addresses.

use std::net::Ipv4Addr;

/// Returns whether the range `outer` has all addresses of the range `inner`. A text that is no range has none.
pub(super) fn contains(outer: &str, inner: &str) -> bool {
    match (range(outer), range(inner)) {
        (Some((outer, wide)), Some((inner, narrow))) => {
            let mask = u32::MAX.checked_shl(32 - wide).unwrap_or(0);
            wide <= narrow && outer & mask == inner & mask
        }
        _ => false,
    }
}

fn range(text: &str) -> Option<(u32, u32)> {
    let (address, length) = text.split_once('/')?;
    let (address, length) = (address.parse::<Ipv4Addr>().ok()?, length.parse().ok()?);
    (length <= 32).then_some((address.to_bits(), length))
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn a_range_contains_what_is_within_it() {
        for outer in ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24"] {
            assert!(contains(outer, "10.1.2.0/24"), "{outer}");
        }
        for outer in ["10.2.0.0/16", "10.1.2.0/25", "10.1.2.0", "10.1.2.0/33", "::/0", "", "pl-1"] {
            assert!(!contains(outer, "10.1.2.0/24"), "{outer}");
        }
        assert!(contains("10.1.2.3/32", "10.1.2.3/32"));
    }
}
