//! Under which scheme and host links lead back to this server (`reference/rebilly.md` 3.1: "as requested").
//!
//! `public_url` decides where it is set. Where it is not and clients come by loopback, a link names the server as the
//! request did, as long as that is a name of this machine: a client that asked `localhost` and is led to `127.0.0.1`
//! leaves its credentials behind. No other host is believed, and nothing of the header is copied.

use std::borrow::Cow;

use crate::{app::App, call::Call};

/// The names by which a machine calls itself.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Scheme and host of the links in the answer to this request.
pub(crate) fn origin<'a>(app: &'a App, call: &Call) -> Cow<'a, str> {
    let asked = if app.follows_host {
        call.header("host").and_then(|host| loopback(app.scheme(), host))
    } else {
        None
    };
    asked.map_or_else(|| Cow::Borrowed(app.public_url()), Cow::Owned)
}

/// Scheme and host, put together anew, if the host of a request is this machine.
fn loopback(scheme: &str, host: &str) -> Option<String> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let name = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
    match port {
        None => Some(format!("{scheme}://{name}")),
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port: u16 = port.parse().ok()?;
            Some(format!("{scheme}://{name}:{port}"))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_this_machine_is_followed_and_no_other() {
        for (host, origin) in [
            ("localhost:8080", "http://localhost:8080"),
            ("LocalHost", "http://localhost"),
            ("127.0.0.1:1", "http://127.0.0.1:1"),
            ("[::1]:65535", "http://[::1]:65535"),
            ("[::1]", "http://[::1]"),
        ] {
            assert_eq!(loopback("http", host).as_deref(), Some(origin), "{host}");
        }
        for host in [
            "",
            "vault.example",
            "localhost.example:80",
            "localhost:",
            "localhost:65536",
            "localhost:+80",
            "localhost:80:80",
            "localhost:80/x",
            "localhost:80\r\nX: y",
            "user@localhost",
            "::1",
            "[::1",
            "[::1]x",
            "[::2]:80",
            "127.0.0.1.:80",
            "127.1:80",
        ] {
            assert_eq!(loopback("http", host), None, "{host:?}");
        }
    }
}
