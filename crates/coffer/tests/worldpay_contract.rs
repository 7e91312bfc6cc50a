//! The examples of requests in the company's own definition, sent as they are. `cargo xtask contracts` names the folder
//! of that definition, which is not ours to hand out, in `COFFER_EXAMPLES`; without it the requests are those of
//! `worldpay_contract/examples.json`, of the same shape and for the same operations.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};
use support::{Answer, Client, Node, home};

const USER: (&str, &str) = ("Authorization", "Basic c2FuZGJveDpzYW5kYm94");
const OWN: &str = include_str!("worldpay_contract/examples.json");

/// One request of a definition.
#[derive(Clone, Debug)]
struct Example {
    media: String,
    name: String,
    body: Value,
}

/// The definition whose examples are sent.
#[expect(clippy::disallowed_methods, reason = "whoever runs the test chooses the definition")]
fn definition() -> Value {
    let text = match std::env::var("COFFER_EXAMPLES") {
        Ok(folder) => {
            fs::read_to_string(Path::new(&folder).join("worldpay.openapi.yaml")).expect("a definition")
        }
        Err(_) => OWN.to_owned(),
    };
    coffer_contracts::read(&text).expect("a definition that can be read")
}

/// The examples of each operation, as in `POST /tokens`.
fn examples() -> BTreeMap<String, Vec<Example>> {
    let definition = definition();
    let mut found = BTreeMap::<String, Vec<Example>>::new();
    for (path, methods) in definition["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            for (media, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
                for (name, example) in content["examples"].as_object().into_iter().flatten() {
                    let example =
                        Example { media: media.clone(), name: name.clone(), body: example["value"].clone() };
                    found.entry(format!("{} {path}", method.to_uppercase())).or_default().push(example);
                }
            }
        }
    }
    found
}

fn send(client: &mut Client, method: &str, to: &str, example: &Example) -> Answer {
    let path = to.strip_prefix("http://").map_or(to, |rest| &rest[rest.find('/').expect("a path")..]);
    let headers = [USER, ("Content-Type", &example.media), ("Accept", &example.media)];
    client.call(method, path, &headers, example.body.to_string().as_bytes())
}

/// The part of a token that an example is of, and where the token shows it.
fn part(body: &Value, name: &str) -> (&'static str, &'static str) {
    let name = name.to_lowercase();
    match body {
        Value::Object(members) if members.contains_key("month") => {
            ("tokens:cardExpiryDate", "/paymentInstrument/cardExpiryDate")
        }
        Value::Object(_) => ("tokens:billingAddress", "/paymentInstrument/billingAddress"),
        _ if name.contains("holder") => ("tokens:cardHolderName", "/paymentInstrument/cardHolderName"),
        _ if name.contains("reference") => {
            ("tokens:schemeTransactionReference", "/schemeTransactionReference")
        }
        _ => ("tokens:description", "/description"),
    }
}

#[test]
fn the_examples_are_taken_as_they_are() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let examples = examples();
    let of = |operation: &str| examples.get(operation).unwrap_or_else(|| panic!("no example of {operation}"));

    let made = send(&mut client, "POST", "/worldpay/tokens", &of("POST /tokens")[0]);
    assert_eq!(made.status, 201, "{}", made.text());
    for example in of("POST /tokens") {
        let again = send(&mut client, "POST", "/worldpay/tokens", example);
        assert!([200, 201].contains(&again.status), "{}: {}", example.name, again.text());
    }
    let token = made.json();
    let mut parts = Vec::new();
    for example in of("PUT /tokens/{tokenId}") {
        let (link, pointer) = part(&example.body, &example.name);
        let href = token["_links"][link]["href"].as_str().unwrap_or_else(|| panic!("no {link}"));
        let written = send(&mut client, "PUT", href, example);
        assert_eq!(written.status, 204, "{}: {}", example.name, written.text());
        let shown = send_nothing(&mut client, token["tokenPaymentInstrument"]["href"].as_str().unwrap());
        assert_eq!(shown.pointer(pointer), Some(&example.body), "{}", example.name);
        parts.push(link);
    }
    parts.sort_unstable();
    parts.dedup();
    assert_eq!(parts.len(), 5, "an example of each part: {parts:?}");
    for (operation, path) in [
        ("POST /tokens/network", "/worldpay/tokens/network"),
        ("POST /tokens/network/cryptograms", "/worldpay/tokens/network/cryptograms"),
    ] {
        for example in of(operation) {
            let answer = send(&mut client, "POST", path, example);
            assert_eq!((answer.status, &answer.json()["errorName"]), (403, &json!("nptConfigurationError")));
        }
    }
}

fn send_nothing(client: &mut Client, href: &str) -> Value {
    let path = &href[href.find("/worldpay").expect("a path")..];
    let answer = client.call("GET", path, &[USER, ("Accept", "*/*")], b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}
