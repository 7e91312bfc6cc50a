use super::*;
use crate::json::parse;

fn found(body: &str) -> bool {
    holds_card(&parse(body.as_bytes()).unwrap())
}

#[test]
fn cards_and_codes_are_found_wherever_they_are() {
    for body in [
        r#"{"a":"4111111111111111"}"#,
        r#"{"a":"card 4111 1111-1111.1111!"}"#,
        r#"{"a":{"b":["x","4111111111111111"]}}"#,
        r#"{"a":4111111111111111}"#,
        r#"{"a":-4111111111111111}"#,
        r#"{"a":4111111111111111.0}"#,
        r#"{"a":4.111111111111111e15}"#,
        r#"{"4111111111111111":1}"#,
        r#"{"a":"{\"b\":\"[{\\\"cvv\\\":\\\"123\\\"}]\"}"}"#,
    ] {
        assert!(found(body), "{body}");
    }
}

#[test]
fn what_stands_around_a_card_number_does_not_hide_it() {
    for text in [
        "4111111111111111 12/30",
        "4111 1111 1111 1111 12/2035 123",
        "4111111111111111123",
        "41111111111111111230123",
        "1. 4111111111111111",
        "04111111111111111",
        "00004111111111111111",
        "20261122 4111111111111111",
        "2026-11-22 10:15:00 4111-1111-1111-1111",
        "no.4111111111111111x",
        "%B4111111111111111^DOE/JANE^30121010000?",
        ";4111111111111111=30121010000?",
        "+4111111111111111",
        "reference-4111111111111111-of-a-customer",
    ] {
        assert!(text_holds_card(text), "{text}");
    }
}

#[test]
fn separators_and_scripts_do_not_hide_it() {
    for text in [
        "4111\t1111\t1111\t1111",
        "4111\u{a0}1111\u{a0}1111\u{a0}1111",
        "4111,1111,1111,1111",
        "4111, 1111, 1111, 1111",
        "4111\u{200b}1111\u{200b}1111\u{200b}1111",
        "4111–1111–1111–1111",
        "4111_1111_1111_1111",
        "4111+1111+1111+1111",
        "(4111) 1111 1111 1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "41 11 11 11 11 11 11 11",
        "41111111 11111111",
        "3782 822463 10005",
        "4111111111111111",
        "٤١١١١١١١١١١١١١١١",
        "𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏",
    ] {
        assert!(text_holds_card(text), "{text}");
    }
}

#[test]
fn every_published_number_is_found_in_every_writing() {
    for digits in [
        "4242424242424242",
        "4222222222222",
        "5555555555554444",
        "5105105105105100",
        "2223003122003222",
        "2720990000000007",
        "378282246310005",
        "6011111111111117",
        "30569309025904",
        "3530111333300000",
        "6759649826438453",
        "6771790000000018",
    ] {
        let grouped: Vec<&str> =
            (0..digits.len()).step_by(4).map(|at| &digits[at..digits.len().min(at + 4)]).collect();
        for text in [
            digits.to_owned(),
            grouped.join(" "),
            grouped.join("-"),
            format!("0{digits}"),
            format!("1. {digits} 12/30"),
        ] {
            assert!(text_holds_card(&text), "{text}");
        }
    }
}

#[test]
fn members_that_are_named_as_codes_pins_and_tracks_are_found() {
    for name in [
        "cvv",
        "CVV-2",
        "cvc2",
        "cvn",
        "cvn2",
        "cvd",
        "cav2",
        "cid",
        "csc",
        "card_cvv",
        "cardCvv",
        "cvv_code",
        "cvvCode",
        "cvcCode",
        "verification_value",
        "card_verification_value",
        "securityCode",
        "pin",
        "PIN",
        "pinBlock",
        "track1",
        "track2",
        "track_2",
        "track2Data",
        "track2EquivalentData",
        "trackData",
        "magStripe",
    ] {
        assert!(found(&format!(r#"{{"a":[{{"{name}":"123"}}]}}"#)), "{name}");
        assert!(found(&format!(r#"{{"{name}":"x"}}"#)), "{name}");
    }
    for name in ["cvvResult", "cvcCheck", "cvv_response", "cvvPresent", "pincode"] {
        assert!(!found(&format!(r#"{{"{name}":"M","b":1}}"#)), "{name}");
        assert!(
            found(&format!(r#"{{"{name}":"123"}}"#)) && found(&format!(r#"{{"{name}":1234}}"#)),
            "{name}"
        );
    }
    for name in
        ["pincode", "tracking", "track", "trackingNumber", "pinned", "spin", "accident", "description"]
    {
        assert!(!found(&format!(r#"{{"{name}":"110001"}}"#)), "{name}");
    }
}

#[test]
fn what_is_innocent_passes() {
    for body in [
        "{}",
        r#"{"order":"20261122-0001","phone":"+1 512 710 1640","n":12345678901234,"zeros":"0000000000000000"}"#,
        r#"{"a":"4111111111111112","b":true,"c":null,"d":1.5,"description":"cvv was checked"}"#,
        r#"{"long":"41111111111111121111111111"}"#,
        r#"{"millis":1795305600000,"micros":1795305600000000,"nanos":"1795305600000000000"}"#,
        r#"{"at":"2026-11-22 10:15:00.123456","iso":"2026-11-22T10:15:00.123456Z"}"#,
        r#"{"latitude":52.52000659999999,"where":"40.712775,-74.005972"}"#,
        r#"{"uuid":"4bf92f35-77b3-4da6-a3ce-929d0e0e4736"}"#,
        r#"{"agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.6099.109 Safari/537.36"}"#,
        r#"{"phones":["+49 1512 3456789","0049 30 901820","+4912345678902"]}"#,
        r#"{"wallet":"0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe","address":"4111 Elm Street, 78701 Austin"}"#,
    ] {
        assert!(!found(body), "{body}");
    }
}

/// One in ten numbers has the right check digit; few of those begin as a card does.
#[test]
fn of_innocent_numbers_few_are_refused() {
    // A fixed sequence (Knuth's MMIX generator): the share is the same each time.
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state
    };
    let share = |refused: usize| refused * 1_000 / 10_000;
    let of_digits = |digits: usize, draw: &mut dyn FnMut() -> u64| {
        let numbers = (0..10_000).map(|_| format!("{:020}", draw() / 10)[20 - digits..].to_owned());
        share(numbers.filter(|text| text_holds_card(text)).count())
    };
    for (digits, most) in [(10, 0), (11, 0), (12, 20), (13, 30), (16, 50), (18, 75), (19, 75)] {
        let share = of_digits(digits, &mut draw);
        assert!(share <= most, "{share} in a thousand of {digits} digits");
    }
    let hashes = (0..10_000).map(|_| format!("{:016x}{:016x}{:016x}{:016x}", draw(), draw(), draw(), draw()));
    assert_eq!(hashes.filter(|text| text_holds_card(text)).count(), 0, "hashes");
}
