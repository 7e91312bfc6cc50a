//! Rows that nothing opens any more, by design: the keys under which they are sealed were destroyed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use coffer_core::{
    moving::MovedRow,
    store::{KeyId, KeyRow},
};
use coffer_crypto::{Blob, KeyPurpose, KeyState};
use coffer_types::Tenant;
use serde::Serialize;

/// How many rows of a table are sealed under one key that was destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The table.
    pub table: &'static str,
    /// Whose.
    pub tenant: u32,
    /// The version of the key: the epoch.
    pub epoch: u32,
    /// How many.
    pub rows: u64,
}

impl fmt::Display for Erased {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, tenant, epoch, rows } = self;
        write!(
            out,
            "erased in {table}: {rows} rows of tenant {tenant}, epoch {epoch}: their key was destroyed"
        )
    }
}

/// Counts them.
pub(crate) struct Counted {
    destroyed: BTreeSet<KeyId>,
    found: BTreeMap<(&'static str, Tenant, u32), u64>,
}

impl Counted {
    pub(crate) fn under(keys: &[KeyRow]) -> Self {
        let destroyed = keys.iter().filter(|row| row.state == KeyState::Destroyed);
        Self { destroyed: destroyed.map(KeyRow::id).collect(), found: BTreeMap::new() }
    }

    /// Whether there can be any.
    pub(crate) fn is_needed(&self) -> bool {
        !self.destroyed.is_empty()
    }

    pub(crate) fn add(&mut self, row: &MovedRow) {
        let (tenant, blobs): (Tenant, Vec<&Blob>) = match row {
            MovedRow::Customer(row) => (row.tenant, vec![&row.details]),
            MovedRow::Instrument(row) => (row.tenant, vec![&row.protected, &row.details]),
            MovedRow::Reusable(row) => (row.tenant, vec![&row.protected, &row.details]),
            MovedRow::Reply(row) => (row.tenant, vec![&row.details]),
            MovedRow::Key(_) | MovedRow::Counter { .. } | MovedRow::UniqueKey { .. } | MovedRow::Frame(_) => {
                return;
            }
        };
        let purpose = KeyPurpose::DataDurable.code();
        let gone = blobs.into_iter().filter_map(|blob| blob.key_version().ok()).find(|version| {
            self.destroyed.contains(&KeyId { tenant: Some(tenant), purpose, version: version.get() })
        });
        if let Some(version) = gone {
            *self.found.entry((row.table().name(), tenant, version.get())).or_default() += 1;
        }
    }

    pub(crate) fn finish(self) -> Vec<Erased> {
        let named = |((table, tenant, epoch), rows): ((&'static str, Tenant, u32), u64)| Erased {
            table,
            tenant: tenant.get(),
            epoch,
            rows,
        };
        self.found.into_iter().map(named).collect()
    }
}
