//! `PATCH /payment-instruments/{id}` by plain fields (4.2, section 8).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, assert_echoed, invalid_fields, names, seconds, with},
    kinds::{address, assert_has, id, instrument, kept, patch, patched, plain_account, plain_card, revealed},
};
use crate::{
    live::Live,
    support::{Client, Node, card, home, log::Log},
};

const VISA: &str = "4111111111111111";

/// Only these members, and what counts and times changes, differ between two readings.
pub(crate) fn assert_changed(before: &Value, after: &Value, changed: &[&str]) {
    let names = |value: &Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
    let always = ["revision", "updatedTime"];
    for name in names(before).union(&names(after)) {
        let may = changed.contains(&name.as_str()) || always.contains(&name.as_str());
        assert!(may || before.get(name) == after.get(name), "{name} changed: {before} {after}");
    }
    for name in changed {
        assert_ne!(before.get(*name), after.get(*name), "{name} did not change");
    }
    // What changes nothing writes nothing.
    let more = u64::from(!changed.is_empty());
    assert_eq!(after["revision"].as_u64(), before["revision"].as_u64().map(|revision| revision + more));
    assert!(more > 0 || before["updatedTime"] == after["updatedTime"], "{after}");
}

#[test]
fn each_field_changes_and_the_others_stay() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let card = kept(&mut client, &plain_card(VISA), "cus_1");
    let account = kept(&mut client, &plain_account("123456789"), "cus_1");
    let city = json!({"billingAddress": {"city": "Paris"}});
    let changes: [(&Value, Value, &[&str]); 17] = [
        (&card, json!({"expMonth": 3, "expYear": 2041}), &["expMonth", "expYear"]),
        (&card, json!({"expMonth": 4}), &["expMonth"]),
        (&card, json!({"expYear": 2042, "expMonth": null}), &["expYear"]),
        (&card, json!({"cvv": "321"}), &[]),
        (&card, city.clone(), &["billingAddress"]),
        (&card, json!({"stickyGatewayAccountId": "gw_acc_1"}), &["stickyGatewayAccountId"]),
        (&card, json!({"customFields": {"a": 1}}), &["customFields"]),
        (&card, json!({"useAsBackup": true}), &["useAsBackup"]),
        (&card, json!({}), &[]),
        (&account, json!({"bankName": "Second Bank"}), &["bankName"]),
        (&account, json!({"bankName": ""}), &["bankName"]),
        (&account, json!({"accountType": "checking"}), &["accountType"]),
        (&account, json!({"accountType": "checking", "customFields": {}}), &[]),
        (&account, city, &["billingAddress"]),
        (&account, json!({"stickyGatewayAccountId": "gw_acc_2"}), &["stickyGatewayAccountId"]),
        (&account, json!({"customFields": {"a": 1}, "useAsBackup": true}), &["customFields", "useAsBackup"]),
        (&account, json!({"unknown": 1, "status": "active", "customerId": "cus_2", "last4": "0000"}), &[]),
    ];
    for (of, change, changed) in &changes {
        let before = instrument(&mut client, id(of));
        node.advance(5);
        let after = patched(&mut client, id(of), change);
        assert_changed(&before, &after, changed);
        for name in *changed {
            let said = if change[*name] == "" { &Value::Null } else { &change[*name] };
            assert_echoed(&json!({"x": said}), &json!({"x": without_hash(&after[*name])}), &[]);
        }
        let later = if changed.is_empty() { 0 } else { 5 };
        assert!(seconds(&after["updatedTime"]) >= seconds(&before["updatedTime"]) + later);
        assert_eq!(instrument(&mut client, id(of)), after, "{change}");
    }
    // The code was checked and is nowhere.
    let clear = json!({"card": {"pan": VISA, "expMonth": 4, "expYear": 2042}});
    assert_eq!(revealed(&mut client, id(&card)), clear);
}

pub(crate) fn without_hash(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        members.remove("hash");
    }
    value
}

#[test]
fn null_takes_the_gateway_account_away_and_nothing_else() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = kept(&mut client, &plain_card(VISA), "cus_1");
    let set = json!({"stickyGatewayAccountId": "gw_acc_1", "customFields": {"a": 1}, "useAsBackup": true});
    patched(&mut client, id(&made), &set);
    assert_has(&patched(&mut client, id(&made), &json!({})), &set);
    let nulls = json!({
        "token": null, "cvv": null, "expMonth": null, "expYear": null, "billingAddress": null,
        "customFields": null, "useAsBackup": null, "bankName": null, "accountType": null,
    });
    let after = patched(&mut client, id(&made), &nulls);
    assert_has(&after, &set);
    assert_has(&after, &json!({"expMonth": 12, "expYear": 2035, "billingAddress": made["billingAddress"]}));
    let after = patched(&mut client, id(&made), &json!({"stickyGatewayAccountId": null}));
    assert_has(&after, &with(&set, "stickyGatewayAccountId", Value::Null));
    // So does an empty text, as it is no account.
    patched(&mut client, id(&made), &set);
    let after = patched(&mut client, id(&made), &json!({"stickyGatewayAccountId": ""}));
    assert_has(&after, &with(&set, "stickyGatewayAccountId", Value::Null));
}

#[test]
fn what_is_wrong_is_told_at_once_and_nothing_changes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let visa = kept(&mut client, &plain_card(VISA), "cus_1");
    let amex = kept(&mut client, &plain_card("378282246310005"), "cus_1");
    let account = kept(&mut client, &plain_account("123456789"), "cus_1");
    let paypal = kept(&mut client, &json!({"method": "paypal", "billingAddress": address()}), "cus_1");
    let cases: [(&Value, Value, &[&str]); 18] = [
        (&visa, json!({"expYear": 2020}), &["expYear"]),
        (&account, json!({"expYear": 2041}), &["expYear"]),
        (&visa, json!({"expMonth": 13, "expYear": 2041}), &["expMonth"]),
        (&visa, json!({"expMonth": "3", "expYear": "2041"}), &["expMonth", "expYear"]),
        (&visa, json!({"expMonth": 1, "expYear": 2020}), &["expYear"]),
        (&visa, json!({"cvv": "1234"}), &["cvv"]),
        (&amex, json!({"cvv": "123"}), &["cvv"]),
        (&visa, json!({"cvv": 123}), &["cvv"]),
        (&paypal, json!({"expMonth": 3}), &["expMonth"]),
        (&visa, json!({"stickyGatewayAccountId": "g".repeat(51)}), &["stickyGatewayAccountId"]),
        (&visa, json!({"bankName": "A Bank", "accountType": "checking"}), &["bankName", "accountType"]),
        (&account, json!({"expMonth": 3, "expYear": 2041}), &["expMonth", "expYear"]),
        (&account, json!({"cvv": "123"}), &["cvv"]),
        (
            &account,
            json!({"accountType": "current", "bankName": "b".repeat(256)}),
            &["accountType", "bankName"],
        ),
        (&paypal, json!({"cvv": "123", "bankName": "A Bank"}), &["cvv", "bankName"]),
        (&paypal, json!({"expMonth": 3, "expYear": 2041}), &["expMonth", "expYear"]),
        (&visa, json!({"token": "x"}), &["token"]),
        (
            &visa,
            json!({"token": 7, "cvv": "x", "expMonth": 0, "expYear": 1, "billingAddress": {"country": "gb"},
                   "customFields": [1], "useAsBackup": "no", "bankName": 7, "accountType": 7,
                   "stickyGatewayAccountId": 7}),
            &[
                "token",
                "cvv",
                "expMonth",
                "expYear",
                "billingAddress.country",
                "customFields",
                "useAsBackup",
                "bankName",
                "accountType",
                "stickyGatewayAccountId",
            ],
        ),
    ];
    for (of, body, fields) in &cases {
        assert_eq!(invalid_fields(&patch(&mut client, id(of), body)), names(fields), "{body}");
        assert_eq!(instrument(&mut client, id(of)), **of, "{body}");
    }
}

#[test]
fn an_instrument_that_is_not_the_callers_is_not_found() {
    let live = Live::new();
    let node = live.start();
    let mut client = node.client();
    let (alpha, beta) = (("REB-APIKEY", "sk_live_alpha_0001"), ("REB-APIKEY", "sk_live_beta_0001"));
    let mut make = |by: (&str, &str)| {
        let body = super::kinds::of_customer(&plain_card(VISA), "cus_1").to_string();
        let answer = client.call("POST", INSTRUMENTS, &[by], body.as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    };
    let (own, foreign) = (make(alpha), make(beta));
    let (head, last) = id(&own).split_at(id(&own).len() - 1);
    let forged = format!("{head}{}", if last == "A" { "Q" } else { "A" });
    let made = client.call("POST", "/rebilly/tokens", &[alpha], card().to_string().as_bytes()).json();
    let body = json!({"token": id(&made), "useAsBackup": true}).to_string();
    let mut answers = BTreeSet::new();
    for unknown in [id(&foreign), &forged, "inst_0YVDM8RC7GDADADSBSMW124JA8", "x", id(&made), "%69nst"] {
        for (method, path) in [("PATCH", String::new()), ("POST", "/deactivation".to_owned())] {
            let path = format!("{INSTRUMENTS}/{unknown}{path}");
            let answer = client.call(method, &path, &[alpha], body.as_bytes());
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
            answers.insert(answer.text());
        }
    }
    assert_eq!(answers.len(), 1, "one answer for all: {answers:?}");
    let read = |client: &mut Client, made: &Value, by| {
        client.call("GET", &format!("{INSTRUMENTS}/{}", id(made)), &[by], b"").json()
    };
    assert_eq!(read(&mut client, &foreign, beta), foreign, "nothing happened to it");
    // The token was not used up; another organization's token is as one that is not there.
    let path = format!("{INSTRUMENTS}/{}", id(&own));
    assert_eq!(client.call("PATCH", &path, &[alpha], body.as_bytes()).status, 200);
    let theirs = client.call("POST", "/rebilly/tokens", &[beta], card().to_string().as_bytes()).json();
    let body = json!({"token": id(&theirs)}).to_string();
    assert_eq!(invalid_fields(&client.call("PATCH", &path, &[alpha], body.as_bytes())), names(&["token"]));
}

/// Moves the clock to the first of July of next year, and gives that year.
fn next_july(node: &Node) -> i64 {
    let now = node.client().call("GET", "/sandbox/clock", &[], b"").json()["now"].clone();
    let year: i64 = now.as_str().unwrap()[..4].parse().unwrap();
    let july = seconds(&json!(format!("{}-07-01T12:00:00Z", year + 1)));
    node.advance(u64::try_from(july - seconds(&now)).unwrap());
    year + 1
}

#[test]
fn one_part_of_an_expiry_goes_with_the_other_that_is_there() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let year = next_july(&node);
    let body = with(&with(&plain_card(VISA), "expMonth", json!(12)), "expYear", json!(year));
    let made = kept(&mut client, &body, "cus_1");
    // June is over; the year is not, and the month was not said before.
    for (change, field) in [(json!({"expMonth": 6}), "expMonth"), (json!({"expYear": year - 1}), "expYear")] {
        assert_eq!(invalid_fields(&patch(&mut client, id(&made), &change)), names(&[field]));
        assert_eq!(instrument(&mut client, id(&made)), made, "{change}");
    }
    let after = patched(&mut client, id(&made), &json!({"expMonth": 7}));
    assert_has(&after, &json!({"expMonth": 7, "expYear": year, "revision": 2}));
    let after = patched(&mut client, id(&made), &json!({"expYear": year + 2}));
    assert_has(&after, &json!({"expMonth": 7, "expYear": year + 2}));
    let after = patched(&mut client, id(&made), &json!({"expMonth": 2}));
    assert_has(&after, &json!({"expMonth": 2, "expYear": year + 2}));
    // The month that is there is over in this year: it is the year that was said.
    let answer = patch(&mut client, id(&made), &json!({"expYear": year}));
    assert_eq!(invalid_fields(&answer), names(&["expYear"]));
    // A token brings an expiry, and the call one part of another.
    let token = super::kinds::token_id(&mut client, &super::instruments_tokens::partial(11, 2045, None));
    let after = patched(&mut client, id(&made), &json!({"token": token, "expMonth": 9}));
    assert_has(&after, &json!({"expMonth": 9, "expYear": 2045}));
    assert_has(&revealed(&mut client, id(&made))["card"], &json!({"expMonth": 9, "expYear": 2045}));
}

/// The log and the row are as they were: a change of nothing is answered and is no act.
#[test]
fn a_change_of_nothing_is_no_act() {
    let live = Live::new();
    let mut node = live.start();
    let mut client = node.client();
    let key = ("REB-APIKEY", "sk_live_alpha_0001");
    let body = super::kinds::of_customer(&plain_card(VISA), "cus_1");
    let body = with(&body, "customFields", json!({"b": [1, null], "a": 1.5})).to_string();
    let made = client.call("POST", INSTRUMENTS, &[key], body.as_bytes()).json();
    let path = format!("{INSTRUMENTS}/{}", id(&made));
    for change in [
        json!({}),
        json!({"unknown": 1}),
        json!({"cvv": "123"}),
        json!({"expMonth": 12, "expYear": 2035, "useAsBackup": false, "stickyGatewayAccountId": null}),
        json!({"billingAddress": address(), "customFields": {"b": [1, null], "a": 1.5}}),
    ] {
        let answer = client.call("PATCH", &path, &[key], change.to_string().as_bytes());
        assert_eq!((answer.status, answer.json()), (200, made.clone()), "{change}");
    }
    let answer = client.call("PATCH", &path, &[key], br#"{"useAsBackup":true}"#);
    assert_eq!(answer.json()["revision"], 2);
    assert!(node.stop());
    let log = Log::of_live(&live.path("data"));
    assert_eq!(log.of_action("instrument.update").len(), 1, "one act for one change");
}
