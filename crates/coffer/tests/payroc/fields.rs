//! Sessions of hosted fields (section 8.1) and what a browser does in one (section 11).

use serde_json::{Value, json};

use super::calls::{
    API, FOREIGN, MASKED, PAN, SECOND, Shop, TERMINAL, ach, assert_names, assert_refused, card, flat,
    fresh_key, judge, millis, names, now, pad, parameters, redeem, secure, text, with, without,
};
use crate::support::{Answer, Client, Node, home};

/// The request of a session.
fn request() -> Value {
    json!({"libVersion": "1.7.0.261457", "scenario": "tokenization"})
}

/// A browser in a session: it shows nothing but the session's own token.
struct Form {
    client: Client,
    session: String,
}

impl Form {
    /// In a session that a merchant's server opens for it.
    fn open(node: &Node, shop: &mut Shop) -> Self {
        let answer = shop.post("hosted-fields-sessions", &request());
        assert_eq!(answer.status, 201, "{}", answer.text());
        Self { client: node.client(), session: text(&answer.json(), "token") }
    }

    fn path(&self, below: &str) -> String {
        format!("{API}/hosted-fields-sessions/{}/{below}", self.session)
    }

    fn configuration(&mut self) -> Answer {
        let path = self.path("configuration");
        let answer = self.client.call("GET", &path, &[], b"");
        judge(&answer);
        answer
    }

    fn post(&mut self, below: &str, body: &Value) -> Answer {
        let (path, key) = (self.path(below), fresh_key());
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
        let answer = self.client.call("POST", &path, &headers, body.to_string().as_bytes());
        judge(&answer);
        answer
    }

    fn fill(&mut self, name: &str, value: &str) -> Answer {
        self.post("fields", &json!({name: value, "type": name}))
    }

    /// Fills in fields, each of which must be taken.
    fn filled(mut self, fields: &[(&str, &str)]) -> Self {
        for (name, value) in fields {
            let answer = self.fill(name, value);
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        }
        self
    }

    /// Ends the session, without a body.
    fn finish(&mut self) -> Answer {
        self.finish_under(&fresh_key())
    }

    fn finish_under(&mut self, key: &str) -> Answer {
        let path = self.path("single-use-tokens");
        let answer = self.client.call("POST", &path, &[("Idempotency-Key", key)], b"");
        judge(&answer);
        answer
    }
}

#[track_caller]
fn assert_no_session(answer: &Answer) {
    assert_names(answer, "hostedFieldsSessionId");
    let message = "'hostedFieldsSessionId' supplied is invalid";
    assert_eq!(answer.json()["errors"][0]["message"], message, "clients know it by these words");
}

const CARD: [(&str, &str); 4] =
    [("cardholderName", "Sarah Hazel Hopper"), ("cardNumber", PAN), ("expiryDate", "1230"), ("cvv", "234")];

#[test]
fn a_server_opens_a_session_for_ten_minutes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("mine", &card()));
    for (scenario, id) in [("payment", None), ("tokenization", None), ("tokenization", Some("mine"))] {
        let mut body = with(&request(), "/scenario", json!(scenario));
        if let Some(id) = id {
            body = with(&body, "/secureTokenId", json!(id));
        }
        let before = now(&node);
        let answer = shop.post("hosted-fields-sessions", &body);
        let after = now(&node);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let body = answer.json();
        assert_eq!(names(&body), ["expiresAt", "processingTerminalId", "token"]);
        assert_eq!(body["processingTerminalId"], TERMINAL);
        let token = text(&body, "token");
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        assert!(token.len() >= 32 && token.bytes().all(is_hex), "{token}");
        let ends = millis(&body["expiresAt"]) - 600_000;
        assert!((before - 1_000..=after + 1_000).contains(&ends));
    }
}

#[test]
fn the_request_of_a_session_has_its_limits() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("mine", &card()));
    let full = with(&request(), "/secureTokenId", json!("mine"));
    for (name, good, bad) in [
        (
            "libVersion",
            vec!["1.7.0.261457", "0.0.0.0"],
            vec!["1.7.0", "1.7.0.1.2", "1.7.0.x", "1..0.1", "", "v1.7.0.1", "1.7.0.261457 "],
        ),
        ("scenario", vec!["payment", "tokenization"], vec!["Payment", "", "sale"]),
        ("secureTokenId", vec!["mine"], vec!["theirs", "", "..", "Mine", PAN]),
    ] {
        let at = format!("/{name}");
        for value in good {
            let answer = shop.post("hosted-fields-sessions", &with(&full, &at, json!(value)));
            assert_eq!(answer.status, 201, "{name}: {}", answer.text());
        }
        for value in bad.iter().map(|text| json!(text)).chain([json!(1), json!([])]) {
            let answer = shop.post("hosted-fields-sessions", &with(&full, &at, value.clone()));
            assert_names(&answer, name);
        }
    }
    for name in ["libVersion", "scenario"] {
        assert_names(&shop.post("hosted-fields-sessions", &without(&full, &format!("/{name}"))), name);
    }
    assert_eq!(parameters(&shop.post("hosted-fields-sessions", &json!({}))), ["libVersion", "scenario"]);
    // A secure token is one of the terminal.
    SECOND.clone_into(&mut shop.terminal);
    assert_names(&shop.post("hosted-fields-sessions", &full), "secureTokenId");
    FOREIGN.clone_into(&mut shop.terminal);
    assert_refused(&shop.post("hosted-fields-sessions", &full), 403, "forbidden");
    TERMINAL.clone_into(&mut shop.terminal);
    assert_eq!(shop.delete("mine").status, 204);
    assert_names(&shop.post("hosted-fields-sessions", &full), "secureTokenId");
}

#[test]
fn a_browser_is_told_what_to_ask_for() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for (terminal, expired) in [(TERMINAL, false), (SECOND, true)] {
        let mut shop = Shop::by(&node, "sandbox", terminal);
        let answer = Form::open(&node, &mut shop).configuration();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let expected = json!({"configuration": {
            "cardHolderNameMandatory": false, "allowExpiredCards": expired,
            "tokenization": {"enabled": true, "cvvVerification": false},
            "fraudDetection": {"cvvVerification": false},
            "bankTransfer": {"enabled": true, "providers": [{"network": "ach"}, {"network": "pad"}]},
        }});
        assert_eq!(answer.json(), expected);
    }
    let live = crate::live::Live::new();
    let node = live.try_start(&super::place::config(&live, "")).expect("the node starts");
    let mut shop = Shop::by(&node, super::place::KEY, super::place::CARDS_ONLY);
    let mut form = Form::open(&node, &mut shop);
    let told = form.configuration().json();
    assert_eq!(told["configuration"]["bankTransfer"], json!({"enabled": false, "providers": []}));
    let mut form = form.filled(&[
        ("nameOnAccount", "Sarah"),
        ("achAccountNumber", "1234"),
        ("routingNumber", "123456789"),
    ]);
    assert_refused(&form.finish(), 400, "capabilities-missing");
    super::place::BANK_ONLY.clone_into(&mut shop.terminal);
    assert_refused(&Form::open(&node, &mut shop).fill("cardNumber", PAN), 400, "capabilities-missing");
}

#[test]
fn fields_become_a_single_use_token() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let bank = [
        ("nameOnAccount", "Shara Hazel Hopper"),
        ("accountType", "checking"),
        ("secCode", "web"),
        ("achAccountNumber", "32183159"),
        ("routingNumber", "123456789"),
    ];
    let canada = [
        ("nameOnAccount", "Sarah Hazel Hopper"),
        ("accountType", "savings"),
        ("padAccountNumber", "1234567890"),
        ("transitNumber", "76543"),
        ("institutionNumber", "543"),
    ];
    for (fields, source) in [(&CARD[..], card()), (&bank, ach()), (&canada, pad())] {
        let same = shop.single_use(&source);
        // In whatever order they come.
        for fields in [fields.to_vec(), fields.iter().rev().copied().collect()] {
            let mut form = Form::open(&node, &mut shop).filled(&fields);
            let before = now(&node);
            let answer = form.finish();
            let after = now(&node);
            assert_eq!(answer.status, 201, "{}", answer.text());
            let body = answer.json();
            assert_eq!(names(&body), ["expiresAt", "token"], "a browser is told nothing else");
            let ends = millis(&body["expiresAt"]) - 1_800_000;
            assert!((before - 1_000..=after + 1_000).contains(&ends));
            let token = text(&body, "token");
            assert_eq!(token.len(), 128);
            let made = shop.secure(&json!({"source": flat(&token)}));
            assert_eq!(made["source"], same["source"]);
            assert_no_session(&form.finish());
            assert_no_session(&form.fill("cardNumber", PAN));
            assert_no_session(&form.configuration());
        }
    }
    let token = text(&Form::open(&node, &mut shop).filled(&CARD).finish().json(), "token");
    let clear = redeem(&node, &token).json();
    assert_eq!(clear["card"], json!({"pan": PAN, "expMonth": 12, "expYear": 2030, "cvv": "234"}));
}

#[test]
fn a_field_tells_of_the_others_and_can_be_filled_in_again() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut form = Form::open(&node, &mut shop);
    let answer = form.fill("cardNumber", "5100270000000007");
    assert_eq!(answer.json(), json!({"info": {"supportsCvv": true}}));
    assert_eq!(form.fill("expiryDate", "1131").json(), json!({"info": {}}));
    let mut form = form.filled(&[("cvv", "9999"), ("cardholderName", "Somebody Else")]).filled(&CARD);
    let token = text(&form.finish().json(), "token");
    let made = shop.secure(&json!({"source": flat(&token)}));
    let expected = json!({"type": "card", "cardholderName": "Sarah Hazel Hopper", "cardNumber": MASKED,
        "expiryDate": "1230", "cardType": "Visa"});
    assert_eq!(made["source"], expected);
    // The least that there can be.
    let mut form = Form::open(&node, &mut shop).filled(&[("cardNumber", PAN)]);
    let token = text(&form.finish().json(), "token");
    assert_eq!(redeem(&node, &token).json()["card"], json!({"pan": PAN}));
}

/// The test numbers of section 10 work in a form as they do in a request.
#[test]
fn every_test_number_can_be_typed() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for number in [
        "3400000000000000",
        "5100270000000007",
        "3600000000000008",
        "6011000000000004",
        "3528000000000007",
        "5000330000000000",
        "5001650000000000",
        "6301144000000009",
        "4539858876047062",
        "4000060000000006",
        "4001020000000009",
    ] {
        let mut form = Form::open(&node, &mut shop);
        let answer = form.fill("cardNumber", number);
        assert_eq!(answer.status, 200, "{number}: {}", answer.text());
        let token = text(&form.finish().json(), "token");
        assert_eq!(redeem(&node, &token).json()["card"]["pan"], number);
    }
}

#[test]
fn fields_that_are_none_are_refused() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut form = Form::open(&node, &mut shop).filled(&CARD);
    for (body, named) in [
        (json!({}), "type"),
        (json!({"type": "submit", "submit": "x"}), "type"),
        (json!({"type": "CardNumber", "CardNumber": PAN}), "type"),
        (json!({"type": "cardNumber"}), "cardNumber"),
        (json!({"type": "cardNumber", "expiryDate": "1230"}), "cardNumber"),
        (json!({"type": "cardNumber", "cardNumber": ""}), "cardNumber"),
        (json!({"type": "cardNumber", "cardNumber": 4_539_858_876_047_062_u64}), "cardNumber"),
        (json!({"type": "cardNumber", "cardNumber": "4539858876047063"}), "cardNumber"),
        (json!({"type": "cardNumber", "cardNumber": "4539 8588 7604 7062"}), "cardNumber"),
        (json!({"type": "cardNumber", "cardNumber": "1".repeat(65)}), "cardNumber"),
        (json!({"type": "cvv", "cvv": "12"}), "cvv"),
        (json!({"type": "cvv", "cvv": "12345"}), "cvv"),
        (json!({"type": "cvv", "cvv": "12a"}), "cvv"),
    ] {
        let answer = form.post("fields", &body);
        assert_names(&answer, named);
        assert!(!answer.text().contains("45398588760470"), "{}", answer.text());
    }
    assert_names(&form.post("fields", &json!([])), "body");
    // What was filled in before is still there.
    let token = text(&form.finish().json(), "token");
    assert_eq!(redeem(&node, &token).json()["card"]["pan"], PAN);
}

/// What is wrong at the end is named by its field, and the session goes on.
#[test]
fn a_form_that_is_not_right_can_be_mended() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (fields, mut expected, mended) in [
        (
            vec![("cardNumber", PAN), ("expiryDate", "1320"), ("cardholderName", PAN)],
            vec!["cardholderName", "expiryDate"],
            vec![("expiryDate", "1230"), ("cardholderName", "Sarah")],
        ),
        (vec![("cardNumber", PAN), ("expiryDate", "0120")], vec!["expiryDate"], vec![("expiryDate", "1230")]),
        (vec![("cvv", "123")], vec!["cardNumber"], vec![("cardNumber", PAN)]),
        (
            vec![("achAccountNumber", "1"), ("accountType", "x")],
            vec!["accountType", "achAccountNumber", "nameOnAccount", "routingNumber"],
            vec![
                ("achAccountNumber", "1234"),
                ("accountType", "savings"),
                ("nameOnAccount", "S"),
                ("routingNumber", "123456789"),
            ],
        ),
        (
            vec![("padAccountNumber", "1234"), ("transitNumber", "7654"), ("nameOnAccount", "S")],
            vec!["institutionNumber", "padAccountNumber", "transitNumber"],
            vec![("padAccountNumber", "1234567"), ("transitNumber", "76543"), ("institutionNumber", "543")],
        ),
    ] {
        let mut form = Form::open(&node, &mut shop).filled(&fields);
        let mut found = parameters(&form.finish());
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{fields:?}");
        let answer = form.filled(&mended).finish();
        assert_eq!(answer.status, 201, "{fields:?}: {}", answer.text());
    }
    let mut form = Form::open(&node, &mut shop);
    let empty = form.finish();
    assert_eq!(parameters(&empty), ["cardNumber"], "{}", empty.text());
}

#[test]
fn a_session_is_over_after_ten_minutes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut early = Form::open(&node, &mut shop).filled(&CARD);
    let mut late = Form::open(&node, &mut shop).filled(&CARD);
    node.advance(590);
    let finished = early.finish();
    assert_eq!(finished.status, 201, "{}", finished.text());
    node.advance(11);
    assert_no_session(&late.configuration());
    assert_no_session(&late.fill("cvv", "123"));
    assert_no_session(&late.finish());
    // The token lives on: its half hour began when it was made.
    let token = text(&finished.json(), "token");
    assert_eq!(redeem(&node, &token).status, 200);
}

#[test]
fn a_session_outlives_its_process() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let form = Form::open(&node, &mut shop).filled(&CARD);
    node.kill();
    let node = Node::sandbox(folder.path());
    let mut form = Form { client: node.client(), session: form.session };
    let token = text(&form.finish().json(), "token");
    assert_eq!(redeem(&node, &token).json()["card"]["cvv"], "234");
}

/// Whoever did not hear the answer asks again under the same key, also when the session is over.
#[test]
fn a_form_is_finished_once() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut form = Form::open(&node, &mut shop).filled(&CARD);
    let key = fresh_key();
    let first = form.finish_under(&key);
    assert_eq!(first.status, 201, "{}", first.text());
    for _ in 0..2 {
        let again = form.finish_under(&key);
        assert_eq!((again.status, again.text()), (201, first.text()));
        assert_no_session(&form.finish());
    }
    node.advance(700);
    assert_eq!(form.finish_under(&key).text(), first.text());
    let path = form.path("single-use-tokens");
    let none = form.client.call("POST", &path, &[], b"");
    assert_refused(&none, 400, "idempotency-key-missing");
    let mut open = Form::open(&node, &mut shop);
    let path = open.path("fields");
    let json = ("Content-Type", "application/json");
    let none = open.client.call("POST", &path, &[json], br#"{"type":"cvv","cvv":"123"}"#);
    assert_refused(&none, 400, "idempotency-key-missing");
    let none = open.client.call("POST", &path, &[("Idempotency-Key", key.as_str())], b"{}");
    assert_refused(&none, 415, "unsupported-media-type");
}

#[test]
fn no_other_text_is_a_session() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let (session, token) = (Form::open(&node, &mut shop).session, shop.token());
    let mut others = vec![
        session.to_uppercase(),
        session[1..].to_owned(),
        format!("{session}0"),
        "0".repeat(session.len()),
        "x".to_owned(),
        token,
        shop.bearer.clone(),
        "%00".to_owned(),
    ];
    for at in 0..session.len() {
        let mut letters = session.clone().into_bytes();
        letters[at] = if letters[at] == b'0' { b'1' } else { b'0' };
        others.push(String::from_utf8(letters).expect("letters"));
    }
    for other in others {
        if other == session {
            continue;
        }
        let mut form = Form { client: node.client(), session: other };
        assert_no_session(&form.configuration());
        assert_no_session(&form.fill("cardNumber", PAN));
        assert_no_session(&form.finish());
    }
    // A session is no single-use token, and no bearer.
    assert_eq!(redeem(&node, &session).status, 404);
    assert_names(&shop.post("secure-tokens", &json!({"source": flat(&session)})), "source.token");
    session.clone_into(&mut shop.bearer);
    let path = shop.path("secure-tokens");
    assert_refused(&shop.get(&path), 401, "not-authorized");
    let mut form = Form { client: node.client(), session };
    assert_eq!(form.configuration().status, 200, "it is still there");
}

/// The terminal of a session decides what is taken in it, and its token is the merchant's.
#[test]
fn a_session_is_of_its_terminal() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut other) = (Shop::by(&node, "sandbox", SECOND), Shop::other(&node));
    let old = [("cardNumber", PAN), ("expiryDate", "0120")];
    let answer = Form::open(&node, &mut shop).filled(&old).finish();
    assert_eq!(answer.status, 201, "it takes expired cards: {}", answer.text());
    let token = text(&answer.json(), "token");
    assert_names(&other.post("secure-tokens", &json!({"source": flat(&token)})), "source.token");
    assert_names(&Form::open(&node, &mut other).filled(&old).finish(), "expiryDate");
    assert_eq!(shop.post("secure-tokens", &json!({"source": flat(&token)})).status, 201);
    TERMINAL.clone_into(&mut shop.terminal);
    // A form for new details of a secure token.
    shop.secure(&secure("mine", &ach()));
    let body = with(&request(), "/secureTokenId", json!("mine"));
    let session = text(&shop.post("hosted-fields-sessions", &body).json(), "token");
    let mut form = Form { client: node.client(), session }.filled(&CARD);
    let token = text(&form.finish().json(), "token");
    let updated = shop.update_account("mine", &token);
    assert_eq!((updated.status, &updated.json()["source"]["cardNumber"]), (200, &json!(MASKED)));
}
