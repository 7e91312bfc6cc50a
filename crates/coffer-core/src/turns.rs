//! Turns: acts that keep losing against each other on this node line up, and each then wins at its turn.
//!
//! A first attempt takes no turn while nobody is in line: nearly all acts meet nobody. One that has lost, or that finds
//! others in line for the same unique key, waits behind them, so that many at once end as one after the other and not
//! as errors. Between nodes the store's expectations alone decide.

use tokio::sync::{Mutex, MutexGuard};

/// Lines of waiting acts. Keys that share a line only wait a little longer.
const LINES: usize = 64;

/// All lines of a node.
#[derive(Debug)]
pub(crate) struct Turns([Mutex<()>; LINES]);

impl Turns {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| Mutex::const_new(())))
    }

    /// Whether somebody is in line for this key.
    pub(crate) fn are_taken(&self, key: &[u8; 16]) -> bool {
        self.line(key).try_lock().is_err()
    }

    /// Waits for the turn of whoever wants this key. Dropping what it gives back lets the next one go.
    pub(crate) async fn wait(&self, key: &[u8; 16]) -> MutexGuard<'_, ()> {
        self.line(key).lock().await
    }

    fn line(&self, key: &[u8; 16]) -> &Mutex<()> {
        &self.0[usize::from(key[0]) % LINES]
    }
}
