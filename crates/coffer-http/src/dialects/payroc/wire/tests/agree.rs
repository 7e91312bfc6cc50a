//! Readers and their schemas say the same of a request. Every member of good requests is left out and replaced by
//! what is wrong in some way, one by one and several at once; only rules that no schema can say may tell the two
//! apart.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use super::{
    super::{
        create::{ApplePayRequest, SecureRequest, SessionRequest, SingleUseRequest, UpdateAccountRequest},
        form_fields::Field,
        patch::PatchRequest,
        payment::{BankTransferRequest, PaymentRequest},
    },
    TAKING,
    bodies::{
        all_fields, all_payments, all_secure, all_single_use, all_transfers, cards, customer, of_card, patch,
        token,
    },
};
use crate::{form::describe, json::Node};

/// A reader: whether it takes a body.
type Reader = fn(&Node<'_>) -> bool;

/// Members with rules that no schema says: check digits, what is inside of data, the present time, a calendar.
const BEYOND: [&str; 6] = ["cardNumber", "maskedPan", "expiryDate", "trackData", "rawData", "iccData"];

fn readers() -> Vec<(&'static str, Vec<Value>, Value, Reader)> {
    let sessions =
        vec![json!({ "libVersion": "1.7.0.261457", "scenario": "payment", "secureTokenId": "a b" })];
    let apple = vec![json!({ "appleDomainId": "d", "appleValidationUrl": "https://apple.example" })];
    let update = vec![json!({ "type": "singleUseToken", "token": token() })];
    vec![
        ("single-use", all_single_use(), describe(|body| SingleUseRequest::fields(body, TAKING)), |body| {
            SingleUseRequest::read(body, TAKING).is_ok()
        }),
        ("secure", all_secure(), describe(|body| SecureRequest::fields(body, TAKING)), |body| {
            SecureRequest::read(body, TAKING).is_ok()
        }),
        ("session", sessions, describe(SessionRequest::fields), |body| SessionRequest::read(body).is_ok()),
        ("update", update, describe(UpdateAccountRequest::fields), |body| {
            UpdateAccountRequest::read(body).is_ok()
        }),
        ("apple", apple, describe(ApplePayRequest::fields), |body| ApplePayRequest::read(body).is_ok()),
        ("payment", all_payments(), describe(|body| PaymentRequest::fields(body, TAKING)), |body| {
            PaymentRequest::read(body, TAKING).is_ok()
        }),
        ("transfer", all_transfers(), describe(BankTransferRequest::fields), |body| {
            BankTransferRequest::read(body).is_ok()
        }),
        ("field", all_fields(), describe(Field::fields), |body| Field::read(body).is_ok()),
        ("patch", vec![patch()], PatchRequest::schema(), |body| PatchRequest::read(body).is_ok()),
    ]
}

/// A reader beside its schema.
struct Both {
    name: &'static str,
    validator: jsonschema::Validator,
    read: Reader,
}

impl Both {
    fn new(name: &'static str, schema: &Value, read: Reader) -> Self {
        let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
        Self { name, validator, read }
    }

    /// What both say; `beyond` is whether a schema may take what the reader does not.
    fn agree(&self, body: &Value, beyond: bool) -> Option<bool> {
        let text = body.to_string();
        let reader = (self.read)(&crate::json::parse(text.as_bytes()).unwrap());
        let schema = self.validator.is_valid(body);
        match (reader, schema) {
            (false, true) if beyond => None,
            _ => {
                assert_eq!(reader, schema, "{}: the reader, then the schema: {body}", self.name);
                Some(reader)
            }
        }
    }
}

/// The body with another value at a place, or with none there.
fn another(body: &Value, place: &str, value: Option<Value>) -> Value {
    let mut body = body.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    match (value, body.pointer_mut(parent)) {
        (Some(value), Some(_)) => *body.pointer_mut(place).unwrap() = value,
        (None, Some(Value::Object(members))) => drop(members.remove(name)),
        (None, Some(Value::Array(elements))) => drop(elements.remove(name.parse().unwrap())),
        _ => unreachable!("a place is in an object or a list"),
    }
    body
}

/// Whether a rule that no schema says could be broken: such a member is there.
fn may_be_beyond(body: &Value) -> bool {
    match body {
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| BEYOND.contains(&name.as_str()) && !value.is_null() || may_be_beyond(value)),
        Value::Array(elements) => elements.iter().any(may_be_beyond),
        _ => false,
    }
}

/// Texts that some rule refuses, or none does.
#[rustfmt::skip]
const TEXTS: [&str; 53] = [
    "", "x", "xy", " ", "\n", "a\n", " a", "a ", "\u{85}", "\u{feff}", "\u{feff}a", "a\u{a0}", "a\u{1f}b", "\u{7f}",
    "é", ".", "..", "...", "a/b", "a\\b", "?", "US", "us", "U\u{c4}", "1", "12", "123", "1234", "12345", "123456",
    "1234567", "123456789", "٣٣٣", "0330", "1330", "0030", "00ff", "00FG", "1.2.3.4", "1.2.3.256", "01.2.3.4",
    "1.2.3", "1.2.3.", "::1", "::ffff:1.2.3.4", "::g", "2000-02-29", "2001-02-29", "2000-01-01\n", "card", "ach",
    "keyed", "plainText",
];

/// What a member is replaced by.
fn values() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(12.5),
        json!([]),
        json!([{}]),
        json!([null]),
        json!(vec![json!({ "name": "a", "value": "b" }); 51]),
        json!(vec![json!({ "type": "fax", "value": "b" }); 21]),
        json!({}),
        json!({ "a": "b" }),
    ];
    values.extend(TEXTS.map(Value::from));
    // Digits that no check digit makes a card number of.
    values.extend(
        [
            8, 9, 10, 11, 12, 13, 17, 18, 20, 21, 29, 30, 39, 40, 50, 51, 64, 65, 100, 101, 127, 128, 129,
            200, 201,
        ]
        .map(|length| Value::from("7".repeat(length))),
    );
    values.extend(
        [230, 231, 255, 256, 500, 501, 2_048, 2_049, 8_192, 8_193]
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

#[test]
fn readers_and_schemas_agree_on_every_member() {
    for (name, bodies, schema, read) in readers() {
        let both = Both::new(name, &schema, read);
        let (mut taken, mut refused) = (0, 0);
        for body in bodies {
            assert_eq!(both.agree(&body, false), Some(true), "{name}: {body}");
            let mut all = Vec::new();
            places(&body, "", &mut all);
            for place in all {
                let beyond = BEYOND.iter().any(|member| place.ends_with(&format!("/{member}")));
                for value in values().into_iter().map(Some).chain([None]) {
                    let beyond = beyond && value.as_ref().is_some_and(|value| !value.is_null());
                    match both.agree(&another(&body, &place, value), beyond) {
                        Some(true) => taken += 1,
                        Some(false) => refused += 1,
                        None => {}
                    }
                }
            }
        }
        assert!(taken > 0 && refused > 20, "{name}: both ways: {taken} and {refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Several members at once, and members that take each other's place.
    #[test]
    fn readers_and_schemas_agree_on_whatever_is_done_to_a_request(
        reader in any::<Index>(),
        body in any::<Index>(),
        changes in vec((any::<Index>(), any::<Index>(), 0..4), 1..5),
    ) {
        let mut readers = readers();
        let (name, bodies, schema, read) = readers.swap_remove(reader.index(readers.len()));
        let both = Both::new(name, &schema, read);
        let mut body = body.get(&bodies).clone();
        let values = values();
        for (place, value, kind) in changes {
            let mut all = Vec::new();
            places(&body, "", &mut all);
            if all.is_empty() {
                break;
            }
            let value = match kind {
                0 => None,
                1 => body.pointer(&all[value.index(all.len())]).cloned(),
                _ => Some(value.get(&values).clone()),
            };
            body = another(&body, &all[place.index(all.len())], value);
        }
        both.agree(&body, may_be_beyond(&body));
    }
}

#[test]
fn what_is_neither_an_object_nor_a_list_is_refused_by_both() {
    for (name, _, schema, read) in readers() {
        let both = Both::new(name, &schema, read);
        for body in [json!(null), json!("x"), json!(7)] {
            assert_eq!(both.agree(&body, false), Some(false), "{name}: {body}");
        }
        both.agree(&json!([]), false);
        both.agree(&json!({}), false);
    }
}

/// The schema says of secrets that they are taken and never given back, and that there is no place for a PIN.
#[test]
fn secrets_are_write_only_and_pins_have_no_place() {
    let schema = describe(|body| SingleUseRequest::fields(body, TAKING)).to_string();
    let secure = describe(|body| SecureRequest::fields(body, TAKING)).to_string();
    for name in
        ["cardNumber", "cvv", "trackData", "rawData", "iccData", "encryptedPan", "dataKsn", "issueNumber"]
    {
        let member = schema.split_once(&format!("\"{name}\":{{")).unwrap().1;
        assert!(member.split_once('}').unwrap().0.contains("\"writeOnly\":true"), "{name}");
    }
    for schema in [schema, secure] {
        assert!(schema.contains("\"pinDetails\":{\"type\":\"null\"}"));
    }
}

/// Examples of the reference and of its companion document.
#[test]
fn the_published_examples_are_in_the_schemas() {
    let single_use = describe(|body| SingleUseRequest::fields(body, TAKING));
    let secure = describe(|body| SecureRequest::fields(body, TAKING));
    let card = json!({ "channel": "web", "operator": "Jane", "source": { "type": "card", "cardDetails": {
        "entryMethod": "keyed", "keyedData": { "dataFormat": "plainText", "cardNumber": "4539858876047062",
        "expiryDate": "1230", "cvv": "234" }, "cardholderName": "Sarah Hazel Hopper" } } });
    let token = json!({ "secureTokenId": "MREF_abc1de23-f4a5-6789-bcd0-12e345678901fa", "operator": "Jane",
        "mitAgreement": "unscheduled", "customer": customer(),
        "ipAddress": { "type": "ipv4", "value": "104.18.24.203" },
        "source": { "type": "singleUseToken", "token": token() },
        "threeDSecure": { "type": "gatewayThreeDSecure", "mpiReference": "mpiReference" },
        "customFields": [{ "name": "yourCustomField", "value": "abc123" }] });
    assert!(jsonschema::draft202012::new(&single_use).unwrap().is_valid(&card));
    assert!(jsonschema::draft202012::new(&secure).unwrap().is_valid(&token));
    assert!(super::single_use(&card).is_ok() && super::secure(&token).is_ok());
    let (_, icc) = cards().swap_remove(6);
    assert!(jsonschema::draft202012::new(&single_use).unwrap().is_valid(&of_card(&icc)));
}
