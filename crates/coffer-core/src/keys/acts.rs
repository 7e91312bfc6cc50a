//! What the operator asks of keys, in the audit log; and what a node is asked about its keys without a report.

use coffer_crypto::{KeyPurpose, KeyState, RootId, custody::DeviceError};

use super::walk::WalkSeen;
use crate::{
    audit::{Action, Fact},
    store::{KeyRow, Store, StoreError},
    vault::{Refused, Vault},
};

/// The roots that open this store, by its records: the one in use and, while it changes, the next. None for a store
/// that is new, or of a version that kept no record of its root.
pub async fn roots_of(store: &dyn Store) -> Result<Vec<RootId>, StoreError> {
    Ok(roots_among(&store.keys().await?))
}

/// The same of rows of keys, a store's or an export's: two roots while one takes the place of the other. None where a
/// device holds the key-encryption key.
pub fn roots_among(rows: &[KeyRow]) -> Vec<RootId> {
    let purpose = KeyPurpose::Root.code();
    let live = rows.iter().filter(|row| row.purpose == purpose && row.state != KeyState::Destroyed);
    let id = |bytes: &[u8]| <[u8; 8]>::try_from(bytes).ok().map(RootId::from_bytes);
    live.filter_map(|row| id(&row.wrapped.0)).collect()
}

impl Vault {
    /// Whether what holds the KEK answers. Of a KEK in a device this waits for the device, up to its bound of ten
    /// seconds a call: not for a thread that others wait for. A KEK in memory always does.
    pub fn probe_kek(&self) -> Result<(), DeviceError> {
        self.keys.load().kek().map_or(Err(DeviceError::NoKey), |kek| kek.probe())
    }

    /// Whether the KEK lies in a device.
    pub fn is_kek_in_device(&self) -> bool {
        self.keys.load().kek().is_some_and(|kek| kek.is_in_device())
    }

    /// Counts the changes of keys that this node works with.
    pub fn key_revision(&self) -> u64 {
        self.keys.load().revision
    }

    /// Whether this node does the upkeep of keys, which one node does for all.
    pub fn keeps_keys(&self) -> bool {
        self.nodes.as_ref().is_none_or(crate::nodes::Nodes::leads)
    }

    /// How far the walk over all records has come, where this node does it.
    pub async fn walk_seen(&self) -> Option<WalkSeen> {
        self.keys.walk.lock().await.as_ref().map(|walk| walk.seen)
    }

    /// Writes down that the vault was opened by so many custodians.
    pub async fn record_unseal(&self, shares: u8) -> Result<(), Refused> {
        let fact = Fact { count: Some(shares.into()), ..Fact::system(Action::Unseal) };
        self.record(fact.reason("opened by shares of custodians")).await
    }

    /// Writes down what an operator asked for, before it is done. `actor` says who, `asked` what, in fixed words.
    pub async fn record_key_order(&self, actor: &str, asked: &str) -> Result<(), Refused> {
        let fact = Fact { actor: actor.into(), ..Fact::system(Action::KeyOrder) };
        self.record(fact.reason(asked)).await
    }

    async fn record(&self, fact: Fact) -> Result<(), Refused> {
        let unit = self.unit(self.now())?.fact(fact);
        self.store.commit(unit.finish()).await?;
        Ok(())
    }
}
