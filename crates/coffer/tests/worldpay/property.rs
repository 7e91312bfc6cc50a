//! Generated requests: right ones, broken in one place, broken in many, and bytes that are nothing. A right one
//! succeeds; of a wrong one exactly the broken places are named and nothing is done; no answer is a failure of ours,
//! and no secret is in an answer or in the log.
//!
//! `COFFER_PROPERTY_CASES` sets how many cases each property has.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Value, json};

use super::{
    calls::{Shop, TOKENS, V3, both, card_in, fields, link, path_of},
    place::{self, CHECKOUT, USER},
    property_forms::{CVC, Form, MISPLACED, PAN, To, forms, makers},
};
use crate::{
    breaking::{Need, Wrong, break_at},
    live::Live,
    support::{Answer, Node},
};

#[expect(clippy::disallowed_methods, reason = "whoever runs the test chooses its length")]
fn cases() -> u32 {
    std::env::var("COFFER_PROPERTY_CASES").map_or(1_000, |text| text.parse().expect("a number"))
}

/// A node that logs all it can, and a token that is there before.
struct Target {
    node: Node,
    token: Value,
    _live: Live,
}

impl Target {
    fn new() -> Self {
        let live = Live::new();
        let more = "[worldpay]\nverification = \"verified\"\n[card_testing]\nenabled = false\n";
        let config = format!("log = \"debug\"\n{}", place::config(&live, more));
        let node = live.try_start(&config).expect("the node starts");
        let token = Shop::by(&node, USER.0, USER.1).create(&card_in("4444333322221111", "property"));
        Self { node, token, _live: live }
    }

    /// Sends a body as a form is sent, and looks at what every answer must be.
    fn send(&self, form: &Form, body: &Value) -> Answer {
        let mut body = body.clone();
        if body["identity"] == "sandbox-checkout" {
            body["identity"] = json!(CHECKOUT);
        }
        self.send_bytes(form, body.to_string().as_bytes())
    }

    fn send_bytes(&self, form: &Form, body: &[u8]) -> Answer {
        let (method, to) = match form.to {
            To::Path(path) => ("POST", path.to_owned()),
            To::Part(name) => ("PUT", path_of(&link(&self.token, name)).to_owned()),
        };
        let answer = Shop::by(&self.node, USER.0, USER.1).send(method, &to, &both(form.media), body);
        assert_clean(&answer);
        answer
    }

    fn assert_unchanged(&self) {
        let mut shop = Shop::by(&self.node, USER.0, USER.1);
        let found = shop.get(&format!("{TOKENS}?namespace=property")).json();
        assert_eq!(found["_embedded"]["tokens"], json!([self.token]));
        let found = shop.get(&format!("{TOKENS}?namespace=customer-7")).json();
        assert_eq!(found["_embedded"]["tokens"], json!([]), "what was refused made nothing");
    }

    /// The log has every request so far and no secret, and the node is well.
    fn finish(mut self) {
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
            said.contains("\"level\":\"DEBUG\"") && said.contains("/worldpay/"),
            "the log says what happens"
        );
        assert!(!said.contains("request failed"), "the node says that it failed");
        for text in [said, self.node.metrics()] {
            for secret in [PAN, MISPLACED, USER.1, CHECKOUT, "Sherlock", "Baker"] {
                assert!(!text.contains(secret), "{secret} was written");
            }
        }
        assert!(self.node.stop(), "it stops as it should");
    }
}

/// No failure of ours, and nothing that may not be shown.
fn assert_clean(answer: &Answer) {
    assert!(answer.status < 500, "{}: {}", answer.status, answer.text());
    let whole = format!("{:?}{}", answer.headers, answer.text());
    for secret in [PAN, MISPLACED, USER.1, CHECKOUT] {
        assert!(!whole.contains(secret), "{secret} is in the answer: {whole}");
    }
    let is_refusal = answer.text().contains("\"errorName\"");
    assert!(!is_refusal || !answer.text().contains(CVC), "a code is in the answer: {}", answer.text());
    assert!(!whole.contains("\"cvc\""), "{whole}");
}

/// Runs a property.
fn check<S: Strategy>(strategy: &S, property: impl Fn(S::Value)) {
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

/// The paths that a refusal names; each once.
fn named(answer: &Answer) -> BTreeSet<String> {
    let list = fields(answer);
    let found: BTreeSet<String> = list.iter().map(|(_, _, path)| path.clone()).collect();
    assert_eq!(found.len(), list.len(), "{}", answer.text());
    assert!(list.iter().all(|(name, message, _)| !name.is_empty() && !message.is_empty()));
    found
}

#[test]
fn right_requests_succeed_with_any_of_their_optional_members() {
    let (target, forms) = (Target::new(), makers());
    check(&(any::<Index>(), vec(any::<bool>(), 40)), |(which, kept)| {
        let form = which.get(&forms);
        let mut body = form.body.clone();
        for (field, kept) in form.fields.iter().zip(kept) {
            if field.need == Need::Optional && !kept {
                break_at(&mut body, &field.path, &Wrong::Absent);
            }
        }
        let answer = target.send(form, &body);
        let made = [200, 201, 409].contains(&answer.status);
        assert!(made && (!form.has_identity() || answer.status == 201), "{body}: {}", answer.text());
    });
    target.finish();
}

fn assert_one_broken(target: &Target, form: &Form, path: &str, wrong: &Wrong) {
    let mut body = form.body.clone();
    assert!(break_at(&mut body, path, wrong), "{:?} has {path}", form.to);
    let answer = target.send(form, &body);
    assert_eq!(answer.status, 400, "{:?} {path} {wrong:?}: {}", form.to, answer.text());
    assert_eq!(named(&answer), BTreeSet::from([Form::named(path)]), "{:?} {path} {wrong:?}", form.to);
}

/// Every way to break every field of every form, once.
#[test]
fn every_rule_is_enforced_by_its_own_name() {
    let target = Target::new();
    let mut broken = 0;
    for form in &forms() {
        for field in &form.fields {
            for wrong in &field.wrongs() {
                assert_one_broken(&target, form, &field.path, wrong);
                broken += 1;
            }
        }
    }
    assert!(broken > 1_000, "{broken} ways to break a request");
    target.assert_unchanged();
    target.finish();
}

#[test]
fn many_broken_places_are_all_that_is_named_and_all_are() {
    let (target, forms) = (Target::new(), forms());
    let strategy = (any::<Index>(), vec((any::<Index>(), any::<Index>()), 2..12));
    check(&strategy, |(which, places)| {
        let form = which.get(&forms);
        let (mut body, mut broken) = (form.body.clone(), BTreeSet::new());
        for (field, wrong) in places {
            let field = field.get(&form.fields);
            let wrongs = field.wrongs();
            if break_at(&mut body, &field.path, wrong.get(&wrongs)) {
                broken.insert(field.path.clone());
            }
        }
        // What lies in a broken member is not looked at.
        let within = |path: &str, outer: &String| path.starts_with(&format!("{outer}."));
        let covered = |path: &&String| broken.iter().any(|outer| within(path, outer));
        let mut expected: BTreeSet<&String> = broken.iter().filter(|path| !covered(path)).collect();
        if form.depends_on_type() && expected.iter().any(|path| *path == "paymentInstrument.type") {
            expected
                .retain(|path| !path.starts_with("paymentInstrument.") || *path == "paymentInstrument.type");
        }
        let expected: BTreeSet<String> = expected.into_iter().map(|path| Form::named(path)).collect();
        let answer = target.send(form, &body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        let named = named(&answer);
        // Of a browser that nobody knows nothing else is said.
        let unknown = form.has_identity() && broken.contains("identity") && named.len() == 1;
        assert!(
            named == expected || unknown && named.contains("$.identity"),
            "{named:?}, not {expected:?}: {body}"
        );
    });
    target.assert_unchanged();
    target.finish();
}

/// Bytes and JSON that mean nothing here, and right requests with a byte changed.
#[test]
fn strange_bodies_are_answered_in_the_dialects_own_shape() {
    let (target, forms) = (Target::new(), forms());
    let change = (any::<Index>(), any::<Index>(), any::<u8>());
    check(&change, |(which, place, byte)| {
        let form = which.get(&forms);
        let mut body = form.body.to_string().into_bytes();
        let at = place.index(body.len());
        body[at] = byte;
        target.send_bytes(form, &body);
    });
    check(&(any::<Index>(), vec(any::<u8>(), 0..200)), |(which, body)| {
        let answer = target.send_bytes(which.get(&forms), &body);
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text());
    });
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from)
    ];
    let name = prop_oneof!["[a-z]{1,4}", Just("paymentInstrument".to_owned()), Just("merchant".to_owned())];
    let json = leaf.prop_recursive(4, 24, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        ]
    });
    check(&(any::<Index>(), json), |(which, body)| {
        let answer = target.send(which.get(&forms), &body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    });
    target.finish();
}

/// Any query and any path are answered, and find nothing that is not there.
#[test]
fn strange_targets_find_nothing() {
    let target = Target::new();
    let text = "[ -~]{0,70}|\u{e4}{0,9}";
    check(&(text, text, any::<bool>(), any::<bool>()), |(first, second, escaped, slash)| {
        let write = |text: &str| {
            let keep = |byte: u8| {
                byte.is_ascii_alphanumeric() || (!escaped && b"-_.~!$'()*,;:@=&%+".contains(&byte))
            };
            let letter =
                |byte: u8| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
            text.bytes().map(letter).collect::<String>()
        };
        let slash = if slash { "/" } else { "" };
        let mut shop = Shop::by(&target.node, USER.0, USER.1);
        let (first, second) = (write(&first), write(&second));
        let query = format!("{TOKENS}{slash}?namespace={first}&tokenId={second}");
        let answer = shop.send("GET", &query, &[("Accept", V3)], b"");
        assert_clean(&answer);
        assert!([200, 400].contains(&answer.status), "{query}: {}", answer.text());
        assert!(!answer.text().contains("card/masked"), "{query}: {}", answer.text());
        if first.is_empty() || first.bytes().all(|byte| byte == b'.') {
            return;
        }
        for (method, body) in [("GET", ""), ("PUT", "\"x\""), ("DELETE", "")] {
            let path = format!("{TOKENS}/{first}{slash}");
            let answer = shop.send(method, &path, &both(V3), body.as_bytes());
            assert_clean(&answer);
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
        }
    });
    target.assert_unchanged();
    target.finish();
}
