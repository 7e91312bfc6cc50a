//! What all rows of a table come to, in whatever order they are read.

use coffer_core::moving::MovedRow;
use coffer_crypto::Sha256;
use data_encoding::HEXLOWER;

use crate::row;

/// How many rows, and the sum, modulo 2^256, of the SHA-256 of the table's code and each row's canonical bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableDigest {
    /// How many.
    pub rows: u64,
    /// Lowest limb first.
    sum: [u64; 4],
}

impl TableDigest {
    /// Takes in a row. `bytes` is room that is used for it.
    pub fn add(&mut self, row: &MovedRow, bytes: &mut Vec<u8>) {
        bytes.clear();
        row::encode(row, bytes);
        self.add_encoded(row.table().code(), bytes);
    }

    /// Takes in a row that is written already.
    pub(crate) fn add_encoded(&mut self, table: u8, bytes: &[u8]) {
        let mut hash = Sha256::new();
        hash.update(&[table]);
        hash.update(bytes);
        self.rows += 1;
        let mut carry = false;
        for (limb, added) in self.sum.iter_mut().zip(limbs(hash.finish())) {
            let (sum, over) = limb.overflowing_add(added);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, over || over_again);
        }
    }

    /// The sum as 64 hexadecimal digits, the highest first.
    pub fn hex(&self) -> String {
        let bytes: Vec<u8> = self.sum.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        HEXLOWER.encode(&bytes)
    }
}

/// A big-endian number of 256 bits, lowest limb first.
fn limbs(hash: [u8; 32]) -> [u64; 4] {
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().zip(hash.rchunks_exact(8)) {
        *limb = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    }
    limbs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_everything_else_does() {
        let sum = |rows: &[&[u8]]| {
            let mut digest = TableDigest::default();
            for row in rows {
                digest.add_encoded(5, row);
            }
            digest
        };
        assert_eq!(sum(&[b"a", b"b", b"c"]), sum(&[b"c", b"a", b"b"]));
        assert_ne!(sum(&[b"a", b"b"]), sum(&[b"a", b"c"]));
        assert_ne!(sum(&[b"a", b"a"]), sum(&[b"a"]), "a row that stands twice counts twice");
        let mut other = TableDigest::default();
        other.add_encoded(6, b"a");
        assert_ne!(other, sum(&[b"a"]), "the table is part of it");
    }

    #[test]
    fn carries_run_through_all_limbs() {
        let mut digest = TableDigest { rows: 0, sum: [u64::MAX; 4] };
        digest.add_encoded(5, b"a");
        let mut alone = TableDigest::default();
        alone.add_encoded(5, b"a");
        let (less, _) = alone.sum[0].overflowing_sub(1);
        assert_eq!(digest.sum, [less, alone.sum[1], alone.sum[2], alone.sum[3]], "minus one, modulo 2^256");
    }
}
