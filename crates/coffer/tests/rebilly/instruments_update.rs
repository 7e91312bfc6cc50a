//! `PATCH /payment-instruments/{id}` and its deactivation (4.2, section 8).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, assert_echoed, get, invalid_fields, names, path_of, seconds, with},
    crowd::{Call, at_once, count},
    kinds::{
        address, assert_has, deactivate, exchanged, id, instrument, is_live, keep, kept, kinds, patch,
        patched, plain_account, plain_card, revealed, token_id,
    },
};
use crate::{
    live::Live,
    support::{Client, Node, SECRET, card, home},
};

const VISA: &str = "4111111111111111";
const MASTERCARD: &str = "5555555555554444";

/// A token that brings an expiry, and a code if there is one, but no number.
fn partial(month: u8, year: u16, cvv: Option<&str>) -> Value {
    let mut body =
        json!({"method": "payment-card", "paymentInstrument": {"expMonth": month, "expYear": year}});
    if let Some(cvv) = cvv {
        body["paymentInstrument"]["cvv"] = json!(cvv);
    }
    body
}

/// Only these members, and what counts and times changes, differ between two readings.
fn assert_changed(before: &Value, after: &Value, changed: &[&str]) {
    let names = |value: &Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
    let always = ["revision", "updatedTime"];
    for name in names(before).union(&names(after)) {
        let may = changed.contains(&name.as_str()) || always.contains(&name.as_str());
        assert!(may || before.get(name) == after.get(name), "{name} changed: {before} {after}");
    }
    for name in changed {
        assert_ne!(before.get(*name), after.get(*name), "{name} did not change");
    }
    assert_eq!(after["revision"].as_u64(), before["revision"].as_u64().map(|revision| revision + 1));
}

#[test]
fn each_field_changes_and_the_others_stay() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let card = kept(&mut client, &plain_card(VISA), "cus_1");
    let account = kept(&mut client, &plain_account("123456789"), "cus_1");
    let city = json!({"billingAddress": {"city": "Paris"}});
    let changes: [(&Value, Value, &[&str]); 13] = [
        (&card, json!({"expMonth": 3, "expYear": 2041}), &["expMonth", "expYear"]),
        (&card, json!({"cvv": "321"}), &[]),
        (&card, city.clone(), &["billingAddress"]),
        (&card, json!({"stickyGatewayAccountId": "gw_acc_1"}), &["stickyGatewayAccountId"]),
        (&card, json!({"customFields": {"a": 1}}), &["customFields"]),
        (&card, json!({"useAsBackup": true}), &["useAsBackup"]),
        (&card, json!({}), &[]),
        (&account, json!({"bankName": "Second Bank"}), &["bankName"]),
        (&account, json!({"accountType": "checking"}), &["accountType"]),
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
            assert_echoed(&json!({"x": change[*name]}), &json!({"x": without_hash(&after[*name])}), &[]);
        }
        assert!(seconds(&after["updatedTime"]) >= seconds(&before["updatedTime"]) + 5);
        assert_eq!(instrument(&mut client, id(of)), after, "{change}");
    }
    // The code was checked and is nowhere.
    let clear = json!({"card": {"pan": VISA, "expMonth": 3, "expYear": 2041}});
    assert_eq!(revealed(&mut client, id(&card)), clear);
}

fn without_hash(value: &Value) -> Value {
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
        (&visa, json!({"expMonth": 3}), &["expYear"]),
        (&visa, json!({"expYear": 2041}), &["expMonth"]),
        (&visa, json!({"expMonth": 13, "expYear": 2041}), &["expMonth"]),
        (&visa, json!({"expMonth": "3", "expYear": "2041"}), &["expMonth", "expYear"]),
        (&visa, json!({"expMonth": 1, "expYear": 2020}), &["expYear"]),
        (&visa, json!({"cvv": "1234"}), &["cvv"]),
        (&amex, json!({"cvv": "123"}), &["cvv"]),
        (&visa, json!({"cvv": 123}), &["cvv"]),
        (&visa, json!({"stickyGatewayAccountId": ""}), &["stickyGatewayAccountId"]),
        (&visa, json!({"stickyGatewayAccountId": "g".repeat(51)}), &["stickyGatewayAccountId"]),
        (&visa, json!({"bankName": "A Bank", "accountType": "checking"}), &["bankName", "accountType"]),
        (&account, json!({"expMonth": 3, "expYear": 2041}), &["expMonth", "expYear"]),
        (&account, json!({"cvv": "123"}), &["cvv"]),
        (&account, json!({"accountType": "current", "bankName": ""}), &["accountType", "bankName"]),
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
fn a_partial_token_brings_an_expiry_and_keeps_the_number() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = kept(&mut client, &plain_card(VISA), "cus_1");
    for (cvv, month) in [(None, 3), (Some("321"), 4)] {
        let before = instrument(&mut client, id(&made));
        let token = token_id(&mut client, &partial(month, 2041, cvv));
        let after = patched(&mut client, id(&made), &json!({"token": token}));
        let changed: &[&str] = if cvv.is_none() { &["expMonth", "expYear"] } else { &["expMonth"] };
        // What is known of the risk is the token's.
        let (mut one, mut other) = (before, after.clone());
        one["riskMetadata"].take();
        other["riskMetadata"].take();
        assert_changed(&one, &other, changed);
        let clear = json!({"card": {"pan": VISA, "expMonth": month, "expYear": 2041}});
        assert_eq!(revealed(&mut client, id(&made)), clear);
        assert!(!is_live(&mut client, &token));
        assert_eq!(
            invalid_fields(&patch(&mut client, id(&made), &json!({"token": token}))),
            names(&["token"])
        );
        assert_eq!(instrument(&mut client, id(&made)), after, "a used token changes nothing");
    }
    // An address on the token, and one in the call, which is the stronger.
    let mut body = partial(5, 2042, None);
    body["billingAddress"] = json!({"city": "Of the token"});
    let token = token_id(&mut client, &body);
    let after = patched(&mut client, id(&made), &json!({"token": token}));
    assert_eq!(without_hash(&after["billingAddress"]), json!({"city": "Of the token"}));
    let token = token_id(&mut client, &body);
    let said = json!({"city": "Of the call"});
    let change =
        json!({"token": token, "billingAddress": said, "expMonth": 6, "expYear": 2043, "useAsBackup": true});
    let after = patched(&mut client, id(&made), &change);
    assert_eq!(without_hash(&after["billingAddress"]), said);
    assert_has(&after, &json!({"expMonth": 6, "expYear": 2043, "useAsBackup": true, "last4": "1111"}));
}

#[test]
fn a_full_token_replaces_the_number() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let fields = json!({"customFields": {"a": 1}, "useAsBackup": true});
    let mut body = plain_card(VISA);
    body["customFields"] = fields["customFields"].clone();
    body["useAsBackup"] = json!(true);
    let made = kept(&mut client, &body, "cus_1");
    let token = token_id(&mut client, &with(&card(), "paymentInstrument.pan", json!(MASTERCARD)));
    let after = patched(&mut client, id(&made), &json!({"token": token}));
    let shown =
        json!({"bin": "555555", "last4": "4444", "brand": "MasterCard", "revision": 2, "id": made["id"]});
    assert_has(&after, &shown);
    assert_has(&after, &fields);
    assert_ne!(after["fingerprint"], made["fingerprint"]);
    assert_eq!(without_hash(&after["billingAddress"]), card()["billingAddress"]);
    assert_eq!(revealed(&mut client, id(&made))["card"]["pan"], MASTERCARD);
    // The old number is nobody's now; the new one is this instrument's.
    let old = kept(&mut client, &plain_card(VISA), "cus_1");
    assert_ne!(id(&old), id(&made));
    assert_eq!(old["fingerprint"], made["fingerprint"]);
    let answer = keep(&mut client, &plain_card(MASTERCARD), "cus_1");
    assert_eq!((answer.status, id(&answer.json())), (303, id(&made)));
    // The same number once more is no other one.
    let again = token_id(&mut client, &with(&card(), "paymentInstrument.pan", json!(MASTERCARD)));
    assert_eq!(
        patched(&mut client, id(&made), &json!({"token": again}))["fingerprint"],
        after["fingerprint"]
    );
    // A number that the customer has in another instrument.
    let (taken, before) = (token_id(&mut client, &card()), instrument(&mut client, id(&made)));
    let answer = patch(&mut client, id(&made), &json!({"token": taken}));
    assert_eq!(invalid_fields(&answer), names(&["token"]));
    assert!(!answer.text().contains(VISA) && is_live(&mut client, &taken), "{}", answer.text());
    assert_eq!(instrument(&mut client, id(&made)), before);
    assert_eq!(instrument(&mut client, id(&old)), old);
    // Another customer's does not count.
    let other = kept(&mut client, &plain_card("378282246310005"), "cus_2");
    assert_has(&patched(&mut client, id(&other), &json!({"token": taken})), &json!({"last4": "1111"}));
}

#[test]
fn a_token_updates_only_what_is_of_its_kind() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let kinds = kinds();
    let made: Vec<Value> = kinds
        .iter()
        .enumerate()
        .map(|(number, kind)| exchanged(&mut client, &kind.token, &format!("cus_{number}")))
        .collect();
    let is_bank = |method: &Value| *method == "ach" || *method == "echeck";
    let (mut fitting, mut refused) = (0, 0);
    for token_kind in &kinds {
        // Something that none of the customers has, where there is such a thing.
        let body = match &token_kind.other {
            Some((field, value)) if *field != "method" => with(&token_kind.token, field, value.clone()),
            _ => token_kind.token.clone(),
        };
        for (kind, made) in kinds.iter().zip(&made) {
            let (of, on) = (&body["method"], &kind.token["method"]);
            let fits = of == on || (is_bank(of) && is_bank(on));
            let (token, before) = (token_id(&mut client, &body), instrument(&mut client, id(made)));
            let answer = patch(&mut client, id(made), &json!({"token": token}));
            if fits {
                fitting += 1;
                assert_eq!(answer.status, 200, "{of} on {on}: {}", answer.text());
                assert_has(&answer.json(), &json!({"id": made["id"], "method": made["method"]}));
                assert!(!is_live(&mut client, &token));
            } else {
                refused += 1;
                assert_eq!(invalid_fields(&answer), names(&["token"]), "{of} on {on}");
                assert!(is_live(&mut client, &token), "{of} on {on}");
                assert_eq!(instrument(&mut client, id(made)), before);
            }
        }
    }
    // Three kinds of bank accounts go on each other; every other kind on itself alone.
    let kinds = kinds.len();
    assert_eq!((fitting, refused), (kinds + 6, kinds * kinds - kinds - 6));
    let bank = token_id(&mut client, &plain_token_of_bank());
    let after = patched(&mut client, id(&made[1]), &json!({"token": bank, "bankName": "Of the call"}));
    assert_has(&after, &json!({"last4": "1111", "accountType": "savings", "bankName": "Of the call"}));
    let clear = json!({"account": {"number": "9991111", "routingNumber": "011000015"}});
    assert_eq!(revealed(&mut client, id(&made[1])), clear);
}

fn plain_token_of_bank() -> Value {
    let account = json!({
        "accountNumberType": "BBAN", "accountNumber": "9991111", "routingNumber": "011000015",
        "accountType": "savings", "bankName": "Of the token",
    });
    json!({"method": "ach", "paymentInstrument": account, "billingAddress": address()})
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

#[test]
fn of_32_parallel_changes_none_is_lost() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = exchanged(&mut client, &kinds()[1].token, "cus_1");
    let mut path = String::new();
    for round in 0..3_u64 {
        let changes: BTreeMap<&str, Value> = BTreeMap::from([
            ("bankName", json!(format!("Bank {round}"))),
            ("accountType", json!(["savings", "other", "checking"][usize::try_from(round).unwrap()])),
            ("stickyGatewayAccountId", json!(format!("gw_acc_{round}"))),
            ("customFields", json!({"round": round})),
            ("useAsBackup", json!(round % 2 == 0)),
        ]);
        path.clone_from(&format!("{INSTRUMENTS}/{}", id(&made)));
        let call = |number: usize| -> Call {
            let (name, value) = changes.iter().nth(number % changes.len()).expect("a change");
            let (path, body) = (path.clone(), json!({*name: value}).to_string());
            Box::new(move |client| client.call("PATCH", &path, &[SECRET], body.as_bytes()))
        };
        let answers = at_once(&node, (0..32).map(call).collect());
        assert_eq!(
            count(&answers, 200),
            32,
            "{:?}",
            answers.iter().map(|one| one.status).collect::<Vec<_>>()
        );
        // Every one was written over the one before it, and shows what that one left.
        let mut revisions: Vec<u64> =
            answers.iter().map(|answer| answer.json()["revision"].as_u64().unwrap()).collect();
        revisions.sort_unstable();
        assert_eq!(revisions, (2 + 32 * round..=33 + 32 * round).collect::<Vec<_>>());
        let now = instrument(&mut client, id(&made));
        assert_eq!(now["revision"], 33 + 32 * round);
        for (name, value) in &changes {
            assert_eq!(&now[*name], value, "{name} is lost");
        }
    }
    // And of many with one token exactly one.
    let token = token_id(&mut client, &plain_token_of_bank());
    let body = json!({"token": token}).to_string();
    let call = |_| -> Call {
        let (path, body) = (path.clone(), body.clone());
        Box::new(move |client| client.call("PATCH", &path, &[SECRET], body.as_bytes()))
    };
    let answers = at_once(&node, (0..32).map(call).collect());
    assert_eq!((count(&answers, 200), count(&answers, 422)), (1, 31));
    assert_eq!(instrument(&mut client, id(&made))["revision"], 98);
}

#[test]
fn one_number_is_taken_by_one_instrument() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    // Eight instruments of one customer, and a token of one more number for each.
    let made: Vec<Value> =
        (0..8).map(|number| kept(&mut client, &plain_account(&format!("100{number}")), "cus_1")).collect();
    let calls = made.iter().map(|made| -> Call {
        let (id, token) = (id(made).to_owned(), token_id(&mut client, &plain_token_of_bank()));
        Box::new(move |client| patch(client, &id, &json!({"token": token})))
    });
    let calls = calls.collect();
    let answers = at_once(&node, calls);
    assert_eq!((count(&answers, 200), count(&answers, 422)), (1, 7));
    let winner = answers.iter().find(|answer| answer.status == 200).expect("one").json();
    let answer =
        keep(&mut client, &with(&plain_account("9991111"), "routingNumber", json!("011000015")), "cus_1");
    assert_eq!((answer.status, id(&answer.json())), (303, id(&winner)));
}

#[test]
fn deactivation_is_for_good() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (number, kind) in kinds().into_iter().enumerate() {
        let customer = format!("cus_{number}");
        let made = exchanged(&mut client, &kind.token, &customer);
        let answer = deactivate(&mut client, id(&made));
        assert_eq!(answer.status, 201, "{}: {}", kind.name, answer.text());
        let location = format!("http://{}{INSTRUMENTS}/{}", node.clients, id(&made));
        assert_eq!(answer.header("location"), Some(location.as_str()));
        let after = answer.json();
        assert_changed(&made, &after, &["status"]);
        assert_eq!(after["status"], "deactivated");
        let again = deactivate(&mut client, id(&made));
        assert_eq!(again.status, 409, "{}", again.text());
        assert_has(&again.json(), &json!({"status": 409, "title": "Conflict", "type": "about:blank"}));
        // It can still be read, listed and revealed; it is matched no more.
        assert_eq!(get(&mut client, path_of(&location)).json(), after);
        let listed = get(&mut client, &format!("{INSTRUMENTS}?filter=customerId:{customer}"));
        assert_eq!(listed.json(), json!([after]), "{}", kind.name);
        assert_eq!(revealed(&mut client, id(&made)), kind.clear);
        let anew = exchanged(&mut client, &kind.token, &customer);
        assert_ne!(id(&anew), id(&made), "{}", kind.name);
        assert_ne!(anew["status"], "deactivated");
        assert_eq!(get(&mut client, path_of(&location)).json(), after, "{}", kind.name);
        assert_eq!(deactivate(&mut client, id(&anew)).status, 201, "the second of a kind too");
        let third = exchanged(&mut client, &kind.token, &customer);
        assert!(![id(&made), id(&anew)].contains(&id(&third)));
        let changed = patched(&mut client, id(&made), &json!({"useAsBackup": true}));
        assert_has(&changed, &json!({"status": "deactivated", "useAsBackup": true}));
        assert_eq!(deactivate(&mut client, id(&made)).status, 409, "a change does not bring it back");
    }
}

/// A prefix, headers and a body.
type Sent<'s> = (&'s str, &'s [(&'s str, &'s str)], &'s [u8]);

#[test]
fn deactivation_takes_what_clients_send() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let form: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
    let json: (&str, &str) = ("Content-Type", "application/json");
    let cases: [Sent<'_>; 5] = [
        ("/rebilly", &[SECRET, form], b""),
        ("/rebilly/organizations/org_sandbox", &[SECRET, form], b""),
        ("/rebilly", &[SECRET], b""),
        ("/rebilly", &[SECRET, json], b"{}"),
        ("/rebilly/organizations/org_sandbox", &[SECRET, json], b"null"),
    ];
    for (number, (prefix, headers, body)) in cases.into_iter().enumerate() {
        let made = kept(&mut client, &plain_card(VISA), &format!("cus_{number}"));
        for end in ["", "/"] {
            let path = format!("{prefix}/payment-instruments/{}/deactivation{end}", id(&made));
            let answer = client.call("POST", &path, headers, body);
            assert_eq!(answer.status, if end.is_empty() { 201 } else { 409 }, "{path}: {}", answer.text());
            let location = format!("http://{}{prefix}/payment-instruments/{}", node.clients, id(&made));
            assert_eq!(answer.header("location"), end.is_empty().then_some(location.as_str()));
        }
    }
    // Of many at once exactly one succeeds.
    let made = kept(&mut client, &plain_card(VISA), "cus_of_many");
    let call = |_| -> Call {
        let id = id(&made).to_owned();
        Box::new(move |client| deactivate(client, &id))
    };
    let answers = at_once(&node, (0..32).map(call).collect());
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 31));
    assert_eq!(instrument(&mut client, id(&made))["revision"], 2);
}
