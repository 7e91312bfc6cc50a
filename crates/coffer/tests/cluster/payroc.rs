//! Payroc: bearer tokens, sessions of hosted fields and idempotency keys of one node at the others.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    calls::{
        self, API, KEY, MASKED, PAN, Shop, TERMINAL, card, fresh_key, judge, redeem, request, secure, text,
    },
    nodes::{Cluster, together},
    support::{Answer, Node},
};

const CALLERS: usize = 24;

/// What a browser sends in a session.
fn fill(node: &Node, session: &str, below: &str, body: &[u8]) -> Answer {
    let (path, key) = (format!("{API}/hosted-fields-sessions/{session}/{below}"), fresh_key());
    let mut headers = vec![("Idempotency-Key", key.as_str())];
    headers.extend((!body.is_empty()).then_some(("Content-Type", "application/json")));
    let answer = node.client().call("POST", &path, &headers, body);
    judge(&answer);
    answer
}

#[test]
fn a_bearer_token_of_one_node_opens_all() {
    let cluster = Cluster::start();
    for maker in &cluster.nodes {
        let bearer = calls::bearer(maker, KEY);
        for node in &cluster.nodes {
            let mut shop =
                Shop { client: node.client(), bearer: bearer.clone(), terminal: TERMINAL.to_owned() };
            assert_eq!(redeem(maker, &shop.token()).status, 200);
        }
    }
}

#[test]
fn a_session_is_begun_on_one_node_filled_on_another_and_used_on_the_third() {
    let cluster = Cluster::start();
    let [one, two, three] = cluster.nodes.as_slice() else { panic!("three nodes") };
    let begun = json!({"libVersion": "1.7.0.261457", "scenario": "tokenization"});
    let session = Shop::of(one).post("hosted-fields-sessions", &begun);
    assert_eq!(session.status, 201, "{}", session.text());
    let session = text(&session.json(), "token");
    for (name, value) in [
        ("cardholderName", "Sarah Hazel Hopper"),
        ("cardNumber", PAN),
        ("expiryDate", "1230"),
        ("cvv", "234"),
    ] {
        let body = json!({name: value, "type": name}).to_string();
        let answer = fill(two, &session, "fields", body.as_bytes());
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
    let made = fill(three, &session, "single-use-tokens", b"");
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(fill(one, &session, "single-use-tokens", b"").status >= 400, "a session is used once");
    let token = text(&made.json(), "token");
    let kept = Shop::of(one).secure(&secure("kept", &calls::flat(&token)));
    assert_eq!(kept["source"]["cardNumber"], MASKED);
    assert_eq!(Shop::of(two).read("kept")["source"]["cardNumber"], MASKED);
    assert_eq!(redeem(three, &token).status, 404, "used up");
}

#[test]
fn one_key_on_three_nodes_is_one_token_and_one_answer() {
    let cluster = Cluster::start();
    let bearer = calls::bearer(&cluster.nodes[0], KEY);
    let mut made = BTreeSet::new();
    for _ in 0..4 {
        let (key, body) = (fresh_key(), request(&card()));
        let answers = together(&cluster, CALLERS, |_, node| {
            let mut shop =
                Shop { client: node.client(), bearer: bearer.clone(), terminal: TERMINAL.to_owned() };
            let path = shop.path("single-use-tokens");
            shop.keyed("POST", &path, &key, &body)
        });
        let texts: BTreeSet<String> = answers.iter().map(Answer::text).collect();
        assert_eq!(texts.len(), 1, "all are told the same: {texts:?}");
        assert_eq!(answers[0].status, 201, "{}", answers[0].text());
        made.insert(text(&answers[0].json(), "token"));
    }
    assert_eq!(made.len(), 4);
    assert_eq!(cluster.log().of_action("token.create").len(), 4, "one for each key");
}
