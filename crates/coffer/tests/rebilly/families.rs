//! One valid token of every family of methods (section 5): what is sent, what comes back, what only a redeem opens.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::calls::members;
use crate::support::Answer;

/// The code of every card here. So short that it is looked for as a value, not as a part of a text.
pub(crate) const CODE: &str = "987";

/// What is sent with every token and comes back with none.
pub(crate) const SOURCE: &str = "lead-source-of-this-test";

/// One valid request.
pub(crate) struct Family {
    /// Which form of which method.
    pub(crate) name: &'static str,
    pub(crate) body: Value,
    /// `paymentInstrument` of the answer.
    pub(crate) shown: Option<Value>,
    /// What must be in no answer, but in the redeem's.
    pub(crate) secret: Option<&'static str>,
    /// What a redeem opens: one member, `card`, `account` or `other`.
    pub(crate) clear: Value,
}

/// A family whose method is `method` and whose instrument is `sent`. Only what needs an address has one.
fn family(name: &'static str, method: &str, sent: Option<Value>, needs_address: bool) -> Family {
    let mut body = json!({"method": method, "leadSource": {"source": SOURCE}});
    if let Some(sent) = sent {
        body["paymentInstrument"] = sent;
    }
    if needs_address {
        body["billingAddress"] = json!({"firstName": "Ada", "lastName": "Lovelace", "country": "GB"});
    }
    Family { name, body, shown: None, secret: None, clear: json!({"other": {}}) }
}

/// One of every form.
pub(crate) fn families() -> Vec<Family> {
    let mut all = cards();
    all.extend(banks());
    all.extend(agreements());
    all.extend([cryptocurrency(), family("alternative", "Skrill Rapid Transfer", None, true)]);
    all
}

fn cards() -> Vec<Family> {
    let expiry = json!({"expMonth": 11, "expYear": 2036});
    let with = |members: Value| {
        let mut all = expiry.clone();
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        all
    };
    let pan = "5105105105105100";
    vec![
        Family {
            shown: Some(with(json!({"bin": "510510", "last4": "5100", "brand": "MasterCard"}))),
            secret: Some(pan),
            clear: json!({"card": with(json!({"pan": pan, "cvv": CODE}))}),
            ..family("card", "payment-card", Some(with(json!({"pan": pan, "cvv": CODE}))), false)
        },
        Family {
            shown: Some(with(json!({"bin": null, "last4": null}))),
            clear: json!({"card": with(json!({"cvv": CODE}))}),
            ..family("partial card", "payment-card", Some(with(json!({"cvv": CODE}))), false)
        },
        Family {
            shown: Some(with(json!({"last4": "4242"}))),
            secret: Some("4242424242424242"),
            clear: json!({"other": with(json!({"number": "4242424242424242", "cvv": CODE}))}),
            ..family(
                "Khelocard",
                "Khelocard",
                Some(with(json!({"number": "4242424242424242", "cvv": CODE}))),
                true,
            )
        },
    ]
}

fn banks() -> Vec<Family> {
    let names = json!({"bic": "NEDSZAJJXXX", "bankName": "First Example Bank"});
    let with = |members: Value| {
        let mut all = names.clone();
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        all
    };
    let bban = |number: Value| {
        with(json!({"accountNumberType": "BBAN", "routingNumber": "021000021", "accountType": "checking",
            "accountNumber": number}))
    };
    let iban = "DE89370400440532013000";
    let mut all = Vec::new();
    for (national, international, method) in
        [("ach BBAN", "ach IBAN", "ach"), ("echeck BBAN", "echeck IBAN", "echeck")]
    {
        let mut shown = bban(json!(null));
        shown.as_object_mut().unwrap().remove("accountNumber");
        shown["last4"] = json!("6789");
        all.push(Family {
            shown: Some(shown),
            secret: Some("000023456789"),
            clear: json!({"account": {"number": "000023456789", "routingNumber": "021000021"}}),
            ..family(national, method, Some(bban(json!("000023456789"))), true)
        });
        all.push(Family {
            shown: Some(with(json!({"accountNumberType": "IBAN", "last4": "3000"}))),
            secret: Some(iban),
            clear: json!({"account": {"number": iban}}),
            ..family(
                international,
                method,
                Some(with(json!({"accountNumberType": "IBAN", "accountNumber": iban}))),
                true,
            )
        });
    }
    all
}

fn agreements() -> Vec<Family> {
    let paypal = json!({"paypalMerchantId": "MERCHANT-1", "billingAgreementToken": "BA-8A802366G0648845Y"});
    let klarna = json!({"klarnaAuthorizationToken": "auth-7f", "klarnaSessionId": "session-7f"});
    let plaid = json!({"publicToken": "public-sandbox-1", "accountId": "account-1"});
    let mut plaid_sent = plaid.clone();
    plaid_sent["linkToken"] = json!("link-sandbox-never-shown");
    let wallet =
        json!({"type": "Apple Pay", "amount": 12.5, "currency": "USD", "descriptor": "Example shop"});
    let mut wallet_sent = wallet.clone();
    wallet_sent["payload"] = json!({"data": "sealed-by-the-wallet", "header": {"n": [1, null, true, "x"]}});
    vec![
        Family {
            shown: Some(paypal.clone()),
            clear: json!({"other": paypal}),
            ..family("paypal", "paypal", Some(paypal.clone()), false)
        },
        Family {
            shown: Some(klarna.clone()),
            clear: json!({"other": klarna}),
            ..family("Klarna", "Klarna", Some(klarna.clone()), false)
        },
        Family {
            shown: Some(plaid),
            secret: Some("link-sandbox-never-shown"),
            clear: json!({"other": plaid_sent}),
            ..family("plaid", "plaid-account", Some(plaid_sent.clone()), true)
        },
        Family {
            shown: Some(wallet),
            secret: Some("sealed-by-the-wallet"),
            clear: json!({"other": wallet_sent}),
            ..family("wallet", "digital-wallet", Some(wallet_sent.clone()), false)
        },
    ]
}

/// Its members stand beside the instrument, which it has not.
pub(crate) fn wallet_members() -> Value {
    json!({"walletName": "Cold", "walletAddress": "bc1q-example", "walletCurrency": "BTC", "walletNetwork": "main"})
}

fn cryptocurrency() -> Family {
    let mut crypto = family("cryptocurrency", "cryptocurrency", None, false);
    crypto.body.as_object_mut().unwrap().extend(wallet_members().as_object().unwrap().clone());
    Family { clear: json!({"other": wallet_members()}), ..crypto }
}

/// Everything that is no object and no list in a JSON value, as text.
fn leaves(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) => map.values().flat_map(leaves).collect(),
        Value::Array(list) => list.iter().flat_map(leaves).collect(),
        Value::String(text) => BTreeSet::from([text.clone()]),
        other => BTreeSet::from([other.to_string()]),
    }
}

/// Nothing that is only written is in an answer: neither by name, nor by value.
pub(crate) fn assert_nothing_secret(family: &Family, answer: &Answer, also_named: &[&str]) {
    let (body, text) = (answer.json(), format!("{:?}{}", answer.headers, answer.text()));
    let found = members(&body);
    let only_written =
        ["pan", "cvv", "encryptedCvv", "accountNumber", "linkToken", "payload", "leadSource", "number"];
    for name in only_written.iter().filter(|name| !also_named.contains(name)) {
        assert!(!found.contains(*name), "{}: {name} is in {text}", family.name);
    }
    assert!(!leaves(&body).contains(CODE), "{}: the code is in {text}", family.name);
    for secret in family.secret.into_iter().chain([SOURCE]) {
        assert!(!text.contains(secret), "{}: {secret} is in {text}", family.name);
    }
}
