//! SHA-256 (FIPS 180-4) for what is public or already sealed: audit frames, checksums. Never for a card or
//! account number: those get a keyed [`Fingerprint`](crate::Fingerprint).

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};

use crate::primitives::first_bytes;

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    first_bytes(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Whether two MACs are the same, in a time that tells nothing of where they differ.
pub fn is_same_mac(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

/// SHA-256 fed piece by piece.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// An empty digest.
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Takes in `bytes`. Pieces run together: a caller that needs them apart adds lengths.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything taken in.
    pub fn finish(self) -> [u8; 32] {
        first_bytes(self.0.finish().as_ref())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    #[test]
    fn macs_are_compared_whole() {
        assert!(is_same_mac(b"abcd", b"abcd") && is_same_mac(b"", b""));
        for other in [&b"abce"[..], b"xbcd", b"abc", b"abcde", b""] {
            assert!(!is_same_mac(b"abcd", other));
        }
    }

    /// The examples of FIPS 180-4: "abc" and the two-block message.
    #[test]
    fn published_examples() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let two = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
        assert_eq!(HEXLOWER.encode(&sha256(b"abc")), abc);
        let mut pieces = Sha256::new();
        pieces.update(b"abcdbcdecdefdefgefghfghighijhijk");
        pieces.update(b"ijkljklmklmnlmnomnopnopq");
        assert_eq!(HEXLOWER.encode(&pieces.finish()), two);
    }
}
