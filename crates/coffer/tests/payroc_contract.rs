//! Every operation of the Payroc dialect: with requests as its clients send them, with requests made of the schemas
//! that there are of them, and through every status that the served document lists. What comes is held against that
//! document on the way (`support/contract.rs`) and recorded for `cargo xtask contracts`.
//!
//! `cargo xtask contracts` names the folder of the company's own definition, which is not ours to hand out, in
//! `COFFER_EXAMPLES`; its examples and its schemas are used as well then. Without it there are the examples of
//! `payroc_contract/examples.json` and the schemas of the served document.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "payroc_contract/bodies.rs"]
mod bodies;
#[path = "payroc_contract/drive.rs"]
mod drive;
#[path = "payroc_contract/refusals.rs"]
mod refusals;

use std::{collections::BTreeSet, fs, path::Path};

use bodies::{Size, Walk};
use drive::{Drive, operations};
use serde_json::{Value, json};
use support::{Node, home};

const OWN: &str = include_str!("payroc_contract/examples.json");

/// The company's definition, where somebody has it.
#[expect(clippy::disallowed_methods, reason = "whoever runs the test chooses the definition")]
fn definition() -> Option<Value> {
    let folder = std::env::var("COFFER_EXAMPLES").ok()?;
    let text = fs::read_to_string(Path::new(&folder).join("payroc.openapi.yaml")).expect("a definition");
    Some(coffer_contracts::read(&text).expect("a definition that can be read"))
}

/// The operations of a definition that take a body, as in `POST /payments`, and what it says of the body.
fn requests(definition: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, methods) in definition["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let content = &operation["requestBody"]["content"]["application/json"];
            if content.is_object() {
                let path = path.strip_prefix("/v1").unwrap_or(path);
                found.push((format!("{} {path}", method.to_uppercase()), content));
            }
        }
    }
    found
}

#[test]
fn the_examples_are_taken_as_they_are() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut drive = Drive::new(&node);
    let own = coffer_contracts::read(OWN).expect("a definition");
    for definition in [Some(own.clone()), definition()].into_iter().flatten() {
        for (operation, content) in requests(&definition) {
            for (name, example) in content["examples"].as_object().into_iter().flatten() {
                drive.as_documented(&operation, name, example["value"].clone());
            }
        }
    }
    let with_body = operations(&node).into_iter().filter(|operation| operation.has_body);
    let names: BTreeSet<String> = with_body.map(|operation| operation.name()).collect();
    let own: BTreeSet<String> = requests(&own).into_iter().map(|(name, _)| name).collect();
    assert_eq!(own, names, "there is an example of every operation");
    drive.without_bodies();
}

#[test]
fn requests_made_of_the_schemas_are_answered_as_documented() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut drive = Drive::new(&node);
    let served = node.client().call("GET", "/payroc/openapi.json", &[], b"").json();
    for definition in [Some(served), definition()].into_iter().flatten() {
        let walk = Walk { document: &definition };
        for (operation, content) in requests(&definition) {
            for size in [Size::Least, Size::Most, Size::WithPin] {
                let bodies = walk.bodies(&content["schema"], size);
                assert!(!bodies.is_empty() || size == Size::WithPin, "{operation}");
                for (number, body) in bodies.into_iter().enumerate() {
                    drive.as_documented(&operation, &format!("{size:?} {number}"), body);
                }
            }
        }
    }
    assert!(drive.sent > 200, "of each form and word one: {}", drive.sent);
}

/// What no quiet test can bring about: a body that never ends, a vault that cannot serve, an address that is not
/// admitted where no terminal is named, and a payment that is lost on its way.
fn is_out_of_reach((operation, status): &(String, u16)) -> bool {
    matches!(status, 408 | 503)
        || (*status == 403 && operation == "POST /authorize")
        || (*status == 500 && operation.ends_with("payments"))
}

#[test]
fn every_operation_answers_with_every_status_that_the_document_lists() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut drive = Drive::new(&node);
    let all = operations(&node);
    let listed: BTreeSet<(String, u16)> = all
        .iter()
        .flat_map(|operation| operation.statuses.iter().map(|status| (operation.name(), *status)))
        .filter(|pair| !is_out_of_reach(pair))
        .collect();
    for (operation, content) in requests(&coffer_contracts::read(OWN).expect("a definition")) {
        let examples = content["examples"].as_object().expect("examples");
        let (name, example) = examples.iter().next().expect("an example");
        drive.as_documented(&operation, name, example["value"].clone());
    }
    drive.without_bodies();
    refusals::of_every_operation(&mut drive, &all);
    let mut seen = drive.seen;
    seen.extend(refusals::limited());
    assert_eq!(seen, listed, "all that is listed was seen, and nothing else was");
}

#[test]
fn a_form_that_was_filled_in_becomes_a_token_that_a_payment_takes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut drive = Drive::new(&node);
    let session = drive.session();
    for (name, value) in [
        ("cardholderName", "Sarah Hazel Hopper"),
        ("cardNumber", "4539858876047062"),
        ("expiryDate", "1235"),
        ("cvv", "234"),
    ] {
        let body = json!({ "type": name, name: value });
        let answer = drive.send("POST /hosted-fields-sessions/{session}/fields", &session, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(
            answer.json()["info"]["supportsCvv"],
            if name == "cardNumber" { json!(true) } else { json!(null) }
        );
    }
    let made = drive.call("POST /hosted-fields-sessions/{session}/single-use-tokens", &session, b"");
    assert_eq!(made.status, 201, "{}", made.text());
    let payment = json!({ "channel": "web", "processingTerminalId": "1234001",
        "order": { "orderId": "1", "amount": 4999, "currency": "USD" },
        "paymentMethod": { "type": "singleUseToken", "token": made.json()["token"] } });
    let paid = drive.send("POST /payments", "", &payment);
    assert_eq!((paid.status, &paid.json()["card"]["cardNumber"]), (201, &json!("453985******7062")));
}
