//! The end of tokens (section 8): given, by default, extended by use, and what is after it.

use std::{thread, time::Duration};

use coffer_core::Clock;
use serde_json::{Value, json};

use super::{
    calls::{CLEAR, Shop, TOKENS, card, card_in, fields, iso, link, now, one_field, refused, seconds, with},
    place::{self, REVEAL, USER},
};
use crate::{
    live::Live,
    support::{Node, home},
};

const DAY: i64 = 86_400;
const FOUR_YEARS: i64 = 1_461 * DAY;
const FIELD: &str = "$.tokenExpiryDateTime";

fn ending(at: &str) -> Value {
    with(&card(), "/tokenExpiryDateTime", json!(at))
}

fn wall() -> i64 {
    Clock::system().now().millis().div_euclid(1_000)
}

#[test]
fn an_end_is_a_moment_to_come_within_ten_years() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let now = now(&node);
    let this_second = iso(now).replace('Z', ".999Z");
    for past in
        [this_second, iso(now - 1), "2020-01-01T00:00:00Z".to_owned(), "0001-01-01T00:00:00Z".to_owned()]
    {
        let answer = shop.post(TOKENS, &ending(&past));
        one_field(&answer, "fieldHasInvalidValue", FIELD);
        assert_eq!(fields(&answer)[0].1, "Token expiry date time must not be in the past");
    }
    for strange in ["tomorrow", "2035-13-01T00:00:00Z", "01.01.2035", "1893456000", "2035-01-01T25:00:00Z"] {
        one_field(&shop.post(TOKENS, &ending(strange)), "fieldHasInvalidValue", FIELD);
    }
    one_field(&shop.post(TOKENS, &ending("")), "stringIsTooShort", FIELD);
    one_field(
        &shop.post(TOKENS, &with(&card(), "/tokenExpiryDateTime", json!(7))),
        "fieldMustBeString",
        FIELD,
    );
    for far in [iso(now + 3_653 * DAY), "9999-12-31T23:59:59Z".to_owned()] {
        let answer = shop.post(TOKENS, &ending(&far));
        assert_eq!(refused(&answer), (422, "tokenExpiryDateExceededMaximum".to_owned()), "{far}");
        assert_eq!(answer.json()["message"], "Token expiry exceeds maximum time range");
    }
    let day = &iso(now + 30 * DAY)[..10].to_owned();
    for (sent, shown) in [
        (format!("{day}T12:00:00Z"), "T12:00:00Z"),
        (format!("{day}T12:00:00+02:00"), "T10:00:00Z"),
        (format!("{day}T12:00:00.999999Z"), "T12:00:00Z"),
        (format!("{day}T12:00:00"), "T12:00:00Z"),
        (day.clone(), "T00:00:00Z"),
    ] {
        let token = shop.create(&ending(&sent));
        assert_eq!(token["tokenExpiryDateTime"], format!("{day}{shown}"), "{sent}");
        assert_eq!(shop.delete(&link(&token, "token")).status, 204);
    }
    assert_eq!(shop.create(&ending(&iso(now + 3_650 * DAY)))["tokenExpiryDateTime"], iso(now + 3_650 * DAY));
}

#[test]
fn after_its_end_a_token_is_gone_and_its_card_and_place_are_free() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let soon = json!(iso(now(&node) + 3_600));
    let short = with(&card_in("4444333322221111", "ends"), "/tokenExpiryDateTime", soon);
    let (ended, lives) = (shop.create(&short), shop.create(&card_in("5555555555554444", "ends")));
    node.advance(3_500);
    assert_eq!(shop.read(&link(&ended, "token")), ended);
    node.advance(101);
    let gone = (404, "resourceNotFound".to_owned());
    assert_eq!(refused(&shop.get(&link(&ended, "token"))), gone);
    assert_eq!(refused(&shop.put(&link(&ended, "cardHolderName"), &json!("x"))), gone);
    assert_eq!(refused(&shop.delete(&link(&ended, "token"))), gone);
    let found = shop.get(&format!("{TOKENS}?namespace=ends")).json();
    assert_eq!(found["_embedded"]["tokens"], json!([lives]));
    let again = shop.create(&card_in("4444333322221111", "ends"));
    assert_ne!(again["tokenId"], ended["tokenId"]);
    assert_eq!(refused(&shop.get(&link(&ended, "token"))), gone);

    // In a Try environment, use does not extend.
    node.advance(80 * 86_400);
    assert_eq!(shop.post(TOKENS, &card_in("4444333322221111", "ends")).json(), again);
    node.advance(10 * 86_400);
    assert_eq!(refused(&shop.get(&link(&again, "token"))), gone);
    let found = shop.get(&format!("{TOKENS}?namespace=ends")).json();
    assert_eq!(found["_embedded"]["tokens"], json!([]));
}

#[test]
fn the_configuration_says_how_long_tokens_live() {
    for (table, expected) in [
        ("", FOUR_YEARS),
        ("[worldpay]\nenvironment = \"live\"\n", FOUR_YEARS),
        ("[worldpay]\nenvironment = \"try\"\n", 90 * DAY),
    ] {
        let live = Live::new();
        let node = live.try_start(&place::config(&live, table)).expect("the node starts");
        let before = wall();
        let token = Shop::by(&node, USER.0, USER.1).create(&card());
        let ends_at = seconds(&token["tokenExpiryDateTime"]);
        assert!((before + expected..=wall() + expected).contains(&ends_at), "{table}: {token}");
    }
}

/// In a Live environment a use in the second half gives four years from then on: a match, a conflict, a reveal. A look
/// is no use. A machine that stands still for longer than the tokens live has shown nothing, and is asked anew.
#[test]
fn use_in_the_second_half_extends_and_a_look_does_not() {
    let live = Live::new();
    let table = "[worldpay]\nenvironment = \"live\"\n";
    let node = live.try_start(&place::config(&live, table)).expect("the node starts");
    assert!((0..5).any(|round| extends(&node, round)), "never extended");
}

/// Whether every use extended its token; false when a token ended first.
fn extends(node: &Node, round: u32) -> bool {
    let mut shop = Shop::by(node, USER.0, USER.1);
    let began = wall();
    let end = iso(began + 24);
    let names = ["match", "conflict", "reveal"].map(|name| format!("{name}{round}"));
    let body =
        |namespace: &str| with(&card_in("4444333322221111", namespace), "/tokenExpiryDateTime", json!(end));
    let tokens: Vec<Value> = names.iter().map(|namespace| shop.create(&body(namespace))).collect();
    let href = |at: usize| link(&tokens[at], "token");
    let other = |namespace: &str| with(&body(namespace), "/paymentInstrument/cardHolderName", json!("Other"));
    // Nobody waits on a connection: each call has its own.
    let use_one = |at: usize| match at {
        0 => Shop::by(node, USER.0, USER.1).post(TOKENS, &body(&names[0])),
        1 => Shop::by(node, USER.0, USER.1).post(TOKENS, &other(&names[1])),
        _ => Shop::by(node, REVEAL.0, REVEAL.1).send("GET", &href(2), &[("Accept", CLEAR)], b""),
    };
    for (at, status) in [200, 409, 200].into_iter().enumerate() {
        loop {
            let before = wall();
            let answer = use_one(at);
            // A look at what is not extended yet does not extend it.
            let looked = Shop::by(node, USER.0, USER.1).get(&href(2));
            if wall() >= began + 24 {
                return false;
            }
            assert_eq!(answer.status, status, "{}", answer.text());
            let ends_at = seconds(&answer.json()["tokenExpiryDateTime"]);
            if ends_at != began + 24 {
                assert!(before >= began + 11, "in the first half nothing is extended");
                assert!((before + FOUR_YEARS..=wall() + FOUR_YEARS).contains(&ends_at), "{}", answer.text());
                break;
            }
            assert_eq!(looked.json()["tokenExpiryDateTime"], end);
            thread::sleep(Duration::from_millis(100));
        }
    }
    for at in 0..3 {
        let token = Shop::by(node, USER.0, USER.1).read(&href(at));
        assert!(seconds(&token["tokenExpiryDateTime"]) > began + FOUR_YEARS, "{token}");
    }
    true
}
