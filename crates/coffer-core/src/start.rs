//! Start: a store, a root key and a ring become a vault.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use coffer_crypto::{
    Entropy, Environment, Kek, KeyPurpose, KeyScope, KeyVersion, Keyring, KeyringBuilder, Ring, RootKey,
    WrappedKey,
};
use coffer_types::Tenant;

use crate::{
    audit::{Action, Fact},
    blank::Blanked,
    clock::Clock,
    failures::Failures,
    numbers::Numbers,
    session::Sessions,
    store::{CounterKey, Ended, IndexKind, KeyRow, Lost, Outcome, Row, Store, StoreError, UniqueKey, Unit},
    turns::Turns,
    vault::Vault,
};

/// What a vault is made of.
pub struct VaultParts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Sandbox or live; bound into every sealed value.
    pub environment: Environment,
    /// The tenants of the configuration with their names; keys are made for new ones.
    pub tenants: Vec<(Tenant, String)>,
    /// Where the ring's file lies. None keeps the ring in memory: codes do not survive a restart then.
    pub ring: Option<PathBuf>,
    /// Time.
    pub clock: Arc<Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// This node's number, 0 to 1023.
    pub node: u16,
}

/// Why a vault did not start. Each text says what an operator has to look at.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store could not be read or written.
    #[error("the store could not be read or written at start")]
    Store(#[from] StoreError),
    /// The root key does not open the key-encryption key in the store.
    #[error("this root key does not belong to this store: it does not open the store's key-encryption key")]
    WrongRoot,
    /// A key in the store does not open under the key-encryption key.
    #[error("a key in the store does not open: purpose {purpose}, version {version}")]
    BadKey {
        /// Stored code of the purpose.
        purpose: u8,
        /// Version.
        version: u32,
    },
    /// The tenant's number was first given to another name.
    #[error("tenant {number} belongs to another organization: its number was first given to another name")]
    TenantTaken {
        /// The tenant's number in the configuration.
        number: u32,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness")]
    Entropy,
    /// The ring's file could not be opened.
    #[error("the ring file for short-lived keys could not be opened: {0}")]
    Ring(#[source] coffer_crypto::RingError),
    /// The keys do not make a complete set.
    #[error("the keys in the store are not complete")]
    Incomplete,
}

impl Vault {
    /// Opens the vault: reads and makes keys, sets the clock and the counter after what the store has seen, and
    /// writes the start into the audit log.
    pub async fn open(parts: VaultParts, root: &RootKey) -> Result<Self, StartError> {
        parts.clock.set_offset(parts.store.counter(CounterKey::SANDBOX_CLOCK).await?);
        let newest = parts.store.newest_number().await?;
        if let Some(newest) = newest {
            parts.clock.raise_to(Numbers::time_of(newest));
        }
        let numbers = Numbers::after(parts.node, newest);
        let keys = load_keys(&parts, &numbers, root).await?;
        let ring = open_ring(&parts, &keys)?;
        let vault = Self {
            store: parts.store,
            keys,
            ring,
            clock: parts.clock,
            entropy: parts.entropy,
            numbers,
            failures: Failures::default(),
            turns: Turns::new(),
            blanked: Blanked::default(),
            sessions: Sessions::default(),
            stuck: Mutex::new(Ended::NOTHING),
        };
        vault.confirm_tenants(&parts.tenants).await?;
        let start = vault.unit(vault.now()).fact(Fact::system(Action::Start)).finish();
        match vault.store.commit(start).await? {
            Outcome::Done(_) => Ok(vault),
            Outcome::Lost { .. } => Err(StartError::Store(StoreError::Unavailable)),
        }
    }
}

impl Vault {
    /// A tenant's number stays with the name that it was first given to: an edited line of the configuration must not
    /// hand one organization's records to another. Only keyed hashes of the names are kept.
    async fn confirm_tenants(&self, tenants: &[(Tenant, String)]) -> Result<(), StartError> {
        for (tenant, name) in tenants {
            let value = self.keys.index_key(*tenant, "tenant name v1", &[name.as_bytes()]);
            let value = value.map_err(|_| StartError::Incomplete)?;
            let key = UniqueKey { tenant: *tenant, kind: IndexKind::TenantName, value };
            if self.store.holder(key).await?.is_some() {
                continue;
            }
            let named = CounterKey::tenant_names(*tenant);
            let now = self.now();
            let row = Row::Index { key, holder: self.numbers.next(now) };
            let unit = self.unit(now).insert(row).add_below(named, 1, 1).finish();
            match self.store.commit(unit).await? {
                // Not free: another start has just given it the same name.
                Outcome::Done(_) | Outcome::Lost { lost: Lost::NotFree(_), .. } => {}
                Outcome::Lost { .. } => return Err(StartError::TenantTaken { number: tenant.get() }),
            }
        }
        Ok(())
    }
}

fn open_ring(parts: &VaultParts, keys: &Keyring) -> Result<Ring, StartError> {
    let (key, now) = (keys.ring_key(), parts.clock.now());
    let ring = match &parts.ring {
        Some(path) => Ring::open(path, key, parts.environment, now, &*parts.entropy),
        None => Ring::in_memory(key, parts.environment, now, &*parts.entropy),
    };
    let ring = ring.map_err(StartError::Ring)?;
    let found = ring.opening();
    tracing::info!(
        created = found.created,
        live = found.live,
        expired = found.expired,
        torn = found.torn,
        "the ring"
    );
    Ok(ring)
}

/// Reads all keys, makes those that are missing, and puts them together.
async fn load_keys(parts: &VaultParts, numbers: &Numbers, root: &RootKey) -> Result<Keyring, StartError> {
    let mut rows = parts.store.keys().await?;
    let kek = if let Some(row) = rows.iter().find(|row| row.purpose == KeyPurpose::Kek.code()) {
        root.unwrap_kek(parts.environment, KeyVersion::new(row.version), &row.wrapped)
            .map_err(|_| StartError::WrongRoot)?
    } else {
        tracing::warn!("a new vault was made: this store held no keys");
        let (kek, wrapped) = new_kek(parts, root)?;
        let row = key_row(parts, KeyScope::Deployment, KeyPurpose::Kek, wrapped);
        rows.push(save_key(parts, numbers, row).await?);
        kek
    };
    let present: BTreeSet<_> = rows.iter().map(|row| (row.tenant, row.purpose)).collect();
    // A tenant that a start was cut off at, and that has left the configuration since, gets the rest of its keys too.
    let tenants: BTreeSet<Tenant> = parts
        .tenants
        .iter()
        .map(|(tenant, _)| *tenant)
        .chain(rows.iter().filter_map(|row| row.tenant))
        .collect();
    for (scope, purpose) in wanted(&tenants) {
        if !present.contains(&(tenant_of(scope), purpose.code())) {
            let wrapped = kek.wrap_new(purpose, scope, KeyVersion::FIRST, &*parts.entropy);
            let row = key_row(parts, scope, purpose, wrapped.map_err(|_| StartError::Entropy)?);
            rows.push(save_key(parts, numbers, row).await?);
        }
    }
    assemble(parts.environment, &kek, &rows)
}

fn tenant_of(scope: KeyScope) -> Option<Tenant> {
    match scope {
        KeyScope::Deployment => None,
        KeyScope::Tenant(tenant) => Some(tenant),
    }
}

/// Every key that a deployment with these tenants has.
fn wanted(tenants: &BTreeSet<Tenant>) -> Vec<(KeyScope, KeyPurpose)> {
    let deployment = KeyPurpose::OF_DEPLOYMENT.map(|purpose| (KeyScope::Deployment, purpose));
    let own = |tenant: &Tenant| KeyPurpose::OF_TENANT.map(|purpose| (KeyScope::Tenant(*tenant), purpose));
    let theirs = tenants.iter().flat_map(own);
    deployment.into_iter().chain(theirs).collect()
}

fn new_kek(parts: &VaultParts, root: &RootKey) -> Result<(Kek, WrappedKey), StartError> {
    let kek = Kek::generate(parts.environment, KeyVersion::FIRST, &*parts.entropy)
        .map_err(|_| StartError::Entropy)?;
    let wrapped = root.wrap_kek(&kek, &*parts.entropy).map_err(|_| StartError::Entropy)?;
    Ok((kek, wrapped))
}

fn key_row(parts: &VaultParts, scope: KeyScope, purpose: KeyPurpose, wrapped: WrappedKey) -> KeyRow {
    let version = KeyVersion::FIRST.get();
    KeyRow {
        tenant: tenant_of(scope),
        purpose: purpose.code(),
        version,
        created_at: parts.clock.now(),
        wrapped,
    }
}

/// Makes a new key durable. Somebody else who made the same key first wins, and this start fails and is repeated.
async fn save_key(parts: &VaultParts, numbers: &Numbers, row: KeyRow) -> Result<KeyRow, StartError> {
    let now = parts.clock.now();
    let fact =
        Fact::system(Action::KeyCreate).reason(format!("purpose {} version {}", row.purpose, row.version));
    let fact = Fact { tenant: row.tenant.map(Tenant::get), ..fact };
    let unit = Unit::build(numbers.next(now), now).insert(row.clone()).fact(fact).finish();
    match parts.store.commit(unit).await? {
        Outcome::Done(_) => Ok(row),
        Outcome::Lost { .. } => Err(StartError::Store(StoreError::Unavailable)),
    }
}

fn assemble(environment: Environment, kek: &Kek, rows: &[KeyRow]) -> Result<Keyring, StartError> {
    let mut builder = KeyringBuilder::new(environment, kek);
    for row in rows.iter().filter(|row| row.purpose != KeyPurpose::Kek.code()) {
        let bad = || StartError::BadKey { purpose: row.purpose, version: row.version };
        let purpose = KeyPurpose::from_code(row.purpose).ok_or_else(bad)?;
        let version = KeyVersion::new(row.version);
        let scope = row.tenant.map_or(KeyScope::Deployment, KeyScope::Tenant);
        builder.add(purpose, scope, version, &row.wrapped).map_err(|_| bad())?;
    }
    builder.build().map_err(|_| StartError::Incomplete)
}
