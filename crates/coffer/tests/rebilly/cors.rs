//! Calls of web pages (security reference 9, 3.1): who may ask, what a page may read of the answer, and that a secret
//! key is not for browsers.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::json;

use super::{
    calls::TOKENS,
    credentials::{PK, SK},
    jwts::Issuers,
    operations::{OPERATIONS, Org},
    rate::assert_too_many,
};
use crate::{
    live::{ALPHA, Live},
    support::{Answer, Node, PUBLISHABLE, SECRET, card, home},
};

const SHOP: &str = "https://shop.example";
const OTHER_SHOP: &str = "http://localhost:3000";
const EVIL: &str = "https://evil.example";

/// The key of the other shop.
const OTHER_PK: &str = "pk_live_other_shop_0001";

/// A live node with a publishable key for the pages of one shop, one for those of another, and one for no page.
fn config(live: &Live, first: &str) -> String {
    let mut text = live.config();
    for (name, secret, origins) in [
        ("shop", "pk_live_shop_0001", first.to_owned()),
        ("other-shop", OTHER_PK, format!("[\"{OTHER_SHOP}\", \"https://xn--bcher-kva.example:8443\"]")),
    ] {
        live.write(name, secret, 0o600);
        write!(
            text,
            "[[credentials]]\nname = \"{name}\"\nkind = \"rebilly-publishable\"\norganizations = [\"{ALPHA}\"]\n\
             origins = {origins}\nsecret = {{ file = \"{}\" }}\n",
            live.path(name).display()
        )
        .unwrap();
    }
    text
}

/// The members of a list in a header, in lower case.
fn list(answer: &Answer, name: &str) -> BTreeSet<String> {
    let text = answer.header(name).unwrap_or_default();
    text.split(',').map(|one| one.trim().to_lowercase()).filter(|one| !one.is_empty()).collect()
}

/// Caches must tell origins apart, and no answer is ever for cookies.
fn assert_cautious(answer: &Answer, what: &str) {
    assert!(list(answer, "vary").contains("origin"), "{what}: {:?}", answer.headers);
    assert_eq!(answer.header("access-control-allow-credentials"), None, "{what}");
    let origins = answer.headers.iter().filter(|(name, _)| name == "access-control-allow-origin");
    assert!(origins.count() <= 1, "{what}");
    assert_ne!(answer.header("access-control-allow-origin"), Some("*"), "{what}");
}

/// A page of this origin may read the answer, and the headers that clients need.
fn assert_readable(answer: &Answer, origin: &str, what: &str) {
    assert_cautious(answer, what);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{what}");
    let exposed = list(answer, "access-control-expose-headers");
    for name in [
        "location",
        "pagination-total",
        "pagination-limit",
        "pagination-offset",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-retry-after",
        "retry-after",
        "x-request-id",
    ] {
        assert!(exposed.contains(name), "{what}: {name} is not exposed");
    }
}

fn assert_not_readable(answer: &Answer, what: &str) {
    assert_cautious(answer, what);
    for (name, _) in &answer.headers {
        assert!(!name.starts_with("access-control-"), "{what}: {name}");
    }
}

/// What a browser asks before a call with a key.
fn preflight(node: &Node, path: &str, origin: Option<&str>) -> Answer {
    let mut headers = vec![
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type,reb-api-consumer"),
    ];
    headers.extend(origin.map(|origin| ("Origin", origin)));
    let answer = node.client().call("OPTIONS", path, &headers, b"");
    assert_eq!(answer.status, 204, "{path}: {}", answer.text());
    assert!(answer.body.is_empty());
    answer
}

fn assert_preflight(answer: &Answer, origin: &str, what: &str) {
    assert_cautious(answer, what);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{what}");
    let methods = list(answer, "access-control-allow-methods");
    assert!(["get", "post", "patch"].iter().all(|method| methods.contains(*method)), "{what}: {methods:?}");
    assert!(!methods.contains("*") && !methods.contains("delete"), "{what}: {methods:?}");
    let headers = list(answer, "access-control-allow-headers");
    for name in ["authorization", "content-type", "reb-api-consumer", "reb-apikey"] {
        assert!(headers.contains(name), "{what}: {name}");
    }
    assert!(!headers.contains("*"), "{what}");
    assert_eq!(answer.header("access-control-max-age"), Some("600"), "{what}");
}

#[test]
fn a_preflight_is_answered_for_every_path_and_for_allowed_origins_alone() {
    let live = Live::new();
    let node = live.try_start(&config(&live, &format!("[\"{SHOP}\"]"))).expect("the node starts");
    for operation in &OPERATIONS {
        for path in [Org::None, Org::Own].iter().flat_map(|org| operation.forms(*org)) {
            for origin in [SHOP, OTHER_SHOP, "https://xn--bcher-kva.example:8443"] {
                assert_preflight(&preflight(&node, &path, Some(origin)), origin, &path);
            }
        }
        // The pages of one organization are nothing to another, be it there or not.
        for path in [Org::Foreign, Org::Unknown].iter().flat_map(|org| operation.forms(*org)) {
            for origin in [SHOP, OTHER_SHOP] {
                assert_not_readable(&preflight(&node, &path, Some(origin)), &path);
            }
        }
        for path in Org::ALL.iter().flat_map(|org| operation.forms(*org)) {
            for origin in [Some(EVIL), Some("null"), Some("https://shop.example.evil.example"), None] {
                assert_not_readable(&preflight(&node, &path, origin), &format!("{path} {origin:?}"));
            }
        }
    }
    for near in [
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example:443",
        "https://shop.example/",
        "https://www.shop.example",
        "https://shop.exampl",
        "shop.example",
        "*",
    ] {
        assert_not_readable(&preflight(&node, TOKENS, Some(near)), near);
    }
    // A preflight shows no key, and nobody is refused by it: it is not in the audit log, nor is it counted.
    assert!(
        node.client().call("OPTIONS", TOKENS, &[("Origin", SHOP)], b"").header("x-ratelimit-limit").is_none()
    );
}

#[test]
fn a_page_uses_the_keys_of_its_own_origin() {
    let live = Live::new();
    let node = live.try_start(&config(&live, &format!("[\"{SHOP}\"]"))).expect("the node starts");
    let body = card().to_string();
    let call = |key: &str, origin: Option<&str>| {
        let mut headers = vec![("Authorization", key)];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        node.client().call("POST", TOKENS, &headers, body.as_bytes())
    };
    let (shop, other) = ("pk_live_shop_0001", OTHER_PK);
    for (key, origin, status) in [
        (shop, SHOP, 201),
        (other, OTHER_SHOP, 201),
        // Who has no key is told so where some key allows the origin.
        ("pk_live_nobody", SHOP, 401),
        ("", SHOP, 401),
    ] {
        let answer = call(key, Some(origin));
        assert_eq!(answer.status, status, "{key} {origin}: {}", answer.text());
        assert_readable(&answer, origin, key);
    }
    for (key, origin, status) in [
        // What another key allows is nothing to this one.
        (shop, OTHER_SHOP, 403),
        (other, SHOP, 403),
        (PK, SHOP, 403),
        (shop, EVIL, 403),
        (shop, "null", 403),
        (shop, "", 403),
        (PK, EVIL, 403),
        ("pk_live_nobody", EVIL, 401),
    ] {
        let answer = call(key, Some(origin));
        assert_eq!(answer.status, status, "{key} {origin}: {}", answer.text());
        assert_not_readable(&answer, key);
    }
    // Two origins are none.
    let headers = [("Authorization", shop), ("Origin", SHOP), ("Origin", SHOP)];
    assert_eq!(node.client().call("POST", TOKENS, &headers, body.as_bytes()).status, 403);
    // Without an origin it is no page: an app, or a server that uses the wrong key.
    for key in [shop, PK] {
        let answer = call(key, None);
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_page_reads_the_errors_of_its_calls() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let limit = "[rate_limit]\nrequests = 4\nseconds = 86400\n";
    let config = format!("{}{}{limit}", config(&live, &format!("[\"{SHOP}\"]")), issuers.config(&live));
    let node = live.try_start(&config).expect("the node starts");
    let mut client = node.client();
    let key = ("Authorization", "pk_live_shop_0001");
    let (page, card) = (("Origin", SHOP), card().to_string());
    let bearer = format!("Bearer {}", issuers.customer_token());
    let customer = ("Authorization", bearer.as_str());
    let storefront = "/rebilly/storefront/payment-instruments";
    for (status, method, path, header, body) in [
        (401, "POST", TOKENS, ("Authorization", "nobody"), card.as_str()),
        (401, "POST", TOKENS, ("X-Nothing", "shown"), &card),
        (403, "GET", TOKENS, key, ""),
        (403, "POST", "/rebilly/payment-instruments", key, "{}"),
        (404, "GET", "/rebilly/tokens/x", key, ""),
        (422, "POST", TOKENS, key, "{}"),
        (400, "POST", TOKENS, key, "{"),
        (422, "POST", storefront, key, r#"{"token":"x"}"#),
        (200, "GET", storefront, customer, ""),
        (422, "POST", storefront, customer, r#"{"token":"x"}"#),
        (429, "POST", TOKENS, key, &card),
        (429, "POST", storefront, customer, r#"{"token":"x"}"#),
    ] {
        let answer = client.call(method, path, &[header, page], body.as_bytes());
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_readable(&answer, SHOP, &format!("{method} {path} {status}"));
        if status == 429 {
            assert_too_many(&answer);
        }
    }
}

#[test]
fn a_star_is_every_origin_and_is_never_told_as_a_star() {
    let live = Live::new();
    let starred = live.try_start(&config(&live, "[\"*\"]")).expect("the node starts");
    let folder = home();
    let sandbox = Node::sandbox(folder.path());
    for (node, key) in [(&starred, "pk_live_shop_0001"), (&sandbox, PUBLISHABLE.1)] {
        for origin in [SHOP, EVIL, "null", "http://127.0.0.1:5173"] {
            assert_preflight(&preflight(node, TOKENS, Some(origin)), origin, origin);
            let headers = [("Authorization", key), ("Origin", origin)];
            let answer = node.client().call("POST", TOKENS, &headers, card().to_string().as_bytes());
            assert_eq!(answer.status, 201, "{origin}: {}", answer.text());
            assert_readable(&answer, origin, origin);
        }
        assert_not_readable(&preflight(node, TOKENS, None), "no origin");
    }
    // The other shop's key has its own list, though some key allows all.
    let headers = [("Authorization", OTHER_PK), ("Origin", EVIL)];
    assert_eq!(starred.client().call("POST", TOKENS, &headers, card().to_string().as_bytes()).status, 403);
}

#[test]
fn a_secret_key_is_not_for_pages() {
    let live = Live::new();
    let node = live.try_start(&config(&live, "[\"*\"]")).expect("the node starts");
    let folder = home();
    let sandbox = Node::sandbox(folder.path());
    for (node, secret) in [(&node, ("REB-APIKEY", SK)), (&sandbox, SECRET)] {
        let mut client = node.client();
        let made = client.call("POST", TOKENS, &[secret], card().to_string().as_bytes());
        let token = made.json()["id"].as_str().expect("an id").to_owned();
        let exchange = json!({"token": token, "customerId": "cus"}).to_string();
        for origin in [SHOP, EVIL, "null", ""] {
            for (method, path, body) in [
                ("GET", format!("{TOKENS}/{token}"), ""),
                ("GET", TOKENS.to_owned(), ""),
                ("POST", "/rebilly/payment-instruments".to_owned(), exchange.as_str()),
            ] {
                let answer = client.call(method, &path, &[secret, ("Origin", origin)], body.as_bytes());
                assert_eq!(answer.status, 403, "{origin:?} {method} {path}: {}", answer.text());
            }
        }
        let read = client.call("GET", &format!("{TOKENS}/{token}"), &[secret], b"");
        assert_eq!(read.json()["isUsed"], false);
        assert_eq!(
            client.call("POST", "/rebilly/payment-instruments", &[secret], exchange.as_bytes()).status,
            201
        );
    }
}
