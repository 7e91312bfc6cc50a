//! What a single-use token has takes the place of what a secure token has (section 6.6). Names, customer, agreement and
//! custom fields stay.

use serde_json::{Value, json};

use super::calls::{
    PAN, Shop, ach, assert_names, assert_refused, card, card_of, flat, fresh_key, pad, parameters, redeem,
    reveal, secure, text, with, without,
};
use crate::support::{Node, home};

#[test]
fn other_details_under_the_same_names() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let body = with(&secure("one", &card()), "/customer", json!({"firstName": "Sarah"}));
    let body = with(&body, "/mitAgreement", json!("recurring"));
    let mut expected = shop.secure(&with(&body, "/customFields", json!([{"name": "n", "value": "v"}])));
    let digits = text(&expected, "token");
    let other = with(&card_of("5100270000000007"), "/cardDetails/cardholderName", json!("Ada Lovelace"));
    for (source, clear) in [
        (other, json!({"card": {"pan": "5100270000000007", "expMonth": 12, "expYear": 2030}})),
        (ach(), json!({"account": {"number": "32183159", "routingNumber": "123456789"}})),
        (pad(), json!({"account": {"number": "1234567890"}})),
        (card(), json!({"card": {"pan": PAN, "expMonth": 12, "expYear": 2030}})),
    ] {
        let single = shop.single_use(&source);
        let token = text(&single, "token");
        let answer = shop.update_account("one", &token);
        assert_eq!(answer.status, 200, "{}", answer.text());
        expected["source"] = single["source"].clone();
        assert_eq!(answer.json(), expected);
        assert_eq!(without_type(&shop.read("one")), expected);
        assert_eq!(redeem(&node, &token).status, 404, "it was used");
        assert_names(&shop.update_account("one", &token), "token");
        let revealed = reveal(&node, &digits).json();
        for (kind, members) in clear.as_object().expect("an object") {
            for (name, value) in members.as_object().expect("an object") {
                assert_eq!(revealed[kind][name], *value, "{revealed}");
            }
        }
        assert!(revealed["card"].get("cvv").is_none(), "no code is kept");
    }
    let list = shop.path("secure-tokens?first6=453985");
    assert_eq!(shop.get(&list).json()["count"], 1, "lists show what is there now");
    let list = shop.path("secure-tokens?first6=510027");
    assert_eq!(shop.get(&list).json()["count"], 0);
}

fn without_type(body: &Value) -> Value {
    if body["source"].get("accountType").is_some() {
        without(body, "/source/accountType")
    } else {
        body.clone()
    }
}

#[test]
fn a_request_has_two_members_and_no_wrapper() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let before = shop.secure(&secure("one", &card()));
    let token = shop.token();
    let path = shop.secure_path("one") + "/update-account";
    let good = flat(&token);
    for (body, expected) in [
        (without(&good, "/type"), vec!["type"]),
        (without(&good, "/token"), vec!["token"]),
        (with(&good, "/type", json!("secureToken")), vec!["type"]),
        (with(&good, "/type", json!("card")), vec!["type"]),
        (with(&good, "/token", json!(1)), vec!["token"]),
        (with(&good, "/token", json!(token[1..])), vec!["token"]),
        (with(&good, "/token", json!(format!("{token}0"))), vec!["token"]),
        (with(&good, "/token", json!(token.to_uppercase())), vec!["token"]),
        (with(&good, "/token", before["token"].clone()), vec!["token"]),
        (json!({}), vec!["token", "type"]),
        (json!({"source": good}), vec!["token", "type"]),
        (card(), vec!["token", "type"]),
    ] {
        let mut found = parameters(&shop.keyed("POST", &path, &fresh_key(), &body));
        found.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
    assert_eq!(shop.read("one"), before);
    assert_eq!(shop.update_account("one", &token).status, 200, "it was not used up");
}

#[test]
fn a_token_that_is_not_there_uses_nothing_up() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut second) = (Shop::of(&node), Shop::by(&node, "sandbox", "1234002"));
    shop.secure(&secure("one", &card()));
    shop.secure(&secure("gone", &card()));
    assert_eq!(shop.delete("gone").status, 204);
    let token = shop.token();
    for (shop, id) in [(&mut shop, "unknown"), (&mut second, "one")] {
        for token in [&token, &"0".repeat(128)] {
            let answer = shop.update_account(id, token);
            assert_refused(&answer, 404, "not-found");
            assert_eq!(answer.json()["resource"], "secureToken");
        }
    }
    assert_refused(&shop.update_account("gone", &token), 404, "not-found");
    // What was made at one terminal is used at the other.
    second.secure(&secure("theirs", &ach()));
    assert_eq!(second.update_account("theirs", &token).status, 200);
}

#[test]
fn an_update_is_done_once_for_its_key() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("one", &card()));
    let (token, other, key) = (shop.token(), shop.token(), fresh_key());
    let path = shop.secure_path("one") + "/update-account";
    let first = shop.keyed("POST", &path, &key, &flat(&token));
    assert_eq!(first.status, 200, "{}", first.text());
    let again = shop.keyed("POST", &path, &key, &flat(&token));
    assert_eq!((again.status, again.text()), (200, first.text()), "though the token is used");
    assert_refused(&shop.keyed("POST", &path, &key, &flat(&other)), 409, "idempotency-key-in-use");
    assert_eq!(redeem(&node, &other).status, 200);
}
