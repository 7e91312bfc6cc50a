//! The rows of the store become the keys of a node.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use coffer_crypto::{
    Class, Environment, Kek, KeyLife, KeyPurpose, KeyScope, KeyState, KeyVersion, Keyring, KeyringBuilder,
};
use coffer_types::{RecordNumber, Tenant};

use super::source::{KekSource, KekSourceError};
use crate::{numbers::Numbers, store::KeyRow};

/// The keys of a node at one time: what the store held, opened.
pub(crate) struct Loaded {
    pub(crate) keyring: Keyring,
    /// All rows, destroyed keys too.
    pub(crate) rows: Vec<KeyRow>,
    /// The KEKs that are not destroyed, in rising order.
    pub(crate) keks: Vec<Arc<Kek>>,
    /// The rows are at least as new as this.
    pub(crate) revision: u64,
    /// Data keys that were destroyed: by tenant, purpose and version.
    destroyed: BTreeSet<(Tenant, u8, u32)>,
}

/// Why rows are no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Source(#[from] KekSourceError),
    /// A key does not open under the KEK, or its row says something impossible.
    #[error("a key in the store does not open: purpose {purpose}, version {version}")]
    BadKey { purpose: u8, version: u32 },
    /// A version is not there, and a later one is: rows of keys are never taken away.
    #[error("a key is missing in the store: purpose {purpose}, version {version}")]
    Missing { purpose: u8, version: u32 },
    #[error("the keys in the store are not complete")]
    Incomplete,
}

/// Opens rows. KEKs that are known are not opened again.
pub(crate) fn load(
    environment: Environment,
    source: &dyn KekSource,
    known: &[Arc<Kek>],
    rows: Vec<KeyRow>,
    revision: u64,
) -> Result<Loaded, LoadError> {
    let keks = open_keks(environment, source, known, &rows)?;
    let keyring = assemble(environment, &keks, &rows)?;
    let destroyed = rows.iter().filter(|row| row.state == KeyState::Destroyed);
    let destroyed = destroyed.filter_map(|row| Some((row.tenant?, row.purpose, row.version))).collect();
    Ok(Loaded { keyring, rows, keks, revision, destroyed })
}

impl Loaded {
    /// The KEK that wraps new keys.
    pub(crate) fn kek(&self) -> Option<&Arc<Kek>> {
        let in_use = newest_active(self.rows_of(KeyPurpose::Kek, None))?.version;
        self.keks.iter().find(|kek| kek.version().get() == in_use)
    }

    pub(crate) fn kek_of(&self, version: u32) -> Option<&Arc<Kek>> {
        self.keks.iter().find(|kek| kek.version().get() == version)
    }

    /// Whether this version of a tenant's data key was destroyed: what is under it opens nowhere any more.
    pub(crate) fn is_destroyed(&self, class: Class, tenant: Tenant, version: KeyVersion) -> bool {
        let purpose = match class {
            Class::ShortLived => KeyPurpose::DataShortLived,
            Class::Durable => KeyPurpose::DataDurable,
            // Its keys are the ring's.
            Class::Sad => return false,
        };
        self.destroyed.contains(&(tenant, purpose.code(), version.get()))
    }

    /// The versions of one key, in rising order.
    pub(crate) fn rows_of(
        &self,
        purpose: KeyPurpose,
        tenant: Option<Tenant>,
    ) -> impl Iterator<Item = &KeyRow> + Clone {
        let code = purpose.code();
        self.rows.iter().filter(move |row| row.purpose == code && row.tenant == tenant)
    }

    /// Of every key of one purpose the version in use.
    pub(crate) fn in_use_of(&self, purpose: KeyPurpose) -> BTreeMap<Option<Tenant>, &KeyRow> {
        let mut newest: BTreeMap<_, &KeyRow> = BTreeMap::new();
        for row in self.live_of(purpose).filter(|row| row.state == KeyState::Active) {
            let held = newest.entry(row.tenant).or_insert(row);
            if row.version > held.version {
                *held = row;
            }
        }
        newest
    }

    /// The rows of one purpose, whoever's, that are not destroyed.
    pub(crate) fn live_of(&self, purpose: KeyPurpose) -> impl Iterator<Item = &KeyRow> + Clone {
        let code = purpose.code();
        self.rows.iter().filter(move |row| row.purpose == code && row.state != KeyState::Destroyed)
    }
}

/// The version in use.
pub(crate) fn newest_active<'a>(rows: impl Iterator<Item = &'a KeyRow>) -> Option<&'a KeyRow> {
    rows.filter(|row| row.state == KeyState::Active).max_by_key(|row| row.version)
}

/// Every KEK that is not destroyed: by a row that the one before wraps, or by what stands above.
pub(crate) fn open_keks(
    environment: Environment,
    source: &dyn KekSource,
    known: &[Arc<Kek>],
    rows: &[KeyRow],
) -> Result<Vec<Arc<Kek>>, LoadError> {
    let mut keks: Vec<Arc<Kek>> = Vec::new();
    let live = |row: &&KeyRow| row.purpose == KeyPurpose::Kek.code() && row.state != KeyState::Destroyed;
    let mut live: Vec<&KeyRow> = rows.iter().filter(live).collect();
    live.sort_by_key(|row| row.version);
    for row in live {
        let version = KeyVersion::new(row.version);
        let held = known.iter().find(|kek| kek.version() == version);
        let kek = match held {
            Some(kek) => Arc::clone(kek),
            None => match by_the_one_before(&keks, rows, version) {
                Some(kek) => Arc::new(kek),
                None => match open_row(environment, source, rows, row) {
                    Ok(kek) => Arc::new(kek),
                    // A retired one of a device that is gone there: nothing lies under it.
                    Err(_) if row.state == KeyState::DecryptOnly && !has_keys(rows, row) => continue,
                    Err(error) => return Err(error),
                },
            },
        };
        keks.push(kek);
    }
    if keks.is_empty() { Err(LoadError::Incomplete) } else { Ok(keks) }
}

fn open_row(
    environment: Environment,
    source: &dyn KekSource,
    rows: &[KeyRow],
    row: &KeyRow,
) -> Result<Kek, LoadError> {
    let wrapped = wrapped_by(source, rows, row)?;
    Ok(source.open(environment, KeyVersion::new(row.version), wrapped)?)
}

/// Whether a key lies under this KEK.
pub(crate) fn has_keys(rows: &[KeyRow], kek: &KeyRow) -> bool {
    rows.iter().any(|row| {
        let below = KeyPurpose::from_code(row.purpose).is_some_and(|purpose| !is_above(purpose));
        below && row.state != KeyState::Destroyed && row.under == kek.version
    })
}

/// The KEK of a version among rows, by what stands above it. Its error tells whether that is another store's, or away.
pub fn open_kek(
    environment: Environment,
    source: &dyn KekSource,
    rows: &[KeyRow],
    version: u32,
) -> Result<Kek, KekSourceError> {
    let is_it = |row: &&KeyRow| row.purpose == KeyPurpose::Kek.code() && row.version == version;
    let row = rows.iter().find(is_it).ok_or(KekSourceError::Wrong)?;
    let wrapped = wrapped_by(source, rows, row).map_err(|_| KekSourceError::Wrong)?;
    source.open(environment, KeyVersion::new(version), wrapped)
}

/// A KEK that a running node learns without the root.
fn by_the_one_before(keks: &[Arc<Kek>], rows: &[KeyRow], version: KeyVersion) -> Option<Kek> {
    let upgrade = KeyPurpose::KekUpgrade.code();
    let row = rows.iter().find(|row| row.purpose == upgrade && row.version == version.get())?;
    let before = keks.iter().find(|kek| kek.version().get() == row.under)?;
    before.open_next(version, &row.wrapped).ok()
}

/// What this source's root wraps of a KEK: its row, or while the root changes what lies there for the next one.
fn wrapped_by<'a>(
    source: &dyn KekSource,
    rows: &'a [KeyRow],
    kek: &'a KeyRow,
) -> Result<&'a coffer_crypto::WrappedKey, LoadError> {
    let Some(root) = source.root() else { return Ok(&kek.wrapped) };
    let purpose = KeyPurpose::Root.code();
    let mut known =
        rows.iter().filter(|row| row.purpose == purpose && row.state != KeyState::Destroyed).peekable();
    if known.peek().is_none() {
        return Ok(&kek.wrapped);
    }
    let row = known.find(|row| row.wrapped.0 == root.as_bytes()).ok_or(KekSourceError::Wrong)?;
    if row.state == KeyState::Active {
        return Ok(&kek.wrapped);
    }
    let next = KeyPurpose::KekNextRoot.code();
    let waiting = rows
        .iter()
        .find(|held| held.purpose == next && held.version == row.version && held.under == kek.version);
    Ok(&waiting.ok_or(LoadError::Incomplete)?.wrapped)
}

fn assemble(environment: Environment, keks: &[Arc<Kek>], rows: &[KeyRow]) -> Result<Keyring, LoadError> {
    let (first, others) = keks.split_first().ok_or(LoadError::Incomplete)?;
    check_gaps(rows)?;
    let mut builder = KeyringBuilder::new(environment, first);
    for kek in others {
        builder.also_under(kek);
    }
    for row in rows {
        let bad = || LoadError::BadKey { purpose: row.purpose, version: row.version };
        let purpose = KeyPurpose::from_code(row.purpose).ok_or_else(bad)?;
        if is_above(purpose) {
            continue;
        }
        let scope = row.tenant.map_or(KeyScope::Deployment, KeyScope::Tenant);
        builder
            .add_in(life_of(row), purpose, scope, KeyVersion::new(row.version), &row.wrapped)
            .map_err(|_| bad())?;
    }
    builder.build().map_err(|_| LoadError::Incomplete)
}

/// What a keyring is told of a row.
pub(crate) fn life_of(row: &KeyRow) -> KeyLife {
    KeyLife { state: row.state, from: named_from(row), under: KeyVersion::new(row.under) }
}

/// Whether rows of this purpose hold the KEK or tell of the root, and no key below it.
pub(crate) fn is_above(purpose: KeyPurpose) -> bool {
    matches!(purpose, KeyPurpose::Kek | KeyPurpose::KekUpgrade | KeyPurpose::KekNextRoot | KeyPurpose::Root)
}

/// From which record on a locator key names: the first key has named all before the second.
pub(crate) fn named_from(row: &KeyRow) -> RecordNumber {
    match row.active_at {
        Some(at) if row.version > KeyVersion::FIRST.get() => Numbers::lowest_at(at),
        _ => RecordNumber::MIN,
    }
}

/// Versions of a key count from 1 without a gap.
fn check_gaps(rows: &[KeyRow]) -> Result<(), LoadError> {
    let mut versions: BTreeMap<(Option<Tenant>, u8), BTreeSet<u32>> = BTreeMap::new();
    let counted =
        |row: &&KeyRow| KeyPurpose::from_code(row.purpose).is_some_and(|purpose| !is_above(purpose));
    for row in rows.iter().filter(counted) {
        versions.entry((row.tenant, row.purpose)).or_default().insert(row.version);
    }
    for ((_, purpose), held) in versions {
        if let Some((version, _)) = (1..).zip(&held).find(|(expected, held)| expected != *held) {
            return Err(LoadError::Missing { purpose, version });
        }
    }
    Ok(())
}
