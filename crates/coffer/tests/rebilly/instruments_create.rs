//! `POST /payment-instruments` for every kind of instrument, with and without a token: 201 and 303 (4.2, section 7).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    calls::{
        INSTRUMENTS, assert_echoed, assert_masked, get, invalid_fields, names, path_of, post, seconds, set,
        with,
    },
    kinds::{
        Kind, address, assert_has, exchanged, id, instrument, is_live, keep, kept, kinds, of_customer,
        patched, plain, plain_account, plain_card, revealed, token_id,
    },
};
use crate::support::{Answer, Client, Node, card, home};

/// The members that only some instruments have.
const KIND_MEMBERS: [&str; 13] = [
    "bin",
    "last4",
    "expYear",
    "expMonth",
    "brand",
    "bankCountry",
    "bankName",
    "accountNumberType",
    "routingNumber",
    "accountType",
    "bic",
    "number",
    "fingerprint",
];

/// What an instrument of a kind must be, and nothing of what may never be shown.
fn assert_kind(kind: &Kind, answer: &Answer, customer: &str) -> Value {
    let name = kind.name;
    let body = answer.json();
    assert_has(&body, &kind.shown);
    assert_eq!(body["customerId"], customer, "{name}");
    let shown = kind.shown.as_object().expect("an object");
    let has_fingerprint = matches!(&kind.shown["method"], Value::String(method)
        if ["payment-card", "ach", "Khelocard"].contains(&method.as_str()) && name != "digital-wallet");
    for member in KIND_MEMBERS {
        let expected = shown.contains_key(member) || (member == "fingerprint" && has_fingerprint);
        assert_eq!(body.get(member).is_some(), expected, "{member} of {name}: {body}");
    }
    assert_echoed(&kind.token.get("billingAddress").cloned().unwrap_or(json!({})), contact(&body), &["hash"]);
    assert_has(&body, &json!({"customFields": {}, "useAsBackup": false, "revision": 1}));
    assert_secret(kind, &answer.text());
    body
}

fn contact(body: &Value) -> &Value {
    static NONE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| json!({}));
    body.get("billingAddress").unwrap_or(&NONE)
}

/// Nothing that was protected is in a text.
fn assert_secret(kind: &Kind, text: &str) {
    let instrument = &kind.token["paymentInstrument"];
    let secret = ["pan", "cvv", "accountNumber", "number", "linkToken", "billingAgreementToken", "payload"];
    for name in secret {
        if let Some(value) = instrument.get(name) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // A code of three digits may stand in any number.
            assert!(value.len() == 3 || !text.contains(&value), "{name} of {}: {text}", kind.name);
        }
    }
    assert!(!text.contains("\"cvv\"") && !text.contains("\"pan\""), "{text}");
}

#[test]
fn every_kind_of_token_becomes_its_instrument() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let (mut ids, mut number) = (BTreeSet::new(), 0);
    for kind in kinds() {
        number += 1;
        let customer = format!("cus_{number}");
        let token = token_id(&mut client, &kind.token);
        let answer = keep(&mut client, &json!({"token": token}), &customer);
        assert_eq!(answer.status, 201, "{}: {}", kind.name, answer.text());
        let made = assert_kind(&kind, &answer, &customer);
        assert!(ids.insert(id(&made).to_owned()), "an id of its own");
        assert_eq!(instrument(&mut client, id(&made)), made, "{}", kind.name);
        assert_eq!(revealed(&mut client, id(&made)), kind.clear, "{}", kind.name);
        assert!(!is_live(&mut client, &token));
        again(&mut client, &kind, &customer, &made);
    }
}

/// The same thing again: of the same customer an update, of another a new one; and another thing is a new one.
fn again(client: &mut Client, kind: &Kind, customer: &str, made: &Value) {
    let token = token_id(client, &kind.token);
    let answer = keep(client, &json!({"token": token}), customer);
    let (status, revision) = if kind.other.is_some() { (303, 2) } else { (201, 1) };
    assert_eq!(answer.status, status, "{}: {}", kind.name, answer.text());
    let same = answer.json();
    assert_eq!(id(&same) == id(made), status == 303, "{}", kind.name);
    assert_has(&same, &kind.shown);
    assert_eq!(same["revision"], revision);
    let elsewhere = exchanged(client, &kind.token, &format!("{customer}_other"));
    assert_ne!(id(&elsewhere), id(made), "{}", kind.name);
    assert_eq!(elsewhere["fingerprint"], made["fingerprint"], "whoever has it: {}", kind.name);
    let Some((field, value)) = &kind.other else { return };
    let different = exchanged(client, &with(&kind.token, field, value.clone()), customer);
    assert_ne!(id(&different), id(made), "{}", kind.name);
    if made.get("fingerprint").is_some() {
        assert_ne!(different["fingerprint"], made["fingerprint"], "{}", kind.name);
    }
    assert_eq!(instrument(client, id(made)), same, "{}: others leave it alone", kind.name);
}

#[test]
fn a_plain_instrument_is_the_same_as_one_by_token() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let (mut tested, mut number) = (0, 0);
    for kind in kinds() {
        let Some(plain) = plain(&kind) else { continue };
        (tested, number) = (tested + 1, number + 2);
        let (first, second) = (format!("cus_{number}"), format!("cus_{}", number + 1));
        let answer = keep(&mut client, &plain, &first);
        assert_eq!(answer.status, 201, "{}: {}", kind.name, answer.text());
        let made = assert_kind(&kind, &answer, &first);
        assert_eq!(revealed(&mut client, id(&made)), kind.clear, "{}", kind.name);
        // A token after it, and itself after a token.
        let token = token_id(&mut client, &kind.token);
        let answer = keep(&mut client, &json!({"token": token}), &first);
        assert_eq!((answer.status, id(&answer.json())), (303, id(&made)), "{}", kind.name);
        let exchanged = exchanged(&mut client, &kind.token, &second);
        let answer = keep(&mut client, &plain, &second);
        assert_eq!((answer.status, id(&answer.json())), (303, id(&exchanged)), "{}", kind.name);
        assert_has(&answer.json(), &kind.shown);
        assert_eq!(answer.json()["revision"], 2);
        assert_secret(&kind, &answer.text());
    }
    assert_eq!(tested, 4);
    // PayPal without its agreement is one account of the customer; the agreement is another.
    let paypal = json!({"method": "paypal", "billingAddress": address()});
    let made = kept(&mut client, &paypal, "cus_0");
    assert_has(&made, &json!({"method": "paypal", "status": "inactive"}));
    assert_eq!(keep(&mut client, &paypal, "cus_0").status, 303);
    assert_eq!(revealed(&mut client, id(&made)), json!({"other": {}}));
}

#[test]
fn an_update_brings_the_new_expiry_and_address() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = kept(&mut client, &plain_card("4111111111111111"), "cus_1");
    node.advance(60);
    let mut changed = plain_card("4111111111111111");
    changed["expMonth"] = json!(1);
    changed["expYear"] = json!(2040);
    changed["billingAddress"] = json!({"country": "FR"});
    changed["riskMetadata"] = json!({"fingerprint": "another device"});
    let answer = keep(&mut client, &changed, "cus_1");
    assert_eq!(answer.status, 303, "{}", answer.text());
    let updated = answer.json();
    for same in ["id", "fingerprint", "createdTime", "bin", "last4"] {
        assert_eq!(updated[same], made[same], "{same}");
    }
    assert_has(&updated, &json!({"expMonth": 1, "expYear": 2040, "revision": 2}));
    assert_echoed(&json!({"country": "FR"}), &updated["billingAddress"], &["hash"]);
    assert_eq!(updated["riskMetadata"]["fingerprint"], "another device");
    assert!(seconds(&updated["updatedTime"]) >= seconds(&made["updatedTime"]) + 60);
    let clear = json!({"card": {"pan": "4111111111111111", "expMonth": 1, "expYear": 2040}});
    assert_eq!(revealed(&mut client, id(&made)), clear);
    // An account's names are new too.
    let made = kept(&mut client, &plain_account("123456789"), "cus_1");
    let mut changed = plain_account("123456789");
    changed["accountType"] = json!("other");
    changed["bankName"] = json!("Third Bank");
    let answer = keep(&mut client, &changed, "cus_1");
    assert_eq!((answer.status, id(&answer.json())), (303, id(&made)));
    assert_has(&answer.json(), &json!({"accountType": "other", "bankName": "Third Bank", "last4": "6789"}));
}

/// The same card, by a fresh token or as it is.
fn one_card(client: &mut Client, by_token: bool) -> Value {
    if by_token { json!({"token": token_id(client, &card())}) } else { plain_card("4111111111111111") }
}

#[test]
fn custom_fields_and_backup_stay_unless_they_are_sent() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let fields = json!({"a": 1.50, "b": ["x", null, true], "c": {"d": "é"}});
    // By turns with a token and without.
    let mut make = |own: &Value, by_token: bool| {
        let mut body = one_card(&mut client, by_token);
        for (name, value) in own.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = keep(&mut client, &body, "cus_1");
        (answer.status, answer.json()["customFields"].clone(), answer.json()["useAsBackup"].clone())
    };
    let first = json!({"customFields": fields, "useAsBackup": true});
    assert_eq!(make(&first, true), (201, fields.clone(), json!(true)));
    for by_token in [false, true] {
        assert_eq!(make(&json!({}), by_token), (303, fields.clone(), json!(true)), "absent keeps");
        let null = json!({"customFields": null, "useAsBackup": null});
        assert_eq!(make(&null, by_token), (303, fields.clone(), json!(true)), "null is as absent");
    }
    let other = json!({"e": "f"});
    assert_eq!(make(&json!({"useAsBackup": false}), false), (303, fields.clone(), json!(false)));
    assert_eq!(make(&json!({"customFields": other}), true), (303, other.clone(), json!(false)));
    assert_eq!(make(&json!({"useAsBackup": true}), true), (303, other, json!(true)));
    assert_eq!(make(&json!({"customFields": {}}), false), (303, json!({}), json!(true)));
    // A client in PHP cannot tell an empty object from an empty list.
    assert_eq!(make(&json!({"customFields": {"g": 1}}), false), (303, json!({"g": 1}), json!(true)));
    assert_eq!(make(&json!({"customFields": []}), true), (303, json!({}), json!(true)));
}

/// The body of a variant and the fields that it must have, all of them.
fn required() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let of = |name: &str| {
        let kind = kinds().into_iter().find(|kind| kind.name == name).expect("a kind");
        of_customer(&plain(&kind).expect("a plain one"), "cus_1")
    };
    let paypal = json!({"method": "paypal", "customerId": "cus_1", "billingAddress": address()});
    let card = vec!["customerId", "pan", "expMonth", "expYear", "billingAddress"];
    let bban = vec!["customerId", "accountNumber", "routingNumber", "accountType", "billingAddress"];
    let iban = vec!["customerId", "accountNumber", "billingAddress"];
    vec![
        ("card", of("payment-card"), card),
        ("BBAN", of("ach"), bban),
        ("IBAN", of("ach by IBAN"), iban),
        ("alternative", of("Skrill Rapid Transfer"), vec!["customerId", "billingAddress"]),
        ("paypal", paypal, vec!["customerId", "billingAddress"]),
    ]
}

fn without(body: &Value, fields: &[&str]) -> Value {
    let mut body = body.clone();
    for field in fields {
        assert!(body.as_object_mut().unwrap().remove(*field).is_some(), "{field} is there");
    }
    body
}

#[test]
fn every_variant_has_its_required_fields() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (name, body, required) in required() {
        for field in &required {
            let wanted = names(&[field]);
            let answer = post(&mut client, INSTRUMENTS, &without(&body, &[field]));
            assert_eq!(invalid_fields(&answer), wanted, "{name} without {field}");
            let answer = post(&mut client, INSTRUMENTS, &with(&body, field, Value::Null));
            assert_eq!(invalid_fields(&answer), wanted, "{name} with null as {field}");
            let answer = post(&mut client, INSTRUMENTS, &with(&body, field, json!(["x"])));
            assert_eq!(invalid_fields(&answer), wanted, "{name} with a list as {field}");
        }
        let answer = post(&mut client, INSTRUMENTS, &without(&body, &required));
        assert_eq!(invalid_fields(&answer), names(&required), "{name}: all at once");
        assert_eq!(post(&mut client, INSTRUMENTS, &body).status, 201, "{name}: that was all");
        for choice in ["method", "accountNumberType"].into_iter().filter(|choice| body.get(*choice).is_some())
        {
            for wrong in [Value::Null, json!("nothing"), json!(1), json!("PAYMENT-CARD")] {
                let answer = post(&mut client, INSTRUMENTS, &with(&body, choice, wrong));
                assert!(invalid_fields(&answer).contains(choice), "{name}: {choice}");
            }
        }
    }
    // Neither a token nor a method; kinds that only a token brings; no object.
    assert_eq!(invalid_fields(&post(&mut client, INSTRUMENTS, &json!({}))), names(&["customerId", "method"]));
    for method in ["echeck", "Khelocard"] {
        let mut body = plain_card("4111111111111111");
        set(&mut body, "method", json!(method));
        assert_eq!(invalid_fields(&keep(&mut client, &body, "cus_1")), names(&["method"]), "{method}");
    }
    for body in [json!([]), json!("x"), json!(null)] {
        assert_eq!(post(&mut client, INSTRUMENTS, &body).status, 422, "{body}");
    }
    let broken = client.call("POST", INSTRUMENTS, &[crate::support::SECRET], b"{\"customerId\":");
    assert_eq!(broken.status, 400, "{}", broken.text());
}

#[test]
fn all_problems_are_told_at_once() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let common = [
        ("customerId", json!("c".repeat(51))),
        ("customFields", json!("x")),
        ("useAsBackup", json!("true")),
        ("billingAddress.country", json!("gb")),
        ("billingAddress.emails", json!([{"label": "main"}])),
        ("riskMetadata", json!({"fingerprint": 7})),
    ];
    let told =
        ["customerId", "customFields", "useAsBackup", "billingAddress.country", "riskMetadata.fingerprint"];
    let email = "billingAddress.emails.0.value";
    let mut card = plain_card("4111111111111112");
    let mut account = plain_account("12E");
    for (field, value) in &common {
        set(&mut card, field, value.clone());
        set(&mut account, field, value.clone());
    }
    for (field, value) in [("expMonth", json!(13)), ("expYear", json!(1999)), ("cvv", json!("12"))] {
        set(&mut card, field, value);
    }
    for (field, value) in
        [("routingNumber", json!("x")), ("accountType", json!("current")), ("bic", json!("toolongforabic"))]
    {
        set(&mut account, field, value);
    }
    let expected = |own: &[&str]| names(&[&told[..], &[email], own].concat());
    let answer = post(&mut client, INSTRUMENTS, &card);
    assert_eq!(invalid_fields(&answer), expected(&["pan", "expMonth", "expYear", "cvv"]));
    assert!(!answer.text().contains("4111111111111112"), "{}", answer.text());
    let answer = post(&mut client, INSTRUMENTS, &account);
    assert_eq!(invalid_fields(&answer), expected(&["accountNumber", "routingNumber", "accountType", "bic"]));
    let token = token_id(&mut client, &crate::support::card());
    let body = json!({"token": token, "customerId": 7, "customFields": [1], "useAsBackup": 1});
    let answer = post(&mut client, INSTRUMENTS, &body);
    assert_eq!(invalid_fields(&answer), names(&["customerId", "customFields", "useAsBackup"]));
    assert!(is_live(&mut client, &token), "a refused body uses nothing up");
    assert_eq!(get(&mut client, INSTRUMENTS).header("pagination-total"), Some("0"), "and makes nothing");
}

#[test]
fn a_code_must_fit_the_card_and_is_not_kept() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (pan, cvv, fits) in [
        ("378282246310005", "1234", true),
        ("378282246310005", "123", false),
        ("5555555555554444", "123", true),
        ("5555555555554444", "1234", false),
        ("5555555555554444", "12a", false),
    ] {
        let mut body = plain_card(pan);
        body["cvv"] = json!(cvv);
        let answer = keep(&mut client, &body, "cus_1");
        if fits {
            assert_eq!(answer.status, 201, "{pan} {cvv}: {}", answer.text());
            assert_masked(&answer, pan);
            let clear = json!({"card": {"pan": pan, "expMonth": 12, "expYear": 2035}});
            assert_eq!(revealed(&mut client, id(&answer.json())), clear);
        } else {
            assert_eq!(invalid_fields(&answer), names(&["cvv"]), "{pan} {cvv}");
        }
    }
}

#[test]
fn a_partial_token_makes_no_instrument_and_stays_live() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = kept(&mut client, &plain_card("4111111111111111"), "cus_1");
    let card = json!({"cvv": "123", "expMonth": 3, "expYear": 2041});
    let partial = json!({"method": "payment-card", "paymentInstrument": card});
    let token = token_id(&mut client, &partial);
    for customer in ["cus_1", "cus_2"] {
        let answer = keep(&mut client, &json!({"token": token}), customer);
        assert_eq!(invalid_fields(&answer), names(&["token"]));
    }
    assert!(is_live(&mut client, &token));
    let updated = patched(&mut client, id(&made), &json!({"token": token}));
    assert_has(&updated, &json!({"last4": "1111", "expMonth": 3, "expYear": 2041}));
    assert!(!is_live(&mut client, &token));
}

#[test]
fn a_303_points_to_the_instrument_as_it_was_asked_for() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = kept(&mut client, &plain_card("4111111111111111"), "cus_1");
    let own = "/rebilly/organizations/org_sandbox";
    for (prefix, by_token) in [("/rebilly", true), (own, true), ("/rebilly", false), (own, false)] {
        let body = one_card(&mut client, by_token);
        for end in ["", "/"] {
            if by_token && end == "/" {
                continue;
            }
            let path = format!("{prefix}/payment-instruments{end}");
            let answer = post(&mut client, &path, &of_customer(&body, "cus_1"));
            assert_eq!(answer.status, 303, "{path}: {}", answer.text());
            let location = format!("http://{}{prefix}/payment-instruments/{}", node.clients, id(&made));
            assert_eq!(answer.header("location"), Some(location.as_str()));
            assert_eq!(answer.json()["_links"][0], json!({"rel": "self", "href": location}));
            let read = get(&mut client, path_of(&location));
            assert_eq!((read.status, read.json()), (200, answer.json()));
        }
    }
}
