//! No statement reads a table from end to end: the engine explains every plan that it carries out, and each of them
//! follows an index.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::sync::Arc;

use coffer_core::{
    peers::{Announcement, LeaseId, Peers, RingShare},
    store::contract::{self, block_on},
};
use coffer_postgres_fixture::Server;
use common::open;

/// Everything that is carried out is explained in the server's log.
const EXPLAINED: &[(&str, &str)] = &[
    ("session_preload_libraries", "'auto_explain'"),
    ("auto_explain.log_min_duration", "0"),
    ("auto_explain.log_nested_statements", "on"),
];

/// Few rows by their nature: the settings of the store.
const SMALL: [&str; 1] = ["meta"];

/// Everything that nodes ask of what they share.
fn share(peers: &dyn Peers) {
    let lease = LeaseId([7; 16]);
    let node = block_on(peers.join(lease)).unwrap().unwrap();
    block_on(peers.beat(node, lease, Announcement::default())).unwrap().unwrap();
    let shares = || vec![RingShare { lease, sealed: vec![1; 89] }];
    assert!(block_on(peers.offer(9, shares())).unwrap());
    block_on(peers.share(9, shares())).unwrap();
    assert_eq!(block_on(peers.shares(lease, 3)).unwrap().len(), 1);
    assert_eq!(block_on(peers.forget(10, 100)), Ok(1));
    block_on(peers.leave(node, lease)).unwrap();
}

#[test]
fn every_statement_follows_an_index() {
    let server = Server::start(EXPLAINED);
    contract::all(&|| Arc::new(open(&server.database())));
    share(&open(&server.database()));
    let log = std::fs::read_to_string(server.folder().join("log")).expect("the server's log");
    let ours = ["tokens", "unique_keys", "audit", "nodes", "ring_shares", "counters", "keys", "replies"];
    for table in ours {
        assert!(log.contains(&format!(" on {table}")), "{table}: it was explained");
    }
    let scanned: Vec<_> = log
        .lines()
        .filter(|line| line.contains("Seq Scan on "))
        .filter_map(|line| line.split("Seq Scan on ").nth(1))
        .filter_map(|rest| rest.split_whitespace().next())
        .filter(|table| !table.starts_with("pg_") && !SMALL.contains(table))
        .collect();
    assert!(scanned.is_empty(), "read from end to end: {scanned:?}");
}
