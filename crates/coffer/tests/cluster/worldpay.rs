//! Worldpay tokens: one for a card and namespace, sixteen in a namespace, whichever node is asked.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    nodes::{Cluster, NODES, together},
    support::{Answer, Node},
    worldpay_calls::{Shop, TOKENS, card, card_in, link, refused, with},
    worldpay_cards::CARDS,
};

const CALLERS: usize = 24;
const ATTEMPTS: usize = 50;

/// Nodes that are in each other's way refuse by 503 in the end: then nothing was done, and it is asked again.
fn post(node: &Node, body: &Value) -> Answer {
    let mut shop = Shop::of(node);
    for _ in 0..ATTEMPTS {
        let answer = shop.post(TOKENS, body);
        if answer.status != 503 {
            return answer;
        }
        assert!(answer.header("retry-after").is_some() && answer.text().contains("Others are changing"));
    }
    panic!("in the way of each other {ATTEMPTS} times")
}

/// The link of a token without its node.
fn place(token: &Value) -> String {
    let link = link(token, "token");
    crate::worldpay_calls::path_of(&link).to_owned()
}

#[test]
fn many_that_bring_one_card_to_three_nodes_make_one_token() {
    let cluster = Cluster::start();
    for namespace in ["one", "two"] {
        let body = card_in(CARDS[0].0, namespace);
        let answers = together(&cluster, CALLERS, |_, node| post(node, &body));
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        let matched = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!((made, matched), (1, CALLERS - 1), "one makes it, the others are told of it");
        let places: BTreeSet<String> = answers.iter().map(|answer| place(&answer.json())).collect();
        assert_eq!(places.len(), 1, "{places:?}");
    }
}

#[test]
fn a_conflict_of_one_node_waits_at_all_and_is_resolved_at_any() {
    let cluster = Cluster::start();
    let [one, two, three] = cluster.nodes.as_slice() else { panic!("three nodes") };
    let stored = Shop::of(one).create(&card());
    assert_eq!(post(two, &card()).status, 200, "what another node made is matched");
    let other = with(&card(), "/paymentInstrument/cardHolderName", json!("John Watson"));
    let conflict = post(two, &other);
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    let (mut shop, path) = (Shop::of(three), place(&stored));
    let shown = shop.read(&path);
    assert_eq!(shown["paymentInstrument"]["cardHolderName"], "Sherlock Holmes", "unchanged");
    let resolved = shop.resolve(&link(&conflict.json(), "conflicts"));
    assert_eq!(resolved.status, 204, "{}", resolved.text());
    for node in &cluster.nodes {
        let now = Shop::of(node).read(&path);
        assert_eq!(now["paymentInstrument"]["cardHolderName"], "John Watson");
    }
}

#[test]
fn a_namespace_has_sixteen_places_for_three_nodes_together() {
    let cluster = Cluster::start();
    for round in 0..2 {
        let namespace = format!("full-{round}");
        let answers =
            together(&cluster, 20, |caller, node| post(node, &card_in(CARDS[caller].0, &namespace)));
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!(refused(answer), (403, "tooManyTokensForNamespace".to_owned()));
        }
        assert_eq!(made, 16, "sixteen and no more");
        for at in 0..NODES {
            let query = format!("{TOKENS}?namespace={namespace}");
            let found = Shop::of(&cluster.nodes[at]).get(&query).json();
            assert_eq!(found["_embedded"]["tokens"].as_array().map(Vec::len), Some(16));
        }
    }
}
