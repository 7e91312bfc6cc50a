//! Sweep: what is over goes away, in bounded steps beside the load. Any node may sweep; twice does no harm.

use coffer_types::limits;

use crate::{
    audit::{Action, Fact},
    numbers::Numbers,
    store::{CounterKey, Outcome},
    vault::{Refused, Vault},
};

/// What one step of the sweep left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    /// Nothing over-age is left.
    Clean,
    /// There may be more; call again soon.
    More,
}

impl Vault {
    /// One step: over-age keys of the ring are overwritten, refusals of past minutes are written down, and at most
    /// [`limits::SWEEP_ROWS`] rows of the short-lived table that nobody may read any more are deleted.
    pub async fn sweep(&self) -> Result<Swept, Refused> {
        self.sweep_ring()?;
        self.flush_past_failures().await;
        let now = self.now();
        let bound = Numbers::lowest_at(now.plus_seconds(-limits::TOKEN_READABLE_SECONDS));
        match self.store.oldest_token().await? {
            Some(oldest) if oldest < bound => {
                let unit = self.unit(now).erase_tokens_below(bound, limits::SWEEP_ROWS).finish();
                self.store.commit(unit).await?;
                Ok(Swept::More)
            }
            _ => Ok(Swept::Clean),
        }
    }

    fn sweep_ring(&self) -> Result<(), Refused> {
        if self.ring.sweep(self.now()).is_err() {
            tracing::error!("the ring could not be swept: keys that should be gone are still on disk");
            return Err(Refused::Unavailable);
        }
        Ok(())
    }

    /// Moves the clock of the sandbox forward and gives back by how much it is moved in all. The move is durable,
    /// so that a restart brings nothing back to life; what it ends is erased before this returns.
    pub async fn advance_clock(&self, seconds: u64) -> Result<u64, Refused> {
        let unit = self.unit(self.now()).add(CounterKey::SANDBOX_CLOCK, seconds);
        let unit = unit
            .fact(Fact::system(Action::SandboxClock).reason(format!("{seconds} seconds forward")))
            .finish();
        let Outcome::Done(_) = self.store.commit(unit).await? else { return Err(Refused::Contended) };
        let offset = self.clock_offset().await?;
        self.clock.set_offset(offset);
        self.sweep_ring()?;
        Ok(offset)
    }

    /// By how many seconds the clock of the sandbox is moved.
    pub async fn clock_offset(&self) -> Result<u64, Refused> {
        Ok(self.store.counter(CounterKey::SANDBOX_CLOCK).await?)
    }
}
