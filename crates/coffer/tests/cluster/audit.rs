//! What the nodes write down together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    nodes::{Cluster, NODES, together},
    support::{card, create, redeem},
};

const CALLERS: usize = 6;
const EACH: usize = 5;

#[test]
fn every_node_writes_lanes_of_its_own_and_everything_stands_there_once() {
    let cluster = Cluster::start();
    let requests = together(&cluster, CALLERS, |caller, node| {
        let (mut own, mut other) = (node.client(), cluster.nodes[(caller + 1) % NODES].client());
        let one = |_| {
            let token = create(&mut own, &card());
            let answer = redeem(&mut other, &token);
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.header("x-request-id").expect("an id").to_owned()
        };
        (0..EACH).map(one).collect::<Vec<_>>()
    });
    let requests: BTreeSet<String> = requests.into_iter().flatten().collect();
    assert_eq!(requests.len(), CALLERS * EACH);
    let log = cluster.log();
    // A lane bears the number of its first unit, and that the number of its node (docs/FORMAT.md).
    let lanes: BTreeSet<u64> = log.frames.iter().map(|frame| frame.lane).collect();
    let writers: BTreeSet<u64> = lanes.iter().map(|lane| (lane >> 12) & 0x3FF).collect();
    assert_eq!(writers.len(), NODES, "{lanes:?}");
    assert_eq!(log.of_action("vault.start").len(), NODES);
    let redeemed: BTreeSet<String> =
        log.of_action("token.redeem").into_iter().map(|fact| text(fact, "request")).collect();
    assert_eq!(redeemed, requests);
    let mut of_tokens = BTreeMap::<u64, Vec<String>>::new();
    for fact in &log.facts {
        if text(fact, "action").starts_with("token.") {
            let token = fact["object"].as_u64().expect("a number");
            of_tokens.entry(token).or_default().push(text(fact, "action"));
        }
    }
    assert_eq!(of_tokens.len(), CALLERS * EACH);
    for (token, mut facts) in of_tokens {
        facts.sort_unstable();
        assert_eq!(facts, ["token.create", "token.redeem"], "token {token}");
    }
}

fn text(fact: &Value, name: &str) -> String {
    fact[name].as_str().unwrap_or_default().to_owned()
}
