//! Single-use tokens (section 3): the answer, the limits of every member, and all problems at once.

use serde_json::{Value, json};

use super::calls::{
    Edge, MASKED, PAN, Shop, TERMINAL, ach, assert_names, card, millis, names, now, pad, parameters, redeem,
    request, text, with, without, words, x,
};
use crate::support::{Node, home};

#[test]
fn the_answer_is_masked_and_has_nothing_else() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let before = now(&node);
    let answer = shop.post("single-use-tokens", &request(&card()));
    let after = now(&node);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    assert_eq!(names(&body), ["expiresAt", "operator", "processingTerminalId", "source", "token"]);
    assert_eq!((&body["processingTerminalId"], &body["operator"]), (&json!(TERMINAL), &json!("Jane")));
    let token = text(&body, "token");
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    assert!(token.len() == 128 && token.bytes().all(is_hex), "{token}");
    let ends = millis(&body["expiresAt"]) - 1_800_000;
    assert!((before - 1_000..=after + 1_000).contains(&ends), "{before} {ends} {after}");
    let expected = json!({"type": "card", "cardholderName": "Sarah Hazel Hopper", "cardNumber": MASKED,
        "expiryDate": "1230", "cardType": "Visa"});
    assert_eq!(body["source"], expected);
    let location = answer.header("location").expect("a location");
    let host = node.clients;
    let path = format!("/payroc/v1/processing-terminals/{TERMINAL}/single-use-tokens/{token}");
    assert_eq!(location, format!("http://{host}{path}"));
    for secret in [PAN, "234\"", "paymentMethod", "cvv"] {
        assert!(!answer.text().contains(secret), "{secret}");
    }
    // There is no reading, changing or deleting.
    for method in ["GET", "DELETE", "PATCH"] {
        let answer = shop.send(method, &path, &[], b"");
        assert_eq!(answer.status, 404, "{method}");
    }
    let clear = redeem(&node, &token);
    assert_eq!(clear.status, 200, "{}", clear.text());
    let expected = json!({"pan": PAN, "expMonth": 12, "expYear": 2030, "cvv": "234"});
    assert_eq!(clear.json()["card"], expected);
}

#[test]
fn what_need_not_be_sent_need_not_be_sent() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let body = without(&request(&card()), "/operator");
    let mut body = without(&body, "/source/cardDetails/cardholderName");
    for name in ["cvv", "expiryDate"] {
        body = without(&body, &format!("/source/cardDetails/keyedData/{name}"));
    }
    for channel in ["pos", "web", "moto"] {
        let answer = shop.post("single-use-tokens", &with(&body, "/channel", json!(channel)));
        assert_eq!(answer.status, 201, "{}", answer.text());
        let answer = answer.json();
        assert_eq!(names(&answer), ["expiresAt", "processingTerminalId", "source", "token"]);
        let expected =
            json!({"type": "card", "cardholderName": "", "cardNumber": MASKED, "cardType": "Visa"});
        assert_eq!(answer["source"], expected);
    }
    // Null is as good as nothing, and what nobody knows is passed over.
    for (pointer, value) in [
        ("/operator", Value::Null),
        ("/source/cardDetails/cardholderName", Value::Null),
        ("/source/cardDetails/cardholderName", json!("")),
        ("/source/cardDetails/pinDetails", Value::Null),
        ("/source/cardDetails/keyedData/cvv", Value::Null),
        ("/source/unknown", json!({"deep": [1]})),
        ("/unknown", json!(PAN)),
        ("/token", json!("x")),
    ] {
        let answer = shop.post("single-use-tokens", &with(&body, pointer, value));
        assert_eq!(answer.status, 201, "{pointer}: {}", answer.text());
        assert!(!answer.text().contains(PAN));
    }
}

/// What is said beside the number.
fn full() -> Value {
    json!({"channel": "web", "operator": "Jane", "source": {"type": "card", "accountType": "checking",
    "cardDetails": {
        "entryMethod": "keyed", "cardholderName": "Sarah", "cardholderSignature": "x",
        "ebtDetails": {"benefitCategory": "cash", "withdrawal": true,
            "voucher": {"approvalCode": "a", "serialNumber": "s"}},
        "keyedData": {"dataFormat": "plainText", "cardNumber": PAN, "expiryDate": "1230", "cvv": "234",
            "issueNumber": "1", "device": {"model": "paxA920", "serialNumber": "s", "category": "attended",
                "firmwareVersion": "1", "config": {"quickChip": true}}},
    }}})
}

/// Digits, so many.
fn d(count: usize) -> Value {
    json!("1".repeat(count))
}

/// The places of a card that was typed.
fn of_request() -> Vec<Edge> {
    vec![
        ("/channel", words(&["pos", "web", "moto"]), words(&["WEB", "", "phone"])),
        ("/operator", vec![x(1), x(50), json!("é".repeat(50))], vec![x(0), x(51), json!(1), json!(PAN)]),
        ("/source/type", vec![], words(&["Card", "singleUseToken", "secureToken", "digitalWallet", ""])),
        ("/source/accountType", words(&["checking", "savings"]), words(&["Checking", ""])),
        (
            "/source/cardDetails/cardholderName",
            vec![x(0), x(50), json!("Ångström 42")],
            vec![x(51), json!(7), json!(PAN), json!("4539 8588 7604 7062")],
        ),
        ("/source/cardDetails/cardholderSignature", vec![x(1), x(32_768)], vec![x(0), x(32_769)]),
        ("/source/cardDetails/entryMethod", vec![], words(&["Keyed", "manual", ""])),
        ("/source/cardDetails/keyedData/dataFormat", vec![], words(&["plaintext", "encrypted", ""])),
        (
            "/source/cardDetails/keyedData/cvv",
            words(&["000", "0000"]),
            words(&["", "12", "12345", "12a", "１２３"]),
        ),
        ("/source/cardDetails/keyedData/issueNumber", vec![x(1), x(10)], vec![x(0), x(11), json!(1)]),
    ]
}

/// Those of the device and of benefits.
fn of_device() -> Vec<Edge> {
    vec![
        (
            "/source/cardDetails/keyedData/device/model",
            words(&["bbposChp", "genericMsr", "paxA920Pro", "uicBezel8"]),
            words(&["paxa920", "", "iPad"]),
        ),
        ("/source/cardDetails/keyedData/device/serialNumber", vec![x(100)], vec![x(0), x(101), json!(5)]),
        (
            "/source/cardDetails/keyedData/device/category",
            words(&["attended", "unattended"]),
            words(&["Attended", ""]),
        ),
        ("/source/cardDetails/keyedData/device/firmwareVersion", vec![x(100)], vec![x(0), x(101)]),
        (
            "/source/cardDetails/keyedData/device/config/quickChip",
            vec![json!(true), json!(false)],
            vec![json!("true"), json!(1), Value::Null],
        ),
        (
            "/source/cardDetails/ebtDetails/benefitCategory",
            words(&["cash", "foodStamp"]),
            words(&["food", "", "foodstamp"]),
        ),
        ("/source/cardDetails/ebtDetails/withdrawal", vec![json!(false)], vec![json!("no"), json!(0)]),
        ("/source/cardDetails/ebtDetails/voucher/approvalCode", vec![x(50)], vec![x(0), x(51)]),
        ("/source/cardDetails/ebtDetails/voucher/serialNumber", vec![x(50)], vec![x(0), x(51)]),
    ]
}

/// Those of an account of the United States.
fn of_ach() -> Vec<Edge> {
    vec![
        ("/source/nameOnAccount", vec![x(1), x(29)], vec![x(0), x(30), json!(5), json!(PAN)]),
        ("/source/accountNumber", vec![d(4), d(17)], vec![d(0), d(3), d(18), x(8), json!("1234 5678")]),
        (
            "/source/routingNumber",
            words(&["123456789", "021000021", "000000000"]),
            vec![d(0), d(8), d(10), x(9), json!(123_456_789)],
        ),
        ("/source/accountType", words(&["checking", "savings"]), words(&["CHECKING", "current"])),
        ("/source/secCode", words(&["web", "tel", "ccd", "ppd"]), words(&["WEB", "arc", ""])),
    ]
}

/// Those of an account of Canada.
fn of_pad() -> Vec<Edge> {
    vec![
        ("/source/nameOnAccount", vec![x(1), x(29)], vec![x(0), x(30)]),
        ("/source/accountNumber", vec![d(7), d(12)], vec![d(6), d(13), x(8)]),
        ("/source/transitNumber", words(&["00000", "99999"]), vec![d(4), d(6), x(5)]),
        ("/source/institutionNumber", words(&["000", "999"]), vec![d(2), d(4), x(3)]),
        ("/source/accountType", words(&["checking", "savings"]), words(&["", "x"])),
    ]
}

#[test]
fn every_member_has_its_limits() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let edges = [
        (full(), of_request()),
        (full(), of_device()),
        (request(&ach()), of_ach()),
        (request(&pad()), of_pad()),
    ];
    let edges = edges.iter().flat_map(|(body, edges)| edges.iter().map(move |edge| (body, edge)));
    for (body, (at, good, bad)) in edges {
        for value in good {
            let answer = shop.post("single-use-tokens", &with(body, at, value.clone()));
            assert_eq!(answer.status, 201, "{at} {value}: {}", answer.text());
        }
        let parameter = at[1..].replace('/', ".");
        let is_bool = ["quickChip", "withdrawal"].iter().any(|name| at.ends_with(name));
        let others = [json!([]), json!({}), if is_bool { json!(1.5) } else { json!(true) }];
        for value in bad.iter().chain(&others) {
            let answer = shop.post("single-use-tokens", &with(body, at, value.clone()));
            assert_eq!(parameters(&answer), [parameter.as_str()], "{at} {value}: {}", answer.text());
            let text = value.as_str().unwrap_or_default();
            assert!(
                text.len() < 9 || !answer.text().contains(text),
                "a value is not repeated: {}",
                answer.text()
            );
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let (full, bank, canada) = (full(), request(&ach()), request(&pad()));
    for (body, at) in [
        (&full, "/channel"),
        (&full, "/source"),
        (&full, "/source/type"),
        (&full, "/source/cardDetails"),
        (&full, "/source/cardDetails/entryMethod"),
        (&full, "/source/cardDetails/keyedData"),
        (&full, "/source/cardDetails/keyedData/dataFormat"),
        (&full, "/source/cardDetails/keyedData/cardNumber"),
        (&full, "/source/cardDetails/keyedData/device/model"),
        (&full, "/source/cardDetails/keyedData/device/serialNumber"),
        (&full, "/source/cardDetails/keyedData/device/config/quickChip"),
        (&full, "/source/cardDetails/ebtDetails/benefitCategory"),
        (&full, "/source/cardDetails/ebtDetails/voucher/approvalCode"),
        (&full, "/source/cardDetails/ebtDetails/voucher/serialNumber"),
        (&bank, "/source/nameOnAccount"),
        (&bank, "/source/accountNumber"),
        (&bank, "/source/routingNumber"),
        (&canada, "/source/nameOnAccount"),
        (&canada, "/source/accountNumber"),
        (&canada, "/source/transitNumber"),
        (&canada, "/source/institutionNumber"),
    ] {
        for body in [without(body, at), with(body, at, Value::Null)] {
            let answer = shop.post("single-use-tokens", &body);
            assert_names(&answer, &at[1..].replace('/', "."));
            assert_eq!(answer.json()["errors"][0]["detail"], "Required field not populated");
        }
    }
    for body in [json!([]), json!("x"), json!(1), Value::Null] {
        let answer = shop.post("single-use-tokens", &body);
        assert_eq!(parameters(&answer).len(), 1, "{}", answer.text());
    }
}

#[test]
fn all_problems_are_named_at_once() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let keyed = json!({"channel": "shop", "operator": "", "source": {"type": "card", "accountType": "x",
        "cardDetails": {"entryMethod": "keyed", "cardholderName": PAN, "cardholderSignature": "",
            "pinDetails": {"dataFormat": "dukpt", "pin": "00", "pinKsn": "00"}, "ebtDetails": {},
            "keyedData": {"dataFormat": "plainText", "cardNumber": "1", "expiryDate": "1399", "cvv": "1",
                "issueNumber": "", "device": {"model": "x"}}}}});
    let bank = json!({"source": {"type": "ach", "accountNumber": "1", "routingNumber": "x", "accountType": 1,
        "secCode": "x"}});
    let canada = json!({"source": {"type": "pad", "nameOnAccount": "", "accountNumber": "1", "transitNumber": "1",
        "accountType": "x"}});
    for (body, mut expected) in [
        (
            keyed,
            vec![
                "channel",
                "operator",
                "source.accountType",
                "source.cardDetails.cardholderName",
                "source.cardDetails.cardholderSignature",
                "source.cardDetails.pinDetails",
                "source.cardDetails.ebtDetails.benefitCategory",
                "source.cardDetails.keyedData.cardNumber",
                "source.cardDetails.keyedData.expiryDate",
                "source.cardDetails.keyedData.cvv",
                "source.cardDetails.keyedData.issueNumber",
                "source.cardDetails.keyedData.device.model",
                "source.cardDetails.keyedData.device.serialNumber",
            ],
        ),
        (
            bank,
            vec![
                "channel",
                "source.nameOnAccount",
                "source.accountNumber",
                "source.routingNumber",
                "source.accountType",
                "source.secCode",
            ],
        ),
        (
            canada,
            vec![
                "channel",
                "source.nameOnAccount",
                "source.accountNumber",
                "source.transitNumber",
                "source.institutionNumber",
                "source.accountType",
            ],
        ),
    ] {
        let mut found = parameters(&shop.post("single-use-tokens", &body));
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}
