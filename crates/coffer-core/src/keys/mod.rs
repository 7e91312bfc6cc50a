//! The keys of a running vault: a snapshot that every act reads, and how it changes while the vault serves
//! (`docs/KEYS.md`).
//!
//! Read in this order: [`source`] says what stands above the store's keys, `load` makes a snapshot of the rows,
//! `meet` brings all nodes to the same one, `rotate` begins a change, `advance` takes it from state to state, `walk`
//! seals records anew in the background, `keep` does all of that beside the load by what `marks` tell, `status` tells
//! of it and `waits` why a key is still there, `acts` is what an operator asks for.

pub(crate) mod acts;
pub(crate) mod advance;
pub(crate) mod keep;
pub(crate) mod load;
pub(crate) mod marks;
pub(crate) mod meet;
pub(crate) mod policy;
pub(crate) mod prints;
pub(crate) mod renew;
pub(crate) mod root;
pub(crate) mod rotate;
pub(crate) mod source;
pub(crate) mod status;
pub(crate) mod waits;
pub(crate) mod walk;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use coffer_crypto::{
    Class, Environment, Fingerprint, FingerprintKind, KeyState, KeyVersion, Keyring, Locator, OpenError,
    Opener, Salt, SealError, Sealer,
};
use coffer_types::{Generation, RecordNumber, Tenant};

use load::Loaded;
use source::KekSource;

use crate::vault::Refused;

/// What was sealed under which key, until it is written down.
type Counts = Vec<(Tenant, Class, KeyVersion, u64)>;

/// The keys of this process.
pub(crate) struct Keys {
    environment: Environment,
    source: Arc<dyn KekSource>,
    loaded: RwLock<Arc<Loaded>>,
    /// Held by whoever loads them again.
    loading: tokio::sync::Mutex<()>,
    /// Something was met that was sealed under a key that is not here.
    behind: AtomicBool,
    /// Counts of snapshots that are gone.
    counted: Mutex<Counts>,
    /// When the counts were last written down.
    written: Mutex<Option<Instant>>,
    /// The revision that all nodes were last seen to have, and since when.
    met: Mutex<Option<(u64, Instant)>>,
    /// The walk that is under way here.
    walk: tokio::sync::Mutex<Option<walk::Walk>>,
    /// What was read of the marks that keys have.
    marks: Mutex<marks::Marks>,
}

impl Keys {
    pub(crate) fn new(environment: Environment, source: Arc<dyn KekSource>, loaded: Loaded) -> Self {
        Self {
            environment,
            source,
            loaded: RwLock::new(Arc::new(loaded)),
            loading: tokio::sync::Mutex::default(),
            behind: AtomicBool::new(false),
            counted: Mutex::default(),
            written: Mutex::default(),
            met: Mutex::default(),
            walk: tokio::sync::Mutex::default(),
            marks: Mutex::default(),
        }
    }

    /// The keys as they are now. Whoever needs several that go together takes them from one of these.
    pub(crate) fn load(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, loaded: Loaded) {
        let mut held = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *held, Arc::new(loaded));
        drop(held);
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).extend(before.keyring.take_counts());
    }

    /// For a moment: not across a read of the store.
    pub(crate) fn marks(&self) -> MutexGuard<'_, marks::Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often each key sealed since this was last asked.
    fn take_counts(&self) -> Counts {
        let mut counts = std::mem::take(&mut *self.counted.lock().unwrap_or_else(PoisonError::into_inner));
        counts.extend(self.load().keyring.take_counts());
        counts
    }

    /// Whether something was met that needs keys which are not here; asked once, it counts as seen to.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.swap(false, Ordering::AcqRel)
    }

    /// The id of the root that a start would use now; empty where it is not at hand.
    pub(crate) fn root(&self) -> Vec<u8> {
        self.source.root().map(|id| id.as_bytes().to_vec()).unwrap_or_default()
    }

    pub(crate) fn environment(&self) -> Environment {
        self.environment
    }

    /// See [`coffer_crypto::Keyring::sealer`].
    pub(crate) fn sealer(
        &self,
        class: Class,
        tenant: Tenant,
        record: RecordNumber,
        generation: Generation,
        salt: Salt,
    ) -> Result<Sealer, SealError> {
        self.load().keyring.sealer(class, tenant, record, generation, salt)
    }

    /// See [`coffer_crypto::Keyring::opener`]. A version that is not here makes the node load its keys again.
    pub(crate) fn opener(
        &self,
        class: Class,
        tenant: Tenant,
        record: RecordNumber,
        generation: Generation,
        salt: &Salt,
        key_version: KeyVersion,
    ) -> Result<Opener, OpenError> {
        let loaded = self.load();
        let is_here = loaded.keyring.opens(class, tenant, key_version);
        // Told once for each time that the keys are loaded again.
        if !is_here && !self.behind.swap(true, Ordering::AcqRel) {
            tracing::warn!("a record lies under a key that is not here: the keys are loaded again");
        }
        loaded.keyring.opener(class, tenant, record, generation, salt, key_version)
    }

    /// See [`coffer_crypto::Keyring::fingerprints`].
    pub(crate) fn fingerprints(
        &self,
        tenant: Tenant,
        kind: FingerprintKind,
        number: &[u8],
    ) -> Result<Vec<(KeyState, Fingerprint)>, SealError> {
        self.load().keyring.fingerprints(tenant, kind, number)
    }

    /// What an index makes with the keys.
    pub(crate) fn index<T>(&self, make: impl FnOnce(&Keyring) -> Result<T, SealError>) -> Result<T, Refused> {
        make(&self.load().keyring).map_err(|_| Refused::Unavailable)
    }

    /// See [`coffer_crypto::Keyring::index_key`].
    pub(crate) fn index_key(
        &self,
        tenant: Tenant,
        label: &'static str,
        parts: &[&[u8]],
    ) -> Result<[u8; 16], SealError> {
        self.load().keyring.index_key(tenant, label, parts)
    }

    /// See [`coffer_crypto::Keyring::locator`].
    pub(crate) fn locator(&self) -> Arc<Locator> {
        self.load().keyring.locator()
    }
}
