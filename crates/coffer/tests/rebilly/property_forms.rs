//! Requests that succeed, and every way to break each of their fields: the forms of section 5 and 4.2 with their
//! limits, written down once more and by nothing of the product's.

use serde_json::{Value, json};

use super::{
    jwts::CUSTOMER,
    operations::{Operation, World},
    property_methods::{Method, methods},
};
pub(crate) use crate::breaking::{
    Field,
    Need::{self, Optional, Required, There},
    Rule::{self, Bool, Choice, Integer, List, Object, Text},
    Wrong, break_at, fields,
};

/// An American Express number, whose code has four digits; and the number of another card.
pub(crate) const PAN: &str = "371449635398431";
pub(crate) const CVV: &str = "8642";
pub(crate) const ACCOUNT: &str = "00886644220011";
pub(crate) const IBAN: &str = "DE89370400440532013000";
pub(crate) const KHELOCARD: &str = "77001122334455";
/// Begins every other value that nobody is ever shown.
pub(crate) const NEVER: &str = "Wvkmarked";

/// A request that succeeds.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) operation: &'static Operation,
    pub(crate) path: String,
    pub(crate) body: Value,
    pub(crate) fields: Vec<Field>,
}

fn contact() -> Value {
    json!({
        "firstName": "Benjamin", "lastName": "Franklin", "organization": "Library", "address": "36 Craven Street",
        "address2": "Basement", "city": "London", "region": "Greater London", "country": "GB",
        "postalCode": "WC2N 5NF", "jobTitle": "Printer", "dob": "1977-01-17",
        "phoneNumbers": [{"label": "main", "value": "+44 20 7925 1405", "primary": true}],
        "emails": [{"label": "main", "value": "benjamin@example.com", "primary": true}],
    })
}

fn contact_fields(name: &str, need: Need) -> Vec<Field> {
    let mut all = vec![Field::new(name, need, Object, &[])];
    all.extend(fields(
        name,
        &[
            ("firstName", Optional, Text(1, 45), &[]),
            ("lastName", Optional, Text(1, 45), &[]),
            ("organization", Optional, Text(1, 255), &[]),
            ("address", Optional, Text(1, 60), &[]),
            ("address2", Optional, Text(1, 60), &[]),
            ("city", Optional, Text(1, 45), &[]),
            ("region", Optional, Text(1, 45), &[]),
            ("country", Optional, Text(1, 2), &["gb", "G", "G1"]),
            ("postalCode", Optional, Text(1, 10), &["a/b", "\u{e4}"]),
            ("jobTitle", Optional, Text(1, 255), &[]),
            ("dob", Optional, Text(1, 10), &["1977-02-30", "17.1.1977", "1977-1-17"]),
            ("phoneNumbers", Optional, List, &[]),
            ("phoneNumbers.0", Optional, Object, &[]),
            ("phoneNumbers.0.label", Required, Text(0, 45), &[]),
            ("phoneNumbers.0.value", Required, Text(0, 50), &[]),
            ("phoneNumbers.0.primary", Optional, Bool, &[]),
            ("emails", Optional, List, &[]),
            ("emails.0.label", Required, Text(0, 45), &[]),
            ("emails.0.value", Required, Text(1, 255), &["benjamin", "@", "a b@c"]),
            ("emails.0.primary", Optional, Bool, &[]),
        ],
    ));
    all
}

fn risk() -> Value {
    json!({
        "ipAddress": "203.0.113.77", "fingerprint": "pIUt3xbgX3l9g3YDiLbx", "httpHeaders": {"User-Agent": "test"},
        "browserData": {"colorDepth": 24, "isJavaEnabled": false, "language": "en-US", "screenWidth": 1920,
            "screenHeight": 1080, "timeZoneOffset": -60, "isAdBlockEnabled": true},
        "extraData": {"kountFraudSessionId": "0123456789abcdef", "payPalMerchantSessionId": "session",
            "threatMetrixSessionId": "tm-1"},
    })
}

fn risk_fields() -> Vec<Field> {
    let mut all = fields(
        "",
        &[
            ("riskMetadata", Optional, Object, &[]),
            ("riskMetadata.ipAddress", Optional, Text(1, 45), &["203.0.113", "203.0.113.256", "host"]),
            ("riskMetadata.fingerprint", Optional, Text(0, 50), &[]),
            ("riskMetadata.httpHeaders", Optional, Object, &[]),
            ("riskMetadata.browserData", Optional, Object, &[]),
            ("riskMetadata.browserData.colorDepth", There, Integer(1, 48), &[]),
            ("riskMetadata.browserData.isJavaEnabled", There, Bool, &[]),
            ("riskMetadata.browserData.language", There, Text(0, 8), &[]),
            ("riskMetadata.browserData.screenWidth", There, Integer(0, 65_535), &[]),
            ("riskMetadata.browserData.screenHeight", There, Integer(0, 65_535), &[]),
            ("riskMetadata.browserData.timeZoneOffset", There, Integer(-1_410, 1_410), &[]),
            ("riskMetadata.browserData.isAdBlockEnabled", Optional, Bool, &[]),
            ("riskMetadata.extraData", Optional, Object, &[]),
            ("riskMetadata.extraData.kountFraudSessionId", Optional, Text(10, 32), &[]),
            ("riskMetadata.extraData.payPalMerchantSessionId", Optional, Text(1, 64), &[]),
            ("riskMetadata.extraData.threatMetrixSessionId", Optional, Text(1, 128), &["a b", "a/b"]),
        ],
    );
    let headers = all.iter_mut().find(|field| field.path.ends_with("httpHeaders")).expect("a field");
    headers.more.extend([json!({"a": 7}), json!({"a": {}}), json!({"a": null})]);
    all
}

fn lead_source() -> (Value, Vec<Field>) {
    let body = json!({"source": "newsletter", "clickId": format!("{NEVER}click"), "referrer": "https://shop.example/"});
    let list = fields(
        "",
        &[
            ("leadSource", Optional, Object, &[]),
            ("leadSource.source", Optional, Text(0, 512), &[]),
            ("leadSource.clickId", Optional, Text(0, 512), &[]),
            ("leadSource.referrer", Optional, Text(0, 2_083), &[]),
        ],
    );
    (body, list)
}

/// `POST /tokens` of every method.
fn tokens() -> Vec<Form> {
    let form = |(method, instrument, mut all, address): Method| {
        let mut body = json!({"method": method, "riskMetadata": risk()});
        if method == "cryptocurrency" {
            for name in ["walletName", "walletAddress", "walletCurrency", "walletNetwork"] {
                body[name] = json!("value");
            }
        }
        if !instrument.is_null() {
            body["paymentInstrument"] = instrument;
        }
        if let Some(need) = address {
            body["billingAddress"] = contact();
            all.extend(contact_fields("billingAddress", need));
        }
        let (lead, lead_fields) = lead_source();
        body["leadSource"] = lead;
        all.extend(lead_fields);
        all.extend(risk_fields());
        all.push(Field::new("method", Required, Choice, &["Payment-card", "ideal"]));
        let operation = Operation::named("PostToken");
        Form { name: method, operation, path: "/rebilly/tokens".to_owned(), body, fields: all }
    };
    methods().into_iter().map(form).collect()
}

/// What instruments have of their own.
fn own_fields() -> Vec<Field> {
    fields("", &[("customFields", Optional, Object, &[]), ("useAsBackup", Optional, Bool, &[])])
}

/// `POST /payment-instruments` without a token.
fn plain() -> Vec<Form> {
    let mut forms = Vec::new();
    for (method, instrument, all, _) in methods() {
        if !["payment-card", "ach", "iDEAL"].contains(&method) {
            continue;
        }
        let mut body = json!({
            "method": method, "customerId": "cus_plain", "billingAddress": contact(), "riskMetadata": risk(),
            "customFields": {"a": [1, {"b": null}]}, "useAsBackup": true,
        });
        let members = instrument.as_object().cloned().unwrap_or_default();
        body.as_object_mut().expect("an object").extend(members);
        let mut references = Field::new("referenceData", Optional, Object, &[]);
        references.more.extend([json!({"a": 7}), json!({"a": null}), json!({"a": PAN}), json!({"cvv": "x"})]);
        if method == "iDEAL" {
            body["referenceData"] = json!({"voucher": "A1"});
        }
        let flat = all.into_iter().filter_map(|field| {
            let path = field.path.strip_prefix("paymentInstrument.")?.to_owned();
            // A plain card has a number.
            let need = if path == "pan" { Required } else { field.need };
            Some(Field { path, need, ..field })
        });
        let mut all: Vec<Field> = flat.collect();
        all.extend(contact_fields("billingAddress", Required));
        all.extend(risk_fields());
        all.extend(own_fields());
        if method == "iDEAL" {
            all.push(references);
        }
        all.push(Field::new("method", Required, Choice, &["echeck", "digital-wallet", "Khelocard"]));
        all.push(Field::new("customerId", Required, Text(1, 50), &[]));
        let operation = Operation::named("PostPaymentInstrument");
        forms.push(Form {
            name: method,
            operation,
            path: "/rebilly/payment-instruments".to_owned(),
            body,
            fields: all,
        });
    }
    forms
}

/// The forms of everything else, with what the world has.
fn others(world: &World) -> Vec<Form> {
    let (token, instrument) = (&world.token, &world.instrument);
    let custom = json!({"a": [1, {"b": null}]});
    let form = |id: &'static str, body: Value, fields: Vec<Field>| {
        let operation = Operation::named(id);
        let path = operation.path.replace("{instrument}", instrument).replace("{customer}", CUSTOMER);
        Form { name: id, operation, path: format!("/rebilly{path}"), body, fields }
    };
    let with = |list: &[(&str, Need, Rule, &[&str])], more: Vec<Field>| {
        let mut all = fields("", list);
        all.extend(more);
        all
    };
    let mut address = contact_fields("billingAddress", Optional);
    address.extend(own_fields());
    let mut customer = contact_fields("primaryAddress", Optional);
    customer.push(Field::new("customFields", Optional, Object, &[]));
    let id: Rule = Text(1, 50);
    vec![
        form(
            "PostPaymentInstrument",
            json!({"token": token, "customerId": CUSTOMER, "customFields": custom, "useAsBackup": true}),
            with(&[("token", There, Text(1, 255), &["x"]), ("customerId", Required, id, &[])], own_fields()),
        ),
        form(
            "PatchPaymentInstrument",
            json!({"cvv": "123", "expMonth": 11, "expYear": 2_036, "billingAddress": contact(),
                "stickyGatewayAccountId": "gw_acc_1", "customFields": custom, "useAsBackup": false}),
            with(
                &[
                    ("cvv", Optional, Text(1, 255), &["12", "8642", "12a"]),
                    ("expMonth", Optional, Integer(1, 12), &[]),
                    ("expYear", Optional, Integer(2_020, 9_999), &[]),
                    ("stickyGatewayAccountId", Optional, Text(0, 50), &[]),
                ],
                address,
            ),
        ),
        form(
            "PutCustomer",
            json!({"primaryAddress": contact(), "defaultPaymentInstrumentId": instrument, "websiteId": "web",
                "locale": "en", "personId": "p", "notificationEmails": ["a@b.example"], "customFields": custom}),
            with(
                &[
                    ("defaultPaymentInstrumentId", Optional, id, &["x", "inst_none"]),
                    ("websiteId", Optional, Text(0, 50), &[]),
                    ("locale", Optional, Text(0, 35), &[]),
                    ("personId", Optional, Text(0, 50), &[]),
                    ("notificationEmails", Optional, List, &[]),
                    ("notificationEmails.0", Optional, Text(3, 255), &[]),
                ],
                customer,
            ),
        ),
        form(
            "StorefrontPostPaymentInstrument",
            json!({"token": token, "customFields": custom}),
            with(
                &[("token", Required, Text(1, 255), &["x"]), ("customFields", Optional, Object, &[])],
                vec![],
            ),
        ),
        form(
            "StorefrontPatchPaymentInstrument",
            json!({"customFields": custom, "billingAddress": contact()}),
            with(&[("customFields", Optional, Object, &[])], contact_fields("billingAddress", Optional)),
        ),
    ]
}

/// Everything that is written.
pub(crate) fn forms(world: &World) -> Vec<Form> {
    tokens().into_iter().chain(plain()).chain(others(world)).collect()
}
