//! Where the upstream is: `https://HOST[:PORT][/BASE/PATH]`, read once from the configuration.
//!
//! No general reader of URLs: what this one does not know is refused, so that host, port and path cannot be understood
//! in two ways.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::UpstreamError;

/// Bytes of the URL. A host name has at most 253, and a base path a few segments.
pub(super) const URL_BYTES: usize = 512;

/// Characters of a host's name (RFC 1035, 2.3.4, without the length bytes).
const NAME_CHARS: usize = 253;

/// Characters of one of its labels.
const LABEL_CHARS: usize = 63;

const HTTPS_PORT: u16 = 443;

/// A host, a port and a base path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) host: Host,
    pub(super) port: u16,
    /// Empty, or segments with a `/` before each.
    base: String,
}

/// Whom a certificate has to name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// In lower case.
    Name(String),
    /// In its canonical form.
    Address(IpAddr),
}

impl Place {
    pub(super) fn parse(url: &str) -> Result<Self, UpstreamError> {
        if url.len() > URL_BYTES {
            return Err(UpstreamError::Length);
        }
        let rest = url.strip_prefix("https://").ok_or(UpstreamError::Scheme)?;
        if rest.contains(['?', '#']) {
            return Err(UpstreamError::Query);
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UpstreamError::User);
        }
        let (host, port) = split_port(authority)?;
        let base = path.strip_suffix('/').unwrap_or(path);
        if !base.is_empty() && !is_path(base) {
            return Err(UpstreamError::Path);
        }
        Ok(Self { host: Host::parse(host).ok_or(UpstreamError::Host)?, port, base: base.to_owned() })
    }

    /// The address, when the URL has no name.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match self.host {
            Host::Name(_) => None,
            Host::Address(address) => Some(address),
        }
    }

    /// Host and port as the header `Host` has them: without the port that goes without saying.
    pub(super) fn authority(&self) -> String {
        let host = match &self.host {
            Host::Name(name) => name.clone(),
            Host::Address(IpAddr::V4(address)) => address.to_string(),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        };
        if self.port == HTTPS_PORT { host } else { format!("{host}:{}", self.port) }
    }

    /// The whole path of a request; none when `path` is not one.
    pub(super) fn join(&self, path: &str) -> Option<String> {
        is_path(path).then(|| format!("{}{path}", self.base))
    }
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::Address(IpAddr::V4(address)));
        }
        is_name(text).then(|| Self::Name(text.to_ascii_lowercase()))
    }
}

fn split_port(authority: &str) -> Result<(&str, u16), UpstreamError> {
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => return Ok((authority, HTTPS_PORT)),
    };
    // `parse` alone would take a plus sign.
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if is_number && port != 0 => Ok((host, port)),
        _ => Err(UpstreamError::Port),
    }
}

/// Labels of letters, digits and inner hyphens. The last begins with a letter: resolvers read `127.1` and `0x7f000001`
/// as addresses.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_CHARS).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= NAME_CHARS
        && text.split('.').all(is_label)
        && last.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// Segments of unreserved characters with a `/` before each; none is empty, `.` or `..`.
fn is_path(text: &str) -> bool {
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    text.strip_prefix('/').is_some_and(|segments| segments.split('/').all(is_segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_port_and_base_path_are_read() {
        for (url, authority, port, whole) in [
            ("https://pay.example", "pay.example", 443, "/x"),
            ("https://Pay.Example/", "pay.example", 443, "/x"),
            ("https://pay.example:443/v1", "pay.example", 443, "/v1/x"),
            ("https://pay.example:8443/a/b-c/", "pay.example:8443", 8443, "/a/b-c/x"),
            ("https://localhost:1", "localhost:1", 1, "/x"),
            ("https://xn--bcher-kva.example", "xn--bcher-kva.example", 443, "/x"),
            ("https://8.8.8.8:65535", "8.8.8.8:65535", 65535, "/x"),
            ("https://[2606:4700:0::1]", "[2606:4700::1]", 443, "/x"),
            ("https://[2606:4700::1]:444/v1", "[2606:4700::1]:444", 444, "/v1/x"),
            ("https://[::ffff:8.8.8.8]:444", "8.8.8.8:444", 444, "/x"),
        ] {
            let place = Place::parse(url).unwrap();
            assert_eq!((place.authority().as_str(), place.port), (authority, port), "{url}");
            assert_eq!(place.join("/x").unwrap(), whole, "{url}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        use UpstreamError as E;
        let long = format!("https://pay.example/{}", "a".repeat(URL_BYTES));
        let label = format!("https://{}.example", "a".repeat(LABEL_CHARS + 1));
        let name = format!("https://{}example", "a.".repeat(NAME_CHARS / 2));
        for (url, error) in [
            ("", E::Scheme),
            ("pay.example", E::Scheme),
            ("http://pay.example", E::Scheme),
            ("HTTPS://pay.example", E::Scheme),
            (" https://pay.example", E::Scheme),
            ("https:/pay.example", E::Scheme),
            (long.as_str(), E::Length),
            ("https://user@pay.example", E::User),
            ("https://user:secret@pay.example", E::User),
            ("https://pay.example@10.0.0.1/", E::User),
            ("https://pay.example?x", E::Query),
            ("https://pay.example/a#b", E::Query),
            ("https://pay.example#@10.0.0.1", E::Query),
            ("https://", E::Host),
            ("https:///v1", E::Host),
            ("https://:443", E::Host),
            ("https://pay.example.", E::Host),
            ("https://pay..example", E::Host),
            ("https://-pay.example", E::Host),
            ("https://pay-.example", E::Host),
            ("https://pay_.example", E::Host),
            ("https://p\u{e4}y.example", E::Host),
            ("https://pay.example\\x", E::Host),
            ("https://pay.example\r\nX: y", E::Port),
            ("https://pay%2eexample", E::Host),
            (label.as_str(), E::Host),
            (name.as_str(), E::Host),
            ("https://127.1", E::Host),
            ("https://2130706433", E::Host),
            ("https://0x7f000001", E::Host),
            ("https://0177.0.0.1", E::Host),
            ("https://1.2.3.4.5", E::Host),
            ("https://::1", E::Host),
            ("https://[::1", E::Host),
            ("https://[::1]x", E::Port),
            ("https://[fe80::1%25eth0]", E::Host),
            ("https://[127.0.0.1]", E::Host),
            ("https://pay.example:", E::Port),
            ("https://pay.example:0", E::Port),
            ("https://pay.example:+443", E::Port),
            ("https://pay.example:65536", E::Port),
            ("https://pay.example:https", E::Port),
            ("https://pay.example/a//b", E::Path),
            ("https://pay.example//", E::Path),
            ("https://pay.example/../a", E::Path),
            ("https://pay.example/a/.", E::Path),
            ("https://pay.example/a b", E::Path),
            ("https://pay.example/%2e%2e/a", E::Path),
        ] {
            assert_eq!(Place::parse(url), Err(error), "{url:?}");
        }
    }

    #[test]
    fn a_path_cannot_leave_the_base_path() {
        let place = Place::parse("https://pay.example/v1").unwrap();
        assert_eq!(place.join("/payments/P-1/refund").unwrap(), "/v1/payments/P-1/refund");
        for path in
            ["", "/", "payments", "//evil.example/", "/a/../b", "/a?b", "/a#b", "/a%2fb", "/a\r\nb", "/a/"]
        {
            assert_eq!(place.join(path), None, "{path:?}");
        }
    }
}
