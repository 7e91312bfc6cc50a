//! The key encryption key: below the root, above every other key.

use std::fmt;

use crate::Environment;
use crate::aad::{self, Level};
use crate::entropy::Entropy;
use crate::export::ExportKey;
use crate::key::{KeyBytes, KeyPurpose, KeyScope, KeyVersion};
use crate::primitives::{AeadKey, Refused};
use crate::sealed::SealError;
use crate::wrap::{self, UnwrapError, WrapError, WrappedKey};

/// The deployment's KEK. It wraps keys and never data.
pub struct Kek {
    environment: Environment,
    version: KeyVersion,
    bytes: KeyBytes,
    key: AeadKey,
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
        Ok(Self { environment, version, bytes, key })
    }

    /// The environment it was made for.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Its version.
    pub fn version(&self) -> KeyVersion {
        self.version
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
        if purpose == KeyPurpose::Kek || !purpose.fits(scope) {
            return Err(WrapError::Scope);
        }
        let bytes = KeyBytes::generate(entropy)?;
        let aad = aad::wrapped_key(Level::UnderKek, self.environment, purpose, scope, version);
        wrap::wrap(&self.key, &aad, &bytes, entropy)
    }

    /// The key of one export of this deployment's vault: whoever has the root key and the wrapped KEK opens all of it.
    /// `id` is 16 random bytes, drawn once for an export.
    pub fn export_key(&self, id: &[u8; 16]) -> Result<ExportKey, SealError> {
        Ok(ExportKey::derive(self.bytes.expose(), self.environment, self.version, id)?)
    }

    pub(crate) fn unwrap(
        &self,
        environment: Environment,
        purpose: KeyPurpose,
        scope: KeyScope,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<KeyBytes, UnwrapError> {
        let aad = aad::wrapped_key(Level::UnderKek, environment, purpose, scope, version);
        wrap::unwrap(&self.key, &aad, wrapped)
    }

    pub(crate) fn bytes(&self) -> &KeyBytes {
        &self.bytes
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Kek(version {}, ..)", self.version.get())
    }
}
