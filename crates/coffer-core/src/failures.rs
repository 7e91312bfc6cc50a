//! Refused callers, in the audit log without giving a thief the means to fill it.
//!
//! The first refusal of one kind from one place in a minute is durable before it is answered. Further ones of the
//! same minute are counted and written as one record when the minute is over: noise causes at most one flush a kind,
//! a place and a minute, and the number of kinds and places is bounded too.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use coffer_types::{Timestamp, limits};

use crate::{
    audit::{Action, Fact},
    store::UnitBuilder,
    vault::Vault,
};

/// Why a caller was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// No credential, or one that nobody has.
    Unauthenticated,
    /// A credential that may not do this.
    Forbidden,
}

impl FailureReason {
    fn text(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
        }
    }
}

/// One refusal.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Why.
    pub reason: FailureReason,
    /// The credential's name, when there was one.
    pub actor: Option<Arc<str>>,
    /// The caller's address.
    pub origin: Option<IpAddr>,
}

/// Counts of the minute under way.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    counts: HashMap<Kind, u64>,
}

/// What is counted together: a credential or an address prefix, and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    reason: FailureReason,
    actor: Option<Arc<str>>,
    prefix: Option<IpAddr>,
}

/// Refusals of a minute that is over.
type Past = HashMap<Kind, u64>;

impl Failures {
    /// Counts one; gives back the kind when it is the first of its minute, and what an older minute left.
    fn count(&self, failure: &Failure, now: Timestamp) -> (Option<Kind>, Past) {
        let past = self.take_past(now);
        let mut minute = self.minute();
        let mut kind = Kind {
            reason: failure.reason,
            actor: failure.actor.clone(),
            prefix: failure.origin.map(prefix).filter(|_| failure.actor.is_none()),
        };
        if minute.counts.len() >= limits::AUTH_FAILURE_KEYS && !minute.counts.contains_key(&kind) {
            kind = Kind { reason: failure.reason, actor: None, prefix: None };
        }
        match minute.counts.entry(kind.clone()) {
            Entry::Occupied(mut entry) => {
                *entry.get_mut() += 1;
                (None, past)
            }
            Entry::Vacant(entry) => {
                entry.insert(1);
                (Some(kind), past)
            }
        }
    }

    /// Empties the counts when their minute is over.
    fn take_past(&self, now: Timestamp) -> Past {
        let mut minute = self.minute();
        let number = now.millis().div_euclid(60_000);
        if minute.number == number {
            return Past::new();
        }
        minute.number = number;
        std::mem::take(&mut minute.counts)
    }

    fn take_all(&self) -> Past {
        std::mem::take(&mut self.minute().counts)
    }

    fn minute(&self) -> MutexGuard<'_, Minute> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault {
    /// Records a refusal. Returns when it is durable, if it is the first of its kind and minute; a store that takes
    /// no write does not turn the refusal into anything else.
    pub async fn record_refusal(&self, failure: &Failure) {
        let (first, past) = self.failures.count(failure, self.now());
        self.write_past(past).await;
        if let Some(kind) = first {
            let fact = fact(&kind, None);
            self.write_refusals(vec![Fact { origin: failure.origin, ..fact }]).await;
        }
    }

    /// Writes down what a minute that is over has counted.
    pub(crate) async fn flush_past_failures(&self) {
        let past = self.failures.take_past(self.now());
        self.write_past(past).await;
    }

    /// Writes down everything that was counted, before the vault closes.
    pub(crate) async fn flush_failures(&self) {
        let all = self.failures.take_all();
        self.write_past(all).await;
    }

    /// Refusals that came alone are in the log already; the others get one record with their number.
    async fn write_past(&self, past: Past) {
        let facts: Vec<Fact> = past
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(kind, count)| fact(kind, Some(*count)))
            .collect();
        if !facts.is_empty() {
            self.write_refusals(facts).await;
        }
    }

    async fn write_refusals(&self, facts: Vec<Fact>) {
        let unit = facts.into_iter().fold(self.unit(self.now()), UnitBuilder::fact);
        if let Err(error) = self.store.commit(unit.finish()).await {
            tracing::error!(error = %error, "refused callers could not be written to the audit log");
        }
    }
}

fn fact(kind: &Kind, count: Option<u64>) -> Fact {
    let fact = Fact::system(Action::AccessRefused).reason(kind.reason.text());
    let actor = kind.actor.clone().unwrap_or_else(|| Arc::from("unknown"));
    Fact { actor, origin: kind.prefix, count, ..fact }
}

/// The network that an address is counted under: /24 for IPv4, /64 for IPv6.
fn prefix(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(last: u8) -> Failure {
        let origin = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
        Failure { reason: FailureReason::Unauthenticated, actor: None, origin }
    }

    #[test]
    fn the_first_of_a_minute_is_told_apart() {
        let failures = Failures::default();
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        assert!(failures.count(&failure(1), at(60)).0.is_some());
        assert!(failures.count(&failure(2), at(61)).0.is_none(), "the same /24 in the same minute");
        let forbidden = Failure { reason: FailureReason::Forbidden, ..failure(1) };
        assert!(failures.count(&forbidden, at(62)).0.is_some(), "another reason");
        let (first, past) = failures.count(&failure(3), at(120));
        assert!(first.is_some(), "another minute");
        assert_eq!(past.values().copied().collect::<std::collections::BTreeSet<_>>(), [1, 2].into());
    }

    #[test]
    fn the_number_of_kinds_is_bounded() {
        let failures = Failures::default();
        let now = Timestamp::from_millis(60_000);
        for value in 0..u32::try_from(limits::AUTH_FAILURE_KEYS).unwrap() * 2 {
            let origin = Some(IpAddr::V4(Ipv4Addr::from(value << 8)));
            failures.count(&Failure { origin, ..failure(0) }, now);
        }
        let all = failures.take_all();
        assert_eq!(all.len(), limits::AUTH_FAILURE_KEYS + 1);
        let counted: u64 = all.values().sum();
        assert_eq!(counted, limits::AUTH_FAILURE_KEYS as u64 * 2, "nothing is dropped, only joined");
    }
}
