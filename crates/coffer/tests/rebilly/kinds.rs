//! Every kind of instrument: the token that it is made from, the same without a token, what it shows and what it
//! protects (4.2, 5 and 7).

use serde_json::{Value, json};

use super::calls::{INSTRUMENTS, get, post, set, token};
use crate::support::{Answer, Client, REDEEM, SECRET};

/// One way to make an instrument.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// A body for `POST /tokens`.
    pub(crate) token: Value,
    /// What changes in it when it is not the same thing any more; none where every one is new.
    pub(crate) other: Option<(&'static str, Value)>,
    /// Members of the instrument.
    pub(crate) shown: Value,
    /// What the native door reveals.
    pub(crate) clear: Value,
}

pub(crate) fn address() -> Value {
    json!({"firstName": "Benjamin", "lastName": "Franklin", "city": "London", "country": "GB"})
}

/// A body for `POST /tokens`.
fn body(method: &str, instrument: &Value) -> Value {
    let mut body = json!({"method": method, "billingAddress": address()});
    if !instrument.is_null() {
        body["paymentInstrument"] = instrument.clone();
    }
    body
}

/// All that a token can become. The one source of these tests' tables.
pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds = cards_and_accounts();
    kinds.extend(others());
    kinds
}

fn cards_and_accounts() -> Vec<Kind> {
    let card = json!({"pan": "4111111111111111", "cvv": "123", "expMonth": 12, "expYear": 2035});
    let bban = json!({
        "accountNumberType": "BBAN", "accountNumber": "123456789", "routingNumber": "021000021",
        "accountType": "checking", "bankName": "First Bank", "bic": "FIRSUS33",
    });
    let iban = json!({
        "accountNumberType": "IBAN", "accountNumber": "DE89370400440532013000", "bankName": "Zweite Bank",
    });
    let shown = json!({
        "method": "ach", "status": "active", "accountNumberType": "BBAN", "routingNumber": "021000021",
        "accountType": "checking", "bankName": "First Bank", "bic": "FIRSUS33", "last4": "6789",
    });
    let clear = json!({"account": {"number": "123456789", "routingNumber": "021000021"}});
    vec![
        Kind {
            name: "payment-card",
            token: body("payment-card", &card),
            other: Some(("paymentInstrument.pan", json!("5555555555554444"))),
            shown: json!({
                "method": "payment-card", "status": "inactive", "bin": "411111", "last4": "1111",
                "expMonth": 12, "expYear": 2035, "brand": "Visa",
            }),
            clear: json!({"card": {"pan": "4111111111111111", "expMonth": 12, "expYear": 2035}}),
        },
        Kind {
            name: "ach",
            token: body("ach", &bban),
            other: Some(("paymentInstrument.accountNumber", json!("123456780"))),
            shown: shown.clone(),
            clear: clear.clone(),
        },
        Kind {
            name: "echeck",
            token: body("echeck", &bban),
            other: Some(("paymentInstrument.routingNumber", json!("011000015"))),
            shown,
            clear,
        },
        Kind {
            name: "ach by IBAN",
            token: body("ach", &iban),
            other: Some(("paymentInstrument.accountNumber", json!("DE62370400440532013001"))),
            shown: json!({
                "method": "ach", "status": "active", "accountNumberType": "IBAN", "last4": "3000",
                "bankName": "Zweite Bank",
            }),
            clear: json!({"account": {"number": "DE89370400440532013000"}}),
        },
    ]
}

fn others() -> Vec<Kind> {
    let paypal = json!({"paypalMerchantId": "MERCHANT1", "billingAgreementToken": "EC-1AB23456CD789012E"});
    let plaid = json!({"linkToken": "link-1", "publicToken": "public-1", "accountId": "account-1"});
    let khelocard = json!({"number": "12345678901", "cvv": "321", "expMonth": 11, "expYear": 2036});
    let klarna = json!({"klarnaAuthorizationToken": "authorization-1", "klarnaSessionId": "session-1"});
    let wallet = json!({
        "type": "Apple Pay", "amount": 1.5, "currency": "EUR", "descriptor": "A shop",
        "payload": {"version": "EC_v1", "data": "c2VhbGVk"},
    });
    let coin = json!({"walletName": "mine", "walletAddress": "bc1qexample", "walletCurrency": "BTC"});
    let mut cryptocurrency = body("cryptocurrency", &Value::Null);
    for (name, value) in coin.as_object().expect("an object") {
        cryptocurrency[name] = value.clone();
    }
    let kind = |name: &'static str, instrument: &Value, field: &'static str, value: &str| Kind {
        name,
        token: body(name, instrument),
        other: Some((field, json!(value))),
        shown: json!({"method": name, "status": "active"}),
        clear: json!({"other": instrument}),
    };
    let mut wallets = kind("digital-wallet", &wallet, "", "");
    wallets.other = None;
    wallets.shown = json!({"method": "payment-card", "digitalWallet": "Apple Pay", "status": "inactive"});
    wallets.token.as_object_mut().expect("an object").remove("billingAddress");
    vec![
        Kind {
            shown: json!({"method": "paypal", "status": "inactive"}),
            ..kind("paypal", &paypal, "paymentInstrument.billingAgreementToken", "EC-2")
        },
        wallets,
        kind("plaid-account", &plaid, "paymentInstrument.accountId", "account-2"),
        Kind {
            shown: json!({
                "method": "Khelocard", "status": "active", "last4": "8901", "number": "************8901",
                "expMonth": 11, "expYear": 2036,
            }),
            clear: json!({"other": {"number": "12345678901", "expMonth": 11, "expYear": 2036}}),
            ..kind("Khelocard", &khelocard, "paymentInstrument.number", "12345678902")
        },
        kind("Klarna", &klarna, "paymentInstrument.klarnaSessionId", "session-2"),
        Kind {
            token: cryptocurrency,
            clear: json!({"other": coin}),
            ..kind("cryptocurrency", &coin, "walletAddress", "bc1qother")
        },
        Kind { clear: json!({"other": {}}), ..kind("Skrill Rapid Transfer", &Value::Null, "method", "PIX") },
    ]
}

/// The kinds that can be made without a token: what is in `paymentInstrument` stands at the top.
pub(crate) fn plain(kind: &Kind) -> Option<Value> {
    let method = match kind.name {
        "payment-card" | "ach" | "ach by IBAN" | "Skrill Rapid Transfer" => &kind.token["method"],
        _ => return None,
    };
    let mut body = json!({"method": method, "billingAddress": address()});
    for (name, value) in kind.token["paymentInstrument"].as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    Some(body)
}

/// A plain card of a published test number.
pub(crate) fn plain_card(pan: &str) -> Value {
    json!({
        "method": "payment-card", "pan": pan, "expMonth": 12, "expYear": 2035, "billingAddress": address(),
    })
}

/// A plain account.
pub(crate) fn plain_account(number: &str) -> Value {
    json!({
        "method": "ach", "accountNumberType": "BBAN", "accountNumber": number, "routingNumber": "021000021",
        "accountType": "savings", "billingAddress": address(),
    })
}

/// The same for a customer.
pub(crate) fn of_customer(body: &Value, customer: &str) -> Value {
    let mut body = body.clone();
    set(&mut body, "customerId", json!(customer));
    body
}

/// Makes an instrument out of a body that says everything.
pub(crate) fn keep(client: &mut Client, body: &Value, customer: &str) -> Answer {
    post(client, INSTRUMENTS, &of_customer(body, customer))
}

/// Makes a new instrument, which must succeed.
pub(crate) fn kept(client: &mut Client, body: &Value, customer: &str) -> Value {
    let answer = keep(client, body, customer);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// Creates a token and gives its id.
pub(crate) fn token_id(client: &mut Client, body: &Value) -> String {
    id(&token(client, body)).to_owned()
}

/// A new instrument by way of a token, which must succeed.
pub(crate) fn exchanged(client: &mut Client, body: &Value, customer: &str) -> Value {
    let token = token_id(client, body);
    kept(client, &json!({"token": token}), customer)
}

pub(crate) fn id(made: &Value) -> &str {
    made["id"].as_str().expect("an id")
}

pub(crate) fn patch(client: &mut Client, id: &str, body: &Value) -> Answer {
    client.call("PATCH", &format!("{INSTRUMENTS}/{id}"), &[SECRET], body.to_string().as_bytes())
}

/// Changes an instrument, which must succeed.
pub(crate) fn patched(client: &mut Client, id: &str, body: &Value) -> Value {
    let answer = patch(client, id, body);
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    answer.json()
}

pub(crate) fn instrument(client: &mut Client, id: &str) -> Value {
    let answer = get(client, &format!("{INSTRUMENTS}/{id}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

pub(crate) fn deactivate(client: &mut Client, id: &str) -> Answer {
    client.call("POST", &format!("{INSTRUMENTS}/{id}/deactivation"), &[SECRET], b"")
}

/// What the native door gives of an instrument: its `card`, `account` or `other`.
pub(crate) fn revealed(client: &mut Client, id: &str) -> Value {
    let path = format!("/coffer/v1/instruments/{id}/reveal");
    let answer = client.call("POST", &path, &[REDEEM], br#"{"reason":"a test"}"#);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let clear = |name: &&str| body.get(*name).is_some();
    let names: Vec<&str> = ["card", "account", "other"].into_iter().filter(clear).collect();
    assert_eq!(names.len(), 1, "one kind of clear details: {body}");
    json!({names[0]: body[names[0]]})
}

/// Every member of `expected` is in `got` with this value.
pub(crate) fn assert_has(got: &Value, expected: &Value) {
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&got[name], value, "{name} of {got}");
    }
}

/// Whether a token is as if nobody had tried to use it.
pub(crate) fn is_live(client: &mut Client, token: &str) -> bool {
    let answer = get(client, &format!("{}/{token}", super::calls::TOKENS));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    body["isUsed"] == false && body["usageTime"].is_null()
}
