//! The two doors by which clear details leave, over a socket of the real binary (docs/NATIVE.md).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "support/live.rs"]
mod live;

use std::collections::BTreeSet;

use live::Live;
use serde_json::{Value, json};
use support::{
    ADMIN, Answer, Client, Node, PUBLISHABLE, REDEEM, SECRET, card, create, exchange, home, log::Log, redeem,
};

const ALPHA_SECRET: (&str, &str) = ("REB-APIKEY", "sk_live_alpha_0001");
const BETA_SECRET: (&str, &str) = ("REB-APIKEY", "sk_live_beta_0001");
const ALPHA_REDEEM: (&str, &str) = ("Authorization", "Bearer ck_live_alpha_redeem_0001");
const BETA_REDEEM: (&str, &str) = ("Authorization", "Bearer ck_live_beta_redeem_0001");

/// An error of this API: RFC 9457, with its media type.
fn assert_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let body = answer.json();
    assert_eq!(body["status"], status);
    for name in ["type", "title", "detail"] {
        assert!(body[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {body}");
    }
}

/// What a caller can see of an answer, without the request's own marks.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "x-request-id" && name != "date");
    (answer.status, headers, answer.text())
}

fn reveal(client: &mut Client, id: &str, caller: (&str, &str), body: &Value) -> Answer {
    let path = format!("/coffer/v1/instruments/{id}/reveal");
    client.call("POST", &path, &[caller], body.to_string().as_bytes())
}

fn because(reason: &str) -> Value {
    json!({"reason": reason})
}

/// A token with an address and fields of the dialect.
fn full_card() -> Value {
    let mut body = card();
    body["billingAddress"]["phoneNumbers"] = json!([{"label": "main", "value": "512-710-1640"}]);
    body["riskMetadata"] = json!({"fingerprint": "pIUt3xbgX3l9g3YDiLbx"});
    body
}

/// A contact that says what the request said, in the names of this API.
fn assert_contact(contact: &Value) {
    let expected = json!({
        "firstName": "Benjamin", "lastName": "Franklin", "country": "GB",
        "phoneNumbers": [{"label": "main", "value": "512-710-1640"}],
    });
    assert_eq!(*contact, expected);
}

/// What the dialect keeps beside: the method, and the risk metadata with what was sent.
fn assert_extra(extra: &Value) {
    assert_eq!(extra["method"], "payment-card");
    assert_eq!(extra["risk"]["fingerprint"], "pIUt3xbgX3l9g3YDiLbx");
    let members: Vec<&String> = extra.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["method", "risk"]);
}

/// Creates a token by this key.
fn create_by(client: &mut Client, caller: (&str, &str)) -> String {
    let answer = client.call("POST", "/rebilly/tokens", &[caller], card().to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Creates an instrument by this key.
fn instrument_by(client: &mut Client, caller: (&str, &str)) -> String {
    let body = json!({"token": create_by(client, caller), "customerId": "cus_1"}).to_string();
    let answer = client.call("POST", "/rebilly/payment-instruments", &[caller], body.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_gives_its_clear_details_once() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let token = create(&mut client, &full_card());
    let answer = redeem(&mut client, &token);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    let expected = json!({"pan": "4111111111111111", "expMonth": 12, "expYear": 2035, "cvv": "123"});
    assert_eq!(body["card"], expected);
    assert_contact(&body["contact"]);
    assert_extra(&body["extra"]);
    assert!(body["createdTime"].is_string() && body["usedTime"].is_string(), "{body}");
    for _ in 0..3 {
        let again = redeem(&mut client, &token);
        assert_problem(&again, 404);
        assert!(!again.text().contains("4111"), "{}", again.text());
    }
    assert_eq!(exchange(&mut client, &token, "cus_1").status, 422, "one use, whichever door");
    let read = client.call("GET", &format!("/rebilly/tokens/{token}"), &[SECRET], b"").json();
    assert_eq!((&read["isUsed"], &read["usageTime"]), (&json!(true), &body["usedTime"]));
}

#[test]
fn a_code_is_given_exactly_when_it_was_sent() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (pan, cvv) in [
        ("4111111111111111", Some("000")),
        ("378282246310005", Some("0123")),
        ("6759641111111119", None),
        ("4222222222222", None),
    ] {
        let mut body = card();
        body["paymentInstrument"]["pan"] = json!(pan);
        body["paymentInstrument"].as_object_mut().unwrap().remove("cvv");
        if let Some(cvv) = cvv {
            body["paymentInstrument"]["cvv"] = json!(cvv);
        }
        body.as_object_mut().unwrap().remove("billingAddress");
        let token = create(&mut client, &body);
        let details = redeem(&mut client, &token).json();
        assert_eq!(details["card"]["pan"], pan);
        assert_eq!(details["card"].get("cvv"), cvv.map(Value::from).as_ref(), "{details}");
        assert!(details.get("contact").is_none(), "{details}");
        for other in ["account", "other"] {
            assert!(details.get(other).is_none(), "{details}");
        }
        assert_eq!(details["extra"]["method"], "payment-card");
    }
}

#[test]
fn a_bank_account_and_another_method_leave_as_they_came() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let address = card()["billingAddress"].clone();
    let account = json!({
        "accountNumberType": "BBAN", "accountNumber": "000123456789", "routingNumber": "021000021",
        "accountType": "checking",
    });
    let iban = json!({"accountNumberType": "IBAN", "accountNumber": "DE89 3704 0044 0532 0130 00"});
    let paypal = json!({"paypalMerchantId": "MERCHANT1", "billingAgreementToken": "EC-1"});
    let khelocard = json!({"number": "12345678901", "cvv": "321", "expMonth": 11, "expYear": 2036});
    for (method, instrument, name, clear) in [
        ("ach", &account, "account", json!({"number": "000123456789", "routingNumber": "021000021"})),
        ("echeck", &account, "account", json!({"number": "000123456789", "routingNumber": "021000021"})),
        ("ach", &iban, "account", json!({"number": "DE89370400440532013000"})),
        ("paypal", &paypal, "other", paypal.clone()),
        ("Khelocard", &khelocard, "other", khelocard.clone()),
        ("Interac", &Value::Null, "other", json!({})),
    ] {
        let mut body = json!({"method": method, "billingAddress": address});
        if !instrument.is_null() {
            body["paymentInstrument"] = instrument.clone();
        }
        let token = create(&mut client, &body);
        let answer = redeem(&mut client, &token);
        assert_eq!(answer.status, 200, "{method}: {}", answer.text());
        let body = answer.json();
        assert_eq!(body[name], clear, "{method}");
        let members = body.as_object().expect("an object").keys();
        let clear: Vec<&String> =
            members.filter(|name| ["card", "account", "other"].contains(&name.as_str())).collect();
        assert_eq!(clear, [name], "{method}");
        assert_eq!(body["extra"]["method"], method);
        assert_eq!(redeem(&mut client, &token).status, 404, "once, whatever it is");
    }
}

#[test]
fn a_partial_card_leaves_without_a_number() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let body = json!({"method": "payment-card", "paymentInstrument": {"cvv": "123", "expMonth": 3, "expYear": 2041}});
    let token = create(&mut client, &body);
    assert_eq!(redeem(&mut client, &token).json()["card"], body["paymentInstrument"]);
}

#[test]
fn a_code_does_not_outlive_its_thirty_minutes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let (early, late) = (create(&mut client, &card()), create(&mut client, &card()));
    node.advance(1_700);
    assert_eq!(redeem(&mut client, &early).json()["card"]["cvv"], "123");
    node.advance(100);
    assert_problem(&redeem(&mut client, &late), 404);
}

#[test]
fn an_instrument_is_revealed_without_a_code() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let token = create(&mut client, &full_card());
    let id = exchange(&mut client, &token, "cus_1").json()["id"].as_str().unwrap().to_owned();
    let longest = "ä".repeat(200);
    for reason in ["chargeback 77", longest.as_str(), "case 12345678901"] {
        let answer = reveal(&mut client, &id, REDEEM, &because(reason));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let body = answer.json();
        assert_eq!(body["card"], json!({"pan": "4111111111111111", "expMonth": 12, "expYear": 2035}));
        assert_eq!(body["customer"], "cus_1");
        assert_contact(&body["contact"]);
        assert_extra(&body["extra"]);
        assert!(!answer.text().contains("cvv"), "{}", answer.text());
    }
    // An update is what is revealed next.
    let mut changed = card();
    changed["paymentInstrument"]["expYear"] = json!(2036);
    let token = create(&mut client, &changed);
    assert_eq!(exchange(&mut client, &token, "cus_1").status, 303);
    let body = reveal(&mut client, &id, REDEEM, &because("audit")).json();
    assert_eq!(body["card"], json!({"pan": "4111111111111111", "expMonth": 12, "expYear": 2036}));
}

#[test]
fn a_reveal_states_its_reason() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let token = create(&mut client, &card());
    let id = exchange(&mut client, &token, "cus_1").json()["id"].as_str().unwrap().to_owned();
    let too_long = format!("MARK{}", "x".repeat(197));
    for body in [
        json!({}),
        json!({"reason": null}),
        because(""),
        json!({"reason": 7}),
        json!({"reason": ["MARK"]}),
        because(&too_long),
        because("MARK 4111111111111111"),
        because("MARK 4111 1111 1111 1111"),
        because("MARK 4111-1111-1111-1111 is it"),
        because("MARK 123456789012"),
        json!({"because": "MARK"}),
    ] {
        let answer = reveal(&mut client, &id, REDEEM, &body);
        assert_problem(&answer, 422);
        assert_eq!(answer.json()["errors"][0]["field"], "reason", "{}", answer.text());
        let text = answer.text();
        assert!(!text.contains("MARK") && !text.contains("4111") && !text.contains("1234"), "{text}");
    }
    let path = format!("/coffer/v1/instruments/{id}/reveal");
    for body in ["", "{", "reason=MARK", "{\"reason\":\"a\",\"reason\":\"b\"}"] {
        let answer = client.call("POST", &path, &[REDEEM], body.as_bytes());
        assert_problem(&answer, 400);
        assert!(!answer.text().contains("MARK"));
    }
    let huge = because(&"x".repeat(65_536)).to_string();
    assert_problem(&node.client().call("POST", &path, &[REDEEM], huge.as_bytes()), 413);
    assert!(!node.said().contains("MARK"), "the log does not repeat it either");
}

/// A way to show a key, and the status that it gets.
type Caller<'c> = (&'c str, &'c [(&'c str, &'c str)], u16);

#[test]
fn only_the_redeem_key_opens_anything() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let (token, spent) = (create(&mut client, &card()), create(&mut client, &card()));
    let id = exchange(&mut client, &spent, "cus_1").json()["id"].as_str().unwrap().to_owned();
    let callers: [Caller<'_>; 16] = [
        ("admin", &[ADMIN], 403),
        ("none", &[], 401),
        ("empty", &[("Authorization", "")], 401),
        ("bare Bearer", &[("Authorization", "Bearer ")], 401),
        ("wrong", &[("Authorization", "Bearer ck_sandbox_redeem2")], 401),
        ("cut", &[("Authorization", "Bearer ck_sandbox_redee")], 401),
        ("without a scheme", &[("Authorization", "ck_sandbox_redeem")], 401),
        ("basic", &[("Authorization", "Basic ck_sandbox_redeem")], 401),
        ("in the other header", &[("REB-APIKEY", "ck_sandbox_redeem")], 401),
        ("secret", &[SECRET], 401),
        ("secret as bearer", &[("Authorization", "Bearer sk_sandbox_coffer")], 401),
        ("publishable", &[PUBLISHABLE], 401),
        ("publishable as bearer", &[("Authorization", "Bearer pk_sandbox_coffer")], 401),
        ("admin in the other header", &[("REB-APIKEY", "ck_sandbox_admin")], 401),
        ("twice", &[REDEEM, ADMIN], 401),
        ("the same twice", &[REDEEM, REDEEM], 401),
    ];
    let body = because("chargeback").to_string();
    for (name, headers, status) in callers {
        for path in [
            format!("/coffer/v1/tokens/{token}/redeem"),
            format!("/coffer/v1/tokens/{token}/redeem/"),
            format!("/coffer/v1/instruments/{id}/reveal"),
            "/coffer/v1/tokens/x/redeem".to_owned(),
            "/coffer/v1/instruments/x/reveal".to_owned(),
        ] {
            let answer = client.call("POST", &path, headers, body.as_bytes());
            assert_eq!(answer.status, status, "{name} {path}: {}", answer.text());
            assert_problem(&answer, status);
            assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"), "{name}");
            assert!(
                !answer.text().contains("sandbox") && !answer.text().contains("4111"),
                "{}",
                answer.text()
            );
        }
    }
    assert_eq!(redeem(&mut client, &token).status, 200, "the refused ones used nothing up");
}

#[test]
fn tokens_that_cannot_be_used_get_one_answer() {
    let live = Live::new();
    let node = live.start();
    let mut client = node.client();
    let (used, foreign) = (create_by(&mut client, ALPHA_SECRET), create_by(&mut client, BETA_SECRET));
    let redeem_by = |client: &mut Client, token: &str, caller| {
        client.call("POST", &format!("/coffer/v1/tokens/{token}/redeem"), &[caller], b"")
    };
    assert_eq!(redeem_by(&mut client, &used, ALPHA_REDEEM).status, 200);
    let (head, last) = used.split_at(used.len() - 1);
    let forged = format!("{head}{}", if last == "a" { "q" } else { "a" });
    let instrument = instrument_by(&mut client, ALPHA_SECRET);
    let mut answers = Vec::new();
    for token in [
        &used,
        &foreign,
        &forged,
        "x",
        &used.to_uppercase(),
        &instrument,
        "4f6cf35x-2c4y-483z-a0a9-158621f77a21",
    ] {
        let answer = redeem_by(&mut client, token, ALPHA_REDEEM);
        assert_problem(&answer, 404);
        answers.push(seen(&answer));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(redeem_by(&mut client, &foreign, BETA_REDEEM).status, 200, "its own key still opens it");
}

#[test]
fn what_was_printed_for_another_organization_is_answered_as_unknown_and_recorded() {
    let live = Live::new();
    let mut node = live.start();
    let mut client = node.client();
    let redeem_path = |token: &str| format!("/coffer/v1/tokens/{token}/redeem");
    let reveal_path = |id: &str| format!("/coffer/v1/instruments/{id}/reveal");
    let (token, id) = (create_by(&mut client, BETA_SECRET), instrument_by(&mut client, BETA_SECRET));
    let own = create_by(&mut client, ALPHA_SECRET);
    let body = because("chargeback").to_string();
    let mut requests = Vec::new();
    for (foreign, unknown) in [
        (redeem_path(&token), redeem_path("4f6cf35x-2c4y-483z-a0a9-158621f77a21")),
        (reveal_path(&id), reveal_path("inst_0YVDM8RC7GDADADSBSMW124JA8")),
    ] {
        let [foreign, unknown] =
            [foreign, unknown].map(|path| client.call("POST", &path, &[ALPHA_REDEEM], body.as_bytes()));
        assert_problem(&foreign, 404);
        assert_eq!(seen(&foreign), seen(&unknown));
        requests.push(foreign.header("x-request-id").unwrap().to_owned());
    }
    // The caller's own token that was used is no other refusal: nobody is told which of them it was.
    assert_eq!(client.call("POST", &redeem_path(&own), &[ALPHA_REDEEM], b"").status, 200);
    assert_eq!(client.call("POST", &redeem_path(&own), &[ALPHA_REDEEM], b"").status, 404);
    assert!(node.metrics().contains("coffer_callers_refused_total{reason=\"not-usable\"} 5"));
    assert!(node.stop());
    let log = Log::of_live(&live.path("data"));
    let refused = log.of_action("access.refused");
    assert!(!refused.is_empty(), "the refusal is recorded");
    for fact in &refused {
        assert_eq!(
            (&fact["actor"], &fact["reason"], &fact["outcome"]),
            (&json!("alpha-redeem"), &json!("not-usable"), &json!("refused"))
        );
    }
    // Five of one credential: one record and their number, or more records where a minute ended between them.
    assert_eq!((&refused[0]["request"], &refused[0]["origin"]), (&json!(requests[0]), &json!("127.0.0.0")));
    let told: u64 = refused.iter().map(|fact| fact["count"].as_u64().unwrap_or(0)).sum();
    assert!(told == 5 || refused.len() > 2, "{refused:?}");
}

#[test]
fn the_scheme_of_a_key_is_read_in_any_case() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for scheme in ["bearer", "BEARER", "bEARER", "Bearer "] {
        let shown = format!("{scheme} pk_sandbox_coffer");
        let token = create_by(&mut client, ("Authorization", &shown));
        let shown = format!("{scheme} ck_sandbox_redeem");
        let path = format!("/coffer/v1/tokens/{token}/redeem");
        assert_eq!(client.call("POST", &path, &[("Authorization", &shown)], b"").status, 200, "{scheme}");
    }
    for shown in ["bearer CK_SANDBOX_REDEEM", "bearers ck_sandbox_redeem", "bearer,ck_sandbox_redeem"] {
        let answer = client.call("POST", "/coffer/v1/tokens/x/redeem", &[("Authorization", shown)], b"");
        assert_problem(&answer, 401);
    }
}

#[test]
fn instruments_that_are_not_the_callers_get_one_answer() {
    let live = Live::new();
    let node = live.start();
    let mut client = node.client();
    let (own, foreign) = (instrument_by(&mut client, ALPHA_SECRET), instrument_by(&mut client, BETA_SECRET));
    let (head, last) = own.split_at(own.len() - 1);
    let forged = format!("{head}{}", if last == "A" { "Q" } else { "A" });
    let token = create_by(&mut client, ALPHA_SECRET);
    let mut answers = Vec::new();
    for id in [foreign.as_str(), &forged, "inst_0YVDM8RC7GDADADSBSMW124JA8", "x", &token, &own.to_lowercase()]
    {
        let answer = reveal(&mut client, id, ALPHA_REDEEM, &because("chargeback"));
        assert_problem(&answer, 404);
        answers.push(seen(&answer));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(reveal(&mut client, &own, ALPHA_REDEEM, &because("chargeback")).status, 200);
    assert_eq!(reveal(&mut client, &foreign, BETA_REDEEM, &because("chargeback")).status, 200);
    assert_eq!(reveal(&mut client, &own, BETA_REDEEM, &because("chargeback")).status, 404);
}

#[test]
fn every_error_is_a_problem_of_this_api() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut types = BTreeSet::new();
    for (method, path, status) in [
        ("GET", "/coffer/v1/tokens/x/redeem", 405),
        ("DELETE", "/coffer/v1/instruments/x/reveal", 405),
        ("GET", "/coffer/v1", 404),
        ("GET", "/coffer/v1/tokens/x", 404),
        ("POST", "/coffer/v1/nothing", 404),
        ("POST", "/coffer/v1/tokens/x/redeem", 404),
    ] {
        let answer = node.client().call(method, path, &[REDEEM], b"");
        assert_problem(&answer, status);
        types.insert(answer.header("content-type").map(str::to_owned));
        if status == 405 {
            assert_eq!(answer.header("allow"), Some("POST"));
        }
    }
    assert_eq!(types.len(), 1);
}
