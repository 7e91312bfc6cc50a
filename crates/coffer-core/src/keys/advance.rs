//! Advance: keys go from state to state, each step after all nodes have met.
//!
//! Every step is guarded by the generations of the rows: whichever node takes it, it is taken once, and a rotation that
//! was cut off anywhere is brought to its end by whoever comes next.

use coffer_crypto::{KeyPurpose, KeyScope, KeyState, KeyVersion, WrappedKey};
use coffer_types::{Tenant, Timestamp, limits};

use super::{
    load::{Loaded, is_above},
    rotate::{Level, key_fact},
};
use crate::{
    audit::{Action, Fact},
    store::{CounterKey, KeyRow, UnitBuilder},
    vault::{Refused, Vault},
};

impl Vault {
    /// The steps that wait for nothing but the nodes. Nothing happens before they have met.
    /// True where one was taken.
    pub(crate) async fn advance_keys(&self) -> Result<bool, Refused> {
        if self.have_met().await?.is_none() {
            return Ok(false);
        }
        let loaded = self.keys.load();
        if self.activate(&loaded).await? {
            return Ok(true);
        }
        self.end_kek(&loaded).await
    }

    /// What every node holds is used from now on. False: there was nothing.
    async fn activate(&self, loaded: &Loaded) -> Result<bool, Refused> {
        let now = self.now();
        let arrived = |row: &&KeyRow| {
            let purpose = KeyPurpose::from_code(row.purpose);
            row.state == KeyState::Distributed && purpose.and_then(Level::of).is_some()
        };
        let arrived: Vec<&KeyRow> = loaded.rows.iter().filter(arrived).collect();
        for rows in arrived.chunks(limits::KEYS_PER_UNIT) {
            let mut unit = self.unit(now)?.add(CounterKey::KEY_REVISION, 1);
            for row in rows {
                unit = self.activated(loaded, unit, row, now)?;
            }
            self.store.commit(unit.finish()).await?;
        }
        Ok(!arrived.is_empty())
    }

    /// A key comes into use, and the one before it seals no more. Of fingerprint keys both are written until every
    /// record is found by the new one.
    fn activated(
        &self,
        loaded: &Loaded,
        unit: UnitBuilder,
        row: &KeyRow,
        now: Timestamp,
    ) -> Result<UnitBuilder, Refused> {
        let purpose = KeyPurpose::from_code(row.purpose).ok_or(Refused::Unavailable)?;
        // A record is named by the key of its time: that time comes when every node knows of it, and none that has not
        // heard of it writes any more.
        let lead = match (purpose, &self.nodes) {
            (KeyPurpose::Locator, Some(_)) => limits::PEER_LIVE_SECONDS,
            (KeyPurpose::Locator, None) => limits::LOCATOR_LEAD_SECONDS,
            _ => 0,
        };
        let active_at = Some(now.plus_seconds(lead));
        let mut unit = changed(unit, row, KeyRow { active_at, ..to(row, KeyState::Active, now)? });
        if purpose != KeyPurpose::Fingerprint {
            let before = loaded.rows_of(purpose, row.tenant).filter(|held| held.state == KeyState::Active);
            for held in before {
                unit = changed(unit, held, to(held, KeyState::DecryptOnly, now)?);
            }
        }
        Ok(unit)
    }

    /// Where another KEK is in use: keys that one before wraps are wrapped by it, and then those before go.
    async fn end_kek(&self, loaded: &Loaded) -> Result<bool, Refused> {
        // A device keeps those that key records of before need: there may be several.
        let retired: Vec<&KeyRow> =
            loaded.live_of(KeyPurpose::Kek).filter(|row| row.state == KeyState::DecryptOnly).collect();
        let Some(kek) = loaded.kek().filter(|_| !retired.is_empty()) else { return Ok(false) };
        let now = self.now();
        // What others have added since is among the store's rows.
        let rows = self.store.keys().await?;
        let is_under = |row: &&KeyRow| {
            let below = KeyPurpose::from_code(row.purpose).is_some_and(|purpose| !is_above(purpose));
            let is_old = retired.iter().any(|kek| row.under == kek.version);
            below && is_old && row.state != KeyState::Destroyed
        };
        let under: Vec<&KeyRow> = rows.iter().filter(is_under).collect();
        for rows in under.chunks(limits::KEYS_PER_UNIT) {
            let mut unit = self.unit(now)?.add(CounterKey::KEY_REVISION, 1);
            for row in rows {
                let from = loaded.kek_of(row.under).ok_or(Refused::Unavailable)?;
                let purpose = KeyPurpose::from_code(row.purpose).ok_or(Refused::Unavailable)?;
                let scope = row.tenant.map_or(KeyScope::Deployment, KeyScope::Tenant);
                let version = KeyVersion::new(row.version);
                let wrapped = kek
                    .rewrap(from, purpose, scope, version, &row.wrapped, &*self.entropy)
                    .map_err(|_| {
                        tracing::error!(
                            purpose = row.purpose,
                            version = row.version,
                            "a key was not rewrapped"
                        );
                        Refused::Unavailable
                    })?;
                let generation = row.generation.next().ok_or(Refused::Unavailable)?;
                let under = kek.version().get();
                unit =
                    unit.replace_key(row.generation, KeyRow { generation, under, wrapped, ..(*row).clone() });
            }
            let moved = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            unit = unit.fact(Fact { count: Some(moved.into()), ..Fact::system(Action::KeyRewrap) });
            self.store.commit(unit.finish()).await?;
        }
        if !under.is_empty() {
            return Ok(true);
        }
        // One in a device opens the key records of before, which nothing else does: it goes when they are over.
        if kek.is_in_device() {
            return Ok(false);
        }
        let mut unit = self.unit(now)?.add(CounterKey::KEY_REVISION, 1);
        for row in retired {
            unit = changed(unit, row, destroyed(row, now)?);
        }
        for row in loaded.live_of(KeyPurpose::KekUpgrade) {
            unit = changed(unit, row, destroyed(row, now)?);
        }
        self.store.commit(unit.finish()).await?;
        self.scrub().await;
        Ok(true)
    }

    /// What was erased goes out of the files as well. Where that fails now, it is done by a later checkpoint.
    pub(crate) async fn scrub(&self) {
        if self.store.scrub().await.is_err() {
            tracing::warn!("the store's log could not be emptied yet: it will be by a later checkpoint");
        }
    }
}

/// The next generation of a key in another state.
pub(crate) fn to(row: &KeyRow, state: KeyState, now: Timestamp) -> Result<KeyRow, Refused> {
    let generation = row.generation.next().ok_or(Refused::Unavailable)?;
    Ok(KeyRow { generation, state, changed_at: now, ..row.clone() })
}

/// The same without its bytes.
pub(crate) fn destroyed(row: &KeyRow, now: Timestamp) -> Result<KeyRow, Refused> {
    Ok(KeyRow { wrapped: WrappedKey(Vec::new()), ..to(row, KeyState::Destroyed, now)? })
}

/// Adds a change of a key to a unit, and to the audit log.
pub(crate) fn changed(unit: UnitBuilder, before: &KeyRow, after: KeyRow) -> UnitBuilder {
    let fact = key_fact(Action::KeyChange, &after);
    unit.replace_key(before.generation, after).fact(fact)
}

/// Names a key in a counter.
pub(crate) fn subject(tag: u8, row: &KeyRow) -> [u8; 16] {
    let mut subject = [0; 16];
    subject[0] = tag;
    subject[1] = row.purpose;
    subject[2] = row.state.code();
    subject[4..8].copy_from_slice(&row.version.to_be_bytes());
    subject[8..12].copy_from_slice(&row.tenant.map_or(0, Tenant::get).to_be_bytes());
    subject
}
