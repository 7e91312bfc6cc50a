//! Cards that a device read (section 4.3): chips and stripes in the clear, which are opened, and what devices
//! encrypted, which nobody opens and which is sealed with the key's serial number. PIN blocks are refused.

use data_encoding::HEXUPPER;
use serde_json::{Value, json};

use super::calls::{
    MASKED, PAN, Shop, assert_names, assert_refused, flat, parameters, redeem, request, secure, text, with,
    without,
};
use crate::support::{Node, home};

/// One object of a chip's data: tag, length, value. All in hexadecimal digits.
fn tlv(tag: &str, value: &str) -> String {
    let length = value.len() / 2;
    if length < 128 { format!("{tag}{length:02X}{value}") } else { format!("{tag}81{length:02X}{value}") }
}

/// The bytes of a text.
fn hex(text: &str) -> String {
    HEXUPPER.encode(text.as_bytes())
}

/// What a chip says of the example's card, and objects that are none of Coffer's business beside it.
fn chip() -> String {
    let track = format!("{PAN}D3012101123456789F");
    let template = [tlv("57", &track), tlv("5F20", &hex("HOPPER/SARAH"))].concat();
    [tlv("9F26", "0011223344556677"), tlv("5A", PAN), tlv("5F24", "301231"), tlv("70", &template)].concat()
}

fn device() -> Value {
    json!({"model": "bbposChp", "serialNumber": "1850010868"})
}

fn encrypting() -> Value {
    json!({"model": "paxA920Pro", "serialNumber": "1850010868", "dataKsn": "FFFF0123456789ABCDEF"})
}

fn raw(data: &str) -> Value {
    json!({"type": "card", "cardDetails": {"entryMethod": "raw", "device": device(), "rawData": data}})
}

fn icc(data: &str) -> Value {
    json!({"type": "card", "cardDetails": {"entryMethod": "icc", "device": encrypting(), "iccData": data,
        "firstDigitOfPan": "4"}})
}

fn swiped(tracks: &str) -> Value {
    json!({"type": "card", "cardDetails": {"entryMethod": "swiped",
        "swipedData": {"dataFormat": "plainText", "device": device(), "trackData": tracks}}})
}

fn swiped_encrypted() -> Value {
    json!({"type": "card", "cardDetails": {"entryMethod": "swiped", "cardholderName": "Sarah",
        "swipedData": {"dataFormat": "encrypted", "device": encrypting(), "encryptedData": "00ffAA",
            "firstDigitOfPan": "5", "fallback": true, "fallbackReason": "technical"}}})
}

fn partly() -> Value {
    json!({"type": "card", "cardDetails": {"entryMethod": "keyed", "keyedData": {"dataFormat": "partiallyEncrypted",
        "device": encrypting(), "encryptedPan": "00FFaa", "maskedPan": MASKED, "expiryDate": "1230"}}})
}

fn fully() -> Value {
    json!({"type": "card", "cardDetails": {"entryMethod": "keyed", "keyedData": {"dataFormat": "fullyEncrypted",
        "device": encrypting(), "encryptedData": "00FFaa"}}})
}

/// The members of `cardDetails` come out again as they came in, once.
#[track_caller]
fn assert_kept(node: &Node, token: &Value, source: &Value, pan: Option<&str>) {
    let token = text(token, "token");
    let clear = redeem(node, &token);
    assert_eq!(clear.status, 200, "{}", clear.text());
    let clear = clear.json();
    assert_eq!(clear["reader"], source["cardDetails"], "{clear}");
    assert_eq!(clear["card"]["pan"].as_str(), pan, "{clear}");
    assert_eq!(redeem(node, &token).status, 404);
}

#[test]
fn a_chip_in_the_clear_is_read() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let only_track = tlv("70", &tlv("57", &format!("{PAN}D3012101")));
    for (data, holder, expiry) in [
        (chip(), "HOPPER/SARAH", Some("1230")),
        (chip().to_lowercase(), "HOPPER/SARAH", Some("1230")),
        (only_track, "", Some("1230")),
        (tlv("5A", PAN), "", None),
        (tlv("5A", "378282246310005F"), "", None),
        (format!("0000{}00", tlv("5A", PAN)), "", None),
    ] {
        let source = raw(&data);
        let token = shop.single_use(&source);
        let shown = &token["source"];
        let is_amex = data.contains("378282");
        let masked = if is_amex { "378282*****0005" } else { MASKED };
        assert_eq!((&shown["cardNumber"], &shown["cardholderName"]), (&json!(masked), &json!(holder)));
        assert_eq!(shown["expiryDate"].as_str(), expiry, "{token}");
        assert!(!token.to_string().contains(&data), "{token}");
        assert_kept(&node, &token, &source, Some(if is_amex { "378282246310005" } else { PAN }));
    }
}

#[test]
fn chip_data_that_is_none_is_refused() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let nested = (0..9).fold(tlv("5A", PAN), |inner, _| tlv("70", &inner));
    let many = tlv("9F26", "00").repeat(256) + &tlv("5A", PAN);
    for data in [
        String::new(),
        "5".to_owned(),
        "5A0".to_owned(),
        "zz".to_owned(),
        "5A 08".to_owned(),
        PAN.to_owned(),
        tlv("9F26", "00"),
        chip()[..chip().len() - 2].to_owned(),
        tlv("5A", "4539858876047063"),
        tlv("57", PAN),
        [tlv("5A", PAN), tlv("57", "5555555555554444D3012101")].concat(),
        [tlv("5A", PAN), tlv("5F24", "301331")].concat(),
        [tlv("5A", PAN), tlv("5F24", "201231")].concat(),
        [tlv("5A", PAN), tlv("5F20", &hex("A NAME OF MORE THAN 26 LETTERS"))].concat(),
        [tlv("5A", PAN), tlv("5F20", &hex("4539858876047062"))].concat(),
        [tlv("5A", PAN), tlv("99", "0011223344556677")].concat(),
        tlv("70", &[tlv("5A", PAN), tlv("99", "0011223344556677")].concat()),
        nested,
        many,
        "00".repeat(4_097),
    ] {
        let answer = shop.post("single-use-tokens", &request(&raw(&data)));
        assert_eq!(parameters(&answer), ["source.cardDetails.rawData"], "{data}");
        assert!(data.len() < 8 || !answer.text().contains(&data), "{}", answer.text());
    }
    // An expired chip is for the terminal that takes expired cards.
    "1234002".clone_into(&mut shop.terminal);
    let old = [tlv("5A", PAN), tlv("5F24", "201231")].concat();
    assert_eq!(shop.single_use(&raw(&old))["source"]["expiryDate"], "1220");
}

#[test]
fn a_stripe_in_the_clear_is_read() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let first = format!("%B{PAN}^HOPPER/SARAH^3012101123?");
    let second = format!(";{PAN}=3012101123?");
    for (tracks, holder) in [
        (first.clone(), "HOPPER/SARAH"),
        (second.clone(), ""),
        (format!("{first}{second}"), "HOPPER/SARAH"),
        (format!("{first}\r\n{second}\r\n"), "HOPPER/SARAH"),
        (format!("{PAN}=3012101"), ""),
    ] {
        let source = swiped(&tracks);
        let token = shop.single_use(&source);
        let expected = json!({"type": "card", "cardNumber": MASKED, "cardholderName": holder,
            "expiryDate": "1230", "cardType": "Visa"});
        assert_eq!(token["source"], expected);
        assert_kept(&node, &token, &source, Some(PAN));
    }
    // What the request says goes before what the stripe says.
    let named = with(&swiped(&first), "/cardDetails/cardholderName", json!("Sarah Hazel Hopper"));
    assert_eq!(shop.single_use(&named)["source"]["cardholderName"], "Sarah Hazel Hopper");
    let path = "source.cardDetails.swipedData.trackData";
    for tracks in [
        String::new(),
        "x".to_owned(),
        PAN.to_owned(),
        format!("%B{PAN}^HOPPER/SARAH^3012101123"),
        format!("%A{PAN}^HOPPER/SARAH^3012101123?"),
        format!(";{PAN}=3013101?"),
        format!(";{PAN}=2012101?"),
        ";4539858876047063=3012101?".to_owned(),
        format!("{first};5555555555554444=3012101123?"),
        format!("%B{PAN}^4539858876047062^3012101123?"),
        "x".repeat(231),
    ] {
        assert_names(&shop.post("single-use-tokens", &request(&swiped(&tracks))), path);
    }
}

#[test]
fn what_a_device_encrypted_stays_closed() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let no_digit = |source: &Value, at| without(source, at);
    for (source, masked, holder, expiry) in [
        (icc("00ffAA"), "4***************", "", None),
        (icc(&chip()), "4***************", "", None),
        (no_digit(&icc("F0"), "/cardDetails/firstDigitOfPan"), "****************", "", None),
        (swiped_encrypted(), "5***************", "Sarah", None),
        (
            no_digit(&swiped_encrypted(), "/cardDetails/swipedData/firstDigitOfPan"),
            "****************",
            "Sarah",
            None,
        ),
        (partly(), MASKED, "", Some("1230")),
        (
            with(&partly(), "/cardDetails/keyedData/maskedPan", json!("378282*****0005")),
            "378282*****0005",
            "",
            Some("1230"),
        ),
        (with(&partly(), "/cardDetails/keyedData/cvvEncrypted", json!("00Ff")), MASKED, "", Some("1230")),
        (fully(), "****************", "", None),
        (with(&fully(), "/cardDetails/keyedData/firstDigitOfPan", json!("3")), "3***************", "", None),
    ] {
        let token = shop.single_use(&source);
        let shown = &token["source"];
        assert_eq!(
            (&shown["cardNumber"], &shown["cardholderName"]),
            (&json!(masked), &json!(holder)),
            "{token}"
        );
        assert_eq!(shown["expiryDate"].as_str(), expiry, "{token}");
        assert!(shown.get("cardType").is_none() && shown.get("debit").is_none(), "nothing is known: {token}");
        for secret in ["FFFF0123456789ABCDEF", "dataKsn", "encrypted"] {
            assert!(!token.to_string().contains(secret), "{token}");
        }
        assert_kept(&node, &token, &source, None);
    }
    let coded = with(&partly(), "/cardDetails/keyedData/cvv", json!("987"));
    let token = shop.single_use(&coded);
    assert!(!token.to_string().contains("987\""), "{token}");
    assert_eq!(redeem(&node, &text(&token, "token")).json()["card"]["cvv"], "987");
}

/// Nothing of it can be kept: a secure token of it is refused, and the single-use token is still there.
#[test]
fn what_stays_closed_becomes_no_secure_token() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let before = shop.secure(&secure("kept", &super::calls::card()));
    for source in [icc("00FF"), swiped_encrypted(), partly(), fully()] {
        let given = shop.post("secure-tokens", &secure("closed", &source));
        assert_refused(&given, 400, "capabilities-missing");
        assert_eq!(given.json()["errors"][0]["parameter"], "source.cardDetails");
        let token = text(&shop.single_use(&source), "token");
        let made = shop.post("secure-tokens", &secure("closed", &flat(&token)));
        assert_refused(&made, 400, "capabilities-missing");
        assert_eq!(made.json()["title"], "Capabilities missing");
        assert_eq!(made.json()["errors"][0]["parameter"], "source.token");
        let changed = shop.update_account("kept", &token);
        assert_refused(&changed, 400, "capabilities-missing");
        assert_eq!(changed.json()["errors"][0]["parameter"], "token");
        assert_eq!(redeem(&node, &token).status, 200, "it was not used up");
    }
    assert_eq!(shop.read("kept"), before);
    // The id that was refused is free.
    let source = raw(&chip());
    let made = shop.secure(&secure("closed", &source));
    assert_eq!(made["source"]["cardNumber"], MASKED);
    let clear = super::calls::reveal(&node, &text(&made, "token"));
    assert_eq!(clear.json()["card"], json!({"pan": PAN, "expMonth": 12, "expYear": 2030}));
    assert!(clear.json().get("reader").is_none(), "nothing of what the chip said is kept");
}

/// Places of what devices send, and values that are refused there.
fn wrongs() -> Vec<(Value, &'static str, Vec<Value>)> {
    let x = |count: usize| json!("f".repeat(count));
    let (icc, stripe, closed) = (icc("00FF"), swiped(&format!("{PAN}=3012101")), swiped_encrypted());
    let not_hex = || vec![json!(""), json!("xy"), json!("0 0"), json!(1), x(8_193), Value::Null];
    let digit = || vec![json!(""), json!("44"), json!("x"), json!(4)];
    let ksn = || vec![json!(""), json!("xy"), x(65), Value::Null];
    let mask = [PAN, "453985*****7062*", "4539858*****7062", "453985XXXXXX7062", "", "*", "453985*****87062"];
    vec![
        (icc.clone(), "/cardDetails/iccData", not_hex()),
        (icc.clone(), "/cardDetails/firstDigitOfPan", digit()),
        (icc.clone(), "/cardDetails/downgradeTo", vec![json!("raw"), json!("")]),
        (icc.clone(), "/cardDetails/device/dataKsn", ksn()),
        (icc.clone(), "/cardDetails/device/model", vec![json!("x"), Value::Null]),
        (icc, "/cardDetails/device", vec![Value::Null, json!("x"), json!([])]),
        (raw(&chip()), "/cardDetails/device", vec![Value::Null]),
        (raw(&chip()), "/cardDetails/rawData", vec![Value::Null, json!(1), x(8_193)]),
        (stripe.clone(), "/cardDetails/swipedData", vec![Value::Null, json!("x")]),
        (stripe.clone(), "/cardDetails/swipedData/dataFormat", vec![json!("plain"), Value::Null]),
        (stripe.clone(), "/cardDetails/swipedData/device", vec![Value::Null]),
        (stripe.clone(), "/cardDetails/swipedData/trackData", vec![Value::Null, json!(5)]),
        (stripe.clone(), "/cardDetails/swipedData/fallback", vec![json!("true"), json!(1)]),
        (stripe, "/cardDetails/swipedData/fallbackReason", vec![json!("Technical"), json!("")]),
        (closed.clone(), "/cardDetails/swipedData/encryptedData", not_hex()),
        (closed.clone(), "/cardDetails/swipedData/firstDigitOfPan", digit()),
        (closed.clone(), "/cardDetails/swipedData/device/dataKsn", ksn()),
        (closed, "/cardDetails/cardholderName", vec![json!("x".repeat(51)), json!(PAN)]),
        (partly(), "/cardDetails/keyedData/encryptedPan", not_hex()),
        (partly(), "/cardDetails/keyedData/maskedPan", mask.iter().map(|text| json!(text)).collect()),
        (partly(), "/cardDetails/keyedData/expiryDate", vec![Value::Null, json!("1320"), json!("0120")]),
        (partly(), "/cardDetails/keyedData/cvv", vec![json!("12")]),
        (partly(), "/cardDetails/keyedData/cvvEncrypted", vec![json!("xy"), json!("")]),
        (partly(), "/cardDetails/keyedData/device/dataKsn", ksn()),
        (fully(), "/cardDetails/keyedData/encryptedData", not_hex()),
        (fully(), "/cardDetails/keyedData/firstDigitOfPan", digit()),
        (fully(), "/cardDetails/keyedData/device", vec![Value::Null]),
    ]
}

#[test]
fn what_devices_send_has_its_limits() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (source, at, values) in wrongs() {
        assert_eq!(shop.post("single-use-tokens", &request(&source)).status, 201, "{source}");
        let parameter = format!("source{}", at.replace('/', "."));
        for value in values {
            let answer = shop.post("single-use-tokens", &request(&with(&source, at, value.clone())));
            assert_eq!(parameters(&answer), [parameter.as_str()], "{value}: {}", answer.text());
        }
    }
    for (at, value) in [
        ("/cardDetails/iccData", json!("f".repeat(8_192))),
        ("/cardDetails/device/dataKsn", json!("f".repeat(64))),
        ("/cardDetails/downgradeTo", json!("keyed")),
        ("/cardDetails/downgradeTo", json!("swiped")),
        ("/cardDetails/firstDigitOfPan", json!("0")),
    ] {
        let answer = shop.post("single-use-tokens", &request(&with(&icc("00FF"), at, value)));
        assert_eq!(answer.status, 201, "{at}: {}", answer.text());
    }
}

/// There is no place for a PIN here, however it comes.
#[test]
fn pin_blocks_are_refused() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let dukpt = json!({"dataFormat": "dukpt", "pin": "0011223344556677", "pinKsn": "FFFF0123456789ABCDEF"});
    let pins = [dukpt, json!({"dataFormat": "raw", "pin": "1234"}), json!({}), json!("1234"), json!([])];
    let sources = [
        super::calls::card(),
        swiped(&format!("{PAN}=3012101")),
        swiped_encrypted(),
        raw(&chip()),
        icc("00FF"),
        partly(),
        fully(),
    ];
    for source in &sources {
        for pin in &pins {
            let body = request(&with(source, "/cardDetails/pinDetails", pin.clone()));
            let answer = shop.post("single-use-tokens", &body);
            assert_eq!(parameters(&answer), ["source.cardDetails.pinDetails"], "{}", answer.text());
            assert!(!answer.text().contains("1122") && !answer.text().contains("1234"), "{}", answer.text());
        }
    }
    let token = shop.token();
    for pin in &pins {
        let source = with(&flat(&token), "/pinDetails", pin.clone());
        assert_names(&shop.post("secure-tokens", &json!({"source": source})), "source.pinDetails");
    }
    // Nor in members that nobody documents, at any depth.
    for (at, value) in [
        ("/pin", json!("1234")),
        ("/cardDetails/PIN_Block", json!("0011223344556677")),
        ("/cardDetails/keyedData/encryptedPin", json!("0011223344556677")),
        ("/cardDetails/extra", json!([{"debit-pin": 1234}])),
    ] {
        let answer = shop.post("single-use-tokens", &request(&with(&super::calls::card(), at, value)));
        let named = parameters(&answer);
        assert!(named.len() == 1 && named[0].to_lowercase().contains("pin"), "{at}: {named:?}");
        assert!(!answer.text().contains("1234") && !answer.text().contains("1122"), "{}", answer.text());
    }
    // Also where the chip's data is said to be encrypted and is not.
    let open = [tlv("5A", PAN), tlv("99", "0011223344556677")].concat();
    assert_names(&shop.post("single-use-tokens", &request(&icc(&open))), "source.cardDetails.iccData");
    assert_eq!(redeem(&node, &token).status, 200, "it was not used up");
}
