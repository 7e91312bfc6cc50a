//! The root key in an environment variable: it cannot change while the process runs.

use coffer_core::{KekSource, KekSourceError};
use coffer_crypto::{Entropy, Environment, Kek, KeyVersion, RootId, RootKey, WrappedKey};
use coffer_http::RootCustody;

use crate::{node::NodeError, secret::SecretSource};

/// A variable that holds 64 hexadecimal digits.
pub(crate) struct Variable(SecretSource);

impl Variable {
    pub(crate) fn new(source: SecretSource) -> Result<Self, NodeError> {
        let variable = Self(source);
        variable.read()?;
        Ok(variable)
    }

    fn read(&self) -> Result<RootKey, NodeError> {
        let text = self.0.read().map_err(|error| format!("root_key: {error}"))?;
        Ok(RootKey::parse_hex(&text)?)
    }

    fn reachable(&self) -> Result<RootKey, KekSourceError> {
        self.read().map_err(|_| KekSourceError::Away)
    }
}

impl KekSource for Variable {
    fn root(&self) -> Option<RootId> {
        Some(self.reachable().ok()?.id())
    }

    fn open(
        &self,
        environment: Environment,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<Kek, KekSourceError> {
        self.reachable()?.open(environment, version, wrapped)
    }

    fn make(
        &self,
        environment: Environment,
        version: KeyVersion,
        entropy: &dyn Entropy,
    ) -> Result<(Kek, WrappedKey), KekSourceError> {
        self.reachable()?.make(environment, version, entropy)
    }

    fn makes(&self) -> bool {
        true
    }
}

impl RootCustody for Variable {
    fn kind(&self) -> &'static str {
        "environment variable"
    }

    fn next_root(&self) -> Result<RootKey, String> {
        Err("the root key is in a variable, which cannot change while the node runs: name a key file"
            .to_owned())
    }

    fn lend(&self, _: Option<RootKey>) -> bool {
        false
    }
}
