//! Keyed hashes: the fingerprint of a number, and the keyed values of unique indexes.

use std::fmt;

use crate::primitives::{MacKey, first_bytes};

/// What is fingerprinted. Each kind has a label of its own under the tenant's fingerprint key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FingerprintKind {
    /// The whole PAN, ASCII digits without separators.
    Pan,
    /// A bank account: what tells two accounts apart, as the core writes it.
    Account,
    /// What tells two instruments of any other method apart, as its dialect says.
    Other,
}

impl FingerprintKind {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Pan => b"pan|v1|",
            Self::Account => b"account|v1|",
            Self::Other => b"other|v1|",
        }
    }
}

/// The keyed hash of a number within one tenant: HMAC-SHA-256 cut to 128 bits (reference: security 7.6).
/// Equal numbers of one tenant have equal fingerprints; across tenants they have nothing in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// As it lies in the store.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// From the store.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Fingerprint(..)")
    }
}

pub(crate) fn fingerprint(key: &MacKey, kind: FingerprintKind, number: &[u8]) -> Fingerprint {
    Fingerprint(first_bytes(&key.mac(&[kind.label(), number])))
}

/// HMAC over a label and parts, each behind its length in eight bytes, and the number of parts in front: two
/// different lists never meet.
pub(crate) fn index_key(key: &MacKey, label: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut framed = Vec::with_capacity(2 + 2 * parts.len());
    let lengths: Vec<[u8; 8]> = parts.iter().map(|part| be64(part.len())).collect();
    let (label_len, count) = (be64(label.len()), be64(parts.len()));
    framed.extend([label_len.as_slice(), label.as_bytes(), count.as_slice()]);
    for (length, part) in lengths.iter().zip(parts) {
        framed.extend([length.as_slice(), part]);
    }
    first_bytes(&key.mac(&framed))
}

fn be64(length: usize) -> [u8; 8] {
    (length as u64).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_run_together_equally_stay_apart() {
        let key = MacKey::new(&[1; 32]);
        let lists: [(&str, &[&[u8]]); 8] = [
            ("a", &[b"bc", b"d"]),
            ("a", &[b"b", b"cd"]),
            ("a", &[b"bcd"]),
            ("a", &[b"bc", b"d", b""]),
            ("a", &[b"", b"bc", b"d"]),
            ("ab", &[b"c", b"d"]),
            ("a", &[]),
            ("a", &[b""]),
        ];
        for (at, (label, parts)) in lists.iter().enumerate() {
            for (other_label, other) in &lists[at + 1..] {
                assert_ne!(index_key(&key, label, parts), index_key(&key, other_label, other));
            }
        }
    }

    /// Computed with another implementation of HMAC-SHA-256: key of 32 bytes 0x01, "pan|v1|4111111111111111".
    #[test]
    fn a_fingerprint_is_the_start_of_an_hmac() {
        let whole = MacKey::new(&[1; 32]).mac(&[b"pan|v1|4111111111111111"]);
        let short = fingerprint(&MacKey::new(&[1; 32]), FingerprintKind::Pan, b"4111111111111111");
        assert_eq!(short.as_bytes().as_slice(), &whole[..16]);
        assert_eq!(data_encoding::HEXLOWER.encode(short.as_bytes()), "0aa07f0980fb7f3a3661089a43c6b705");
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Fingerprint::from_bytes([7; 16])), "Fingerprint(..)");
    }
}
