//! How a presented credential is looked up without keeping it.

use std::fmt;

use crate::entropy::{Entropy, EntropyError};
use crate::key::KeyBytes;
use crate::primitives::MacKey;

/// Hashes credentials under a key that lives as long as the process. The snapshot of known credentials is
/// built with the same hasher at start, so a lookup compares keyed hashes: a caller who does not know the
/// key cannot steer the comparison and learns nothing from its time (reference: security 4 and 7.8).
pub struct CredentialHasher(MacKey);

impl CredentialHasher {
    /// A hasher with a fresh key. Hashes of two hashers have nothing in common.
    pub fn new(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Ok(Self(MacKey::new(KeyBytes::generate(entropy)?.expose())))
    }

    /// The hash of a credential as presented; whole HMAC-SHA-256.
    pub fn hash(&self, presented: &[u8]) -> [u8; 32] {
        self.0.mac(&[b"coffer credential|v1|", presented])
    }
}

impl fmt::Debug for CredentialHasher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CredentialHasher(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OsEntropy;

    #[test]
    fn equal_for_equal_credentials_under_one_hasher_only() {
        let one = CredentialHasher::new(&OsEntropy).unwrap();
        let other = CredentialHasher::new(&OsEntropy).unwrap();
        assert_eq!(one.hash(b"sk_sandbox_coffer"), one.hash(b"sk_sandbox_coffer"));
        assert_ne!(one.hash(b"sk_sandbox_coffer"), one.hash(b"sk_sandbox_coffex"));
        assert_ne!(one.hash(b"sk_sandbox_coffer"), other.hash(b"sk_sandbox_coffer"));
    }
}
