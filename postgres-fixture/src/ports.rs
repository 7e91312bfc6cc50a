//! Ports for servers and proxies.

use std::{
    net::{SocketAddr, TcpListener},
    sync::atomic::{AtomicU32, Ordering},
};

/// Below the range of the nodes under test, so that no test can take a port of the other kind, and far below the one
/// from which the system draws ports for clients.
const PORTS: std::ops::Range<u32> = 5_500..10_000;

/// A listener at a port that this process gives out once, from a place of the process's own on.
pub(crate) fn listener() -> TcpListener {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(97);
    for _ in PORTS {
        let place = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
        let port = u16::try_from(PORTS.start + place).expect("a port");
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener;
        }
    }
    panic!("no port of {PORTS:?} is free");
}

/// An address that was free a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    listener().local_addr().expect("an address")
}
