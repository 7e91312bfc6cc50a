//! Reveal: the clear number of a reusable token, for a caller with that permission.

use coffer_types::RecordNumber;

use super::{Lifetime, ReusableView, line_of};
use crate::{
    audit::Action,
    details::Clear,
    store::Outcome,
    vault::{Act, Refused, Vault},
};

/// A reusable token in the clear. There is no code: none was kept.
#[derive(Debug)]
pub struct RevealedReusable {
    /// What it protects.
    pub clear: Clear,
    /// All else.
    pub view: ReusableView,
}

/// Why nothing was revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevealReusableError {
    /// No such token of this tenant, or its time is over.
    #[error("there is no such token")]
    Unknown,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Vault {
    /// Opens a token. The audit fact, with the reason, is durable before anything is given back; when it cannot be
    /// written, nothing is. It is a use: in the second half of its time the token is extended.
    pub async fn reveal_reusable(
        &self,
        act: &Act,
        number: RecordNumber,
        reason: &str,
        lifetime: Lifetime,
    ) -> Result<RevealedReusable, RevealReusableError> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let found = self.live_reusable(act.tenant, number, now).await?;
            let (row, mut details) = found.ok_or(RevealReusableError::Unknown)?;
            // A token that is deleted meanwhile is not shown after all.
            let unit = self.unit(now)?.expect_live(row.key(), row.generation);
            let (unit, _) = self.extend(unit, &row, &mut details, lifetime, now)?;
            if !turn.has_come(Some(line_of(number))).await? {
                continue;
            }
            let unit = unit.fact(act.fact(Action::ReusableReveal).object(number).reason(reason)).finish();
            if let Outcome::Done(_) = self.store.commit(unit).await.map_err(Refused::from)? {
                let clear = Clear { protected: self.open_reusable(&row)?, cvv: None, reader: None };
                return Ok(RevealedReusable { clear, view: self.reusable_view(&row, details)? });
            }
        }
    }
}
