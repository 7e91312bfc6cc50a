//! All keys of a running node but those of the ring: built once from the store's rows, then only read.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use coffer_types::{Generation, RecordNumber, Tenant};
use thiserror::Error;

use crate::aad::Context;
use crate::fingerprint;
use crate::key::{Class, KeyBytes, KeyPurpose, KeyScope, KeyVersion};
use crate::primitives::{DerivingKey, MacKey};
use crate::sealed::{OpenError, Opener, Salt, SealError, Sealer};
use crate::wrap::{UnwrapError, WrappedKey};
use crate::{Environment, Fingerprint, FingerprintKind, Kek, Locator, RingKey};

/// The keys of a node, an immutable snapshot. Every key is prepared when it is built: using one costs no
/// unwrapping and no lock.
pub struct Keyring {
    environment: Environment,
    tenants: HashMap<Tenant, TenantKeys>,
    locator: Locator,
    ring_key: Arc<RingKey>,
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
        let (key_version, key) = keys.data(class).ok_or(SealError::WrongClass)?.newest();
        let environment = self.environment;
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
        let key = keys.data(class).and_then(|keys| keys.get(key_version)).ok_or(OpenError)?;
        let environment = self.environment;
        Opener::new(key, Context { environment, tenant, record, class, key_version, generation }, salt)
    }

    /// The tenant's fingerprint of a number. The caller gives it in its one canonical form (a PAN: digits
    /// only).
    pub fn fingerprint(
        &self,
        tenant: Tenant,
        kind: FingerprintKind,
        number: &[u8],
    ) -> Result<Fingerprint, SealError> {
        let keys = self.tenants.get(&tenant).ok_or(SealError::UnknownTenant)?;
        Ok(fingerprint::fingerprint(keys.fingerprint.newest().1, kind, number))
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
        Ok(fingerprint::index_key(keys.index.newest().1, label, parts))
    }

    /// Makes and reads locators.
    pub fn locator(&self) -> &Locator {
        &self.locator
    }

    /// The key to open the [`Ring`](crate::Ring) with.
    pub fn ring_key(&self) -> Arc<RingKey> {
        Arc::clone(&self.ring_key)
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

/// The versions of one key, at least one. There are few; the newest is the one in use.
struct Versions<K> {
    newest: (KeyVersion, K),
    older: Vec<(KeyVersion, K)>,
}

impl<K> Versions<K> {
    /// From versions in rising order, opened; `None` when there is none.
    fn prepare(versions: Vec<(KeyVersion, KeyBytes)>, prepare: fn(&KeyBytes) -> K) -> Option<Self> {
        let mut older: Vec<_> = versions.into_iter().map(|(version, key)| (version, prepare(&key))).collect();
        let newest = older.pop()?;
        Some(Self { newest, older })
    }

    fn newest(&self) -> (KeyVersion, &K) {
        (self.newest.0, &self.newest.1)
    }

    fn get(&self, version: KeyVersion) -> Option<&K> {
        let mut all = std::iter::once(&self.newest).chain(&self.older);
        all.find(|(held, _)| *held == version).map(|(_, key)| key)
    }
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
    kek: &'kek Kek,
    keys: HashMap<(KeyScope, KeyPurpose), Vec<(KeyVersion, KeyBytes)>>,
}

impl<'kek> KeyringBuilder<'kek> {
    /// An empty builder. With a KEK of another environment, no key will open.
    pub fn new(environment: Environment, kek: &'kek Kek) -> Self {
        Self { environment, kek, keys: HashMap::new() }
    }

    /// Takes in one row, in any order.
    pub fn add(
        &mut self,
        purpose: KeyPurpose,
        scope: KeyScope,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<&mut Self, KeyringError> {
        if purpose == KeyPurpose::Kek || !purpose.fits(scope) {
            return Err(KeyringError::Scope(purpose));
        }
        let too_high = purpose == KeyPurpose::Locator && version.get() > u32::from(u8::MAX);
        if version < KeyVersion::FIRST || too_high {
            return Err(KeyringError::Version(purpose));
        }
        let key = self.kek.unwrap(self.environment, purpose, scope, version, wrapped)?;
        let versions = self.keys.entry((scope, purpose)).or_default();
        match versions.binary_search_by_key(&version, |(held, _)| *held) {
            Ok(_) => return Err(KeyringError::Duplicate(purpose)),
            Err(at) => versions.insert(at, (version, key)),
        }
        Ok(self)
    }

    /// The keyring. Every tenant that has one key must have all four; the deployment must have its two.
    pub fn build(mut self) -> Result<Keyring, KeyringError> {
        let locators = self.take(KeyScope::Deployment, KeyPurpose::Locator);
        let locator = Locator::new(self.environment, &locators).map_err(|_| KeyringError::Failed)?;
        let locator = locator.ok_or(missing(KeyScope::Deployment, KeyPurpose::Locator))?;
        let ring = self.take(KeyScope::Deployment, KeyPurpose::Ring).pop();
        let (_, ring) = ring.ok_or(missing(KeyScope::Deployment, KeyPurpose::Ring))?;
        let ring_key = Arc::new(RingKey::new(&ring).map_err(|_| KeyringError::Failed)?);
        let mut tenants = HashMap::new();
        for tenant in self.tenants() {
            tenants.insert(tenant, self.tenant_keys(tenant)?);
        }
        Ok(Keyring { environment: self.environment, tenants, locator, ring_key })
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

    fn take(&mut self, scope: KeyScope, purpose: KeyPurpose) -> Vec<(KeyVersion, KeyBytes)> {
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
