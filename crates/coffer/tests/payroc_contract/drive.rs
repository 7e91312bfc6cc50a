//! Calls by operation, and what was seen of each.

use std::{collections::BTreeSet, net::SocketAddr};

use serde_json::{Value, json};

use super::bodies::{PIN, has};
use crate::support::{Answer, Client, Node};

/// Operations as `POST /payments`, each with a status.
pub(crate) type Seen = BTreeSet<(String, u16)>;

const TERMINALS: &str = "/processing-terminals/{processingTerminalId}";
const TYPES: &str = "https://docs.payroc.com/api/errors#";

/// One operation of the served document.
pub(crate) struct Operation {
    pub(crate) method: String,
    /// Below `/payroc` or `/payroc/v1`.
    pub(crate) path: String,
    /// The name of the security scheme; none for a browser in a session.
    pub(crate) by: Option<String>,
    pub(crate) statuses: Vec<u16>,
    pub(crate) has_body: bool,
    pub(crate) has_key: bool,
}

impl Operation {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// All operations that a node says it has.
pub(crate) fn operations(node: &Node) -> Vec<Operation> {
    let document = node.client().call("GET", "/payroc/openapi.json", &[], b"").json();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let schemes = operation["security"].as_array().expect("schemes");
            let names = schemes.iter().flat_map(|one| one.as_object().expect("a scheme").keys());
            let statuses = operation["responses"].as_object().expect("responses").keys();
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            found.push(Operation {
                method: method.to_uppercase(),
                path: path.strip_prefix("/v1").unwrap_or(path).to_owned(),
                by: names.into_iter().next().cloned(),
                statuses: statuses.map(|name| name.parse().expect("a status")).collect(),
                has_body: operation["requestBody"].is_object(),
                has_key: parameters.any(|one| one["name"] == "Idempotency-Key"),
            });
        }
    }
    assert_eq!(found.len(), 15, "operations");
    found
}

/// A connection to a node, and everything that was seen on it.
pub(crate) struct Drive {
    pub(crate) address: SocketAddr,
    client: Client,
    bearer: String,
    keys: u64,
    pub(crate) seen: Seen,
    /// Requests with bodies of examples and schemas.
    pub(crate) sent: usize,
}

impl Drive {
    pub(crate) fn new(node: &Node) -> Self {
        let mut drive = Self {
            address: node.clients,
            client: node.client(),
            bearer: String::new(),
            keys: 0,
            seen: Seen::new(),
            sent: 0,
        };
        let answer = drive.call("POST /authorize", "", b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        drive.bearer = format!("Bearer {}", answer.json()["access_token"].as_str().expect("a token"));
        drive
    }

    /// What is shown in `Authorization`.
    pub(crate) fn bearer(&self) -> String {
        self.bearer.clone()
    }

    /// An idempotency key that nobody had: a UUID of version 4.
    pub(crate) fn key(&mut self) -> String {
        self.keys += 1;
        format!("{:08x}-0000-4000-8000-{:012x}", std::process::id(), self.keys)
    }

    /// Calls an operation by its path; `id` stands for the secure token or the session.
    pub(crate) fn call(&mut self, operation: &str, id: &str, body: &[u8]) -> Answer {
        let key = self.key();
        self.call_with(operation, id, &[("Idempotency-Key", &key)], body)
    }

    /// The same, with JSON.
    pub(crate) fn send(&mut self, operation: &str, id: &str, body: &Value) -> Answer {
        self.call(operation, id, body.to_string().as_bytes())
    }

    /// The same, with headers beside those of who calls and of the media type, or in their place. An empty one is not
    /// sent.
    pub(crate) fn call_with(
        &mut self,
        operation: &str,
        id: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let bearer = self.bearer.clone();
        let usual =
            [("Authorization", &*bearer), ("x-api-key", "sandbox"), ("Content-Type", "application/json")];
        let is_sent = |(name, _): &(&str, &str)| match *name {
            "Authorization" => operation != "POST /authorize" && !operation.contains("{session}"),
            "x-api-key" => operation == "POST /authorize",
            _ => !body.is_empty(),
        };
        let is_replaced = |name: &str| headers.iter().any(|(other, _)| *other == name);
        let usual = usual.into_iter().filter(|one| is_sent(one) && !is_replaced(one.0));
        let headers: Vec<_> =
            usual.chain(headers.iter().copied()).filter(|(_, value)| !value.is_empty()).collect();
        let (method, path) = target(operation, id);
        let answer = self.client.call(method, &path, &headers, body);
        self.seen.insert((named(operation), answer.status));
        answer
    }

    /// The same, with a body that is announced to be so long, and never comes.
    pub(crate) fn announce(&mut self, operation: &str, id: &str, bytes: usize) -> Answer {
        let (method, path) = target(operation, id);
        let (key, bearer) = (self.key(), self.bearer.clone());
        let headers =
            [("Authorization", &*bearer), ("Idempotency-Key", &key), ("Content-Type", "application/json")];
        let answer = Client::new(self.address).announce(method, &path, &headers, bytes);
        let answer = answer.expect("an answer");
        self.seen.insert((named(operation), answer.status));
        answer
    }

    /// A single-use token of a card or an account.
    pub(crate) fn single_use(&mut self, source: &Value) -> Value {
        let body = json!({ "channel": "web", "source": source });
        let made = self.send(&format!("POST {TERMINALS}/single-use-tokens"), "", &body);
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["token"].clone()
    }

    /// A secure token with everything that it may have.
    pub(crate) fn secure(&mut self, source: &Value) -> Value {
        let body = json!({ "source": source, "mitAgreement": "unscheduled",
            "customer": { "firstName": "Sarah", "lastName": "Hopper", "dateOfBirth": "1990-07-15",
                "referenceNumber": "Customer-12",
                "shippingAddress": { "recipientName": "Sarah Hopper" } },
            "customFields": [{ "name": "first", "value": "1" }] });
        let made = self.send(&format!("POST {TERMINALS}/secure-tokens"), "", &body);
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()
    }

    /// A session of hosted fields.
    pub(crate) fn session(&mut self) -> String {
        let body = json!({ "libVersion": "1.7.0.261457", "scenario": "payment" });
        let made = self.send(&format!("POST {TERMINALS}/hosted-fields-sessions"), "", &body);
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["token"].as_str().expect("a token").to_owned()
    }

    /// What stands in the path: a secure token or a session of its own.
    pub(crate) fn id_for(&mut self, operation: &str) -> String {
        if operation.contains("{session}") {
            return self.session();
        }
        if operation.contains("{secureTokenId}") {
            return self.secure(&card())["secureTokenId"].as_str().expect("an id").to_owned();
        }
        String::new()
    }

    /// Sends a body that is right, with tokens and names of its own, and looks at what must come of it.
    pub(crate) fn as_documented(&mut self, operation: &str, name: &str, mut body: Value) {
        if operation.starts_with("PATCH") && !body.is_array() {
            body = json!([body]);
        }
        let source = if operation == "POST /bank-transfer-payments" { account() } else { card() };
        self.fill_in(&mut body, &source);
        let id = self.id_for(operation);
        let answer = self.send(operation, &id, &body);
        self.sent += 1;
        let told = format!("{operation}, {name}: {}", answer.text());
        match expected(operation, &body) {
            Expected::Success => assert!((200..300).contains(&answer.status), "{told}"),
            Expected::Refused(fragment, parameter) => {
                assert_eq!(
                    (answer.status, &answer.json()["type"]),
                    (400, &json!(format!("{TYPES}{fragment}"))),
                    "{told}"
                );
                let errors = answer.json()["errors"].clone();
                let mut named =
                    errors.as_array().into_iter().flatten().filter_map(|one| one["parameter"].as_str());
                assert!(named.all(|named| named.ends_with(parameter)), "{told}");
            }
        }
    }

    /// Puts tokens and names into a body that has places for them.
    fn fill_in(&mut self, value: &mut Value, source: &Value) {
        match value {
            Value::Object(members) => {
                let kind = members.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
                if members.contains_key("token") && kind == "singleUseToken" {
                    members.insert("token".to_owned(), self.single_use(source));
                }
                if members.contains_key("token") && kind == "secureToken" {
                    members.insert("token".to_owned(), self.secure(source)["token"].clone());
                }
                if members.contains_key("secureTokenId") {
                    self.keys += 1;
                    let new = json!(format!("Ours/{}", self.keys));
                    // A session changes a token that is there; all else makes one.
                    let is_session = members.contains_key("libVersion");
                    let id = if is_session { self.secure(source)["secureTokenId"].clone() } else { new };
                    members.insert("secureTokenId".to_owned(), id);
                }
                members.values_mut().for_each(|inner| self.fill_in(inner, source));
            }
            Value::Array(elements) => elements.iter_mut().for_each(|inner| self.fill_in(inner, source)),
            _ => {}
        }
    }

    /// The operations that take no body.
    pub(crate) fn without_bodies(&mut self) {
        let secure = format!("{TERMINALS}/secure-tokens");
        let one = format!("{secure}/{{secureTokenId}}");
        let id = self.id_for(&one);
        assert_eq!(self.call(&format!("GET {secure}"), "", b"").status, 200);
        assert_eq!(self.call(&format!("GET {one}"), &id, b"").status, 200);
        assert_eq!(self.call(&format!("DELETE {one}"), &id, b"").status, 204);
        let session = self.session();
        let configuration = "GET /hosted-fields-sessions/{session}/configuration";
        assert_eq!(self.call(configuration, &session, b"").status, 200);
        let field = json!({ "type": "cardNumber", "cardNumber": "4539858876047062" });
        let filled = self.send("POST /hosted-fields-sessions/{session}/fields", &session, &field);
        assert_eq!(filled.status, 200, "{}", filled.text());
        let finish = "POST /hosted-fields-sessions/{session}/single-use-tokens";
        assert_eq!(self.call(finish, &session, b"").status, 201);
    }
}

/// A card that was typed.
pub(crate) fn card() -> Value {
    json!({ "type": "card", "cardDetails": { "entryMethod": "keyed", "cardholderName": "Sarah Hazel Hopper",
        "keyedData": { "dataFormat": "plainText", "cardNumber": "4539858876047062", "expiryDate": "1235",
            "cvv": "234" } } })
}

/// An account of the United States.
fn account() -> Value {
    json!({ "type": "ach", "nameOnAccount": "Sarah Hopper", "accountNumber": "1234567890",
        "routingNumber": "021000021", "accountType": "checking", "secCode": "web" })
}

/// What must come of a body that is right.
enum Expected {
    Success,
    /// The type of the error, and what every parameter that is named ends with.
    Refused(&'static str, &'static str),
}

/// What our documented rules refuse of what the company's contract has: PINs anywhere, and a token that outlives the
/// data of a reader whose keys we do not have. There is no Apple Pay.
fn expected(operation: &str, body: &Value) -> Expected {
    if has(body, PIN) {
        return Expected::Refused("bad-request", PIN);
    }
    if operation.ends_with("/apple-pay-sessions") {
        return Expected::Refused("capabilities-missing", "appleDomainId");
    }
    let is_encrypted = has(body, "iccData") || has(body, "encryptedData") || has(body, "encryptedPan");
    if operation.ends_with("/secure-tokens") && is_encrypted {
        return Expected::Refused("capabilities-missing", "source.cardDetails");
    }
    // What a wallet encrypted is in `encryptedData` too.
    if body["credentialOnFile"]["tokenize"] == true && is_encrypted {
        return Expected::Refused("capabilities-missing", "credentialOnFile.tokenize");
    }
    Expected::Success
}

/// Method and path of a call.
fn target<'o>(operation: &'o str, id: &str) -> (&'o str, String) {
    let (method, path) = operation.split_once(' ').expect("a method and a path");
    let path = path.replace("{processingTerminalId}", "1234001");
    let path = path.replace("{secureTokenId}", id).replace("{session}", id);
    let base = if path == "/authorize" { "/payroc" } else { "/payroc/v1" };
    (method, format!("{base}{path}"))
}

/// The operation of a call: paths may name another terminal, and have a query.
fn named(operation: &str) -> String {
    let operation = operation.split('?').next().unwrap_or_default();
    operation.replace("/9999001", "/{processingTerminalId}")
}
