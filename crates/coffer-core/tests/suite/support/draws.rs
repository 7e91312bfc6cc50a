//! Randomness that is the same in every run, and that fails when a test says so.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use coffer_crypto::{Entropy, EntropyError};

/// A stream of `SplitMix64` from a seed, with a number of draws that are left.
pub(crate) struct Draws {
    state: AtomicU64,
    left: AtomicU64,
}

impl Draws {
    pub(crate) fn seeded(seed: u64) -> Arc<Self> {
        Arc::new(Self { state: AtomicU64::new(seed), left: AtomicU64::new(u64::MAX) })
    }

    /// Gives so many more draws and then fails.
    pub(crate) fn leave(&self, draws: u64) {
        self.left.store(draws, Ordering::SeqCst);
    }
}

impl Entropy for Draws {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        let step = |left: u64| left.checked_sub(1);
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step).map_err(|_| EntropyError)?;
        for chunk in out.chunks_mut(8) {
            const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
            let mut word = self.state.fetch_add(GAMMA, Ordering::SeqCst).wrapping_add(GAMMA);
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
