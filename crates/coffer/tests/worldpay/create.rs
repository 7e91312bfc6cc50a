//! `POST /tokens` (section 4): a card that is new becomes a token.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    calls::{
        Shop, TOKENS, V2, V3, address, both, card, card_of, iso, link, now, one_field, path_of, refused,
        seconds, with, without,
    },
    cards::{CARDS, UNNAMED},
};
use crate::support::{Node, home};

const DAY: i64 = 86_400;

/// The links of every token that has nothing waiting beside it.
const LINKS: [&str; 6] = [
    "token",
    "description",
    "cardHolderName",
    "cardExpiryDate",
    "billingAddress",
    "schemeTransactionReference",
];

#[test]
fn a_new_token_has_every_field_of_the_contract() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let base = format!("http://{}/worldpay", node.clients);
    let ends_at = iso(now(&node) + 400 * DAY);
    let mut body = with(&card(), "/namespace", json!("customer-7"));
    body["schemeTransactionReference"] = json!("000000000000020005060720116005060");
    body["tokenExpiryDateTime"] = json!(ends_at);
    let answer = Shop::of(&node).post(TOKENS, &body);
    assert_eq!((answer.status, answer.header("content-type")), (201, Some(V3)), "{}", answer.text());
    let token = answer.json();
    let links: Vec<String> = LINKS.iter().map(|name| link(&token, name)).collect();
    assert_eq!(links.iter().collect::<BTreeSet<_>>().len(), LINKS.len(), "each part has a link of its own");
    for href in &links {
        let segment = href.strip_prefix(&format!("{base}/tokens/")).expect("a link of this node");
        assert!(segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{href}");
    }
    let id = token["tokenId"].as_str().expect("an id").to_owned();
    let expected = json!({
        "tokenPaymentInstrument": {"type": "card/tokenized", "href": links[0]},
        "tokenId": id,
        "description": "Test Token Description",
        "tokenExpiryDateTime": ends_at,
        "namespace": "customer-7",
        "schemeTransactionReference": "000000000000020005060720116005060",
        "paymentInstrument": {
            "type": "card/masked", "cardNumber": "4444********1111", "cardHolderName": "Sherlock Holmes",
            "cardExpiryDate": {"month": 5, "year": 2035}, "billingAddress": address(),
            "bin": "444433", "last4Digits": "1111", "brand": "VISA",
        },
        "_links": {
            "tokens:token": {"href": links[0]}, "tokens:description": {"href": links[1]},
            "tokens:cardHolderName": {"href": links[2]}, "tokens:cardExpiryDate": {"href": links[3]},
            "tokens:billingAddress": {"href": links[4]}, "tokens:schemeTransactionReference": {"href": links[5]},
            "curies": [{"href": format!("{base}/rels/tokens/{{rel}}.json"), "name": "tokens", "templated": true}],
        },
    });
    assert_eq!(token, expected);
    assert_eq!(answer.header("location"), Some(links[0].as_str()));
    assert!((15..=21).contains(&id.len()), "{id}");
    assert!(
        id.bytes().all(|byte| byte.is_ascii_digit() || b"ABCDEFGHJKLMNPQRSTUVWXYZ".contains(&byte)),
        "{id}"
    );
    let read = Shop::of(&node).get(&links[0]);
    assert_eq!((read.status, read.header("content-type"), read.json()), (200, Some(V3), expected));
    assert_eq!(read.header("location"), None);
}

#[test]
fn what_is_not_said_is_made_or_left_out() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut body = without(&card(), "/description");
    body = without(&body, "/paymentInstrument/billingAddress");
    let before = now(&node);
    let token = Shop::of(&node).create(&body);
    let after = now(&node);
    let ends_at = seconds(&token["tokenExpiryDateTime"]);
    assert!(
        (before + 90 * DAY..=after + 90 * DAY).contains(&ends_at),
        "90 days in a Try environment: {token}"
    );
    let days = [before, after].map(|at| format!("Token created on {}", &iso(at)[..10]));
    assert!(days.iter().any(|day| token["description"] == *day), "{token}");
    let members: Vec<_> = token.as_object().unwrap().keys().collect();
    let expected = [
        "_links",
        "description",
        "paymentInstrument",
        "tokenExpiryDateTime",
        "tokenId",
        "tokenPaymentInstrument",
    ];
    assert_eq!(members, expected, "absent, never null");
    let card: Vec<_> = token["paymentInstrument"].as_object().unwrap().keys().collect();
    assert_eq!(
        card,
        ["bin", "brand", "cardExpiryDate", "cardHolderName", "cardNumber", "last4Digits", "type"]
    );
    assert!(token["_links"].get("tokens:conflicts").is_none());
}

#[test]
fn every_test_card_becomes_a_token_of_its_brand() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let (mut ids, mut hrefs) = (BTreeSet::new(), BTreeSet::new());
    for (number, brand) in CARDS {
        let token = shop.create(&card_of(number));
        let shown = &token["paymentInstrument"];
        assert_eq!(shown["brand"], brand, "{number}");
        let (first, last) = (&number[..4], &number[number.len() - 4..]);
        let mask = format!("{first}{}{last}", "*".repeat(number.len() - 8));
        assert_eq!((&shown["cardNumber"], &shown["last4Digits"]), (&json!(mask), &json!(last)), "{number}");
        // Of 13 digits six and four would leave three hidden ones.
        let bin = if number.len() > 13 { json!(number[..6]) } else { Value::Null };
        assert_eq!(shown["bin"], bin, "{number}");
        assert!(!token.to_string().contains(number));
        ids.insert(token["tokenId"].as_str().unwrap().to_owned());
        hrefs.insert(link(&token, "token"));
    }
    assert_eq!((ids.len(), hrefs.len()), (CARDS.len(), CARDS.len()));
}

#[test]
fn a_card_without_a_brand_here_is_refused() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    // Ten and eleven digits are of the documented length, and no card is so short.
    for number in UNNAMED.into_iter().chain(["4000000002", "40000000006"]) {
        let answer = shop.post(TOKENS, &card_of(number));
        assert_eq!(refused(&answer), (422, "unrecognizedCardBrand".to_owned()), "{number}");
        assert_eq!(answer.json()["message"], "The card brand is not recognized");
        let body = card_of(number).to_string();
        let older = shop.send("POST", TOKENS, &both(V2), body.as_bytes());
        assert_eq!(refused(&older), (422, "unrecognizedCardBrand".to_owned()), "{number}");
    }
    one_field(
        &shop.post(TOKENS, &card_of("400000000")),
        "stringIsTooShort",
        "$.paymentInstrument.cardNumber",
    );
}

/// Of one card there is one token, whatever its entity; another one where it is deleted and comes again.
#[test]
fn the_same_card_is_matched_and_its_token_given_again() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.create(&card());
    for changed in [
        card(),
        with(&card(), "/description", json!("Something else")),
        without(&card(), "/description"),
        with(&card(), "/tokenExpiryDateTime", json!(iso(now(&node) + 5 * DAY))),
        without(&card(), "/paymentInstrument/billingAddress"),
    ] {
        let answer = shop.post(TOKENS, &changed);
        assert_eq!((answer.status, answer.json()), (200, token.clone()), "{changed}");
        assert_eq!(answer.header("location"), Some(link(&token, "token").as_str()));
    }
    assert_eq!(shop.delete(&link(&token, "token")).status, 204);
    let again = shop.create(&card());
    assert_ne!(again["tokenId"], token["tokenId"]);
    assert_ne!(link(&again, "token"), link(&token, "token"));
    assert_eq!(shop.get(&link(&token, "token")).status, 404);
}

#[test]
fn another_entity_is_refused_and_the_second_form_of_a_path_is_not() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let other = with(&card(), "/merchant/entity", json!("other"));
    let answer = shop.post(TOKENS, &other);
    assert_eq!(refused(&answer), (403, "accessDenied".to_owned()));
    let made = shop.post("/worldpay/tokens/", &card());
    assert_eq!(made.status, 201, "{}", made.text());
    let slashed = format!("{}/", path_of(&link(&made.json(), "token")));
    assert_eq!(shop.get(&slashed).json(), made.json());
}
