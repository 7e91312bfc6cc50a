//! Blank: a token that was not used in time loses its card and its CVV, in bounded steps beside the load. Its masked
//! row stays readable until the sweep takes it away (`design.md` section 5).

use std::sync::atomic::{AtomicU64, Ordering};

use coffer_types::{RecordNumber, limits};

use crate::{
    numbers::Numbers,
    store::{OldestProtected, Stretch},
    sweep::Swept,
    vault::{Refused, Vault},
};

/// How far expired tokens are known to be blank. Kept in memory alone: a new process looks once through the rows of
/// the last day, in bounded steps.
#[derive(Debug, Default)]
pub(crate) struct Blanked {
    below: AtomicU64,
}

impl Blanked {
    fn below(&self) -> RecordNumber {
        RecordNumber::from_u64(self.below.load(Ordering::Acquire)).unwrap_or(RecordNumber::MAX)
    }

    fn raise_to(&self, number: RecordNumber) {
        self.below.fetch_max(number.get(), Ordering::AcqRel);
    }
}

impl Vault {
    /// One step: at most [`limits::SWEEP_ROWS`] rows are looked at, and what has a card there loses it.
    ///
    /// A token lives at most [`limits::SINGLE_USE_SECONDS`], and the time in its number is never before its
    /// creation; so a number of before that is over, without a look at its row. Rows that are a day old are left to
    /// the sweep, which takes them whole.
    pub(crate) async fn blank_expired(&self) -> Result<Swept, Refused> {
        let now = self.now();
        let kept = Numbers::lowest_at(now.plus_seconds(-limits::TOKEN_READABLE_SECONDS));
        let below = Numbers::lowest_at(now.plus_seconds(-limits::SINGLE_USE_SECONDS));
        let from = self.blanked.below().max(kept);
        if from >= below {
            return Ok(Swept::Clean);
        }
        let stretch = Stretch { from, below, at_most: limits::SWEEP_ROWS };
        match self.store.oldest_protected(stretch).await? {
            OldestProtected::At(number) => {
                self.blanked.raise_to(number);
                let unit = self.unit(now)?.blank_tokens(Stretch { from: number, ..stretch }).finish();
                self.store.commit(unit).await?;
                Ok(Swept::More)
            }
            OldestProtected::NoneBelow(number) => {
                self.blanked.raise_to(number);
                Ok(if number < below { Swept::More } else { Swept::Clean })
            }
        }
    }
}
