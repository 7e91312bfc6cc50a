//! Card attributes from the operator's card ranges (section 7: `bankCountry`, `bankName`).

use serde_json::{Value, json};

use super::{
    calls::INSTRUMENTS,
    world::{ALPHA_KEY, World},
};

/// A number, and country and name of its bank as an instrument shows them.
fn banks() -> [(&'static str, &'static str, Value, Value); 6] {
    [
        // The range of eight digits wins over the one of six.
        ("4111111111111111", "Visa", json!("US"), json!("Eight Digit Bank")),
        ("5555555555554444", "MasterCard", json!("DE"), json!("Bank, Gift & Co")),
        ("378282246310005", "American Express", Value::Null, json!("Bank of No Country")),
        ("6011111111111117", "Discover", json!("US"), Value::Null),
        ("4000000000000002", "Visa", Value::Null, Value::Null),
        // Our own ranges say Maestro; the operator's word goes before.
        ("6759641111111119", "MasterCard", Value::Null, Value::Null),
    ]
}

fn assert_bank(shown: &Value, pan: &str, country: &Value, bank: &Value) {
    for (name, expected) in [("bankCountry", country), ("bankName", bank)] {
        let found = shown.get(name).unwrap_or(&Value::Null);
        assert_eq!(found, expected, "{name} of {pan}: {shown}");
    }
}

#[test]
fn an_instrument_shows_its_bank_and_a_token_does_not() {
    let mut world = World::new("");
    for (turn, (pan, brand, country, bank)) in banks().into_iter().enumerate() {
        let card = json!({"pan": pan, "expMonth": 12, "expYear": 2035});
        let made = world.token(&json!({"method": "payment-card", "paymentInstrument": card}));
        let shown = json!({"expMonth": 12, "expYear": 2035, "bin": &pan[..6], "last4": &pan[pan.len() - 4..],
            "brand": brand});
        assert_eq!(made["paymentInstrument"], shown);
        let mut plain = card;
        plain["method"] = json!("payment-card");
        plain["customerId"] = json!(format!("cus_plain_{turn}"));
        plain["billingAddress"] = json!({"country": "GB"});
        let by_token = json!({"token": made["id"], "customerId": format!("cus_{turn}")});
        for body in [by_token, plain] {
            let text = body.to_string();
            let kept = world.client.call("POST", INSTRUMENTS, &[ALPHA_KEY], text.as_bytes());
            assert_eq!(kept.status, 201, "{}", kept.text());
            assert_bank(&kept.json(), pan, &country, &bank);
            assert_eq!(kept.json()["brand"], brand);
            let path = format!("{INSTRUMENTS}/{}", kept.json()["id"].as_str().unwrap());
            let read = world.client.call("GET", &path, &[ALPHA_KEY], b"");
            assert_eq!(read.json(), kept.json());
        }
    }
}

#[test]
fn another_number_brings_another_bank_and_a_partial_token_does_not() {
    let mut world = World::new("");
    let card = |pan: Option<&str>| {
        let card = json!({"pan": pan, "expMonth": 10, "expYear": 2037});
        json!({"method": "payment-card", "paymentInstrument": card})
    };
    let made = world.token(&card(Some("4111111111111111")));
    let body = json!({"token": made["id"], "customerId": "cus_1"}).to_string();
    let kept = world.client.call("POST", INSTRUMENTS, &[ALPHA_KEY], body.as_bytes()).json();
    let path = format!("{INSTRUMENTS}/{}", kept["id"].as_str().unwrap());
    for (pan, last4, country, bank) in [
        (None, "1111", "US", "Eight Digit Bank"),
        (Some("5555555555554444"), "4444", "DE", "Bank, Gift & Co"),
        (None, "4444", "DE", "Bank, Gift & Co"),
    ] {
        let update = world.token(&card(pan));
        let body = json!({"token": update["id"]}).to_string();
        let now = world.client.call("PATCH", &path, &[ALPHA_KEY], body.as_bytes());
        assert_eq!(now.status, 200, "{}", now.text());
        assert_bank(&now.json(), last4, &json!(country), &json!(bank));
        assert_eq!((&now.json()["last4"], &now.json()["expYear"]), (&json!(last4), &json!(2037)));
    }
}
