use coffer_types::{AccountNumber, Cvv, Pan};

use super::*;
use crate::{
    dialects::payroc::payments::outgoing::{ClearAch, ClearCard, ClearMethod},
    json::parse,
};

/// A card and its code, or an account.
fn sent(card: Option<(&str, &str)>, account: Option<&str>) -> Sent {
    let nothing = parse(b"{}").unwrap();
    if let Some((number, code)) = card {
        let (pan, cvv) = (Pan::parse(number).unwrap(), Cvv::parse(code).unwrap());
        let (expiry, account_type, benefits) = (None, None, None);
        let card = ClearCard { pan: &pan, expiry, cvv: Some(&cvv), holder: "", account_type, benefits };
        return Sent::of(&nothing, &ClearMethod::Card(card));
    }
    let Some(account) = account else { return Sent::default() };
    let number = AccountNumber::parse_bban(account).unwrap();
    let (account_type, sec_code) = (None, None);
    let ach = ClearAch { name: "", number: &number, routing: "021000021", account_type, sec_code };
    Sent::of(&nothing, &ClearMethod::Ach(ach))
}

fn visa() -> Sent {
    sent(Some(("4539858876047062", "234")), None)
}

#[test]
fn the_number_that_was_sent_is_found_in_every_writing() {
    for (text, shown) in [
        ("4539858876047062", "453985******7062"),
        ("card 4539858876047062!", "card 453985******7062!"),
        ("4539 8588 7604 7062", "4539 85** **** 7062"),
        ("4539-8588-7604-7062", "4539-85**-****-7062"),
        ("4 5 3 9 8 5 8 8 7 6 0 4 7 0 6 2", "4 5 3 9 8 5 * * * * * * 7 0 6 2"),
        ("x4539858876047062y", "x453985******7062y"),
        ("4539858876047062 and 4539858876047062", "453985******7062 and 453985******7062"),
        ("00994539858876047062", "0099453985******7062"),
        ("454539858876047062", "45453985******7062"),
        ("5A084539858876047062", "5A08453985******7062"),
        ("４５３９８５８８７６０４７０６２", "４５３９８５******７０６２"),
        (
            "d41d8cd98f00b204e9800998ecf8427e4539858876047062",
            "d41d8cd98f00b204e9800998ecf8427e453985******7062",
        ),
    ] {
        assert_eq!(veil(text, Kind::Any, &visa()), shown);
        assert_eq!(veil(text, Kind::Named, &visa()), shown);
    }
}

#[test]
fn any_other_card_is_hidden_as_well() {
    for (text, shown) in [
        ("4111111111111111", "411111******1111"),
        ("for 4111 1111 1111 1111, and 5555555555554444", "for 4111 11** **** 1111, and 555555******4444"),
        ("4111111111111111 12/30", "411111********** 12/30"),
        ("378282246310005", "378282*****0005"),
        ("4222222222222", "42222****2222"),
        ("6759649826438453 of Maestro", "675964******8453 of Maestro"),
    ] {
        assert_eq!(veil(text, Kind::Any, &Sent::default()), shown);
    }
}

#[test]
fn at_least_four_digits_of_the_number_that_was_sent_stay_hidden() {
    for (number, shown) in [("4222222222222", "42222****2222"), ("30569309025904", "305693****5904")] {
        assert_eq!(veil(number, Kind::Any, &sent(Some((number, "234")), None)), shown);
    }
}

/// What is seen of two masks in one text can pass as a card number by chance: then more is hidden.
#[test]
fn what_is_left_never_passes_as_a_card() {
    let shown = veil("4539858876047062-4539858876047062", Kind::Any, &visa());
    assert_eq!(shown, "453985**********-************7062");
}

#[test]
fn a_code_is_hidden_where_it_stands_alone() {
    for (text, shown) in [
        ("234", "***"),
        (" 234 ", " *** "),
        ("the code '234' is wrong.", "the code '***' is wrong."),
        ("cvv: 234.", "cvv: ***."),
        ("cvv=234&x", "cvv=***&x"),
        ("CVV2:234", "CVV2:***"),
        ("CVV2-234, CVC2/234 no match, cvv2.234", "CVV2-***, CVC2/*** no match, cvv2.***"),
        ("cvv234", "cvv***"),
        ("1235/234, 1235_234", "1235/***, 1235_***"),
        ("card 4539858876047062,1235,234", "card 453985******7062,1235,***"),
        ("453985887604706212302340000", "453985******7062***********"),
        ("19:234", "19:***"),
        ("12.234 of 234.50", "12.*** of ***.50"),
        ("OrderRef6543-234", "OrderRef6543-***"),
        ("cvv:234", "cvv:***"),
        ("CVV-234", "CVV-***"),
        ("234, 234", "***, ***"),
    ] {
        assert_eq!(veil(text, Kind::Any, &visa()), shown);
    }
    for text in [
        "1234",
        "2345",
        "12.234",
        "234.50",
        "2,234",
        "2024-08-05T19:50:05.234+02:00",
        "2024-08-05 19:50:05.234",
        "4bf92f35-a234-4da6-a3ce-929d0e0e4736",
        "A1B234",
        "cvvResult234",
    ] {
        assert_eq!(veil(text, Kind::Any, &visa()), text);
    }
    assert_eq!(veil("234", Kind::Named, &visa()), "234", "a short identifier of the contract's own");
}

#[test]
fn account_numbers_show_their_last_four_and_short_ones_nothing() {
    let long = sent(None, Some("0034567890"));
    for (text, shown) in [
        ("0034567890", "******7890"),
        ("account 00 3456-7890 is closed", "account ** ****-7890 is closed"),
        ("x0034567890y", "x******7890y"),
    ] {
        assert_eq!(veil(text, Kind::Any, &long), shown);
    }
    let short = sent(None, Some("123456"));
    assert_eq!(veil("account 123456 is closed", Kind::Any, &short), "account ****** is closed");
    for (text, shown) in [
        ("123456-1", "******-1"),
        ("00412-003-123456", "00412-003-******"),
        ("123456/021000021", "******/021000021"),
        ("1234567", "1234567"),
        ("1123456", "1123456"),
        ("12.123456", "12.123456"),
    ] {
        assert_eq!(veil(text, Kind::Any, &short), shown);
    }
    let seven = sent(None, Some("1234567"));
    assert_eq!(veil("0003004121234567", Kind::Any, &seven), "000300412*******", "with its branch before it");
    // Who takes it for a number drops the zeros at its front.
    let zeros = sent(None, Some("0032183159"));
    assert_eq!(veil("account 32183159 closed", Kind::Any, &zeros), "account ******** closed");
    assert_eq!(veil("132183159", Kind::Any, &zeros), "132183159");
    assert_eq!(
        veil("1234", Kind::Any, &sent(None, Some("1234"))),
        "****",
        "nothing of a short number may be seen"
    );
}

/// Members of the request's own, whatever they are called and however long they are.
#[test]
fn what_the_request_has_beside_its_method_is_found_as_well() {
    let text =
        r#"{"paymentMethod":{"x":{"cardNumber":"12","cvv":"937"},"y":[{"accountNumber":"12345"}],"z":null}}"#;
    let node = parse(text.as_bytes()).unwrap();
    let sent = Sent::of(&node, &ClearMethod::AsItCame { pan: None });
    for (text, shown) in [
        ("the code 937 is wrong", "the code *** is wrong"),
        ("account 12345", "account *****"),
        ("no 12 of it", "no ** of it"),
    ] {
        assert_eq!(veil(text, Kind::Any, &sent), shown);
    }
}

/// Codes go on wherever they stand in a request, and what chips and keys say comes back in more than one writing.
#[test]
fn what_stands_beside_the_method_and_in_chips_is_found() {
    let chip = "57134539858876047062D35122011234567890123F";
    let text = format!(
        r#"{{"verification":{{"cvv":"987","cvc2":765}},"paymentMethod":{{"cardDetails":{{"rawData":"{chip}",
        "device":{{"dataKsn":"FFFF9876543210E00001"}}}}}}}}"#
    );
    let (node, pan) = (parse(text.as_bytes()).unwrap(), Pan::parse("4539858876047062").unwrap());
    let sent = Sent::of(&node, &ClearMethod::AsItCame { pan: Some(&pan) });
    for (text, shown) in [
        ("987 or 765", "*** or ***"),
        ("D35122011234567890123", "D****"),
        ("own 1234567890123", "own *************"),
        ("key FFFF 9876-5432 10E0 0001", "key ****"),
        ("key 9876543210E00001", "key ****"),
    ] {
        assert_eq!(veil(text, Kind::Any, &sent), shown);
    }
}

#[test]
fn a_number_is_a_code_whatever_its_zeros() {
    let sent = sent(Some(("4539858876047062", "012")), None);
    for (text, is_code) in
        [("12", true), ("-12", true), ("012", true), ("120", false), ("2", false), ("112", false)]
    {
        assert_eq!(is_code_sent(text, &sent), is_code, "{text}");
    }
}

#[test]
fn a_member_can_tell_that_a_number_is_one() {
    let none = Sent::default();
    for (kind, text, shown) in [
        // Whatever the check digit.
        (Kind::Card, "4111111111111112", "411111******1112"),
        (Kind::Card, "453985******7062", "453985******7062"),
        (Kind::Account, "123456789", "*****6789"),
        (Kind::Account, "*****5929", "*****5929"),
        (Kind::Account, "12****6789", "******6789"),
        (Kind::Account, "DE89 3704 0044 0532 0130 00", "DE** **** **** **** **30 00"),
        (Kind::Any, "4111111111111112", "4111111111111112"),
        // Fifteen digits that pass as a card of American Express.
        (Kind::Scheme, "378282246310005", "378282246310005"),
    ] {
        assert_eq!(veil(text, kind, &none), shown, "{kind:?}");
    }
    assert_eq!(
        veil("4539858876047062", Kind::Scheme, &visa()),
        "453985******7062",
        "but what was sent is hidden"
    );
}

#[test]
fn ordinary_texts_are_left_alone() {
    let all = [visa(), sent(None, Some("0034567890")), Sent::default()];
    for text in [
        "",
        "M2MJOG6O2Y",
        "OrderRef6543",
        "MREF_abc1de23-f4a5-6789-bcd0-12e345678901fa",
        "2967531234567890128",
        "1234001",
        "2024-08-05T19:50:05.723+02:00",
        "2026-11-22 10:15:00.123456",
        "1230",
        "021000021",
        "+1 512 710 1640",
        "453985******7062",
        "https://api.payroc.com/v1/processing-terminals/1234001/secure-tokens/MREF_1",
        "https://docs.payroc.com/api/errors#bad-request",
        "One or more validation errors occurred, see error section for more info",
        "8e03978e-40d5-43e8-bc93-6894a57f9324",
    ] {
        for sent in &all {
            assert!(matches!(veil(text, Kind::Any, sent), Cow::Borrowed(shown) if shown == text), "{text}");
        }
    }
}
