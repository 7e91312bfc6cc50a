//! Which addresses the upstream may have: public ones, and those in networks that the operator named.
//!
//! The registries of special-purpose addresses (RFC 6890 and what follows it) say what is public. An address that
//! leads to an IPv4 address through a translator is as public as that one; tunnels that nobody should use any more
//! (6to4, Teredo, IPv4-compatible addresses) are refused whole.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::UpstreamError;
use crate::edge::proxies::canonical;

/// Networks that the operator may name. The upstream is one server, in one of them.
pub(super) const NETWORKS: usize = 64;

/// IPv4 networks that are not public.
const CLOSED_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),       // this network; 0.0.0.0 reaches this machine
    v4([10, 0, 0, 0], 8),      // private
    v4([100, 64, 0, 0], 10),   // shared by the customers of a provider
    v4([127, 0, 0, 0], 8),     // loopback
    v4([169, 254, 0, 0], 16),  // link-local; clouds answer with credentials here
    v4([172, 16, 0, 0], 12),   // private
    v4([192, 0, 0, 0], 24),    // protocol assignments
    v4([192, 0, 2, 0], 24),    // documentation
    v4([192, 88, 99, 0], 24),  // relays of 6to4
    v4([192, 168, 0, 0], 16),  // private
    v4([198, 18, 0, 0], 15),   // benchmarks
    v4([198, 51, 100, 0], 24), // documentation
    v4([203, 0, 113, 0], 24),  // documentation
    v4([224, 0, 0, 0], 4),     // multicast
    v4([240, 0, 0, 0], 4),     // reserved, and broadcast
];

/// The only IPv6 network that is public: global unicast.
const OPEN_V6: Ipv6Net = v6([0x2000, 0, 0, 0], 3);

/// What in it is not.
const CLOSED_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0, 0], 23), // protocol assignments: Teredo, benchmarks, hash identifiers
    v6([0x2001, 0xdb8, 0, 0], 32), // documentation
    v6([0x2002, 0, 0, 0], 16), // 6to4
    v6([0x3fff, 0, 0, 0], 20), // documentation
];

/// The network behind which a translator knows the IPv4 address in the last 32 bits (NAT64, RFC 6052).
const TRANSLATED: Ipv6Net = v6([0x64, 0xff9b, 0, 0], 96);

const fn v4(address: [u8; 4], bits: u8) -> Ipv4Net {
    let [a, b, c, d] = address;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(head: [u16; 4], bits: u8) -> Ipv6Net {
    let [a, b, c, d] = head;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), bits)
}

/// The networks that the operator named.
pub(super) struct Networks(Vec<IpNet>);

impl Networks {
    pub(super) fn new(named: &[IpNet]) -> Result<Self, UpstreamError> {
        if named.len() > NETWORKS {
            return Err(UpstreamError::Networks);
        }
        let named: Vec<_> = named.iter().map(|network| canonical(*network)).collect();
        if IpNet::aggregate(&named).iter().any(|network| network.prefix_len() == 0) {
            return Err(UpstreamError::Everywhere);
        }
        Ok(Self(named))
    }

    /// Whether the upstream may be at this address. It must be what [`IpAddr::to_canonical`] makes of it.
    pub(super) fn allow(&self, address: IpAddr) -> bool {
        is_public(address) || self.0.iter().any(|network| network.contains(&address))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) if TRANSLATED.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(address) => {
            OPEN_V6.contains(&address) && !CLOSED_V6.iter().any(|network| network.contains(&address))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !CLOSED_V4.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Result<Networks, UpstreamError> {
        let named: Vec<IpNet> = texts.iter().map(|text| text.parse().unwrap()).collect();
        Networks::new(&named)
    }

    fn allows(networks: &Networks, address: &str) -> bool {
        networks.allow(address.parse::<IpAddr>().unwrap().to_canonical())
    }

    #[test]
    fn public_addresses_are_allowed() {
        let none = networks(&[]).unwrap();
        for address in [
            "1.0.0.0",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::1",
            "2001:200::1",
            "2001:db7:ffff::1",
            "2001:db9::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2606:4700::1111",
            "3fff:1000::1",
            "3ffe:ffff::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(allows(&none, address), "{address}");
        }
    }

    #[test]
    fn ipv4_addresses_that_are_not_public_are_refused_in_all_their_forms() {
        let none = networks(&[]).unwrap();
        for address in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.0.0",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.255",
        ] {
            for form in [
                address.to_owned(),
                format!("::ffff:{address}"),     // mapped
                format!("::{address}"),          // compatible
                format!("64:ff9b::{address}"),   // translated
                format!("64:ff9b:1::{address}"), // translated, for local use
                format!("::ffff:0:{address}"),   // translated, stateless
            ] {
                assert!(!allows(&none, &form), "{form}");
            }
        }
    }

    #[test]
    fn ipv6_addresses_that_are_not_public_are_refused() {
        let none = networks(&[]).unwrap();
        for address in [
            "::",
            "::1",
            "::8.8.8.8",
            "::ffff:0:8.8.8.8",
            "64:ff9b:1::8.8.8.8",
            "64:ff9b:0:0:0:1:808:808",
            "100::1",
            "1fff:ffff::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2001:db8:ffff::1",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "2002:808:808::1",
            "3fff::1",
            "3fff:fff:ffff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf:ffff::1",
            "fec0::1",
            "ff02::1",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ] {
            assert!(!allows(&none, address), "{address}");
        }
    }

    #[test]
    fn a_named_network_allows_its_addresses_and_no_more() {
        let named = networks(&["10.1.0.0/16", "fd00:1::/32"]).unwrap();
        for address in ["10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "fd00:1::1", "8.8.8.8"] {
            assert!(allows(&named, address), "{address}");
        }
        for address in ["10.0.255.255", "10.2.0.0", "64:ff9b::10.1.2.3", "::10.1.2.3", "fd00:2::1", "::1"] {
            assert!(!allows(&named, address), "{address}");
        }
        let mapped = networks(&["::ffff:10.1.0.0/112"]).unwrap();
        assert!(allows(&mapped, "10.1.2.3") && !allows(&mapped, "10.2.0.0"));
    }

    #[test]
    fn networks_that_hold_everything_or_are_too_many_are_refused() {
        for texts in [&["0.0.0.0/0"][..], &["::/0"], &["0.0.0.0/1", "128.0.0.0/1"], &["::ffff:0.0.0.0/96"]] {
            assert_eq!(networks(texts).err(), Some(UpstreamError::Everywhere), "{texts:?}");
        }
        assert!(networks(&["10.0.0.0/8"; NETWORKS]).is_ok());
        assert_eq!(networks(&["10.0.0.0/8"; NETWORKS + 1]).err(), Some(UpstreamError::Networks));
    }
}
