//! The sandbox's clock is one for all nodes.

use crate::{
    nodes::{Cluster, NODES},
    support::{Node, card, create, exchange, redeem, seconds},
};

/// By how many seconds a node's clock is moved, and its time.
fn clock(node: &Node) -> (u64, i64) {
    let answer = node.client().call("GET", "/sandbox/clock", &[], b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    (body["advancedSeconds"].as_u64().expect("a number"), seconds(&body["now"]))
}

#[test]
fn a_clock_that_is_moved_on_one_node_is_moved_on_all_when_the_call_returns() {
    let cluster = Cluster::start();
    let mut clients = cluster.clients();
    for (mover, node) in cluster.nodes.iter().enumerate() {
        let tokens: Vec<String> = (0..NODES).map(|at| create(&mut clients[at], &card())).collect();
        let before = clock(&cluster.nodes[0]).1;
        node.advance(30 * 60);
        let moved = (mover as u64 + 1) * 30 * 60;
        for (at, other) in cluster.nodes.iter().enumerate() {
            let token = &tokens[(at + 1) % NODES];
            assert_eq!(redeem(&mut clients[at], token).status, 404, "over at once, at {at}");
            assert_eq!(exchange(&mut clients[at], token, "late").status, 422);
            let (offset, now) = clock(other);
            assert_eq!(offset, moved);
            assert!(now >= before + 30 * 60, "{now} is {} after {before}", now - before);
        }
    }
}
