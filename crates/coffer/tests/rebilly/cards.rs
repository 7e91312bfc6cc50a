//! Card numbers, codes and expiries.

use serde_json::{Value, json};

use super::calls::{TOKENS, assert_masked, get, invalid_fields, names, post, token, with};
use crate::support::{Client, Node, card, home};

/// The published test numbers with the brand as Rebilly spells it (section 10), and the length of the code.
const PUBLISHED: [(&str, &str, &str); 16] = [
    ("4111111111111111", "Visa", "123"),
    ("4000000000000002", "Visa", "123"),
    ("5555555555554444", "MasterCard", "123"),
    ("5105105105105100", "MasterCard", "123"),
    ("378282246310005", "American Express", "1234"),
    ("371449635398431", "American Express", "1234"),
    ("6011111111111117", "Discover", "123"),
    ("6011000990139424", "Discover", "123"),
    ("30569309025904", "Diners Club", "123"),
    ("38520000023237", "Diners Club", "123"),
    ("3530111333300000", "JCB", "123"),
    ("3566002020360505", "JCB", "123"),
    ("6253111111111114", "China UnionPay", "123"),
    ("6243030000000001", "China UnionPay", "123"),
    ("6759641111111119", "Maestro", "123"),
    ("6771790000000018", "Maestro", "123"),
];

fn card_of(pan: &str, cvv: Value) -> Value {
    with(&with(&card(), "paymentInstrument.pan", json!(pan)), "paymentInstrument.cvv", cvv)
}

#[test]
fn every_published_number_shows_its_brand_and_is_masked() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (pan, brand, cvv) in PUBLISHED {
        let answer = post(&mut client, TOKENS, &card_of(pan, json!(cvv)));
        assert_eq!(answer.status, 201, "{brand}: {}", answer.text());
        let made = answer.json();
        let expected = json!({
            "expMonth": 12, "expYear": 2035, "brand": brand, "bin": &pan[..6], "last4": &pan[pan.len() - 4..],
        });
        assert_eq!(made["paymentInstrument"], expected, "{brand}");
        assert_masked(&answer, pan);
        let read = get(&mut client, &format!("{TOKENS}/{}", made["id"].as_str().unwrap()));
        assert_eq!((read.status, read.json()), (200, made));
    }
}

#[test]
fn the_code_has_four_digits_with_american_express_and_three_with_all_others() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (pan, brand, fitting) in PUBLISHED {
        let zeros = "0".repeat(fitting.len());
        let unfitting = if fitting.len() == 3 { "1234" } else { "123" };
        for (cvv, fits) in [
            (fitting, true),
            (zeros.as_str(), true),
            (unfitting, false),
            ("12", false),
            ("12345", false),
            ("12a", false),
            ("", false),
        ] {
            let answer = post(&mut client, TOKENS, &card_of(pan, json!(cvv)));
            if fits {
                assert_eq!(answer.status, 201, "{brand} {cvv:?}: {}", answer.text());
            } else {
                assert_eq!(invalid_fields(&answer), names(&["paymentInstrument.cvv"]), "{brand} {cvv:?}");
                assert!(cvv.is_empty() || !answer.text().contains(cvv), "the code is in the answer");
            }
        }
    }
}

#[test]
fn what_is_not_a_card_number_is_named_and_never_repeated() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let wide: String = "4111111111111111"
        .chars()
        .map(|digit| char::from_u32(digit as u32 - 0x30 + 0xFF10).unwrap())
        .collect();
    for pan in [
        "4111111111111112",
        "4111111111111",
        "41111111111",
        "41111111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        " 4111111111111111",
        "4111111111111111\n",
        "4111111111111111\u{0}",
        "x4111111111111111",
        &wide,
        &"4".repeat(256),
    ] {
        let answer = post(&mut client, TOKENS, &card_of(pan, json!("123")));
        assert_eq!(invalid_fields(&answer), names(&["paymentInstrument.pan"]), "{pan:?}");
        assert!(!answer.text().contains(pan.trim()), "{pan:?} is in the answer");
    }
    // A number as a JSON number has lost its leading zeros: it is refused, and not echoed either.
    let answer = post(&mut client, TOKENS, &card_of("", json!("123")));
    assert_eq!(invalid_fields(&answer), names(&["paymentInstrument.pan"]));
    let answer =
        post(&mut client, TOKENS, &with(&card(), "paymentInstrument.pan", json!(4_111_111_111_111_111_u64)));
    assert_eq!(invalid_fields(&answer), names(&["paymentInstrument.pan"]));
    assert!(!answer.text().contains("4111111111111111"));
}

/// Moves the clock to the middle of a month, where no time zone is in another month, and gives year and month.
fn middle_of_a_month(node: &Node) -> (i64, i64) {
    loop {
        let now =
            node.client().call("GET", "/sandbox/clock", &[], b"").json()["now"].as_str().unwrap().to_owned();
        let day: u32 = now[8..10].parse().unwrap();
        if (10..=20).contains(&day) {
            return (now[..4].parse().unwrap(), now[5..7].parse().unwrap());
        }
        node.advance(86_400);
    }
}

fn expiring(client: &mut Client, month: &Value, year: &Value) -> crate::support::Answer {
    let body = with(&card(), "paymentInstrument.expMonth", month.clone());
    post(client, TOKENS, &with(&body, "paymentInstrument.expYear", year.clone()))
}

#[test]
fn a_card_is_good_through_its_month_and_not_a_month_longer() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (year, month) = middle_of_a_month(&node);
    let mut client = node.client();
    let last = if month == 1 { (12, year - 1) } else { (month - 1, year) };
    for (month, year) in [last, (month, year - 1), (12, year - 1), (1, 2000), (12, 1999)] {
        let fields = invalid_fields(&expiring(&mut client, &json!(month), &json!(year)));
        let expiry = names(&["paymentInstrument.expMonth", "paymentInstrument.expYear"]);
        assert!(!fields.is_empty() && fields.is_subset(&expiry), "{month}/{year}: {fields:?}");
    }
    let next = if month == 12 { (1, year + 1) } else { (month + 1, year) };
    // 10/2051 is a published test expiry (section 10).
    for (month, year) in [(month, year), next, (12, year + 10), (10, 2051)] {
        let answer = expiring(&mut client, &json!(month), &json!(year));
        assert_eq!(answer.status, 201, "{month}/{year}: {}", answer.text());
        let masked = &answer.json()["paymentInstrument"];
        assert_eq!((&masked["expMonth"], &masked["expYear"]), (&json!(month), &json!(year)));
    }
}

#[test]
fn an_expiry_is_two_integers_of_the_calendar() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let (month_field, year_field) = ("paymentInstrument.expMonth", "paymentInstrument.expYear");
    for month in [
        json!(0),
        json!(13),
        json!(-1),
        json!("12"),
        json!(12.5),
        json!(true),
        json!(null),
        json!([12]),
        json!(1e20),
    ] {
        let answer = expiring(&mut client, &month, &json!(2035));
        assert_eq!(invalid_fields(&answer), names(&[month_field]), "{month}");
    }
    for year in
        [json!(35), json!(999), json!(10_000), json!(-2035), json!("2035"), json!(2035.5), json!(null)]
    {
        let answer = expiring(&mut client, &json!(12), &year);
        assert_eq!(invalid_fields(&answer), names(&[year_field]), "{year}");
    }
    assert_eq!(
        invalid_fields(&expiring(&mut client, &json!(0), &json!(0))),
        names(&[month_field, year_field])
    );
    let made = token(&mut client, &card());
    assert!(made["paymentInstrument"]["expMonth"].is_u64() && made["paymentInstrument"]["expYear"].is_u64());
}
