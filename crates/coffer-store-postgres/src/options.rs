//! What a caller may choose.

use coffer_types::limits::{BATCH_UNITS, QUEUE_UNITS, STORE_CONNECTIONS, STORE_WRITERS};

use crate::address::Address;

/// How a store is opened. [`Options::new`] has the product's values.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the database is and how it is reached.
    pub address: Address,
    /// `live` or `sandbox`: written into a new store, and compared with an old one.
    pub environment: &'static str,
    /// Whether tables are made in an empty database. A sandbox does; a live node leaves it to `coffer migrate`.
    pub make_tables: bool,
    /// Units that may wait to be written; at least one.
    pub queue_units: usize,
    /// Units in one commit; at least one.
    pub batch_units: usize,
    /// Writers, each with a lane of the audit log and a connection of its own, and with one batch under way at a time:
    /// the first for units that expect nothing, the others for the rest. One alone does both; at least one.
    pub writers: usize,
    /// Connections for reads; at least one. Each writer has one of its own beside them.
    pub connections: usize,
}

impl Options {
    /// The product's values for one environment.
    pub fn new(address: Address, environment: &'static str) -> Self {
        Self {
            address,
            environment,
            make_tables: false,
            queue_units: QUEUE_UNITS,
            batch_units: BATCH_UNITS,
            writers: STORE_WRITERS,
            connections: STORE_CONNECTIONS,
        }
    }
}
