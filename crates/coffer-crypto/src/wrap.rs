//! One key wrapped by another: AES-256-GCM under a random nonce, bound to its place in the hierarchy.

use std::fmt;

use thiserror::Error;

use crate::entropy::{Entropy, EntropyError};
use crate::key::KeyBytes;
use crate::primitives::{AeadKey, KEY_LEN, NONCE_LEN, TAG_LEN, first_bytes};

pub(crate) const FORMAT: u8 = 1;
const ALGORITHM: u8 = 1;
pub(crate) const HEADER_LEN: usize = 2;
const WRAPPED_LEN: usize = HEADER_LEN + NONCE_LEN + KEY_LEN + TAG_LEN;

/// A wrapped key as it lies in the store: 62 bytes, or 74 by the key wrap of a device (`docs/FORMAT.md` 3). Not secret
/// by itself.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

impl fmt::Debug for WrappedKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WrappedKey({} bytes)", self.0.len())
    }
}

/// A key could not be made or wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WrapError {
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// This purpose does not belong to this scope: a tenant key needs a tenant, a deployment key none.
    #[error("a key of this purpose does not belong to this scope")]
    Scope,
    /// The KEK lies in a device: it never leaves it, and is wrapped by nothing.
    #[error("a KEK in a device is wrapped by nothing")]
    Device,
    /// The primitive refused, or the device did not do it.
    #[error("the key could not be wrapped")]
    Failed,
}

/// A key was not wrapped anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RewrapError {
    /// It does not open under the KEK that it is said to lie under.
    #[error(transparent)]
    Unwrap(#[from] UnwrapError),
    /// It could not be wrapped.
    #[error(transparent)]
    Wrap(#[from] WrapError),
}

/// A wrapped key did not open under the key above it: the wrong root key, another store's row, another
/// environment, or damage. Which of these is not known, on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this key does not belong here: it does not open under the key above it")]
pub struct UnwrapError;

/// Wraps `key` under `above`.
pub(crate) fn wrap(
    above: &AeadKey,
    aad: &[u8],
    key: &KeyBytes,
    entropy: &dyn Entropy,
) -> Result<WrappedKey, WrapError> {
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut nonce)?;
    let mut bytes = vec![0; WRAPPED_LEN];
    let (header, sealed) = bytes.split_at_mut(HEADER_LEN + NONCE_LEN);
    header[..HEADER_LEN].copy_from_slice(&[FORMAT, ALGORITHM]);
    header[HEADER_LEN..].copy_from_slice(&nonce);
    above.seal(nonce, aad, key.expose(), sealed).map_err(|_| WrapError::Failed)?;
    Ok(WrappedKey(bytes))
}

/// Opens what [`wrap`] made. The AAD says what the key must be.
pub(crate) fn unwrap(above: &AeadKey, aad: &[u8], wrapped: &WrappedKey) -> Result<KeyBytes, UnwrapError> {
    let bytes = wrapped.0.as_slice();
    if bytes.len() != WRAPPED_LEN || !bytes.starts_with(&[FORMAT, ALGORITHM]) {
        return Err(UnwrapError);
    }
    let (header, sealed) = bytes.split_at(HEADER_LEN + NONCE_LEN);
    let nonce = first_bytes(&header[HEADER_LEN..]);
    let opened = above.open(nonce, aad, sealed).ok_or(UnwrapError)?;
    KeyBytes::from_opened(&opened).ok_or(UnwrapError)
}
