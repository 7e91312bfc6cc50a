//! The root in shares: it is in memory while the vault is opened, and for the time of an order for which custodians
//! have brought it. At all other times nobody has it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use coffer_core::{KekSource, KekSourceError};
use coffer_crypto::{Entropy, Environment, Kek, KeyVersion, RootId, RootKey, WrappedKey};
use coffer_http::RootCustody;

/// A root that custodians put together, while it is there.
#[derive(Default)]
pub(crate) struct Shares(Mutex<Option<RootKey>>);

impl Shares {
    fn held(&self) -> MutexGuard<'_, Option<RootKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KekSource for Shares {
    fn root(&self) -> Option<RootId> {
        Some(self.held().as_ref()?.id())
    }

    fn open(
        &self,
        environment: Environment,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<Kek, KekSourceError> {
        self.held().as_ref().ok_or(KekSourceError::Custodians)?.open(environment, version, wrapped)
    }

    fn make(
        &self,
        environment: Environment,
        version: KeyVersion,
        entropy: &dyn Entropy,
    ) -> Result<(Kek, WrappedKey), KekSourceError> {
        self.held().as_ref().ok_or(KekSourceError::Custodians)?.make(environment, version, entropy)
    }

    fn makes(&self) -> bool {
        false
    }
}

impl RootCustody for Shares {
    fn kind(&self) -> &'static str {
        "shares"
    }

    fn next_root(&self) -> Result<RootKey, String> {
        Err("custodians hold the root: the next one comes with the order".to_owned())
    }

    fn lend(&self, root: Option<RootKey>) -> bool {
        *self.held() = root;
        true
    }
}
