//! Whether the database is there, and the figures that an operator watches.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use coffer_core::store::Gauges;
use deadpool_postgres::{Object, Pool};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use crate::{
    address::Address,
    connections::{NoConnection, cancel, connection},
    errors::told,
    options::Times,
};

/// How often a database that is away is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// Figures and flags that the store's tasks share.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// The database does not answer: nothing is sent to it but the question whether it is back.
    away: AtomicBool,
    /// It is to be asked whether it takes writes.
    ask: Notify,
    /// The last batch was refused (a full disk).
    refusing: AtomicBool,
    pub(crate) queued: AtomicU64,
    batches: AtomicU64,
    units: AtomicU64,
}

impl Health {
    /// Whether the database is there, as far as that is known.
    pub(crate) fn is_there(&self) -> bool {
        !self.away.load(Relaxed)
    }

    /// Whether it takes writes, as far as that is known.
    pub(crate) fn takes_writes(&self) -> bool {
        self.is_there() && !self.refusing.load(Relaxed)
    }

    /// The database did not answer.
    pub(crate) fn is_away(&self, why: &str) {
        if !self.away.swap(true, Relaxed) {
            tracing::error!(error = why, "the database is away: requests are refused until it is back");
            self.ask.notify_one();
        }
    }

    /// A statement was not answered in time. That may be the statement: the database is asked.
    pub(crate) fn is_suspect(&self) {
        self.ask.notify_one();
    }

    pub(crate) fn set_refusing(&self, refusing: bool) {
        if self.refusing.swap(refusing, Relaxed) && !refusing {
            tracing::warn!("the store takes writes again");
        }
    }

    pub(crate) fn committed(&self, units: usize) {
        self.batches.fetch_add(1, Relaxed);
        self.units.fetch_add(units as u64, Relaxed);
    }

    pub(crate) fn gauges(&self) -> Gauges {
        Gauges {
            queued_units: self.queued.load(Relaxed),
            batches: self.batches.load(Relaxed),
            units: self.units.load(Relaxed),
            ..Gauges::default()
        }
    }
}

/// Asks a database that is suspect whether it takes writes, and one that is away again and again until it does, for as
/// long as the store lives. A commit answers that and nothing less: one that waits for a standby that is gone would be
/// let in and not be heard of again.
///
/// It has a connection of its own: whether others are all in use says nothing of the database.
pub(crate) async fn look(health: Arc<Health>, pool: Pool, own: Pool, address: Address, times: Times) {
    loop {
        health.ask.notified().await;
        while let Err(why) = takes_a_commit(&own, &address, times).await {
            health.is_away(&why);
            // Connections from before are of no use any more.
            pool.retain(|_, _| false);
            sleep(LOOK).await;
        }
        if health.away.swap(false, Relaxed) {
            pool.retain(|_, _| false);
            tracing::warn!("the database is back");
        }
    }
}

/// Writes what is there already, and waits until that is durable. What is not answered is ended, so that no question
/// stays behind in the database.
async fn takes_a_commit(pool: &Pool, address: &Address, times: Times) -> Result<(), String> {
    const COMMIT: &str = "UPDATE meta SET value = value WHERE name = 'application'";
    let connection = connection(pool).await.map_err(|none| match none {
        NoConnection::Away(why) => why,
        NoConnection::AllInUse => "nothing answers".to_owned(),
    })?;
    let Ok(answered) = timeout(times.answers, connection.execute(COMMIT, &[])).await else {
        cancel(address, &connection, times).await;
        drop(Object::take(connection));
        return Err("it does not answer, or waits for a standby".to_owned());
    };
    answered.map(drop).map_err(|error| told(&error))
}
