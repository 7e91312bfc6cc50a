//! The node that a property is tried on, and what holds for each of its answers.
//!
//! `COFFER_PROPERTY_CASES` sets how many cases each property has.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Value, json};

use super::{
    calls::{invalid_fields, members},
    credentials::{PK, SK, config},
    jwts::{Issuers, SHARED},
    operations::{Header, Kind, World},
    property_forms::{ACCOUNT, CVV, IBAN, KHELOCARD, NEVER, PAN},
};
use crate::{
    live::Live,
    support::{Answer, Client, Node},
};

/// What a node says whose queue is full.
const QUEUE_FULL: &str = "Too many requests are waiting. Nothing was done; try again.";

/// Members that no answer has, at any depth. A Khelocard's instrument has a masked `number`.
const NEVER_MEMBERS: [&str; 8] =
    ["pan", "cvv", "encryptedCvv", "accountNumber", "linkToken", "payload", "leadSource", "paymentToken"];

/// Another card's number, for places where none belongs.
pub(crate) const MISPLACED: &str = "3566002020360505";

#[expect(clippy::disallowed_methods, reason = "whoever runs the test chooses its length")]
fn cases() -> u32 {
    std::env::var("COFFER_PROPERTY_CASES").map_or(2_000, |text| text.parse().expect("a number"))
}

/// A node that logs all it can, and what each kind of caller shows.
pub(crate) struct Target {
    node: Node,
    pub(crate) world: World,
    pub(crate) callers: Vec<(Option<Kind>, Vec<Header>)>,
    /// Nobody is shown any of these.
    secrets: Vec<String>,
    _live: Live,
}

impl Target {
    pub(crate) fn new() -> Self {
        let (live, issuers) = (Live::new(), Issuers::new());
        let config = format!("log = \"debug\"\n{}", config(&live, &issuers));
        let node = live.try_start(&config).expect("the node starts");
        let world = World::new(&node, SK);
        let (merchant, customer) = (issuers.merchant.token(&json!({})), issuers.customer_token());
        let authorization = |text: String| vec![("Authorization", text)];
        let callers = vec![
            (Some(Kind::Secret), vec![("REB-APIKEY", SK.to_owned())]),
            (Some(Kind::Publishable), authorization(PK.to_owned())),
            (Some(Kind::Merchant), authorization(format!("Bearer {merchant}"))),
            (Some(Kind::Customer), authorization(format!("Bearer {customer}"))),
            (None, vec![]),
            (None, vec![("REB-APIKEY", format!("{NEVER}key"))]),
        ];
        let texts = [PAN, ACCOUNT, IBAN, KHELOCARD, MISPLACED, NEVER, SK, PK, SHARED, "eyJ"];
        let secrets = texts.map(str::to_owned).into();
        Self { node, world, callers, secrets, _live: live }
    }

    /// What a caller of this kind shows.
    pub(crate) fn headers(&self, kind: Kind) -> &[Header] {
        let found = self.callers.iter().find(|(known, _)| *known == Some(kind));
        &found.expect("a caller of every kind").1
    }

    /// Sends a request that is HTTP. A node whose queue is full asks to come again; nothing else excuses a 503, and a
    /// queue that stays full is none.
    pub(crate) fn call(&self, method: &str, path: &str, headers: &[Header], body: &[u8]) -> Answer {
        const TRIES: usize = 5;
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for _ in 1..TRIES {
            let answer = self.node.client().call(method, path, &headers, body);
            if answer.status != 503 {
                return answer;
            }
            assert_eq!(answer.json()["detail"], QUEUE_FULL, "{}", answer.text());
            assert_eq!(answer.header("retry-after"), Some("1"), "{}", answer.text());
            thread::sleep(Duration::from_secs(1));
        }
        self.node.client().call(method, path, &headers, body)
    }

    /// Sends bytes on a connection of their own; none when it is closed without an answer.
    pub(crate) fn send(&self, request: &[u8]) -> Option<Answer> {
        let mut client = Client::new(self.node.clients);
        // A node may refuse a head or a body before it has read all of it.
        let _ = client.send(request);
        client.answer()
    }

    /// Fails when an answer is not of the dialect's shape, or shows what it may not.
    pub(crate) fn judge(&self, answer: &Answer) {
        assert!(answer.status < 500, "{}: {}", answer.status, answer.text());
        if answer.status >= 400 {
            assert_problem(answer);
            assert!(!answer.text().contains(CVV), "a code is in the answer: {}", answer.text());
        } else if !answer.body.is_empty() {
            let found = members(&answer.json());
            // The document of what is served names what is taken.
            let is_document = answer.json().get("openapi").is_some();
            for never in NEVER_MEMBERS.into_iter().filter(|_| !is_document) {
                assert!(!found.contains(never), "{never} is in the answer: {}", answer.text());
            }
            assert!(!texts(&answer.json()).contains(CVV), "a code is in the answer");
        }
        self.assert_no_secret(answer);
    }

    fn assert_no_secret(&self, answer: &Answer) {
        let (text, headers) = (answer.text(), format!("{:?}", answer.headers));
        for secret in &self.secrets {
            assert!(!text.contains(secret), "{secret} is in the answer: {text}");
            assert!(!headers.contains(secret), "{secret} is in a header: {headers}");
        }
    }

    /// The log has every request so far and no secret, and the node is well.
    pub(crate) fn finish(mut self) {
        let last = self.node.client().call("GET", "/readyz", &[], b"");
        assert_eq!(last.status, 200);
        let id = last.header("x-request-id").expect("an id").to_owned();
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.node.said().contains(&id) {
            assert!(Instant::now() < deadline, "the log never came to the last request");
            thread::sleep(Duration::from_millis(2));
        }
        let said = self.node.said();
        assert!(
            said.contains("\"level\":\"DEBUG\"") && said.contains("/rebilly/tokens"),
            "the log says what happens"
        );
        assert!(!said.contains("request failed"), "the node says that it failed");
        for secret in &self.secrets {
            assert!(!said.contains(secret), "{secret} is in the log");
        }
        let metrics = self.node.metrics();
        for secret in &self.secrets {
            assert!(!metrics.contains(secret), "{secret} is in the metrics");
        }
        assert!(self.node.stop(), "it stops as it should");
    }
}

/// The dialect's problem (section 8).
fn assert_problem(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["status"], answer.status, "{body}");
    for name in ["title", "detail"] {
        assert!(body[name].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    }
    for name in body.as_object().expect("an object").keys() {
        let known = ["status", "type", "title", "detail", "instance"].contains(&name.as_str());
        assert!(known || name == "invalidFields" && answer.status == 422, "{body}");
    }
    if answer.status == 422 {
        assert!(!invalid_fields(answer).is_empty(), "{body}");
    }
}

/// Every text in a JSON value.
fn texts(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::String(text) => BTreeSet::from([text.as_str()]),
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => BTreeSet::new(),
    }
}

/// Runs a property.
pub(crate) fn check<S: Strategy>(strategy: &S, property: impl Fn(S::Value)) {
    let config =
        Config { cases: cases(), failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let outcome = TestRunner::new(config).run(strategy, |case| {
        property(case);
        Ok::<(), TestCaseError>(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
