//! What an operator decides about this dialect.

use std::collections::HashSet;

use coffer_core::Lifetime;
use coffer_types::Tenant;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// How tokens live, and what a vault says where it cannot know.
#[derive(Clone, Debug)]
pub struct WorldpaySettings {
    /// How long tokens live for which nothing else was said.
    pub lifetime: Lifetime,
    /// What verified tokens say of the verification that a vault cannot make.
    pub verified: bool,
    /// Merchant accounts that may not tokenize.
    pub disabled: HashSet<Tenant>,
}

impl WorldpaySettings {
    /// As in the company's Try environment: 90 days, never extended (seed 001, reference 8).
    pub const TRY: Lifetime = Lifetime { seconds: 90 * DAY, extends: false };

    /// As in its Live environment: four years, and four more from a use in the second half (seed 001, reference 8).
    pub const LIVE: Lifetime = Lifetime { seconds: 1_461 * DAY, extends: true };
}

impl Default for WorldpaySettings {
    fn default() -> Self {
        Self { lifetime: Self::LIVE, verified: false, disabled: HashSet::new() }
    }
}
