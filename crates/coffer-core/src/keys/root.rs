//! The root changes: the KEK is wrapped by the next one beside the present one, until every node would start with the
//! next. Running nodes need neither.

use coffer_crypto::{KeyPurpose, KeyState, KeyVersion, RootId, RootKey};

use super::{
    advance::{changed, destroyed, to},
    load::{Loaded, newest_active},
    rotate::{RotateError, key_fact, new_row, touched},
};
use crate::{
    audit::Action,
    store::{CounterKey, KeyRow, Outcome},
    vault::{Refused, Vault},
};

/// Why the root was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// The KEK lies in a device: no root wraps it.
    #[error("there is no root to change: the key-encryption key lies in a device")]
    NoRoot,
    /// It is the root already.
    #[error("this is the root key already")]
    Same,
    /// Another change of the root, or of the KEK, has not come to its end.
    #[error("a change of the root or of the key-encryption key has not come to its end (coffer keys status)")]
    Unfinished,
    /// No change of the root has begun.
    #[error("no change of the root has begun")]
    NotBegun,
    /// A node that lives would still start with the root before.
    #[error("node {0} would still start with the root before: give every node the new one first")]
    NotEverywhere(u16),
    /// This node would still start with the root before.
    #[error("this node would still start with the root before: give it the new one first")]
    NotHere,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl From<RotateError> for RootError {
    fn from(error: RotateError) -> Self {
        match error {
            RotateError::Refused(refused) => Self::Refused(refused),
            _ => Self::Unfinished,
        }
    }
}

impl Vault {
    /// From now on either root opens the store. A change that was begun with the same root before is gone on with; one
    /// with another root that no node would start with is given up.
    pub async fn begin_root(&self, next: &RootKey) -> Result<(), RootError> {
        self.reload_keys().await?;
        let loaded = self.keys.load();
        let now = self.now();
        let id = next.id();
        let live = loaded.live_of(KeyPurpose::Root);
        if let Some(row) = live.clone().find(|row| row.wrapped.0 == id.as_bytes()) {
            return if row.state == KeyState::Active { Err(RootError::Same) } else { Ok(()) };
        }
        let given_up: Vec<&KeyRow> = live.filter(|row| row.state == KeyState::Distributed).collect();
        if loaded.is_kek_changing() || given_up.iter().any(|row| self.is_root_somewhere(&row.wrapped.0)) {
            return Err(RootError::Unfinished);
        }
        let kek = loaded.kek().ok_or(Refused::Unavailable)?;
        if kek.is_in_device() {
            return Err(RootError::NoRoot);
        }
        let newest = loaded.rows_of(KeyPurpose::Root, None).map(|row| row.version).max().unwrap_or(0);
        let version = KeyVersion::new(newest.checked_add(1).ok_or(RootError::Unfinished)?);
        let wrapped = next.wrap_kek(kek, &*self.entropy).map_err(|_| Refused::Unavailable)?;
        let under = version.get();
        // Which KEK it is that the next root wraps here.
        let held = kek.version().get();
        let waiting = new_row(KeyPurpose::KekNextRoot, None, version, held, wrapped, now);
        let record = coffer_crypto::WrappedKey(id.as_bytes().to_vec());
        let record = new_row(KeyPurpose::Root, None, version, under, record, now);
        let mut unit = self.unit(now)?.add(CounterKey::KEY_REVISION, 1);
        for row in given_up.into_iter().chain(loaded.live_of(KeyPurpose::KekNextRoot)) {
            unit = changed(unit, row, destroyed(row, now)?);
        }
        // A change of the root and one of the KEK exclude each other: both write the root's record.
        if let Some(root) = newest_active(loaded.live_of(KeyPurpose::Root)) {
            unit = touched(unit, root)?;
        }
        let unit = unit.fact(key_fact(Action::KeyCreate, &record)).insert(record).insert(waiting);
        match self.store.commit(unit.finish()).await.map_err(Refused::from)? {
            Outcome::Done(_) => Ok(self.reload_keys().await?),
            Outcome::Lost { .. } => Err(RootError::Unfinished),
        }
    }

    /// The next root is the only one from now on, and what the one before wrapped is gone. Every node that lives must
    /// have it, or, where custodians hold it, none can tell.
    pub async fn finish_root(&self) -> Result<RootId, RootError> {
        self.have_met().await?;
        self.reload_keys().await?;
        let loaded = self.keys.load();
        let now = self.now();
        let next = loaded.live_of(KeyPurpose::Root).find(|row| row.state == KeyState::Distributed);
        let next = next.ok_or(RootError::NotBegun)?;
        let id = <[u8; 8]>::try_from(next.wrapped.0.as_slice()).map_err(|_| Refused::Unavailable)?;
        // Nobody forgets the root that this node itself would start with.
        if self.keys.source.root().is_some_and(|own| own.as_bytes().as_slice() != next.wrapped.0) {
            return Err(RootError::NotHere);
        }
        if let Some(node) = self.nodes.as_ref().and_then(|nodes| nodes.without_root(&next.wrapped.0)) {
            return Err(RootError::NotEverywhere(node));
        }
        let waiting = loaded.live_of(KeyPurpose::KekNextRoot).find(|row| row.version == next.version);
        let kek = newest_active(loaded.live_of(KeyPurpose::Kek)).ok_or(Refused::Unavailable)?;
        let waiting = waiting.ok_or(Refused::Unavailable)?;
        if loaded.is_kek_changing() || waiting.under != kek.version {
            return Err(RootError::Unfinished);
        }
        let generation = kek.generation.next().ok_or(Refused::Unavailable)?;
        let wrapped = waiting.wrapped.clone();
        let under = next.version;
        let mut unit = self.unit(now)?.add(CounterKey::KEY_REVISION, 1);
        unit = unit.replace_key(kek.generation, KeyRow { generation, under, wrapped, ..kek.clone() });
        unit = changed(unit, waiting, destroyed(waiting, now)?);
        for row in loaded.live_of(KeyPurpose::Root).filter(|row| row.state == KeyState::Active) {
            unit = changed(unit, row, destroyed(row, now)?);
        }
        let active_at = Some(now);
        unit = changed(unit, next, KeyRow { active_at, ..to(next, KeyState::Active, now)? });
        match self.store.commit(unit.finish()).await.map_err(Refused::from)? {
            Outcome::Done(_) => {
                self.reload_keys().await?;
                self.scrub().await;
                Ok(RootId::from_bytes(id))
            }
            Outcome::Lost { .. } => Err(RootError::Unfinished),
        }
    }

    /// Whether a node that lives, this one included, would start with this root.
    fn is_root_somewhere(&self, root: &[u8]) -> bool {
        let own = self.keys.source.root().is_some_and(|own| own.as_bytes().as_slice() == root);
        own || self.nodes.as_ref().is_some_and(|nodes| nodes.have_root(root))
    }

    /// Whether this is the root in use: it opens the KEK.
    pub fn is_root(&self, root: &RootKey) -> bool {
        let loaded = self.keys.load();
        let Some(row) = newest_active(loaded.live_of(KeyPurpose::Kek)) else { return false };
        let version = KeyVersion::new(row.version);
        root.unwrap_kek(self.keys.environment(), version, &row.wrapped).is_ok()
    }

    /// The id of the root that opens the store; none where the KEK lies in a device.
    pub fn root_id(&self) -> Option<RootId> {
        root_of(&self.keys.load())
    }
}

/// The root in use, by its record.
pub(crate) fn root_of(loaded: &Loaded) -> Option<RootId> {
    let row = newest_active(loaded.live_of(KeyPurpose::Root))?;
    <[u8; 8]>::try_from(row.wrapped.0.as_slice()).ok().map(RootId::from_bytes)
}
