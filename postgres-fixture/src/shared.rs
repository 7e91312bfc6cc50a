//! One server for all tests of a program.

use std::{env, sync::OnceLock};

use crate::Server;

/// Names a server that the tests use instead of starting one: `postgres://user@host:port/`. The user may make
/// databases there; they stay.
pub const VARIABLE: &str = "COFFER_TEST_POSTGRES";

/// The server of this process, started when it is first asked for, and gone with the process.
pub fn shared() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| match env::var_os(VARIABLE) {
        Some(url) => Server::of_somebody(url.to_str().expect("a URL is text")),
        None => Server::start(&[]),
    })
}
