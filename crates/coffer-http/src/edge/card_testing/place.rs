//! Where something is counted: callers and networks, and what is kept of each.

use std::net::{IpAddr, Ipv6Addr};

use coffer_types::{Timestamp, limits};

use super::{
    super::{
        bounded::Bounded,
        window::{Distinct, Window},
    },
    Verdict,
};

/// Bits of the IPv6 prefix that one subscriber has at least.
const SUBSCRIBER_BITS: u32 = 64;

/// Bits of the IPv6 prefix that stands for a network: what providers give to a household or a small site.
const NETWORK_BITS: u32 = 56;

/// Some of the callers, and their networks and series.
pub(super) struct Shard {
    pub(super) callers: Bounded<Caller>,
    pub(super) networks: Bounded<Window>,
    pub(super) series: Bounded<Distinct>,
    /// When what is over was last dropped.
    pruned: Option<Timestamp>,
}

/// What is counted of a caller.
pub(super) struct Caller {
    pub(super) creations: Window,
    pub(super) refusals: Window,
    pub(super) pans: Distinct,
    /// From when and until when the caller is refused altogether.
    block: Option<(Timestamp, Timestamp)>,
}

impl Shard {
    /// Room for so many places of each sort.
    pub(super) fn new(most: usize) -> Self {
        Self {
            callers: Bounded::new(most),
            networks: Bounded::new(most),
            series: Bounded::new(most),
            pruned: None,
        }
    }

    /// Once in the longest window: drops the places with nothing left to count.
    pub(super) fn prune(&mut self, now: Timestamp) {
        let next = self.pruned.map(|pruned| pruned.plus_seconds(limits::TESTING_DISTINCT_SECONDS));
        if next.is_some_and(|next| now < next) {
            return;
        }
        self.pruned = Some(now);
        self.callers.retain(|caller| caller.is_in_use(now));
        self.networks.retain(|network| network.is_open(now, limits::TESTING_CREATION_SECONDS));
        self.series.retain(|series| series.is_open(now, limits::TESTING_SERIES_SECONDS));
    }
}

impl Caller {
    /// Nothing counted yet.
    pub(super) const EMPTY: Self =
        Self { creations: Window::EMPTY, refusals: Window::EMPTY, pans: Distinct::EMPTY, block: None };

    /// Until when the caller is refused altogether, if it is. A clock that was set back to before the block ends it.
    pub(super) fn blocked(&self, now: Timestamp) -> Option<Timestamp> {
        let (from, until) = self.block?;
        let length = until.millis().abs_diff(from.millis());
        (now < until && now.millis().abs_diff(from.millis()) < length).then_some(until)
    }

    /// Refuses the caller altogether until then. A longer block that is in force stays.
    pub(super) fn block(&mut self, now: Timestamp, until: Timestamp) -> Verdict {
        let until = self.blocked(now).map_or(until, |longer| longer.max(until));
        self.block = Some((now, until));
        Verdict::Wait { until }
    }

    fn is_in_use(&self, now: Timestamp) -> bool {
        self.creations.is_open(now, limits::TESTING_CREATION_SECONDS)
            || self.refusals.is_open(now, limits::TESTING_REFUSED_SECONDS)
            || self.pans.is_open(now, limits::TESTING_DISTINCT_SECONDS)
            || self.blocked(now).is_some()
    }
}

/// An IPv4 address, also of one written as IPv6; the /64 of an IPv6 address.
pub(super) fn subscriber(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(prefix(v6, SUBSCRIBER_BITS)),
    }
}

/// The /24 of an IPv4 address, also of one written as IPv6; the /56 of an IPv6 address.
pub(super) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(v6) => IpAddr::V6(prefix(v6, NETWORK_BITS)),
    }
}

fn prefix(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    let mask = !(u128::MAX >> bits);
    Ipv6Addr::from_bits(address.to_bits() & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscribers_and_networks() {
        for (ip, subscriber_is, network_is) in [
            ("192.0.2.77", "192.0.2.77", "192.0.2.0"),
            ("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0"),
            ("2001:db8:1:2fff:3:4:5:6", "2001:db8:1:2fff::", "2001:db8:1:2f00::"),
            ("::1", "::", "::"),
        ] {
            let ip = ip.parse().unwrap();
            assert_eq!(subscriber(ip).to_string(), subscriber_is);
            assert_eq!(network(ip).to_string(), network_is);
        }
    }

    #[test]
    fn a_block_ends_and_a_shorter_one_does_not_end_it() {
        let at = |millis: i64| Timestamp::from_millis(1_700_000_000_000 + millis);
        let mut caller = Caller::EMPTY;
        assert_eq!(caller.blocked(at(0)), None);
        let _ = caller.block(at(0), at(1_000));
        assert_eq!((caller.blocked(at(999)), caller.blocked(at(1_000))), (Some(at(1_000)), None));
        assert_eq!(caller.block(at(500), at(700)), Verdict::Wait { until: at(1_000) });
        assert_eq!(caller.block(at(600), at(2_000)), Verdict::Wait { until: at(2_000) });
        assert_eq!(caller.blocked(at(-801)), None, "the clock was set back");
    }
}
