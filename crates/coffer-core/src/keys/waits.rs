//! Waits: why a retired key is not destroyed yet.

use coffer_crypto::{KeyPurpose, KeyState};
use coffer_types::{Timestamp, limits};
use serde::Serialize;

use super::{
    keep::{Hurry, SEALS_FOR},
    load::{Loaded, has_keys},
    policy::KeyPolicy,
};
use crate::{nodes::Nodes, store::KeyRow, vault::Vault};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// What a retired key waits for before it is destroyed. Times are milliseconds
/// since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum KeyWaits {
    /// A node that lives does not work with the newest keys; no step is taken before.
    Nodes {
        /// The lowest such node; none where it is the one that tells this.
        #[serde(skip_serializing_if = "Option::is_none")]
        node: Option<u16>,
    },
    /// Records may still lie under it: they are renewed.
    Records,
    /// Its time has come, and every record is looked at once more.
    LastLook,
    /// Backups of the data that are kept until then need it.
    Backups {
        /// When the last one goes.
        until: i64,
    },
    /// Records of keys that are kept until then open with it alone: it is a KEK in a device.
    KeyRecords {
        /// When the last one goes.
        until: i64,
    },
    /// Other keys lie under it.
    Keys,
    /// Single-use tokens of its time are there until then.
    Tokens {
        /// When the last row goes.
        until: i64,
    },
    /// Records that live are named by it.
    Names,
    /// Nothing: the next turn of the upkeep destroys it.
    Due,
}

impl Vault {
    /// What a key waits for; none of one that is in use, on its way or gone. `unneeded`: since when no record needs it.
    pub(crate) fn waits_for(
        &self,
        loaded: &Loaded,
        row: &KeyRow,
        (met, unneeded): (bool, Option<Timestamp>),
        (policy, hurry): (&KeyPolicy, Hurry),
    ) -> Option<KeyWaits> {
        let purpose = KeyPurpose::from_code(row.purpose)?;
        if row.state != KeyState::DecryptOnly {
            return None;
        }
        if !met {
            let node = self.nodes.as_ref().and_then(|nodes| Nodes::behind(nodes, loaded.revision));
            return Some(KeyWaits::Nodes { node });
        }
        let now = self.now();
        let days = |days: u32| if hurry == Hurry::DestroyNow { 0 } else { i64::from(days) * DAY };
        let is_to_come = |until: &Timestamp| now < *until;
        match purpose {
            KeyPurpose::DataDurable | KeyPurpose::Fingerprint => {
                let Some(since) = unneeded else { return Some(KeyWaits::Records) };
                let until = Some(since.plus_seconds(days(policy.data_backup_days))).filter(is_to_come);
                Some(until.map_or(KeyWaits::LastLook, |until| KeyWaits::Backups { until: until.millis() }))
            }
            KeyPurpose::DataShortLived => {
                let until = row.changed_at.plus_seconds(SEALS_FOR + limits::TOKEN_READABLE_SECONDS);
                Some(KeyWaits::Tokens { until: until.millis() })
            }
            KeyPurpose::Locator => {
                let until =
                    Some(row.changed_at.plus_seconds(limits::TOKEN_READABLE_SECONDS)).filter(is_to_come);
                Some(until.map_or(KeyWaits::Names, |until| KeyWaits::Tokens { until: until.millis() }))
            }
            KeyPurpose::Kek if has_keys(&loaded.rows, row) => Some(KeyWaits::Keys),
            KeyPurpose::Kek if loaded.kek().is_some_and(|kek| kek.is_in_device()) => {
                let until =
                    Some(row.changed_at.plus_seconds(days(policy.key_backup_days))).filter(is_to_come);
                Some(until.map_or(KeyWaits::Due, |until| KeyWaits::KeyRecords { until: until.millis() }))
            }
            KeyPurpose::Kek => Some(KeyWaits::Due),
            _ => None,
        }
    }
}
