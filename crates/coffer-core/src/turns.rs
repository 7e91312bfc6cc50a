//! Turns: acts that keep losing against each other on this node line up, and each then wins at its turn.
//!
//! There is a line for each customer: whatever two acts can meet on (a card, an account, an instrument, the customer)
//! is one customer's. Reusable tokens have lines by namespace or card while they are made, and by number afterwards. A
//! first attempt takes no turn while nobody is in line: nearly all acts meet nobody. One that has lost, or that finds
//! others in line, waits behind them, so that many at once end as one after the other and not as errors. Between nodes
//! the store's expectations alone decide.

use coffer_types::limits;
use tokio::sync::{Mutex, MutexGuard};

use crate::vault::Refused;

/// Lines of waiting acts. Customers that share a line only wait a little longer.
const LINES: usize = 64;

/// All lines of a node.
#[derive(Debug)]
pub(crate) struct Turns([Mutex<()>; LINES]);

impl Turns {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| Mutex::const_new(())))
    }

    /// Where an act stands that has not tried yet.
    pub(crate) fn begin(&self) -> Turn<'_> {
        Turn { turns: self, held: None, attempts: 0 }
    }

    /// Whether somebody is in line.
    fn are_taken(&self, customer: [u8; 8]) -> bool {
        self.line(customer).try_lock().is_err()
    }

    /// Waits for the turn. Dropping what it gives back lets the next one go.
    async fn wait(&self, customer: [u8; 8]) -> MutexGuard<'_, ()> {
        self.line(customer).lock().await
    }

    fn line(&self, customer: [u8; 8]) -> &Mutex<()> {
        &self.0[usize::from(customer[0]) % LINES]
    }
}

/// One act on its way to a commit.
pub(crate) struct Turn<'t> {
    turns: &'t Turns,
    held: Option<MutexGuard<'t, ()>>,
    attempts: usize,
}

impl Turn<'_> {
    /// Whether what was planned may be committed now. The line is the customer's, by the keyed hash that their unique
    /// keys begin with; none for what nobody else can want. False after a wait: others may have changed what the plan
    /// stands on.
    pub(crate) async fn has_come(&mut self, customer: Option<[u8; 8]>) -> Result<bool, Refused> {
        if let (Some(customer), None) = (customer, &self.held)
            && (self.attempts > 0 || self.turns.are_taken(customer))
        {
            self.held = Some(self.turns.wait(customer).await);
            return Ok(false);
        }
        if self.attempts == limits::PLAN_ATTEMPTS {
            return Err(Refused::Contended);
        }
        self.attempts += 1;
        Ok(true)
    }
}
