//! What is refused before anything is sent: nothing is used up, and nothing arrives.

use serde_json::{Value, json};

use super::{
    bodies::{payment, secure_method, transfer, with_token},
    goes_on::{PAYMENTS, TRANSFERS, reader_details, reader_source},
    place::{PAD_ONLY, Place, other, shop},
    upstream::{Say, http},
};
use crate::calls::{
    FOREIGN, Shop, ach, assert_names, assert_refused, card, flat, fresh_key, pad, parameters, secure, text,
    with, without,
};

/// Fails unless the token can still be used.
#[track_caller]
fn assert_live(shop: &mut Shop, token: &str) {
    let kept = shop.post("secure-tokens", &json!({"source": flat(token)}));
    assert_eq!(kept.status, 201, "the token was used up: {}", kept.text());
}

#[test]
fn an_identity_service_that_fails_costs_nothing() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let token = shop.token();
    let (key, asked) = (fresh_key(), with_token(&token));
    let says = [
        Say::Json(401, json!({"title": "no"})),
        Say::Json(500, json!({})),
        Say::Bytes(http(200, "not JSON")),
        Say::Json(200, json!({"expires_in": 3600})),
        Say::Json(200, json!({"access_token": "no\r\nheader", "expires_in": 3600})),
        Say::Json(201, json!({"access_token": "a", "expires_in": 3600})),
        Say::Bytes(b"HTTP/1.1 302 X\r\nLocation: https://localhost/\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Say::Bytes(Vec::new()),
    ];
    let count = says.len();
    for say in says {
        place.upstream.identity_says(say);
        let answer = shop.keyed("POST", PAYMENTS, &key, &asked);
        assert_refused(&answer, 503, "api-error");
        assert!(answer.header("retry-after").is_some(), "{}", answer.text());
    }
    assert_eq!(place.upstream.asked().len(), count);
    assert!(place.upstream.arrived().is_empty());
    // The same request goes through when the service is back: neither the token nor the key was used up.
    let answer = shop.keyed("POST", PAYMENTS, &key, &asked);
    assert_eq!(answer.status, 201, "{}", answer.text());
    place.upstream.only();
}

#[test]
fn an_identity_service_that_is_not_there_costs_nothing() {
    let place = Place::new();
    let nobody = crate::support::free_address().port();
    let identity = format!("identity_url = \"https://localhost:{nobody}/identity\"\n");
    let node = place.start_with(&(place.forwarding(place.upstream.address.port(), 5) + &identity));
    let mut shop = shop(&node);
    let token = shop.token();
    let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &with_token(&token));
    assert_refused(&answer, 503, "api-error");
    assert!(place.upstream.arrived().is_empty());
    assert_live(&mut shop, &token);
}

#[test]
fn without_an_upstream_nothing_is_taken() {
    let place = Place::new();
    let node = place.start_with("");
    let mut shop = shop(&node);
    let (token, account) = (shop.token(), text(&shop.single_use(&ach()), "token"));
    let digits = text(&shop.secure(&secure("kept", &card())), "token");
    for (path, asked) in [
        (PAYMENTS, with_token(&token)),
        (PAYMENTS, payment(&card())),
        (PAYMENTS, payment(&secure_method(&digits))),
        (TRANSFERS, transfer(&flat(&account))),
        (TRANSFERS, transfer(&pad())),
    ] {
        let key = fresh_key();
        let answer = shop.keyed("POST", path, &key, &asked);
        assert_refused(&answer, 400, "capabilities-missing");
        let body = answer.json();
        assert_eq!(body["detail"], "The terminal does not support the capability you are trying to use.");
        assert_eq!(body["errors"].as_array().map(Vec::len), Some(1), "{body}");
        let again = shop.keyed("POST", path, &key, &asked);
        assert_eq!((again.status, again.text()), (400, answer.text()));
    }
    assert_live(&mut shop, &token);
    assert_live(&mut shop, &account);
}

#[test]
fn a_token_of_the_wrong_kind_is_named_and_stays() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let of_card = shop.token();
    let of_reader = text(&shop.single_use(&reader_source(&reader_details()[1])), "token");
    let of_ach = text(&shop.single_use(&ach()), "token");
    let of_pad = text(&shop.single_use(&pad()), "token");
    let card_digits = text(&shop.secure(&secure("a-card", &card())), "token");
    let ach_digits = text(&shop.secure(&secure("an-account", &ach())), "token");
    for (path, asked) in [
        (PAYMENTS, with_token(&of_ach)),
        (PAYMENTS, with_token(&of_pad)),
        (PAYMENTS, payment(&secure_method(&ach_digits))),
        (TRANSFERS, transfer(&flat(&of_card))),
        (TRANSFERS, transfer(&flat(&of_reader))),
        (TRANSFERS, transfer(&secure_method(&card_digits))),
        // Each of the two names is no name of the other.
        (PAYMENTS, with_token(&card_digits)),
        (PAYMENTS, payment(&secure_method(&of_card[..19]))),
        (PAYMENTS, payment(&secure_method("a-card"))),
        (PAYMENTS, payment(&secure_method("2967531234567890123"))),
    ] {
        assert_names(&shop.keyed("POST", path, &fresh_key(), &asked), "paymentMethod.token");
    }
    let bare = text(&shop.single_use(&without(&ach(), "/secCode")), "token");
    let asked = transfer(&flat(&bare));
    assert_names(&shop.keyed("POST", TRANSFERS, &fresh_key(), &asked), "paymentMethod.secCode");
    assert!(place.upstream.arrived().is_empty());
    for token in [&of_card, &of_ach, &of_pad] {
        assert_live(&mut shop, token);
    }
    let told = transfer(&with(&flat(&bare), "/secCode", json!("ppd")));
    assert_eq!(shop.keyed("POST", TRANSFERS, &fresh_key(), &told).status, 201);
    // What a reader sent can be paid with, and nothing else.
    assert_eq!(shop.keyed("POST", PAYMENTS, &fresh_key(), &with_token(&of_reader)).status, 201);
}

#[test]
fn another_merchants_tokens_and_terminals_are_nobodys() {
    let place = Place::new();
    let node = place.start();
    let (mut shop, mut other) = (shop(&node), other(&node));
    let (token, digits) = (shop.token(), text(&shop.secure(&secure("own", &card())), "token"));
    let at_theirs = |body: Value| with(&body, "/processingTerminalId", json!(FOREIGN));
    for method in [flat(&token), secure_method(&digits)] {
        let foreign = other.keyed("POST", PAYMENTS, &fresh_key(), &at_theirs(payment(&method)));
        assert_names(&foreign, "paymentMethod.token");
        let unknown = match method["type"].as_str() {
            Some("secureToken") => secure_method("2967530000000000000"),
            _ => flat(&"ab".repeat(64)),
        };
        let unknown = other.keyed("POST", PAYMENTS, &fresh_key(), &at_theirs(payment(&unknown)));
        assert_eq!((foreign.status, foreign.text()), (400, unknown.text()), "not told apart");
        // Nor by naming the owner's terminal.
        let answer = other.keyed("POST", PAYMENTS, &fresh_key(), &payment(&method));
        assert_refused(&answer, 403, "forbidden");
        let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &at_theirs(payment(&method)));
        assert_refused(&answer, 403, "forbidden");
    }
    // One key of two merchants is two keys.
    let key = fresh_key();
    assert_eq!(shop.keyed("POST", PAYMENTS, &key, &with_token(&token)).status, 201);
    let own = at_theirs(with_token(&other.token()));
    assert_eq!(other.keyed("POST", PAYMENTS, &key, &own).status, 201);
    assert_eq!(place.upstream.arrived().len(), 2);
}

#[test]
fn a_terminal_that_does_not_take_it_says_so_and_the_token_stays() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let (token, account) = (shop.token(), text(&shop.single_use(&ach()), "token"));
    let digits = text(&shop.secure(&secure("own", &card())), "token");
    let wallet = json!({"type": "digitalWallet", "serviceProvider": "google", "encryptedData": "YmxvY2s"});
    let there = |body: Value| with(&body, "/processingTerminalId", json!(PAD_ONLY));
    for (path, body) in [
        (PAYMENTS, with_token(&token)),
        (PAYMENTS, payment(&secure_method(&digits))),
        (PAYMENTS, payment(&card())),
        (PAYMENTS, payment(&wallet)),
        (TRANSFERS, transfer(&flat(&account))),
        (TRANSFERS, transfer(&ach())),
    ] {
        let answer = shop.keyed("POST", path, &fresh_key(), &there(body));
        assert_refused(&answer, 400, "capabilities-missing");
        assert_eq!(answer.json()["errors"][0]["parameter"], "paymentMethod.type");
    }
    assert!(place.upstream.arrived().is_empty() && place.upstream.asked().len() <= 1);
    assert_live(&mut shop, &token);
    assert_live(&mut shop, &account);
    let taken = there(transfer(&pad()));
    assert_eq!(shop.keyed("POST", TRANSFERS, &fresh_key(), &taken).status, 201);
}

#[test]
fn problems_are_told_in_their_order_and_all_at_once() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let token = shop.token();
    let body = with_token(&token).to_string();
    let key = fresh_key();
    let (json, text_plain) = (("Content-Type", "application/json"), ("Content-Type", "text/plain"));
    let (key, no_json) = (("Idempotency-Key", key.as_str()), ("Accept", "text/html"));
    let bad_key = ("Idempotency-Key", "8e03978e-40d5-13e8-bc93-6894a57f9324");
    let foreign = with(&with_token("x"), "/processingTerminalId", json!(FOREIGN)).to_string();
    for path in [PAYMENTS, TRANSFERS] {
        let nobody = node.client().call("POST", path, &[text_plain, no_json], b"{");
        assert_refused(&nobody, 401, "not-authorized");
        for (headers, body, status, kind) in [
            (&[text_plain, no_json][..], "{", 415, "unsupported-media-type"),
            (&[json, no_json], "{", 406, "not-acceptable"),
            (&[json], "{", 400, "idempotency-key-missing"),
            (&[json, bad_key], "{", 400, "bad-request"),
            (&[json, key], foreign.as_str(), 403, "forbidden"),
        ] {
            assert_refused(&shop.send("POST", path, headers, body.as_bytes()), status, kind);
        }
        let answer = shop.client.announce(
            "POST",
            path,
            &[("Authorization", &format!("Bearer {}", shop.bearer)), json],
            4 << 20,
        );
        assert_refused(&answer.unwrap(), 413, "payload-too-large");
        shop = super::place::shop(&node);
        let answer = shop.keyed("POST", path, &fresh_key(), &json!({"processingTerminalId": 7}));
        let named = parameters(&answer);
        let expected = ["processingTerminalId", "order", "paymentMethod"];
        assert!(expected.iter().all(|name| named.iter().any(|named| named == name)), "{named:?}");
    }
    // None of it was kept under the key, and nothing was used up.
    assert_eq!(shop.send("POST", PAYMENTS, &[json, key], body.as_bytes()).status, 201);
    place.upstream.only();
}

#[test]
fn every_wrong_member_is_named() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let token = shop.token();
    let mut wrong = with_token(&token);
    for (pointer, value) in [
        ("/channel", json!("mail")),
        ("/order/amount", json!(-1)),
        ("/order/currency", json!("XXQ")),
        ("/paymentMethod/token", json!(7)),
        ("/credentialOnFile", json!({"tokenize": "yes", "secureTokenId": ""})),
        ("/autoCapture", json!("no")),
    ] {
        wrong = with(&wrong, pointer, value);
    }
    wrong["order"].as_object_mut().unwrap().remove("orderId");
    let key = fresh_key();
    let answer = shop.keyed("POST", PAYMENTS, &key, &wrong);
    let mut named = parameters(&answer);
    named.sort_unstable();
    let mut expected = [
        "autoCapture",
        "channel",
        "credentialOnFile.secureTokenId",
        "credentialOnFile.tokenize",
        "order.amount",
        "order.currency",
        "order.orderId",
        "paymentMethod.token",
    ];
    expected.sort_unstable();
    assert_eq!(named, expected);
    let again = shop.keyed("POST", PAYMENTS, &key, &wrong);
    assert_eq!((again.status, again.text()), (400, answer.text()), "a 400 is kept");
    let corrected = shop.keyed("POST", PAYMENTS, &key, &with_token(&token));
    assert_refused(&corrected, 409, "idempotency-key-in-use");
    let pin =
        with(&flat(&token), "/pinDetails", json!({"dataFormat": "dukpt", "pin": "C0FFEE", "pinKsn": "FF"}));
    assert_names(&shop.keyed("POST", PAYMENTS, &fresh_key(), &payment(&pin)), "paymentMethod.pinDetails");
    assert!(place.upstream.arrived().is_empty());
    assert_live(&mut shop, &token);
}
