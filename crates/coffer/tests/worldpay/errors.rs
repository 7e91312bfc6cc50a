//! Errors (section 9): their names, their sentences, their paths, and all of a request at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::calls::{
    CARD_ON_FILE, PAN, Shop, TOKENS, V3, VERIFIED_V3, address, both, card, card_of, fields, link, one_field,
    plain, refused, with, without,
};
use crate::support::{Node, home};

type Field = (&'static str, &'static str, &'static str);

fn set(list: &[Field]) -> BTreeSet<(String, String, String)> {
    list.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

/// The example of the definition, and more of the same.
#[test]
fn everything_that_is_wrong_is_named_at_once_in_the_documented_words() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut body = with(&card(), "/description", json!(""));
    body = with(&body, "/paymentInstrument/cardExpiryDate/month", json!(0));
    body = with(&body, "/paymentInstrument/billingAddress/address2", json!("4444 3333 2222 1111"));
    body = without(&body, "/paymentInstrument/cardHolderName");
    body = with(&body, "/paymentInstrument/cardNumber", json!("4444333322221112"));
    body = without(&body, "/merchant");
    body["namespace"] = json!("_x");
    body["tokenExpiryDateTime"] = json!("2020-01-01T00:00:00Z");
    body["schemeTransactionReference"] = json!("a-b");
    let found: BTreeSet<_> = fields(&shop.post(TOKENS, &body)).into_iter().collect();
    let expected = set(&[
        (
            "stringIsTooShort",
            "Token description too short - must be between 1 & 255 characters",
            "$.description",
        ),
        (
            "fieldHasInvalidValue",
            "Card expiry month too small - must be between 1 & 12",
            "$.paymentInstrument.cardExpiryDate.month",
        ),
        (
            "billingAddressMightContainCardNumber",
            "Address might contain a card number",
            "$.paymentInstrument.billingAddress.address2",
        ),
        ("fieldIsMissing", "Card holder name must be supplied", "$.paymentInstrument.cardHolderName"),
        ("panFailedLuhnCheck", "Card number is not valid", "$.paymentInstrument.cardNumber"),
        ("fieldIsMissing", "Merchant must be supplied", "$.merchant"),
        ("stringFailedRegexCheck", "Namespace contains characters that are not allowed", "$.namespace"),
        ("fieldHasInvalidValue", "Token expiry date time must not be in the past", "$.tokenExpiryDateTime"),
        (
            "stringFailedRegexCheck",
            "Scheme transaction reference contains characters that are not allowed",
            "$.schemeTransactionReference",
        ),
    ]);
    assert_eq!(found, expected);
    // A number in the description hides nothing that is wrong behind it.
    let found = fields(&shop.post(TOKENS, &with(&body, "/description", json!(PAN))));
    let paths: BTreeSet<_> = found.iter().map(|(_, _, path)| path.as_str()).collect();
    assert_eq!((found.len(), paths), (9, expected.iter().map(|(_, _, path)| path.as_str()).collect()));
    let empty = fields(&shop.post(TOKENS, &json!({})));
    let empty: Vec<_> = empty.iter().map(|(name, _, path)| (name.as_str(), path.as_str())).collect();
    assert_eq!(empty, [("fieldIsMissing", "$.paymentInstrument"), ("fieldIsMissing", "$.merchant")]);
}

/// What is missing of an instrument, or none.
fn incomplete() -> Vec<(Value, Field)> {
    let unknown =
        ("fieldHasInvalidValue", "Couldn't determine type of paymentInstrument", "$.paymentInstrument");
    vec![
        (without(&card(), "/paymentInstrument/type"), unknown),
        (with(&card(), "/paymentInstrument/type", json!("card/plain")), unknown),
        (with(&card(), "/paymentInstrument/type", json!(7)), unknown),
        (with(&card(), "/paymentInstrument", json!("x")), unknown),
        (
            without(&card(), "/paymentInstrument/cardExpiryDate/year"),
            (
                "fieldIsMissing",
                "Card expiry year must be supplied",
                "$.paymentInstrument.cardExpiryDate.year",
            ),
        ),
        (
            without(&card(), "/paymentInstrument/cardExpiryDate/month"),
            (
                "fieldIsMissing",
                "Card expiry month must be supplied",
                "$.paymentInstrument.cardExpiryDate.month",
            ),
        ),
        (
            without(&card(), "/paymentInstrument/cardExpiryDate"),
            ("fieldIsMissing", "Card expiry date must be supplied", "$.paymentInstrument.cardExpiryDate"),
        ),
    ]
}

/// What a field may not be.
fn unfitting() -> Vec<(Value, Field)> {
    let card_at = |name: &str| format!("/paymentInstrument/{name}");
    vec![
        (
            card_of("4444a33322221111"),
            (
                "fieldHasInvalidValue",
                "Card number must contain digits only",
                "$.paymentInstrument.cardNumber",
            ),
        ),
        (
            with(&card(), &card_at("cardNumber"), json!(4_444)),
            ("fieldMustBeString", "Card number must be a string", "$.paymentInstrument.cardNumber"),
        ),
        (
            with(&card(), &card_at("cardHolderName"), json!("")),
            (
                "stringIsTooShort",
                "Card holder name too short - must be between 1 & 255 characters",
                "$.paymentInstrument.cardHolderName",
            ),
        ),
        (
            with(&card(), &card_at("cardHolderName"), json!(PAN)),
            (
                "fieldHasInvalidValue",
                "Card holder name might contain a card number",
                "$.paymentInstrument.cardHolderName",
            ),
        ),
        (
            without(&card(), "/paymentInstrument/billingAddress/city"),
            ("fieldIsMissing", "City must be supplied", "$.paymentInstrument.billingAddress.city"),
        ),
        (
            with(&card(), &card_at("billingAddress/postalCode"), json!("x".repeat(16))),
            (
                "stringIsTooLong",
                "Postal code too long - must be between 1 & 15 characters",
                "$.paymentInstrument.billingAddress.postalCode",
            ),
        ),
        (
            with(&card(), &card_at("cardNumber"), json!("44443333222211114444")),
            (
                "stringIsTooLong",
                "Card number too long - must be between 10 & 19 digits",
                "$.paymentInstrument.cardNumber",
            ),
        ),
    ]
}

#[test]
fn each_documented_problem_has_its_sentence() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (body, (name, message, path)) in incomplete().into_iter().chain(unfitting()) {
        let found = fields(&shop.post(TOKENS, &body));
        assert_eq!(found, [(name.to_owned(), message.to_owned(), path.to_owned())], "{body}");
    }
}

/// The shape of a country is looked at, not whether there is one: the documentation's own examples name none.
#[test]
fn what_is_strange_and_taken() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (at, (pointer, value)) in [
        ("/paymentInstrument/billingAddress/countryCode", json!("XX")),
        ("/paymentInstrument/cardExpiryDate", json!({"month": 1, "year": 2015})),
        ("/paymentInstrument/cardExpiryDate", json!({"month": 1.0, "year": 2035})),
        ("/paymentInstrument/billingAddress/address2", json!("")),
        ("/paymentInstrument/billingAddress", Value::Null),
        ("/description", Value::Null),
        ("/unknown", json!({"field": [1]})),
        ("/paymentInstrument/cardHolderName", json!("x".repeat(255))),
        ("/paymentInstrument/cardHolderName", json!("Jos\u{e9} \u{1f4b3}")),
        ("/schemeTransactionReference", json!("")),
    ]
    .into_iter()
    .enumerate()
    {
        let body = with(&with(&card(), pointer, value), "/namespace", json!(format!("case-{at}")));
        let answer = shop.post(TOKENS, &body);
        if pointer == "/schemeTransactionReference" {
            one_field(&answer, "stringIsTooShort", "$.schemeTransactionReference");
        } else {
            assert_eq!(answer.status, 201, "{pointer}: {}", answer.text());
        }
    }
}

#[test]
fn a_body_is_json_and_not_too_large() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let deep = "[".repeat(40) + &"]".repeat(40);
    for (path, media) in [(TOKENS, V3), (CARD_ON_FILE, VERIFIED_V3)] {
        for text in ["{", "x", "{\"a\":1,\"a\":2}", "{} {}", "\u{feff}{}", "{'a':1}", "NaN", &deep] {
            let answer = shop.send("POST", path, &both(media), text.as_bytes());
            assert_eq!(refused(&answer), (400, "bodyIsNotJson".to_owned()), "{path} {text}");
            assert_eq!(answer.json()["message"], "The body within the request is not valid json");
        }
        let answer = shop.send("POST", path, &both(media), &[0xff, 0xfe]);
        assert_eq!(refused(&answer).1, "bodyIsNotJson");
        let answer = shop.send("POST", path, &both(media), b"");
        assert_eq!(refused(&answer), (400, "bodyIsEmpty".to_owned()));
        assert_eq!(answer.json()["message"], "The body within the request is empty");
        for text in ["[]", "7", "\"x\"", "null"] {
            let answer = shop.send("POST", path, &both(media), text.as_bytes());
            one_field(&answer, "fieldHasInvalidValue", "$");
        }
        let authorization = shop.authorization.clone();
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", media)];
        let answer = node.client().announce("POST", path, &headers, 65_537).expect("an answer");
        assert_eq!(refused(&answer), (413, "bodyIsTooLarge".to_owned()));
    }
}

#[test]
fn unknown_paths_and_other_methods() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for path in
        ["/worldpay/payments", "/worldpay/tokens/a/b", "/worldpay/rels/tokens/x.json", "/worldpay/Tokens"]
    {
        let answer = shop.send("GET", path, &[("Accept", V3)], b"");
        assert_eq!(refused(&answer), (404, "endpointNotFound".to_owned()), "{path}");
        assert_eq!(answer.json()["message"], "Requested endpoint was not found");
        assert_eq!(answer.header("content-type"), Some(V3));
    }
    let href = link(&shop.create(&card()), "token");
    for (method, path, allowed) in [
        ("PATCH", TOKENS, "GET, POST"),
        ("DELETE", TOKENS, "GET, POST"),
        ("POST", super::calls::path_of(&href), "GET, PUT, DELETE"),
        ("GET", CARD_ON_FILE, "POST"),
        ("GET", "/worldpay/sessions/card", "POST, OPTIONS"),
    ] {
        let answer = shop.send(method, path, &both(V3), b"");
        assert_eq!(refused(&answer), (405, "methodNotAllowed".to_owned()), "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
}

#[test]
fn who_is_not_known_is_asked_for_a_password() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for (path, media) in [(TOKENS, V3), (CARD_ON_FILE, VERIFIED_V3)] {
        let body = if path == TOKENS { card() } else { plain(PAN) };
        let mut headers = both(media).to_vec();
        for shown in [
            "",
            "Basic",
            "Basic !",
            "Basic c2FuZGJveDp3cm9uZw==",
            "Bearer c2FuZGJveDpzYW5kYm94",
            "sandbox:sandbox",
        ] {
            headers.push(("Authorization", shown));
            let answer = node.client().call("POST", path, &headers, body.to_string().as_bytes());
            headers.pop();
            assert_eq!(refused(&answer), (401, "accessDenied".to_owned()), "{shown}");
            assert_eq!(answer.json()["message"], "Access to the requested resource has been denied");
            assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"coffer\", charset=\"UTF-8\""));
            assert_eq!(answer.header("content-type"), Some(media));
        }
        headers.push(("Authorization", "bASIC  c2FuZGJveDpzYW5kYm94"));
        let answer = node.client().call("POST", path, &headers, body.to_string().as_bytes());
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
    }
}

/// An address with a card number in any of its lines, however it is written.
#[test]
fn a_card_number_in_an_address_is_found() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for name in ["address1", "address2", "address3", "city"] {
        for text in [PAN, "4444 3333 2222 1111", "flat 4444-3333-2222-1111, 2nd floor"] {
            let changed = with(&address(), &format!("/{name}"), json!(text));
            let body = with(&card(), "/paymentInstrument/billingAddress", changed);
            let path = format!("$.paymentInstrument.billingAddress.{name}");
            let answer = shop.post(TOKENS, &body);
            one_field(&answer, "billingAddressMightContainCardNumber", &path);
            assert!(!answer.text().contains("1111"), "{}", answer.text());
        }
    }
    let body = with(&card(), "/paymentInstrument/billingAddress/address2", json!("4444 3333 2222 1112"));
    assert_eq!(shop.post(TOKENS, &body).status, 201, "no card's check digit");
}
