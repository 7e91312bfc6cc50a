//! All keys of a running node but those of the ring: built once from the store's rows, then only read.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coffer_types::{Generation, RecordNumber, Tenant};
use thiserror::Error;

use crate::aad::Context;
use crate::fingerprint;
use crate::key::{Class, KeyBytes, KeyPurpose, KeyScope, KeyVersion};
use crate::key_state::KeyState;
use crate::primitives::{DerivingKey, MacKey};
use crate::sealed::{OpenError, Opener, Salt, SealError, Sealer};
use crate::wrap::{UnwrapError, WrappedKey};
use crate::{Environment, Fingerprint, FingerprintKind, Kek, Locator, RingKey};

/// The keys of a node, an immutable snapshot. Every key is prepared when it is built: using one costs no
/// unwrapping and no lock.
pub struct Keyring {
    environment: Environment,
    tenants: HashMap<Tenant, TenantKeys>,
    locator: Arc<Locator>,
    ring_key: Arc<RingKey>,
    export: Box<Versions<DerivingKey>>,
}

struct TenantKeys {
    short_lived: Versions<DerivingKey>,
    durable: Versions<DerivingKey>,
    fingerprint: Versions<MacKey>,
    index: Versions<MacKey>,
}

impl Keyring {
    /// A sealer for one write of one record under the tenant's newest key of the class. `salt` must be fresh.
    /// [`Class::Sad`] is refused: its keys are in the [`Ring`](crate::Ring).
    pub fn sealer(
        &self,
        class: Class,
        tenant: Tenant,
        record: RecordNumber,
        generation: Generation,
        salt: Salt,
    ) -> Result<Sealer, SealError> {
        let keys = self.tenants.get(&tenant).ok_or(SealError::UnknownTenant)?;
        let held = keys.data(class).ok_or(SealError::WrongClass)?.in_use();
        held.sealed.fetch_add(1, Ordering::Relaxed);
        let (environment, key_version, key) = (self.environment, held.version, &held.key);
        Sealer::new(key, Context { environment, tenant, record, class, key_version, generation }, salt)
    }

    /// An opener for one record. `key_version` is the one in the blob's header
    /// ([`Blob::key_version`](crate::Blob::key_version)); no other key is ever tried.
    pub fn opener(
        &self,
        class: Class,
        tenant: Tenant,
        record: RecordNumber,
        generation: Generation,
        salt: &Salt,
        key_version: KeyVersion,
    ) -> Result<Opener, OpenError> {
        let keys = self.tenants.get(&tenant).ok_or(OpenError)?;
        let key = &keys.data(class).and_then(|keys| keys.get(key_version)).ok_or(OpenError)?.key;
        let environment = self.environment;
        Opener::new(key, Context { environment, tenant, record, class, key_version, generation }, salt)
    }

    /// Whether a key of this version is here to open with.
    pub fn opens(&self, class: Class, tenant: Tenant, version: KeyVersion) -> bool {
        let keys = self.tenants.get(&tenant).and_then(|keys| keys.data(class));
        keys.is_some_and(|keys| keys.get(version).is_some())
    }

    /// The version that seals; none for a tenant without keys, and for [`Class::Sad`].
    pub fn sealing_version(&self, class: Class, tenant: Tenant) -> Option<KeyVersion> {
        Some(self.tenants.get(&tenant)?.data(class)?.in_use().version)
    }

    /// The tenant's fingerprint of a number, by the key in use. The caller gives it in its one canonical form (a PAN:
    /// digits only).
    pub fn fingerprint(
        &self,
        tenant: Tenant,
        kind: FingerprintKind,
        number: &[u8],
    ) -> Result<Fingerprint, SealError> {
        let keys = self.tenants.get(&tenant).ok_or(SealError::UnknownTenant)?;
        Ok(fingerprint::fingerprint(&keys.fingerprint.in_use().key, kind, number))
    }

    /// The tenant's fingerprints of a number by every key that is here, newest first.
    pub fn fingerprints(
        &self,
        tenant: Tenant,
        kind: FingerprintKind,
        number: &[u8],
    ) -> Result<Vec<(KeyState, Fingerprint)>, SealError> {
        let keys = self.tenants.get(&tenant).ok_or(SealError::UnknownTenant)?;
        let of = |held: &Held<MacKey>| (held.state, fingerprint::fingerprint(&held.key, kind, number));
        Ok(keys.fingerprint.all.iter().rev().map(of).collect())
    }

    /// How often each data key sealed something since this was last asked; none that sealed nothing.
    pub fn take_counts(&self) -> Vec<(Tenant, Class, KeyVersion, u64)> {
        let mut counts = Vec::new();
        for (tenant, keys) in &self.tenants {
            for (class, versions) in [(Class::ShortLived, &keys.short_lived), (Class::Durable, &keys.durable)]
            {
                let held =
                    versions.all.iter().map(|held| (held.version, held.sealed.swap(0, Ordering::Relaxed)));
                let used = held.filter(|(_, count)| *count > 0);
                counts.extend(used.map(|(version, count)| (*tenant, class, version, count)));
            }
        }
        counts
    }

    /// The keyed value of `parts` for a unique index of this tenant. `label` names the index; lists that
    /// differ in any cut give different values.
    pub fn index_key(
        &self,
        tenant: Tenant,
        label: &'static str,
        parts: &[&[u8]],
    ) -> Result<[u8; 16], SealError> {
        let keys = self.tenants.get(&tenant).ok_or(SealError::UnknownTenant)?;
        Ok(fingerprint::index_key(&keys.index.in_use().key, label, parts))
    }

    /// Makes and reads locators.
    pub fn locator(&self) -> Arc<Locator> {
        Arc::clone(&self.locator)
    }

    /// The key to open the [`Ring`](crate::Ring) with.
    pub fn ring_key(&self) -> Arc<RingKey> {
        Arc::clone(&self.ring_key)
    }

    pub(crate) fn newest_export(&self) -> (KeyVersion, &DerivingKey) {
        let held = self.export.in_use();
        (held.version, &held.key)
    }

    /// The environment it was built for.
    pub fn environment(&self) -> Environment {
        self.environment
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Keyring({} tenants, ..)", self.tenants.len())
    }
}

impl TenantKeys {
    fn data(&self, class: Class) -> Option<&Versions<DerivingKey>> {
        match class {
            Class::ShortLived => Some(&self.short_lived),
            Class::Durable => Some(&self.durable),
            Class::Sad => None,
        }
    }
}

/// One version of a key, ready to be used.
struct Held<K> {
    version: KeyVersion,
    state: KeyState,
    key: K,
    /// How often it sealed.
    sealed: AtomicU64,
}

/// The versions of one key in rising order. There are few, and one at least is in use.
struct Versions<K> {
    all: Vec<Held<K>>,
    in_use: usize,
}

impl<K> Versions<K> {
    /// From opened versions in rising order; `None` where none is active. The newest active one is in use.
    fn prepare(versions: Vec<Loaded>, prepare: fn(&KeyBytes) -> K) -> Option<Self> {
        let in_use = versions.iter().rposition(|loaded| loaded.life.state == KeyState::Active)?;
        let held = |loaded: Loaded| Held {
            version: loaded.version,
            state: loaded.life.state,
            key: prepare(&loaded.key),
            sealed: AtomicU64::new(0),
        };
        Some(Self { all: versions.into_iter().map(held).collect(), in_use })
    }

    fn in_use(&self) -> &Held<K> {
        &self.all[self.in_use]
    }

    fn get(&self, version: KeyVersion) -> Option<&Held<K>> {
        self.all.iter().rev().find(|held| held.version == version)
    }
}

/// Where a version of a key is in its life, and what wraps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLife {
    /// Its state. A destroyed key has no bytes and no place in a keyring.
    pub state: KeyState,
    /// Of a locator key: records from this number on are named with it.
    pub from: RecordNumber,
    /// The version of the KEK that wraps it.
    pub under: KeyVersion,
}

impl KeyLife {
    /// Of a key that was in use from the beginning.
    pub const FIRST: Self =
        Self { state: KeyState::Active, from: RecordNumber::MIN, under: KeyVersion::FIRST };
}

/// One version, opened.
pub(crate) struct Loaded {
    pub(crate) version: KeyVersion,
    pub(crate) life: KeyLife,
    pub(crate) key: KeyBytes,
}

/// The rows do not make a keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// A key does not open under this KEK at this place.
    #[error(transparent)]
    Unwrap(#[from] UnwrapError),
    /// The purpose does not belong to the scope, or is the KEK's own.
    #[error("a key of purpose {0:?} does not belong to this scope")]
    Scope(KeyPurpose),
    /// The same version twice.
    #[error("two keys of purpose {0:?} have the same version")]
    Duplicate(KeyPurpose),
    /// Versions start at 1; those of locator keys end at 255, for a locator carries its version in one byte.
    #[error("a key of purpose {0:?} has a version out of range")]
    Version(KeyPurpose),
    /// A key that is always needed is not there. Without a tenant: the deployment's.
    #[error("a key of purpose {purpose:?} is missing")]
    Missing {
        /// What it would be for.
        purpose: KeyPurpose,
        /// Whose it would be.
        scope: KeyScope,
    },
    /// A primitive refused a key.
    #[error("a key could not be prepared")]
    Failed,
}

/// Collects the rows of the store into a [`Keyring`].
pub struct KeyringBuilder<'kek> {
    environment: Environment,
    keks: Vec<&'kek Kek>,
    keys: HashMap<(KeyScope, KeyPurpose), Vec<Loaded>>,
}

impl<'kek> KeyringBuilder<'kek> {
    /// An empty builder. With a KEK of another environment, no key will open.
    pub fn new(environment: Environment, kek: &'kek Kek) -> Self {
        Self { environment, keks: vec![kek], keys: HashMap::new() }
    }

    /// Keys may be wrapped by this KEK too.
    pub fn also_under(&mut self, kek: &'kek Kek) -> &mut Self {
        self.keks.push(kek);
        self
    }

    /// Takes in one row, in any order, of a key that is in use; the newest version of those is. The first KEK wraps it.
    pub fn add(
        &mut self,
        purpose: KeyPurpose,
        scope: KeyScope,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<&mut Self, KeyringError> {
        let under = self.keks.first().map_or(KeyVersion::FIRST, |kek| kek.version());
        self.add_in(KeyLife { under, ..KeyLife::FIRST }, purpose, scope, version, wrapped)
    }

    /// Takes in one row, in any order. One of a destroyed key is passed over.
    pub fn add_in(
        &mut self,
        life: KeyLife,
        purpose: KeyPurpose,
        scope: KeyScope,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<&mut Self, KeyringError> {
        if !purpose.fits(scope) {
            return Err(KeyringError::Scope(purpose));
        }
        let too_high = purpose == KeyPurpose::Locator && version.get() > u32::from(u8::MAX);
        if version < KeyVersion::FIRST || too_high {
            return Err(KeyringError::Version(purpose));
        }
        if life.state == KeyState::Destroyed {
            return Ok(self);
        }
        let kek = self.keks.iter().find(|kek| kek.version() == life.under).ok_or(UnwrapError)?;
        let key = kek.unwrap(self.environment, purpose, scope, version, wrapped)?;
        let versions = self.keys.entry((scope, purpose)).or_default();
        match versions.binary_search_by_key(&version, |loaded| loaded.version) {
            Ok(_) => return Err(KeyringError::Duplicate(purpose)),
            Err(at) => versions.insert(at, Loaded { version, life, key }),
        }
        Ok(self)
    }

    /// The keyring. Every tenant that has one key must have all four; the deployment must have its three.
    pub fn build(mut self) -> Result<Keyring, KeyringError> {
        let locators = self.take(KeyScope::Deployment, KeyPurpose::Locator);
        let locator = Locator::new(self.environment, &locators).map_err(|_| KeyringError::Failed)?;
        let locator = Arc::new(locator.ok_or(missing(KeyScope::Deployment, KeyPurpose::Locator))?);
        let ring = self.take(KeyScope::Deployment, KeyPurpose::Ring).pop();
        let ring = ring.ok_or(missing(KeyScope::Deployment, KeyPurpose::Ring))?;
        let ring_key = Arc::new(RingKey::new(&ring.key).map_err(|_| KeyringError::Failed)?);
        let deriving = |key: &KeyBytes| DerivingKey::new(key.expose());
        let export = Box::new(self.prepare(KeyScope::Deployment, KeyPurpose::Export, deriving)?);
        let mut tenants = HashMap::new();
        for tenant in self.tenants() {
            tenants.insert(tenant, self.tenant_keys(tenant)?);
        }
        Ok(Keyring { environment: self.environment, tenants, locator, ring_key, export })
    }

    fn tenants(&self) -> Vec<Tenant> {
        let mut tenants: Vec<_> = self
            .keys
            .keys()
            .filter_map(|(scope, _)| match scope {
                KeyScope::Tenant(tenant) => Some(*tenant),
                KeyScope::Deployment => None,
            })
            .collect();
        tenants.sort_unstable_by_key(|tenant| tenant.get());
        tenants.dedup();
        tenants
    }

    fn tenant_keys(&mut self, tenant: Tenant) -> Result<TenantKeys, KeyringError> {
        let scope = KeyScope::Tenant(tenant);
        let deriving = |key: &KeyBytes| DerivingKey::new(key.expose());
        let mac = |key: &KeyBytes| MacKey::new(key.expose());
        Ok(TenantKeys {
            short_lived: self.prepare(scope, KeyPurpose::DataShortLived, deriving)?,
            durable: self.prepare(scope, KeyPurpose::DataDurable, deriving)?,
            fingerprint: self.prepare(scope, KeyPurpose::Fingerprint, mac)?,
            index: self.prepare(scope, KeyPurpose::Index, mac)?,
        })
    }

    fn prepare<K>(
        &mut self,
        scope: KeyScope,
        purpose: KeyPurpose,
        prepare: fn(&KeyBytes) -> K,
    ) -> Result<Versions<K>, KeyringError> {
        Versions::prepare(self.take(scope, purpose), prepare).ok_or(missing(scope, purpose))
    }

    fn take(&mut self, scope: KeyScope, purpose: KeyPurpose) -> Vec<Loaded> {
        self.keys.remove(&(scope, purpose)).unwrap_or_default()
    }
}

fn missing(scope: KeyScope, purpose: KeyPurpose) -> KeyringError {
    KeyringError::Missing { purpose, scope }
}

impl fmt::Debug for KeyringBuilder<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyringBuilder(..)")
    }
}
