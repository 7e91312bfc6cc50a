//! The client's address behind proxies (security reference 9).
//!
//! A proxy appends the address that it was called from to `X-Forwarded-For`, so the right end of that list was written
//! by somebody we know and the left end by anybody. The list is walked from the right as long as trusted proxies vouch
//! for it; the leftmost entry has no meaning of its own.
//!
//! `Forwarded` (RFC 7239) is ignored: two headers that can disagree are two answers to one question, and the proxies in
//! use write `X-Forwarded-For`.

use std::net::{IpAddr, Ipv6Addr, SocketAddrV4};

use coffer_types::limits;
use hyper::header::{HeaderMap, HeaderName};
use ipnet::{IpNet, Ipv4Net};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Bits before the IPv4 address in an IPv6 address that stands for one (RFC 4291, 2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// The networks whose word on a client's address is taken. Default: none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// Why a list of trusted proxies is refused. `entry` counts from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxiesError {
    /// Neither an address nor a network in CIDR form.
    #[error("entry {entry} is neither an IP address nor a network such as 10.0.0.0/8")]
    NotANetwork {
        /// Which one.
        entry: usize,
    },
    /// A network of all addresses: every client could choose its own.
    #[error("entry {entry} trusts everybody")]
    Everybody {
        /// Which one.
        entry: usize,
    },
    /// Networks that together are all addresses.
    #[error("the entries together trust everybody")]
    Together,
    /// More than `limits::TRUSTED_PROXY_NETWORKS`.
    #[error("there are more than {} trusted networks", limits::TRUSTED_PROXY_NETWORKS)]
    TooMany,
}

impl TrustedProxies {
    /// Reads networks (`10.0.0.0/8`, `2001:db8::/32`) and single addresses. Bits behind a network's prefix do not
    /// count.
    pub fn parse<T: AsRef<str>>(entries: &[T]) -> Result<Self, ProxiesError> {
        if entries.len() > limits::TRUSTED_PROXY_NETWORKS {
            return Err(ProxiesError::TooMany);
        }
        let network = |(entry, text): (usize, &T)| {
            let text = text.as_ref();
            let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
            let network = text.parse().ok().or_else(address).ok_or(ProxiesError::NotANetwork { entry })?;
            match canonical(network) {
                network if network.prefix_len() == 0 => Err(ProxiesError::Everybody { entry }),
                network => Ok(network),
            }
        };
        let networks = entries.iter().enumerate().map(network).collect::<Result<Vec<_>, _>>()?;
        if IpNet::aggregate(&networks).iter().any(|network| network.prefix_len() == 0) {
            return Err(ProxiesError::Together);
        }
        Ok(Self(networks))
    }

    /// The address of the client, given whose connection it is and what the head says.
    ///
    /// A peer that is not trusted is the client. Otherwise it is the rightmost address of `X-Forwarded-For` that is
    /// not trusted. The walk ends after `limits::FORWARDED_HOPS` entries and at an entry that is no address; then it is
    /// the last address before. IPv4 addresses that are written as IPv6 become IPv4.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        // Several lines are one list, in their order (RFC 9110, 5.3).
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for entry in entries.take(limits::FORWARDED_HOPS) {
            let Some(address) = address(entry) else { break };
            client = address;
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The network as the addresses that [`IpAddr::to_canonical`] makes belong to it.
pub(crate) fn canonical(network: IpNet) -> IpNet {
    match network {
        IpNet::V6(v6) if v6.prefix_len() >= MAPPED_BITS => {
            let inner = v6.addr().to_ipv4_mapped();
            let inner = inner.and_then(|v4| Ipv4Net::new(v4, v6.prefix_len() - MAPPED_BITS).ok());
            inner.map_or(network, IpNet::V4)
        }
        _ => network,
    }
}

/// One entry: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`, with blanks around it.
/// Not quoted, and without a zone.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let address = match entry.strip_prefix('[') {
        Some(rest) => {
            let (v6, port) = rest.split_once(']')?;
            if !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
                return None;
            }
            IpAddr::V6(v6.parse::<Ipv6Addr>().ok()?)
        }
        None => match entry.parse::<IpAddr>() {
            Ok(address) => address,
            Err(_) => IpAddr::V4(*entry.parse::<SocketAddrV4>().ok()?.ip()),
        },
    };
    Some(address.to_canonical())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    /// The client as it is found behind a proxy at 10.0.0.1, with these lines of the header.
    fn client(lines: &[&str]) -> String {
        let proxies = TrustedProxies::parse(&["10.0.0.0/8", "2001:db8:aaaa::/48"]).unwrap();
        let headers = headers(lines);
        proxies.client("10.0.0.1".parse().unwrap(), &headers).to_string()
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        let value = |line: &&str| (X_FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        lines.iter().map(value).collect()
    }

    #[test]
    fn a_stranger_speaks_for_nobody() {
        let proxies = TrustedProxies::parse(&["10.0.0.0/8"]).unwrap();
        let headers = headers(&["192.0.2.7"]);
        for (peer, client) in [
            ("198.51.100.1", "198.51.100.1"),
            ("11.0.0.1", "11.0.0.1"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
            ("::1", "::1"),
            ("10.255.255.255", "192.0.2.7"),
            ("::ffff:10.0.0.1", "192.0.2.7"),
        ] {
            assert_eq!(proxies.client(peer.parse().unwrap(), &headers).to_string(), client, "{peer}");
        }
        let nobody = TrustedProxies::default();
        assert_eq!(nobody.client("127.0.0.1".parse().unwrap(), &headers).to_string(), "127.0.0.1");
    }

    #[test]
    fn the_rightmost_address_that_is_not_trusted() {
        assert_eq!(client(&["192.0.2.7"]), "192.0.2.7");
        assert_eq!(client(&["203.0.113.9, 192.0.2.7"]), "192.0.2.7", "never the leftmost");
        assert_eq!(client(&["203.0.113.9, 192.0.2.7, 10.1.1.1, 10.2.2.2"]), "192.0.2.7");
        assert_eq!(
            client(&["10.9.9.9, 192.0.2.7, 10.1.1.1"]),
            "192.0.2.7",
            "a trusted one beyond is a claim"
        );
        assert_eq!(client(&["192.0.2.7, 2001:db8:aaaa::5"]), "192.0.2.7");
        assert_eq!(client(&["2001:db8:bbbb::5"]), "2001:db8:bbbb::5");
        assert_eq!(client(&[]), "10.0.0.1", "no header");
        assert_eq!(client(&["10.3.3.3, 10.2.2.2"]), "10.3.3.3", "the whole chain is trusted");
    }

    #[test]
    fn several_lines_are_one_list_in_their_order() {
        assert_eq!(client(&["203.0.113.9", "192.0.2.7"]), "192.0.2.7");
        assert_eq!(client(&["192.0.2.7", "10.1.1.1"]), "192.0.2.7");
        assert_eq!(client(&["192.0.2.7", "10.1.1.1, 10.2.2.2", "10.3.3.3"]), "192.0.2.7");
    }

    #[test]
    fn an_entry_has_five_forms() {
        for (entry, is) in [
            ("192.0.2.7:4711", "192.0.2.7"),
            (" \t192.0.2.7 \t", "192.0.2.7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("[::ffff:192.0.2.7]:1", "192.0.2.7"),
            ("2001:DB8:0::7", "2001:db8::7"),
        ] {
            assert_eq!(client(&[entry]), is, "{entry}");
        }
    }

    #[test]
    fn an_entry_that_is_no_address_ends_the_walk() {
        for entry in [
            "",
            "unknown",
            "_hidden",
            "\"192.0.2.7\"",
            "192.0.2.7:",
            "192.0.2.7:+1",
            "192.0.2.7:65536",
            "192.0.2",
            "192.0.2.07",
            "192.0.2.7/32",
            "[192.0.2.7]",
            "[2001:db8::7",
            "[2001:db8::7]x",
            "[2001:db8::7]:",
            "[2001:db8::7]:+1",
            "fe80::1%1",
            "[fe80::1%1]:80",
            "for=192.0.2.7",
            "192.0.2.7 192.0.2.8",
            "\u{e9}",
        ] {
            let line = format!("203.0.113.9, {entry}, 10.2.2.2");
            assert_eq!(client(&[&line]), "10.2.2.2", "{entry:?}");
            assert_eq!(client(&["203.0.113.9", entry]), "10.0.0.1", "{entry:?} alone on the last line");
        }
    }

    #[test]
    fn the_walk_has_an_end() {
        let chain = |proxies: usize| format!("192.0.2.7{}", ", 10.1.1.1".repeat(proxies));
        assert_eq!(client(&[&chain(limits::FORWARDED_HOPS - 1)]), "192.0.2.7");
        assert_eq!(client(&[&chain(limits::FORWARDED_HOPS)]), "10.1.1.1");
    }

    #[test]
    fn forwarded_is_ignored() {
        let proxies = TrustedProxies::parse(&["10.0.0.1"]).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("forwarded", HeaderValue::from_static("for=192.0.2.7"));
        assert_eq!(proxies.client("10.0.0.1".parse().unwrap(), &headers).to_string(), "10.0.0.1");
    }

    #[test]
    fn a_list_is_networks_and_addresses_and_never_everybody() {
        let headers = headers(&["192.0.2.7"]);
        for (network, peer, trusted) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.77/24", "10.0.0.1", true),
            ("2001:db8::1", "2001:db8::2", false),
            ("::ffff:10.0.0.0/104", "10.9.9.9", true),
            ("::ffff:10.0.0.0/104", "11.0.0.0", false),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
        ] {
            let client = TrustedProxies::parse(&[network]).unwrap().client(peer.parse().unwrap(), &headers);
            assert_eq!(client.to_string() == "192.0.2.7", trusted, "{network} {peer}");
        }
        let refused = |entries: &[&str]| TrustedProxies::parse(entries).unwrap_err();
        assert_eq!(refused(&["10.0.0.0/33"]), ProxiesError::NotANetwork { entry: 0 });
        assert_eq!(refused(&["10.0.0.1", "proxy.example"]), ProxiesError::NotANetwork { entry: 1 });
        for everybody in ["0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96", "10.0.0.0/0"] {
            assert_eq!(refused(&[everybody]), ProxiesError::Everybody { entry: 0 }, "{everybody}");
        }
        assert_eq!(refused(&["10.0.0.1"; limits::TRUSTED_PROXY_NETWORKS + 1]), ProxiesError::TooMany);
        assert!(TrustedProxies::parse(&["10.0.0.1"; limits::TRUSTED_PROXY_NETWORKS]).is_ok());
        for halves in
            [["0.0.0.0/1", "128.0.0.0/1"], ["8000::/1", "::/1"], ["::ffff:0.0.0.0/97", "128.0.0.0/1"]]
        {
            assert_eq!(TrustedProxies::parse(&halves), Err(ProxiesError::Together), "{halves:?}");
        }
        assert!(TrustedProxies::parse(&["0.0.0.0/1", "8000::/1"]).is_ok());
    }
}
