//! Small words for the calls of this dialect.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::support::{Answer, Client, Node, REDEEM};

pub(crate) const AUTHORIZE: &str = "/payroc/authorize";
pub(crate) const API: &str = "/payroc/v1";
/// The sandbox's terminals: two of one merchant, of which the second takes expired cards, and one of another.
pub(crate) const TERMINAL: &str = "1234001";
pub(crate) const SECOND: &str = "1234002";
pub(crate) const FOREIGN: &str = "9999001";
/// Their keys.
pub(crate) const KEY: &str = "sandbox";
pub(crate) const OTHER_KEY: &str = "sandbox-other";

/// The card of the documentation's examples.
pub(crate) const PAN: &str = "4539858876047062";
pub(crate) const MASKED: &str = "453985******7062";

/// Everything a merchant's server needs: a connection, its bearer token and the terminal that it speaks for.
pub(crate) struct Shop {
    pub(crate) client: Client,
    pub(crate) bearer: String,
    pub(crate) terminal: String,
}

impl Shop {
    /// The sandbox's merchant at its first terminal.
    pub(crate) fn of(node: &Node) -> Self {
        Self::by(node, KEY, TERMINAL)
    }

    pub(crate) fn by(node: &Node, key: &str, terminal: &str) -> Self {
        let bearer = bearer(node, key);
        Self { client: node.client(), bearer, terminal: terminal.to_owned() }
    }

    /// The sandbox's other merchant.
    pub(crate) fn other(node: &Node) -> Self {
        Self::by(node, OTHER_KEY, FOREIGN)
    }

    /// Sends bytes to a path or a link, with these headers beside the bearer token.
    pub(crate) fn send(&mut self, method: &str, to: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let shown = format!("Bearer {}", self.bearer);
        let mut all = vec![("Authorization", shown.as_str())];
        all.extend(headers);
        let answer = self.client.call(method, path_of(to), &all, body);
        judge(&answer);
        answer
    }

    /// Sends JSON to a path or a link under this key.
    pub(crate) fn keyed(&mut self, method: &str, to: &str, key: &str, body: &Value) -> Answer {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        self.send(method, to, &headers, body.to_string().as_bytes())
    }

    /// The same below the terminal, under a key that nobody had before.
    pub(crate) fn post(&mut self, below: &str, body: &Value) -> Answer {
        let path = self.path(below);
        self.keyed("POST", &path, &fresh_key(), body)
    }

    pub(crate) fn get(&mut self, to: &str) -> Answer {
        self.send("GET", to, &[], b"")
    }

    /// A path below the terminal.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("{API}/processing-terminals/{}/{below}", self.terminal)
    }

    /// Makes a single-use token, which must be possible.
    pub(crate) fn single_use(&mut self, source: &Value) -> Value {
        let answer = self.post("single-use-tokens", &request(source));
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// The text of a single-use token of the example's card.
    pub(crate) fn token(&mut self) -> String {
        text(&self.single_use(&card()), "token")
    }

    /// Makes a secure token, which must be possible.
    pub(crate) fn secure(&mut self, body: &Value) -> Value {
        let answer = self.post("secure-tokens", body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Where a secure token is.
    pub(crate) fn secure_path(&self, id: &str) -> String {
        self.path(&format!("secure-tokens/{}", encoded(id)))
    }

    /// A secure token as it is now.
    pub(crate) fn read(&mut self, id: &str) -> Value {
        let path = self.secure_path(id);
        let answer = self.get(&path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) fn patch(&mut self, id: &str, operations: &Value) -> Answer {
        let path = self.secure_path(id);
        self.keyed("PATCH", &path, &fresh_key(), operations)
    }

    pub(crate) fn update_account(&mut self, id: &str, token: &str) -> Answer {
        let path = self.secure_path(id) + "/update-account";
        self.keyed("POST", &path, &fresh_key(), &flat(token))
    }

    pub(crate) fn delete(&mut self, id: &str) -> Answer {
        let path = self.secure_path(id);
        self.send("DELETE", &path, &[], b"")
    }
}

/// A bearer token for an API key, which must be one.
pub(crate) fn bearer(node: &Node, key: &str) -> String {
    let answer = authorize(node, &[("x-api-key", key)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    text(&answer.json(), "access_token")
}

pub(crate) fn authorize(node: &Node, headers: &[(&str, &str)]) -> Answer {
    let answer = node.client().call("POST", AUTHORIZE, headers, b"");
    judge(&answer);
    answer
}

/// A UUID of version 4 that this process gives out once.
pub(crate) fn fresh_key() -> String {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    let number = GIVEN.fetch_add(1, Ordering::Relaxed);
    format!("{:08x}-40d5-43e8-bc93-{number:012x}", std::process::id())
}

/// The request of a single-use token.
pub(crate) fn request(source: &Value) -> Value {
    json!({"channel": "web", "operator": "Jane", "source": source})
}

/// The card of the documentation's example.
pub(crate) fn card() -> Value {
    card_of(PAN)
}

/// The same with another number.
pub(crate) fn card_of(number: &str) -> Value {
    json!({"type": "card", "cardDetails": {"entryMethod": "keyed", "cardholderName": "Sarah Hazel Hopper",
        "keyedData": {"dataFormat": "plainText", "cardNumber": number, "expiryDate": "1230", "cvv": "234"}}})
}

/// The accounts of the documentation's examples.
pub(crate) fn ach() -> Value {
    json!({"type": "ach", "nameOnAccount": "Shara Hazel Hopper", "accountNumber": "32183159",
        "routingNumber": "123456789", "accountType": "checking", "secCode": "web"})
}

pub(crate) fn pad() -> Value {
    json!({"type": "pad", "nameOnAccount": "Sarah Hazel Hopper", "accountNumber": "1234567890",
        "transitNumber": "76543", "institutionNumber": "543", "accountType": "savings"})
}

/// A single-use token as the source of something.
pub(crate) fn flat(token: &str) -> Value {
    json!({"type": "singleUseToken", "token": token})
}

/// The request of a secure token with an id.
pub(crate) fn secure(id: &str, source: &Value) -> Value {
    json!({"secureTokenId": id, "source": source})
}

/// A request like this one with one place changed, or made.
pub(crate) fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {pointer}"));
    match (parent, name.parse::<usize>()) {
        (Value::Array(values), Ok(at)) => values[at] = value,
        (parent, _) => parent[name] = value,
    }
    body
}

/// The same without a place.
pub(crate) fn without(body: &Value, pointer: &str) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    parent.remove(name).unwrap_or_else(|| panic!("nothing at {pointer}"));
    body
}

/// A place of a request by its pointer, values that are just good enough there, and values that are not.
pub(crate) type Edge = (&'static str, Vec<Value>, Vec<Value>);

/// A text of so many characters.
pub(crate) fn x(count: usize) -> Value {
    json!("x".repeat(count))
}

/// Texts.
pub(crate) fn words(words: &[&str]) -> Vec<Value> {
    words.iter().map(|word| json!(word)).collect()
}

/// A text of an answer.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}")).to_owned()
}

/// The names of an object's members.
pub(crate) fn names(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// One segment of a path, percent-encoded.
pub(crate) fn encoded(segment: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    segment.bytes().map(letter).collect()
}

/// The path of a link to this node; a path is one already.
pub(crate) fn path_of(link: &str) -> &str {
    let Some(rest) = link.strip_prefix("http://") else { return link };
    &rest[rest.find('/').expect("a path")..]
}

/// What holds for every answer of the dialect: its media type, and of a refusal every member that the company's own
/// clients need.
pub(crate) fn judge(answer: &Answer) {
    let media = answer.header("content-type").unwrap_or_default();
    if answer.status < 400 {
        let expected = if answer.status == 204 { "" } else { "application/json" };
        assert_eq!(media, expected, "{} {}", answer.status, answer.text());
        assert!(answer.status != 204 || answer.body.is_empty());
        return;
    }
    assert_eq!(media, "application/problem+json", "{} {}", answer.status, answer.text());
    let body = answer.json();
    let kind = text(&body, "type");
    let fragment = kind.strip_prefix("https://docs.payroc.com/api/errors#");
    assert!(fragment.is_some_and(|fragment| !fragment.is_empty()), "{body}");
    assert_eq!(body["status"], answer.status, "{body}");
    assert!(!text(&body, "title").is_empty() && !text(&body, "detail").is_empty(), "{body}");
    assert!(!body.as_object().expect("an object").values().any(Value::is_null), "absent, never null: {body}");
    for item in body["errors"].as_array().into_iter().flatten() {
        assert!(!text(item, "detail").is_empty() && !text(item, "message").is_empty(), "{body}");
        assert!(answer.status == 500 || !text(item, "parameter").is_empty(), "{body}");
    }
    assert_eq!(answer.header("www-authenticate").is_some(), answer.status == 401, "{body}");
}

/// Status and kind of a refusal.
pub(crate) fn refused(answer: &Answer) -> (u16, String) {
    let kind = text(&answer.json(), "type");
    (answer.status, kind.rsplit('#').next().expect("a fragment").to_owned())
}

/// Fails unless the answer is this refusal.
#[track_caller]
pub(crate) fn assert_refused(answer: &Answer, status: u16, kind: &str) {
    assert!(answer.status >= 400, "{} {}", answer.status, answer.text());
    assert_eq!(refused(answer), (status, kind.to_owned()), "{}", answer.text());
}

/// The parameters that a 400 names, in its order.
#[track_caller]
pub(crate) fn parameters(answer: &Answer) -> Vec<String> {
    assert_refused(answer, 400, "bad-request");
    let body = answer.json();
    assert_eq!(body["title"], "Bad request");
    assert_eq!(body["detail"], "One or more validation errors occurred, see error section for more info");
    let items = body["errors"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| text(item, "parameter")).collect()
}

/// Fails unless the answer is a refusal of exactly one parameter.
#[track_caller]
pub(crate) fn assert_names(answer: &Answer, parameter: &str) {
    assert_eq!(parameters(answer), [parameter], "{}", answer.text());
}

/// What a single-use token protects, by the native door.
pub(crate) fn redeem(node: &Node, token: &str) -> Answer {
    node.client().call("POST", &format!("/coffer/v1/tokens/{token}/redeem"), &[REDEEM], b"")
}

/// What a secure token protects, by the native door.
pub(crate) fn reveal(node: &Node, digits: &str) -> Answer {
    let path = format!("/coffer/v1/referenced-tokens/{digits}/reveal");
    node.client().call("POST", &path, &[REDEEM], br#"{"reason":"a test"}"#)
}

/// The time of a sandbox, in milliseconds since 1970.
pub(crate) fn now(node: &Node) -> i64 {
    let answer = node.client().call("GET", "/sandbox/clock", &[], b"");
    millis(&answer.json()["now"])
}

/// Milliseconds since 1970 of an ISO 8601 time with an offset.
pub(crate) fn millis(time: &Value) -> i64 {
    let text = time.as_str().unwrap_or_else(|| panic!("no time: {time}"));
    let moment: jiff::Timestamp = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    moment.as_millisecond()
}
