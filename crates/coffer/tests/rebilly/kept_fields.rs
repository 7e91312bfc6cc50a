//! The merchant's own fields of instruments: `customFields`, and `referenceData` of alternative methods. They are kept
//! and shown as they came, so nothing of a card may be in them.

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, get, invalid_fields, names, with},
    kinds::{address, assert_has, id, instrument, keep, kept, patched},
};
use crate::support::{Node, SECRET, card, create, exchange, home};

#[test]
fn custom_fields_take_no_card_number_and_no_code() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let token = create(&mut client, &card());
    let large = json!({"text": "x".repeat(8_192)});
    for fields in [
        json!({"note": "4111 1111 1111 1111"}),
        json!({"deep": [{"CVV": "123"}]}),
        json!({"number": 4_111_111_111_111_111_u64}),
        large,
    ] {
        let body = json!({"token": token, "customerId": "cus_1", "customFields": fields}).to_string();
        let answer = client.call("POST", INSTRUMENTS, &[SECRET], body.as_bytes());
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(answer.json()["invalidFields"][0]["field"], "customFields");
        assert!(!answer.text().contains("4111"), "{}", answer.text());
        let customer = json!({"customFields": fields}).to_string();
        let answer = client.call("PUT", "/rebilly/customers/cus_1", &[SECRET], customer.as_bytes());
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    assert_eq!(exchange(&mut client, &token, "cus_1").status, 201, "nothing was used up");
}

fn alternative(reference_data: &Value) -> Value {
    json!({"method": "iDEAL", "billingAddress": address(), "referenceData": reference_data})
}

#[test]
fn reference_data_of_an_alternative_is_kept_and_shown() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let data = json!({"gatewayTransactionId": "GAT123", "note": ""});
    let made = kept(&mut client, &alternative(&data), "cus_1");
    assert_eq!(made["referenceData"], data);
    assert_eq!(instrument(&mut client, id(&made)), made);
    assert_eq!(get(&mut client, INSTRUMENTS).json(), json!([made]));
    // It stays when it is not said, and is replaced whole when it is.
    let body = json!({"method": "iDEAL", "billingAddress": address(), "useAsBackup": true});
    let answer = keep(&mut client, &body, "cus_1");
    assert_eq!((answer.status, &answer.json()["referenceData"]), (303, &data));
    assert_has(
        &patched(&mut client, id(&made), &json!({"useAsBackup": false})),
        &json!({"referenceData": data}),
    );
    let answer = keep(&mut client, &alternative(&json!({"a": "b"})), "cus_1");
    assert_eq!((answer.status, &answer.json()["referenceData"]), (303, &json!({"a": "b"})));
    // Where there is none, there is none; a card has none.
    let none = kept(&mut client, &with(&alternative(&Value::Null), "method", json!("PIX")), "cus_1");
    assert!(none.get("referenceData").is_none(), "{none}");
    let card = with(&super::kinds::plain_card("4111111111111111"), "referenceData", data);
    assert!(kept(&mut client, &card, "cus_1").get("referenceData").is_none());
}

#[test]
fn reference_data_is_a_bounded_map_of_texts_without_cards() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let many = |count: u32| -> Value { (0..count).map(|number| (number.to_string(), json!("x"))).collect() };
    for data in [
        json!({"a": 1}),
        json!({"a": null}),
        json!({"a": {"b": "c"}}),
        json!(["a"]),
        json!("a"),
        json!({"a": "4111 1111 1111 1111"}),
        json!({"4111111111111111": "a"}),
        json!({"cvv": "123"}),
        json!({"a": "x".repeat(8_192)}),
        many(65),
    ] {
        let answer = keep(&mut client, &alternative(&data), "cus_1");
        assert_eq!(invalid_fields(&answer), names(&["referenceData"]), "{data}");
        assert!(!answer.text().contains("1111"), "{}", answer.text());
    }
    for data in [many(64), json!({"a": "x".repeat(8_000)}), json!({})] {
        let answer = keep(&mut client, &alternative(&data), "cus_1");
        assert_eq!(answer.json()["referenceData"], data);
    }
}
