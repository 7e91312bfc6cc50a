//! Small words for the calls of this dialect.

use data_encoding::BASE64;
use serde_json::{Value, json};

pub(crate) use crate::support::seconds;
use crate::support::{Answer, Client, Node};

pub(crate) const TOKENS: &str = "/worldpay/tokens";
pub(crate) const CARD_ON_FILE: &str = "/worldpay/verifiedTokens/cardOnFile";
pub(crate) const ONE_TIME: &str = "/worldpay/verifiedTokens/oneTime";
pub(crate) const CARD_SESSIONS: &str = "/worldpay/sessions/card";
pub(crate) const CVC_SESSIONS: &str = "/worldpay/sessions/payments/cvc";
pub(crate) const OLD_SESSIONS: &str = "/worldpay/verifiedTokens/sessions";

pub(crate) const V3: &str = "application/vnd.worldpay.tokens-v3.hal+json";
pub(crate) const V2: &str = "application/vnd.worldpay.tokens-v2.hal+json";
pub(crate) const V1: &str = "application/vnd.worldpay.tokens-v1.hal+json";
pub(crate) const VERIFIED_V3: &str = "application/vnd.worldpay.verified-tokens-v3.hal+json";
pub(crate) const VERIFIED_V2: &str = "application/vnd.worldpay.verified-tokens-v2.hal+json";
pub(crate) const VERIFIED_V1: &str = "application/vnd.worldpay.verified-tokens-v1.hal+json";
pub(crate) const SESSIONS: &str = "application/vnd.worldpay.sessions-v1.hal+json";
/// What asks for card numbers in the clear.
pub(crate) const CLEAR: &str = "application/vnd.worldpay.tokens-v3.hal+json; masked=false";

/// The card of the documentation's examples.
pub(crate) const PAN: &str = "4444333322221111";
/// The sandbox's checkout.
pub(crate) const IDENTITY: &str = "sandbox-checkout";

/// What a user shows (RFC 7617).
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
}

/// A merchant's server: a connection, and what it shows.
pub(crate) struct Shop {
    pub(crate) client: Client,
    pub(crate) authorization: String,
}

impl Shop {
    /// The sandbox's.
    pub(crate) fn of(node: &Node) -> Self {
        Self::by(node, "sandbox", "sandbox")
    }

    pub(crate) fn by(node: &Node, user: &str, password: &str) -> Self {
        Self { client: node.client(), authorization: basic(user, password) }
    }

    /// Sends bytes to a path or a link, with these headers beside the user's.
    pub(crate) fn send(&mut self, method: &str, to: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut all = vec![("Authorization", self.authorization.as_str())];
        all.extend(headers);
        let answer = self.client.call(method, path_of(to), &all, body);
        judge(&answer);
        answer
    }

    /// Sends JSON, with the newest media type of the path.
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Answer {
        let media = if path.contains("/verifiedTokens/") { VERIFIED_V3 } else { V3 };
        self.send("POST", path, &both(media), body.to_string().as_bytes())
    }

    pub(crate) fn get(&mut self, to: &str) -> Answer {
        self.send("GET", to, &[("Accept", V3)], b"")
    }

    pub(crate) fn put(&mut self, to: &str, value: &Value) -> Answer {
        self.send("PUT", to, &both(V3), value.to_string().as_bytes())
    }

    /// A `PUT` without a body.
    pub(crate) fn resolve(&mut self, to: &str) -> Answer {
        self.send("PUT", to, &[("Accept", V3)], b"")
    }

    pub(crate) fn delete(&mut self, to: &str) -> Answer {
        self.send("DELETE", to, &[("Accept", V3)], b"")
    }

    /// Makes a token, which must be new.
    pub(crate) fn create(&mut self, body: &Value) -> Value {
        let answer = self.post(TOKENS, body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// A token, read by its link.
    pub(crate) fn read(&mut self, to: &str) -> Value {
        let answer = self.get(to);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

/// One media type in both headers.
pub(crate) fn both(media: &str) -> [(&'static str, &str); 2] {
    [("Content-Type", media), ("Accept", media)]
}

/// A token of the documentation's example, every member of it.
pub(crate) fn card() -> Value {
    json!({
        "description": "Test Token Description",
        "paymentInstrument": {
            "type": "card/front", "cardHolderName": "Sherlock Holmes", "cardNumber": PAN,
            "cardExpiryDate": {"month": 5, "year": 2035}, "billingAddress": address(),
        },
        "merchant": {"entity": "default"},
    })
}

pub(crate) fn address() -> Value {
    json!({
        "address1": "221B Baker Street", "address2": "Marylebone", "address3": "Westminster",
        "postalCode": "NW1 6XE", "city": "London", "state": "Greater London", "countryCode": "GB",
    })
}

/// The same with another number.
pub(crate) fn card_of(number: &str) -> Value {
    with(&card(), "/paymentInstrument/cardNumber", json!(number))
}

/// A card in a namespace.
pub(crate) fn card_in(number: &str, namespace: &str) -> Value {
    with(&card_of(number), "/namespace", json!(namespace))
}

/// A verified token of a plain card.
pub(crate) fn plain(number: &str) -> Value {
    json!({
        "paymentInstrument": {
            "type": "card/plain", "cardHolderName": "Sherlock Holmes", "cardNumber": number,
            "cardExpiryDate": {"month": 5, "year": 2035}, "cvc": "123",
        },
        "merchant": {"entity": "default"}, "verificationCurrency": "GBP",
    })
}

/// A verified token of a session.
pub(crate) fn checkout(session: &str) -> Value {
    json!({
        "paymentInstrument": {"type": "card/checkout", "cardHolderName": "Sherlock Holmes", "sessionHref": session},
        "merchant": {"entity": "default"}, "verificationCurrency": "GBP",
    })
}

/// What a browser leaves.
pub(crate) fn session(number: &str) -> Value {
    json!({
        "cardNumber": number, "cardExpiryDate": {"month": 11, "year": 2030}, "cvc": "123", "identity": IDENTITY,
    })
}

/// A request like this one with one place changed, or made.
pub(crate) fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    body.pointer_mut(parent).expect("an object")[name] = value;
    body
}

/// The same without a place.
pub(crate) fn without(body: &Value, pointer: &str) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    parent.remove(name).expect("a member");
    body
}

/// The path of a link to this node; a path is one already.
pub(crate) fn path_of(link: &str) -> &str {
    let Some(rest) = link.strip_prefix("http://") else { return link };
    &rest[rest.find('/').expect("a path")..]
}

/// The link of a token or of a part of it.
pub(crate) fn link(token: &Value, name: &str) -> String {
    let href = &token["_links"][format!("tokens:{name}")]["href"];
    href.as_str().unwrap_or_else(|| panic!("no link {name}: {token}")).to_owned()
}

/// What holds for every answer of the dialect: an id of the request, and of a refusal the company's shape, in order.
pub(crate) fn judge(answer: &Answer) {
    let id = answer.header("wp-correlationid").expect("WP-CorrelationId");
    assert!(!id.is_empty(), "{:?}", answer.headers);
    let text = answer.text();
    if answer.status < 400 || !text.contains("\"errorName\"") {
        let documented = answer.status < 400 || answer.status == 409 || answer.body.is_empty();
        assert!(documented, "{} without an errorName: {text}", answer.status);
        return;
    }
    // A first-party client shows the second value.
    let body = answer.json();
    let head = format!("{{\"errorName\":{},\"message\":{}", body["errorName"], body["message"]);
    assert!(text.starts_with(&head), "{text}");
    for field in body["validationErrors"].as_array().into_iter().flatten() {
        let path = field["jsonPath"].as_str().expect("a path");
        assert!(path == "$" || path.starts_with("$."), "{text}");
        let whole = format!(
            "{{\"errorName\":{},\"message\":{},\"jsonPath\":{}}}",
            field["errorName"], field["message"], field["jsonPath"]
        );
        assert!(text.contains(&whole), "{text}");
    }
    assert_eq!(
        body.as_object().expect("an object").len(),
        2 + usize::from(body["validationErrors"].is_array())
    );
}

/// Status and name of a refusal.
pub(crate) fn refused(answer: &Answer) -> (u16, String) {
    let name = answer.json()["errorName"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
    (answer.status, name)
}

/// The fields that a refusal names, in their order: name, message and path.
pub(crate) fn fields(answer: &Answer) -> Vec<(String, String, String)> {
    assert_eq!(refused(answer), (400, "bodyDoesNotMatchSchema".to_owned()), "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["message"], "The json body provided does not match the expected schema");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let list = body["validationErrors"].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|field| (text(&field["errorName"]), text(&field["message"]), text(&field["jsonPath"])))
        .collect()
}

/// A refusal of one field, by name and path.
pub(crate) fn one_field(answer: &Answer, name: &str, path: &str) {
    let found = fields(answer);
    let found: Vec<_> = found.iter().map(|(name, _, path)| (name.as_str(), path.as_str())).collect();
    assert_eq!(found, [(name, path)], "{}", answer.text());
}

/// The time of a sandbox, in seconds since 1970.
pub(crate) fn now(node: &Node) -> i64 {
    let answer = node.client().call("GET", "/sandbox/clock", &[], b"");
    seconds(&answer.json()["now"])
}

/// Seconds since 1970 as an ISO 8601 time in UTC.
pub(crate) fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).expect("a time of the calendar").to_string()
}
