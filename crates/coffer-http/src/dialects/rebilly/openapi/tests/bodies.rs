//! Requests that are right, with every member that they may have.

use serde_json::{Value, json};

fn address() -> Value {
    json!({ "firstName": "Ada", "lastName": "Lovelace", "organization": "o", "address": "a", "address2": "b",
        "city": "c", "region": "r", "country": "GB", "postalCode": "WC2N 5NF", "dob": "1815-12-10", "jobTitle": "j",
        "phoneNumbers": [{ "label": "main", "value": "1", "primary": true }],
        "emails": [{ "label": "main", "value": "ada@example.com", "primary": false }] })
}

fn risk() -> Value {
    json!({ "ipAddress": "192.0.2.1", "fingerprint": "f", "httpHeaders": { "Accept": "*/*" },
        "browserData": { "colorDepth": 24, "isJavaEnabled": false, "language": "en", "screenWidth": 1,
            "screenHeight": 1,
            "timeZoneOffset": -60, "isAdBlockEnabled": true },
        "extraData": { "kountFraudSessionId": "0123456789", "payPalMerchantSessionId": "p",
            "threatMetrixSessionId": "t-_1" } })
}

/// `POST /tokens`, one for each family of methods and each form of account.
pub(super) fn tokens() -> Vec<Value> {
    let instruments = [
        ("payment-card", json!({ "pan": "4111111111111111", "cvv": "123", "expMonth": 12, "expYear": 2035 })),
        ("payment-card", json!({ "expMonth": 12, "expYear": 2035 })),
        (
            "ach",
            json!({ "accountNumberType": "BBAN", "accountNumber": "12345", "routingNumber": "021000021",
                "accountType": "checking", "bic": "b", "bankName": "n" }),
        ),
        (
            "echeck",
            json!({ "accountNumberType": "IBAN", "accountNumber": "DE89 3704 0044 0532 0130 00", "bic": "b" }),
        ),
        ("paypal", json!({ "paypalMerchantId": "m", "billingAgreementToken": "t" })),
        (
            "digital-wallet",
            json!({ "type": "Apple Pay", "amount": 1.5, "currency": "USD", "descriptor": "d", "payload": {} }),
        ),
        ("plaid-account", json!({ "linkToken": "l", "publicToken": "p", "accountId": "a" })),
        ("Khelocard", json!({ "number": "1234567890", "cvv": "123", "expMonth": 12, "expYear": 2035 })),
        ("Klarna", json!({ "klarnaAuthorizationToken": "t", "klarnaSessionId": "s" })),
    ];
    let mut bodies: Vec<Value> = instruments
        .into_iter()
        .map(|(method, instrument)| {
            json!({ "method": method, "paymentInstrument": instrument, "billingAddress": address() })
        })
        .collect();
    bodies[0]["riskMetadata"] = risk();
    bodies[0]["fingerprint"] = json!("f");
    bodies[0]["leadSource"] = json!({ "medium": "m", "path": "p", "referrer": "https://example.com" });
    bodies.push(
        json!({ "method": "cryptocurrency", "walletName": "n", "walletAddress": "a", "walletCurrency": "c",
        "walletNetwork": "w", "billingAddress": address() }),
    );
    bodies.push(json!({ "method": "PIX", "billingAddress": address() }));
    bodies
}

/// `POST /payment-instruments`, in every form.
pub(super) fn instruments() -> Vec<Value> {
    let own = json!({ "customerId": "c", "customFields": { "a": 1 }, "useAsBackup": true });
    let plain = [
        json!({ "token": "4f6cf35x-2c4y-483z-a0a9-158621f77a21" }),
        json!({ "method": "payment-card", "pan": "4111111111111111", "cvv": "123", "expMonth": 12, "expYear": 2035,
            "billingAddress": address(), "riskMetadata": risk() }),
        json!({ "method": "ach", "accountNumberType": "BBAN", "accountNumber": "12345", "routingNumber": "1",
            "accountType": "savings", "billingAddress": address() }),
        json!({ "method": "ach", "accountNumberType": "IBAN", "accountNumber": "DE89370400440532013000",
            "billingAddress": address() }),
        json!({ "method": "paypal", "billingAddress": address() }),
        json!({ "method": "cash", "billingAddress": address(), "referenceData": { "voucher": "A1" } }),
    ];
    let whole = |mut plain: Value| {
        plain.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        plain
    };
    plain.into_iter().map(whole).collect()
}

/// `PATCH /payment-instruments/{id}`.
pub(super) fn patches() -> Vec<Value> {
    vec![
        json!({ "token": "t", "cvv": "123", "expMonth": 12, "expYear": 2035, "bankName": "n",
            "accountType": "other", "billingAddress": address(), "stickyGatewayAccountId": "gw_acc_1",
            "customFields": {}, "useAsBackup": false }),
        json!({ "stickyGatewayAccountId": null }),
        json!({ "expMonth": 12 }),
        json!({ "expYear": 2035, "bankName": "" }),
        json!({}),
    ]
}

/// `POST /customers` and `PUT /customers/{id}`.
pub(super) fn customers() -> Vec<Value> {
    vec![
        json!({ "paymentToken": "t", "defaultPaymentInstrumentId": "inst_1", "primaryAddress": address(),
            "websiteId": "w", "preferredPayoutInstrumentId": "p", "customFields": { "a": [1] }, "locale": "en",
            "personId": "p", "notificationEmails": ["ada@example.com"], "leadSource": { "source": "s" } }),
        json!({ "defaultPaymentInstrumentId": null }),
    ]
}

/// `POST /storefront/payment-instruments`.
pub(super) fn own() -> Vec<Value> {
    vec![json!({ "token": "t", "customFields": { "a": null } })]
}

/// `PATCH /storefront/payment-instruments/{id}`.
pub(super) fn own_patches() -> Vec<Value> {
    vec![json!({ "token": "t", "customFields": {}, "billingAddress": address() }), json!({})]
}
