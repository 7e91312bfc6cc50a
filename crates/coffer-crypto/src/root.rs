//! The root key: the one secret that is not in the store.

use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::aad::{self, Level};
use crate::entropy::{Entropy, EntropyError};
use crate::key::{KeyBytes, KeyPurpose, KeyScope, KeyVersion};
use crate::primitives::{AeadKey, KEY_LEN};
use crate::wrap::{self, UnwrapError, WrapError, WrappedKey};
use crate::{Environment, Kek};

/// The root key: 256 bits that wrap the KEK and do nothing else. It comes from custody (in this version a
/// key file or an environment variable) at start and can be dropped once the KEK is open.
pub struct RootKey(KeyBytes);

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

    /// Wraps a KEK for the store.
    pub fn wrap_kek(&self, kek: &Kek, entropy: &dyn Entropy) -> Result<WrappedKey, WrapError> {
        let key = AeadKey::gcm(self.0.expose()).map_err(|_| WrapError::Failed)?;
        wrap::wrap(&key, &kek_aad(kek.environment(), kek.version()), kek.bytes(), entropy)
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

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", RootKey::parse_hex(HEX).unwrap()), "RootKey(..)");
    }
}
