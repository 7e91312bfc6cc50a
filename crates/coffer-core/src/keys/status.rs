//! Status: every key with its state, and the day by which what it sealed is erased everywhere.

use std::collections::BTreeSet;

use coffer_crypto::{KeyPurpose, KeyState};
use coffer_types::{Tenant, Timestamp, limits};
use serde::Serialize;

use super::{
    keep::{Hurry, mark_sealed},
    load::Loaded,
    policy::KeyPolicy,
    root::root_of,
    rotate::Level,
    waits::KeyWaits,
    walk::WalkSeen,
};
use crate::{
    nodes::Nodes,
    store::{CounterKey, KeyRow},
    vault::{Refused, Vault},
};

const DAY: i64 = 86_400;

/// What there is of keys, for the operator. Nothing in it is secret. Times are milliseconds since 1970.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each says a thing of its own to whoever reads the report")]
pub struct KeyStatus {
    /// `sandbox` or `live`.
    pub environment: &'static str,
    /// The id of the root in use; none where the KEK lies in a device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Counts the changes of keys.
    pub revision: u64,
    /// The store has newer keys, and this node could not load them: what is told is of before. A key device that is
    /// away is a reason.
    pub behind: bool,
    /// Whether every node that lives works with the newest keys.
    pub met: bool,
    /// The nodes that live; none where one process has its store alone.
    pub nodes: Vec<NodeKeys>,
    /// Every version of every key, destroyed ones too.
    pub keys: Vec<KeyReport>,
    /// Whether records are to be renewed before rotations come to their end.
    pub renewing: bool,
    /// Whether that was stopped by the operator.
    pub paused: bool,
    /// How far the renewal has come, where this node does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walk: Option<WalkSeen>,
    /// How often the vault was put back from a backup.
    pub restores: u64,
}

/// A node and its keys.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeKeys {
    /// Its number.
    pub node: u16,
    /// The revision that it works with; zero of a node of an older version.
    pub revision: u64,
}

/// One version of a key.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyReport {
    /// Whose it is; none of the deployment's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<u32>,
    /// What it is for.
    pub purpose: &'static str,
    /// Its version.
    pub version: u32,
    /// `distributed`, `active`, `decrypt-only` or `destroyed`.
    pub state: &'static str,
    /// The version of the key that wraps it.
    pub under: u32,
    /// When it was made.
    pub created_at: i64,
    /// From when on it was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_at: Option<i64>,
    /// When it came into its state.
    pub changed_at: i64,
    /// Of a data key, about how many writes it sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<u64>,
    /// Of a key in use, when it is to be replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<i64>,
    /// Of a retired key, whether no record needs it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unneeded: Option<bool>,
    /// Of a retired key, why it is not destroyed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<KeyWaits>,
    /// Of a data key, the time by which what was erased under it is erased everywhere, backups and archives included,
    /// if nothing is put off; of one that records still lie under, the earliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_by: Option<i64>,
}

impl Vault {
    /// What the keys are for that are to be replaced by now, in the words of [`KeyReport::purpose`]. It reads nothing.
    pub fn purposes_due(&self, policy: &KeyPolicy) -> BTreeSet<&'static str> {
        let (loaded, now) = (self.keys.load(), self.now());
        let due = |row: &KeyRow| {
            let purpose = KeyPurpose::from_code(row.purpose)?;
            due_at(row, purpose, policy).filter(|at| *at <= now).map(|_| name(purpose))
        };
        loaded.rows.iter().filter_map(due).collect()
    }

    /// Tells of all keys.
    pub async fn key_status(&self, policy: &KeyPolicy) -> Result<KeyStatus, Refused> {
        self.key_status_in(policy, Hurry::No).await
    }

    /// The same while retired keys are destroyed in that hurry. Where newer keys cannot be loaded it tells of those
    /// that are here.
    pub async fn key_status_in(&self, policy: &KeyPolicy, hurry: Hurry) -> Result<KeyStatus, Refused> {
        // Why that failed is told where it did; a store that is away is met below.
        let met = self.have_met().await.unwrap_or(None).is_some();
        let newest = self.store.counter(CounterKey::KEY_REVISION).await?;
        let loaded = self.keys.load();
        let mut keys = Vec::with_capacity(loaded.rows.len());
        let mut renewing = false;
        for row in &loaded.rows {
            let Some(purpose) = KeyPurpose::from_code(row.purpose) else { continue };
            let is_retired = row.state == KeyState::DecryptOnly;
            let unneeded = match purpose {
                KeyPurpose::DataDurable | KeyPurpose::Fingerprint if is_retired => {
                    Some(self.unneeded_since(row).await?)
                }
                _ => None,
            };
            renewing |= unneeded == Some(None);
            let waits = self.waits_for(&loaded, row, (met, unneeded.flatten()), (policy, hurry));
            // While records still lie under it, this very moment is the earliest.
            let retired_at = unneeded.map_or(row.changed_at, |since| since.unwrap_or(self.now()));
            let is_data = matches!(purpose, KeyPurpose::DataShortLived | KeyPurpose::DataDurable);
            let sealed = if is_data { Some(self.store.counter(mark_sealed(row)).await?) } else { None };
            keys.push(KeyReport {
                tenant: row.tenant.map(Tenant::get),
                purpose: name(purpose),
                version: row.version,
                state: row.state.name(),
                under: row.under,
                created_at: row.created_at.millis(),
                active_at: row.active_at.map(Timestamp::millis),
                changed_at: row.changed_at.millis(),
                sealed,
                due_at: due_at(row, purpose, policy).map(Timestamp::millis),
                unneeded: unneeded.map(|since| since.is_some()),
                waits,
                erased_by: erased_by(row, purpose, (retired_at, self.now()), policy).map(Timestamp::millis),
            });
        }
        let walk = self.keys.walk.lock().await.as_ref().map(|walk| walk.seen);
        Ok(KeyStatus {
            environment: self.keys.environment().as_str(),
            root: root_of(&loaded).map(|id| id.to_string()),
            revision: loaded.revision,
            behind: newest > loaded.revision,
            met,
            nodes: self.nodes.as_ref().map(Nodes::keys).unwrap_or_default(),
            renewing: renewing || has_two_prints(&loaded),
            keys,
            paused: self.is_walk_paused().await?,
            walk,
            restores: self.store.counter(CounterKey::RESTORES).await?,
        })
    }
}

fn has_two_prints(loaded: &Loaded) -> bool {
    loaded.keys_of(Level::Fingerprint).into_iter().any(|(purpose, tenant)| {
        loaded.rows_of(purpose, tenant).filter(|row| row.state == KeyState::Active).count() > 1
    })
}

/// The word for a purpose in reports.
fn name(purpose: KeyPurpose) -> &'static str {
    match purpose {
        KeyPurpose::Kek => "kek",
        KeyPurpose::DataShortLived => "data, short-lived",
        KeyPurpose::DataDurable => "data, durable",
        KeyPurpose::Fingerprint => "fingerprint",
        KeyPurpose::Index => "index",
        KeyPurpose::Locator => "locator",
        KeyPurpose::Ring => "ring",
        KeyPurpose::Export => "export",
        KeyPurpose::KekUpgrade => "kek, on its way to the nodes",
        KeyPurpose::KekNextRoot => "kek, under the next root",
        KeyPurpose::Root => "root",
    }
}

fn due_at(row: &KeyRow, purpose: KeyPurpose, policy: &KeyPolicy) -> Option<Timestamp> {
    let since = row.active_at.filter(|_| row.state == KeyState::Active)?;
    let days = match purpose {
        KeyPurpose::Root => Some(policy.root_days),
        other => policy.days(Level::of(other)?),
    };
    Some(since.plus_seconds(i64::from(days?) * DAY))
}

/// What a data key sealed is erased everywhere when the key is destroyed, and the last backup of its record is gone.
fn erased_by(
    row: &KeyRow,
    purpose: KeyPurpose,
    (retired_at, now): (Timestamp, Timestamp),
    policy: &KeyPolicy,
) -> Option<Timestamp> {
    let kept = match purpose {
        KeyPurpose::DataShortLived => limits::TOKEN_READABLE_SECONDS,
        KeyPurpose::DataDurable => i64::from(policy.data_backup_days) * DAY,
        _ => return None,
    };
    let records = i64::from(policy.key_backup_days) * DAY;
    let seals_until = match row.state {
        KeyState::Destroyed => return Some(row.changed_at.plus_seconds(records)),
        KeyState::DecryptOnly => return Some(retired_at.plus_seconds(kept).max(now).plus_seconds(records)),
        KeyState::Active | KeyState::Distributed => {
            row.active_at.unwrap_or(row.created_at).plus_seconds(i64::from(policy.data_days) * DAY)
        }
    };
    Some(seals_until.plus_seconds(kept + records))
}
