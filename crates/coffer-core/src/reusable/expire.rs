//! Expire: reusable tokens whose time is over are erased, in bounded steps beside the load or when their card or
//! their place is wanted.

use coffer_types::{Timestamp, limits};

use super::ReusableDetails;
use crate::{
    audit::{Action, Fact},
    store::ReusableRow,
    sweep::Swept,
    vault::{Refused, Vault},
};

impl Vault {
    /// One step: at most [`limits::SWEEP_REUSABLES`] tokens that are over are erased. One that does not open stays
    /// where it is and holds up no other.
    pub(crate) async fn expire_reusables(&self) -> Result<Swept, Refused> {
        let now = self.now();
        let ended = self.store.ended_reusables(now, limits::SWEEP_REUSABLES).await?;
        let mut failed = None;
        for row in &ended {
            if let Err(refused) = self.expire(row, now).await {
                failed.get_or_insert(refused);
            }
        }
        match failed {
            Some(refused) => Err(refused),
            None if ended.is_empty() => Ok(Swept::Clean),
            None => Ok(Swept::More),
        }
    }

    async fn expire(&self, row: &ReusableRow, now: Timestamp) -> Result<(), Refused> {
        let details = self.open_reusable_details(row)?;
        if details.ends_at <= now {
            self.bury(row, &details, now).await
        } else {
            self.put_right(row, &details, now).await
        }
    }

    /// Erases a token that is over. Whoever was quicker did it as well.
    pub(super) async fn bury(
        &self,
        row: &ReusableRow,
        details: &ReusableDetails,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let unit = self.erase_reusable(self.unit(now), row, details)?;
        let fact = Fact::system(Action::ReusableExpire).tenant(row.tenant).object(row.number);
        self.store.commit(unit.fact(fact).finish()).await?;
        Ok(())
    }

    /// A clear column says that it is over, and what is sealed says that it is not: the latter holds.
    async fn put_right(
        &self,
        row: &ReusableRow,
        details: &ReusableDetails,
        now: Timestamp,
    ) -> Result<(), Refused> {
        tracing::error!(record = row.number.get(), "the end of a reusable token was changed in the store");
        let after = self.resealed_reusable(row, details, now)?;
        self.store.commit(self.unit(now).replace_reusable(row.generation, after).finish()).await?;
        Ok(())
    }
}
