//! What a caller may choose.

use std::time::Duration;

use coffer_types::limits::{
    BATCH_UNITS, PEER_WRITES_SECONDS, QUEUE_UNITS, STORE_COMMIT_MILLIS, STORE_CONNECT_MILLIS,
    STORE_CONNECTIONS, STORE_LIST_MILLIS, STORE_PATIENCE, STORE_READ_MILLIS, STORE_WRITERS,
};

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
    /// How many times as long as a live node the store waits for its database, from 1 to `STORE_PATIENCE`: a slow
    /// machine answers late then, instead of refusing.
    pub patience: u32,
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
            patience: 1,
        }
    }
}

/// How long the store waits for its database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// For a connection to be made, or to be free.
    pub(crate) connect: Duration,
    /// For one call.
    pub(crate) call: Duration,
    /// For a list.
    pub(crate) list: Duration,
    /// From accepting a unit to answering it.
    pub(crate) commit: Duration,
    /// A database that said nothing for so long is not held up by a lock, of which it tells sooner.
    pub(crate) silent: Duration,
    /// For the question whether it takes writes.
    pub(crate) answers: Duration,
    /// For a transaction to go on: the database ends it after that.
    pub(crate) idle: Duration,
}

const _: () = assert!(
    STORE_COMMIT_MILLIS * (STORE_PATIENCE as u64) < PEER_WRITES_SECONDS * 1_000,
    "a node that others count as gone writes nothing any more"
);

impl Times {
    /// Of a store with this patience.
    pub(crate) fn of(patience: u32) -> Self {
        let millis =
            |of_a_live_node| Duration::from_millis(of_a_live_node) * patience.clamp(1, STORE_PATIENCE);
        Self {
            connect: millis(STORE_CONNECT_MILLIS),
            call: millis(STORE_READ_MILLIS),
            list: millis(STORE_LIST_MILLIS),
            commit: millis(STORE_COMMIT_MILLIS),
            silent: millis(1_300),
            answers: millis(1_000),
            idle: millis(2_000),
        }
    }
}

/// What a call is, as far as its time goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Within {
    Call,
    List,
    /// What takes as long as it takes, and is given up in the end.
    Longest(Duration),
}

impl Within {
    pub(crate) fn of(self, times: Times) -> Duration {
        match self {
            Self::Call => times.call,
            Self::List => times.list,
            Self::Longest(longest) => longest,
        }
    }
}
