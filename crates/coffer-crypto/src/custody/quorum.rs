//! Custodians come one at a time, each with a share.

use std::fmt;

use thiserror::Error;

use super::shamir::{CombineError, MismatchError, combine};
use super::share::{Share, ShareTextError};
use crate::{Environment, RootId, RootKey};

/// Collects shares until there are enough. They are wiped when the root was put together, when they are forgotten, and
/// on drop.
pub struct Quorum {
    environment: Environment,
    roots: Vec<RootId>,
    shares: Vec<Share>,
}

/// How far a quorum is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many shares are there.
    pub have: u8,
    /// How many are needed.
    pub need: u8,
}

impl Progress {
    /// Whether the root can be put together.
    pub const fn is_complete(self) -> bool {
        self.have >= self.need
    }
}

/// A share was not taken. What was taken before stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QuorumError {
    /// The text is none.
    #[error(transparent)]
    Text(#[from] ShareTextError),
    /// It does not go with the others.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// It is of another environment than this node.
    #[error("this share is of another environment than this node")]
    Environment,
    /// It is of another root than this store's.
    #[error("this share is of root {0}, which does not open this store")]
    Root(RootId),
}

impl Quorum {
    /// Nobody has come yet. `roots` are those that are wanted, by the store's record; with none, the first share says
    /// which root it is to be.
    pub fn new(environment: Environment, roots: &[RootId]) -> Self {
        Self { environment, roots: roots.to_vec(), shares: Vec::new() }
    }

    /// The roots that are wanted from now on. Shares of others are forgotten.
    pub fn want(&mut self, roots: &[RootId]) {
        self.roots = roots.to_vec();
        if !roots.is_empty() {
            self.shares.retain(|share| roots.contains(&share.root));
        }
    }

    /// Takes in a share as it was typed.
    pub fn add(&mut self, text: &str) -> Result<Progress, QuorumError> {
        let share = Share::parse(text)?;
        if share.environment != self.environment {
            return Err(QuorumError::Environment);
        }
        if !self.roots.is_empty() && !self.roots.contains(&share.root) {
            return Err(QuorumError::Root(share.root));
        }
        for before in &self.shares {
            share.goes_with(before)?;
        }
        let need = share.scheme.threshold();
        self.shares.push(share);
        Ok(Progress { have: self.have(), need })
    }

    /// How far it is; `None` before the first share.
    pub fn progress(&self) -> Option<Progress> {
        let need = self.shares.first()?.scheme.threshold();
        Some(Progress { have: self.have(), need })
    }

    /// Puts the root together. Unless there are too few, the shares are forgotten, also when they do not make it.
    pub fn take(&mut self) -> Result<RootKey, CombineError> {
        let root = combine(&self.shares);
        if !matches!(root, Err(CombineError::TooFew { .. })) {
            self.forget();
        }
        root
    }

    /// Wipes what was taken in.
    pub fn forget(&mut self) {
        self.shares.clear();
    }

    fn have(&self) -> u8 {
        u8::try_from(self.shares.len()).unwrap_or(u8::MAX)
    }
}

impl fmt::Debug for Quorum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Quorum({} shares, ..)", self.shares.len())
    }
}
