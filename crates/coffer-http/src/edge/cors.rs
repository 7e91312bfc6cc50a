//! Which web pages may use a publishable key, and the headers that tell browsers so (security reference 9).
//!
//! A preflight carries no key, so it is answered for every origin that some publishable key allows; the call that
//! follows is checked against its own key. Cookies are not used, so credentials are never allowed.

use std::net::Ipv6Addr;

use coffer_types::limits;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderName, VARY,
};

/// What a browser may send. `reb-apikey` is among them so that a page with a secret key gets a refusal that it can
/// read: such keys are not for browsers.
const ALLOWED_HEADERS: &str = "authorization, content-type, reb-api-consumer, reb-apikey";

/// What a page may read of an answer.
const EXPOSED_HEADERS: &str = "Location, Pagination-Total, Pagination-Limit, Pagination-Offset, X-RateLimit-Limit, \
                               X-RateLimit-Remaining, X-RateLimit-Retry-After, Retry-After, X-Request-Id";

/// `limits::CORS_PREFLIGHT_SECONDS` as text.
const MAX_AGE: &str = "600";

/// The headers of the answer (204) to a preflight from an allowed origin. `methods` is a list such as `GET, POST`.
pub fn preflight<'a>(origin: &'a str, methods: &'a str) -> [(HeaderName, &'a str); 5] {
    [
        (ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (VARY, "Origin"),
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ]
}

/// The headers of an answer to a call from an allowed origin, whatever its status.
pub fn answer(origin: &str) -> [(HeaderName, &str); 3] {
    [
        (ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (VARY, "Origin"),
        (ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS),
    ]
}

/// The header of an answer to any other call by a publishable key: caches must not hand it to an origin that is
/// allowed.
pub fn other_answer() -> [(HeaderName, &'static str); 1] {
    [(VARY, "Origin")]
}

/// The origins that a publishable key allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Every page, also one without an origin of its own (`null`).
    Any,
    /// Exactly these.
    Listed(Listed),
}

/// A list of valid origins, at most `limits::ORIGINS_PER_KEY`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed(Vec<String>);

/// Why a list of origins is refused. `entry` counts from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginsError {
    /// Not an origin. Letters beyond ASCII have to be written as the browser sends them (`xn--...`).
    #[error("entry {entry} is not an origin: scheme://host or scheme://host:port, and nothing after it")]
    NotAnOrigin {
        /// Which one.
        entry: usize,
    },
    /// More than `limits::ORIGINS_PER_KEY`.
    #[error("there are more than {} origins", limits::ORIGINS_PER_KEY)]
    TooMany,
}

impl Origins {
    /// Reads a list of origins (RFC 6454, 6.2). An empty list allows no page.
    ///
    /// Scheme and host are lower-cased, and a port that the scheme has by itself is left out, as browsers do.
    pub fn listed<T: AsRef<str>>(origins: &[T]) -> Result<Self, OriginsError> {
        if origins.len() > limits::ORIGINS_PER_KEY {
            return Err(OriginsError::TooMany);
        }
        let parse =
            |(entry, text): (usize, &T)| parse(text.as_ref()).ok_or(OriginsError::NotAnOrigin { entry });
        let listed = origins.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
        Ok(Self::Listed(Listed(listed)))
    }

    /// Whether pages of this origin, as the `Origin` header writes it, may use the key.
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(Listed(origins)) => origins.iter().any(|one| one.eq_ignore_ascii_case(origin)),
        }
    }
}

/// An origin as a browser writes it.
fn parse(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://")?;
    let mut letters = scheme.bytes();
    let is_scheme = letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme {
        return None;
    }
    let (host, port) = if let Some(rest) = rest.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
    } else {
        let (host, port) = rest.split_at(rest.find(':').unwrap_or(rest.len()));
        (is_host(host).then(|| host.to_owned())?, port)
    };
    if !port.is_empty() && !is_port(port.strip_prefix(':')?) {
        return None;
    }
    let own = matches!((scheme, port), ("https", ":443") | ("http", ":80"));
    Some(format!("{scheme}://{host}{}", if own { "" } else { port }))
}

/// Labels of letters, digits, `-` and `_` with single dots between them.
fn is_host(host: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    host.len() <= 253 && host.split('.').all(|label| !label.is_empty() && label.bytes().all(letters))
}

/// 1 to 65535 without zeros before it.
fn is_port(digits: &str) -> bool {
    digits.starts_with(|first: char| ('1'..='9').contains(&first)) && digits.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(list: &[&str]) -> Origins {
        Origins::listed(list).unwrap()
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_all_three_count() {
        let origins = origins(&["https://shop.example", "http://localhost:3000"]);
        for allowed in ["https://shop.example", "http://localhost:3000", "HTTPS://Shop.Example"] {
            assert!(origins.allows(allowed), "{allowed}");
        }
        for other in [
            "http://shop.example",
            "https://shop.example:8443",
            "https://shop.example/",
            "https://shop.example.evil.example",
            "https://evil-shop.example",
            "https://www.shop.example",
            "https://shop.exampl",
            "http://localhost",
            "http://localhost:30000",
            "null",
            "*",
            "",
        ] {
            assert!(!origins.allows(other), "{other}");
        }
    }

    #[test]
    fn a_list_is_written_as_browsers_write_it() {
        for (written, sent) in [
            ("HTTPS://Shop.Example", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("http://shop.example:80", "http://shop.example"),
            ("http://shop.example:443", "http://shop.example:443"),
            ("https://shop.example:80", "https://shop.example:80"),
            ("https://192.0.2.1:8443", "https://192.0.2.1:8443"),
            ("https://[2001:DB8:0:0::1]:8443", "https://[2001:db8::1]:8443"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://my_shop.example:65535", "https://my_shop.example:65535"),
        ] {
            assert_eq!(parse(written).as_deref(), Some(sent));
            assert!(origins(&[written]).allows(sent), "{written}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "null",
            "*",
            "shop.example",
            "//shop.example",
            "://shop.example",
            "https:shop.example",
            "https://",
            "https://:443",
            "https://shop.example/",
            "https://shop.example/pay",
            "https://shop.example?x",
            "https://shop.example#x",
            "https://user@shop.example",
            "https://*.shop.example",
            "https://shop..example",
            "https://.example",
            "https://shop example",
            " https://shop.example",
            "https://shop.example,https://other.example",
            "https://b\u{fc}cher.example",
            "https://shop.example:",
            "https://shop.example:0",
            "https://shop.example:0443",
            "https://shop.example:65536",
            "https://shop.example:+443",
            "https://shop.example:443:443",
            "https://[2001:db8::1",
            "https://[shop.example]",
            "https://2001:db8::1",
            "1https://shop.example",
            "ht tps://shop.example",
        ] {
            let refused = Origins::listed(&["https://good.example", text]).unwrap_err();
            assert_eq!(refused, OriginsError::NotAnOrigin { entry: 1 }, "{text:?}");
        }
        assert_eq!(
            Origins::listed(&["https://a.example"; limits::ORIGINS_PER_KEY + 1]),
            Err(OriginsError::TooMany)
        );
        assert!(Origins::listed(&["https://a.example"; limits::ORIGINS_PER_KEY]).is_ok());
    }

    #[test]
    fn any_is_any_and_an_empty_list_is_none() {
        for origin in ["https://shop.example", "null"] {
            assert!(Origins::Any.allows(origin));
            assert!(!origins(&[]).allows(origin));
        }
    }

    fn value<'a>(headers: &[(HeaderName, &'a str)], name: &str) -> Option<&'a str> {
        let mut found = headers.iter().filter(|(header, _)| header == name);
        let value = found.next().map(|(_, value)| *value);
        assert!(found.next().is_none(), "{name} is there once");
        value
    }

    #[test]
    fn the_answer_to_a_preflight() {
        let headers = preflight("https://shop.example", "GET, POST");
        assert_eq!(value(&headers, "access-control-allow-origin"), Some("https://shop.example"));
        assert_eq!(value(&headers, "vary"), Some("Origin"));
        assert_eq!(value(&headers, "access-control-allow-methods"), Some("GET, POST"));
        let allowed = value(&headers, "access-control-allow-headers").unwrap();
        assert_eq!(allowed, "authorization, content-type, reb-api-consumer, reb-apikey");
        assert_eq!(
            value(&headers, "access-control-max-age"),
            Some(limits::CORS_PREFLIGHT_SECONDS.to_string().as_str())
        );
        assert_eq!(value(&headers, "access-control-allow-credentials"), None);
    }

    #[test]
    fn the_headers_of_an_answer() {
        let headers = answer("https://shop.example");
        assert_eq!(value(&headers, "access-control-allow-origin"), Some("https://shop.example"));
        assert_eq!(value(&headers, "vary"), Some("Origin"));
        assert_eq!(value(&headers, "access-control-allow-credentials"), None);
        let exposed: Vec<&str> = EXPOSED_HEADERS.split(", ").collect();
        assert_eq!(value(&headers, "access-control-expose-headers"), Some(EXPOSED_HEADERS));
        assert_eq!((exposed.len(), exposed[0], exposed[8]), (9, "Location", "X-Request-Id"));
        assert!(exposed.iter().all(|name| HeaderName::try_from(*name).is_ok()));
        assert_eq!(value(&other_answer(), "vary"), Some("Origin"));
    }
}
