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
    /// One step: over-age keys of the ring are overwritten, also those on their way to other nodes, refusals of past
    /// minutes are written down, expired tokens lose their cards, and rows that nobody may read any more are deleted,
    /// reusable tokens and replies among them, a bounded number of each. A store that took no write is asked
    /// again, so that it is known when it does. One part that fails does not hold up another.
    pub async fn sweep(&self) -> Result<Swept, Refused> {
        let ring = self.sweep_ring();
        self.flush_past_failures().await;
        let asked = self.ask_store().await;
        let blanked = self.blank_expired().await;
        let sessions = self.blank_sessions().await;
        let deleted = self.delete_old().await;
        let replies = self.delete_replies().await;
        let expired = self.expire_reusables().await;
        let forgotten = self.forget_shares().await;
        ring?;
        asked?;
        let steps = [blanked?, sessions?, deleted?, replies?, expired?, forgotten?];
        Ok(if steps.contains(&Swept::More) { Swept::More } else { Swept::Clean })
    }

    /// An empty unit, when the store took no write the last time.
    async fn ask_store(&self) -> Result<(), Refused> {
        if !self.store.ready() {
            self.store.commit(self.unit(self.now())?.finish()).await?;
        }
        Ok(())
    }

    async fn delete_old(&self) -> Result<Swept, Refused> {
        let now = self.now();
        let bound = Numbers::lowest_at(now.plus_seconds(-limits::TOKEN_READABLE_SECONDS));
        match self.store.oldest_token().await? {
            Some(oldest) if oldest < bound => {
                let unit = self.unit(now)?.erase_tokens_below(bound, limits::SWEEP_ROWS).finish();
                self.store.commit(unit).await?;
                Ok(Swept::More)
            }
            _ => Ok(Swept::Clean),
        }
    }

    async fn delete_replies(&self) -> Result<Swept, Refused> {
        let now = self.now();
        let bound = Numbers::lowest_at(now.plus_seconds(-limits::REPLY_SECONDS));
        match self.store.oldest_reply().await? {
            Some(oldest) if oldest < bound => {
                let unit = self.unit(now)?.erase_replies_below(bound, limits::SWEEP_ROWS).finish();
                self.store.commit(unit).await?;
                Ok(Swept::More)
            }
            _ => Ok(Swept::Clean),
        }
    }

    pub(crate) fn sweep_ring(&self) -> Result<(), Refused> {
        if let Some(nodes) = &self.nodes {
            nodes.exchange.wipe(self.clock.unmoved());
        }
        if self.ring.sweep(self.now()).is_err() {
            tracing::error!("the ring could not be swept: keys that should be gone are still on disk");
            return Err(Refused::Unavailable);
        }
        Ok(())
    }

    /// Moves the clock of the sandbox forward and gives back by how much it is moved in all; none when that would be
    /// more than [`limits::SANDBOX_CLOCK_SECONDS`]. The move is durable, so that a restart brings nothing back to life;
    /// the keys of the ring that it ends are erased before this returns, and every node that lives has moved with it.
    pub async fn advance_clock(&self, seconds: u64) -> Result<Option<u64>, Refused> {
        let Some(left) = limits::SANDBOX_CLOCK_SECONDS.checked_sub(seconds) else { return Ok(None) };
        let unit = self.unit(self.now())?.add_below(CounterKey::SANDBOX_CLOCK, seconds, left + 1);
        let unit = unit
            .fact(Fact::system(Action::SandboxClock).reason(format!("{seconds} seconds forward")))
            .finish();
        let Outcome::Done(_) = self.store.commit(unit).await? else { return Ok(None) };
        let offset = self.clock_offset().await?;
        self.clock.set_offset(offset);
        self.sweep_ring()?;
        self.await_moved(offset).await;
        Ok(Some(offset))
    }

    /// By how many seconds the clock of the sandbox is moved.
    pub async fn clock_offset(&self) -> Result<u64, Refused> {
        Ok(self.store.counter(CounterKey::SANDBOX_CLOCK).await?)
    }
}
