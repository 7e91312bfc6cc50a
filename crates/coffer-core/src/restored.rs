//! The restore epoch: a vault that was put back from an earlier time knows it, and single-use tokens that were made
//! before are void. They may have been used after the time to which the store was put back.

use std::sync::atomic::{AtomicI64, Ordering};

use coffer_types::{RecordNumber, Timestamp};

use crate::{
    audit::{Action, Fact},
    clock::Clock,
    numbers::Numbers,
    store::{CounterKey, Outcome, Store, StoreError, Unit},
    vault::{Refused, Vault},
};

/// When a vault was put back last, as far as this process knows.
#[derive(Debug)]
pub(crate) struct Restored(AtomicI64);

impl Restored {
    /// Reads it. Time is at least this from now on: what is made after a restore is not void.
    pub(crate) async fn load(store: &dyn Store, clock: &Clock) -> Result<Self, StoreError> {
        let at = at(store).await?;
        if at > Timestamp::from_millis(0) {
            clock.raise_to(at);
        }
        Ok(Self(AtomicI64::new(at.millis())))
    }

    /// The lowest number that a record of the short-lived table can have that is not void.
    pub(crate) fn lowest(&self) -> RecordNumber {
        Numbers::lowest_at(Timestamp::from_millis(self.0.load(Ordering::Acquire)))
    }

    /// Whether the vault was ever put back.
    pub(crate) fn ever(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }

    /// Whether a record of the short-lived table was made before.
    pub(crate) fn is_void(&self, number: RecordNumber) -> bool {
        Numbers::time_of(number).millis() < self.0.load(Ordering::Acquire)
    }
}

impl Vault {
    /// Reads again when the vault was put back last: another process may have said so.
    pub(crate) async fn reload_restored(&self) -> Result<(), Refused> {
        let at = at(&*self.store).await?.millis();
        self.restored.0.fetch_max(at, Ordering::AcqRel);
        Ok(())
    }
}

/// When the vault in this store was put back last; 1970 where it never was.
async fn at(store: &dyn Store) -> Result<Timestamp, StoreError> {
    let at = store.counter(CounterKey::RESTORED_AT).await?;
    Ok(Timestamp::from_millis(i64::try_from(at).unwrap_or(i64::MAX)))
}

/// Says in a store that it was put back from an earlier time: every single-use token in it is void from now on. `now`
/// is the time of the vault, with the sandbox's offset; where records are newer, their time counts. Gives back the
/// number of the epoch. The store must be the caller's alone: no node may be drawing numbers.
pub async fn mark_restored(
    store: &dyn Store,
    now: Timestamp,
    reason: &'static str,
) -> Result<u64, StoreError> {
    let newest = store.newest_number().await?;
    let behind = newest.map_or(now, |newest| Timestamp::from_millis(Numbers::time_of(newest).millis() + 1));
    let restored_at = store.counter(CounterKey::RESTORED_AT).await?;
    let millis = u64::try_from(now.max(behind).millis()).unwrap_or(0).max(restored_at + 1);
    let at = Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    let unit = Unit::build(Numbers::after(0, newest).next(at), at)
        .add(CounterKey::RESTORES, 1)
        .add(CounterKey::RESTORED_AT, millis - restored_at)
        .fact(Fact::system(Action::Restore).reason(reason));
    match store.commit(unit.finish()).await? {
        Outcome::Done(_) => store.counter(CounterKey::RESTORES).await,
        Outcome::Lost { .. } => Err(StoreError::Unavailable),
    }
}
