//! The name of a bundle. A crate of its own, so that what only passes the name on does not depend on what reads a bundle.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

const BYTES: usize = 32;

/// What the keys of all bundles in a stack's bucket begin with.
pub const KEYS: &str = "bundles/";

/// What they end with.
const ENDING: &str = ".zip";

/// The SHA-256 of a bundle's bytes: 64 hexadecimal digits in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; BYTES]);

/// A text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the digest of a bundle is 64 hexadecimal digits in lower case, as sha256sum prints it; this is another text, of {0} bytes"
)]
pub struct NoDigest(usize);

impl Digest {
    /// Returns the digest of these `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns the key of the bundle in a stack's bucket.
    pub fn key(&self) -> String {
        format!("{KEYS}{self}{ENDING}")
    }

    /// Returns the digest of the bundle that has this key; `None` for the key of something else.
    pub fn of_key(key: &str) -> Option<Self> {
        key.strip_prefix(KEYS)?.strip_suffix(ENDING)?.parse().ok()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Digest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        let no_digest = || NoDigest(text.len());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let digits =
            pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect::<Option<Vec<_>>>();
        let digits = digits.filter(|_| rest.is_empty()).ok_or_else(no_digest)?;
        digits.try_into().map(Self).map_err(|_| no_digest())
    }
}

/// One bundle has one name, so capital letters are none.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `printf '' | sha256sum`.
    const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_is_written_as_sha256sum_prints_it() {
        let digest = Digest::of(b"");
        assert_eq!(digest.to_string(), OF_NOTHING);
        assert_eq!(OF_NOTHING.parse(), Ok(digest));
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, format!("\"{OF_NOTHING}\""));
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        assert_eq!(serde_json::from_str::<Digest>(&json.replace("e3b", "\\u00653b")).unwrap(), digest);
    }

    #[test]
    fn a_key_names_one_bundle() {
        let digest = Digest::of(b"");
        assert_eq!(digest.key(), format!("bundles/{OF_NOTHING}.zip"));
        assert_eq!(Digest::of_key(&digest.key()), Some(digest));
        for other in ["bundles/x.zip", OF_NOTHING, &format!("bundles/{OF_NOTHING}"), &digest.key().to_uppercase()] {
            assert_eq!(Digest::of_key(other), None, "{other}");
        }
    }

    #[test]
    fn another_text_is_no_digest() {
        let upper = OF_NOTHING.to_uppercase();
        let (short, long) = (&OF_NOTHING[1..], format!("{OF_NOTHING}0"));
        let (even, signed) = (&OF_NOTHING[2..], format!("+{short}"));
        let other = OF_NOTHING.replace("e3", "é");
        for text in ["", &upper, short, &long, even, &signed, &other, &format!("{OF_NOTHING}\n")] {
            let refusal = text.parse::<Digest>().unwrap_err().to_string();
            assert!(refusal.contains(&format!("of {} bytes", text.len())), "{refusal}");
            assert!(serde_json::from_value::<Digest>(text.into()).is_err(), "{text}");
        }
    }
}
