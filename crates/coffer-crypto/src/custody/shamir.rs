//! Shamir's scheme over GF(256): a root as the value at zero of polynomials, one for each of its bytes, whose other
//! coefficients are random; a share is their values at another place (ISO/IEC 19592-2). Of k of n shares any k make the
//! root, and k - 1 say nothing of it.

use thiserror::Error;
use zeroize::Zeroizing;

use super::gf256::{invert, mul};
use super::share::Share;
use crate::digest::is_same_mac;
use crate::entropy::{Entropy, EntropyError};
use crate::key::KeyBytes;
use crate::primitives::KEY_LEN;
use crate::{Environment, RootKey};

/// The most shares of a root.
const MAX_SHARES: u8 = 16;

/// How many shares there are, and how many make the root: 3 of 5 unless the operator says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    threshold: u8,
    count: u8,
}

/// No such scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SchemeError {
    /// One is enough, or none.
    #[error("at least 2 shares must be needed: one share alone would be the root")]
    Alone,
    /// More are needed than there are.
    #[error("{threshold} shares cannot be needed where there are {count}")]
    TooFew {
        /// How many are to be needed.
        threshold: u8,
        /// How many there are to be.
        count: u8,
    },
    /// More than fit.
    #[error("a root has at most {MAX_SHARES} shares")]
    TooMany,
}

impl Scheme {
    /// `threshold` of `count` shares, at least 2 of at most 16.
    pub const fn new(threshold: u8, count: u8) -> Result<Self, SchemeError> {
        if threshold < 2 {
            Err(SchemeError::Alone)
        } else if count > MAX_SHARES {
            Err(SchemeError::TooMany)
        } else if threshold > count {
            Err(SchemeError::TooFew { threshold, count })
        } else {
            Ok(Self { threshold, count })
        }
    }

    /// How many make the root.
    pub const fn threshold(self) -> u8 {
        self.threshold
    }

    /// How many there are.
    pub const fn count(self) -> u8 {
        self.count
    }
}

impl Default for Scheme {
    fn default() -> Self {
        Self { threshold: 3, count: 5 }
    }
}

/// A root could not be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SplitError {
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Some of the shares did not make the root: the machine computes wrongly. Use none of them.
    #[error("shares that must make the root do not: this machine cannot be trusted")]
    Failed,
}

/// A share does not go with the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MismatchError {
    /// Sandbox and live.
    #[error("this share is of another environment than the others")]
    Environment,
    /// Two roots.
    #[error("this share is of another root than the others")]
    Root,
    /// Two ways to split.
    #[error(
        "this share says another number of shares than the others: it is of another split of the same root"
    )]
    Scheme,
    /// Two splits in the same way.
    #[error("this share is of another split of the same root: shares of two splits do not go together")]
    Split,
    /// The same place twice.
    #[error("share {0} is there already")]
    Twice(u8),
}

/// Shares do not make a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CombineError {
    /// They are of several splits, or one stands twice.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// There are too few.
    #[error("{more} more of the shares are needed")]
    TooFew {
        /// How many more; of no shares at all, the fewest of any scheme.
        more: u8,
    },
    /// What they make is not the root that they name, or one of them is not on the same polynomial: somebody changed a
    /// share together with its checksum.
    #[error("these shares do not make the root that they name: one of them was changed")]
    Wrong,
}

/// Splits a root into shares, of which each is handed to another custodian. Before it returns, **every** choice of as
/// many shares as are needed was put together and compared with the root.
pub fn split(
    root: &RootKey,
    environment: Environment,
    scheme: Scheme,
    entropy: &dyn Entropy,
) -> Result<Vec<Share>, SplitError> {
    let mut set = [0; 2];
    entropy.fill(&mut set)?;
    let mut coefficients = Zeroizing::new(vec![0; KEY_LEN * usize::from(scheme.threshold - 1)]);
    entropy.fill(&mut coefficients)?;
    let share = |index| Share {
        environment,
        root: root.id(),
        scheme,
        index,
        set,
        value: value_at(index, root.expose(), &coefficients),
    };
    let shares: Vec<_> = (1..=scheme.count).map(share).collect();
    if every_choice_makes(root, &shares, scheme) { Ok(shares) } else { Err(SplitError::Failed) }
}

/// Puts a root together. All shares count: those above the threshold must agree with the others.
pub fn combine(shares: &[Share]) -> Result<RootKey, CombineError> {
    let Some(first) = shares.first() else { return Err(CombineError::TooFew { more: 2 }) };
    for (at, share) in shares.iter().enumerate() {
        for before in &shares[..at] {
            share.goes_with(before)?;
        }
    }
    // There are no more than sixteen places, and each stands once.
    let have = u8::try_from(shares.len()).unwrap_or(MAX_SHARES);
    let threshold = first.scheme.threshold;
    if have < threshold {
        return Err(CombineError::TooFew { more: threshold - have });
    }
    let (enough, further) = shares.split_at(usize::from(threshold));
    let enough: Vec<_> = enough.iter().collect();
    for share in further {
        if !is_same_mac(value_through(&enough, share.index).expose(), share.value.expose()) {
            return Err(CombineError::Wrong);
        }
    }
    let root = RootKey::from_key(value_through(&enough, 0));
    if root.id() == first.root { Ok(root) } else { Err(CombineError::Wrong) }
}

/// The polynomials' values at `index`, by Horner's rule. `coefficients` are rows of one for each byte, of the lowest
/// degree first.
fn value_at(index: u8, root: &[u8; KEY_LEN], coefficients: &[u8]) -> KeyBytes {
    KeyBytes::filled(|value| {
        for row in coefficients.rchunks_exact(KEY_LEN).chain([root.as_slice()]) {
            for (value, coefficient) in value.iter_mut().zip(row) {
                *value = mul(*value, index) ^ coefficient;
            }
        }
    })
}

/// The values at `index` of the polynomials of lowest degree through these points, by Lagrange's formula. The places
/// are public and differ; differences are sums here.
fn value_through(points: &[&Share], index: u8) -> KeyBytes {
    KeyBytes::filled(|value| {
        for point in points {
            let others = points.iter().map(|other| other.index).filter(|other| *other != point.index);
            let (above, below) = others.fold((1, 1), |(above, below), other| {
                (mul(above, index ^ other), mul(below, point.index ^ other))
            });
            let weight = mul(above, invert(below));
            for (value, byte) in value.iter_mut().zip(point.value.expose()) {
                *value ^= mul(*byte, weight);
            }
        }
    })
}

fn every_choice_makes(root: &RootKey, shares: &[Share], scheme: Scheme) -> bool {
    let choices = 0..1_u32 << shares.len();
    choices.filter(|choice| choice.count_ones() == u32::from(scheme.threshold)).all(|choice| {
        let chosen = shares.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1);
        let chosen: Vec<_> = chosen.map(|(_, share)| share).collect();
        is_same_mac(value_through(&chosen, 0).expose(), root.expose())
    })
}
