//! Which version a call speaks (section 1.1), and the headers of every answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::calls::{
    CARD_ON_FILE, CARD_SESSIONS, PAN, SESSIONS, Shop, TOKENS, V1, V2, V3, VERIFIED_V2, both, card, link,
    plain, refused, session, with, without,
};
use crate::support::{Answer, Node, home};

/// The same card; the first time it is new.
fn post(shop: &mut Shop, headers: &[(&str, &str)], body: &Value) -> Answer {
    shop.send("POST", TOKENS, headers, body.to_string().as_bytes())
}

const V9: &str = "application/vnd.worldpay.tokens-v9.hal+json";
const CHARSET: &str = "application/vnd.worldpay.tokens-v3.hal+json;charset=UTF-8";
const UPPER: &str = "Application/VND.worldpay.tokens-V3.hal+JSON";
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const LIST: &str = "text/html, application/vnd.worldpay.tokens-v3.hal+json; q=0.5";

#[test]
fn headers_as_published_clients_send_them_are_taken() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.create(&card());
    for (accept, content, version) in [
        (Some(V3), V3, V3),
        (None, V3, V3),
        (Some(""), V3, V3),
        (Some("*/*"), V3, V3),
        (Some("application/*"), V3, V3),
        (Some("application/json"), V3, V3),
        (Some("application/json, text/plain, */*"), V3, V3),
        (Some(BROWSER), V3, V3),
        (Some(LIST), V3, V3),
        (Some(CHARSET), V3, V3),
        (Some(V3), CHARSET, V3),
        (Some(UPPER), UPPER, V3),
        (Some("application/vnd.worldpay.tokens-v3.hal+json; masked=false"), V3, V3),
        (None, V2, V2),
        (Some("*/*"), V2, V2),
        (Some(V2), V2, V2),
        (Some(V1), V1, V1),
        (Some("application/json"), V1, V1),
    ] {
        let headers: Vec<_> =
            accept.map(|text| ("Accept", text)).into_iter().chain([("Content-Type", content)]).collect();
        let answer = post(&mut shop, &headers, &card());
        let said = (answer.status, answer.header("content-type"));
        assert_eq!(said, (200, Some(version)), "{accept:?} {content}: {}", answer.text());
    }
    let two = [("Accept", "text/html"), ("Accept", V3), ("Content-Type", V3)];
    assert_eq!(post(&mut shop, &two, &card()).status, 200, "several lines are one list");
}

#[test]
fn headers_that_name_nothing_that_is_served_are_refused() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let href = link(&shop.create(&card()), "description");
    let accept = (406, "Accept header is not supported");
    let content = (415, "Content-type header is not supported");
    let mismatch = (400, "Accept header does not match Content-type header");
    for (headers, (status, message)) in [
        (vec![("Accept", V9), ("Content-Type", V3)], accept),
        (vec![("Accept", "text/html"), ("Content-Type", V3)], accept),
        (vec![("Accept", VERIFIED_V2), ("Content-Type", V3)], accept),
        (vec![("Accept", "text/*"), ("Content-Type", V9)], accept),
        (vec![("Accept", V3)], content),
        (vec![], content),
        (vec![("Accept", V3), ("Content-Type", "application/json")], content),
        (vec![("Accept", V3), ("Content-Type", V9)], content),
        (vec![("Accept", "*/*"), ("Content-Type", VERIFIED_V2)], content),
        (vec![("Accept", V3), ("Content-Type", V3), ("Content-Type", V3)], content),
        (vec![("Accept", V3), ("Content-Type", V2)], mismatch),
        (vec![("Accept", V1), ("Content-Type", V3)], mismatch),
    ] {
        for (method, to, body) in [("POST", TOKENS, card().to_string()), ("PUT", &href, "\"x\"".to_owned())] {
            let answer = shop.send(method, to, &headers, body.as_bytes());
            assert_eq!(
                refused(&answer),
                (status, "headerHasInvalidValue".to_owned()),
                "{method} {headers:?}"
            );
            assert_eq!(answer.json()["message"], message, "{headers:?}");
        }
    }
}

#[test]
fn a_read_is_answered_in_the_version_that_it_asks_for() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.create(&card());
    let href = link(&token, "token");
    for (headers, expected) in [
        (vec![], V3),
        (vec![("Accept", "*/*"), ("Content-Type", VERIFIED_V2)], V3),
        (vec![("Content-Type", "text/strange")], V3),
        (vec![("Accept", V2)], V2),
        (vec![("Accept", V1), ("Content-Type", V3)], V1),
        (
            vec![(
                "Accept",
                "application/vnd.worldpay.tokens-v2.hal+json, application/vnd.worldpay.tokens-v3.hal+json",
            )],
            V2,
        ),
    ] {
        let answer = shop.send("GET", &href, &headers, b"");
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(expected)), "{headers:?}");
        assert_eq!(answer.json(), token);
        let list = shop.send("GET", &format!("{TOKENS}?namespace=x"), &headers, b"");
        assert_eq!((list.status, list.header("content-type")), (200, Some(expected)), "{headers:?}");
    }
    for to in [href.as_str(), TOKENS, "/worldpay/tokens?namespace=x"] {
        assert_eq!(refused(&shop.send("GET", to, &[("Accept", V9)], b"")).0, 406);
    }
    assert_eq!(refused(&shop.send("DELETE", &href, &[("Accept", V9)], b"")).0, 406);
    let deleted = shop.send("DELETE", &href, &[("Accept", V1), ("Content-Type", V3)], b"");
    assert_eq!((deleted.status, deleted.header("content-type")), (204, Some(V1)));
}

#[test]
fn the_older_versions_ask_for_no_merchant() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let body = without(&card(), "/merchant");
    for (media, namespace) in [(V1, "one"), (V2, "two")] {
        let made = post(&mut shop, &both(media), &with(&body, "/namespace", json!(namespace)));
        assert_eq!((made.status, made.header("content-type")), (201, Some(media)), "{}", made.text());
        // One that is named all the same is looked at.
        let other = with(&card(), "/merchant", json!({"entity": "other"}));
        assert_eq!(refused(&post(&mut shop, &both(media), &other)).0, 403);
    }
    for (place, body) in [("$.merchant", body), ("$.merchant.entity", with(&card(), "/merchant", json!({})))]
    {
        let answer = post(&mut shop, &both(V3), &body);
        super::calls::one_field(&answer, "fieldIsMissing", place);
    }
}

#[test]
fn every_answer_names_its_request() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.create(&card());
    let body = card().to_string();
    let href = link(&token, "token");
    let wide = with(&card(), "/namespace", json!("a b")).to_string();
    let mut seen = BTreeSet::new();
    let sessions = session(PAN).to_string();
    let verified = plain(PAN).to_string();
    for (method, to, media, body, status) in [
        ("POST", TOKENS, V3, body.as_str(), 200),
        ("POST", TOKENS, V3, &wide, 400),
        ("POST", TOKENS, "text/html", &body, 406),
        ("GET", &href, V3, "", 200),
        ("GET", "/worldpay/tokens/unknown", V3, "", 404),
        ("GET", "/worldpay/unknown", V3, "", 404),
        ("GET", "/worldpay/unknown/further", V3, "", 404),
        ("PATCH", TOKENS, V3, "", 405),
        ("GET", "/worldpay", V3, "", 200),
        ("GET", "/worldpay/openapi.json", V3, "", 200),
        ("OPTIONS", "/worldpay/sessions", V3, "", 204),
        ("POST", CARD_SESSIONS, SESSIONS, &sessions, 201),
        ("POST", CARD_ON_FILE, VERIFIED_V2, &verified, 200),
        ("DELETE", &href, V3, "", 204),
    ] {
        let own = "4bc4dd2e-7a7b-4f2f-9a2b-3a2f3a1c8c11";
        let mut headers = both(media).to_vec();
        let made = shop.send(method, to, &headers, body.as_bytes());
        assert_eq!(made.status, status, "{method} {to}: {}", made.text());
        let id = made.header("wp-correlationid").unwrap().to_owned();
        let shape: String = id.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "a UUID");
        assert!(seen.insert(id), "of its own");
        headers.push(("WP-CorrelationId", own));
        let echoed = shop.send(method, to, &headers, body.as_bytes());
        assert_eq!(echoed.header("wp-correlationid"), Some(own), "{method} {to}");
        for strange in ["4444333322221111", "a b", ""] {
            headers.pop();
            headers.push(("WP-CorrelationId", strange));
            let answer = shop.send(method, to, &headers, body.as_bytes());
            assert_ne!(answer.header("wp-correlationid"), Some(strange));
        }
    }
    // Also where nobody is known.
    let nobody = node.client().call("GET", TOKENS, &[("WP-CorrelationId", "own-id")], b"");
    assert_eq!((nobody.status, nobody.header("wp-correlationid")), (401, Some("own-id")));
}

/// Headers of clients that mean nothing here (facts of published clients).
#[test]
fn strange_headers_make_no_difference() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut headers = both(V3).to_vec();
    headers.extend([
        ("WP-Api-Version", "2024-06-01"),
        ("Idempotency-Key", "7c0c"),
        ("X-WP-SDK", "access-checkout-web/2.0.0"),
        ("MERCHANT-ENTITY-REF", "default"),
        ("SFRA-VERSION", "6.3.0"),
        ("User-Agent", "worldpay-php-sdk"),
    ]);
    let made = post(&mut shop, &headers, &card());
    assert_eq!(made.status, 201, "{}", made.text());
    headers.push(("Expect", "100-continue"));
    assert_eq!(refused(&shop.send("GET", TOKENS, &[("Accept", V9)], b"")).0, 406);
}
