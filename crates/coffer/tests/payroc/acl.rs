//! Who may do what: every operation of the served document by every kind of credential, in both forms of its path. What
//! is refused changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{
    calls::{PAN, Shop, bearer, card, flat, fresh_key, judge, request, secure, text},
    place::{
        self, ELSEWHERE_KEY, KEY, OPEN, OTHER_KEY, OTHER_REDEEM_KEY, OTHER_TERMINAL, REDEEM_KEY, SECOND_KEY,
    },
};
use crate::{
    live::Live,
    support::{Answer, Node},
};

/// Whom an operation is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum For {
    /// Whoever has an API key.
    Keys,
    /// The merchant of the terminal.
    Merchant,
    /// Browsers, by the session in the path, whatever else is shown.
    Browsers,
}

/// One operation: its id in the document, whom it is for, and what those get.
type Line = (&'static str, For, u16);

const OPERATIONS: [Line; 15] = [
    ("authorize", For::Keys, 200),
    ("createSingleUseToken", For::Merchant, 201),
    ("listSecureTokens", For::Merchant, 200),
    ("createSecureToken", For::Merchant, 201),
    ("retrieveSecureToken", For::Merchant, 200),
    ("partiallyUpdateSecureToken", For::Merchant, 200),
    ("deleteSecureToken", For::Merchant, 204),
    ("updateSecureTokenAccount", For::Merchant, 200),
    ("createHostedFieldsSession", For::Merchant, 201),
    ("readHostedFields", For::Browsers, 200),
    ("fillHostedField", For::Browsers, 200),
    ("finishHostedFields", For::Browsers, 201),
    // Neither Apple nor anybody who processes payments stands behind this node.
    ("createApplePaySession", For::Merchant, 400),
    ("createPayment", For::Merchant, 400),
    ("createBankTransferPayment", For::Merchant, 400),
];

/// Whom a caller's headers show.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    /// The merchant, by a bearer token.
    Merchant,
    /// Another merchant, by a bearer token.
    Other,
    /// A merchant by an API key.
    Key,
    /// Known by an API key, and not taken from this address.
    Elsewhere,
    Nobody,
}

/// A way to show a credential, its headers, and whom they show.
type Caller = (String, Vec<(&'static str, String)>, Shown);

fn callers(node: &Node) -> Vec<Caller> {
    let mut table: Vec<Caller> = vec![("no header".to_owned(), vec![], Shown::Nobody)];
    let own = bearer(node, KEY);
    for (name, token, shown) in [
        ("a bearer token", own.clone(), Shown::Merchant),
        ("a bearer token of the second key", bearer(node, SECOND_KEY), Shown::Merchant),
        ("another merchant's bearer token", bearer(node, OTHER_KEY), Shown::Other),
    ] {
        table.push((name.to_owned(), vec![("Authorization", format!("Bearer {token}"))], shown));
        table.push((format!("{name}, bare"), vec![("Authorization", token.clone())], Shown::Nobody));
        table.push((format!("{name} as a key"), vec![("x-api-key", token)], Shown::Nobody));
    }
    let keys = [
        (KEY, Shown::Key),
        (SECOND_KEY, Shown::Key),
        (OTHER_KEY, Shown::Key),
        (ELSEWHERE_KEY, Shown::Elsewhere),
        ("pk_payroc_shop_0003", Shown::Nobody),
        ("sk_live_alpha_0001", Shown::Nobody),
        ("pk_live_alpha_0001", Shown::Nobody),
        ("sk_live_both_0001", Shown::Nobody),
        (REDEEM_KEY, Shown::Nobody),
        (OTHER_REDEEM_KEY, Shown::Nobody),
        ("ck_live_admin_0001", Shown::Nobody),
    ];
    for (key, shown) in keys {
        table.push((format!("{key} as a key"), vec![("x-api-key", key.to_owned())], shown));
        for (name, header) in [
            ("as a bearer token", ("Authorization", format!("Bearer {key}"))),
            ("bare", ("Authorization", key.to_owned())),
            ("as a key of Rebilly", ("REB-APIKEY", key.to_owned())),
            ("as Basic", ("Authorization", format!("Basic {}", BASE64.encode(format!("{key}:").as_bytes())))),
        ] {
            table.push((format!("{key} {name}"), vec![header], Shown::Nobody));
        }
    }
    let both = vec![("Authorization", format!("Bearer {own}")), ("x-api-key", "nobody's".to_owned())];
    table.push(("a bearer token beside a wrong key".to_owned(), both, Shown::Merchant));
    table
}

/// What a caller gets.
fn expected((_, whom, own): Line, shown: Shown) -> u16 {
    match (whom, shown) {
        (For::Browsers, _) | (For::Keys, Shown::Key) | (For::Merchant, Shown::Merchant) => own,
        (For::Keys, Shown::Elsewhere) | (For::Merchant, Shown::Other) => 403,
        (For::Keys | For::Merchant, _) => 401,
    }
}

/// The operations of the document that the node serves: id, method and path.
fn served(node: &Node) -> BTreeMap<String, (String, String)> {
    let document = node.client().call("GET", "/payroc/openapi.json", &[], b"").json();
    let mut found = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let line = OPERATIONS.iter().find(|line| line.0 == id);
            let line =
                line.unwrap_or_else(|| panic!("{id} is served, and its rights are written down nowhere"));
            let security = operation["security"].to_string();
            let needed = match line.1 {
                For::Keys => security.contains("ApiKey"),
                For::Merchant => security.contains("BearerToken"),
                For::Browsers => security == "[]",
            };
            assert!(needed, "{id}: the document says who may: {security}");
            let path = format!("/payroc{path}");
            assert!(found.insert(id.to_owned(), (method.to_uppercase(), path)).is_none());
        }
    }
    assert_eq!(found.len(), OPERATIONS.len(), "what is written down is served");
    found
}

/// What calls are about, new for each that may succeed.
struct World {
    shop: Shop,
    id: String,
    kept: Value,
    single: String,
    session: String,
    made: u32,
}

impl World {
    fn new(node: &Node) -> Self {
        let mut shop = Shop::by(node, KEY, OPEN);
        let kept = shop.secure(&secure("matrix 1", &card()));
        let single = shop.token();
        let session = session(&mut shop);
        Self { shop, id: "matrix 1".to_owned(), kept, single, session, made: 1 }
    }

    /// The path of an operation, and the body of a call that succeeds.
    fn call(&self, id: &str, path: &str) -> (String, Value) {
        let path = path.replace("{processingTerminalId}", OPEN).replace("{session}", &self.session);
        let path = path.replace("{secureTokenId}", &super::calls::encoded(&self.id));
        let order =
            json!({"orderId": "o", "amount": 1, "currency": "USD", "dateTime": "2026-01-01T00:00:00Z"});
        let body = match id {
            "createSingleUseToken" => request(&card()),
            "createSecureToken" => json!({"source": card()}),
            "partiallyUpdateSecureToken" => {
                json!([{"op": "add", "path": "/mitAgreement", "value": "recurring"}])
            }
            "updateSecureTokenAccount" => flat(&self.single),
            "createHostedFieldsSession" => json!({"libVersion": "1.7.0.261457", "scenario": "payment"}),
            "fillHostedField" => json!({"type": "cardNumber", "cardNumber": PAN}),
            "createApplePaySession" => {
                json!({"appleDomainId": "x", "appleValidationUrl": "https://apple.example"})
            }
            "createPayment" => json!({"channel": "web", "processingTerminalId": OPEN, "order": order,
                "paymentMethod": flat(&self.single)}),
            "createBankTransferPayment" => json!({"processingTerminalId": OPEN, "order": order,
                "paymentMethod": flat(&self.single)}),
            _ => Value::Null,
        };
        (path, body)
    }

    fn assert_unchanged(&mut self, what: &str) {
        assert_eq!(self.shop.read(&self.id), self.kept, "{what}");
    }

    /// Others in the place of what was changed or used up.
    fn renew(&mut self) {
        self.made += 1;
        self.id = format!("matrix {}", self.made);
        self.kept = self.shop.secure(&secure(&self.id, &card()));
        self.single = self.shop.token();
        self.session = session(&mut self.shop);
    }
}

/// A session with a card in it.
fn session(shop: &mut Shop) -> String {
    let opened =
        shop.post("hosted-fields-sessions", &json!({"libVersion": "1.7.0.261457", "scenario": "payment"}));
    let session = text(&opened.json(), "token");
    let path = format!("/payroc/v1/hosted-fields-sessions/{session}/fields");
    let filled = shop.keyed("POST", &path, &fresh_key(), &json!({"type": "cardNumber", "cardNumber": PAN}));
    assert_eq!(filled.status, 200, "{}", filled.text());
    session
}

fn send(node: &Node, method: &str, path: &str, headers: &[(&str, String)], body: &Value) -> Answer {
    let key = fresh_key();
    let mut all = vec![("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
    all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = node.client().call(method, path, &all, body.as_bytes());
    judge(&answer);
    answer
}

#[test]
fn every_operation_by_every_credential() {
    let live = Live::new();
    let more = "[card_testing]\nenabled = false\n";
    let node = live.try_start(&place::config(&live, more)).expect("the node starts");
    let (operations, callers, mut world) = (served(&node), callers(&node), World::new(&node));
    let mut calls = 0;
    for (name, headers, shown) in &callers {
        for line in OPERATIONS {
            let (method, template) = &operations[line.0];
            for slash in ["", "/"] {
                let (path, body) = world.call(line.0, template);
                let answer = send(&node, method, &format!("{path}{slash}"), headers, &body);
                let what = format!("{name}: {method} {path}{slash} ({})", line.0);
                assert_eq!(answer.status, expected(line, *shown), "{what}: {}", answer.text());
                let acted = answer.status < 300 && *method != "GET";
                if acted && line.0 != "authorize" {
                    world.renew();
                } else {
                    world.assert_unchanged(&what);
                }
                let told = answer.text();
                for secret in [KEY, SECOND_KEY, OTHER_KEY, "ck_payroc", "sk_live", "pk_live", "ck_live", PAN]
                {
                    assert!(!told.contains(secret), "{what}: {told}");
                }
                calls += 1;
            }
        }
    }
    assert_eq!(calls, callers.len() * OPERATIONS.len() * 2);
    // What was refused used nothing up.
    let made = world.shop.secure(&json!({"source": flat(&world.single)}));
    assert_eq!(made["source"]["cardNumber"], "453985******7062");
}

/// A key that is deleted takes its bearer tokens with it, and leaves those of others.
#[test]
fn a_key_that_is_gone_takes_its_tokens_with_it() {
    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let mut first = Shop::by(&node, KEY, OPEN);
    let second = Shop::by(&node, SECOND_KEY, OPEN);
    first.secure(&secure("one", &card()));
    let (gone, kept) = (first.bearer.clone(), second.bearer.clone());
    node.kill();
    let keys = [("payroc-key", place::MERCHANT, SECOND_KEY, ""), ("payroc-key", place::OTHER, OTHER_KEY, "")];
    let node = live.try_start(&place::config_of(&live, &keys, "")).expect("the node starts");
    let mut shop = Shop { client: node.client(), bearer: kept, terminal: OPEN.to_owned() };
    assert_eq!(shop.read("one")["secureTokenId"], "one", "a token outlives its process");
    shop.bearer = gone;
    let path = shop.path("secure-tokens");
    super::calls::assert_refused(&shop.get(&path), 401, "not-authorized");
    super::calls::assert_refused(
        &super::calls::authorize(&node, &[("x-api-key", KEY)]),
        401,
        "not-authorized",
    );
    node.kill();
    // A key that comes to another merchant takes none of its tokens along.
    let keys = [("payroc-key", place::OTHER, SECOND_KEY, "")];
    let node = live.try_start(&place::config_of(&live, &keys, "")).expect("the node starts");
    let mut shop = Shop { client: node.client(), bearer: second.bearer, terminal: OTHER_TERMINAL.to_owned() };
    for terminal in [OPEN, OTHER_TERMINAL] {
        terminal.clone_into(&mut shop.terminal);
        let path = shop.path("secure-tokens");
        super::calls::assert_refused(&shop.get(&path), 401, "not-authorized");
    }
}

/// The other doors know neither API keys nor bearer tokens, and what was made here is found by none of them.
#[test]
fn keys_and_bearer_tokens_open_no_other_door() {
    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let mut shop = Shop::by(&node, KEY, OPEN);
    let (token, made) = (shop.token(), shop.secure(&secure("one", &card())));
    let mut seen = BTreeSet::new();
    for text in [KEY, &shop.bearer.clone()] {
        for header in [
            ("Authorization", format!("Bearer {text}")),
            ("Authorization", text.to_owned()),
            ("Authorization", format!("Basic {}", BASE64.encode(format!("{text}:").as_bytes()))),
            ("REB-APIKEY", text.to_owned()),
            ("x-api-key", text.to_owned()),
        ] {
            for (method, path) in [
                ("POST", "/rebilly/tokens".to_owned()),
                ("GET", "/rebilly/payment-instruments".to_owned()),
                ("POST", "/worldpay/tokens".to_owned()),
                ("POST", format!("/coffer/v1/tokens/{token}/redeem")),
                ("POST", "/coffer/v1/instruments/x/reveal".to_owned()),
                (
                    "POST",
                    format!("/coffer/v1/referenced-tokens/{}/reveal", super::calls::text(&made, "token")),
                ),
            ] {
                let media = "application/vnd.worldpay.tokens-v3.hal+json";
                let media = if path.starts_with("/worldpay") { media } else { "application/json" };
                let headers = [(header.0, header.1.as_str()), ("Content-Type", media), ("Accept", media)];
                let answer = node.client().call(method, &path, &headers, br#"{"reason":"x"}"#);
                assert!([401, 403].contains(&answer.status), "{method} {path}: {}", answer.text());
                seen.insert(answer.status);
            }
        }
    }
    assert!(seen.contains(&401));
    let key = [("REB-APIKEY", "sk_live_alpha_0001")];
    for name in [token.as_str(), "one", &text(&made, "token")] {
        let answer = node.client().call("GET", &format!("/rebilly/tokens/{name}"), &key, b"");
        assert_eq!(answer.status, 404, "{}", answer.text());
    }
    assert_eq!(
        shop.post("secure-tokens", &json!({"source": flat(&token)})).status,
        201,
        "it was not used up"
    );
}
