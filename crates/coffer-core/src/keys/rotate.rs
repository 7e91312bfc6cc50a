//! Rotate: another version of a key is made, brought to every node, and used from then on.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use coffer_crypto::{Kek, KeyPurpose, KeyScope, KeyState, KeyVersion, WrappedKey};
use coffer_types::{Generation, Tenant, Timestamp, limits};
use serde::Serialize;

use super::{
    load::{Loaded, has_keys, newest_active},
    root::root_of,
    source::KekSourceError,
};
use crate::{
    audit::{Action, Fact},
    store::{CounterKey, KeyRow, Lost, Outcome, UnitBuilder},
    vault::{Refused, Vault},
};

/// How long a rotation waits for the nodes, seconds.
const WAITS_SECONDS: u64 = 60;
const WAITS_EVERY: Duration = Duration::from_millis(100);

/// A level of the hierarchy that is rotated by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The key that wraps all others.
    Kek,
    /// Every tenant's data keys, of both classes: another epoch begins.
    Data,
    /// Every tenant's fingerprint key.
    Fingerprint,
    /// The key of tokens and ids.
    Locator,
}

impl Level {
    /// All of them, from above.
    pub const ALL: [Self; 4] = [Self::Kek, Self::Data, Self::Fingerprint, Self::Locator];

    /// The word for it in commands and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kek => "kek",
            Self::Data => "data",
            Self::Fingerprint => "fingerprint",
            Self::Locator => "locator",
        }
    }

    /// The level of a word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// The level of a purpose; none of one that is not rotated.
    pub(crate) fn of(purpose: KeyPurpose) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.purposes().contains(&purpose))
    }

    pub(crate) const fn purposes(self) -> &'static [KeyPurpose] {
        match self {
            Self::Kek => &[KeyPurpose::Kek],
            Self::Data => &[KeyPurpose::DataShortLived, KeyPurpose::DataDurable],
            Self::Fingerprint => &[KeyPurpose::Fingerprint],
            Self::Locator => &[KeyPurpose::Locator],
        }
    }
}

/// A key that another version is in use of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotated {
    /// The level.
    pub level: Level,
    /// The highest version that was in use before, and the highest that is now, among all tenants.
    pub from: u32,
    /// See [`Self::from`].
    pub to: u32,
    /// How many keys of it there are.
    pub keys: usize,
}

/// Why nothing was rotated, or a rotation is not at its end yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotateError {
    /// See [`KekSourceError`].
    #[error(transparent)]
    Source(#[from] KekSourceError),
    /// The rotation before has not come to its end; of the KEK also: the root is being changed.
    #[error(
        "{} keys wait: what was begun with them before, or with the root, has not come to its end (coffer keys status)",
        .0.name()
    )]
    Unfinished(Level),
    /// The last version that there can be.
    #[error("there can be no further version of this key")]
    LastVersion,
    /// Not every node has loaded the keys in time. The rotation goes on by itself when they have.
    #[error("not every node has taken the new keys yet: the rotation goes on by itself (coffer keys status)")]
    Waiting,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Vault {
    /// Makes new versions of the keys of these levels, and returns when every node uses them. What is left to do
    /// afterwards (records are sealed anew, old keys destroyed) is done by [`Vault::keep_keys`], and also the whole
    /// where this is cut off.
    pub async fn rotate_keys(&self, levels: &[Level]) -> Result<Vec<Rotated>, RotateError> {
        let until = Instant::now() + Duration::from_secs(WAITS_SECONDS);
        // Planned anew where others have changed what it was planned by.
        let before = loop {
            self.have_met().await?;
            let loaded = self.keys.load();
            match levels.iter().find(|level| loaded.is_unfinished(**level)) {
                None if self.begin_rotation(&loaded, levels).await? => break loaded,
                None if Instant::now() >= until => return Err(RotateError::Waiting),
                None => self.reload_keys().await?,
                // The records must be renewed before there is a third one: that takes its time.
                Some(Level::Fingerprint) => return Err(RotateError::Unfinished(Level::Fingerprint)),
                Some(Level::Kek) if loaded.is_root_changing() => {
                    return Err(RotateError::Unfinished(Level::Kek));
                }
                Some(level) if Instant::now() >= until => return Err(RotateError::Unfinished(*level)),
                Some(_) if self.advance_keys().await? => {}
                Some(_) => tokio::time::sleep(WAITS_EVERY).await,
            }
        };
        loop {
            let met = or_later(self.have_met().await)?;
            let now = self.keys.load();
            let report: Vec<Rotated> =
                levels.iter().map(|level| Rotated::between(*level, &before, &now)).collect();
            let in_use = levels.iter().all(|level| now.is_all_in_use(*level, self.now()));
            if met.is_some() && in_use && report.iter().all(|rotated| rotated.to > rotated.from) {
                return Ok(report);
            }
            if Instant::now() >= until {
                return Err(RotateError::Waiting);
            }
            if !or_later(self.advance_keys().await)? {
                tokio::time::sleep(WAITS_EVERY).await;
            }
        }
    }

    /// Inserts the new versions; nothing uses them yet. A version that another rotation has begun is left alone. False
    /// where the KEK or the root was changed meanwhile.
    pub(crate) async fn begin_rotation(
        &self,
        loaded: &Loaded,
        levels: &[Level],
    ) -> Result<bool, RotateError> {
        let now = self.now();
        let kek = loaded.kek().ok_or(Refused::Unavailable)?;
        let mut rows = Vec::new();
        for level in levels.iter().filter(|level| **level != Level::Kek) {
            for (purpose, tenant) in loaded.keys_of(*level) {
                rows.extend(self.next_key(loaded, kek, purpose, tenant, now)?);
            }
        }
        // Last: it may come into use at once, and what is still to be inserted lies under the one before.
        if levels.contains(&Level::Kek) {
            rows.extend(self.next_kek(loaded, now)?);
        }
        let wraps = newest_active(loaded.live_of(KeyPurpose::Kek)).ok_or(Refused::Unavailable)?;
        let root = newest_active(loaded.live_of(KeyPurpose::Root));
        for rows in rows.chunks(limits::KEYS_PER_UNIT) {
            let mut unit = self.unit(now)?.add(CounterKey::KEY_REVISION, 1);
            // No key comes to lie under a KEK that is gone meanwhile.
            unit = unit.expect_live(wraps.key(), wraps.generation);
            // A change of the root and one of the KEK exclude each other: both write the root's record.
            let kek = rows.iter().any(|row| row.purpose == KeyPurpose::Kek.code());
            if let Some(root) = root.filter(|_| kek) {
                unit = touched(unit, root)?;
            }
            for row in rows {
                unit = unit.insert(row.clone()).fact(key_fact(Action::KeyCreate, row));
            }
            let outcome = self.store.commit(unit.finish()).await.map_err(Refused::from)?;
            // Where they exist, another node has begun the same rotation.
            if matches!(outcome, Outcome::Lost { lost: Lost::NotLive(_), .. }) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn next_kek(&self, loaded: &Loaded, now: Timestamp) -> Result<Vec<KeyRow>, RotateError> {
        let Some(version) = loaded.next_version(KeyPurpose::Kek, None)? else { return Ok(Vec::new()) };
        if loaded.is_root_changing() {
            return Err(RotateError::Unfinished(Level::Kek));
        }
        // Only the root in use may wrap it: no other opens the store at the next start.
        if let (Some(known), Some(held)) = (root_of(loaded), self.keys.source.root())
            && known != held
        {
            return Err(KekSourceError::Wrong.into());
        }
        let before = loaded.kek().ok_or(Refused::Unavailable)?;
        let environment = self.keys.environment();
        let (kek, wrapped): (Kek, WrappedKey) =
            self.keys.source.make(environment, version, &*self.entropy)?;
        let root = loaded.live_of(KeyPurpose::Root).find(|row| row.state == KeyState::Active);
        let under = root.map_or(1, |row| row.version);
        let mut rows = Vec::new();
        if !kek.is_in_device() {
            let upgrade = before.wrap_next(&kek, &*self.entropy).map_err(|_| Refused::Unavailable)?;
            let row = new_row(KeyPurpose::KekUpgrade, None, version, before.version().get(), upgrade, now);
            rows.push(KeyRow { state: KeyState::Active, ..row });
        }
        rows.push(new_row(KeyPurpose::Kek, None, version, under, wrapped, now));
        Ok(rows)
    }

    fn next_key(
        &self,
        loaded: &Loaded,
        kek: &Kek,
        purpose: KeyPurpose,
        tenant: Option<Tenant>,
        now: Timestamp,
    ) -> Result<Option<KeyRow>, RotateError> {
        let Some(version) = loaded.next_version(purpose, tenant)? else { return Ok(None) };
        let scope = tenant.map_or(KeyScope::Deployment, KeyScope::Tenant);
        let wrapped = kek.wrap_new(purpose, scope, version, &*self.entropy);
        let wrapped = wrapped.map_err(|_| Refused::Unavailable)?;
        Ok(Some(new_row(purpose, tenant, version, kek.version().get(), wrapped, now)))
    }
}

/// A store that does not answer for a moment ends no rotation that was begun: it is asked again, as long as the nodes
/// are waited for.
fn or_later<T: Default>(step: Result<T, Refused>) -> Result<T, Refused> {
    match step {
        Err(Refused::Unavailable | Refused::Busy) => Ok(T::default()),
        step => step,
    }
}

impl Loaded {
    /// The version after all that there were; none where one is on its way already.
    fn next_version(
        &self,
        purpose: KeyPurpose,
        tenant: Option<Tenant>,
    ) -> Result<Option<KeyVersion>, RotateError> {
        let rows = || self.rows_of(purpose, tenant);
        if rows().any(|row| row.state == KeyState::Distributed) {
            return Ok(None);
        }
        let newest = rows().map(|row| row.version).max().unwrap_or(0);
        let most = if purpose == KeyPurpose::Locator { u32::from(u8::MAX) } else { u32::MAX };
        let next = newest.checked_add(1).filter(|next| *next <= most).ok_or(RotateError::LastVersion)?;
        Ok(Some(KeyVersion::new(next)))
    }

    /// Every key of a level: its purpose, and whose it is.
    pub(crate) fn keys_of(&self, level: Level) -> BTreeSet<(KeyPurpose, Option<Tenant>)> {
        let of = |purpose: KeyPurpose| self.live_of(purpose).map(move |row| (purpose, row.tenant));
        level.purposes().iter().copied().flat_map(of).collect()
    }

    /// Whether an earlier rotation of this level must come to its end before another begins.
    pub(crate) fn is_unfinished(&self, level: Level) -> bool {
        let mut live = level.purposes().iter().flat_map(|purpose| self.live_of(*purpose));
        match level {
            Level::Kek => self.is_kek_changing() || self.is_root_changing(),
            Level::Fingerprint => {
                let mut in_use = BTreeSet::new();
                live.any(|row| row.state == KeyState::Active && !in_use.insert(row.tenant))
            }
            Level::Data | Level::Locator => live.any(|row| row.state == KeyState::Distributed),
        }
    }

    /// Whether another KEK is on its way, or keys lie under one that is not in use.
    pub(crate) fn is_kek_changing(&self) -> bool {
        let mut live = self.live_of(KeyPurpose::Kek);
        live.any(|row| {
            row.state == KeyState::Distributed
                || (row.state == KeyState::DecryptOnly && has_keys(&self.rows, row))
        }) || !self.kek().is_some_and(|kek| kek.is_in_device() || self.live_of(KeyPurpose::Kek).count() == 1)
    }

    /// Whether another root is on its way.
    pub(crate) fn is_root_changing(&self) -> bool {
        self.live_of(KeyPurpose::Root).any(|row| row.state == KeyState::Distributed)
    }

    /// Whether no version of this level is still on its way, and each that is in use was begun to be used.
    fn is_all_in_use(&self, level: Level, now: Timestamp) -> bool {
        self.keys_of(level).into_iter().all(|(purpose, tenant)| {
            let on_its_way = self.rows_of(purpose, tenant).any(|row| row.state == KeyState::Distributed);
            let active = newest_active(self.rows_of(purpose, tenant));
            !on_its_way && active.is_some_and(|row| row.active_at.is_some_and(|at| at <= now))
        })
    }

    fn in_use(&self, level: Level) -> u32 {
        let newest =
            |(purpose, tenant)| newest_active(self.rows_of(purpose, tenant)).map_or(0, |row| row.version);
        self.keys_of(level).into_iter().map(newest).max().unwrap_or(0)
    }
}

impl Rotated {
    fn between(level: Level, before: &Loaded, after: &Loaded) -> Self {
        Self { level, from: before.in_use(level), to: after.in_use(level), keys: after.keys_of(level).len() }
    }
}

/// Writes a row anew as it is, so that whoever read it before loses.
pub(crate) fn touched(unit: UnitBuilder, row: &KeyRow) -> Result<UnitBuilder, Refused> {
    let generation = row.generation.next().ok_or(Refused::Unavailable)?;
    Ok(unit.replace_key(row.generation, KeyRow { generation, ..row.clone() }))
}

/// A key that is on its way.
pub(crate) fn new_row(
    purpose: KeyPurpose,
    tenant: Option<Tenant>,
    version: KeyVersion,
    under: u32,
    wrapped: WrappedKey,
    now: Timestamp,
) -> KeyRow {
    KeyRow {
        tenant,
        purpose: purpose.code(),
        version: version.get(),
        generation: Generation::FIRST,
        state: KeyState::Distributed,
        under,
        created_at: now,
        active_at: None,
        changed_at: now,
        wrapped,
    }
}

/// What the audit log says of a key.
pub(crate) fn key_fact(action: Action, row: &KeyRow) -> Fact {
    let state = row.state.name();
    let fact =
        Fact::system(action).reason(format!("purpose {} version {} {state}", row.purpose, row.version));
    Fact { tenant: row.tenant.map(Tenant::get), ..fact }
}
