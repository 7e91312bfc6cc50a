//! `billingAddress` (5.2): the edges that are not lengths, and the hash.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::calls::{TOKENS, get, invalid_fields, names, post, seed_request, set, token, with};
use crate::{
    live::{ALPHA, BETA, Live},
    support::{Client, Node, card, exchange, home},
};

fn with_address(address: Value) -> Value {
    with(&card(), "billingAddress", address)
}

fn hash(client: &mut Client, address: &Value) -> String {
    let made = token(client, &with_address(address.clone()));
    made["billingAddress"]["hash"].as_str().expect("a hash").to_owned()
}

/// Every attribute, each with a value of its own.
fn full() -> Value {
    let mut address = seed_request()["billingAddress"].clone();
    address["address2"] = json!("2nd floor");
    address["phoneNumbers"] = json!([{"label": "main", "value": "1", "primary": true}]);
    address["emails"] = json!([{"label": "home", "value": "a@example.com", "primary": true}]);
    address
}

/// One change of every attribute, and of the order and the places of some.
fn changes() -> Vec<(&'static str, Value)> {
    let mut table: Vec<(&str, Value)> = [
        "firstName",
        "lastName",
        "organization",
        "address",
        "address2",
        "city",
        "region",
        "country",
        "postalCode",
        "jobTitle",
        "dob",
        "phoneNumbers",
        "emails",
    ]
    .into_iter()
    .map(|name| (name, Value::Null))
    .collect();
    table.extend([
        ("firstName", json!("benjamin")),
        ("lastName", json!("Frankl\u{131}n")),
        ("city", json!("London ")),
        ("region", json!("Londo")),
        ("country", json!("IE")),
        ("postalCode", json!("WC2N5NF")),
        ("dob", json!("1980-04-02")),
        ("phoneNumbers.0.label", json!("home")),
        ("phoneNumbers.0.value", json!("2")),
        ("phoneNumbers.0.primary", json!(false)),
        ("emails.0.label", json!("main")),
        ("emails.0.value", json!("b@example.com")),
        ("emails.0.primary", json!(false)),
        (
            "emails",
            json!([{"label": "home", "value": "a@example.com", "primary": true}, {"label": "b", "value": "b@b"}]),
        ),
        (
            "emails",
            json!([{"label": "b", "value": "b@b"}, {"label": "home", "value": "a@example.com", "primary": true}]),
        ),
    ]);
    table
}

#[test]
fn equal_addresses_have_one_hash_and_every_change_makes_another() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let first = hash(&mut client, &full());
    assert_eq!(first.len(), 40);
    assert!(first.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)), "{first}");
    assert_eq!(hash(&mut client, &full()), first);
    let mut seen = BTreeSet::from([first]);
    for (place, value) in changes() {
        let changed = hash(&mut client, &with(&full(), place, value.clone()));
        assert!(seen.insert(changed), "{place} {value} changed nothing");
    }
    // A value in the place of another is another address.
    let pairs = [("firstName", "lastName"), ("address", "address2"), ("city", "region")];
    for (one, other) in pairs {
        let mut turned = full();
        turned[one] = full()[other].clone();
        turned[other] = full()[one].clone();
        if turned != full() {
            assert!(seen.insert(hash(&mut client, &turned)), "{one} and {other}");
        }
        for alone in [one, other] {
            assert!(seen.insert(hash(&mut client, &json!({alone: "same"}))), "{alone} alone");
        }
    }
    assert!(seen.insert(hash(&mut client, &json!({"firstName": "ab", "lastName": "c"}))));
    assert!(seen.insert(hash(&mut client, &json!({"firstName": "a", "lastName": "bc"}))));
}

#[test]
fn what_is_absent_is_as_what_is_null_and_order_and_input_do_not_count() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let plain = json!({"firstName": "Ada", "city": "London"});
    let expected = hash(&mut client, &plain);
    for same in [
        json!({"city": "London", "firstName": "Ada"}),
        json!({"firstName": "Ada", "city": "London", "lastName": null, "emails": null, "dob": null}),
        json!({"firstName": "Ada", "city": "London", "hash": "0".repeat(40)}),
        json!({"firstName": "Ada", "city": "London", "hash": null, "surprise": "x"}),
        json!({"firstName": "Ada", "city": "London", "hash": 7}),
    ] {
        assert_eq!(hash(&mut client, &same), expected, "{same}");
    }
    assert_ne!(hash(&mut client, &json!({})), expected);
}

#[test]
fn a_hash_is_the_same_wherever_the_address_is_shown_and_after_a_restart() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = token(&mut client, &with_address(full()));
    let id = made["id"].as_str().unwrap();
    let expected = &made["billingAddress"]["hash"];
    let kept = exchange(&mut client, id, "cus_1").json();
    assert_eq!(&kept["billingAddress"]["hash"], expected);
    node.kill();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let read = get(&mut client, &format!("{TOKENS}/{id}")).json();
    assert_eq!(&read["billingAddress"]["hash"], expected);
    assert_eq!(&json!(hash(&mut client, &full())), expected);
}

#[test]
fn two_organizations_have_two_hashes_of_one_address() {
    let live = Live::new();
    let node = live.start();
    let mut client = node.client();
    let mut of = |org: &str| {
        let path = format!("/rebilly/organizations/{org}/tokens");
        let both = [("REB-APIKEY", "sk_live_both_0001")];
        let made = client.call("POST", &path, &both, with_address(full()).to_string().as_bytes());
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["billingAddress"]["hash"].as_str().unwrap().to_owned()
    };
    let (alpha, beta) = (of(ALPHA), of(BETA));
    assert_ne!(alpha, beta);
    // Not even half of it: nothing of one leads to the other.
    assert!((0..=30).all(|at| alpha[at..at + 10] != beta[at..at + 10]), "{alpha} {beta}");
    assert_eq!((of(ALPHA), of(BETA)), (alpha, beta));
}

#[test]
fn a_list_has_an_end() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for name in ["emails", "phoneNumbers"] {
        let entries = |count: usize| json!(vec![json!({"label": "a", "value": "a@example.com"}); count]);
        let most = token(&mut client, &with_address(json!({name: entries(64)})));
        assert_eq!(most["billingAddress"][name], entries(64));
        let answer = post(&mut client, TOKENS, &with_address(json!({name: entries(65)})));
        assert_eq!(invalid_fields(&answer), names(&[&format!("billingAddress.{name}")]));
        assert_eq!(token(&mut client, &with_address(json!({name: []})))["billingAddress"][name], json!([]));
    }
}

#[test]
fn what_a_pattern_allows_is_taken() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (name, value) in [
        ("postalCode", "a_b-C 9"),
        ("postalCode", "0"),
        ("country", "ZZ"),
        ("firstName", "\u{1}"),
        ("lastName", "\u{ffff}"),
        ("city", " "),
        ("dob", "1900-01-01"),
        ("dob", "9999-12-31"),
        ("dob", "2024-02-29"),
    ] {
        let made = token(&mut client, &with_address(json!({name: value})));
        assert_eq!(made["billingAddress"][name], value, "{name}");
    }
    for (name, value) in [
        ("dob", "2023-02-29"),
        ("dob", "2024-2-29 "),
        ("dob", "+2024-02-2"),
        ("dob", "+024-02-29"),
        ("dob", "2024-+2-29"),
        ("dob", "2024- 2-29"),
        ("dob", "2024-02- 9"),
        ("dob", "2024-02-+9"),
        ("country", "ÄB"),
    ] {
        let answer = post(&mut client, TOKENS, &with_address(json!({name: value})));
        assert_eq!(invalid_fields(&answer), names(&[&format!("billingAddress.{name}")]), "{value}");
    }
}

#[test]
fn the_address_of_any_method_has_the_same_fields() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for method in ["cash", "cryptocurrency"] {
        let body = json!({"method": method, "billingAddress": full()});
        let made = token(&mut client, &body);
        for (name, value) in full().as_object().unwrap() {
            assert_eq!(&made["billingAddress"][name], value, "{method} {name}");
        }
        let mut wrong = body.clone();
        for (place, value) in [("firstName", json!("ä".repeat(46))), ("emails.0.value", json!("nobody"))] {
            set(&mut wrong["billingAddress"], place, value);
        }
        let answer = post(&mut client, TOKENS, &wrong);
        let expected = names(&["billingAddress.firstName", "billingAddress.emails.0.value"]);
        assert_eq!(invalid_fields(&answer), expected, "{method}");
    }
}
