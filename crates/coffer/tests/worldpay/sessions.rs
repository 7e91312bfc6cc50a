//! Checkout sessions (section 12): a browser leaves a card or a code with the public identity of a checkout, and never
//! shows a password.

use serde_json::{Value, json};

use super::{
    calls::{
        CARD_SESSIONS, CVC_SESSIONS, IDENTITY, OLD_SESSIONS, PAN, SESSIONS, V3, VERIFIED_V1, VERIFIED_V2,
        VERIFIED_V3, both, fields, judge, refused, session, with, without,
    },
    cards::{CARDS, UNNAMED},
    place::{self, CHECKOUT, ELSEWHERE_CHECKOUT, OTHER_CHECKOUT, PAGE},
};
use crate::{
    live::Live,
    support::{Answer, Client, Node, home},
};

/// A browser's call: no `Authorization`.
fn post(client: &mut Client, path: &str, media: &str, body: &Value) -> Answer {
    let answer = client.call("POST", path, &both(media), body.to_string().as_bytes());
    judge(&answer);
    answer
}

fn cvc() -> Value {
    json!({"cvc": "123", "identity": IDENTITY})
}

#[test]
fn a_session_is_named_in_the_words_of_its_path() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let base = format!("http://{}/worldpay", node.clients);
    let mut client = node.client();
    for (path, media, body, name, below) in [
        (CARD_SESSIONS, SESSIONS, session(PAN), "sessions", "sessions"),
        (CARD_SESSIONS, SESSIONS, without(&session(PAN), "/cvc"), "sessions", "sessions"),
        (CVC_SESSIONS, SESSIONS, cvc(), "sessions", "sessions"),
        (OLD_SESSIONS, VERIFIED_V1, session(PAN), "verifiedTokens", "verifiedTokens/sessions"),
        (OLD_SESSIONS, VERIFIED_V2, session(PAN), "verifiedTokens", "verifiedTokens/sessions"),
    ] {
        let answer = post(&mut client, path, media, &body);
        assert_eq!((answer.status, answer.header("content-type")), (201, Some(media)), "{}", answer.text());
        let href = answer.header("location").expect("a location").to_owned();
        let segment = href.strip_prefix(&format!("{base}/{below}/")).expect("a link of this node");
        assert!(segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{href}");
        let rels = format!("{base}/rels/{name}/{{rel}}.json");
        assert_eq!(
            answer.json(),
            json!({"_links": {
                format!("{name}:session"): {"href": href},
                "curies": [{"href": rels, "name": name, "templated": true}],
            }})
        );
    }
    // The web SDK sends no `Accept`, others any.
    for accept in [None, Some("*/*"), Some("application/json")] {
        let mut headers = vec![("Content-Type", SESSIONS), ("X-WP-SDK", "access-checkout-web/1.5.1")];
        headers.extend(accept.map(|accept| ("Accept", accept)));
        let answer = client.call("POST", CARD_SESSIONS, &headers, session(PAN).to_string().as_bytes());
        assert_eq!((answer.status, answer.header("content-type")), (201, Some(SESSIONS)));
    }
}

#[test]
fn the_roots_tell_where_everything_is_to_anybody() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let base = format!("http://{}/worldpay", node.clients);
    let href = |path: &str| json!({"href": format!("{base}{path}")});
    let curies = |name: &str| {
        let href = format!("{base}/rels/{name}/{{rel}}.json");
        json!([{"href": href, "name": name, "templated": true}])
    };
    for (path, media, expected) in [
        (
            "/worldpay",
            "application/json",
            json!({
                "service:tokens": href("/tokens"), "service:verifiedTokens": href("/verifiedTokens"),
                "service:sessions": href("/sessions"), "curies": curies("service"),
            }),
        ),
        (
            "/worldpay/verifiedTokens",
            VERIFIED_V3,
            json!({
                "verifiedTokens:cardOnFile": href("/verifiedTokens/cardOnFile"),
                "verifiedTokens:oneTime": href("/verifiedTokens/oneTime"),
                "verifiedTokens:sessions": href("/verifiedTokens/sessions"),
                "resourceTree": href("/rels/verifiedTokens/resourceTree.json"), "curies": curies("verifiedTokens"),
            }),
        ),
        (
            "/worldpay/sessions",
            SESSIONS,
            json!({
                "sessions:card": href("/sessions/card"), "sessions:paymentsCvc": href("/sessions/payments/cvc"),
                "resourceTree": href("/rels/sessions/resourceTree.json"), "curies": curies("sessions"),
            }),
        ),
    ] {
        for path in [path.to_owned(), format!("{path}/")] {
            for headers in [vec![], vec![("Accept", "*/*")], vec![("Authorization", "Basic wrong")]] {
                let answer = node.client().call("GET", &path, &headers, b"");
                assert_eq!((answer.status, answer.header("content-type")), (200, Some(media)), "{path}");
                assert_eq!(answer.json(), json!({"_links": expected}));
            }
        }
    }
    // SDKs ask the root in the type of what they look for, and the old root in its first version.
    for (path, accept) in [("/worldpay/", SESSIONS), ("/worldpay/verifiedTokens", VERIFIED_V1)] {
        let answer = node.client().call("GET", path, &both(accept), b"");
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(accept)), "{path}");
    }
    assert_eq!(refused(&node.client().call("GET", "/worldpay/sessions", &[("Accept", V3)], b"")).0, 406);
}

/// What is wrong with a card, and what the SDKs' own tests expect to read.
fn refusals() -> Vec<(Value, &'static str, &'static str, &'static str)> {
    let card = session(PAN);
    vec![
        (
            with(&card, "/identity", json!("unknown")),
            "fieldHasInvalidValue",
            "Identity is invalid",
            "$.identity",
        ),
        (
            with(&card, "/identity", json!("sandbox:sandbox")),
            "fieldHasInvalidValue",
            "Identity is invalid",
            "$.identity",
        ),
        (without(&card, "/identity"), "fieldIsMissing", "Identity must be supplied", "$.identity"),
        (
            with(&card, "/cardNumber", json!("4444333322221112")),
            "panFailedLuhnCheck",
            "The identified field contains a PAN that has failed the Luhn check.",
            "$.cardNumber",
        ),
        (
            with(&card, "/cardNumber", json!("1111")),
            "stringIsTooShort",
            "Card number is too short - must be between 10 & 19 digits",
            "$.cardNumber",
        ),
        (
            with(&card, "/cardNumber", json!("44443333222211114444")),
            "stringIsTooLong",
            "Card number is too long - must be between 10 & 19 digits",
            "$.cardNumber",
        ),
        (
            with(&card, "/cardExpiryDate/month", json!(0)),
            "integerIsTooSmall",
            "Card expiry month is too small - must be between 1 & 12",
            "$.cardExpiryDate.month",
        ),
        (
            with(&card, "/cardExpiryDate/month", json!(13)),
            "integerIsTooLarge",
            "Card expiry month is too large - must be between 1 & 12",
            "$.cardExpiryDate.month",
        ),
        (with(&card, "/cvc", json!("aaa")), "fieldMustBeNumber", "CVC must be numeric", "$.cvc"),
        (
            with(&card, "/cvc", json!("12345")),
            "stringIsTooLong",
            "CVC is too long - must be between 3 & 4 digits",
            "$.cvc",
        ),
    ]
}

#[test]
fn errors_are_those_that_the_sdks_know() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (body, name, message, path) in refusals() {
        for (to, media) in [(CARD_SESSIONS, SESSIONS), (OLD_SESSIONS, VERIFIED_V1)] {
            let answer = post(&mut client, to, media, &body);
            assert_eq!(answer.header("content-type"), Some(media));
            let expected = (name.to_owned(), message.to_owned(), path.to_owned());
            assert_eq!(fields(&answer), [expected], "{body}");
        }
    }
    for (path, media) in [(CARD_SESSIONS, SESSIONS), (CVC_SESSIONS, SESSIONS), (OLD_SESSIONS, VERIFIED_V1)] {
        let empty = client.call("POST", path, &both(media), b"");
        assert_eq!(refused(&empty), (400, "bodyIsEmpty".to_owned()));
        let broken = client.call("POST", path, &both(media), b"{");
        assert_eq!(refused(&broken), (400, "bodyIsNotJson".to_owned()));
        let other = client.call("POST", path, &both("application/json"), cvc().to_string().as_bytes());
        assert_eq!(refused(&other), (415, "headerHasInvalidValue".to_owned()));
    }
    for number in UNNAMED {
        let answer = post(&mut client, CARD_SESSIONS, SESSIONS, &session(number));
        assert_eq!(refused(&answer), (422, "unrecognizedCardBrand".to_owned()), "{number}");
    }
    let missing = fields(&post(&mut client, CVC_SESSIONS, SESSIONS, &json!({"identity": IDENTITY})));
    assert_eq!((missing.len(), missing[0].2.as_str()), (1, "$.cvc"));
}

/// A published client writes the code as an integer, and another the month and year as a form has them.
#[test]
fn a_code_may_be_an_integer_and_an_expiry_a_text() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for body in [with(&session(PAN), "/cvc", json!(123)), with(&session(PAN), "/cvc", json!(1234))] {
        assert_eq!(post(&mut client, OLD_SESSIONS, VERIFIED_V1, &body).status, 201);
    }
    let body = with(&session(PAN), "/cardExpiryDate", json!({"month": "05", "year": "2035"}));
    assert_eq!(post(&mut client, OLD_SESSIONS, VERIFIED_V2, &body).status, 201);
    // An integer has no leading zeros.
    let body = with(&session(PAN), "/cvc", json!(12));
    assert_eq!(post(&mut client, OLD_SESSIONS, VERIFIED_V1, &body).status, 201);
    let body = with(&session(PAN), "/cvc", json!(12_345));
    assert_eq!(fields(&post(&mut client, OLD_SESSIONS, VERIFIED_V1, &body))[0].2, "$.cvc");
}

const PAGES: [(&str, &str); 6] = [
    ("/worldpay/", "GET"),
    ("/worldpay/sessions", "GET"),
    (CARD_SESSIONS, "POST"),
    (CVC_SESSIONS, "POST"),
    ("/worldpay/verifiedTokens", "GET"),
    (OLD_SESSIONS, "POST"),
];

#[test]
fn pages_of_an_allowed_origin_may_call_and_read() {
    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    for (path, method) in PAGES {
        let asks =
            [("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "content-type")];
        for (origin, allowed) in [(PAGE, true), ("https://evil.example", false), ("null", false)] {
            let headers: Vec<_> = [("Origin", origin)].into_iter().chain(asks).collect();
            let answer = node.client().call("OPTIONS", path, &headers, b"");
            assert_eq!((answer.status, answer.header("vary")), (204, Some("Origin")), "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), allowed.then_some(origin), "{path}");
            let names = answer.header("access-control-allow-headers");
            assert_eq!(names, allowed.then_some("accept, content-type, wp-correlationid, x-wp-sdk"));
            assert!(answer.header("access-control-allow-credentials").is_none());
            if allowed {
                assert!(answer.header("access-control-allow-methods").unwrap().contains(method));
            }
        }
    }
    let body = |identity: &str| with(&session(PAN), "/identity", json!(identity)).to_string();
    for (origin, identity, status) in [
        (Some(PAGE), CHECKOUT, 201),
        (None, CHECKOUT, 201),
        (Some("https://evil.example"), CHECKOUT, 403),
        (Some("null"), CHECKOUT, 403),
        (Some(PAGE), "unknown", 400),
        (None, ELSEWHERE_CHECKOUT, 403),
        (None, OTHER_CHECKOUT, 201),
    ] {
        let mut headers = both(SESSIONS).to_vec();
        headers.extend(origin.map(|origin| ("Origin", origin)));
        let answer = node.client().call("POST", CARD_SESSIONS, &headers, body(identity).as_bytes());
        assert_eq!(answer.status, status, "{origin:?} {identity}: {}", answer.text());
        // A page that is allowed reads every answer, also a refusal; another reads none.
        let readable = origin.filter(|origin| *origin == PAGE);
        assert_eq!(answer.header("access-control-allow-origin"), readable);
        let exposed = readable.map(|_| "Location, Retry-After, WP-CorrelationId");
        assert_eq!(answer.header("access-control-expose-headers"), exposed);
        assert_eq!(answer.header("vary"), origin.map(|_| "Origin"));
    }
}

/// Browsers are anybody: how many cards, and how many wrong ones, is limited (security reference 9).
#[test]
fn a_browser_cannot_try_cards() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let mut client = node.client();
    for (number, _) in &CARDS[..20] {
        assert_eq!(post(&mut client, CARD_SESSIONS, SESSIONS, &session(number)).status, 201, "{number}");
    }
    for path in [CARD_SESSIONS, OLD_SESSIONS] {
        let media = if path == OLD_SESSIONS { VERIFIED_V2 } else { SESSIONS };
        let answer = post(&mut client, path, media, &session(CARDS[20].0));
        assert_eq!(refused(&answer), (429, "apiRateLimitExceeded".to_owned()));
        assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    }
    assert_eq!(post(&mut client, CARD_SESSIONS, SESSIONS, &session(CARDS[0].0)).status, 201, "a known one");

    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let mut client = node.client();
    for _ in 0..20 {
        let wrong = session("4444333322221112");
        assert_eq!(post(&mut client, CARD_SESSIONS, SESSIONS, &wrong).status, 400);
    }
    let answer = post(&mut client, CARD_SESSIONS, SESSIONS, &session(PAN));
    assert_eq!(refused(&answer), (429, "apiRateLimitExceeded".to_owned()), "who guesses is held back");
}
