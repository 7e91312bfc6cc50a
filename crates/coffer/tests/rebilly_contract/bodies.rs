//! Requests of every family of methods, with all that they may have. Only published test numbers.

use serde_json::{Value, json};

pub(crate) fn address() -> Value {
    json!({ "firstName": "Benjamin", "lastName": "Franklin", "organization": "Post", "address": "36 Craven St",
        "address2": "1", "city": "London", "region": "London", "country": "GB", "postalCode": "WC2N 5NF",
        "dob": "1980-04-01", "jobTitle": "Printer",
        "phoneNumbers": [{ "label": "main", "value": "+441234567", "primary": true }],
        "emails": [{ "label": "main", "value": "rebilly@example.com", "primary": true }] })
}

fn risk() -> Value {
    json!({ "ipAddress": "93.92.91.90", "fingerprint": "pIUt3xbgX3l9g3YDiLbx", "httpHeaders": { "Accept": "*/*" },
        "browserData": { "colorDepth": 24, "isJavaEnabled": false, "language": "en-US", "screenWidth": 1920,
            "screenHeight": 1080, "timeZoneOffset": -60, "isAdBlockEnabled": false },
        "extraData": { "kountFraudSessionId": null, "payPalMerchantSessionId": "s" } })
}

/// What the token of each family is made from, with the method of its instrument and whether the same details find the
/// same instrument again. Of a wallet's payload nobody can tell.
pub(crate) fn families() -> Vec<(Value, &'static str, bool)> {
    let families = [
        (
            "payment-card",
            json!({ "pan": "4111111111111111", "cvv": "123", "expMonth": 12, "expYear": 2035 }),
            "payment-card",
        ),
        (
            "ach",
            json!({ "accountNumberType": "BBAN", "accountNumber": "000123456789", "routingNumber": "021000021",
                "accountType": "checking", "bic": "BICXX", "bankName": "Bank" }),
            "ach",
        ),
        ("echeck", json!({ "accountNumberType": "IBAN", "accountNumber": "DE89370400440532013000" }), "ach"),
        ("paypal", json!({ "paypalMerchantId": "m", "billingAgreementToken": "t" }), "paypal"),
        (
            "digital-wallet",
            json!({ "type": "Apple Pay", "amount": 10.5, "currency": "USD", "descriptor": "Shop",
                "payload": { "data": "x" } }),
            "payment-card",
        ),
        ("plaid-account", json!({ "linkToken": "l", "publicToken": "p", "accountId": "a" }), "plaid-account"),
        (
            "Khelocard",
            json!({ "number": "1234567890123456", "cvv": "123", "expMonth": 12, "expYear": 2035 }),
            "Khelocard",
        ),
        ("Klarna", json!({ "klarnaAuthorizationToken": "t", "klarnaSessionId": "s" }), "Klarna"),
    ];
    let mut all: Vec<(Value, &str, bool)> = families
        .into_iter()
        .map(|(method, instrument, kept)| {
            let body = json!({ "method": method, "paymentInstrument": instrument, "billingAddress": address(),
                "riskMetadata": risk(), "leadSource": { "source": "newsletter" } });
            (body, kept, method != "digital-wallet")
        })
        .collect();
    let wallet = json!({ "method": "cryptocurrency", "walletName": "w", "walletAddress": "a", "walletCurrency": "BTC",
        "walletNetwork": "n", "billingAddress": address() });
    all.push((wallet, "cryptocurrency", true));
    all.push((json!({ "method": "PIX", "billingAddress": address() }), "PIX", true));
    all
}

/// A card token, with a code as long as American Express asks for or the others.
pub(crate) fn card(pan: &str) -> Value {
    let cvv = if pan.starts_with("37") { "1234" } else { "123" };
    json!({ "method": "payment-card", "billingAddress": address(),
        "paymentInstrument": { "pan": pan, "cvv": cvv, "expMonth": 12, "expYear": 2035 } })
}

/// A card token without a number.
pub(crate) fn partial() -> Value {
    json!({ "method": "payment-card", "paymentInstrument": { "expMonth": 11, "expYear": 2036 } })
}

/// Instruments that are made without a token, each for a customer of its own.
pub(crate) fn plain() -> Vec<Value> {
    let mut all = vec![
        json!({ "method": "payment-card", "pan": "5555555555554444", "cvv": "123", "expMonth": 12, "expYear": 2035,
            "riskMetadata": risk() }),
        json!({ "method": "ach", "accountNumberType": "BBAN", "accountNumber": "1234567", "routingNumber": "021000021",
            "accountType": "savings", "bankName": "Bank" }),
        json!({ "method": "ach", "accountNumberType": "IBAN", "accountNumber": "DE89 3704 0044 0532 0130 00" }),
        json!({ "method": "paypal" }),
        json!({ "method": "iDEAL" }),
    ];
    for (number, body) in all.iter_mut().enumerate() {
        body["customerId"] = json!(format!("plain_{number}"));
        body["billingAddress"] = address();
        body["customFields"] = json!({ "colour": "blue", "number": 1 });
        body["useAsBackup"] = json!(true);
    }
    all
}
