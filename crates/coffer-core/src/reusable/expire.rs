//! Expire: reusable tokens whose time is over are erased, in bounded steps beside the load or when their card or
//! their place is wanted.

use std::sync::PoisonError;

use coffer_types::{Timestamp, limits};

use super::ReusableDetails;
use crate::{
    audit::{Action, Fact},
    store::{Ended, ReusableRow, Unit},
    sweep::Swept,
    vault::{Refused, Vault},
};

impl Vault {
    /// One step: at most [`limits::SWEEP_REUSABLES`] tokens that are over are erased. One that does not open is logged,
    /// once in the life of a process, and holds up no other.
    pub(crate) async fn expire_reusables(&self) -> Result<Swept, Refused> {
        let (now, after) = (self.now(), self.stuck_until());
        let ended = self.store.ended_reusables(after, now, limits::SWEEP_REUSABLES).await?;
        for row in &ended {
            // What is erased stays, for nobody knows by what it is found.
            let ending = if self.is_reusable_erased(row) { None } else { self.ending(row, now).ok() };
            match ending {
                Some(unit) => {
                    self.store.commit(unit).await?;
                }
                None => self.step_over(Ended { ends_at: row.ends_at, number: row.number }),
            }
        }
        Ok(if ended.is_empty() { Swept::Clean } else { Swept::More })
    }

    /// What ends a token; or what puts it right, where a clear column says that it is over and what is sealed says that
    /// it is not: the latter holds.
    fn ending(&self, row: &ReusableRow, now: Timestamp) -> Result<Unit, Refused> {
        let details = self.open_reusable_details(row)?;
        if details.ends_at <= now {
            return self.burial(row, &details, now);
        }
        tracing::error!(record = row.number.get(), "the end of a reusable token was changed in the store");
        let after = self.resealed_reusable(row, &details, now)?;
        Ok(self.unit(now)?.replace_reusable(row.generation, after).finish())
    }

    fn stuck_until(&self) -> Ended {
        *self.stuck.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step_over(&self, place: Ended) {
        *self.stuck.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    fn burial(&self, row: &ReusableRow, details: &ReusableDetails, now: Timestamp) -> Result<Unit, Refused> {
        let unit = self.erase_reusable(self.unit(now)?, row, details)?;
        let fact = Fact::system(Action::ReusableExpire).tenant(row.tenant).object(row.number);
        Ok(unit.fact(fact).finish())
    }

    /// Erases a token that is over. Whoever was quicker did it as well.
    pub(super) async fn bury(
        &self,
        row: &ReusableRow,
        details: &ReusableDetails,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.store.commit(self.burial(row, details, now)?).await?;
        Ok(())
    }
}
