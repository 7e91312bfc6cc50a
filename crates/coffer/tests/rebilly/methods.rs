//! Every method of section 5: which names there are, what a token of each shows, and what only a redeem opens.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, TOKENS, get, invalid_fields, names, post, set, token},
    families::{Family, assert_nothing_secret, families, wallet_members},
};
use crate::support::{Answer, Node, exchange, home, redeem};

/// The 167 names of the definition's enum `AlternativePaymentMethods`, and the three that it leaves out.
const NAMES: &str = include_str!("method_names.txt");

/// Methods whose tokens are more than an address.
const OWN: [&str; 9] = [
    "payment-card",
    "ach",
    "echeck",
    "paypal",
    "digital-wallet",
    "plaid-account",
    "Khelocard",
    "Klarna",
    "cryptocurrency",
];

/// The answer shows exactly what the reference says.
fn assert_shown(family: &Family, answer: &Answer) {
    let body = answer.json();
    assert_eq!(body["method"], family.body["method"], "{}", family.name);
    assert_eq!(body.get("paymentInstrument"), family.shown.as_ref(), "{}", family.name);
    let wallet = wallet_members();
    for (name, value) in wallet.as_object().unwrap() {
        let expected = (family.name == "cryptocurrency").then_some(value);
        assert_eq!(body.get(name), expected, "{}: {name}", family.name);
    }
    match family.body.get("billingAddress") {
        None => assert!(body.get("billingAddress").is_none(), "{}: {body}", family.name),
        Some(sent) => {
            let mut shown = body["billingAddress"].clone();
            assert!(shown.as_object_mut().unwrap().remove("hash").is_some(), "{}", family.name);
            assert_eq!(&shown, sent, "{}", family.name);
        }
    }
    let risk = body["riskMetadata"].as_object().expect("always there");
    assert!(risk["score"].is_i64(), "{}: {body}", family.name);
    assert_nothing_secret(family, answer, &[]);
}

#[test]
fn a_token_of_every_family_shows_what_it_may_and_nothing_else() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for family in families() {
        let made = post(&mut client, TOKENS, &family.body);
        assert_eq!(made.status, 201, "{}: {}", family.name, made.text());
        assert_shown(&family, &made);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let read = get(&mut client, &format!("{TOKENS}/{id}"));
        assert_eq!((read.status, read.json()), (200, made.json()), "{}", family.name);
        let list = get(&mut client, &format!("{TOKENS}?limit=1"));
        assert_eq!(list.json(), json!([made.json()]), "{}", family.name);
        assert_nothing_secret(&family, &list, &[]);
    }
    // The banner shows other numbers.
    let said = node.said();
    for secret in families().iter().filter_map(|family| family.secret) {
        assert!(!said.contains(secret), "{secret} is in the log");
    }
}

#[test]
fn a_redeem_gives_the_details_of_every_family_back_exactly_once() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for family in families() {
        let made = token(&mut client, &family.body);
        let id = made["id"].as_str().unwrap();
        let first = redeem(&mut client, id);
        assert_eq!(first.status, 200, "{}: {}", family.name, first.text());
        let body = first.json();
        let opened: Vec<&str> =
            ["card", "account", "other"].into_iter().filter(|name| body.get(name).is_some()).collect();
        let (kind, clear) = family.clear.as_object().unwrap().iter().next().unwrap();
        assert_eq!(opened, [kind.as_str()], "{}: {body}", family.name);
        assert_eq!(&body[kind], clear, "{}", family.name);
        let name = family.body.pointer("/billingAddress/firstName");
        assert_eq!(body.pointer("/contact/firstName"), name, "{}", family.name);
        assert_eq!(body["extra"]["method"], family.body["method"], "{}", family.name);
        // Not a second time, neither by this door nor by the other.
        assert_eq!(redeem(&mut client, id).status, 404, "{}", family.name);
        let refused = exchange(&mut client, id, "cus_1");
        assert_eq!(invalid_fields(&refused), names(&["token"]), "{}", family.name);
        let after = get(&mut client, &format!("{TOKENS}/{id}"));
        assert_eq!(after.json()["isUsed"], true, "{}", family.name);
        assert_nothing_secret(&family, &after, &[]);
    }
}

#[test]
fn every_family_but_a_partial_card_becomes_an_instrument() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for family in families() {
        let made = token(&mut client, &family.body);
        let (id, customer) = (made["id"].as_str().unwrap(), format!("cus {}", family.name));
        let answer = exchange(&mut client, id, &customer);
        if family.name == "partial card" {
            assert_eq!(invalid_fields(&answer), names(&["token"]));
            let unused = get(&mut client, &format!("{TOKENS}/{id}")).json();
            assert_eq!(unused, made, "nothing was consumed");
            continue;
        }
        assert_eq!(answer.status, 201, "{}: {}", family.name, answer.text());
        let method = family.body["method"].as_str().unwrap().replace("echeck", "ach");
        let method = method.replace("digital-wallet", "payment-card");
        assert_eq!(answer.json()["method"], method, "{}", family.name);
        assert_nothing_secret(&family, &answer, if method == "Khelocard" { &["number"] } else { &[] });
        let status = if method == "payment-card" || method == "paypal" { "inactive" } else { "active" };
        assert_eq!(answer.json()["status"], status, "{}", family.name);
        if method == "Khelocard" || method == "ach" {
            for (name, value) in family.shown.as_ref().unwrap().as_object().unwrap() {
                assert_eq!(&answer.json()[name], value, "{}: {name}", family.name);
            }
        }
        if method == "Khelocard" {
            assert_eq!(answer.json()["number"], "************4242");
        }
        let path = format!("{INSTRUMENTS}/{}", answer.json()["id"].as_str().unwrap());
        assert_eq!(get(&mut client, &path).json(), answer.json(), "{}", family.name);
    }
}

#[test]
fn every_name_of_the_definition_is_a_method() {
    let all: BTreeSet<&str> = NAMES.lines().collect();
    assert_eq!((all.len(), NAMES.lines().count()), (167 + 3, 167 + 3));
    assert!(OWN.iter().all(|own| all.contains(own)));
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let address = json!({"firstName": "Ada", "country": "GB"});
    for name in all.iter().filter(|name| !OWN.contains(name)) {
        // An instrument of such a method is not part of the reference: it is ignored.
        let body = json!({"method": name, "billingAddress": address, "paymentInstrument": {"pan": "x"}});
        let answer = post(&mut client, TOKENS, &body);
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
        let made = answer.json();
        assert_eq!(made["method"], *name);
        assert_eq!(made["billingAddress"]["firstName"], "Ada", "{name}");
        assert!(made.get("paymentInstrument").is_none(), "{name}: {made}");
        for missing in [json!({"method": name}), json!({"method": name, "billingAddress": null})] {
            let answer = post(&mut client, TOKENS, &missing);
            assert_eq!(invalid_fields(&answer), names(&["billingAddress"]), "{name}");
        }
    }
}

#[test]
fn no_other_name_is_a_method() {
    let all: BTreeSet<&str> = NAMES.lines().collect();
    let mut others: BTreeSet<String> =
        ["", " ", "card", "Plaid", "payment_card", "bank_account", "ApplePay", "Skrill  Rapid Transfer"]
            .map(str::to_owned)
            .into();
    for name in &all {
        others.extend([
            name.to_lowercase(),
            name.to_uppercase(),
            format!("{name} "),
            format!(" {name}"),
            format!("{name}\u{0}"),
            name[..name.len() - 1].to_owned(),
            name.replace(' ', "-"),
        ]);
    }
    others.retain(|other| !all.contains(other.as_str()));
    assert!(others.len() > 4 * all.len());
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for other in &others {
        let answer = post(&mut client, TOKENS, &json!({"method": other, "billingAddress": {}}));
        assert_eq!(invalid_fields(&answer), names(&["method"]), "{other:?}");
    }
}

#[test]
fn an_address_that_may_be_missing_may_be_null_and_may_be_there() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let optional = ["card", "partial card", "paypal", "Klarna", "cryptocurrency"];
    for family in families().iter().filter(|family| optional.contains(&family.name)) {
        let mut body = family.body.clone();
        set(&mut body, "billingAddress", Value::Null);
        assert!(token(&mut client, &body).get("billingAddress").is_none(), "{}", family.name);
        set(&mut body, "billingAddress", json!({"city": "Paris"}));
        assert_eq!(token(&mut client, &body)["billingAddress"]["city"], "Paris", "{}", family.name);
        set(&mut body, "billingAddress", json!({"country": "Paris"}));
        let refused = post(&mut client, TOKENS, &body);
        assert_eq!(invalid_fields(&refused), names(&["billingAddress.country"]), "{}", family.name);
    }
    // A digital wallet's address is only ever given back: what is sent is not even looked at.
    let wallet = families().into_iter().find(|family| family.name == "wallet").unwrap();
    for sent in [json!({"city": "Paris"}), json!({"country": "Paris"}), json!(7), Value::Null] {
        let mut body = wallet.body.clone();
        set(&mut body, "billingAddress", sent);
        assert!(token(&mut client, &body).get("billingAddress").is_none());
    }
}

#[test]
fn what_the_server_alone_says_is_ignored_on_input() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let marker = "marker-of-this-test";
    for family in families() {
        let mut body = family.body.clone();
        for name in ["id", "createdTime", "usageTime", "expirationTime", "_links", "isUsed"] {
            set(&mut body, name, json!(marker));
        }
        if body.get("paymentInstrument").is_some() {
            let derived = ["bin", "last4", "brand", "fpanLast4", "fingerprint", "surprise"];
            for name in derived {
                set(&mut body, &format!("paymentInstrument.{name}"), json!(marker));
            }
        }
        let answer = post(&mut client, TOKENS, &body);
        assert_eq!(answer.status, 201, "{}: {}", family.name, answer.text());
        assert!(!answer.text().contains(marker), "{}: {}", family.name, answer.text());
        assert_shown(&family, &answer);
        // Nor is it kept where a redeem would find it.
        let opened = redeem(&mut client, answer.json()["id"].as_str().unwrap());
        assert!(opened.status == 200 && !opened.text().contains(marker), "{}", opened.text());
    }
}
