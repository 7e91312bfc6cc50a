//! The test numbers of section 10, and how card numbers and accounts are shown (section 5).

use serde_json::{Value, json};

use super::calls::{Shop, ach, assert_names, card, card_of, pad, redeem, request, text, with};
use crate::support::{Node, home};

/// Numbers of the test environment, how they are shown, and what is known of their scheme. Two have more digits than
/// their scheme's numbers have.
const NUMBERS: [(&str, &str, &str); 11] = [
    ("3400000000000000", "340000******0000", ""),
    ("5100270000000007", "510027******0007", "MasterCard"),
    ("3600000000000008", "360000******0008", ""),
    ("6011000000000004", "601100******0004", "Discover"),
    ("3528000000000007", "352800******0007", "JCB"),
    ("5000330000000000", "500033******0000", "Maestro"),
    ("5001650000000000", "500165******0000", ""),
    ("6301144000000009", "630114******0009", ""),
    ("4539858876047062", "453985******7062", "Visa"),
    ("4000060000000006", "400006******0006", "Visa"),
    ("4001020000000009", "400102******0009", "Visa"),
];

#[test]
fn every_test_number_becomes_a_token() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (number, masked, scheme) in NUMBERS {
        for code in ["123", "1234", ""] {
            let mut source = with(&card_of(number), "/cardDetails/keyedData/cvv", json!(code));
            if code.is_empty() {
                source = super::calls::without(&source, "/cardDetails/keyedData/cvv");
            }
            let token = shop.single_use(&source);
            let shown = &token["source"];
            assert_eq!((&shown["type"], &shown["cardNumber"]), (&json!("card"), &json!(masked)), "{token}");
            let named = shown["cardType"].as_str().unwrap_or_default();
            assert!(scheme.is_empty() || named == scheme, "{number}: {named}");
            let clear = redeem(&node, &text(&token, "token")).json();
            let code = if code.is_empty() { Value::Null } else { json!(code) };
            assert_eq!((&clear["card"]["pan"], &clear["card"]["cvv"]), (&json!(number), &code));
        }
    }
}

/// The reference asks for the check digit of all but Maestro's, and for 12 to 19 digits.
#[test]
fn numbers_are_12_to_19_digits_with_a_check_digit() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (number, masked) in [
        ("4222222222222", "42222****2222"),
        ("378282246310005", "378282*****0005"),
        ("30569309025904", "305693****5904"),
        ("6759649826438454", "675964******8454"),
        ("6799990100000000018", "679999*********0018"),
    ] {
        let token = shop.single_use(&card_of(number));
        assert_eq!(token["source"]["cardNumber"], masked);
    }
    for number in [
        "",
        "4539858876047063",
        "453985887604706",
        "45398588760",
        "45398588760470620000",
        "4539 8588 7604 7062",
        "4539-8588-7604-7062",
        " 4539858876047062",
        "453985887604706x",
        "４５３９８５８８７６０４７０６２",
        "453985******7062",
    ] {
        let answer = shop.post("single-use-tokens", &request(&card_of(number)));
        assert_names(&answer, "source.cardDetails.keyedData.cardNumber");
        assert!(number.len() < 8 || !answer.text().contains(number), "{}", answer.text());
    }
}

#[test]
fn accounts_show_their_last_four_digits() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (number, masked) in [
        ("32183159", "****3159"),
        ("123456789", "*****6789"),
        ("11101010", "****1010"),
        ("12345", "*2345"),
        ("1234", "****"),
        ("00000000000000012", "*************0012"),
    ] {
        let token = shop.single_use(&with(&ach(), "/accountNumber", json!(number)));
        let expected = json!({"type": "ach", "nameOnAccount": "Shara Hazel Hopper", "accountNumber": masked,
            "routingNumber": "123456789"});
        assert_eq!(token["source"], expected);
        let clear = redeem(&node, &text(&token, "token")).json();
        assert_eq!(clear["account"], json!({"number": number, "routingNumber": "123456789"}));
    }
    for (number, masked) in
        [("1234567", "***4567"), ("1234567890", "******7890"), ("123456789012", "********9012")]
    {
        let token = shop.single_use(&with(&pad(), "/accountNumber", json!(number)));
        let expected = json!({"type": "pad", "nameOnAccount": "Sarah Hazel Hopper", "accountNumber": masked,
            "transitNumber": "76543", "institutionNumber": "543"});
        assert_eq!(token["source"], expected);
        let clear = redeem(&node, &text(&token, "token")).json();
        assert_eq!(clear["account"]["number"], number);
        let routing = text(&clear["account"], "routingNumber");
        assert!(routing.contains("76543") && routing.contains("543"), "{routing}");
    }
}

/// Month and year in four digits: the last month counts whole, and a terminal may take what is over.
#[test]
fn expired_cards_are_for_terminals_that_take_them() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut second) = (Shop::of(&node), Shop::by(&node, "sandbox", "1234002"));
    let of = |expiry: &str| request(&with(&card(), "/cardDetails/keyedData/expiryDate", json!(expiry)));
    let path = "source.cardDetails.keyedData.expiryDate";
    let now = jiff::Timestamp::from_millisecond(super::calls::now(&node)).expect("a time");
    let today = now.to_zoned(jiff::tz::TimeZone::UTC);
    let month = |months: i64| {
        let first = today.first_of_month().expect("a day");
        let then = first.checked_add(jiff::Span::new().months(months)).expect("a month");
        format!("{:02}{:02}", then.month(), then.year() % 100)
    };
    for expiry in [month(0), month(1), month(12), "1299".to_owned()] {
        let answer = shop.post("single-use-tokens", &of(&expiry));
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.json()["source"]["expiryDate"], *expiry);
    }
    // Yesterday's month is over everywhere, two months ago even in the last time zone.
    for expiry in [month(-2), month(-12), "0100".to_owned(), "1225".to_owned()] {
        assert_names(&shop.post("single-use-tokens", &of(&expiry)), path);
        let answer = second.post("single-use-tokens", &of(&expiry));
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.json()["source"]["expiryDate"], *expiry);
    }
    for expiry in ["", "0030", "1330", "12/30", "123", "12300", "122030", "1x30", "-130", "１２３０"] {
        for shop in [&mut shop, &mut second] {
            assert_names(&shop.post("single-use-tokens", &of(expiry)), path);
        }
    }
}
