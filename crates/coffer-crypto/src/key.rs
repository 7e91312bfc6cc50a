//! The words of the key hierarchy: what a key is for, whose it is, which version, and its bytes.

use std::fmt;

use coffer_types::Tenant;
use zeroize::Zeroize;

use crate::entropy::{Entropy, EntropyError};
use crate::primitives::{DerivingKey, KEY_LEN, Refused};

/// The class of sealed data. Classes never share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Rows of single-use tokens; they never enter a backup.
    ShortLived,
    /// Rows of instruments and reusable tokens.
    Durable,
    /// Sensitive authentication data (CVV, track): sealed under a key of the [`Ring`](crate::Ring) only.
    Sad,
}

impl Class {
    /// The stable code in sealed formats. Never renumber.
    pub const fn code(self) -> u8 {
        match self {
            Self::ShortLived => 1,
            Self::Durable => 2,
            Self::Sad => 3,
        }
    }
}

/// What one key is for. A key has exactly one purpose; the purpose is part of what its wrapping is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyPurpose {
    /// Wraps every other key of the deployment. Deployment scope; lies wrapped under the root key.
    Kek,
    /// Data encryption key for [`Class::ShortLived`]. Tenant scope.
    DataShortLived,
    /// Data encryption key for [`Class::Durable`]. Tenant scope.
    DataDurable,
    /// Fingerprints of card and account numbers. Tenant scope.
    Fingerprint,
    /// Keyed values of unique indexes. Tenant scope.
    Index,
    /// Locators. Deployment scope; versions 1 to 255.
    Locator,
    /// Wraps the keys in the [`Ring`](crate::Ring). Deployment scope.
    Ring,
    /// The key from which the keys of exports are derived. Deployment scope.
    Export,
    /// The next KEK, wrapped under the one before ([`Kek::wrap_next`](crate::Kek::wrap_next)): running nodes learn
    /// it without the root. Deployment scope; its version is the next KEK's.
    KekUpgrade,
    /// The KEK, wrapped under the next root while the root changes: the very bytes that the row of purpose
    /// [`Kek`](Self::Kek) has once it has changed. Deployment scope; its version is the KEK's.
    KekNextRoot,
    /// The record of a root: its public id ([`RootId`](crate::RootId)) and no key. Deployment scope.
    Root,
}

impl KeyPurpose {
    /// Every purpose, in the order of the codes.
    pub const ALL: [Self; 11] = [
        Self::Kek,
        Self::DataShortLived,
        Self::DataDurable,
        Self::Fingerprint,
        Self::Index,
        Self::Locator,
        Self::Ring,
        Self::Export,
        Self::KekUpgrade,
        Self::KekNextRoot,
        Self::Root,
    ];

    /// The purposes of which every tenant needs one key.
    pub const OF_TENANT: [Self; 4] =
        [Self::DataShortLived, Self::DataDurable, Self::Fingerprint, Self::Index];

    /// The purposes, below the KEK, of which the deployment needs one key.
    pub const OF_DEPLOYMENT: [Self; 3] = [Self::Locator, Self::Ring, Self::Export];

    /// The stable code in sealed formats and in the store. Never renumber.
    pub const fn code(self) -> u8 {
        match self {
            Self::Kek => 1,
            Self::DataShortLived => 2,
            Self::DataDurable => 3,
            Self::Fingerprint => 4,
            Self::Index => 5,
            Self::Locator => 6,
            Self::Ring => 7,
            Self::Export => 8,
            Self::KekUpgrade => 9,
            Self::KekNextRoot => 10,
            Self::Root => 11,
        }
    }

    /// The purpose with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.code() == code)
    }

    /// Whether it is the purpose of a key that lies under the KEK, and may belong to this scope.
    pub(crate) fn fits(self, scope: KeyScope) -> bool {
        match scope {
            KeyScope::Tenant(_) => Self::OF_TENANT.contains(&self),
            KeyScope::Deployment => Self::OF_DEPLOYMENT.contains(&self),
        }
    }
}

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// The whole deployment's.
    Deployment,
    /// One tenant's.
    Tenant(Tenant),
}

/// The version of a key within its purpose and scope, rising from 1. The highest seals; all may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyVersion(u32);

impl KeyVersion {
    /// The version of a key that has never been rotated.
    pub const FIRST: Self = Self(1);

    /// A version by its number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// 256 bits of key in one place on the heap: a move moves the pointer and leaves no copy behind. Wiped on
/// drop.
pub(crate) struct KeyBytes(Box<[u8; KEY_LEN]>);

impl KeyBytes {
    pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut key = Self(Box::new([0; KEY_LEN]));
        entropy.fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// The key in an opened wrapping; `None` when it has another length.
    pub(crate) fn from_opened(bytes: &[u8]) -> Option<Self> {
        let mut key = Self(Box::new([0; KEY_LEN]));
        if bytes.len() != KEY_LEN {
            return None;
        }
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    /// A key that is derived from another. `info` is one of the frames of `aad`.
    pub(crate) fn derived(from: &DerivingKey, info: &[u8]) -> Result<Self, Refused> {
        let mut key = Self(Box::new([0; KEY_LEN]));
        from.expand(info, key.0.as_mut_slice())?;
        Ok(key)
    }

    /// A key that is written in place.
    pub(crate) fn filled(fill: impl FnOnce(&mut [u8; KEY_LEN])) -> Self {
        let mut key = Self(Box::new([0; KEY_LEN]));
        fill(&mut key.0);
        key
    }

    pub(crate) fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl Drop for KeyBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for KeyBytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyBytes(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_purposes_are_one_to_one() {
        for (at, purpose) in (1..).zip(KeyPurpose::ALL) {
            assert_eq!(purpose.code(), at);
            assert_eq!(KeyPurpose::from_code(at), Some(purpose));
        }
        assert_eq!(KeyPurpose::from_code(0), None);
        assert_eq!(KeyPurpose::from_code(12), None);
    }

    #[test]
    fn a_purpose_fits_exactly_one_kind_of_scope_or_lies_above() {
        use KeyPurpose::{Kek, KekNextRoot, KekUpgrade, Root};
        let tenant = KeyScope::Tenant(Tenant::new(1).unwrap());
        for purpose in KeyPurpose::ALL {
            let fits = [purpose.fits(tenant), purpose.fits(KeyScope::Deployment)];
            let above = matches!(purpose, Kek | KekUpgrade | KekNextRoot | Root);
            assert_eq!(fits.iter().filter(|fits| **fits).count(), usize::from(!above), "{purpose:?}");
        }
        assert!(KeyPurpose::DataDurable.fits(tenant));
        assert!(KeyPurpose::Locator.fits(KeyScope::Deployment));
    }
}
