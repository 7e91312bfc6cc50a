//! What callers of every dialect hold means the same after a move.

use std::fs;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::commands::{Where, export, import, json_of, with_key_of};
use crate::support::{Client, Node, REDEEM, SECRET, card, create, exchange, files, home};

const TOKENS_V3: &str = "application/vnd.worldpay.tokens-v3.hal+json";
const WORLDPAY_PAN: &str = "4444333322221111";
const PAYROC_PAN: &str = "4539858876047062";
const HOLDER: &str = "Qzxmarked Holder";

/// What a shop of each company keeps of its cards.
struct Held {
    instrument: String,
    worldpay_link: String,
    worldpay: Value,
    secure: Value,
    idempotency_key: String,
}

fn basic(user: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{user}").as_bytes()))
}

fn worldpay_card() -> Value {
    json!({
        "description": "Test", "namespace": "moved", "merchant": {"entity": "default"},
        "paymentInstrument": {
            "type": "card/front", "cardHolderName": HOLDER, "cardNumber": WORLDPAY_PAN,
            "cardExpiryDate": {"month": 5, "year": 2035},
            "billingAddress": {"address1": "1 Qzxmarked Street", "postalCode": "AB1 2CD", "city": "London",
                "countryCode": "GB"},
        },
    })
}

fn worldpay(client: &mut Client, method: &str, to: &str, body: &str) -> (u16, Value) {
    let authorization = basic("sandbox");
    let headers =
        [("Authorization", authorization.as_str()), ("Content-Type", TOKENS_V3), ("Accept", TOKENS_V3)];
    let answer = client.call(method, to, &headers, body.as_bytes());
    (answer.status, answer.json())
}

fn secure_token() -> Value {
    json!({"secureTokenId": "moved-1", "source": {"type": "card", "cardDetails": {"entryMethod": "keyed",
        "cardholderName": HOLDER, "keyedData": {"dataFormat": "plainText", "cardNumber": PAYROC_PAN,
        "expiryDate": "1235"}}}})
}

fn payroc(client: &mut Client, method: &str, below: &str, key: &str, body: &str) -> (u16, Value) {
    let granted = client.call("POST", "/payroc/authorize", &[("x-api-key", "sandbox")], b"").json();
    let bearer = format!("Bearer {}", granted["access_token"].as_str().expect("a bearer token"));
    let path = format!("/payroc/v1/processing-terminals/1234001/{below}");
    let headers =
        [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", key)];
    let answer = client.call(method, &path, &headers, body.as_bytes());
    (answer.status, answer.json())
}

/// A value with the node's own address taken out of its links.
fn anywhere(node: &Node, value: &Value) -> String {
    value.to_string().replace(&node.clients.to_string(), "NODE")
}

fn make(node: &Node) -> Held {
    let mut client = node.client();
    let token = create(&mut client, &card());
    let made = exchange(&mut client, &token, "customer-1");
    assert_eq!(made.status, 201, "{}", made.text());
    let (status, reusable) = worldpay(&mut client, "POST", "/worldpay/tokens", &worldpay_card().to_string());
    assert_eq!(status, 201, "{reusable}");
    let href = reusable["_links"]["tokens:token"]["href"].as_str().expect("a link");
    let path = href.split_once("/worldpay").expect("a path").1;
    let key = "5f1d3a2e-0000-4000-8000-000000000001";
    let (status, secure) = payroc(&mut client, "POST", "secure-tokens", key, &secure_token().to_string());
    assert_eq!(status, 201, "{secure}");
    Held {
        instrument: made.json()["id"].as_str().expect("an id").to_owned(),
        worldpay_link: format!("/worldpay{path}"),
        worldpay: serde_json::from_str(&anywhere(node, &reusable)).expect("JSON"),
        secure,
        idempotency_key: key.to_owned(),
    }
}

/// Everything that was held means what it meant.
fn look(node: &Node, held: &Held) {
    let mut client = node.client();
    let (id, key) = (&held.instrument, &held.idempotency_key);
    let read = client.call("GET", &format!("/rebilly/payment-instruments/{id}"), &[SECRET], b"");
    assert_eq!((read.status, read.json()["id"].as_str()), (200, Some(id.as_str())));
    let reveal = format!("/coffer/v1/instruments/{id}/reveal");
    let revealed = client.call("POST", &reveal, &[REDEEM], b"{\"reason\":\"moved\"}");
    assert!(revealed.status == 200 && revealed.text().contains("4111111111111111"), "{}", revealed.status);

    let (status, found) = worldpay(&mut client, "GET", &held.worldpay_link, "");
    assert_eq!((status, anywhere(node, &found)), (200, held.worldpay.to_string()));
    let (status, matched) = worldpay(&mut client, "POST", "/worldpay/tokens", &worldpay_card().to_string());
    assert_eq!((status, &matched["tokenId"]), (200, &held.worldpay["tokenId"]), "its card is recognised");

    let (status, found) = payroc(&mut client, "GET", "secure-tokens/moved-1", key, "");
    assert_eq!((status, &found), (200, &held.secure));
    let (status, again) = payroc(&mut client, "POST", "secure-tokens", key, &secure_token().to_string());
    assert_eq!((status, &again), (201, &held.secure), "what was asked is answered again, and not done again");
    let other = "5f1d3a2e-0000-4000-8000-000000000002";
    let (status, _) = payroc(&mut client, "POST", "secure-tokens", other, &secure_token().to_string());
    assert_eq!(status, 409, "its reference is taken");
}

fn tokens_work_unchanged(first: &Where, second: &Where, third: &Where) {
    let out = home();
    let (one, two) = (out.path().join("one"), out.path().join("two"));
    let mut node = first.node();
    let held = make(&node);
    let open = create(&mut node.client(), &card());
    look(&node, &held);
    assert!(node.stop(), "it ends");
    assert_eq!(json_of(first.export(&one))["quiet"], true);

    with_key_of(first.home.path(), second.home.path());
    assert_eq!(json_of(second.import(&one))["equal"], true);
    let mut node = second.node();
    look(&node, &held);
    let gone = exchange(&mut node.client(), &open, "customer-2");
    assert_ne!(gone.status, 201, "what lives half an hour stayed behind");
    let fresh = make_another(&node);
    assert!(node.stop(), "it ends");

    assert_eq!(json_of(second.export(&two))["quiet"], true);
    with_key_of(first.home.path(), third.home.path());
    assert_eq!(json_of(third.import(&two))["equal"], true);
    let node = third.node();
    look(&node, &held);
    let path = format!("/rebilly/payment-instruments/{fresh}");
    assert_eq!(node.client().call("GET", &path, &[SECRET], b"").status, 200);
    drop(node);
    shows_nothing(&one);
    shows_nothing(&two);
}

#[test]
fn tokens_of_every_dialect_work_unchanged_after_a_move_and_back() {
    tokens_work_unchanged(&Where::folder(), &Where::folder(), &Where::folder());
}

#[test]
fn tokens_of_every_dialect_work_unchanged_after_a_move_into_a_database_and_back() {
    tokens_work_unchanged(&Where::folder(), &Where::database(), &Where::folder());
}

#[test]
fn tokens_of_every_dialect_work_unchanged_after_a_move_from_a_database_and_back() {
    tokens_work_unchanged(&Where::database(), &Where::folder(), &Where::database());
}

fn make_another(node: &Node) -> String {
    let token = create(&mut node.client(), &card());
    exchange(&mut node.client(), &token, "customer-9").json()["id"].as_str().expect("an id").to_owned()
}

/// Nothing of a card, a name or an address is readable in an export.
fn shows_nothing(folder: &std::path::Path) {
    for file in files(folder) {
        let bytes = fs::read(&file).expect("a file");
        for marked in [
            "4111111111111111",
            WORLDPAY_PAN,
            PAYROC_PAN,
            "411111",
            "444433",
            "453985",
            "Qzxmarked",
            "Franklin",
        ] {
            let found = bytes.windows(marked.len()).any(|window| window == marked.as_bytes());
            assert!(!found, "{} shows {} characters of what was marked", file.display(), marked.len());
        }
    }
}

#[test]
fn an_export_beside_a_node_disturbs_nobody_and_says_what_it_is() {
    let (first, second, out) = (home(), home(), home());
    let mut node = Node::sandbox(first.path());
    let held = make(&node);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let manifest = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut made = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) || made < 3 {
                make_another(&node);
                made += 1;
            }
        });
        while make_another(&node).is_empty() {}
        let manifest = export(first.path(), &out.path().join("served"));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        load.join().expect("nobody is disturbed");
        manifest
    });
    assert!(node.stop(), "it ends");
    with_key_of(first.path(), second.path());
    let said = import(second.path(), &out.path().join("served"), &[]);
    if manifest["quiet"] == false {
        assert_eq!(said.code, Some(1));
        assert!(said.stderr.contains("--allow-unquiet"), "{}", said.stderr);
        let said = import(second.path(), &out.path().join("served"), &["--allow-unquiet"]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
    }
    look(&Node::sandbox(second.path()), &held);
}
