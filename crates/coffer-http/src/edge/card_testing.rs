//! Limits against card testing: somebody uses the form of a shop to find out which of many card numbers are good
//! (security reference 9). They bind browsers: callers with a publishable key, who are anybody, with a customer's JWT,
//! with a JWT of an issuer that makes them for pages, and with one that a page sends. They are asked where cards are
//! tried: when a token is made, an instrument from a plain card, or one at the storefront.
//!
//! | what is counted | by | default |
//! | --- | --- | --- |
//! | creations | caller | 50 a minute, then 10 seconds more |
//! | creations | network | 200 a minute |
//! | creations | BIN | 300 a minute |
//! | distinct card numbers | caller | 20 an hour |
//! | refused card numbers | caller | 20 in ten minutes |
//! | distinct card numbers that begin with the same 12 digits | network | 10 in ten minutes |
//!
//! A **caller** is a key or an issuer, with the customer that a JWT names, and an IPv4 address or an IPv6 /64, which is
//! what one subscriber has: single IPv6 addresses cost nothing. A **network** is a key with an IPv4 /24 or an IPv6 /56.
//! A **BIN** is a key with six digits. Windows are fixed and begin with what is first counted in them. What is refused
//! is not counted.
//!
//! Card numbers are kept as 64-bit hashes under a key of the process, which never leaves memory. The number of places
//! is bounded (`limits::TESTING_PLACES` of each sort); when there are more, those that came once and longest ago are
//! forgotten first.

mod place;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use coffer_types::{Pan, Timestamp, limits};

use super::{
    bounded::Bounded,
    window::{Distinct, Window},
};
use place::{Caller, Shard};

const SHARDS: usize = 16;
const BIN_DIGITS: usize = 6;

/// How much passes; the next one is refused. 0 refuses all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardTestingLimits {
    /// Creations of a caller in `limits::TESTING_CREATION_SECONDS`.
    pub caller_creations: u32,
    /// Creations of a network in the same time.
    pub network_creations: u32,
    /// Creations for a BIN in the same time.
    pub bin_creations: u32,
    /// Distinct card numbers of a caller in `limits::TESTING_DISTINCT_SECONDS`.
    pub distinct_pans: u8,
    /// Refused card numbers of a caller in `limits::TESTING_REFUSED_SECONDS`.
    pub refused_pans: u32,
    /// Distinct card numbers of a series in `limits::TESTING_SERIES_SECONDS`.
    pub series_pans: u8,
}

impl Default for CardTestingLimits {
    fn default() -> Self {
        Self {
            caller_creations: limits::TESTING_CALLER_CREATIONS,
            network_creations: limits::TESTING_NETWORK_CREATIONS,
            bin_creations: limits::TESTING_BIN_CREATIONS,
            distinct_pans: limits::TESTING_DISTINCT_PANS,
            refused_pans: limits::TESTING_REFUSED_PANS,
            series_pans: limits::TESTING_SERIES_PANS,
        }
    }
}

/// Who is counted: a credential or an issuer by its name, and the customer that a JWT names.
#[derive(Clone, Copy, Debug)]
pub struct Tester<'a> {
    /// The name in the configuration, never the secret.
    pub key: &'a str,
    /// One customer of several behind the same address. They share the limits of their network and of a BIN.
    pub customer: Option<&'a str>,
}

impl<'a> From<&'a str> for Tester<'a> {
    fn from(key: &'a str) -> Self {
        Self { key, customer: None }
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// It is refused, and so is its like until then.
    Wait {
        /// When it is worth trying again.
        until: Timestamp,
    },
}

/// The counters of all browsers.
pub struct CardTesting(Option<Counters>);

struct Counters {
    limits: CardTestingLimits,
    hasher: RandomState,
    /// Found by the network, so that a caller and its network lie under one lock.
    shards: Vec<Mutex<Shard>>,
    /// Found by key and BIN. Locked after a shard, never before.
    bins: Vec<Mutex<Bounded<Window>>>,
}

impl CardTesting {
    /// With these limits; `None` turns all of it off.
    pub fn new(limits: Option<CardTestingLimits>) -> Self {
        Self(limits.map(Counters::new))
    }

    /// Asks before a body is read whether the caller may create a token now, and counts the creation.
    pub fn before<'a>(&self, by: impl Into<Tester<'a>>, ip: IpAddr, now: Timestamp) -> Verdict {
        self.0.as_ref().map_or(Verdict::Pass, |counters| counters.before(by.into(), ip, now))
    }

    /// Asks whether the caller may use this card number, and counts it. For numbers that are well formed.
    ///
    /// A caller who goes on with a series is refused altogether until the series is over.
    pub fn seen<'a>(&self, by: impl Into<Tester<'a>>, ip: IpAddr, pan: &Pan, now: Timestamp) -> Verdict {
        self.0.as_ref().map_or(Verdict::Pass, |counters| counters.seen(by.into(), ip, pan, now))
    }

    /// Counts a card number that was refused for its check digit or its length. With the last one that is allowed the
    /// caller is refused altogether until the window ends, so that no further guess is answered.
    pub fn refused<'a>(&self, by: impl Into<Tester<'a>>, ip: IpAddr, now: Timestamp) {
        if let Some(counters) = &self.0 {
            counters.refused(by.into(), ip, now);
        }
    }
}

impl Counters {
    fn new(limits: CardTestingLimits) -> Self {
        let most = limits::TESTING_PLACES / SHARDS;
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(most))).collect();
        let bins = (0..SHARDS).map(|_| Mutex::new(Bounded::new(most))).collect();
        Self { limits, hasher: RandomState::new(), shards, bins }
    }

    fn before(&self, by: Tester<'_>, ip: IpAddr, now: Timestamp) -> Verdict {
        let place = self.place(by, ip);
        let mut shard = self.shard(&place, now);
        let Shard { callers, networks, .. } = &mut *shard;
        let caller = callers.entry(place.caller, || Caller::EMPTY);
        if let Some(until) = caller.blocked(now) {
            return Verdict::Wait { until };
        }
        let seconds = limits::TESTING_CREATION_SECONDS;
        if caller.creations.count(now, seconds) >= self.limits.caller_creations {
            let until = caller.creations.ends(now, seconds).plus_seconds(limits::TESTING_BLOCK_SECONDS);
            return caller.block(now, until);
        }
        let network = networks.entry(place.network, || Window::EMPTY);
        if network.count(now, seconds) >= self.limits.network_creations {
            return Verdict::Wait { until: network.ends(now, seconds) };
        }
        caller.creations.add(now, seconds);
        network.add(now, seconds);
        Verdict::Pass
    }

    fn seen(&self, by: Tester<'_>, ip: IpAddr, pan: &Pan, now: Timestamp) -> Verdict {
        let place = self.place(by, ip);
        let number = self.hasher.hash_one(pan.expose());
        let series =
            self.hasher.hash_one((by.key, place.network, first_digits(pan, limits::TESTING_SERIES_DIGITS)));
        let mut shard = self.shard(&place, now);
        let Shard { callers, series: all_series, .. } = &mut *shard;
        let caller = callers.entry(place.caller, || Caller::EMPTY);
        if let Some(until) = caller.blocked(now) {
            return Verdict::Wait { until };
        }
        let seconds = limits::TESTING_DISTINCT_SECONDS;
        if !caller.pans.admits(number, now, seconds, self.limits.distinct_pans) {
            return Verdict::Wait { until: caller.pans.ends(now, seconds) };
        }
        let series_seconds = limits::TESTING_SERIES_SECONDS;
        let series = all_series.entry(series, || Distinct::EMPTY);
        if !series.admits(number, now, series_seconds, self.limits.series_pans) {
            return caller.block(now, series.ends(now, series_seconds));
        }
        let creation = self.count_bin(by.key, pan, now);
        if creation == Verdict::Pass {
            caller.pans.add(number, now, seconds);
            series.add(number, now, series_seconds);
        }
        creation
    }

    fn count_bin(&self, key: &str, pan: &Pan, now: Timestamp) -> Verdict {
        let seconds = limits::TESTING_CREATION_SECONDS;
        let hash = self.hasher.hash_one((key, first_digits(pan, BIN_DIGITS)));
        let mut bins = lock(&self.bins, hash);
        let bin = bins.entry(hash, || Window::EMPTY);
        if bin.count(now, seconds) >= self.limits.bin_creations {
            return Verdict::Wait { until: bin.ends(now, seconds) };
        }
        bin.add(now, seconds);
        Verdict::Pass
    }

    fn refused(&self, by: Tester<'_>, ip: IpAddr, now: Timestamp) {
        let place = self.place(by, ip);
        let mut shard = self.shard(&place, now);
        let caller = shard.callers.entry(place.caller, || Caller::EMPTY);
        let seconds = limits::TESTING_REFUSED_SECONDS;
        caller.refusals.add(now, seconds);
        if caller.refusals.count(now, seconds) >= self.limits.refused_pans {
            let _ = caller.block(now, caller.refusals.ends(now, seconds));
        }
    }

    fn place(&self, by: Tester<'_>, ip: IpAddr) -> Place {
        let caller = self.hasher.hash_one((by.key, by.customer, place::subscriber(ip)));
        Place { caller, network: self.hasher.hash_one((by.key, place::network(ip))) }
    }

    fn shard(&self, place: &Place, now: Timestamp) -> MutexGuard<'_, Shard> {
        let mut shard = lock(&self.shards, place.network);
        shard.prune(now);
        shard
    }
}

/// Keyed hashes of a caller and its network.
struct Place {
    caller: u64,
    network: u64,
}

/// A PAN has at least as many digits as anybody asks for here.
fn first_digits(pan: &Pan, digits: usize) -> &str {
    let all = pan.expose();
    all.get(..digits).unwrap_or(all)
}

#[expect(clippy::cast_possible_truncation, reason = "which of the bits are used does not matter")]
fn lock<T>(shards: &[Mutex<T>], hash: u64) -> MutexGuard<'_, T> {
    shards[hash as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for CardTesting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "CardTesting(on)" } else { "CardTesting(off)" })
    }
}
