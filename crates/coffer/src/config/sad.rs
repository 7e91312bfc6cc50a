//! `[sad]` and `keep_code`: what becomes of verification codes and other sensitive authentication data.

use std::collections::{BTreeSet, HashMap};

use coffer_core::SadPolicy;
use coffer_types::Tenant;
use serde::Deserialize;

use super::{Config, ConfigError};

/// Whether it is stored at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sad {
    enabled: bool,
}

impl Default for Sad {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Config {
    /// What is stored, and who keeps a code through an exchange.
    pub(crate) fn sad(&self, organizations: &HashMap<String, Tenant>) -> SadPolicy {
        if !self.sad.enabled {
            return SadPolicy::Dropped;
        }
        let keep = self.tenants.iter().filter(|entry| entry.keep_code);
        let kept_by: BTreeSet<Tenant> =
            keep.filter_map(|entry| organizations.get(&entry.organization).copied()).collect();
        SadPolicy::Stored { kept_by }
    }

    /// A code that is not stored cannot be kept.
    pub(super) fn check_sad(&self) -> Result<(), ConfigError> {
        match self.tenants.iter().find(|entry| entry.keep_code && !self.sad.enabled) {
            Some(entry) => Err(ConfigError::Tenant {
                number: entry.number,
                organization: entry.organization.clone(),
                reason: "keep_code keeps nothing where sad.enabled is false: take one of them away",
            }),
            None => Ok(()),
        }
    }
}
