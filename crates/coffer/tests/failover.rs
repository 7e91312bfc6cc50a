//! The long faults of the database: a server that fails over to another one, and a disk without room. `cargo xtask
//! faults database` runs them; they need Patroni and etcd, and root, who can mount a small disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[allow(dead_code, reason = "the words of the dialect's own tests, of which these need a part")]
#[path = "payroc/calls.rs"]
mod calls;
#[path = "crash/dice.rs"]
mod dice;

#[path = "outage/book.rs"]
mod book;
#[path = "outage/check.rs"]
mod check;
#[path = "failover/disk.rs"]
mod disk;
#[path = "outage/load.rs"]
mod load;
#[path = "failover/patroni.rs"]
mod patroni;
#[path = "failover/small.rs"]
mod small;
#[path = "outage/watch.rs"]
mod watch;

use std::net::SocketAddr;

use support::Node;

/// How many nodes share the database.
const NODES: usize = 3;

fn addresses(nodes: &[Node]) -> Vec<SocketAddr> {
    nodes.iter().map(|node| node.clients).collect()
}

/// Lets all nodes finish.
fn stop(nodes: &mut [Node]) {
    for node in nodes {
        assert!(node.stop(), "it ends with success: {}", node.said());
    }
}
