//! Delete: a reusable token goes at once, and its card and its place are free.

use coffer_types::RecordNumber;

use super::{ReusableError, line_of};
use crate::{
    audit::Action,
    store::Outcome,
    vault::{Act, Refused, Vault},
};

impl Vault {
    /// Erases a token with what it protects.
    pub async fn delete_reusable(&self, act: &Act, number: RecordNumber) -> Result<(), ReusableError> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let (row, details) =
                self.live_reusable(act.tenant, number, now).await?.ok_or(ReusableError::Unknown)?;
            if !turn.has_come(Some(line_of(number))).await? {
                continue;
            }
            let unit = self.erase_reusable(self.unit(now)?, &row, &details)?;
            let unit = unit.fact(act.fact(Action::ReusableDelete).object(number)).finish();
            if let Outcome::Done(_) = self.store.commit(unit).await.map_err(Refused::from)? {
                return Ok(());
            }
        }
    }
}
