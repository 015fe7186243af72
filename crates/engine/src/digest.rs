//! Digests of lists of fields.

use sha2::{Digest as _, Sha256};

use crate::history::hex;

/// A SHA-256 over fields. The length of each field comes before it, so that no two lists of fields give the same input.
pub(crate) struct Fields(Sha256);

impl Fields {
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    /// Adds bytes of a fixed length.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// Returns the digest in lower-case hexadecimal.
    pub(crate) fn finish_hex(self) -> String {
        hex(&self.finish())
    }
}
