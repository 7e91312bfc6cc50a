//! Small words for the calls of this dialect.

use std::collections::BTreeSet;

use serde_json::Value;

pub(crate) use crate::support::seconds;
use crate::support::{Answer, Client, SECRET};

pub(crate) const TOKENS: &str = "/rebilly/tokens";
pub(crate) const INSTRUMENTS: &str = "/rebilly/payment-instruments";

/// The seed's example request, every member of it, with a published test number.
pub(crate) fn seed_request() -> Value {
    serde_json::from_str(include_str!("seed_request.json")).expect("the seed's example")
}

pub(crate) fn post(client: &mut Client, path: &str, body: &Value) -> Answer {
    client.call("POST", path, &[SECRET], body.to_string().as_bytes())
}

pub(crate) fn get(client: &mut Client, path: &str) -> Answer {
    client.call("GET", path, &[SECRET], b"")
}

/// Creates a token, which must succeed.
pub(crate) fn token(client: &mut Client, body: &Value) -> Value {
    let answer = post(client, TOKENS, body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// The path part of a link to this node.
pub(crate) fn path_of(link: &str) -> &str {
    let rest = link.strip_prefix("http://").expect("a link with a scheme");
    &rest[rest.find('/').expect("a path")..]
}

/// Puts a value where a dotted path points; objects on the way are made, numbers are places in a list.
pub(crate) fn set(body: &mut Value, path: &str, value: Value) {
    let mut at = body;
    for part in path.split('.') {
        at = match part.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[part],
        };
    }
    *at = value;
}

/// A request like this one with one place changed.
pub(crate) fn with(body: &Value, path: &str, value: Value) -> Value {
    let mut body = body.clone();
    set(&mut body, path, value);
    body
}

/// The fields that a 422 names. Every one has a message.
pub(crate) fn invalid_fields(answer: &Answer) -> BTreeSet<String> {
    assert_eq!(answer.status, 422, "{}", answer.text());
    let body = answer.json();
    let fields = body["invalidFields"].as_array().unwrap_or_else(|| panic!("no invalidFields: {body}"));
    let name = |field: &Value| {
        assert!(field["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
        field["field"].as_str().expect("a field").to_owned()
    };
    fields.iter().map(name).collect()
}

pub(crate) fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&name| name.to_owned()).collect()
}

/// Every member name in a JSON value, at any depth.
pub(crate) fn members(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) => {
            map.iter().flat_map(|(name, value)| members(value).into_iter().chain([name.clone()])).collect()
        }
        Value::Array(list) => list.iter().flat_map(members).collect(),
        _ => BTreeSet::new(),
    }
}

/// Nothing of what may never be returned is in an answer: neither a member nor the number itself.
pub(crate) fn assert_masked(answer: &Answer, pan: &str) {
    let (text, headers) = (answer.text(), format!("{:?}", answer.headers));
    assert!(!text.contains(pan) && !headers.contains(pan), "the number is in the answer: {text}");
    let found = members(&answer.json());
    for never in ["pan", "cvv", "encryptedCvv", "leadSource"] {
        assert!(!found.contains(never), "{never} is in the answer: {text}");
    }
}

/// Everything that the caller sent in `sent` comes back in `got`; what is more is one of `allowed`.
pub(crate) fn assert_echoed(sent: &Value, got: &Value, allowed: &[&str]) {
    let (sent, got) = (sent.as_object().expect("an object"), got.as_object().expect("an object"));
    for (name, value) in sent {
        assert_eq!(got.get(name), Some(value), "{name}");
    }
    for name in got.keys() {
        assert!(sent.contains_key(name) || allowed.contains(&name.as_str()), "{name} was not sent");
    }
}

/// What `riskMetadata` may hold beside its inputs (6.2).
pub(crate) const DERIVED: [&str; 33] = [
    "isProxy",
    "isVpn",
    "isTor",
    "isHosting",
    "vpnServiceName",
    "hostingName",
    "isp",
    "country",
    "region",
    "city",
    "latitude",
    "longitude",
    "postalCode",
    "timeZone",
    "accuracyRadius",
    "distance",
    "hasMismatchedBillingAddressCountry",
    "hasMismatchedBankCountry",
    "hasMismatchedTimeZone",
    "hasMismatchedHolderName",
    "hasFakeName",
    "isHighRiskCountry",
    "paymentInstrumentVelocity",
    "declinedPaymentInstrumentVelocity",
    "deviceVelocity",
    "ipVelocity",
    "emailVelocity",
    "billingAddressVelocity",
    "paymentInstrumentApprovedTransactionCount",
    "score",
    "ipAddress",
    "httpHeaders",
    "fingerprint",
];
