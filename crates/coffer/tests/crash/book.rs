//! What the clients know: which acts were answered, and which were sent and never answered.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::dice::Dice;

/// Tokens older than this are not used any more: their half hour could end on the way.
const YOUNG: Duration = Duration::from_mins(25);

/// A token whose creation was acknowledged.
pub(crate) struct Token {
    pub(crate) id: String,
    /// `X-Request-Id` of its creation.
    pub(crate) request: String,
    pub(crate) last4: &'static str,
    pub(crate) cvv: Option<String>,
    pub(crate) born: Instant,
    pub(crate) fate: Fate,
}

/// How a token's one use went.
pub(crate) enum Fate {
    Unused,
    /// A use was sent and not answered.
    InDoubt,
    /// The use in doubt turned out to have happened.
    UsedUnanswered,
    Redeemed {
        request: String,
    },
    Exchanged {
        request: String,
        instrument: String,
        customer: String,
    },
}

/// Everything that was acknowledged so far.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) tokens: Vec<Token>,
    /// Creates that were sent and not answered.
    pub(crate) creates_in_doubt: u64,
    /// Starts that were seen ready, and starts that were killed before.
    pub(crate) starts: u64,
    pub(crate) false_starts: u64,
}

impl Token {
    pub(crate) fn is_young(&self) -> bool {
        self.born.elapsed() < YOUNG
    }

    pub(crate) fn is_usable(&self) -> bool {
        matches!(self.fate, Fate::Unused) && self.is_young()
    }
}

impl Book {
    /// Takes some usable tokens out, to be used under load.
    pub(crate) fn draw(&mut self, at_most: usize, dice: &mut Dice) -> Vec<Token> {
        let mut drawn = Vec::new();
        for _ in 0..at_most {
            let at = dice.below(self.tokens.len());
            if self.tokens.get(at).is_some_and(Token::is_usable) {
                drawn.push(self.tokens.swap_remove(at));
            }
        }
        drawn
    }

    /// Some tokens of earlier cycles.
    pub(crate) fn sample(&self, count: usize, dice: &mut Dice) -> Vec<&Token> {
        (0..count).filter_map(|_| self.tokens.get(dice.below(self.tokens.len()))).collect()
    }

    /// Tokens by what became of them, for the closing line.
    pub(crate) fn summary(&self) -> HashMap<&'static str, usize> {
        let mut counts = HashMap::new();
        for token in &self.tokens {
            *counts.entry(token.fate.name()).or_default() += 1;
        }
        counts
    }
}

impl Fate {
    fn name(&self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::InDoubt => "in doubt",
            Self::UsedUnanswered => "used unanswered",
            Self::Redeemed { .. } => "redeemed",
            Self::Exchanged { .. } => "exchanged",
        }
    }
}
