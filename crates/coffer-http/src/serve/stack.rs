//! What functions that have returned leave on the stack: ciphers spill the last block of what they opened there.

use std::hint::black_box;

/// Bytes below the caller that are wiped: from an answer to the ciphers beneath it there are some kilobytes.
const BYTES: usize = 16_384;

/// Lays zeros over the stack below its caller.
#[inline(never)]
pub(super) fn wipe_below() {
    let mut below = [0_u8; BYTES];
    black_box(&mut below);
}
