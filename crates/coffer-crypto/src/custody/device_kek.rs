//! A KEK that lies in a device: the bytes that a wrapped key has then (`docs/FORMAT.md` 3.1).

use std::sync::Arc;

use super::pkcs11::{Device, DeviceError};
use crate::aad::Frame;
use crate::digest::{is_same_mac, sha256};
use crate::entropy::{Entropy, OsEntropy};
use crate::key::KeyBytes;
use crate::primitives::{KEY_LEN, NONCE_LEN, TAG_LEN};
use crate::wrap::{FORMAT, HEADER_LEN, UnwrapError, WrapError, WrappedKey};
use zeroize::Zeroizing;

/// How a device wraps. A KEK has one mechanism for its life: its attributes allow no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceMechanism {
    /// `CKM_AES_GCM` by encrypt and decrypt: the place is bound as associated data. The nonce is ours.
    Gcm,
    /// `CKM_AES_KEY_WRAP_PAD` by wrap and unwrap (RFC 5649): deterministic. The place is bound by its digest, which
    /// travels with the key.
    KeyWrapPad,
}

impl DeviceMechanism {
    /// As in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gcm => "aes-gcm",
            Self::KeyWrapPad => "aes-key-wrap-pad",
        }
    }

    /// The mechanism with this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Gcm, Self::KeyWrapPad].into_iter().find(|mechanism| mechanism.as_str() == text)
    }

    /// The algorithm byte of what it wraps. Never renumber.
    const fn code(self) -> u8 {
        match self {
            Self::Gcm => 2,
            Self::KeyWrapPad => 3,
        }
    }
}

/// What goes into the device to be wrapped, and comes out of it: a key, with the digest of its place for key wrap.
pub(super) type Clear = Zeroizing<Vec<u8>>;

const GCM_LEN: usize = KEY_LEN + TAG_LEN;
const DIGEST_LEN: usize = 32;
/// RFC 5649 adds one block of eight bytes to what needs no padding.
const KEY_WRAP_LEN: usize = KEY_LEN + DIGEST_LEN + 8;

/// A KEK in a device, by its label there.
pub(crate) struct DeviceKek {
    device: Arc<Device>,
    label: String,
    mechanism: DeviceMechanism,
}

impl DeviceKek {
    pub(super) fn new(device: Arc<Device>, label: String, mechanism: DeviceMechanism) -> Self {
        Self { device, label, mechanism }
    }

    pub(crate) fn wrap(
        &self,
        aad: &[u8],
        key: &KeyBytes,
        entropy: &dyn Entropy,
    ) -> Result<WrappedKey, WrapError> {
        let clear = clear(self.mechanism, aad, key);
        let wrapped = match self.mechanism {
            DeviceMechanism::Gcm => {
                let mut nonce = [0; NONCE_LEN];
                entropy.fill(&mut nonce)?;
                self.device.encrypt(&self.label, nonce, aad, clear).map(|(nonce, sealed)| {
                    // A device may insist on a nonce of its own: it has written it then.
                    [nonce.as_slice(), &sealed].concat()
                })
            }
            DeviceMechanism::KeyWrapPad => self.device.wrap(&self.label, clear),
        };
        let body = wrapped.map_err(|_| WrapError::Failed)?;
        let wrapped = WrappedKey([[FORMAT, self.mechanism.code()].as_slice(), &body].concat());
        // What does not open again must not be stored: the key would be lost.
        let opened = self.unwrap(aad, &wrapped).map_err(|_| WrapError::Failed)?;
        if is_same_mac(opened.expose(), key.expose()) { Ok(wrapped) } else { Err(WrapError::Failed) }
    }

    pub(crate) fn unwrap(&self, aad: &[u8], wrapped: &WrappedKey) -> Result<KeyBytes, UnwrapError> {
        let body = body(self.mechanism, wrapped).ok_or(UnwrapError)?;
        let clear = match self.mechanism {
            DeviceMechanism::Gcm => {
                let (nonce, sealed) = body.split_first_chunk().ok_or(UnwrapError)?;
                self.device.decrypt(&self.label, *nonce, aad, sealed)
            }
            DeviceMechanism::KeyWrapPad => self.device.unwrap(&self.label, body),
        };
        key(self.mechanism, aad, &clear.map_err(|_| UnwrapError)?).ok_or(UnwrapError)
    }

    pub(crate) fn probe(&self) -> Result<(), DeviceError> {
        let aad = Frame::new(b"coffer device probe").bytes();
        let key = KeyBytes::generate(&OsEntropy).map_err(|_| DeviceError::Away)?;
        self.wrap(&aad, &key, &OsEntropy).map(drop).map_err(|_| DeviceError::Away)
    }
}

/// What the device wraps.
fn clear(mechanism: DeviceMechanism, aad: &[u8], key: &KeyBytes) -> Clear {
    // With all the room that is needed: a vector that grows leaves a copy behind.
    let mut clear = Zeroizing::new(Vec::with_capacity(KEY_LEN + DIGEST_LEN));
    clear.extend_from_slice(key.expose());
    if mechanism == DeviceMechanism::KeyWrapPad {
        clear.extend_from_slice(&sha256(aad));
    }
    clear
}

/// What stands behind the two format bytes, as long as it must be.
fn body(mechanism: DeviceMechanism, wrapped: &WrappedKey) -> Option<&[u8]> {
    let (header, body) = wrapped.0.split_at_checked(HEADER_LEN)?;
    let length = match mechanism {
        DeviceMechanism::Gcm => NONCE_LEN + GCM_LEN,
        DeviceMechanism::KeyWrapPad => KEY_WRAP_LEN,
    };
    (header == [FORMAT, mechanism.code()] && body.len() == length).then_some(body)
}

/// The key in what the device unwrapped, if this is its place.
fn key(mechanism: DeviceMechanism, aad: &[u8], clear: &Clear) -> Option<KeyBytes> {
    let (key, rest) = clear.split_first_chunk::<KEY_LEN>()?;
    let in_place = match mechanism {
        DeviceMechanism::Gcm => rest.is_empty(),
        DeviceMechanism::KeyWrapPad => is_same_mac(rest, &sha256(aad)),
    };
    in_place.then(|| KeyBytes::filled(|bytes| bytes.copy_from_slice(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aad::{self, Level};
    use crate::primitives::AeadKey;
    use crate::{Environment, KeyPurpose, KeyScope, KeyVersion};
    use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
    use data_encoding::HEXLOWER;

    const SAMPLES: &str = include_str!("../../tests/samples/device-wrapped.hex");

    fn frozen(name: &str) -> WrappedKey {
        let line = SAMPLES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
        WrappedKey(HEXLOWER.decode(line.as_bytes()).unwrap())
    }

    fn counting<const N: usize>(first: u8) -> [u8; N] {
        std::array::from_fn(|at| first + u8::try_from(at).unwrap())
    }

    fn place(version: u32) -> Vec<u8> {
        let version = KeyVersion::new(version);
        aad::wrapped_key(
            Level::UnderKek,
            Environment::Live,
            KeyPurpose::Locator,
            KeyScope::Deployment,
            version,
        )
    }

    /// What a device does, by software and a key that is known.
    #[test]
    fn what_devices_wrap_is_the_samples() {
        let kek: [u8; KEY_LEN] = counting(0xd0);
        let in_it = KeyBytes::filled(|bytes| *bytes = counting(0));
        let aad = place(3);

        let gcm = frozen("gcm");
        let (nonce, sealed) = body(DeviceMechanism::Gcm, &gcm).unwrap().split_first_chunk().unwrap();
        assert_eq!(*nonce, counting(0x70));
        let software = AeadKey::gcm(&kek).unwrap();
        let opened = software.open(*nonce, &aad, sealed).unwrap();
        assert_eq!(opened, clear(DeviceMechanism::Gcm, &aad, &in_it));
        assert_eq!(key(DeviceMechanism::Gcm, &aad, &opened).unwrap().expose(), in_it.expose());

        let key_wrap = frozen("key-wrap-pad");
        let mut opened = Zeroizing::new(vec![0; KEY_WRAP_LEN]);
        let software = AesKek::new(&AES_256, &kek).unwrap();
        let wrapped = body(DeviceMechanism::KeyWrapPad, &key_wrap).unwrap();
        let length = software.unwrap_with_padding(wrapped, &mut opened).unwrap().len();
        opened.truncate(length);
        assert_eq!(opened, clear(DeviceMechanism::KeyWrapPad, &aad, &in_it));
        assert_eq!(key(DeviceMechanism::KeyWrapPad, &aad, &opened).unwrap().expose(), in_it.expose());
        assert!(key(DeviceMechanism::KeyWrapPad, &place(4), &opened).is_none(), "at another place");
        opened.truncate(KEY_LEN);
        assert!(key(DeviceMechanism::KeyWrapPad, &aad, &opened).is_none(), "without its place");
        assert!(
            body(DeviceMechanism::Gcm, &key_wrap).is_none()
                && body(DeviceMechanism::KeyWrapPad, &gcm).is_none()
        );
    }

    #[test]
    fn mechanisms_have_names() {
        for mechanism in [DeviceMechanism::Gcm, DeviceMechanism::KeyWrapPad] {
            assert_eq!(DeviceMechanism::parse(mechanism.as_str()), Some(mechanism));
        }
        assert_eq!(DeviceMechanism::parse("aes-cbc"), None);
    }
}
