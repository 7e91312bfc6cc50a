//! Refused callers, in the audit log without giving a thief the means to fill it.
//!
//! The first refusal of one kind from one place in a minute is durable before it is answered. Further ones of the
//! same minute are counted and written as one record when the minute is over: noise causes at most one flush a kind,
//! a place and a minute, and the number of kinds and places is bounded too.
//!
//! What the store did not take stays counted and is told with the next minute's counts, or at the close. Every
//! refusal is told at least once: where it is not known whether a write was done (its caller left meanwhile), it is
//! told again.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use coffer_types::{Timestamp, limits};

use crate::{
    audit::{Action, Fact},
    store::{Outcome, UnitBuilder},
    vault::{RequestId, Vault},
};

/// Why a caller was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// No credential, or one that nobody has.
    Unauthenticated,
    /// A credential that may not do this.
    Forbidden,
    /// More than a credential or an organization may do at this time.
    Limited,
    /// A token or an instrument that this caller cannot use, whatever the cause: unknown, forged, used, expired or
    /// another tenant's. Which of them is not told, so that the answer's time tells nobody.
    NotUsable,
}

impl FailureReason {
    fn text(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Limited => "limited",
            Self::NotUsable => "not-usable",
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
    /// The caller's address. Only its [`network`] is kept.
    pub origin: Option<IpAddr>,
    /// The request, as its answer's `X-Request-Id` shows it. Told of the first of a kind and minute; a record that
    /// counts many names none.
    pub request: Option<RequestId>,
}

/// The network that an address belongs to, as far as the audit log tells it where the caller may be a person: the /24
/// of an IPv4 address (also of one written as IPv6), the /64 of an IPv6 address.
///
/// A person's address is personal data and lies in the clear in the audit log; the network is enough to see where an
/// attack comes from.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
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

impl Vault {
    /// Records a refusal. Returns when it is durable, if it is the first of its kind and minute; a store that takes
    /// no write does not turn the refusal into anything else. Nothing is waited for before the store has the write,
    /// so a caller who leaves does not take the record along.
    pub async fn record_refusal(&self, failure: &Failure) {
        let now = self.now();
        self.write_refusals(self.failures.count(failure, now), now).await;
    }

    /// Writes down what a minute that is over has counted.
    pub(crate) async fn flush_past_failures(&self) {
        let now = self.now();
        let past = self.failures.counts().take_past(now);
        self.write_refusals(Due { past, first: None }, now).await;
    }

    /// Writes down everything that was counted, before the vault closes.
    pub(crate) async fn flush_failures(&self) {
        let past = self.failures.counts().take_all();
        self.write_refusals(Due { past, first: None }, self.now()).await;
    }

    /// One unit for all that is due. Until it is known to be done, it is counted as not written.
    async fn write_refusals(&self, due: Due, now: Timestamp) {
        if due.past.is_empty() && due.first.is_none() {
            return;
        }
        let counted = due.past.iter().map(|(kind, total)| kind.counted(*total));
        let first = due.first.iter().map(|first| first.fact.clone());
        let unit = self.unit(now).map(|unit| counted.chain(first).fold(unit, UnitBuilder::fact));
        let writing = Writing { failures: &self.failures, due };
        let Ok(unit) = unit else {
            tracing::error!("refused callers wait to be written: the node has no number");
            return;
        };
        match self.store.commit(unit.finish()).await {
            Ok(Outcome::Done(_)) => writing.done(),
            Ok(Outcome::Lost { .. }) => tracing::error!("refused callers were not written to the audit log"),
            Err(error) => {
                tracing::error!(error = %error, "refused callers could not be written to the audit log");
            }
        }
    }
}

/// What is counted and not told yet.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// The minute under way, counted from the epoch.
    minute: i64,
    /// Refusals of the minute under way.
    current: HashMap<Kind, Tally>,
    /// Refusals of minutes that are over, which no record tells yet.
    late: Past,
}

/// What is counted together: a credential or a network, and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    reason: FailureReason,
    actor: Option<Arc<str>>,
    network: Option<IpAddr>,
}

/// Refusals of one kind in the minute under way.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    total: u64,
    /// Whether the first of them is durable.
    written: bool,
}

/// How many refusals of each kind a record has to tell.
type Past = HashMap<Kind, u64>;

/// What is to be written now.
#[derive(Debug)]
struct Due {
    past: Past,
    first: Option<First>,
}

/// The first refusal of a kind in a minute.
#[derive(Debug)]
struct First {
    kind: Kind,
    minute: i64,
    fact: Fact,
}

/// A write under way. Dropped before [`Writing::done`], it gives back what it was to tell.
struct Writing<'v> {
    failures: &'v Failures,
    due: Due,
}

impl Failures {
    /// Counts one; gives back what is to be written because of it.
    fn count(&self, failure: &Failure, now: Timestamp) -> Due {
        let mut counts = self.counts();
        let past = counts.take_past(now);
        let kind = Kind::of(failure).bounded(&counts.current);
        let tally = counts.current.entry(kind.clone()).or_default();
        tally.total += 1;
        let is_first = tally.total == 1;
        let first = is_first.then(|| First { kind, minute: counts.minute, fact: first_fact(failure) });
        Due { past, first }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// What is to be told when the minute is over, nothing while it lasts. A time from before the minute (of a thread
    /// that was overtaken) belongs to it.
    fn take_past(&mut self, now: Timestamp) -> Past {
        let minute = now.millis().div_euclid(60_000);
        if minute <= self.minute {
            return Past::new();
        }
        self.minute = minute;
        self.take_all()
    }

    /// Everything but refusals that came alone and are in the log already.
    fn take_all(&mut self) -> Past {
        for (kind, tally) in std::mem::take(&mut self.current) {
            if tally.total > 1 || !tally.written {
                self.add_late(kind, tally.total);
            }
        }
        std::mem::take(&mut self.late)
    }

    fn add_late(&mut self, kind: Kind, total: u64) {
        *self.late.entry(kind.bounded(&self.late)).or_default() += total;
    }
}

impl Writing<'_> {
    /// It is in the log.
    fn done(mut self) {
        self.due.past.clear();
        let Some(first) = self.due.first.take() else { return };
        let mut counts = self.failures.counts();
        if counts.minute == first.minute
            && let Some(tally) = counts.current.get_mut(&first.kind)
        {
            tally.written = true;
        }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if self.due.past.is_empty() {
            return;
        }
        let mut counts = self.failures.counts();
        for (kind, total) in self.due.past.drain() {
            counts.add_late(kind, total);
        }
    }
}

impl Kind {
    fn of(failure: &Failure) -> Self {
        let network = failure.origin.map(network).filter(|_| failure.actor.is_none());
        Self { reason: failure.reason, actor: failure.actor.clone(), network }
    }

    /// The kind under which a map of [`limits::AUTH_FAILURE_KEYS`] kinds takes this one: its own, or "all others".
    fn bounded<V>(self, known: &HashMap<Self, V>) -> Self {
        if known.len() < limits::AUTH_FAILURE_KEYS || known.contains_key(&self) {
            return self;
        }
        Self { reason: self.reason, actor: None, network: None }
    }

    fn counted(&self, total: u64) -> Fact {
        Fact { count: Some(total), ..refused(self.reason, self.actor.as_ref(), self.network) }
    }
}

fn first_fact(failure: &Failure) -> Fact {
    let fact = refused(failure.reason, failure.actor.as_ref(), failure.origin.map(network));
    Fact { request: failure.request, ..fact }
}

fn refused(reason: FailureReason, actor: Option<&Arc<str>>, origin: Option<IpAddr>) -> Fact {
    let actor = actor.map_or_else(|| Arc::from("unknown"), Arc::clone);
    Fact { actor, origin, ..Fact::system(Action::AccessRefused).reason(reason.text()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(last: u8) -> Failure {
        let origin = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
        Failure { reason: FailureReason::Unauthenticated, actor: None, origin, request: None }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    /// Counts, and lets the write succeed.
    fn told(failures: &Failures, failure: &Failure, now: Timestamp) -> (bool, Vec<u64>) {
        let due = failures.count(failure, now);
        let seen = (due.first.is_some(), due.past.values().copied().collect());
        Writing { failures, due }.done();
        seen
    }

    #[test]
    fn the_first_of_a_minute_is_told_apart() {
        let failures = Failures::default();
        assert_eq!(told(&failures, &failure(1), at(60)), (true, vec![]));
        assert_eq!(told(&failures, &failure(2), at(61)), (false, vec![]), "the same /24 in the same minute");
        let forbidden = Failure { reason: FailureReason::Forbidden, ..failure(1) };
        assert_eq!(told(&failures, &forbidden, at(62)), (true, vec![]), "another reason");
        assert_eq!(told(&failures, &failure(3), at(120)), (true, vec![2]), "another minute");
        assert_eq!(told(&failures, &failure(3), at(119)), (false, vec![]), "an overtaken thread");
        assert_eq!(told(&failures, &failure(3), at(121)), (false, vec![]), "it is still that minute");
    }

    #[test]
    fn what_was_not_written_is_due_again() {
        let failures = Failures::default();
        drop(Writing { failures: &failures, due: failures.count(&failure(1), at(60)) });
        let due = failures.count(&failure(1), at(120));
        assert_eq!(due.past.values().copied().collect::<Vec<_>>(), [1], "also one that stayed alone");
        drop(Writing { failures: &failures, due });
        assert_eq!(told(&failures, &failure(1), at(121)), (false, vec![]), "not tried again in this minute");
        assert_eq!(told(&failures, &failure(1), at(180)), (true, vec![3]), "one of then, two of later");
        assert_eq!(told(&failures, &failure(1), at(240)), (true, vec![]), "each is counted once");
    }

    #[test]
    fn a_write_that_ends_late_marks_nothing_of_the_next_minute() {
        let failures = Failures::default();
        let slow = Writing { failures: &failures, due: failures.count(&failure(1), at(60)) };
        drop(Writing { failures: &failures, due: failures.count(&failure(1), at(120)) });
        slow.done();
        let left = failures.counts().take_all();
        assert_eq!(left.values().copied().collect::<Vec<_>>(), [2], "neither first is known to be written");
    }

    #[test]
    fn the_number_of_kinds_is_bounded() {
        let failures = Failures::default();
        let from = |value: u32| {
            let origin = Some(IpAddr::V4(Ipv4Addr::from(value << 8)));
            Failure { origin, ..failure(0) }
        };
        let keys = u32::try_from(limits::AUTH_FAILURE_KEYS).unwrap();
        let mut expected = 0;
        for minute in 1..=3 {
            // Each minute other places, and never a store that takes a write.
            for value in 0..keys * 2 {
                let due = failures.count(&from(minute * keys * 2 + value), at(i64::from(minute) * 60));
                assert!(due.past.len() <= limits::AUTH_FAILURE_KEYS + 1);
                drop(Writing { failures: &failures, due });
                expected += 1;
            }
            let counts = failures.counts();
            assert_eq!(counts.current.len(), limits::AUTH_FAILURE_KEYS + 1);
            assert!(counts.late.len() <= limits::AUTH_FAILURE_KEYS + 1);
        }
        let all = failures.counts().take_all();
        assert!(all.len() <= limits::AUTH_FAILURE_KEYS + 1);
        assert_eq!(all.values().sum::<u64>(), expected, "nothing is dropped, only joined");
    }

    #[test]
    fn a_network_names_nobody() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.0"),
            ("192.0.2.0", "192.0.2.0"),
            ("255.255.255.255", "255.255.255.0"),
            ("::ffff:192.0.2.7", "192.0.2.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
            ("::1", "::"),
        ] {
            assert_eq!(network(address.parse().unwrap()).to_string(), expected, "{address}");
        }
    }
}
