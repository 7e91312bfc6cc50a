//! How many connections one address may have.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use coffer_types::limits::CONNECTIONS_PER_ADDRESS;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::raw::Raw;
use crate::support::{Client, Node, home};

/// An address of its own, so that no other connection of this test counts.
const CROWD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const LIVE: &str = "GET /livez HTTP/1.1\r\nHost: vault\r\n\r\n";

/// This process needs a handle for each connection.
fn allow_many_files() {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum })
        .expect("more files");
}

#[test]
fn a_thousand_connections_of_one_address_are_served_and_not_one_more() {
    allow_many_files();
    let folder = home();
    let node = Node::sandbox(folder.path());
    assert_eq!(CONNECTIONS_PER_ADDRESS, 1_024, "what the sandbox promises");
    let mut crowd = Vec::new();
    for index in 0..CONNECTIONS_PER_ADDRESS {
        let mut raw = Raw::open_from(CROWD, node.clients);
        assert_eq!(raw.status(LIVE), Some(200), "connection {index}");
        crowd.push(raw);
    }
    for (index, raw) in crowd.iter_mut().enumerate() {
        assert_eq!(raw.status(LIVE), Some(200), "connection {index}, with all others open");
    }
    for _ in 0..8 {
        let mut late = Raw::open_from(CROWD, node.clients);
        late.send(LIVE);
        let received = late.until_closed(Instant::now() + Duration::from_secs(20));
        assert!(received.closed && received.answers.is_empty() && received.rest == 0, "{received:?}");
    }
    // Others are served meanwhile, and so is whoever looks after the node, from wherever.
    assert_eq!(node.client().call("GET", "/livez", &[], b"").status, 200);
    assert_eq!(Client::new(node.operator).call("GET", "/metrics", &[], b"").status, 200);
    assert_eq!(
        Raw::open_from(CROWD, node.operator).status(LIVE),
        Some(200),
        "the operator has a listener of its own"
    );
    // Whoever leaves gives a place back.
    crowd.truncate(CONNECTIONS_PER_ADDRESS - 3);
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut placed = 0;
    while placed < 3 {
        let mut raw = Raw::open_from(CROWD, node.clients);
        if raw.status(LIVE) == Some(200) {
            placed += 1;
            crowd.push(raw);
        }
        assert!(Instant::now() < deadline, "only {placed} of 3 places came back");
    }
    assert_eq!(Raw::open_from(CROWD, node.clients).status(LIVE), None, "three places, not four");
}
