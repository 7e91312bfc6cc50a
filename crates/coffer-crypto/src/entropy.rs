//! Where randomness comes from.

use thiserror::Error;

/// A source of random bytes. The product uses [`OsEntropy`] and nothing else; tests bring their own, so that
/// frozen samples can be made.
pub trait Entropy: Send + Sync + 'static {
    /// Fills all of `out`, or fails and leaves `out` unusable.
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError>;
}

/// The source gave no randomness. The act that needed it must fail: there is no second source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the source of randomness failed")]
pub struct EntropyError;

/// The operating system's randomness (`getrandom`). Never a generator of our own that was seeded once.
#[derive(Clone, Copy, Debug)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(out).map_err(|_| EntropyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operating_system_fills_every_byte() {
        let mut seen = [0_u8; 64];
        for _ in 0..16 {
            let mut bytes = [0_u8; 64];
            OsEntropy.fill(&mut bytes).unwrap();
            for (seen, byte) in seen.iter_mut().zip(bytes) {
                *seen |= byte;
            }
        }
        assert!(seen.iter().all(|byte| *byte != 0), "a byte stayed zero in sixteen draws");
    }
}
