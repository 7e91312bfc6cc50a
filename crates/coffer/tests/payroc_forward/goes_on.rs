//! What arrives at the upstream: the same request with the clear payment method in place of the token.

use serde_json::{Value, json};

use super::{
    bodies::{approval, payment, payment_result, secure_method, transfer, with_token},
    place::{Place, UPSTREAM_KEY, shop},
    upstream::{Arrived, BEARER, Say},
};
use crate::calls::{
    API, SECOND, Shop, ach, card, flat, fresh_key, pad, request, secure, text, with, without,
};

pub(crate) const PAYMENTS: &str = "/payroc/v1/payments";
pub(crate) const TRANSFERS: &str = "/payroc/v1/bank-transfer-payments";

/// The card of the examples on a stripe and on a chip.
pub(crate) const TRACKS: &str =
    "%B4539858876047062^HOPPER/SARAH^30121010000000001?;4539858876047062=30121010000000001?";
const CHIP: &str = "5A0845398588760470625F24033012315F200C484F505045522F5341524148";

/// Single-use tokens of card readers, with the method that goes on.
pub(crate) fn reader_details() -> [Value; 6] {
    let plain = json!({"model": "paxA920", "serialNumber": "1850010868", "category": "attended"});
    let encrypting = with(&plain, "/dataKsn", json!("FFFF9876543210E00001"));
    let icc = json!({"entryMethod": "icc", "device": encrypting, "iccData": "5F2A0208409F0206000000004999C0FFEE",
        "firstDigitOfPan": "4"});
    let swiped =
        |data: Value| json!({"entryMethod": "swiped", "cardholderName": "Sarah", "swipedData": data});
    [
        json!({"entryMethod": "raw", "device": plain, "rawData": CHIP, "downgradeTo": "keyed"}),
        icc,
        swiped(json!({"dataFormat": "plainText", "device": plain, "trackData": TRACKS, "fallback": false})),
        swiped(json!({"dataFormat": "encrypted", "device": encrypting, "encryptedData": "C0FFEE00C0FFEE11",
            "fallback": true, "fallbackReason": "technical"})),
        json!({"entryMethod": "keyed", "cardholderName": "Sarah", "keyedData": {"dataFormat": "fullyEncrypted",
            "device": encrypting, "encryptedData": "C0FFEE00C0FFEE22"}}),
        json!({"entryMethod": "keyed", "keyedData": {"dataFormat": "partiallyEncrypted", "device": encrypting,
            "encryptedPan": "C0FFEE00C0FFEE33", "maskedPan": "453985******7062", "expiryDate": "1230",
            "cvv": "234"}}),
    ]
}

pub(crate) fn reader_source(details: &Value) -> Value {
    json!({"type": "card", "cardDetails": details})
}

/// Pays under a new key, which must be approved; gives what arrived last.
fn paid(place: &Place, shop: &mut Shop, path: &str, body: &Value) -> Arrived {
    let before = place.upstream.arrived().len();
    let answer = shop.keyed("POST", path, &fresh_key(), body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let mut arrived = place.upstream.arrived();
    assert_eq!(arrived.len(), before + 1, "sent once");
    arrived.pop().unwrap()
}

/// Fails unless exactly the payment method was changed, into this.
#[track_caller]
fn assert_method(arrived: &Arrived, asked: &Value, method: &Value) {
    assert_eq!(arrived.json(), with(asked, "/paymentMethod", method.clone()));
}

#[test]
fn a_card_goes_on_with_its_code_and_everything_else_as_it_came() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let token = shop.token();
    let (key, asked) = (fresh_key(), with_token(&token));
    let answer = shop.keyed("POST", PAYMENTS, &key, &asked);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let arrived = place.upstream.only();
    assert_eq!(arrived.line, "POST /base/v1/payments");
    assert_method(&arrived, &asked, &card());
    assert_eq!(arrived.header("idempotency-key"), Some(key.as_str()), "the same key");
    assert_eq!(arrived.header("authorization"), Some(format!("Bearer {BEARER}1").as_str()));
    assert_eq!(arrived.header("content-type"), Some("application/json"));
    assert_eq!(arrived.header("accept"), Some("application/json"));
    let host = format!("localhost:{}", place.upstream.address.port());
    assert_eq!(arrived.header("host"), Some(host.as_str()));
    assert_eq!(arrived.header("content-length"), Some(arrived.body.len().to_string().as_str()));
    assert_eq!(arrived.header("x-api-key"), None, "the key is the identity service's alone");
    let callers: Vec<_> = arrived.headers.iter().filter(|(_, value)| value.contains(&shop.bearer)).collect();
    assert!(callers.is_empty(), "{callers:?}");
    // The answer is the upstream's.
    assert_eq!(answer.json(), approval(&arrived));
    let location = format!("http://{}{API}/payments/M2MJOG6O2Y", node.clients);
    assert_eq!(answer.header("location"), Some(location.as_str()));
}

#[test]
fn what_is_said_beside_a_token_wins() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let benefits = json!({"benefitCategory": "cash", "withdrawal": true});
    let method = with(&flat(&shop.token()), "/accountType", json!("savings"));
    let method = with(&method, "/ebtDetails", benefits.clone());
    let asked = payment(&method);
    let arrived = paid(&place, &mut shop, PAYMENTS, &asked);
    let expected = with(&card(), "/accountType", json!("savings"));
    assert_method(&arrived, &asked, &with(&expected, "/cardDetails/ebtDetails", benefits));

    let account = text(&shop.single_use(&ach()), "token");
    let method = with(&flat(&account), "/accountType", json!("savings"));
    let asked = transfer(&with(&method, "/secCode", json!("tel")));
    let arrived = paid(&place, &mut shop, TRANSFERS, &asked);
    let expected = with(&ach(), "/accountType", json!("savings"));
    assert_method(&arrived, &asked, &with(&expected, "/secCode", json!("tel")));
}

#[test]
fn accounts_go_on_in_the_clear() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    for source in [ach(), pad(), without(&ach(), "/accountType"), without(&pad(), "/accountType")] {
        let asked = transfer(&flat(&text(&shop.single_use(&source), "token")));
        let arrived = paid(&place, &mut shop, TRANSFERS, &asked);
        assert_eq!(arrived.line, "POST /base/v1/bank-transfer-payments");
        let again = shop.keyed("POST", TRANSFERS, arrived.header("idempotency-key").expect("a key"), &asked);
        let location = format!("http://{}{API}/bank-transfer-payments/E29U8OU8Q4", node.clients);
        assert_eq!(again.header("location"), Some(location.as_str()));
        assert_method(&arrived, &asked, &source);
    }
}

#[test]
fn a_kept_code_goes_on_with_the_first_payment_and_is_hidden_in_its_answer() {
    let place = Place::new();
    let node = place.start_keeping();
    let mut shop = shop(&node);
    let single = shop.token();
    let digits = text(&shop.secure(&secure("of-a-token", &flat(&single))), "token");
    let asked = payment(&secure_method(&digits));
    place.upstream.says(Say::Echo);
    let (key, before) = (fresh_key(), place.upstream.arrived().len());
    let answer = shop.keyed("POST", PAYMENTS, &key, &asked);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(!answer.text().contains("\"234\""), "what was sent does not come back: {}", answer.text());
    let arrived = place.upstream.arrived();
    assert_eq!(arrived.len(), before + 1);
    assert_method(&arrived[before], &asked, &card());
    // Asked again under the same key: the kept answer, and nothing is sent.
    assert_eq!(shop.keyed("POST", PAYMENTS, &key, &asked).body, answer.body);
    assert_eq!(place.upstream.arrived().len(), before + 1);
    let without_code = without(&card(), "/cardDetails/keyedData/cvv");
    assert_method(&paid(&place, &mut shop, PAYMENTS, &asked), &asked, &without_code);
    // What came with a card and no token before it is not kept: only an exchange keeps.
    let own = text(&shop.secure(&secure("of-a-card", &card())), "token");
    let asked = payment(&secure_method(&own));
    assert_method(&paid(&place, &mut shop, PAYMENTS, &asked), &asked, &without_code);
}

#[test]
fn where_no_codes_are_stored_a_token_goes_on_without_and_what_the_request_has_goes_on_whole() {
    let place = Place::new();
    let node = place.start_dropping();
    let mut shop = shop(&node);
    let token = shop.token();
    let asked = with_token(&token);
    let without_code = without(&card(), "/cardDetails/keyedData/cvv");
    assert_method(&paid(&place, &mut shop, PAYMENTS, &asked), &asked, &without_code);
    for method in [card(), reader_source(&reader_details()[1])] {
        let asked = payment(&method);
        assert_method(&paid(&place, &mut shop, PAYMENTS, &asked), &asked, &method);
    }
    assert!(!place.live.path("ring").exists(), "no ring is made");
}

#[test]
fn a_secure_token_goes_on_as_often_as_it_is_used_and_has_no_code() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let own = text(&shop.secure(&secure("of-a-card", &card())), "token");
    let single = shop.token();
    let redeemed = text(&shop.secure(&secure("of-a-token", &flat(&single))), "token");
    let expected = without(&card(), "/cardDetails/keyedData/cvv");
    for digits in [&own, &redeemed, &own] {
        let asked = payment(&secure_method(digits));
        assert_method(&paid(&place, &mut shop, PAYMENTS, &asked), &asked, &expected);
    }
    // By another terminal of the merchant as well.
    let asked = with(&payment(&secure_method(&own)), "/processingTerminalId", json!(SECOND));
    assert_method(&paid(&place, &mut shop, PAYMENTS, &asked), &asked, &expected);

    for (id, source) in [("of-ach", ach()), ("of-pad", pad())] {
        let digits = text(&shop.secure(&secure(id, &source)), "token");
        let asked = transfer(&secure_method(&digits));
        assert_method(&paid(&place, &mut shop, TRANSFERS, &asked), &asked, &source);
    }
    // What was changed since is what goes on.
    let changed = json!([{"op": "replace", "path": "/source/expiryDate", "value": "0134"},
        {"op": "replace", "path": "/source/cardholderName", "value": "Sarah Smith"}]);
    assert_eq!(shop.patch("of-a-card", &changed).status, 200);
    let asked = payment(&secure_method(&own));
    let expected = with(&expected, "/cardDetails/keyedData/expiryDate", json!("0134"));
    let expected = with(&expected, "/cardDetails/cardholderName", json!("Sarah Smith"));
    assert_method(&paid(&place, &mut shop, PAYMENTS, &asked), &asked, &expected);
}

#[test]
fn what_a_card_reader_sent_goes_on_as_it_was_sent() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    for details in reader_details() {
        let source = reader_source(&details);
        let token = shop.post("single-use-tokens", &with(&request(&source), "/channel", json!("pos")));
        assert_eq!(token.status, 201, "{details}: {}", token.text());
        let asked = with_token(&text(&token.json(), "token"));
        assert_method(&paid(&place, &mut shop, PAYMENTS, &asked), &asked, &source);
    }
    // Benefits beside the token are put in place of the reader's own.
    let mut source = reader_source(&reader_details()[1]);
    source["cardDetails"]["ebtDetails"] = json!({"benefitCategory": "foodStamp"});
    source["accountType"] = json!("checking");
    let token = text(&shop.single_use(&source), "token");
    let benefits = json!({"benefitCategory": "cash"});
    let asked = payment(&with(&flat(&token), "/ebtDetails", benefits.clone()));
    let expected = with(&source, "/cardDetails/ebtDetails", benefits);
    assert_method(&paid(&place, &mut shop, PAYMENTS, &asked), &asked, &expected);
}

#[test]
fn what_the_request_has_itself_goes_on_as_it_came() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let wallet = json!({"type": "digitalWallet", "serviceProvider": "apple", "cardholderName": "Sarah",
        "encryptedData": "eyJkYXRhIjoiYmxvY2sifQ", "strange": [1.5, {"a": null}]});
    let odd = with(&card(), "/cardDetails/keyedData/nobodyKnows", json!({"this": true}));
    let mut cards: Vec<Value> = reader_details().iter().map(reader_source).collect();
    cards.extend([card(), odd, wallet]);
    for method in cards {
        let asked = payment(&method);
        assert_eq!(paid(&place, &mut shop, PAYMENTS, &asked).json(), asked);
    }
    for method in [ach(), pad()] {
        let asked = transfer(&method);
        assert_eq!(paid(&place, &mut shop, TRANSFERS, &asked).json(), asked);
    }
}

#[test]
fn a_bearer_token_is_asked_for_once_and_used_until_shortly_before_its_end() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    assert!(place.upstream.asked().is_empty(), "nothing is asked before it is needed");
    for _ in 0..3 {
        let asked = with_token(&shop.token());
        let arrived = paid(&place, &mut shop, PAYMENTS, &asked);
        assert_eq!(arrived.header("authorization"), Some(format!("Bearer {BEARER}1").as_str()));
    }
    let asked = place.upstream.asked();
    assert_eq!(asked.len(), 1, "asked for once");
    assert_eq!(asked[0].line, "POST /identity/authorize");
    assert_eq!(asked[0].header("x-api-key"), Some(UPSTREAM_KEY));
    assert_eq!((asked[0].header("authorization"), asked[0].body.as_slice()), (None, &b""[..]));

    // A token that is good for two minutes or less is good for one payment, as with the company's own clients.
    node.kill();
    let node = place.start();
    let mut shop = super::place::shop(&node);
    for seconds in [120, 30, 121] {
        let token = json!({"access_token": format!("short-{seconds}"), "expires_in": seconds});
        place.upstream.identity_says(Say::Json(200, token));
        let asked = with_token(&shop.token());
        let arrived = paid(&place, &mut shop, PAYMENTS, &asked);
        assert_eq!(arrived.header("authorization"), Some(format!("Bearer short-{seconds}").as_str()));
    }
    assert_eq!(place.upstream.asked().len(), 4);
}

/// One that was taken back at the company would otherwise be shown until its end.
#[test]
fn a_bearer_token_that_is_refused_is_not_shown_again() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    for (status, title) in [(401, "Identity could not be verified"), (403, "Forbidden")] {
        let before = place.upstream.asked().len();
        place.upstream.says(Say::Json(status, json!({"title": title, "status": status})));
        let asked = with_token(&shop.token());
        let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &asked);
        assert_eq!(answer.status, 500, "{}", answer.text());
        let first = place.upstream.arrived().pop().expect("a payment");
        let asked = with_token(&shop.token());
        let arrived = paid(&place, &mut shop, PAYMENTS, &asked);
        assert_ne!(arrived.header("authorization"), first.header("authorization"));
        assert!(place.upstream.asked().len() > before, "another was asked for");
    }
}

#[test]
fn a_fixed_bearer_token_needs_no_identity_service() {
    let place = Place::new();
    let node = place.start_with(&place.forwarding(place.upstream.address.port(), 60));
    let mut shop = shop(&node);
    for result in [("A", "ready", "00"), ("D", "declined", "05")] {
        place.upstream.says(Say::Json(201, payment_result(result)));
        let asked = with_token(&shop.token());
        let arrived = paid(&place, &mut shop, PAYMENTS, &asked);
        assert_eq!(arrived.header("authorization"), Some(format!("Bearer {UPSTREAM_KEY}").as_str()));
    }
    assert!(place.upstream.asked().is_empty());
}
