//! Readers and their schemas say the same of a request. Every member of good requests is left out and replaced by what
//! is wrong in some way; only rules that no schema can say may tell the two apart.

use coffer_types::Timestamp;
use serde_json::{Value, json};

use super::{
    super::super::wire::{CreateRequest, CustomerRequest, PatchRequest, StorefrontRequest, TokenRequest},
    bodies, document,
};
use crate::json::Node;

/// A reader: whether it takes a body.
type Reader = fn(&Node<'_>, Timestamp) -> bool;

/// Members with rules that no schema says: check digits, brands, a calendar, the present time.
const BEYOND: [&str; 6] = ["pan", "cvv", "expMonth", "expYear", "accountNumber", "dob"];

fn readers() -> Vec<(&'static str, Vec<Value>, Reader)> {
    vec![
        ("TokenRequest", bodies::tokens(), |body, now| TokenRequest::read(body, now).is_ok()),
        ("PaymentInstrumentRequest", bodies::instruments(), |body, now| {
            CreateRequest::read(body, now).is_ok()
        }),
        ("PaymentInstrumentPatch", bodies::patches(), |body, now| PatchRequest::read(body, now).is_ok()),
        ("CustomerRequest", bodies::customers(), |body, _| CustomerRequest::read(body).is_ok()),
        ("StorefrontPaymentInstrumentRequest", bodies::own(), |body, _| {
            StorefrontRequest::read_create(body).is_ok()
        }),
        ("StorefrontPaymentInstrumentPatch", bodies::own_patches(), |body, _| {
            StorefrontRequest::read_patch(body).is_ok()
        }),
    ]
}

/// Texts that some rule refuses, or none does.
#[rustfmt::skip]
const TEXTS: [&str; 57] = [
    "", "x", "ab", " ", "\n", "a\n", "\u{85}", "\u{feff}", "a\u{a0}b", "a\u{1f}", "é", "GB", "gb",
    "G\u{c4}", "USD", "12", "123", "1234", "12345", "٣٣٣", "000000000000000000", "1 2", "card", "paypal",
    "payment-card", "ach", "IBAN", "1.2.3.4", "1.2.3.256", "01.2.3.4", "::1", "::ffff:1.2.3.4", "::g",
    "fe80::1%1", "1::2::3", ":", "2000-02-29", "2001-02-29", "2000-13-01", "+200-01-01", "20000-1-01",
    "0000-01-01", "2000-01-01\n", "a@b", "a@b@c", "a@b@", "@b", "@", "a b@c", "a@b\u{feff}", "a@b\u{85}",
    "DE89370400440532013000", " de89370400440532013000 ", "8E89370400440532013000",
    "DEX9370400440532013000", "DE89-3704-0044-0532", "Apple Pay",
];

/// What a member is replaced by.
fn values() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(13),
        json!(-1),
        json!(12.0),
        json!(0.5),
        json!(1e300),
        json!(i64::MAX),
        json!([]),
        json!([{}]),
        json!([null]),
        json!(vec![json!({ "label": "a", "value": "a@b" }); 65]),
        json!(vec!["a@b"; 65]),
        json!({}),
        json!({ "a": "b" }),
        json!({ "a": 1 }),
    ];
    values.extend(TEXTS.map(Value::from));
    values.extend(
        [9, 10, 11, 20, 32, 33, 35, 36, 45, 46, 50, 51, 60, 61, 255, 256, 512, 513, 2_084, 4_097]
            .map(|length| Value::from("7".repeat(length))),
    );
    values
}

/// Every place in a value, as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut go = |name: &str, inner: &Value| {
        let place = format!("{at}/{name}");
        places(inner, &place, found);
        found.push(place);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, inner)| go(name, inner)),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, inner)| go(&index.to_string(), inner));
        }
        _ => {}
    }
}

/// The body without the member at a place, and with each other value there.
fn changed(body: &Value, place: &str) -> Vec<Value> {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let mut all: Vec<Value> = values()
        .into_iter()
        .map(|value| {
            let mut body = body.clone();
            *body.pointer_mut(place).unwrap() = value;
            body
        })
        .collect();
    let mut without = body.clone();
    match without.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.remove(name)),
        other => drop(other.as_array_mut().unwrap().remove(name.parse().unwrap())),
    }
    all.push(without);
    all
}

#[test]
fn readers_and_schemas_agree_on_every_member() {
    let document = document();
    let now = super::NOW;
    for (name, bodies, read) in readers() {
        let mut schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        schema["components"] = document["components"].clone();
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let says = |body: &Value| {
            let text = body.to_string();
            (read(&crate::json::parse(text.as_bytes()).unwrap(), now), validator.is_valid(body))
        };
        let (mut taken, mut refused) = (0, 0);
        for body in bodies {
            assert_eq!(says(&body), (true, true), "{name}: {body}");
            let mut all = Vec::new();
            places(&body, "", &mut all);
            for place in all {
                let beyond = BEYOND.iter().any(|member| place.ends_with(&format!("/{member}")));
                for body in changed(&body, &place) {
                    // What is not there breaks no such rule.
                    let beyond = beyond && body.pointer(&place).is_some_and(|value| !value.is_null());
                    match says(&body) {
                        (true, true) => taken += 1,
                        (false, false) => refused += 1,
                        (false, true) if beyond => {}
                        (reader, schema) => {
                            panic!("{name} {place}: reader {reader}, schema {schema}: {body}")
                        }
                    }
                }
            }
        }
        assert!(taken > 20 && refused > 50, "{name}: both ways: {taken} and {refused}");
    }
}

#[test]
fn whatever_is_no_object_is_refused_by_both() {
    let document = document();
    for (name, _, read) in readers() {
        for body in [json!(null), json!([]), json!("x"), json!(7)] {
            let text = body.to_string();
            assert!(
                !read(&crate::json::parse(text.as_bytes()).unwrap(), Timestamp::from_millis(0)),
                "{name}"
            );
            assert!(!super::takes(&document, name, &body), "{name}: {body}");
        }
    }
}
