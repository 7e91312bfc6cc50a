//! Reveal: the clear number of a referenced token, for a caller with that permission.

use super::{ReferencedError, ReferencedView};
use crate::{
    audit::Action,
    details::Clear,
    kept_code::KeptCode,
    reusable::line_of,
    store::Outcome,
    vault::{Act, Refused, Vault},
};

/// A referenced token in the clear. There is a code where its tenant keeps codes and it leaves for the first time.
#[derive(Debug)]
pub struct RevealedReferenced {
    /// What it protects.
    pub clear: Clear,
    /// All else.
    pub view: ReferencedView,
}

impl Vault {
    /// Opens a token of this tenant by its digits. The audit fact, with the reason, is durable before anything is given
    /// back; when it cannot be written, nothing is. A code that was kept through the exchange leaves with it, once.
    pub async fn reveal_referenced(
        &self,
        act: &Act,
        digits: &str,
        reason: &str,
    ) -> Result<RevealedReferenced, ReferencedError> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let found = self.find_digits(act.tenant, digits).await?;
            let (row, details) = found.ok_or(ReferencedError::Unknown)?;
            if !turn.has_come(Some(line_of(row.number))).await? {
                continue;
            }
            let kept = self.kept_code((act.tenant, row.number), details.kept_code, now).await?;
            // A token that is deleted meanwhile is not shown after all.
            let unit = self.unit(now)?.expect_live(row.key(), row.generation);
            let fact = act.fact(Action::ReusableReveal).object(row.number).reason(reason);
            let (unit, fact, cvv) = KeptCode::taken(kept, unit, fact);
            let unit = unit.fact(fact).finish();
            if let Outcome::Done(_) = self.store.commit(unit).await.map_err(Refused::from)? {
                let clear = Clear { protected: self.open_reusable(&row)?, cvv, reader: None };
                return Ok(RevealedReferenced { clear, view: ReferencedView::of(&row, details) });
            }
        }
    }
}
