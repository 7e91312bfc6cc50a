//! The fields of every method (section 5): which are required, and what each refuses, by its name.

use serde_json::{Value, json};

use super::{
    calls::{TOKENS, invalid_fields, names, post, set},
    families::{Family, families},
};
use crate::support::{Node, home};

/// What every text refuses that must not be empty and has at most so many characters.
fn text(most: usize) -> Vec<Value> {
    vec![json!(""), json!("ä".repeat(most + 1)), json!(7), json!(true), json!(["x"]), json!({})]
}

/// What an optional text of at most 255 characters refuses.
fn optional(most: usize) -> Vec<Value> {
    vec![json!("ä".repeat(most + 1)), json!(7), json!(false), json!([]), json!({"x": 1})]
}

fn and(mut values: Vec<Value>, more: Vec<Value>) -> Vec<Value> {
    values.extend(more);
    values
}

/// Fields that must be there, below `paymentInstrument` where they begin with a full stop.
fn required(family: &str) -> Vec<&'static str> {
    match family {
        "card" | "partial card" => vec!["paymentInstrument", ".expMonth", ".expYear"],
        "Khelocard" => {
            vec!["paymentInstrument", "billingAddress", ".number", ".cvv", ".expMonth", ".expYear"]
        }
        "ach BBAN" | "echeck BBAN" => vec![
            "paymentInstrument",
            "billingAddress",
            ".accountNumberType",
            ".accountNumber",
            ".routingNumber",
            ".accountType",
        ],
        "ach IBAN" | "echeck IBAN" => {
            vec!["paymentInstrument", "billingAddress", ".accountNumberType", ".accountNumber"]
        }
        "paypal" => vec!["paymentInstrument", ".paypalMerchantId", ".billingAgreementToken"],
        "Klarna" => vec!["paymentInstrument", ".klarnaAuthorizationToken", ".klarnaSessionId"],
        "plaid" => {
            vec!["paymentInstrument", "billingAddress", ".linkToken", ".publicToken", ".accountId"]
        }
        "wallet" => {
            vec!["paymentInstrument", ".type", ".amount", ".currency", ".descriptor", ".payload"]
        }
        "alternative" => vec!["billingAddress"],
        "cryptocurrency" => vec![],
        other => panic!("{other}"),
    }
}

/// What each field refuses. The first value of each is used where all are broken at once.
fn refused(family: &str) -> Vec<(&'static str, Vec<Value>)> {
    let month = vec![json!(13), json!(0), json!(-1), json!("11"), json!(1.5), json!([])];
    let year = vec![json!("2036"), json!(36), json!(10_000), json!(2001), json!(2036.5)];
    let code = and(text(255), vec![json!("12"), json!("12345"), json!("12x"), json!("１２３")]);
    let digits = and(text(34), vec![json!("12a"), json!("1 2"), json!("-12"), json!("１２")]);
    match family {
        "card" => vec![
            (".pan", and(text(255), vec![json!("5555555555554445"), json!("5555 5555 5555 4444")])),
            (".cvv", and(code, vec![json!("1234")])),
            (".expMonth", month),
            (".expYear", year),
        ],
        "partial card" => vec![(".cvv", code), (".expMonth", month), (".expYear", year)],
        "Khelocard" => vec![
            (".number", and(text(19), vec![json!("1234567"), json!("1234567x"), json!("1".repeat(20))])),
            (".cvv", code),
            (".expMonth", month),
            (".expYear", year),
        ],
        "ach BBAN" | "echeck BBAN" => vec![
            (".accountNumber", digits.clone()),
            (".routingNumber", digits),
            (".accountType", vec![json!("Checking"), json!(""), json!("current"), json!(1)]),
            (".bic", optional(11)),
            (".bankName", optional(255)),
        ],
        "ach IBAN" | "echeck IBAN" => vec![
            (
                ".accountNumber",
                and(
                    text(255),
                    vec![
                        json!("DE88370400440532013000"),
                        json!("DE8937040044053201300"),
                        json!("XX89370400440532013000"),
                        json!("DE89-3704-0044-0532-0130-00"),
                        json!("021000021"),
                    ],
                ),
            ),
            (".bic", optional(11)),
            (".bankName", optional(255)),
        ],
        "paypal" => vec![(".paypalMerchantId", text(255)), (".billingAgreementToken", text(4096))],
        "Klarna" => vec![(".klarnaAuthorizationToken", text(4096)), (".klarnaSessionId", text(255))],
        "plaid" => vec![(".linkToken", text(4096)), (".publicToken", text(4096)), (".accountId", text(255))],
        "wallet" => vec![
            (".type", vec![json!("apple pay"), json!("ApplePay"), json!(""), json!(1)]),
            (".amount", vec![json!("12.50"), json!(true), json!([12.5]), json!({})]),
            (".currency", and(text(3), vec![json!("US"), json!("USDX"), json!("U$D"), json!("äää")])),
            (".descriptor", optional(255)),
            (".payload", vec![json!("sealed"), json!([]), json!(7), json!(false)]),
        ],
        "cryptocurrency" => ["walletName", "walletAddress", "walletCurrency", "walletNetwork"]
            .map(|name| (name, optional(255)))
            .into(),
        "alternative" => vec![("billingAddress", vec![json!([]), json!("x"), json!(7), json!(true)])],
        other => panic!("{other}"),
    }
}

fn full(field: &str) -> String {
    if field.starts_with('.') { format!("paymentInstrument{field}") } else { field.to_owned() }
}

/// The request without a field.
fn without(family: &Family, field: &str) -> Value {
    let mut body = family.body.clone();
    let (parent, name) = field.rsplit_once('.').unwrap_or(("", field));
    let parent = if parent.is_empty() { &mut body } else { &mut body[parent] };
    assert!(parent.as_object_mut().unwrap().remove(name).is_some(), "{field} was there");
    body
}

#[test]
fn what_is_required_is_named_alone() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for family in families() {
        for field in required(family.name).into_iter().map(full) {
            let absent = post(&mut client, TOKENS, &without(&family, &field));
            assert_eq!(invalid_fields(&absent), names(&[&field]), "{}", family.name);
            let mut body = family.body.clone();
            set(&mut body, &field, Value::Null);
            let null = post(&mut client, TOKENS, &body);
            assert_eq!(invalid_fields(&null), names(&[&field]), "{}: null", family.name);
        }
    }
}

#[test]
fn what_is_not_required_may_be_absent_and_may_be_null() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for family in families() {
        let needed: Vec<String> = required(family.name).into_iter().map(full).collect();
        let fields = refused(family.name).into_iter().map(|(field, _)| full(field));
        for field in fields.filter(|field| !needed.contains(field)) {
            let absent = post(&mut client, TOKENS, &without(&family, &field));
            assert_eq!(absent.status, 201, "{}: {field}: {}", family.name, absent.text());
            let mut body = family.body.clone();
            set(&mut body, &field, Value::Null);
            let null = post(&mut client, TOKENS, &body);
            assert_eq!(null.status, 201, "{}: {field}: {}", family.name, null.text());
            let back = field.split('.').fold(&null.json(), |at, name| &at[name]).clone();
            assert!(back.is_null(), "{}: {field}", family.name);
        }
    }
}

#[test]
fn each_wrong_field_is_named_alone() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for family in families() {
        for (field, values) in refused(family.name) {
            let field = full(field);
            for value in values {
                let mut body = family.body.clone();
                set(&mut body, &field, value.clone());
                let answer = post(&mut client, TOKENS, &body);
                assert_eq!(invalid_fields(&answer), names(&[&field]), "{}: {value}", family.name);
            }
        }
    }
    for family in families().iter().filter(|family| family.name.ends_with("BAN")) {
        for value in [json!("bban"), json!(""), json!("SWIFT"), json!(7), json!(["BBAN"])] {
            let mut body = family.body.clone();
            set(&mut body, "paymentInstrument.accountNumberType", value.clone());
            let answer = post(&mut client, TOKENS, &body);
            let field = "paymentInstrument.accountNumberType";
            assert_eq!(invalid_fields(&answer), names(&[field]), "{}: {value}", family.name);
        }
    }
}

#[test]
fn all_wrong_fields_are_named_together() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for family in families() {
        let mut body = family.body.clone();
        let mut expected = Vec::new();
        for (field, values) in refused(family.name) {
            set(&mut body, &full(field), values[0].clone());
            expected.push(full(field));
        }
        // Beside what belongs to the method, what belongs to every token.
        set(&mut body, "riskMetadata", json!({"ipAddress": "nowhere", "fingerprint": "x".repeat(51)}));
        set(&mut body, "leadSource", json!({"medium": 7}));
        expected.extend(["riskMetadata.ipAddress", "riskMetadata.fingerprint"].map(str::to_owned));
        expected.push("leadSource.medium".to_owned());
        let has_address = body.get("billingAddress").is_some_and(Value::is_object);
        if has_address {
            set(&mut body, "billingAddress.country", json!("gb"));
            expected.push("billingAddress.country".to_owned());
        }
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        let answer = post(&mut client, TOKENS, &body);
        assert_eq!(invalid_fields(&answer), names(&expected), "{}", family.name);
    }
}

/// A field of a family, a value at the end of what is accepted, and how it comes back.
fn edges() -> Vec<(&'static str, &'static str, Value, Option<Value>)> {
    let same = |family, field, value: Value| (family, field, value.clone(), Some(value));
    let mut table = vec![
        ("ach BBAN", ".accountNumber", json!("1"), None),
        ("ach BBAN", ".accountNumber", json!("9".repeat(34)), None),
        same("ach BBAN", ".routingNumber", json!("0")),
        same("ach BBAN", ".routingNumber", json!("9".repeat(34))),
        same("echeck BBAN", ".accountType", json!("savings")),
        same("echeck BBAN", ".accountType", json!("other")),
        same("ach BBAN", ".bankName", json!("ä".repeat(255))),
        same("ach IBAN", ".bankName", json!("ä".repeat(255))),
        ("ach IBAN", ".accountNumber", json!("DE89 3704 0044 0532 0130 00"), None),
        ("echeck IBAN", ".accountNumber", json!("de62370400440532013001"), None),
        same("paypal", ".paypalMerchantId", json!("ä".repeat(255))),
        same("paypal", ".billingAgreementToken", json!("ä".repeat(4096))),
        same("Klarna", ".klarnaSessionId", json!("x")),
        same("plaid", ".accountId", json!("ä".repeat(255))),
        ("plaid", ".linkToken", json!("ä".repeat(4096)), None),
        same("wallet", ".type", json!("Google Pay")),
        same("wallet", ".type", json!("Samsung Pay")),
        same("wallet", ".amount", json!(0.0)),
        same("wallet", ".amount", json!(-1.25)),
        same("wallet", ".currency", json!("JPY")),
        same("wallet", ".currency", json!("usd")),
        same("wallet", ".descriptor", json!("")),
        ("ach BBAN", ".bankName", json!(""), None),
        ("ach IBAN", ".bic", json!(""), None),
        same("wallet", ".descriptor", json!("ä".repeat(255))),
        ("wallet", ".payload", json!({}), None),
        ("Khelocard", ".number", json!("12345678"), None),
        ("Khelocard", ".number", json!("1".repeat(19)), None),
        ("Khelocard", ".cvv", json!("0000"), None),
        ("partial card", ".cvv", json!("0000"), None),
        ("partial card", ".cvv", json!("000"), None),
    ];
    for name in ["walletName", "walletAddress", "walletCurrency", "walletNetwork"] {
        table.push(same("cryptocurrency", name, json!("ä".repeat(255))));
        table.push(same("cryptocurrency", name, json!("")));
    }
    table
}

#[test]
fn what_lies_at_the_edge_is_accepted() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let families = families();
    for (name, field, value, shown) in edges() {
        let family = families.iter().find(|family| family.name == name).unwrap();
        let mut body = family.body.clone();
        set(&mut body, &full(field), value.clone());
        let answer = post(&mut client, TOKENS, &body);
        assert_eq!(answer.status, 201, "{name}{field} {value}: {}", answer.text());
        let body = answer.json();
        let back = full(field).split('.').fold(&body, |at, part| &at[part]).clone();
        assert_eq!(back, shown.unwrap_or(Value::Null), "{name}{field}");
    }
}

#[test]
fn a_short_account_shows_no_tail() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let family = families().into_iter().find(|family| family.name == "ach BBAN").unwrap();
    for (number, tail) in [("1234", None), ("12345", Some("2345"))] {
        let mut body = family.body.clone();
        set(&mut body, "paymentInstrument.accountNumber", json!(number));
        let made = post(&mut client, TOKENS, &body).json();
        assert_eq!(made["paymentInstrument"].get("last4").and_then(Value::as_str), tail, "{number}");
    }
}
