//! What a shop of each company keeps of its cards, and whether it means what it meant.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::support::{Client, Node, REDEEM, SECRET, card, create, exchange};

pub(crate) const TOKENS_V3: &str = "application/vnd.worldpay.tokens-v3.hal+json";
pub(crate) const WORLDPAY_PAN: &str = "4444333322221111";
pub(crate) const PAYROC_PAN: &str = "4539858876047062";
pub(crate) const HOLDER: &str = "Qzxmarked Holder";

/// What a shop of each company keeps of its cards.
pub(crate) struct Held {
    pub(crate) instrument: String,
    pub(crate) worldpay_link: String,
    pub(crate) worldpay: Value,
    pub(crate) secure: Value,
    pub(crate) idempotency_key: String,
}

pub(crate) fn basic(user: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{user}").as_bytes()))
}

pub(crate) fn worldpay_card() -> Value {
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

pub(crate) fn worldpay(client: &mut Client, method: &str, to: &str, body: &str) -> (u16, Value) {
    let authorization = basic("sandbox");
    let headers =
        [("Authorization", authorization.as_str()), ("Content-Type", TOKENS_V3), ("Accept", TOKENS_V3)];
    let answer = client.call(method, to, &headers, body.as_bytes());
    (answer.status, answer.json())
}

pub(crate) fn secure_token() -> Value {
    json!({"secureTokenId": "moved-1", "source": {"type": "card", "cardDetails": {"entryMethod": "keyed",
        "cardholderName": HOLDER, "keyedData": {"dataFormat": "plainText", "cardNumber": PAYROC_PAN,
        "expiryDate": "1235"}}}})
}

pub(crate) fn payroc(client: &mut Client, method: &str, below: &str, key: &str, body: &str) -> (u16, Value) {
    let granted = client.call("POST", "/payroc/authorize", &[("x-api-key", "sandbox")], b"").json();
    let bearer = format!("Bearer {}", granted["access_token"].as_str().expect("a bearer token"));
    let path = format!("/payroc/v1/processing-terminals/1234001/{below}");
    let headers =
        [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", key)];
    let answer = client.call(method, &path, &headers, body.as_bytes());
    (answer.status, answer.json())
}

/// A value with the node's own address taken out of its links.
pub(crate) fn anywhere(node: &Node, value: &Value) -> String {
    value.to_string().replace(&node.clients.to_string(), "NODE")
}

pub(crate) fn make(node: &Node) -> Held {
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
pub(crate) fn look(node: &Node, held: &Held) {
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

pub(crate) fn make_another(node: &Node) -> String {
    let token = create(&mut node.client(), &card());
    exchange(&mut node.client(), &token, "customer-9").json()["id"].as_str().expect("an id").to_owned()
}
