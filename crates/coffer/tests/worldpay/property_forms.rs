//! Requests that succeed, and every way to break each of their fields: section 4.1 with its limits, written down once
//! more and by nothing of the product's.

use serde_json::{Value, json};

use super::calls::{
    CARD_ON_FILE, CARD_SESSIONS, CVC_SESSIONS, IDENTITY, OLD_SESSIONS, ONE_TIME, SESSIONS, TOKENS, V2, V3,
    VERIFIED_V1, VERIFIED_V2, VERIFIED_V3, address, card_of, plain, session, with, without,
};
use crate::breaking::{
    Field,
    Need::{self, Optional, Required},
    Rule::{self, Choice, Digits, Integer, Object, Text},
    fields,
};

/// An American Express number, whose code has four digits; and the number of another card.
pub(crate) const PAN: &str = "371449635398431";
pub(crate) const CVC: &str = "8642";
pub(crate) const MISPLACED: &str = "3566002020360505";

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum To {
    Path(&'static str),
    /// The link of this part of a token that is there.
    Part(&'static str),
}

/// A request that succeeds.
pub(crate) struct Form {
    pub(crate) to: To,
    pub(crate) media: &'static str,
    pub(crate) body: Value,
    pub(crate) fields: Vec<Field>,
}

impl Form {
    /// The field that a refusal names where this one is broken: of a type that is none, the whole instrument.
    pub(crate) fn named(path: &str) -> String {
        let path = if path == "paymentInstrument.type" { "paymentInstrument" } else { path };
        format!("$.{path}")
    }

    /// Whether a wrong type keeps the rest of the instrument from being looked at: its members depend on it.
    pub(crate) fn depends_on_type(&self) -> bool {
        matches!(self.to, To::Path(CARD_ON_FILE | ONE_TIME))
    }

    /// Whether the body says who calls.
    pub(crate) fn has_identity(&self) -> bool {
        matches!(self.to, To::Path(CARD_SESSIONS | CVC_SESSIONS | OLD_SESSIONS))
    }
}

fn below(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn expiry_fields(prefix: &str) -> Vec<Field> {
    fields(
        prefix,
        &[("month", Required, Integer(1, 12), &[]), ("year", Required, Integer(1_000, 9_999), &[])],
    )
}

fn address_fields(prefix: &str) -> Vec<Field> {
    fields(
        prefix,
        &[
            ("address1", Required, Text(1, 80), &[MISPLACED]),
            ("address2", Optional, Text(0, 80), &["3566 0020 2036 0505"]),
            ("address3", Optional, Text(0, 80), &["3566-0020-2036-0505"]),
            ("postalCode", Required, Text(1, 15), &[]),
            ("city", Required, Text(1, 50), &[MISPLACED]),
            ("state", Optional, Text(0, 30), &[MISPLACED]),
            ("countryCode", Required, Text(2, 2), &["gb", "G1"]),
        ],
    )
}

fn number(prefix: &str) -> Vec<Field> {
    let wrong: &[&str] = &["371449635398432", "37144963539843a", "3714 496353 98431"];
    let mut all = fields(prefix, &[("cardNumber", Required, Text(10, 19), wrong)]);
    all.push(Field::new(&below(prefix, "cardExpiryDate"), Required, Object, &[]));
    all.extend(expiry_fields(&below(prefix, "cardExpiryDate")));
    all
}

const CODES: &[&str] = &["12a", "aaaa"];

/// What every token has beside its card.
fn token_fields(merchant: Need) -> Vec<Field> {
    fields(
        "",
        &[
            ("paymentInstrument", Required, Object, &[]),
            ("paymentInstrument.type", Required, Choice, &["card/tokenized"]),
            ("paymentInstrument.cardHolderName", Required, Text(1, 255), &[MISPLACED]),
            ("paymentInstrument.billingAddress", Optional, Object, &[]),
            ("description", Optional, Text(1, 255), &["a & b", "<", MISPLACED]),
            ("namespace", Optional, Digits(1, 64), &["_a", "a b", "a&b", "a<b", MISPLACED]),
            (
                "tokenExpiryDateTime",
                Optional,
                Text(1, 64),
                &["tomorrow", "2020-01-01T00:00:00Z", "2035-02-30T00:00:00Z"],
            ),
            ("merchant", merchant, Object, &[]),
            ("merchant.entity", Required, Text(1, 255), &[]),
        ],
    )
}

fn create(media: &'static str) -> Form {
    let mut body = with(&card_of(PAN), "/namespace", json!("customer-7"));
    body["tokenExpiryDateTime"] = json!("2031-01-01T00:00:00Z");
    body["schemeTransactionReference"] = json!("0000 abc");
    let mut all = token_fields(if media == V3 { Required } else { Optional });
    all.extend(number("paymentInstrument"));
    all.extend(address_fields("paymentInstrument.billingAddress"));
    all.push(Field::new("schemeTransactionReference", Optional, Text(1, 56), &["a-b", "\u{e4}"]));
    Form { to: To::Path(TOKENS), media, body, fields: all }
}

fn verified_fields() -> Vec<Field> {
    let mut all = token_fields(Required);
    all.extend(address_fields("paymentInstrument.billingAddress"));
    all.extend(fields(
        "",
        &[
            ("verificationCurrency", Required, Text(3, 3), &["gbp", "G1P"]),
            ("narrative", Optional, Object, &[]),
            ("narrative.line1", Required, Text(1, 24), &[]),
            ("narrative.line2", Optional, Text(0, 24), &[]),
        ],
    ));
    all
}

fn verified(path: &'static str, media: &'static str) -> Form {
    let mut body = with(&plain(PAN), "/paymentInstrument/cvc", json!(CVC));
    body["paymentInstrument"]["billingAddress"] = address();
    body["description"] = json!("A verified token");
    body["namespace"] = json!("customer-7");
    body["narrative"] = json!({"line1": "Shop", "line2": "Token"});
    body["tokenExpiryDateTime"] = json!("2031-01-01T00:00:00Z");
    let mut all = verified_fields();
    all.extend(number("paymentInstrument"));
    all.push(Field::new("paymentInstrument.cvc", Optional, Digits(3, 4), CODES));
    Form { to: To::Path(path), media, body, fields: all }
}

/// Of a session that is not there: what is wrong beside it is named first.
pub(crate) fn checkout() -> Form {
    let Form { mut body, .. } = verified(CARD_ON_FILE, VERIFIED_V3);
    for name in ["cardNumber", "cardExpiryDate", "cvc"] {
        body = without(&body, &format!("/paymentInstrument/{name}"));
    }
    body["paymentInstrument"]["type"] = json!("card/checkout");
    body["paymentInstrument"]["sessionHref"] = json!("https://vault.example/worldpay/sessions/x");
    let mut all = verified_fields();
    all.push(Field::new("paymentInstrument.sessionHref", Required, Text(1, 2_048), &[]));
    Form { to: To::Path(CARD_ON_FILE), media: VERIFIED_V3, body, fields: all }
}

fn card_session(path: &'static str, media: &'static str) -> Form {
    let mut all = number("");
    // What a form has is text, and a first-party client passes it on.
    for field in &mut all {
        field.rule = field.rule.or_digits();
    }
    all.push(Field::new("cvc", Optional, Digits(3, 4), CODES));
    all.push(Field::new("identity", Required, Text(1, 255), &[]));
    let body = with(&session(PAN), "/cvc", json!(CVC));
    Form { to: To::Path(path), media, body, fields: all }
}

fn code_session() -> Form {
    let list: &[(&str, Need, Rule, &[&str])] =
        &[("cvc", Required, Digits(3, 4), CODES), ("identity", Required, Text(1, 255), &[])];
    let body = json!({"cvc": CVC, "identity": IDENTITY});
    Form { to: To::Path(CVC_SESSIONS), media: SESSIONS, body, fields: fields("", list) }
}

/// Everything that makes something.
pub(crate) fn makers() -> Vec<Form> {
    vec![
        create(V3),
        create(V2),
        verified(CARD_ON_FILE, VERIFIED_V3),
        verified(ONE_TIME, VERIFIED_V2),
        verified(CARD_ON_FILE, VERIFIED_V1),
        card_session(CARD_SESSIONS, SESSIONS),
        card_session(OLD_SESSIONS, VERIFIED_V2),
        code_session(),
    ]
}

/// Everything that is written.
pub(crate) fn forms() -> Vec<Form> {
    let part = |name, body, fields| Form { to: To::Part(name), media: V3, body, fields };
    let mut all = makers();
    all.push(checkout());
    all.push(part("cardExpiryDate", json!({"month": 5, "year": 2035}), expiry_fields("")));
    all.push(part("billingAddress", address(), address_fields("")));
    all
}
