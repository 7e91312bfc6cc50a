//! What is refused, at which field and in which words.

use serde_json::{Value, json};

use super::{
    super::{
        create::{ApplePayRequest, SessionRequest, SingleUseRequest, UpdateAccountRequest},
        reader::PIN_REFUSED,
    },
    TAKING,
    bodies::{
        NUMBER, ach, all_secure, all_single_use, cards, chip, object, of_card, pad, single_use as request,
        token, tracks,
    },
    changed, problems, secure, single_use, with,
};
use crate::form::Rule;

/// Every member that must be there, in whichever form.
const REQUIRED: [&str; 30] = [
    "channel",
    "source",
    "source.type",
    "source.nameOnAccount",
    "source.accountNumber",
    "source.routingNumber",
    "source.transitNumber",
    "source.institutionNumber",
    "source.cardDetails",
    "source.cardDetails.entryMethod",
    "source.cardDetails.rawData",
    "source.cardDetails.iccData",
    "source.cardDetails.keyedData",
    "source.cardDetails.keyedData.dataFormat",
    "source.cardDetails.keyedData.cardNumber",
    "source.cardDetails.keyedData.encryptedPan",
    "source.cardDetails.keyedData.maskedPan",
    "source.cardDetails.keyedData.encryptedData",
    "source.cardDetails.swipedData",
    "source.cardDetails.swipedData.dataFormat",
    "source.cardDetails.swipedData.trackData",
    "source.cardDetails.swipedData.encryptedData",
    "source.cardDetails.swipedData.device",
    "source.cardDetails.ebtDetails.benefitCategory",
    "source.cardDetails.ebtDetails.voucher.approvalCode",
    "source.cardDetails.ebtDetails.voucher.serialNumber",
    "device.model",
    "device.serialNumber",
    "device.dataKsn",
    "device.config.quickChip",
];

/// Those that some forms need and others do not.
fn depends(body: &Value, field: &str) -> bool {
    let format = &body["source"]["cardDetails"]["keyedData"]["dataFormat"];
    match field {
        "source.cardDetails.device" => true,
        "source.cardDetails.keyedData.device" => *format != "plainText",
        "source.cardDetails.keyedData.expiryDate" => *format == "partiallyEncrypted",
        _ => false,
    }
}

/// Every member of an object, as a JSON pointer.
fn members(value: &Value, at: &str, found: &mut Vec<String>) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        let place = format!("{at}/{name}");
        members(inner, &place, found);
        found.push(place);
    }
}

#[test]
fn of_every_form_every_member_is_required_or_not() {
    let mut met = 0;
    for body in all_single_use() {
        let mut places = Vec::new();
        members(&body, "", &mut places);
        for place in places {
            let field = place.trim_start_matches('/').replace('/', ".");
            let required = REQUIRED.iter().any(|one| field == *one || field.ends_with(&format!(".{one}")));
            let expected = if required || depends(&body, &field) {
                vec![format!("{field}: Is required.")]
            } else {
                Vec::new()
            };
            met += expected.len();
            let found = single_use(&changed(&body, &place, Value::Null)).err().unwrap_or_default();
            assert_eq!(found, expected, "{body}");
        }
    }
    assert!(met > 60, "{met}");
}

const DIGITS: &str = "Must contain digits only.";
const HEX: &str = "Must contain hexadecimal digits only.";
const EMPTY: &str = "Must not be empty.";

/// Form, place, value, what is said of it.
fn wrong_of_typed_cards() -> Vec<(usize, &'static str, Value, &'static str)> {
    const MONTH: &str = "Must be a month from 01 to 12 and two digits of a year, MMYY.";
    const MASK: &str =
        "Must show at most the first six and the last four digits, with a * for each other one.";
    const CHECK: &str = "Is not a card number: the check digit is wrong.";
    vec![
        (0, "/entryMethod", json!("typed"), "Must be one of raw, icc, keyed, swiped."),
        (0, "/cardholderName", json!("n".repeat(51)), "Must have at most 50 characters."),
        (0, "/cardholderName", json!(NUMBER), "Must not contain a card number."),
        (0, "/ebtDetails/benefitCategory", json!("food"), "Must be one of cash, foodStamp."),
        (0, "/ebtDetails/withdrawal", json!("yes"), "Must be true or false."),
        (0, "/keyedData", json!([]), "Must be an object."),
        (
            0,
            "/keyedData/dataFormat",
            json!("encrypted"),
            "Must be one of plainText, partiallyEncrypted, fullyEncrypted.",
        ),
        (0, "/keyedData/cardNumber", json!("4539858876047063"), CHECK),
        (0, "/keyedData/cardNumber", json!("4539 8588 7604 7062"), DIGITS),
        (0, "/keyedData/cardNumber", json!("45398588760"), "Must have at least 12 characters."),
        (0, "/keyedData/cardNumber", json!("0".repeat(20)), "Must have at most 19 characters."),
        (0, "/keyedData/cardNumber", json!(453_985), "Must be a string."),
        (0, "/keyedData/expiryDate", json!("1330"), MONTH),
        (0, "/keyedData/expiryDate", json!("0030"), MONTH),
        (0, "/keyedData/expiryDate", json!("+130"), MONTH),
        (0, "/keyedData/expiryDate", json!("12/30"), "Must have at most 4 characters."),
        (0, "/keyedData/expiryDate", json!("0230"), "The card has expired."),
        (0, "/keyedData/cvv", json!("12"), "Must have at least 3 characters."),
        (0, "/keyedData/cvv", json!("12345"), "Must have at most 4 characters."),
        (0, "/keyedData/cvv", json!("12x"), DIGITS),
        (0, "/keyedData/issueNumber", json!("12345678901"), "Must have at most 10 characters."),
        (0, "/keyedData/device/model", json!("paxA921"), "Is not one of the accepted values."),
        (0, "/keyedData/device/category", json!("alone"), "Must be one of attended, unattended."),
        (0, "/keyedData/device/serialNumber", json!(""), EMPTY),
        (0, "/keyedData/device/config/quickChip", json!(1), "Must be true or false."),
        (1, "/keyedData/encryptedPan", json!("0x"), HEX),
        (1, "/keyedData/encryptedPan", json!(""), EMPTY),
        (1, "/keyedData/encryptedPan", json!("a".repeat(8_193)), "Must have at most 8192 characters."),
        (1, "/keyedData/cvvEncrypted", json!("g"), HEX),
        (1, "/keyedData/maskedPan", json!(NUMBER), MASK),
        (1, "/keyedData/maskedPan", json!("45398588****7062"), MASK),
        (1, "/keyedData/maskedPan", json!("453985xxxxxx7062"), MASK),
        (1, "/keyedData/expiryDate", json!("0230"), "The card has expired."),
        (1, "/keyedData/device/dataKsn", json!("xyz"), HEX),
        (2, "/keyedData/encryptedData", json!(""), EMPTY),
        (2, "/keyedData/firstDigitOfPan", json!("45"), "Must have at most 1 characters."),
        (2, "/keyedData/firstDigitOfPan", json!("x"), DIGITS),
    ]
}

/// The same of cards that a device read.
fn wrong_of_read_cards() -> Vec<(usize, &'static str, Value, &'static str)> {
    const TRACK: &str = "Is neither track 1 nor track 2 of a card.";
    const CHIP: &str = "Is not the data of a chip with a card number (EMV tag 5A or 57).";
    vec![
        (3, "/downgradeTo", json!("icc"), "Must be one of keyed, swiped."),
        (3, "/swipedData/dataFormat", json!("fullyEncrypted"), "Must be one of plainText, encrypted."),
        (3, "/swipedData/trackData", json!("?"), TRACK),
        (3, "/swipedData/trackData", json!(NUMBER), TRACK),
        (3, "/swipedData/trackData", json!(tracks().replace('7', "8")), TRACK),
        (3, "/swipedData/trackData", json!(tracks().replace("3012", "3013")), TRACK),
        (3, "/swipedData/trackData", json!(tracks().replace("3012", "3002")), "The card has expired."),
        (3, "/swipedData/trackData", json!(" ".repeat(500)), "Must have at most 230 characters."),
        (3, "/swipedData/fallback", json!("true"), "Must be true or false."),
        (
            3,
            "/swipedData/fallbackReason",
            json!("other"),
            "Must be one of technical, repeatFallback, emptyCandidateList.",
        ),
        (4, "/swipedData/encryptedData", json!("0x00"), HEX),
        (4, "/swipedData/firstDigitOfPan", json!(""), EMPTY),
        (5, "/rawData", json!("5A0"), "Must have an even number of digits."),
        (5, "/rawData", json!("5A01"), CHIP),
        (5, "/rawData", json!(object("9F26", "00")), CHIP),
        (5, "/rawData", json!(chip().replace("7062", "7063")), CHIP),
        (5, "/rawData", json!(chip().replace("301231", "300228")), "The card has expired."),
        (5, "/rawData", json!(object("99", "0412") + &chip()), PIN_REFUSED),
        (5, "/rawData", json!(chip() + "zz"), HEX),
        (6, "/iccData", json!(object("99", "0412")), PIN_REFUSED),
        (6, "/iccData", json!(object("5A", "cccc") + &object("99", "0412")), PIN_REFUSED),
        (6, "/iccData", json!(""), EMPTY),
        (6, "/firstDigitOfPan", json!(4), "Must be a string."),
        (6, "/device", json!("paxA920"), "Must be an object."),
    ]
}

#[test]
fn every_rule_of_a_card_is_told_at_its_field() {
    for (form, place, value, message) in wrong_of_typed_cards().into_iter().chain(wrong_of_read_cards()) {
        let (_, details) = cards().swap_remove(form);
        let body = of_card(&changed(&details, place, value));
        let field = format!("source.cardDetails{}", place.replace('/', "."));
        assert_eq!(problems(&body), [format!("{field}: {message}")], "{body}");
    }
}

#[test]
fn every_rule_of_an_account_is_told_at_its_field() {
    let wrong = [
        (ach(), "nameOnAccount", json!(""), "Must not be empty."),
        (ach(), "nameOnAccount", json!("n".repeat(30)), "Must have at most 29 characters."),
        (ach(), "nameOnAccount", json!(NUMBER), "Must not contain a card number."),
        (ach(), "accountNumber", json!("123"), "Must have at least 4 characters."),
        (ach(), "accountNumber", json!("1".repeat(18)), "Must have at most 17 characters."),
        (ach(), "accountNumber", json!("1234-5678"), DIGITS),
        (ach(), "routingNumber", json!("02100002"), "Must have at least 9 characters."),
        (ach(), "routingNumber", json!("0210000210"), "Must have at most 9 characters."),
        (ach(), "routingNumber", json!("02100002x"), DIGITS),
        (ach(), "accountType", json!("other"), "Must be one of checking, savings."),
        (ach(), "secCode", json!("WEB"), "Must be one of web, tel, ccd, ppd."),
        (pad(), "nameOnAccount", json!("n".repeat(30)), "Must have at most 29 characters."),
        (pad(), "accountNumber", json!("123456"), "Must have at least 7 characters."),
        (pad(), "accountNumber", json!("1234567890123"), "Must have at most 12 characters."),
        (pad(), "transitNumber", json!("7654"), "Must have at least 5 characters."),
        (pad(), "transitNumber", json!("7654x"), DIGITS),
        (pad(), "institutionNumber", json!("5432"), "Must have at most 3 characters."),
        (pad(), "institutionNumber", json!("54 "), DIGITS),
        (pad(), "accountType", json!(true), "Must be a string."),
        (ach(), "type", json!("singleUseToken"), "Must be one of ach, pad, card."),
    ];
    for (source, name, value, message) in wrong {
        let body = changed(&request(&source), &format!("/source/{name}"), value);
        assert_eq!(problems(&body), [format!("source.{name}: {message}")]);
    }
}

/// Whatever it says, wherever it stands.
#[test]
fn pin_blocks_are_refused_in_every_form() {
    for pin in [json!({ "dataFormat": "dukpt", "pin": "00", "pinKsn": "00" }), json!({}), json!("1234")] {
        for (form, details) in cards() {
            let body = of_card(&changed(&details, "/pinDetails", pin.clone()));
            assert_eq!(problems(&body), [format!("source.cardDetails.pinDetails: {PIN_REFUSED}")], "{form}");
        }
        let body = changed(&all_secure()[0], "/source/pinDetails", pin);
        assert_eq!(secure(&body).err().unwrap(), [format!("source.pinDetails: {PIN_REFUSED}")]);
    }
}

/// Place, value, what is said of it; of a request for a secure token.
fn wrong_of_secure_tokens() -> Vec<(&'static str, Value, &'static str)> {
    const CARD: &str = "Must not contain a card number.";
    const COUNTRY: &str = "Must be an ISO 3166 alpha-2 code in capital letters.";
    vec![
        ("operator", json!(""), "Must not be empty."),
        ("operator", json!("o".repeat(51)), "Must have at most 50 characters."),
        ("operator", json!(NUMBER), CARD),
        ("mitAgreement", json!("monthly"), "Must be one of unscheduled, recurring, installment."),
        ("customer", json!([]), "Must be an object."),
        ("customer.firstName", json!("n".repeat(51)), "Must have at most 50 characters."),
        ("customer.lastName", json!(NUMBER), CARD),
        ("customer.dateOfBirth", json!("1990-02-30"), "Must be a date of the form YYYY-MM-DD."),
        ("customer.referenceNumber", json!("n".repeat(101)), "Must have at most 100 characters."),
        ("customer.billingAddress.address1", Value::Null, "Is required."),
        ("customer.billingAddress.city", json!(""), "Must not be empty."),
        ("customer.billingAddress.state", Value::Null, "Is required."),
        ("customer.billingAddress.country", Value::Null, "Is required."),
        ("customer.billingAddress.country", json!("us"), COUNTRY),
        ("customer.billingAddress.country", json!("USA"), "Must have at most 2 characters."),
        ("customer.billingAddress.postalCode", Value::Null, "Is required."),
        ("customer.billingAddress.address2", json!(NUMBER), CARD),
        ("customer.shippingAddress.recipientName", json!(NUMBER), CARD),
        ("customer.shippingAddress.address.city", Value::Null, "Is required."),
        ("customer.contactMethods.0.type", json!("post"), "Must be one of email, phone, mobile, fax."),
        ("customer.contactMethods.1.value", Value::Null, "Is required."),
        ("customer.contactMethods", json!(vec![json!({}); 21]), "Must have at most 20 elements."),
        ("customer.notificationLanguage", json!("de"), "Must be one of en, fr."),
        ("ipAddress.type", json!("ipv5"), "Must be one of ipv4, ipv6."),
        ("ipAddress.value", json!("104.18.24.256"), "Must be an IPv4 address."),
        ("ipAddress.value", json!("::1"), "Must be an IPv4 address."),
        (
            "threeDSecure.type",
            json!("gateway"),
            "Must be one of gatewayThreeDSecure, thirdPartyThreeDSecure.",
        ),
        ("threeDSecure.eci", json!("05"), "Must be one of fullyAuthenticated, attemptedAuthentication."),
        ("threeDSecure.cavv", json!(""), "Must not be empty."),
        ("customFields.0.name", Value::Null, "Is required."),
        ("customFields.0.value", json!("v".repeat(501)), "Must have at most 500 characters."),
        ("customFields.0.value", json!(NUMBER), CARD),
        ("customFields", json!(vec![json!({}); 51]), "Must have at most 50 elements."),
        ("source.type", json!("token"), "Must be one of ach, pad, card, singleUseToken."),
        ("source.token", Value::Null, "Is required."),
        ("source.token", json!("a".repeat(127)), "Must have at least 128 characters."),
        ("source.token", json!("a".repeat(129)), "Must have at most 128 characters."),
        ("source.secCode", json!("pos"), "Must be one of web, tel, ccd, ppd."),
        ("source.ebtDetails.voucher.approvalCode", Value::Null, "Is required."),
        ("source", Value::Null, "Is required."),
    ]
}

#[test]
fn every_rule_of_a_secure_token_is_told_at_its_field() {
    for (field, value, message) in wrong_of_secure_tokens() {
        let place = format!("/{}", field.replace('.', "/"));
        let mut body = all_secure().swap_remove(0);
        *body.pointer_mut(&place).unwrap() = value;
        assert_eq!(secure(&body).err(), Some(vec![format!("{field}: {message}")]), "{body}");
    }
    let gateway = &all_secure()[3];
    for (place, value, message) in [
        ("/ipAddress/value", json!("1.2.3.4"), "ipAddress.value: Must be an IPv6 address."),
        ("/threeDSecure/mpiReference", Value::Null, "threeDSecure.mpiReference: Is required."),
    ] {
        assert_eq!(secure(&changed(gateway, place, value)).err(), Some(vec![message.to_owned()]));
    }
}

#[test]
fn every_rule_of_the_small_requests_is_told() {
    let said = |found: Result<(), Vec<String>>| found.unwrap_err();
    let update = |body| said(with(&body, |node| UpdateAccountRequest::read(node).map(|_| ())));
    assert_eq!(
        update(json!({ "type": "card", "token": "t" })),
        ["type: Must be singleUseToken.", "token: Must have at least 128 characters."]
    );
    assert_eq!(
        update(json!({ "source": { "token": token() } })),
        ["type: Is required.", "token: Is required."]
    );
    let session = |body| said(with(&body, |node| SessionRequest::read(node).map(|_| ())));
    for version in ["1", "1.7.0", "1.7.0.1.2", "1.7.0.", "1.7.0.x", "v1.7.0.1", ".1.2.3"] {
        assert_eq!(
            session(json!({ "libVersion": version, "scenario": "sale", "secureTokenId": ".." })),
            [
                "libVersion: Must be a version of four numbers, such as 1.7.0.261457.",
                "scenario: Must be one of payment, tokenization.",
                "secureTokenId: Must have no control characters, no space at an end, and not be . or ..",
            ],
            "{version}"
        );
    }
    assert_eq!(session(json!({})), ["libVersion: Is required.", "scenario: Is required."]);
    let apple = |body| said(with(&body, |node| ApplePayRequest::read(node).map(|_| ())));
    assert_eq!(apple(json!({})), ["appleDomainId: Is required.", "appleValidationUrl: Is required."]);
    assert_eq!(apple(json!([])), [": The body must be a JSON object."]);
}

#[test]
fn all_problems_are_told_at_once() {
    let body = json!({ "channel": "shop", "operator": 5, "source": { "type": "card", "accountType": "x",
        "cardDetails": { "entryMethod": "keyed", "cardholderName": 1, "pinDetails": {}, "ebtDetails": {},
            "keyedData": { "dataFormat": "plainText", "cardNumber": "1", "expiryDate": "1", "cvv": "1",
                "device": { "model": "none" } } } } });
    assert_eq!(
        problems(&body),
        [
            "channel: Must be one of pos, web, moto.",
            "operator: Must be a string.",
            "source.accountType: Must be one of checking, savings.",
            "source.cardDetails.cardholderName: Must be a string.",
            "source.cardDetails.ebtDetails.benefitCategory: Is required.",
            "source.cardDetails.pinDetails: PIN blocks are not taken here.",
            "source.cardDetails.keyedData.cardNumber: Must have at least 12 characters.",
            "source.cardDetails.keyedData.expiryDate: Must have at least 4 characters.",
            "source.cardDetails.keyedData.cvv: Must have at least 3 characters.",
            "source.cardDetails.keyedData.device.model: Is not one of the accepted values.",
            "source.cardDetails.keyedData.device.serialNumber: Is required.",
        ]
    );
    let body = json!({ "channel": null, "source": { "type": "pad", "nameOnAccount": "", "accountNumber": "x",
        "transitNumber": 1 } });
    assert_eq!(
        problems(&body),
        [
            "channel: Is required.",
            "source.nameOnAccount: Must not be empty.",
            "source.accountNumber: Must have at least 7 characters.",
            "source.transitNumber: Must be a string.",
            "source.institutionNumber: Is required.",
        ]
    );
}

#[test]
fn no_problem_repeats_what_was_sent() {
    let shown = |body: &Value| {
        with(body, |node| {
            SingleUseRequest::read(node, TAKING).map(|_| ()).map_err(|wrong| {
                // The rule may be shown as well.
                assert!(!format!("{wrong:?}").contains("8716"), "{wrong:?}");
                wrong
            })
        })
        .err()
        .map(|told| told.join("\n"))
    };
    let mut refused = 0;
    for body in all_single_use() {
        let mut places = Vec::new();
        members(&body, "", &mut places);
        for place in places {
            for secret in ["8716x8716", "871687168716871", "8716", &"8716".repeat(3_000)] {
                if let Some(told) = shown(&changed(&body, &place, json!(secret))) {
                    assert!(!told.contains("8716"), "{told}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 300, "{refused}");
}

/// An error layer tells numbers that look mistyped from others by this rule.
#[test]
fn a_wrong_check_digit_has_a_rule_of_its_own() {
    let (_, details) = cards().swap_remove(0);
    let body = of_card(&changed(&details, "/keyedData/cardNumber", json!("4539858876047063")));
    let text = body.to_string();
    let node = crate::json::parse(text.as_bytes()).unwrap();
    let wrong = SingleUseRequest::read(&node, TAKING).err().unwrap();
    assert!(matches!(&wrong[..], [(_, Rule::Other(super::super::card::CHECK_DIGIT))]), "{wrong:?}");
}
