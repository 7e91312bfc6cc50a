//! Why nobody was known by what a caller showed: for the log, never for the caller, who gets one answer for all.
//!
//! The reasons are fixed texts, a dozen and a half: of each, the first in a minute is logged at `info`, the others at
//! `debug`. Whoever tries keys fills no log with it.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use coffer_core::RequestId;
use coffer_types::Timestamp;

use crate::jwt::TokenFault;

/// Why nobody was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stranger {
    /// Neither header is there.
    #[error("no credential")]
    Nothing,
    /// The header stands twice, is no visible ASCII, or lacks the word `Bearer` where it must have it.
    #[error("unreadable header")]
    Unreadable,
    /// No credential of this node has the secret.
    #[error("unknown key")]
    UnknownKey,
    /// A credential of this node, in the header or at the door of another kind.
    #[error("key in the wrong header or at the wrong door")]
    WrongPlace,
    /// A JWT in a header of keys.
    #[error("jwt in the wrong header or at the wrong door")]
    WrongPlaceToken,
    /// A JWT that is not taken.
    #[error(transparent)]
    Token(#[from] TokenFault),
}

/// The minute under way, and the reasons that were logged in it.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Mutex<(i64, HashSet<String>)>);

impl Strangers {
    /// Logs why nobody was known.
    pub(crate) fn note(&self, stranger: Stranger, request: RequestId, now: Timestamp) {
        let reason = stranger.to_string();
        if self.is_first(&reason, now) {
            tracing::info!(request = %request, reason, "a caller is not known; more of this minute at debug");
        } else {
            tracing::debug!(request = %request, reason, "a caller is not known");
        }
    }

    /// Logs why a known caller was refused where the answer does not say it.
    pub(crate) fn forbid(&self, why: &'static str, request: RequestId, now: Timestamp) {
        if self.is_first(why, now) {
            tracing::info!(request = %request, reason = why, "a caller may not do this; more of this minute at debug");
        } else {
            tracing::debug!(request = %request, reason = why, "a caller may not do this");
        }
    }

    fn is_first(&self, reason: &str, now: Timestamp) -> bool {
        let minute = now.millis().div_euclid(60_000);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != minute {
            *seen = (minute, HashSet::new());
        }
        seen.1.insert(reason.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_first_once_a_minute() {
        let strangers = Strangers::default();
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        assert!(strangers.is_first("a", at(60)) && !strangers.is_first("a", at(119)));
        assert!(strangers.is_first("b", at(61)), "another reason");
        assert!(strangers.is_first("a", at(120)), "another minute");
    }
}
