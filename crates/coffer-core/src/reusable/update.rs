//! Update: one part of a reusable token is changed, so many times a month.

use coffer_types::{RecordNumber, Timestamp, limits};

use super::{CardFacts, ReusableDetails, line_of};
use crate::{
    audit::Action,
    store::Outcome,
    vault::{Act, Refused, Vault},
};

/// What is changed.
#[expect(clippy::large_enum_variant, reason = "one a request, and never in a collection")]
pub enum ReusableChange {
    /// The merchant's words for it.
    Description(String),
    /// Those facts that are there; what is absent stays.
    Facts(CardFacts),
}

/// Why a reusable token was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReusableError {
    /// No such token of this tenant, or its time is over.
    #[error("there is no such token")]
    Unknown,
    /// It was changed as often as it may be in [`limits::REUSABLE_UPDATE_SECONDS`].
    #[error("the token was changed too often")]
    TooManyUpdates,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Vault {
    /// Changes a part of a token.
    pub async fn update_reusable(
        &self,
        act: &Act,
        number: RecordNumber,
        change: &ReusableChange,
    ) -> Result<(), ReusableError> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let (row, mut details) =
                self.live_reusable(act.tenant, number, now).await?.ok_or(ReusableError::Unknown)?;
            details.note_update(now)?;
            match change {
                ReusableChange::Description(description) => details.description.clone_from(description),
                ReusableChange::Facts(facts) => {
                    details.facts = std::mem::take(&mut details.facts).overlaid(facts.clone());
                }
            }
            let after = self.resealed_reusable(&row, &details, now)?;
            if !turn.has_come(Some(line_of(number))).await? {
                continue;
            }
            let unit = self.unit(now)?.replace_reusable(row.generation, after);
            let unit = unit.fact(act.fact(Action::ReusableUpdate).object(number)).finish();
            if let Outcome::Done(_) = self.store.commit(unit).await.map_err(Refused::from)? {
                return Ok(());
            }
        }
    }
}

impl ReusableDetails {
    /// Counts a change at this time, where one more is allowed.
    pub(super) fn note_update(&mut self, now: Timestamp) -> Result<(), ReusableError> {
        let seconds = now.millis().div_euclid(1_000);
        self.updates.retain(|at| *at > seconds - limits::REUSABLE_UPDATE_SECONDS);
        if self.updates.len() >= limits::REUSABLE_UPDATES {
            return Err(ReusableError::TooManyUpdates);
        }
        self.updates.push(seconds);
        Ok(())
    }
}
