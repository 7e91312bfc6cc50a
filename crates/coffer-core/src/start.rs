//! Start: a store, a root key and a ring become a vault.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use coffer_crypto::{
    Entropy, Environment, Kek, KeyPurpose, KeyScope, KeyState, KeyVersion, Keyring, Ring, RingError, RingKey,
    WrappedKey,
};
use coffer_types::{Generation, RecordNumber, Tenant, limits};

use crate::{
    audit::{Action, Fact},
    blank::Blanked,
    clock::Clock,
    failures::Failures,
    keys::{
        Keys,
        load::{LoadError, Loaded, load, newest_active, open_keks},
        source::{KekSource, KekSourceError},
    },
    nodes::Joined,
    numbers::Numbers,
    peers::Peers,
    restored::Restored,
    sad::SadPolicy,
    session::Sessions,
    store::{
        CounterKey, Ended, IndexKind, KeyRow, Lost, Outcome, RecordTable, Row, Store, StoreError, UniqueKey,
        Unit,
    },
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
    /// Where the ring's file may lie: the first of these that no other process has. None at all keeps the ring in
    /// memory: codes do not survive a restart then.
    pub rings: Vec<PathBuf>,
    /// Time.
    pub clock: Arc<Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// This node's number, 0 to 1023, where the process has its store alone. Others draw theirs.
    pub node: u16,
    /// What the store has for nodes that share it; none for a process that has its store alone. The clock is then
    /// [`Clock::following`].
    pub peers: Option<Arc<dyn Peers>>,
    /// What becomes of sensitive authentication data.
    pub sad: SadPolicy,
}

/// Why a vault did not start. Each text says what an operator has to look at.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store could not be read or written.
    #[error("the store could not be read or written at start")]
    Store(#[from] StoreError),
    /// All numbers of nodes are in use or rest.
    #[error(
        "the store has no number for another node: at most {} processes may have used it within the last hour",
        limits::NODES
    )]
    NoNumber,
    /// What stands above the keys cannot open or make the KEK now.
    #[error("{0}")]
    NoRoot(#[source] KekSourceError),
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
    /// A version of a key is not there, and a later one is.
    #[error(
        "a key is missing in the store: purpose {purpose}, version {version}; put its key records back (docs/KEYS.md)"
    )]
    MissingKey {
        /// Stored code of the purpose.
        purpose: u8,
        /// Version.
        version: u32,
    },
    /// There are records, and no key at all.
    #[error(
        "this store has records and none of the keys that open them: put its key records back (docs/KEYS.md); \
        nothing was made or changed"
    )]
    NoKeys,
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

/// The store did not do what a start needs.
const UNAVAILABLE: StartError = StartError::Store(StoreError::Unavailable);

impl Vault {
    /// Opens the vault: reads and makes keys, sets the clock and the counter after what the store has seen, and
    /// writes the start into the audit log.
    pub async fn open(parts: VaultParts, source: Arc<dyn KekSource>) -> Result<Self, StartError> {
        check_source(&parts, &*source).await?;
        let joined = Joined::join(&parts).await?;
        parts.clock.set_offset(parts.store.counter(CounterKey::SANDBOX_CLOCK).await?);
        let newest = parts.store.newest_number().await?;
        if let Some(newest) = newest {
            parts.clock.raise_to(Numbers::time_of(newest));
        }
        let restored = Restored::load(&*parts.store, &parts.clock).await?;
        let node = joined.as_ref().map_or(parts.node, |joined| joined.node);
        let numbers = Numbers::after(node, newest);
        let keys = load_keys(&parts, &numbers, &*source).await?;
        let ring = open_ring(&parts, &keys.keyring)?;
        let nodes = joined.map(|joined| joined.with_keys(&parts, &keys.keyring)).transpose()?;
        let keys = Keys::new(parts.environment, source, keys);
        let vault = Self {
            store: parts.store,
            keys,
            ring,
            sad: parts.sad,
            clock: parts.clock,
            entropy: parts.entropy,
            numbers,
            nodes,
            restored,
            failures: Failures::default(),
            turns: Turns::new(),
            blanked: Blanked::default(),
            sessions: Sessions::default(),
            stuck: Mutex::new(Ended::NOTHING),
        };
        vault.confirm_tenants(&parts.tenants).await?;
        vault.meet_nodes().await.map_err(|_| UNAVAILABLE)?;
        let start = vault.unit(vault.now()).map_err(|_| UNAVAILABLE)?;
        match vault.store.commit(start.fact(Fact::system(Action::Start)).finish()).await? {
            Outcome::Done(_) => Ok(vault),
            Outcome::Lost { .. } => Err(UNAVAILABLE),
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
            let holder = self.number(now).map_err(|_| UNAVAILABLE)?;
            let unit = self.unit(now).map_err(|_| UNAVAILABLE)?;
            let unit = unit.insert(Row::Index { key, holder }).add_below(named, 1, 1).finish();
            if let Outcome::Lost { .. } = self.store.commit(unit).await?
                // Another start may just have given it the same name.
                && self.store.holder(key).await?.is_none()
            {
                return Err(StartError::TenantTaken { number: tenant.get() });
            }
        }
        Ok(())
    }
}

fn open_ring(parts: &VaultParts, keys: &Keyring) -> Result<Ring, StartError> {
    let (key, now) = (keys.ring_key(), parts.clock.now());
    if parts.sad.is_dropped() {
        return unused_ring(parts, key);
    }
    let open = |path| Ring::open(path, Arc::clone(&key), parts.environment, now, &*parts.entropy);
    let mut opened = parts.rings.iter().map(|path| open(path));
    let ring = match opened.next() {
        None => Ring::in_memory(key, parts.environment, now, &*parts.entropy),
        // Processes that share a folder have a ring each.
        Some(Err(RingError::InUse)) => {
            opened.find(|ring| !matches!(ring, Err(RingError::InUse))).unwrap_or(Err(RingError::InUse))
        }
        Some(ring) => ring,
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

/// A ring that nothing is put into. What an earlier start left in the files is overwritten: nobody would do it later.
fn unused_ring(parts: &VaultParts, key: Arc<RingKey>) -> Result<Ring, StartError> {
    for path in &parts.rings {
        match Ring::erase(path) {
            // Another process of this folder, which stores codes and erases them itself.
            Ok(()) | Err(RingError::InUse) => {}
            Err(error) => return Err(StartError::Ring(error)),
        }
    }
    let ring = Ring::in_memory(key, parts.environment, parts.clock.now(), &*parts.entropy);
    ring.map_err(StartError::Ring)
}

/// Whether what stands above the keys is this store's, before anything is taken of it: a node that is started again and
/// again with a wrong root must not use up the numbers of nodes.
async fn check_source(parts: &VaultParts, source: &dyn KekSource) -> Result<(), StartError> {
    if parts.peers.is_none() {
        return Ok(());
    }
    let rows = parts.store.keys().await?;
    if !rows.iter().any(is_kek) {
        return Ok(());
    }
    open_keks(parts.environment, source, &[], &rows)?;
    Ok(())
}

fn is_kek(row: &KeyRow) -> bool {
    row.purpose == KeyPurpose::Kek.code()
}

/// Reads all keys, makes those that are missing, and puts them together. Several first starts at once make the same
/// keys: whoever comes second with one reads all of them again and goes on.
async fn load_keys(
    parts: &VaultParts,
    numbers: &Numbers,
    source: &dyn KekSource,
) -> Result<Loaded, StartError> {
    let revision = parts.store.counter(CounterKey::KEY_REVISION).await?;
    let mut rows = parts.store.keys().await?;
    let mut turns = 0;
    loop {
        let found = rows.len();
        if let Some(keks) = complete_keys(parts, numbers, source, &mut rows).await? {
            return Ok(load(parts.environment, source, &keks, rows, revision)?);
        }
        rows = parts.store.keys().await?;
        turns += 1;
        if rows.len() <= found && turns > limits::PLAN_ATTEMPTS {
            return Err(UNAVAILABLE);
        }
    }
}

/// Makes the keys that are not among the rows. None: another start made one of them first.
async fn complete_keys(
    parts: &VaultParts,
    numbers: &Numbers,
    source: &dyn KekSource,
    rows: &mut Vec<KeyRow>,
) -> Result<Option<Vec<Arc<Kek>>>, StartError> {
    let keks = if rows.iter().any(is_kek) {
        open_keks(parts.environment, source, &[], rows)?
    } else {
        if has_records(&*parts.store).await? {
            // Of another first start that is further.
            *rows = parts.store.keys().await?;
            return if rows.iter().any(is_kek) { Ok(None) } else { Err(StartError::NoKeys) };
        }
        let made = source.make(parts.environment, KeyVersion::FIRST, &*parts.entropy);
        let (kek, wrapped) = made.map_err(LoadError::Source)?;
        let row = key_row(parts, KeyScope::Deployment, KeyPurpose::Kek, KeyVersion::FIRST, wrapped);
        if !save_key(parts, numbers, &row, None).await? {
            return Ok(None);
        }
        tracing::warn!("a new vault was made: this store held no keys");
        rows.push(row);
        vec![Arc::new(kek)]
    };
    let in_use = newest_active(rows.iter().filter(|row| is_kek(row))).map(|row| row.version);
    let kek = keks.iter().find(|kek| Some(kek.version().get()) == in_use).ok_or(StartError::Incomplete)?;
    let wraps = newest_active(rows.iter().filter(|row| is_kek(row))).cloned();
    let is_recorded = rows.iter().any(|row| row.purpose == KeyPurpose::Root.code());
    if let Some(root) = source.root().filter(|_| !is_recorded) {
        let record = WrappedKey(root.as_bytes().to_vec());
        let row = key_row(parts, KeyScope::Deployment, KeyPurpose::Root, KeyVersion::FIRST, record);
        if !save_key(parts, numbers, &row, None).await? {
            return Ok(None);
        }
        rows.push(row);
    }
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
            let wrapped = wrapped.map_err(|_| StartError::Entropy)?;
            let row = key_row(parts, scope, purpose, kek.version(), wrapped);
            if !save_key(parts, numbers, &row, wraps.as_ref()).await? {
                return Ok(None);
            }
            rows.push(row);
        }
    }
    Ok(Some(keks))
}

/// Whether anything lies in the store that a key must have sealed.
async fn has_records(store: &dyn Store) -> Result<bool, StoreError> {
    for table in RecordTable::ALL {
        if !store.records(table, RecordNumber::MIN, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
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

fn key_row(
    parts: &VaultParts,
    scope: KeyScope,
    purpose: KeyPurpose,
    under: KeyVersion,
    wrapped: WrappedKey,
) -> KeyRow {
    let (version, now) = (KeyVersion::FIRST.get(), parts.clock.now());
    KeyRow {
        tenant: tenant_of(scope),
        purpose: purpose.code(),
        version,
        generation: Generation::FIRST,
        state: KeyState::Active,
        under: under.get(),
        created_at: now,
        active_at: Some(now),
        changed_at: now,
        wrapped,
    }
}

/// Makes a new key durable. False: somebody else made the same key first.
async fn save_key(
    parts: &VaultParts,
    numbers: &Numbers,
    row: &KeyRow,
    wraps: Option<&KeyRow>,
) -> Result<bool, StartError> {
    let now = parts.clock.now();
    let fact =
        Fact::system(Action::KeyCreate).reason(format!("purpose {} version {}", row.purpose, row.version));
    let fact = Fact { tenant: row.tenant.map(Tenant::get), ..fact };
    let unit = Unit::build(numbers.next(now), now).insert(row.clone()).fact(fact);
    // No key comes to lie under a KEK that is gone meanwhile.
    let unit = wraps.iter().fold(unit, |unit, kek| unit.expect_live(kek.key(), kek.generation)).finish();
    match parts.store.commit(unit).await? {
        Outcome::Done(_) => Ok(true),
        Outcome::Lost { lost: Lost::Exists | Lost::NotLive(_), .. } => Ok(false),
        Outcome::Lost { .. } => Err(UNAVAILABLE),
    }
}
