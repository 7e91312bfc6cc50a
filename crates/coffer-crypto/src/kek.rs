//! The key encryption key: below the root, or in a device, and above every other key.

use std::fmt;

use crate::Environment;
use crate::aad::{self, Level};
use crate::custody::{DeviceError, DeviceKek};
use crate::entropy::Entropy;
use crate::key::{KeyBytes, KeyPurpose, KeyScope, KeyVersion};
use crate::primitives::{AeadKey, Refused};
use crate::wrap::{self, RewrapError, UnwrapError, WrapError, WrappedKey};

/// The deployment's KEK. It wraps keys and never data.
pub struct Kek {
    environment: Environment,
    version: KeyVersion,
    place: Place,
}

/// Where the key is.
enum Place {
    /// In memory; at rest wrapped under the root.
    Software { bytes: KeyBytes, key: AeadKey },
    /// In a device, which it never leaves. Each use is a call of the device.
    Device(DeviceKek),
}

impl Kek {
    /// A new KEK, at the first start of a store or at a rotation.
    pub fn generate(
        environment: Environment,
        version: KeyVersion,
        entropy: &dyn Entropy,
    ) -> Result<Self, WrapError> {
        let bytes = KeyBytes::generate(entropy)?;
        Self::from_bytes(environment, version, bytes).map_err(|_| WrapError::Failed)
    }

    pub(crate) fn from_bytes(
        environment: Environment,
        version: KeyVersion,
        bytes: KeyBytes,
    ) -> Result<Self, Refused> {
        let key = AeadKey::gcm(bytes.expose())?;
        Ok(Self { environment, version, place: Place::Software { bytes, key } })
    }

    pub(crate) fn in_device(environment: Environment, version: KeyVersion, key: DeviceKek) -> Self {
        Self { environment, version, place: Place::Device(key) }
    }

    /// The environment it was made for.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Its version.
    pub fn version(&self) -> KeyVersion {
        self.version
    }

    /// Whether it lies in a device, where no root wraps it.
    pub fn is_in_device(&self) -> bool {
        matches!(self.place, Place::Device(_))
    }

    /// Whether it can be used now: for a KEK in a device one wrap and one unwrap there, bounded in time. When a key
    /// does not open, this tells whether the device is away.
    pub fn probe(&self) -> Result<(), DeviceError> {
        match &self.place {
            Place::Software { .. } => Ok(()),
            Place::Device(key) => key.probe(),
        }
    }

    /// Makes a new key and gives it wrapped. It becomes usable through a
    /// [`KeyringBuilder`](crate::KeyringBuilder), as it will at the next start.
    pub fn wrap_new(
        &self,
        purpose: KeyPurpose,
        scope: KeyScope,
        version: KeyVersion,
        entropy: &dyn Entropy,
    ) -> Result<WrappedKey, WrapError> {
        if !purpose.fits(scope) {
            return Err(WrapError::Scope);
        }
        let bytes = KeyBytes::generate(entropy)?;
        self.wrap(&under_kek(self.environment, purpose, scope, version), &bytes, entropy)
    }

    /// Opens a key under `from`, another KEK of the same environment, and wraps it under this one, at its same place.
    /// Nothing but the wrapping changes; the clear bytes are wiped.
    pub fn rewrap(
        &self,
        from: &Self,
        purpose: KeyPurpose,
        scope: KeyScope,
        version: KeyVersion,
        wrapped: &WrappedKey,
        entropy: &dyn Entropy,
    ) -> Result<WrappedKey, RewrapError> {
        if !purpose.fits(scope) {
            return Err(WrapError::Scope.into());
        }
        let bytes = from.unwrap(self.environment, purpose, scope, version, wrapped)?;
        Ok(self.wrap(&under_kek(self.environment, purpose, scope, version), &bytes, entropy)?)
    }

    /// Wraps the next KEK under this one, for the row of purpose [`KeyPurpose::KekUpgrade`] and the next KEK's
    /// version, from which nodes that hold this one learn the next. It must be of a higher version and in memory:
    /// one in a device is found there ([`WrapError::Device`]).
    pub fn wrap_next(&self, next: &Self, entropy: &dyn Entropy) -> Result<WrappedKey, WrapError> {
        if next.version <= self.version || next.environment != self.environment {
            return Err(WrapError::Scope);
        }
        let bytes = next.bytes().ok_or(WrapError::Device)?;
        self.wrap(&aad::next_kek(self.environment, self.version, next.version), bytes, entropy)
    }

    /// Opens what [`wrap_next`](Self::wrap_next) made for this KEK and this version, and nothing else.
    pub fn open_next(&self, version: KeyVersion, wrapped: &WrappedKey) -> Result<Self, UnwrapError> {
        let bytes = self.open(&aad::next_kek(self.environment, self.version, version), wrapped)?;
        Self::from_bytes(self.environment, version, bytes).map_err(|_| UnwrapError)
    }

    pub(crate) fn unwrap(
        &self,
        environment: Environment,
        purpose: KeyPurpose,
        scope: KeyScope,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<KeyBytes, UnwrapError> {
        self.open(&under_kek(environment, purpose, scope, version), wrapped)
    }

    /// The key itself, for the root that wraps it; `None` when it lies in a device.
    pub(crate) fn bytes(&self) -> Option<&KeyBytes> {
        match &self.place {
            Place::Software { bytes, .. } => Some(bytes),
            Place::Device(_) => None,
        }
    }

    fn wrap(&self, aad: &[u8], bytes: &KeyBytes, entropy: &dyn Entropy) -> Result<WrappedKey, WrapError> {
        match &self.place {
            Place::Software { key, .. } => wrap::wrap(key, aad, bytes, entropy),
            Place::Device(key) => key.wrap(aad, bytes, entropy),
        }
    }

    fn open(&self, aad: &[u8], wrapped: &WrappedKey) -> Result<KeyBytes, UnwrapError> {
        match &self.place {
            Place::Software { key, .. } => wrap::unwrap(key, aad, wrapped),
            Place::Device(key) => key.unwrap(aad, wrapped),
        }
    }
}

fn under_kek(environment: Environment, purpose: KeyPurpose, scope: KeyScope, version: KeyVersion) -> Vec<u8> {
    aad::wrapped_key(Level::UnderKek, environment, purpose, scope, version)
}

impl fmt::Debug for Kek {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Kek(version {}, ..)", self.version.get())
    }
}
