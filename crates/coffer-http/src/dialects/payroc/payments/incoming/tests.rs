use coffer_types::Pan;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    detector::holds_card,
    dialects::payroc::payments::outgoing::{ClearMethod, ClearReader},
    json::parse,
};

const PAN: &str = "4539858876047062";

/// What was sent with a card in the clear.
fn sent() -> Sent {
    let request = json!({ "paymentMethod": { "type": "card", "cardDetails": { "entryMethod": "keyed",
        "keyedData": { "cardNumber": PAN, "cvv": "234" } } } })
    .to_string();
    Sent::of(&parse(request.as_bytes()).unwrap(), &ClearMethod::AsItCame { pan: None })
}

fn sent_account() -> Sent {
    let request = json!({ "paymentMethod": { "type": "ach", "accountNumber": "0034567890" } }).to_string();
    Sent::of(&parse(request.as_bytes()).unwrap(), &ClearMethod::AsItCame { pan: None })
}

fn payment(member: &str, value: &Value) -> Value {
    let mut body = json!({ "paymentId": "M2MJOG6O2Y", "transactionResult": { "status": "ready" } });
    body[member] = value.clone();
    body
}

/// A payment as it comes back to the caller.
fn shown(body: &Value, sent: &Sent) -> Value {
    match incoming(201, body.to_string().as_bytes(), sent) {
        Incoming::Pass { status: StatusCode::CREATED, body } => serde_json::from_slice(&body).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The member as it comes back, none where it is removed.
fn member(value: &Value, sent: &Sent) -> Option<Value> {
    shown(&payment("x", value), sent).get("x").cloned()
}

#[test]
fn an_ordinary_answer_comes_back_as_it_is() {
    let body = json!({
        "paymentId": "M2MJOG6O2Y", "processingTerminalId": "1234001", "operator": "Jane",
        "order": { "orderId": "OrderRef6543", "dateTime": "2024-07-02T15:30:00.234Z", "amount": 4999,
            "currency": "USD", "description": "Large Pepperoni Pizza", "breakdown": { "taxes": [{ "rate": 5.5 }] } },
        "customer": { "firstName": "Sarah", "dateOfBirth": "1990-07-15", "contactMethods":
            [{ "type": "phone", "value": "+1 512 710 1640" }], "billingAddress": { "postalCode": "234" } },
        "card": { "type": "Visa", "entryMethod": "keyed", "cardholderName": "Sarah Hazel Hopper",
            "cardNumber": "453985******7062", "expiryDate": "1230",
            "secureToken": { "secureTokenId": "MREF_abc1de23-f4a5-6789-bcd0-12e345678901fa", "token":
                "296753123456", "status": "notValidated", "link": { "rel": "self", "method": "GET", "href":
                "https://api.payroc.com/v1/processing-terminals/1234001/secure-tokens/234" } },
            "securityChecks": { "cvvResult": "M", "avsResult": "Y" } },
        "transactionResult": { "type": "sale", "status": "ready", "approvalCode": "OK3612", "authorizedAmount": 234,
            "currency": "USD", "responseCode": "A", "responseMessage": "OK3612", "processorResponseCode": "234",
            "cardSchemeReferenceId": "378282246310005" },
        "customFields": [{ "name": "yourCustomField", "value": "abc123" }],
        "emvTags": [{ "hex": "9F36", "value": "001C" }],
        "large": 999_999_999_999_i64, "micros": 1_795_305_600_000_000_i64, "none": null, "truth": true,
    });
    assert_eq!(shown(&body, &sent()), body);
    assert_eq!(shown(&body, &sent_account()), body);
}

#[test]
fn clear_details_are_hidden_wherever_they_are() {
    let masked = "453985******7062";
    for (value, hidden) in [
        (json!(PAN), json!(masked)),
        (json!({ "a": [{ "b": PAN }] }), json!({ "a": [{ "b": masked }] })),
        (json!(4_539_858_876_047_062_i64), json!(masked)),
        (json!(-4_539_858_876_047_062_i64), json!(format!("-{masked}"))),
        (json!(4_539_858_876_047_062.0), json!(masked)),
        (json!(94_539_858_876_047_062_i64), json!(format!("9{masked}"))),
        (json!(4_539_858_876_047_062.5), json!(format!("{masked}"))),
        (json!(99_453_985_887_604_706_i64), json!(99_453_985_887_604_706_i64)),
        (json!({ PAN: 1 }), json!({ masked: 1 })),
        (json!({ "note 4539 8588 7604 7062": {} }), json!({ "note 4539 85** **** 7062": {} })),
        (json!("the code 234 of 4539-8588-7604-7062"), json!("the code *** of 4539-85**-****-7062")),
        (
            json!(format!("{{\"a\":{{\"cvv\":\"999\",\"n\":{PAN}}}}}")),
            json!(format!("{{\"a\":{{\"n\":\"{masked}\"}}}}")),
        ),
        (json!("4111 1111 1111 1111"), json!("4111 11** **** 1111")),
        (json!(4_111_111_111_111_111_i64), json!("411111******1111")),
        (
            json!({ "hex": "57", "value": "4539858876047062D3012101" }),
            json!({ "hex": "57", "value": "****" }),
        ),
        (json!({ "accountNumber": 123_456_789 }), json!({ "accountNumber": "*****6789" })),
        (json!({ "cardNumber": "4111111111111112" }), json!({ "cardNumber": "411111******1112" })),
    ] {
        assert_eq!(member(&value, &sent()), Some(hidden), "{value}");
    }
    let account = sent_account();
    assert_eq!(member(&json!("account 0034567890"), &account), Some(json!("account ******7890")));
    assert_eq!(
        member(&json!({ "authorizedAmount": 34_567_890 }), &account),
        Some(json!({ "authorizedAmount": 34_567_890 }))
    );
}

/// The test environment's own American Express has 16 digits, which no scheme's card has: it is known by what was sent.
#[test]
fn a_card_of_no_known_scheme_is_hidden_as_well() {
    let number = "3400000000000000";
    let request = json!({ "paymentMethod": { "cardDetails": { "keyedData": { "cardNumber": number } } } });
    let request = request.to_string();
    let sent = Sent::of(&parse(request.as_bytes()).unwrap(), &ClearMethod::AsItCame { pan: None });
    assert_eq!(member(&json!(format!("no {number}")), &sent), Some(json!("no 340000******0000")));
    assert_eq!(member(&json!(number), &sent_account()), Some(json!(number)), "nobody else knows it");
}

#[test]
fn two_names_that_become_one_are_one_member() {
    let value = json!({ PAN: 1, "453985******7062": 2 });
    assert_eq!(member(&value, &sent()), Some(json!({ "453985******7062": 2 })));
    let twice = r#"{"4539858876047062":1,"４539858876047062":2}"#;
    let body = format!(r#"{{"paymentId":"A","transactionResult":{{}},"x":{twice}}}"#);
    let Incoming::Pass { body, .. } = incoming(201, body.as_bytes(), &sent()) else { panic!("passed") };
    let text = String::from_utf8(body).unwrap();
    assert!(parse(text.as_bytes()).is_ok() && !text.contains("88760"), "{text}");
}

#[test]
fn members_that_never_come_back_are_removed() {
    for name in [
        "cvv",
        "CVV2",
        "cvvEncrypted",
        "trackData",
        "track2",
        "pin",
        "pinKsn",
        "pinDetails",
        "dataKsn",
        "encryptedData",
        "encryptedPan",
        "iccData",
        "rawData",
        "keyedData",
        "swipedData",
        "issueNumber",
    ] {
        let value = json!([{ name: "x", "kept": 1 }]);
        assert_eq!(member(&value, &sent()), Some(json!([{ "kept": 1 }])), "{name}");
        let nested = json!({ name: { "a": 1 }, "kept": 1 });
        assert_eq!(member(&nested, &sent()), Some(json!({ "kept": 1 })), "{name}");
    }
    assert_eq!(
        member(&json!({ "cvvResult": "234", "a": 1 }), &sent()),
        Some(json!({ "a": 1 })),
        "a code itself"
    );
}

#[test]
fn what_a_reader_sent_is_found_again() {
    let track = ";4539858876047062=30121010000012345678?";
    let details =
        json!({ "entryMethod": "swiped", "swipedData": { "dataFormat": "plainText", "trackData": track },
        "extra": [{ "iccData": "5f2a0208409F36" }] })
        .to_string();
    let (node, pan) = (parse(details.as_bytes()).unwrap(), Pan::parse("4111111111111111").unwrap());
    let reader = ClearReader { details: &node, pan: Some(&pan), account_type: None, benefits: None };
    let sent = Sent::of(&parse(b"{}").unwrap(), &ClearMethod::Reader(reader));
    for (text, hidden) in [
        (track, ";****?"),
        ("bad track ;4539858876047062=30121010000012345678? here", "bad track ;****? here"),
        ("4539858876047062D30121010000012345678F", "453985******7062D********************F"),
        ("its end 0000012345678", "its end *************"),
        ("4539858876047062", "453985******7062"),
        ("after it 30121010000012345678", "after it ********************"),
        ("data 5F2A0208409f36.", "data ****."),
        ("data 5F2A 0208 409F 36.", "data ****."),
        ("4111111111111111", "411111******1111"),
        ("abcd 3012", "abcd 3012"),
    ] {
        assert_eq!(member(&json!(text), &sent), Some(json!(hidden)));
    }
}

/// An error as the upstream writes it.
fn problem(status: u16) -> Value {
    json!({ "type": "https://docs.payroc.com/api/errors#bad-request", "title": "Bad request", "status": status,
        "detail": "One or more validation errors occurred, see error section for more info", "errors":
        [{ "parameter": "paymentMethod.cardDetails.keyedData.cardNumber", "message": format!("{PAN} is wrong") }] })
}

#[test]
fn a_status_of_the_contract_passes_and_any_other_is_ours() {
    let ok = payment("x", &json!(1)).to_string();
    for status in [200, 201] {
        let Incoming::Pass { status: shown, .. } = incoming(status, ok.as_bytes(), &sent()) else {
            panic!("passes")
        };
        assert_eq!(shown, StatusCode::CREATED);
    }
    for status in [400, 409, 500] {
        let Incoming::Pass { status: shown, body } =
            incoming(status, problem(status).to_string().as_bytes(), &sent())
        else {
            panic!("passes")
        };
        assert_eq!(shown.as_u16(), status);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["errors"][0]["message"], "453985******7062 is wrong");
        assert_eq!(body["title"], "Bad request");
    }
    for (status, reason) in [
        (401, Reason::Credential(401)),
        (403, Reason::Credential(403)),
        (404, Reason::Address(404)),
        (405, Reason::Address(405)),
        (406, Reason::OurRequest(406)),
        (413, Reason::OurRequest(413)),
        (415, Reason::OurRequest(415)),
        (301, Reason::Redirect(301)),
        (307, Reason::Redirect(307)),
        (429, Reason::Unable(429)),
        (502, Reason::Unable(502)),
        (999, Reason::Unable(999)),
        (100, Reason::Status(100)),
        (202, Reason::Status(202)),
        (204, Reason::Status(204)),
        (422, Reason::Status(422)),
        (0, Reason::Status(0)),
    ] {
        let body = problem(status).to_string();
        assert_eq!(incoming(status, body.as_bytes(), &sent()), Incoming::Failed(reason));
        assert!(reason.to_string().contains(&status.to_string()), "{reason}");
    }
}

#[test]
fn what_is_no_answer_is_told_from_one() {
    let failed = |status: u16, body: &[u8]| match incoming(status, body, &sent()) {
        Incoming::Failed(reason) => reason,
        Incoming::Pass { .. } => panic!("passed"),
    };
    for body in [&b""[..], b"<html>", b"[]", b"\"x\"", b"{", b"\xff", br#"{"a":1,"a":2}"#] {
        assert_eq!(failed(201, body), Reason::NotObject(201));
    }
    for body in [r#"{"paymentId":1,"transactionResult":{}}"#, r#"{"paymentId":"A"}"#, "{}"] {
        assert_eq!(failed(201, body.as_bytes()), Reason::Incomplete(201));
    }
    for name in ["type", "title", "status", "detail"] {
        let mut body = problem(400);
        body.as_object_mut().unwrap().remove(name);
        assert_eq!(failed(400, body.to_string().as_bytes()), Reason::Incomplete(400), "{name}");
    }
    let long = payment("x", &json!("a".repeat(limits::UPSTREAM_ANSWER_BYTES))).to_string();
    assert_eq!(failed(201, long.as_bytes()), Reason::TooLong(201));
    // An answer may have more members than a request: it repeats one.
    let many = payment("x", &json!(vec![0; 2 * coffer_types::limits::JSON_MEMBERS]));
    assert_eq!(shown(&many, &sent()), many);
}

#[test]
fn an_answer_that_cannot_be_read_may_stand_for_a_payment() {
    for reason in [
        Reason::NotObject(201),
        Reason::Incomplete(200),
        Reason::TooLong(201),
        Reason::Unable(502),
        Reason::Status(202),
        Reason::NotObject(500),
        Reason::Redirect(303),
    ] {
        assert!(reason.is_unknown(), "{reason}");
    }
    for reason in [
        Reason::Credential(401),
        Reason::Address(404),
        Reason::OurRequest(415),
        Reason::Redirect(307),
        Reason::Unable(429),
        Reason::Incomplete(400),
        Reason::Status(422),
    ] {
        assert!(!reason.is_unknown(), "{reason}");
    }
}

/// Any JSON, with numbers of cards in many writings in it.
fn anything() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        ".{0,12}",
        "[0-9 \\-.]{0,30}",
        "[a-z0-9\"{}\\[\\]:,]{0,24}",
        r"[a-z ]{0,6}4539[ -]?8588[ -]?7604[ -]?7062[ a-z0-9/-]{0,8}",
        r"[0-9]{0,4}[ -]?4111111111111111[ -]?[0-9]{0,4}",
        Just(r#"{"cvv":"234","a":["4539858876047062"]}"#.to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(4_111_111_111_111_111_i64)),
        Just(json!(4_539_858_876_047_062.5)),
        text.clone().prop_map(Value::from),
    ];
    let name = prop_oneof![
        text,
        prop::sample::select(vec!["cvv", "cardNumber", "accountNumber", "orderId", "hex", "amount", "token"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_card_comes_back_out_of_any_json(value in anything()) {
        let body = shown(&payment("x", &value), &sent()).to_string();
        let node = parse(body.as_bytes()).unwrap();
        prop_assert!(!holds_card(&node), "{}", body);
        let digits: String = body.chars().filter(char::is_ascii_digit).collect();
        prop_assert!(!digits.contains(PAN), "{}", body);
    }

    #[test]
    fn no_bytes_are_too_much(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Incoming::Pass { body, .. } = incoming(status, &body, &sent()) {
            prop_assert!(parse(&body).is_ok());
        }
    }
}
