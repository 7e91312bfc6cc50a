//! Whether sensitive authentication data is stored at all, and who keeps a code through an exchange (PCI DSS 3.3.1;
//! `docs/decisions/0034`).

use std::collections::BTreeSet;

use coffer_types::Tenant;

use crate::vault::Vault;

/// What becomes of verification codes and whatever else is sensitive authentication data. It is validated in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SadPolicy {
    /// It is dropped before anything is sealed: no key of the ring is drawn and no file of the ring is used. Keys that
    /// an earlier start left in its files are overwritten.
    Dropped,
    /// It is stored beside a single-use token, for half an hour at most, and ends with the token's use.
    Stored {
        /// Of these tenants a code outlives an exchange: until the first time that the instrument leaves in the clear,
        /// inside the same half hour.
        kept_by: BTreeSet<Tenant>,
    },
}

impl Default for SadPolicy {
    /// Stored, and kept through an exchange by nobody.
    fn default() -> Self {
        Self::Stored { kept_by: BTreeSet::new() }
    }
}

impl SadPolicy {
    pub(crate) fn is_dropped(&self) -> bool {
        matches!(self, Self::Dropped)
    }

    /// Whether a code of this tenant outlives an exchange.
    pub(crate) fn keeps(&self, tenant: Tenant) -> bool {
        matches!(self, Self::Stored { kept_by } if kept_by.contains(&tenant))
    }
}

impl Vault {
    /// Whether sensitive authentication data that comes in is stored. Where it is not, whatever is nothing without it
    /// (what a reader of cards encrypted) is to be refused.
    pub fn stores_sad(&self) -> bool {
        !self.sad.is_dropped()
    }
}
