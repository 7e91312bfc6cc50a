//! What each method is made from (section 5), with what is wrong with each of its members.

use serde_json::{Value, json};

use super::property_forms::{
    ACCOUNT, CVV, Field, IBAN, KHELOCARD, NEVER,
    Need::{self, Optional, Required},
    PAN,
    Rule::{self, Choice, Integer, Number, Object, Text},
    fields,
};

/// The method, its instrument, what each of its members is, and whether it needs an address.
pub(crate) type Method = (&'static str, Value, Vec<Field>, Option<Need>);

/// A member of an instrument.
type Member<'m> = (&'m str, Need, Rule, &'m [&'m str]);

/// Every family of methods.
pub(crate) fn methods() -> Vec<Method> {
    cards().into_iter().chain(banks()).chain(companies()).chain(without_instrument()).collect()
}

/// The instrument and its members.
fn part(list: &[Member<'_>]) -> Vec<Field> {
    let mut all = vec![Field::new("paymentInstrument", Required, Object, &[])];
    all.extend(fields("paymentInstrument", list));
    all
}

/// Texts that other companies made, and names.
const LONG: Rule = Text(1, 4_096);
const NAME: Rule = Text(1, 255);

/// Cards.
fn cards() -> Vec<Method> {
    let expiry: [Member<'_>; 2] =
        [("expMonth", Required, Integer(1, 12), &[]), ("expYear", Required, Integer(2_020, 9_999), &[])];
    let numbers: &[&str] =
        &["371449635398432", "3714 496353 98431", "37144963539843", "371449635398431x", "37144"];
    let codes: &[&str] = &["12", "123", "86421", "864a", " 8642"];
    let any_code: &[&str] = &["12", "86421", "864a", " 8642"];
    vec![
        (
            "payment-card",
            json!({"pan": PAN, "cvv": CVV, "expMonth": 11, "expYear": 2_036,
                "encryptedCvv": format!("{NEVER}{}", "e".repeat(100))}),
            part(&[
                ("pan", Optional, Text(1, 255), numbers),
                ("cvv", Optional, Text(1, 255), codes),
                expiry[0],
                expiry[1],
            ]),
            Some(Optional),
        ),
        (
            "Khelocard",
            json!({"number": KHELOCARD, "cvv": CVV, "expMonth": 11, "expYear": 2_036}),
            part(&[
                ("number", Required, Text(1, 19), &["7700112", "7700112x"]),
                ("cvv", Required, Text(1, 255), any_code),
                expiry[0],
                expiry[1],
            ]),
            Some(Required),
        ),
    ]
}

/// Bank accounts.
fn banks() -> Vec<Method> {
    vec![
        (
            "ach",
            json!({"accountNumberType": "BBAN", "accountNumber": ACCOUNT, "routingNumber": "021000021",
                "accountType": "checking", "bic": "CHASUS33", "bankName": "A bank"}),
            part(&[
                ("accountNumberType", Required, Choice, &[]),
                ("accountNumber", Required, Text(1, 34), &["12a", "12-3", " 1"]),
                ("routingNumber", Required, Text(1, 34), &["12a", "-"]),
                ("accountType", Required, Choice, &[]),
                ("bic", Optional, Text(0, 11), &[]),
                ("bankName", Optional, Text(0, 255), &[]),
            ]),
            Some(Required),
        ),
        (
            "echeck",
            json!({"accountNumberType": "IBAN", "accountNumber": IBAN, "bic": "COBADEFF"}),
            part(&[
                ("accountNumberType", Required, Choice, &[]),
                (
                    "accountNumber",
                    Required,
                    Text(1, 64),
                    &["DE89370400440532013001", "DE8937040044053201300", "XX"],
                ),
                ("bic", Optional, Text(0, 11), &[]),
            ]),
            Some(Required),
        ),
    ]
}

/// What other companies give out.
fn companies() -> Vec<Method> {
    let (link, payload) = (format!("{NEVER}link"), format!("{NEVER}payload"));
    vec![
        (
            "paypal",
            json!({"paypalMerchantId": "M1", "billingAgreementToken": "BA-1"}),
            part(&[
                ("paypalMerchantId", Required, NAME, &[]),
                ("billingAgreementToken", Required, LONG, &[]),
            ]),
            Some(Optional),
        ),
        (
            "digital-wallet",
            json!({"type": "Apple Pay", "amount": 12.5, "currency": "USD", "descriptor": "A shop",
                "payload": {"data": payload, "deep": [{"signature": payload}]}}),
            part(&[
                ("type", Required, Choice, &[]),
                ("amount", Required, Number, &[]),
                ("currency", Required, Text(1, 3), &["US", "U5D", "\u{e4}\u{e4}\u{e4}"]),
                ("descriptor", Required, Text(0, 255), &[]),
                ("payload", Required, Object, &[]),
            ]),
            None,
        ),
        (
            "plaid-account",
            json!({"linkToken": link, "publicToken": "public-1", "accountId": "account-1"}),
            part(&[
                ("linkToken", Required, LONG, &[]),
                ("publicToken", Required, LONG, &[]),
                ("accountId", Required, NAME, &[]),
            ]),
            Some(Required),
        ),
        (
            "Klarna",
            json!({"klarnaAuthorizationToken": "klarna-1", "klarnaSessionId": "session-1"}),
            part(&[
                ("klarnaAuthorizationToken", Required, LONG, &[]),
                ("klarnaSessionId", Required, NAME, &[]),
            ]),
            Some(Optional),
        ),
    ]
}

/// Methods without an instrument.
fn without_instrument() -> Vec<Method> {
    vec![
        (
            "cryptocurrency",
            Value::Null,
            fields(
                "",
                &[
                    ("walletName", Optional, Text(0, 255), &[]),
                    ("walletAddress", Optional, Text(0, 255), &[]),
                    ("walletCurrency", Optional, Text(0, 255), &[]),
                    ("walletNetwork", Optional, Text(0, 255), &[]),
                ],
            ),
            Some(Optional),
        ),
        ("iDEAL", Value::Null, vec![], Some(Required)),
    ]
}
