//! What the callers of all nodes know together: what was acknowledged, and what was refused.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

use crate::dice::Dice;

/// A token whose creation was acknowledged.
#[derive(Default)]
pub(crate) struct Token {
    pub(crate) id: String,
    /// `X-Request-Id` of its creation, where the answer that brought it was the one that made it.
    pub(crate) made: Option<String>,
    pub(crate) code: String,
    /// `X-Request-Id`s of its acknowledged uses.
    pub(crate) uses: Vec<String>,
    /// Uses that were answered by 503.
    pub(crate) refused_uses: usize,
    /// One of those was carried out all the same: nobody could use it afterwards.
    pub(crate) is_gone: bool,
}

/// A request under a key of its own.
pub(crate) struct Keyed {
    pub(crate) key: String,
    pub(crate) body: Value,
    pub(crate) code: String,
    /// The text of its success.
    pub(crate) told: Option<String>,
}

/// Everything that is known. What a caller works with is not in it meanwhile.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) tokens: Vec<Token>,
    pub(crate) keyed: Vec<Keyed>,
    /// Creates without a key that were answered by 503.
    pub(crate) creates_in_doubt: usize,
    pub(crate) requests: usize,
    pub(crate) acknowledged: usize,
    /// Tokens that were made, and uses of them.
    pub(crate) written: usize,
    pub(crate) refused: usize,
    pub(crate) slowest: Duration,
}

#[derive(Default)]
pub(crate) struct Book(Mutex<Pages>);

impl Book {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_pages(self) -> Pages {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    /// Notes an answer.
    pub(crate) fn note(&mut self, status: u16, took: Duration) {
        self.requests += 1;
        self.slowest = self.slowest.max(took);
        self.acknowledged += usize::from(status < 400);
        self.refused += usize::from(status == 503);
    }

    /// Takes a token out, unused or not.
    pub(crate) fn take_token(&mut self, dice: &mut Dice) -> Option<Token> {
        let at = dice.below(self.tokens.len());
        (at < self.tokens.len()).then(|| self.tokens.swap_remove(at))
    }

    /// Takes a request out that may be sent again, answered or not.
    pub(crate) fn take_keyed(&mut self, dice: &mut Dice) -> Option<Keyed> {
        let at = dice.below(self.keyed.len());
        (at < self.keyed.len()).then(|| self.keyed.swap_remove(at))
    }

    /// How many tokens nobody has used yet.
    pub(crate) fn unused(&self) -> usize {
        self.tokens.iter().filter(|token| token.uses.is_empty() && !token.is_gone).count()
    }

    /// One line of figures.
    pub(crate) fn figures(&self) -> String {
        let Self { requests, acknowledged, refused, slowest, .. } = self;
        let tokens = self.tokens.len();
        let in_doubt = self.tokens.iter().filter(|token| token.is_gone).count();
        format!(
            "{requests} requests, {acknowledged} acknowledged, {refused} refused by 503, {tokens} tokens, \
             {in_doubt} used though refused, longest answer {slowest:.1?}"
        )
    }
}

impl Token {
    /// A use was acknowledged.
    pub(crate) fn was_used(&mut self, request: String) {
        assert!(self.uses.is_empty() && !self.is_gone, "token {} was used twice", self.id);
        self.uses.push(request);
    }

    /// Nobody can use it any more, says an answer.
    pub(crate) fn was_found_used(&mut self) {
        if self.uses.is_empty() {
            assert!(self.refused_uses > 0, "token {} is lost: nobody has used it", self.id);
            self.is_gone = true;
        }
    }
}
