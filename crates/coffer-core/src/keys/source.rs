//! What stands above the store's keys: whoever can open the KEK, and make another.

use coffer_crypto::{Entropy, Environment, Kek, KeyVersion, RootId, RootKey, WrappedKey};

/// Why a KEK was not opened or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KekSourceError {
    /// It does not belong to this store.
    #[error("this root key does not belong to this store: it does not open the store's key-encryption key")]
    Wrong,
    /// The device has no KEK of this vault.
    #[error(
        "the key device has no key-encryption key of this vault: coffer keys init makes the first one there"
    )]
    Missing,
    /// The file or the device is not to be had now.
    #[error("what holds the root key cannot be reached")]
    Away,
    /// There was no randomness.
    #[error("the operating system gave no randomness")]
    Entropy,
    /// Only custodians together can do this.
    #[error(
        "only custodians together can do this: they bring their shares (coffer keys rotate --level root,kek)"
    )]
    Custodians,
}

/// Where the KEK comes from: a root key that wraps it, or a device that it never leaves.
pub trait KekSource: Send + Sync {
    /// Which root it would open the KEK with now; none where there is no root, or none at hand.
    fn root(&self) -> Option<RootId>;

    /// Opens the KEK that a row holds, or that it names.
    fn open(
        &self,
        environment: Environment,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<Kek, KekSourceError>;

    /// Makes a KEK, and what of it lies in the store.
    fn make(
        &self,
        environment: Environment,
        version: KeyVersion,
        entropy: &dyn Entropy,
    ) -> Result<(Kek, WrappedKey), KekSourceError>;

    /// Whether [`Self::make`] could work without people.
    fn makes(&self) -> bool;

    /// Destroys a KEK that lies outside the store. One that only lies in the store is destroyed there.
    fn destroy(&self, version: KeyVersion) -> Result<(), KekSourceError> {
        let _ = version;
        Ok(())
    }
}

impl KekSource for RootKey {
    fn root(&self) -> Option<RootId> {
        Some(self.id())
    }

    fn open(
        &self,
        environment: Environment,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<Kek, KekSourceError> {
        self.unwrap_kek(environment, version, wrapped).map_err(|_| KekSourceError::Wrong)
    }

    fn make(
        &self,
        environment: Environment,
        version: KeyVersion,
        entropy: &dyn Entropy,
    ) -> Result<(Kek, WrappedKey), KekSourceError> {
        let failed = |_| KekSourceError::Entropy;
        let kek = Kek::generate(environment, version, entropy).map_err(failed)?;
        let wrapped = self.wrap_kek(&kek, entropy).map_err(failed)?;
        Ok((kek, wrapped))
    }

    fn makes(&self) -> bool {
        true
    }
}
