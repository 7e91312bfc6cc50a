//! A card that is there with other details (sections 4.2 to 4.5): 409, what waits, and what becomes of it.

use serde_json::{Value, json};

use super::calls::{Shop, TOKENS, V3, address, both, card, link, now, refused, seconds, with, without};
use crate::support::{Answer, Node, home};

const REFERENCE: &str = "000000000000020005060720116005060";

/// The 409 to this card, whose stored token is as it was.
fn conflict(shop: &mut Shop, stored: &Value, body: &Value) -> Value {
    let answer = shop.post(TOKENS, body);
    assert_eq!((answer.status, answer.header("content-type")), (409, Some(V3)), "{}", answer.text());
    assert_eq!(answer.header("location"), Some(link(stored, "token").as_str()));
    let mut shown = answer.json();
    let whole = shown.clone();
    shown.as_object_mut().unwrap().remove("conflicts").expect("conflicts");
    shown["_links"].as_object_mut().unwrap().remove("tokens:conflicts").expect("a link");
    assert_eq!(shown, *stored, "the stored token is unchanged and shown");
    assert_eq!(shop.read(&link(stored, "token")), *stored);
    whole
}

/// `conflicts` without its end.
fn waiting(token: &Value) -> Value {
    let mut conflicts = token["conflicts"].clone();
    conflicts.as_object_mut().unwrap().remove("conflictsExpiryDateTime").expect("an end");
    conflicts
}

fn not_found(answer: &Answer) {
    assert_eq!(refused(answer), (404, "resourceNotFound".to_owned()));
    assert_eq!(answer.json()["message"], "Requested resource was not found");
}

/// Every compared field by itself, and all at once.
fn changes() -> Vec<(Vec<(&'static str, Value)>, Value)> {
    let elsewhere = with(&address(), "/city", json!("Manchester"));
    let shorter = without(&address(), "/state");
    vec![
        (
            vec![("/paymentInstrument/cardHolderName", json!("sherlock Holmes"))],
            json!({"paymentInstrument": {"cardHolderName": "sherlock Holmes"}}),
        ),
        (
            vec![("/paymentInstrument/cardExpiryDate/month", json!(6))],
            json!({"paymentInstrument": {"cardExpiryDate": {"month": 6, "year": 2035}}}),
        ),
        (
            vec![("/paymentInstrument/cardExpiryDate/year", json!(2036))],
            json!({"paymentInstrument": {"cardExpiryDate": {"month": 5, "year": 2036}}}),
        ),
        (
            vec![("/paymentInstrument/billingAddress", elsewhere.clone())],
            json!({"paymentInstrument": {"billingAddress": elsewhere}}),
        ),
        (
            vec![("/paymentInstrument/billingAddress", shorter.clone())],
            json!({"paymentInstrument": {"billingAddress": shorter}}),
        ),
        (vec![("/schemeTransactionReference", json!("9"))], json!({"schemeTransactionReference": "9"})),
        (
            vec![
                ("/paymentInstrument/cardHolderName", json!("John Watson")),
                ("/paymentInstrument/cardExpiryDate", json!({"month": 1, "year": 2040})),
                ("/paymentInstrument/billingAddress", elsewhere.clone()),
                ("/schemeTransactionReference", json!("A 1")),
            ],
            json!({
                "paymentInstrument": {
                    "cardHolderName": "John Watson", "cardExpiryDate": {"month": 1, "year": 2040},
                    "billingAddress": elsewhere,
                },
                "schemeTransactionReference": "A 1",
            }),
        ),
    ]
}

#[test]
fn each_field_that_differs_waits_and_is_written_by_one_put() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let original = with(&card(), "/schemeTransactionReference", json!(REFERENCE));
    for (places, expected) in changes() {
        let stored = shop.create(&original);
        let body =
            places.iter().fold(original.clone(), |body, (place, value)| with(&body, place, value.clone()));
        let before = now(&node);
        let answered = conflict(&mut shop, &stored, &body);
        assert_eq!(waiting(&answered), expected, "only what differs: {places:?}");
        let ends_at = seconds(&answered["conflicts"]["conflictsExpiryDateTime"]);
        assert!((before + 1_800..=now(&node) + 1_800).contains(&ends_at), "half an hour");
        let href = link(&answered, "conflicts");
        assert_eq!(shop.read(&href), answered, "the link tells what waits");

        let resolved = shop.resolve(&href);
        assert_eq!(
            (resolved.status, resolved.header("content-type")),
            (204, Some(V3)),
            "{}",
            resolved.text()
        );
        assert!(resolved.body.is_empty());
        not_found(&shop.resolve(&href));
        not_found(&shop.get(&href));
        let token = shop.read(&link(&stored, "token"));
        let mut updated = stored.clone();
        for (place, value) in &places {
            updated = with(&updated, place, value.clone());
        }
        assert_eq!(token, updated);
        assert_eq!(shop.post(TOKENS, &body).status, 200, "and now it is the same");
        assert_eq!(shop.delete(&link(&stored, "token")).status, 204);
    }
}

#[test]
fn what_the_stored_token_does_not_have_is_a_conflict_and_what_is_absent_is_none() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let bare = without(&card(), "/paymentInstrument/billingAddress");
    let stored = shop.create(&bare);
    let answered = conflict(&mut shop, &stored, &card());
    assert_eq!(waiting(&answered), json!({"paymentInstrument": {"billingAddress": address()}}));
    let referenced = with(&bare, "/schemeTransactionReference", json!(REFERENCE));
    let answered = conflict(&mut shop, &stored, &referenced);
    assert_eq!(waiting(&answered), json!({"schemeTransactionReference": REFERENCE}));
    assert_eq!(shop.resolve(&link(&answered, "conflicts")).status, 204);
    assert_eq!(shop.post(TOKENS, &bare).status, 200);
    let kept = shop.read(&link(&stored, "token"));
    assert_eq!(kept["schemeTransactionReference"], REFERENCE, "retained");
}

/// Resolving as the Magento plugin does: what waits is read, and each part is written by its own link.
#[test]
fn parts_are_written_one_by_one() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let stored = shop.create(&card());
    let mut body = with(&card(), "/paymentInstrument/cardHolderName", json!("sherlock holmes"));
    body = with(&body, "/paymentInstrument/cardExpiryDate", json!({"month": 12, "year": 2039}));
    let answered = conflict(&mut shop, &stored, &body);
    let read = shop.read(&link(&answered, "conflicts"));
    let waits = &read["conflicts"]["paymentInstrument"];
    for name in ["cardHolderName", "cardExpiryDate"] {
        let written = shop.put(&link(&read, name), &waits[name]);
        assert_eq!(written.status, 204, "{}", written.text());
    }
    assert_eq!(shop.post(TOKENS, &body).status, 200);
}

#[test]
fn after_half_an_hour_nothing_waits_any_more() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let stored = shop.create(&card());
    let body = with(&card(), "/paymentInstrument/cardHolderName", json!("John Watson"));
    let first = link(&conflict(&mut shop, &stored, &body), "conflicts");
    node.advance(1_790);
    let second = link(&conflict(&mut shop, &stored, &body), "conflicts");
    assert_ne!(first, second, "each conflict has a link of its own");
    assert_eq!(shop.get(&first).status, 200);
    node.advance(11);
    not_found(&shop.get(&first));
    not_found(&shop.resolve(&first));
    assert_eq!(shop.read(&link(&stored, "token")), stored);
    assert_eq!(shop.resolve(&second).status, 204);
}

#[test]
fn what_waits_goes_with_its_token_and_has_no_other_method() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let stored = shop.create(&card());
    let body = with(&card(), "/paymentInstrument/cardHolderName", json!("John Watson"));
    let href = link(&conflict(&mut shop, &stored, &body), "conflicts");
    not_found(&shop.delete(&href));
    assert_eq!(shop.get(&href).status, 200);
    // A body makes no difference: what waits is written.
    assert_eq!(shop.send("PUT", &href, &both(V3), b"[]").status, 204);
    assert_eq!(shop.read(&link(&stored, "token"))["paymentInstrument"]["cardHolderName"], "John Watson");

    let href = link(&conflict_again(&mut shop), "conflicts");
    assert_eq!(shop.delete(&link(&stored, "token")).status, 204);
    not_found(&shop.get(&href));
    not_found(&shop.resolve(&href));
}

fn conflict_again(shop: &mut Shop) -> Value {
    let answer = shop.post(TOKENS, &card());
    assert_eq!(answer.status, 409, "{}", answer.text());
    answer.json()
}
