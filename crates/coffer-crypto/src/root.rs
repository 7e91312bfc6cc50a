//! The root key: the one secret that is not in the store.

use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::aad::{self, Frame, Level};
use crate::entropy::{Entropy, EntropyError};
use crate::key::{KeyBytes, KeyPurpose, KeyScope, KeyVersion};
use crate::primitives::{AeadKey, KEY_LEN, MacKey, first_bytes};
use crate::wrap::{self, UnwrapError, WrapError, WrappedKey};
use crate::{Environment, Kek};

/// Bytes of a [`RootId`].
pub const ROOT_ID_LEN: usize = 8;

/// The root key: 256 bits that wrap the KEK and do nothing else. It comes from [custody](crate::custody) at start
/// and can be dropped once the KEK is open.
pub struct RootKey(KeyBytes);

/// Which root it is: derived from the key, and public. It tells which root opens a store, or whose share this is,
/// without trying; it tells nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RootId([u8; ROOT_ID_LEN]);

impl RootId {
    /// An id as it was stored.
    pub const fn from_bytes(bytes: [u8; ROOT_ID_LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for storing it.
    pub const fn as_bytes(&self) -> &[u8; ROOT_ID_LEN] {
        &self.0
    }
}

impl fmt::Display for RootId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// The text is not a root key. It never quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a root key is written as exactly 64 hexadecimal digits")]
pub struct RootKeyError;

impl RootKey {
    /// Reads 64 hexadecimal digits of either case; ASCII whitespace around them is allowed.
    pub fn parse_hex(text: &str) -> Result<Self, RootKeyError> {
        let digits = text.trim_ascii().as_bytes();
        if digits.len() != 2 * KEY_LEN {
            return Err(RootKeyError);
        }
        let bytes = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(digits).map_err(|_| RootKeyError)?);
        KeyBytes::from_opened(&bytes).map(Self).ok_or(RootKeyError)
    }

    /// A new root key.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        KeyBytes::generate(entropy).map(Self)
    }

    /// 64 lower-case hexadecimal digits, for writing a key file.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(HEXLOWER.encode(self.0.expose()))
    }

    pub(crate) fn from_key(key: KeyBytes) -> Self {
        Self(key)
    }

    pub(crate) fn expose(&self) -> &[u8; KEY_LEN] {
        self.0.expose()
    }

    /// Which root it is. Ids are compared to be told apart, not to prove anything: the KEK opens under the right root
    /// alone.
    pub fn id(&self) -> RootId {
        // The first block of HKDF-Expand (RFC 5869, 2.3), of which eight bytes are taken.
        let mac = MacKey::new(self.0.expose()).mac(&[&Frame::new(b"coffer root id").bytes(), &[1]]);
        RootId(first_bytes(&mac))
    }

    /// Wraps a KEK for the store: for the row of purpose [`KeyPurpose::Kek`], or of [`KeyPurpose::KekNextRoot`] while
    /// the root changes. A KEK in a device has no root: [`WrapError::Device`].
    pub fn wrap_kek(&self, kek: &Kek, entropy: &dyn Entropy) -> Result<WrappedKey, WrapError> {
        let key = AeadKey::gcm(self.0.expose()).map_err(|_| WrapError::Failed)?;
        let bytes = kek.bytes().ok_or(WrapError::Device)?;
        wrap::wrap(&key, &kek_aad(kek.environment(), kek.version()), bytes, entropy)
    }

    /// Opens the KEK of a store. The error means: this root key does not belong to this store (or the row
    /// says another environment or version than it was wrapped for).
    pub fn unwrap_kek(
        &self,
        environment: Environment,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<Kek, UnwrapError> {
        let key = AeadKey::gcm(self.0.expose()).map_err(|_| UnwrapError)?;
        let bytes = wrap::unwrap(&key, &kek_aad(environment, version), wrapped)?;
        Kek::from_bytes(environment, version, bytes).map_err(|_| UnwrapError)
    }
}

fn kek_aad(environment: Environment, version: KeyVersion) -> Vec<u8> {
    aad::wrapped_key(Level::UnderRoot, environment, KeyPurpose::Kek, KeyScope::Deployment, version)
}

impl fmt::Debug for RootKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RootKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn a_key_file_reads_back() {
        let key = RootKey::parse_hex(&format!("  {HEX}\r\n")).unwrap();
        assert_eq!(key.to_hex().as_str(), HEX);
        assert_eq!(RootKey::parse_hex(&HEX.to_uppercase()).unwrap().to_hex().as_str(), HEX);
    }

    #[test]
    fn anything_else_is_refused_without_being_quoted() {
        let spaced = HEX.replace("1011", "10 11");
        for text in ["", "00", &HEX[1..], &format!("{HEX}00"), &HEX.replace('a', "g"), &spaced] {
            let error = RootKey::parse_hex(text).unwrap_err();
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
    }

    /// Computed by another implementation: HKDF-Expand(key, frame("coffer root id")), 8 bytes.
    #[test]
    fn its_id_is_the_samples() {
        let id = RootKey::parse_hex(HEX).unwrap().id();
        assert_eq!(id.to_string(), "c3b319620ef0ccf6");
        assert_eq!(RootId::from_bytes(*id.as_bytes()), id);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", RootKey::parse_hex(HEX).unwrap()), "RootKey(..)");
    }
}
