//! `[worldpay]`: how reusable tokens live, and what is said of verifications.

use std::collections::HashMap;

use coffer_core::Lifetime;
use coffer_http::WorldpaySettings;
use coffer_types::Tenant;
use serde::Deserialize;

use super::Config;

/// What an operator decides about the Worldpay dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Worldpay {
    environment: Like,
    verification: Verification,
}

/// Whose lifetimes tokens have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Like {
    /// 90 days, never extended.
    Try,
    /// Four years, and four more from a use in the second half.
    #[default]
    Live,
}

/// What verified tokens say of the verification that a vault cannot make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verification {
    /// That it was made: for who verifies elsewhere, or does not need it.
    Verified,
    /// That it was not: 206.
    #[default]
    NotVerified,
}

impl Config {
    /// How the Worldpay dialect answers.
    pub(crate) fn worldpay(&self, organizations: &HashMap<String, Tenant>) -> WorldpaySettings {
        let lifetime: Lifetime = match self.worldpay.environment {
            Like::Try => WorldpaySettings::TRY,
            Like::Live => WorldpaySettings::LIVE,
        };
        let disabled = self.tenants.iter().filter(|entry| !entry.tokenization);
        WorldpaySettings {
            lifetime,
            verified: self.worldpay.verification == Verification::Verified,
            disabled: disabled.filter_map(|entry| organizations.get(&entry.organization).copied()).collect(),
        }
    }
}
