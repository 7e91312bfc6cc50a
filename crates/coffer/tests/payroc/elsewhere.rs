//! Where links lead when the node is known by another name, and keys that are taken from some addresses only.

use serde_json::{Value, json};

use super::{
    calls::{Shop, assert_refused, authorize, card, flat, judge, secure, text},
    place::{self, ELSEWHERE_KEY, KEY, OPEN},
};
use crate::live::Live;

const NAME: &str = "https://vault.example";

/// Every link that an answer has, wherever it is.
fn links(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| links(value, found)),
        Value::Array(values) => values.iter().for_each(|value| links(value, found)),
        Value::String(text) if text.contains("/processing-terminals/") => found.push(text.clone()),
        _ => {}
    }
}

#[test]
fn every_link_has_the_name_that_the_operator_gave() {
    let live = Live::new();
    let config = format!("public_url = \"{NAME}\"\n{}", place::config(&live, ""));
    let node = live.try_start(&config).expect("the node starts");
    let mut shop = Shop::by(&node, KEY, OPEN);
    let mut found = Vec::new();
    for body in [secure("one", &card()), secure("two", &card()), secure("three", &card())] {
        let answer = shop.post("secure-tokens", &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        found.push(answer.header("location").expect("a location").to_owned());
        links(&answer.json(), &mut found);
    }
    let single = shop.post("single-use-tokens", &super::calls::request(&card()));
    found.push(single.header("location").expect("a location").to_owned());
    links(&shop.post("secure-tokens", &secure("one", &card())).json(), &mut found);
    let list = shop.path("secure-tokens?limit=1&after=three");
    links(&shop.get(&list).json(), &mut found);
    // Four locations, instance and link of a conflict, and the links of a page in the middle.
    assert_eq!(found.len(), 8, "{found:?}");
    let base = format!("{NAME}/payroc/v1/processing-terminals/{OPEN}/");
    assert!(found.iter().all(|link| link.starts_with(&base)), "{found:?}");
    // Whatever a request says of its host.
    let bearer = format!("Bearer {}", shop.bearer);
    let headers = [("Authorization", bearer.as_str()), ("X-Forwarded-Host", "evil.example")];
    let answer = node.client().call("GET", &list, &headers, b"");
    assert!(!answer.text().contains("evil"), "{}", answer.text());
}

#[test]
fn a_key_is_taken_from_its_addresses_only() {
    let live = Live::new();
    let config = format!("trusted_proxies = [\"127.0.0.1\"]\n{}", place::config(&live, ""));
    let node = live.try_start(&config).expect("the node starts");
    let inside = ("X-Forwarded-For", "192.0.2.7");
    let refused = authorize(&node, &[("x-api-key", ELSEWHERE_KEY)]);
    assert_refused(&refused, 403, "forbidden");
    for address in ["192.0.3.7", "2001:db8::7"] {
        let headers = [("x-api-key", ELSEWHERE_KEY), ("X-Forwarded-For", address)];
        assert_refused(&authorize(&node, &headers), 403, "forbidden");
    }
    let given = authorize(&node, &[("x-api-key", ELSEWHERE_KEY), inside]);
    assert_eq!(given.status, 200, "{}", given.text());
    // What it was exchanged for is taken from the same addresses only.
    let bearer = format!("Bearer {}", text(&given.json(), "access_token"));
    let path = format!("/payroc/v1/processing-terminals/{OPEN}/secure-tokens");
    for (more, status) in [(Some(inside), 200), (None, 403), (Some(("X-Forwarded-For", "192.0.3.7")), 403)] {
        let mut headers = vec![("Authorization", bearer.as_str())];
        headers.extend(more);
        let answer = node.client().call("GET", &path, &headers, b"");
        judge(&answer);
        assert_eq!(answer.status, status, "{more:?}: {}", answer.text());
    }
    // The key's token is the merchant's: others of its keys see what it made.
    let mut shop = Shop::by(&node, KEY, OPEN);
    let token = shop.token();
    assert_eq!(shop.post("secure-tokens", &json!({"source": flat(&token)})).status, 201);
}
