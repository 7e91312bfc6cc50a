//! The limits and types of sections 5.2, 5.3 and 6.1: at the limit accepted, one over refused, by the field's name.

use serde_json::{Value, json};

use super::calls::{TOKENS, invalid_fields, names, post, seed_request, set, token, with};
use crate::support::{Node, home};

/// So many characters, of which each has two bytes: limits count characters.
fn wide(count: usize) -> Value {
    json!("ä".repeat(count))
}

/// An address of so many characters.
fn email(count: usize) -> Value {
    let end = "@mail.example.com";
    json!(format!("{}{end}", "a.".repeat(count)[..count - end.len()].replace("..", ".")))
}

/// A field, a value at its limit, and one just beyond.
fn limits() -> Vec<(String, Value, Value)> {
    let mut table = Vec::new();
    let mut add = |field: &str, good: Value, bad: Value| table.push((field.to_owned(), good, bad));
    for (name, most) in [
        ("firstName", 45),
        ("lastName", 45),
        ("organization", 255),
        ("address", 60),
        ("address2", 60),
        ("city", 45),
        ("region", 45),
        ("jobTitle", 255),
        ("phoneNumbers.0.label", 45),
        ("phoneNumbers.0.value", 50),
        ("emails.0.label", 45),
    ] {
        add(&format!("billingAddress.{name}"), wide(most), wide(most + 1));
    }
    add("billingAddress.postalCode", json!("A-1234 567"), json!("A-1234 5678"));
    add("billingAddress.country", json!("AQ"), json!("AQA"));
    add("billingAddress.emails.0.value", email(255), email(256));
    let lead = [
        "medium",
        "source",
        "campaign",
        "term",
        "content",
        "affiliate",
        "subAffiliate",
        "salesAgent",
        "clickId",
        "path",
    ];
    for name in lead {
        add(&format!("leadSource.{name}"), wide(512), wide(513));
    }
    let uri = |count: usize| json!(format!("https://example.com/{}", "a".repeat(count - 20)));
    add("leadSource.referrer", uri(2083), uri(2084));
    add("riskMetadata.fingerprint", wide(50), wide(51));
    for (name, least, most) in [
        ("kountFraudSessionId", 10, 32),
        ("payPalMerchantSessionId", 1, 64),
        ("threatMetrixSessionId", 1, 128),
    ] {
        let field = format!("riskMetadata.extraData.{name}");
        add(&field, json!("a".repeat(most)), json!("a".repeat(most + 1)));
        add(&field, json!("a".repeat(least)), json!("a".repeat(least - 1)));
    }
    let browser = |name: &str| format!("riskMetadata.browserData.{name}");
    add(&browser("language"), json!("zh-Hans1"), json!("zh-Hans12"));
    for (name, least, most) in [
        ("colorDepth", 1, 48),
        ("screenWidth", 0, 65_535),
        ("screenHeight", 0, 65_535),
        ("timeZoneOffset", -1410, 1410),
    ] {
        add(&browser(name), json!(most), json!(most + 1));
        add(&browser(name), json!(least), json!(least - 1));
    }
    table
}

#[test]
fn every_limit_holds_at_the_limit_and_one_beyond() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (field, good, bad) in limits() {
        let answer = post(&mut client, TOKENS, &with(&seed_request(), &field, good.clone()));
        assert_eq!(answer.status, 201, "{field} at its limit: {}", answer.text());
        if !field.starts_with("leadSource") {
            let body = answer.json();
            let place = field
                .split('.')
                .fold(&body, |at, part| part.parse::<usize>().map_or(&at[part], |index| &at[index]));
            assert_eq!(*place, good, "{field} comes back whole");
        }
        let answer = post(&mut client, TOKENS, &with(&seed_request(), &field, bad));
        assert_eq!(invalid_fields(&answer), names(&[&field]), "{field} beyond its limit");
    }
}

/// Values that a field's pattern refuses.
const PATTERNS: [(&str, &[&str]); 15] = [
    ("billingAddress.firstName", &[""]),
    ("billingAddress.lastName", &[""]),
    ("billingAddress.organization", &[""]),
    ("billingAddress.address", &[""]),
    ("billingAddress.address2", &[""]),
    ("billingAddress.city", &[""]),
    ("billingAddress.region", &[""]),
    ("billingAddress.jobTitle", &[""]),
    ("billingAddress.country", &["", "G", "gb", "Gb", "G1", "ÄÖ", " G"]),
    ("billingAddress.postalCode", &["", "12/34", "12.34", "12#", "1;2"]),
    (
        "billingAddress.dob",
        &["", "1980-4-1", "1980-02-30", "1980-13-01", "01-04-1980", "1980-04-01T00:00:00Z", "yesterday"],
    ),
    ("billingAddress.emails.0.value", &["", "rebilly", "@example.com", "rebilly@", "re billy@example.com"]),
    (
        "riskMetadata.ipAddress",
        &["", "93.92.91", "93.92.91.256", "example.com", "::g", "1.2.3.4/8", "1.2.3.4:80"],
    ),
    ("riskMetadata.extraData.threatMetrixSessionId", &["a b", "a.b", "ä", "a/b"]),
    ("method", &["", "Payment-Card", "payment_card", "paypal?", "x"]),
];

/// Texts without a pattern may be empty: those come back so.
const EMPTY: [&str; 4] = [
    "billingAddress.phoneNumbers.0.label",
    "billingAddress.phoneNumbers.0.value",
    "billingAddress.emails.0.label",
    "riskMetadata.browserData.language",
];

#[test]
fn a_text_without_a_pattern_may_be_empty() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for field in EMPTY {
        let made = token(&mut client, &with(&seed_request(), field, json!("")));
        let place = field.split('.').fold(&made, |at, part| match part.parse::<usize>() {
            Ok(index) => &at[index],
            Err(_) => &at[part],
        });
        assert_eq!(*place, "", "{field}");
    }
    // An empty fingerprint is no device: it is not counted as one.
    let made = token(&mut client, &with(&seed_request(), "riskMetadata.fingerprint", json!("")));
    let risk = &made["riskMetadata"];
    assert!(risk.get("fingerprint").is_none() && risk.get("deviceVelocity").is_none(), "{risk}");
    assert_eq!(risk["ipVelocity"], 5);
}

#[test]
fn every_pattern_holds() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (field, values) in PATTERNS {
        for value in values {
            let answer = post(&mut client, TOKENS, &with(&seed_request(), field, json!(value)));
            assert_eq!(invalid_fields(&answer), names(&[field]), "{value:?}");
        }
    }
    for (field, value) in [
        ("billingAddress.firstName", "Zoë 玲 O'Brien-Ñandú"),
        ("billingAddress.address", "12/3 Rue & Fils, #4; (b): \"x\""),
        ("billingAddress.dob", "2000-02-29"),
        ("billingAddress.emails.0.value", "first.last+tag@sub.example.com"),
        ("riskMetadata.ipAddress", "2001:db8::1"),
        ("riskMetadata.ipAddress", "::ffff:192.0.2.1"),
        ("riskMetadata.extraData.threatMetrixSessionId", "aZ_0-9"),
    ] {
        let made = token(&mut client, &with(&seed_request(), field, json!(value)));
        let place = field
            .split('.')
            .fold(&made, |at, part| part.parse::<usize>().map_or(&at[part], |index| &at[index]));
        assert_eq!(place, value, "{field}");
    }
}

/// What is a string, and what is something else.
const STRINGS: [&str; 41] = [
    "method",
    "paymentInstrument.pan",
    "paymentInstrument.cvv",
    "billingAddress.firstName",
    "billingAddress.lastName",
    "billingAddress.organization",
    "billingAddress.address",
    "billingAddress.address2",
    "billingAddress.city",
    "billingAddress.region",
    "billingAddress.country",
    "billingAddress.postalCode",
    "billingAddress.dob",
    "billingAddress.jobTitle",
    "billingAddress.phoneNumbers.0.label",
    "billingAddress.phoneNumbers.0.value",
    "billingAddress.emails.0.label",
    "billingAddress.emails.0.value",
    "riskMetadata.ipAddress",
    "riskMetadata.fingerprint",
    "riskMetadata.browserData.language",
    "riskMetadata.extraData.kountFraudSessionId",
    "riskMetadata.extraData.payPalMerchantSessionId",
    "riskMetadata.extraData.threatMetrixSessionId",
    "leadSource.medium",
    "leadSource.source",
    "leadSource.campaign",
    "leadSource.term",
    "leadSource.content",
    "leadSource.affiliate",
    "leadSource.subAffiliate",
    "leadSource.salesAgent",
    "leadSource.clickId",
    "leadSource.path",
    "leadSource.referrer",
    "riskMetadata.httpHeaders",
    "riskMetadata.extraData",
    "riskMetadata.browserData",
    "billingAddress",
    "riskMetadata",
    "leadSource",
];
const NUMBERS: [&str; 6] = [
    "paymentInstrument.expMonth",
    "paymentInstrument.expYear",
    "riskMetadata.browserData.colorDepth",
    "riskMetadata.browserData.screenWidth",
    "riskMetadata.browserData.screenHeight",
    "riskMetadata.browserData.timeZoneOffset",
];
const BOOLEANS: [&str; 3] = [
    "billingAddress.phoneNumbers.0.primary",
    "billingAddress.emails.0.primary",
    "riskMetadata.browserData.isJavaEnabled",
];
const LISTS: [&str; 2] = ["billingAddress.phoneNumbers", "billingAddress.emails"];

#[test]
fn every_type_holds() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut refused = |field: &str, value: Value| {
        let answer = post(&mut client, TOKENS, &with(&seed_request(), field, value.clone()));
        assert_eq!(invalid_fields(&answer), names(&[field]), "{value}");
    };
    for field in STRINGS {
        for value in [json!(7), json!(true), json!([])] {
            refused(field, value);
        }
    }
    for field in NUMBERS {
        for value in [json!("24"), json!(24.5), json!(true), json!({}), json!([24])] {
            refused(field, value);
        }
    }
    for field in BOOLEANS {
        for value in [json!("true"), json!(1), json!({})] {
            refused(field, value);
        }
    }
    for field in LISTS {
        for value in [json!("main"), json!({"label": "main", "value": "x"}), json!(1)] {
            refused(field, value);
        }
        refused(&format!("{field}.0"), json!("main"));
    }
    refused("paymentInstrument", json!([]));
}

#[test]
fn what_is_required_is_named() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let required = [
        "method",
        "paymentInstrument",
        "paymentInstrument.expMonth",
        "paymentInstrument.expYear",
        "billingAddress.phoneNumbers.0.label",
        "billingAddress.phoneNumbers.0.value",
        "billingAddress.emails.0.label",
        "billingAddress.emails.0.value",
        "riskMetadata.browserData.colorDepth",
        "riskMetadata.browserData.isJavaEnabled",
        "riskMetadata.browserData.language",
        "riskMetadata.browserData.screenWidth",
        "riskMetadata.browserData.screenHeight",
        "riskMetadata.browserData.timeZoneOffset",
    ];
    for field in required {
        let mut body = seed_request();
        let (parent, name) = field.rsplit_once('.').unwrap_or(("", field));
        let parts = parent.split('.').filter(|part| !part.is_empty());
        let place = parts.fold(&mut body, |at, part| match part.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[part],
        });
        assert!(place.as_object_mut().unwrap().remove(name).is_some(), "{field} was there");
        assert_eq!(invalid_fields(&post(&mut client, TOKENS, &body)), names(&[field]));
    }
    // What else is required follows from the method.
    for (body, field) in [
        (json!({}), "method"),
        (json!({"method": "payment-card"}), "paymentInstrument"),
        (json!({"method": null}), "method"),
    ] {
        assert_eq!(invalid_fields(&post(&mut client, TOKENS, &body)), names(&[field]), "{body}");
    }
    for body in [json!([]), json!("x"), json!(null), json!(7)] {
        let answer = post(&mut client, TOKENS, &body);
        assert!(matches!(answer.status, 400 | 422), "{body}: {}", answer.text());
    }
}

#[test]
fn every_invalid_field_is_named_at_once() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let broken = [
        ("paymentInstrument.pan", json!("4111111111111112")),
        ("paymentInstrument.cvv", json!("12x")),
        ("paymentInstrument.expMonth", json!(13)),
        ("paymentInstrument.expYear", json!("2035")),
        ("billingAddress.firstName", wide(46)),
        ("billingAddress.country", json!("gb")),
        ("billingAddress.dob", json!("1980-02-30")),
        ("billingAddress.phoneNumbers.0.value", wide(51)),
        ("billingAddress.emails.0.value", json!("nobody")),
        ("billingAddress.emails.0.primary", json!("yes")),
        ("riskMetadata.ipAddress", json!("localhost")),
        ("riskMetadata.fingerprint", json!(7)),
        ("riskMetadata.browserData.colorDepth", json!(49)),
        ("riskMetadata.browserData.timeZoneOffset", json!(1411)),
        ("riskMetadata.extraData.kountFraudSessionId", json!("short")),
        ("leadSource.medium", wide(513)),
        ("leadSource.referrer", json!(5)),
    ];
    let mut body = seed_request();
    for (field, value) in &broken {
        set(&mut body, field, value.clone());
    }
    let fields = broken.iter().map(|(field, _)| *field).collect::<Vec<_>>();
    let answer = post(&mut client, TOKENS, &body);
    assert_eq!(invalid_fields(&answer), names(&fields));
    // And a second entry of a list by its own place.
    let second = json!([{"label": "a", "value": "1"}, {"label": "b"}, {"label": 7, "value": "3"}]);
    let answer = post(&mut client, TOKENS, &with(&seed_request(), "billingAddress.phoneNumbers", second));
    let expected = names(&["billingAddress.phoneNumbers.1.value", "billingAddress.phoneNumbers.2.label"]);
    assert_eq!(invalid_fields(&answer), expected);
}
