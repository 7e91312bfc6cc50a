//! Who may do what: every operation of the served document by every kind of credential, in both forms of its path.
//! What is refused changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{
    calls::{CLEAR, PAN, SESSIONS, Shop, V3, VERIFIED_V3, card, card_in, link, plain, session, with},
    place::{
        self, CHECKOUT, ELSEWHERE, ELSEWHERE_CHECKOUT, OTHER_CHECKOUT, OTHER_REVEAL, OTHER_USER, PAGE,
        REVEAL, USER,
    },
};
use crate::{
    live::Live,
    support::{Answer, Node},
};

/// Whom an operation is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum For {
    /// Users of the account.
    Users,
    /// Browsers, by the identity in the body; whatever else is shown.
    Browsers,
    /// Anybody.
    All,
}

/// One operation: its id in the document, whom it is for, its media type, what a user gets, and what a user of another
/// account gets.
type Line = (&'static str, For, &'static str, u16, u16);

const OPERATIONS: [Line; 17] = [
    ("getRoot", For::All, SESSIONS, 200, 200),
    ("queryTokens", For::Users, V3, 200, 200),
    ("createToken", For::Users, V3, 200, 201),
    ("getToken", For::Users, V3, 200, 404),
    ("updateToken", For::Users, V3, 204, 404),
    ("deleteToken", For::Users, V3, 204, 404),
    ("provisionNetworkToken", For::Users, V3, 403, 403),
    ("createCryptogram", For::Users, V3, 403, 403),
    ("getNetworkToken", For::Users, V3, 404, 404),
    ("deleteNetworkToken", For::Users, V3, 403, 403),
    ("getVerifiedTokens", For::All, VERIFIED_V3, 200, 200),
    ("createCardOnFileToken", For::Users, VERIFIED_V3, 206, 206),
    ("createOneTimeToken", For::Users, VERIFIED_V3, 206, 206),
    ("createVerifiedTokensSession", For::Browsers, VERIFIED_V3, 201, 201),
    ("getSessions", For::All, SESSIONS, 200, 200),
    ("createCardSession", For::Browsers, SESSIONS, 201, 201),
    ("createCvcSession", For::Browsers, SESSIONS, 201, 201),
];

/// Whom a caller's headers show.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    User,
    Reveal,
    OtherUser,
    OtherReveal,
    /// Known, and not taken from this address.
    Elsewhere,
    Nobody,
}

/// A way to show a credential, its header, and whom it shows.
type Caller = (String, Option<(&'static str, String)>, Shown);

/// Every way to show a credential, and whom it shows: Basic, and nothing else.
fn callers() -> Vec<Caller> {
    let mut table = vec![("no header".to_owned(), None, Shown::Nobody)];
    let joined = |(user, password): (&str, &str)| format!("{user}:{password}");
    let shown = [
        (joined(USER), Shown::User),
        (joined(REVEAL), Shown::Reveal),
        (joined(OTHER_USER), Shown::OtherUser),
        (joined(OTHER_REVEAL), Shown::OtherReveal),
        (joined(ELSEWHERE), Shown::Elsewhere),
        (joined((USER.0, OTHER_USER.1)), Shown::Nobody),
        (joined((USER.0, "pw_live_shop_0002")), Shown::Nobody),
        (joined((USER.0, "")), Shown::Nobody),
        (joined(("Shop", USER.1)), Shown::Nobody),
        (format!(":{}", USER.1), Shown::Nobody),
        (USER.1.to_owned(), Shown::Nobody),
        (CHECKOUT.to_owned(), Shown::Nobody),
        (format!("{CHECKOUT}:"), Shown::Nobody),
        ("sk_live_alpha_0001".to_owned(), Shown::Nobody),
        ("pk_live_alpha_0001".to_owned(), Shown::Nobody),
        ("ck_live_alpha_redeem_0001".to_owned(), Shown::Nobody),
        ("ck_live_admin_0001".to_owned(), Shown::Nobody),
    ];
    for (text, whom) in shown {
        table.push((format!("{text} as Basic"), Some(("Authorization", encoded(&text))), whom));
        for (name, header) in [
            ("bare", ("Authorization", text.clone())),
            ("Bearer", ("Authorization", format!("Bearer {text}"))),
            ("as a key", ("REB-APIKEY", text.clone())),
        ] {
            table.push((format!("{text} {name}"), Some(header), Shown::Nobody));
        }
    }
    table
}

/// A text as it is, in Basic: whatever has no colon gets none.
fn encoded(text: &str) -> String {
    format!("Basic {}", BASE64.encode(text.as_bytes()))
}

/// What a caller gets.
fn expected((id, whom, _, own, other): Line, shown: Shown) -> u16 {
    match (whom, shown) {
        (For::All | For::Browsers, _) | (For::Users, Shown::User) => own,
        (For::Users, Shown::Nobody) => 401,
        (For::Users, Shown::OtherUser) => other,
        // `masked=false` is sent where it means something.
        (For::Users, Shown::Reveal) if id == "getToken" => 200,
        (For::Users, Shown::OtherReveal) if id == "getToken" => 404,
        (For::Users, Shown::Reveal | Shown::OtherReveal | Shown::Elsewhere) => 403,
    }
}

/// The operations of the document that the node serves: id, method and path.
fn served(node: &Node) -> BTreeMap<String, (String, String)> {
    let document = node.client().call("GET", "/worldpay/openapi.json", &[], b"").json();
    let mut found = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let id = operation["operationId"].as_str().expect("an id").to_owned();
            let secured = operation["security"].as_array().is_some_and(|list| !list.is_empty());
            let line = OPERATIONS.iter().find(|line| line.0 == id);
            let line =
                line.unwrap_or_else(|| panic!("{id} is served, and its rights are written down nowhere"));
            assert_eq!(secured, line.1 == For::Users, "{id}: the document says who may");
            let path = format!("/worldpay{}", path.trim_end_matches('/'));
            assert!(found.insert(id, (method.to_uppercase(), path)).is_none());
        }
    }
    assert_eq!(found.len(), OPERATIONS.len(), "what is written down is served");
    found
}

/// A token that calls are about, new for each: one that succeeds may delete it.
struct World {
    shop: Shop,
    token: Value,
    made: u32,
}

impl World {
    fn new(node: &Node) -> Self {
        let mut shop = Shop::by(node, USER.0, USER.1);
        let token = shop.create(&card_in(PAN, "matrix"));
        Self { shop, token, made: 1 }
    }

    /// The path of an operation about this token, and the body of a call that succeeds.
    fn call(&self, id: &str, path: &str) -> (String, Value) {
        let part = if id == "updateToken" { "cardHolderName" } else { "token" };
        let href = link(&self.token, part);
        let path = path.replace("{token}", href.rsplit('/').next().unwrap()).replace("{reference}", "x");
        let body = match id {
            "createToken" => card_in(PAN, "matrix"),
            "updateToken" => json!("Changed"),
            "createCardOnFileToken" | "createOneTimeToken" => {
                with(&plain(PAN), "/namespace", json!("matrix"))
            }
            "createVerifiedTokensSession" | "createCardSession" => {
                with(&session(PAN), "/identity", json!(CHECKOUT))
            }
            "createCvcSession" => json!({"cvc": "123", "identity": CHECKOUT}),
            "provisionNetworkToken" | "createCryptogram" => json!({}),
            _ => Value::Null,
        };
        (path, body)
    }

    fn assert_unchanged(&mut self, what: &str) {
        assert_eq!(self.shop.read(&link(&self.token, "token")), self.token, "{what}");
    }

    /// Another token in the place of one that was changed or deleted.
    fn renew(&mut self) {
        self.shop.delete(&link(&self.token, "token"));
        self.token = self.shop.create(&card_in(PAN, "matrix"));
        self.made += 1;
    }
}

fn send(
    node: &Node,
    line: Line,
    shown: Shown,
    header: Option<&(&'static str, String)>,
    method: &str,
    path: &str,
    body: &Value,
) -> Answer {
    let reveals = matches!(shown, Shown::Reveal | Shown::OtherReveal) && line.0 == "getToken";
    let mut headers = vec![("Content-Type", line.2), ("Accept", if reveals { CLEAR } else { line.2 })];
    headers.extend(header.map(|(name, value)| (*name, value.as_str())));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = node.client().call(method, path, &headers, body.as_bytes());
    super::calls::judge(&answer);
    answer
}

#[test]
fn every_operation_by_every_credential() {
    let live = Live::new();
    let more = "[card_testing]\nenabled = false\n";
    let node = live.try_start(&place::config(&live, more)).expect("the node starts");
    let (operations, mut world) = (served(&node), World::new(&node));
    let mut calls = 0;
    for (name, header, shown) in callers() {
        for line in OPERATIONS {
            let (method, template) = &operations[line.0];
            for slash in ["", "/"] {
                let (path, body) = world.call(line.0, template);
                let path = format!("{path}{slash}");
                let answer = send(&node, line, shown, header.as_ref(), method, &path, &body);
                let what = format!("{name}: {method} {path} ({})", line.0);
                let mut status = expected(line, shown);
                // The second form of the path finds what the first made.
                if status == 201 && answer.status == 200 && line.0 == "createToken" {
                    status = 200;
                }
                assert_eq!(answer.status, status, "{what}: {}", answer.text());
                assert_eq!(answer.status == 401, answer.header("www-authenticate").is_some(), "{what}");
                let changed = shown == Shown::User && matches!(line.0, "updateToken" | "deleteToken");
                if changed {
                    world.renew();
                } else {
                    world.assert_unchanged(&what);
                }
                assert_tells_nothing(&answer);
                calls += 1;
            }
        }
    }
    assert_eq!(calls, callers().len() * OPERATIONS.len() * 2);
    assert_eq!(world.made, 5, "two operations change it, by two forms");
}

/// No answer repeats what somebody showed.
fn assert_tells_nothing(answer: &Answer) {
    for secret in [USER.1, REVEAL.1, OTHER_USER.1, CHECKOUT, "sk_live", "pk_live", "ck_live"] {
        assert!(!answer.text().contains(secret), "{}", answer.text());
    }
}

/// Who a browser is, its body says: a checkout's identity, and no other secret.
#[test]
fn every_session_by_every_identity() {
    let live = Live::new();
    let more = "[card_testing]\nenabled = false\n";
    let node = live.try_start(&place::config(&live, more)).expect("the node starts");
    let operations = served(&node);
    let joined = format!("{}:{}", USER.0, USER.1);
    for (identity, status) in [
        (CHECKOUT, 201),
        (OTHER_CHECKOUT, 201),
        (ELSEWHERE_CHECKOUT, 403),
        ("checkout_live_shop_0002", 400),
        ("Checkout_live_shop_0001", 400),
        (&joined, 400),
        (USER.1, 400),
        ("sk_live_alpha_0001", 400),
        ("pk_live_alpha_0001", 400),
        ("ck_live_alpha_redeem_0001", 400),
        ("ck_live_admin_0001", 400),
    ] {
        for line in OPERATIONS.into_iter().filter(|line| line.1 == For::Browsers) {
            let (method, path) = &operations[line.0];
            let body = match line.0 {
                "createCvcSession" => json!({"cvc": "123"}),
                _ => session(PAN),
            };
            let answer = send(
                &node,
                line,
                Shown::Nobody,
                None,
                method,
                path,
                &with(&body, "/identity", json!(identity)),
            );
            assert_eq!(answer.status, status, "{identity} {}: {}", line.0, answer.text());
            let named = answer.text().contains("$.identity");
            assert_eq!(named, status == 400, "{}", answer.text());
            assert!(!answer.text().contains(identity), "{}", answer.text());
        }
    }
}

/// The other doors know none of these credentials.
#[test]
fn users_of_an_account_open_no_other_door() {
    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let joined = |(user, password): (&str, &str)| format!("{user}:{password}");
    let mut seen = BTreeSet::new();
    for text in [joined(USER), joined(REVEAL), CHECKOUT.to_owned()] {
        let encoded = encoded(&text);
        for header in [
            ("Authorization", encoded.as_str()),
            ("Authorization", &text),
            ("Authorization", &format!("Bearer {text}")),
            ("REB-APIKEY", &text),
        ] {
            for (method, path) in [
                ("POST", "/rebilly/tokens"),
                ("GET", "/rebilly/payment-instruments"),
                ("POST", "/coffer/v1/tokens/x/redeem"),
                ("POST", "/coffer/v1/instruments/x/reveal"),
            ] {
                let answer = node.client().call(method, path, &[header], b"{}");
                assert!([401, 403].contains(&answer.status), "{method} {path} {header:?}: {}", answer.text());
                seen.insert(answer.status);
            }
        }
    }
    assert!(seen.contains(&401));
    // And an account's token is found by no other door.
    let token = Shop::by(&node, USER.0, USER.1).create(&card());
    let segment = link(&token, "token").rsplit('/').next().unwrap().to_owned();
    let id = token["tokenId"].as_str().unwrap();
    for name in [segment.as_str(), id] {
        let key = [("Authorization", "Bearer ck_live_alpha_redeem_0001")];
        for path in
            [format!("/coffer/v1/tokens/{name}/redeem"), format!("/coffer/v1/instruments/{name}/reveal")]
        {
            let answer = node.client().call("POST", &path, &key, br#"{"reason":"x"}"#);
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        }
        let key = [("REB-APIKEY", "sk_live_alpha_0001")];
        let answer = node.client().call("GET", &format!("/rebilly/tokens/{name}"), &key, b"");
        assert_eq!(answer.status, 404, "{}", answer.text());
    }
}

/// A password in a page can be read by anybody: it is refused there, also on the checkouts' own page.
#[test]
fn a_password_is_refused_in_a_page() {
    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let (operations, mut world) = (served(&node), World::new(&node));
    for (user, accept) in [(USER, None), (REVEAL, Some(CLEAR)), (OTHER_USER, None)] {
        for line in OPERATIONS.into_iter().filter(|line| line.1 == For::Users) {
            let (method, template) = &operations[line.0];
            let (path, body) = world.call(line.0, template);
            let authorization = encoded(&format!("{}:{}", user.0, user.1));
            for origin in [PAGE, "null"] {
                let headers = [
                    ("Authorization", authorization.as_str()),
                    ("Origin", origin),
                    ("Content-Type", line.2),
                    ("Accept", accept.unwrap_or(line.2)),
                ];
                let body = if body.is_null() { String::new() } else { body.to_string() };
                let answer = node.client().call(method, &path, &headers, body.as_bytes());
                assert_eq!(answer.status, 403, "{} {origin}: {}", line.0, answer.text());
                assert!(answer.header("access-control-allow-origin").is_none());
            }
        }
    }
    world.assert_unchanged("by a page");
}
