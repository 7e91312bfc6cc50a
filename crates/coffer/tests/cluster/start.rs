//! Starts: at the same moment, again, and later.

use std::collections::BTreeSet;

use crate::{
    nodes::{Cluster, NODES},
    support::{Node, card, create, redeem},
};

/// The numbers of the nodes that hold one, lowest first.
fn numbers(cluster: &Cluster) -> Vec<u64> {
    let rows = cluster.sql("SELECT node FROM nodes WHERE NOT gone ORDER BY node");
    rows.lines().map(|row| row.parse().expect("a number")).collect()
}

#[test]
fn nodes_that_start_at_one_moment_on_an_empty_database_make_one_vault() {
    for _ in 0..2 {
        let cluster = Cluster::start();
        assert_eq!(numbers(&cluster), [0, 1, 2], "each has a number of its own, from the lowest");
        let keys = cluster.sql("SELECT count(*) - count(DISTINCT (tenant, purpose, version)) FROM keys");
        assert_eq!(keys, "0", "one key of each kind");
        for (at, node) in cluster.nodes.iter().enumerate() {
            let token = create(&mut node.client(), &card());
            let answer = redeem(&mut cluster.nodes[(at + 1) % NODES].client(), &token);
            assert_eq!((answer.status, &answer.json()["card"]["cvv"]), (200, &"123".into()));
        }
    }
}

#[test]
fn a_node_that_starts_again_gets_another_number() {
    let mut cluster = Cluster::start();
    let mut given: BTreeSet<u64> = numbers(&cluster).into_iter().collect();
    for by_signal in [false, true] {
        let mut node = cluster.nodes.remove(0);
        if by_signal {
            node.kill();
        } else {
            assert!(node.stop(), "it ends with success: {}", node.said());
        }
        cluster.join();
        let now = numbers(&cluster);
        let newest = now.last().expect("a node");
        assert!(given.insert(*newest), "{newest} is another's, or was a moment ago: {now:?}");
    }
    assert_eq!(given.len(), NODES + 2);
}

#[test]
fn a_node_that_joins_later_opens_the_codes_that_were_made_before() {
    let mut cluster = Cluster::start();
    let mut clients = cluster.clients();
    let tokens: Vec<String> = (0..9).map(|at| create(&mut clients[at % NODES], &card())).collect();
    let late: &Node = cluster.join();
    let mut client = late.client();
    for token in &tokens {
        let answer = redeem(&mut client, token);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["card"]["cvv"], "123");
    }
    // And the other way about.
    let token = create(&mut client, &card());
    assert_eq!(redeem(&mut clients[0], &token).json()["card"]["cvv"], "123");
}
