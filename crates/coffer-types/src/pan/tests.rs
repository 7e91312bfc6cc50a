//! What is a card number and what is not, and what of it shows.

use proptest::prelude::*;

use zeroize::Zeroizing;

use super::*;
use crate::test_numbers::{PUBLISHED, check_digit, number, with_wrong_check_digit};

fn error(text: &str) -> Option<PanError> {
    Pan::parse(text).err()
}

#[test]
fn a_published_number_gives_its_parts() {
    let pan = Pan::parse("378282246310005").unwrap();
    assert_eq!(pan.expose(), "378282246310005");
    assert_eq!(pan.len(), 15);
    assert_eq!(pan.bin().unwrap().as_str(), "378282");
    assert_eq!(pan.last4().as_str(), "0005");
    assert_eq!(pan.brand(), Some(Brand::AmericanExpress));
}

#[test]
fn anything_but_ascii_digits_is_refused() {
    for text in [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        " 4111111111111111",
        "4111111111111111\n",
        "411111111111111１",
        "٤١١١١١١١١١١١١١١١",
        "+411111111111111",
        "4111111111111x11",
        "4111111111111111\0",
    ] {
        assert_eq!(error(text), Some(PanError::NotDigits), "{text:?}");
    }
}

#[test]
fn lengths_outside_12_to_19_are_refused() {
    assert_eq!(error(""), Some(PanError::Empty));
    assert_eq!(error("4"), Some(PanError::TooShort));
    assert_eq!(error(&number("7", '0', 11)), Some(PanError::TooShort));
    assert_eq!(error(&number("7", '0', 12)), None);
    assert_eq!(error(&number("7", '0', 19)), None);
    assert_eq!(error(&number("7", '0', 20)), Some(PanError::TooLong));
    assert_eq!(error(&number("7", '0', 300)), Some(PanError::TooLong));
}

#[test]
fn a_number_of_no_brand_is_accepted_and_must_pass_luhn() {
    let right = number("7", '3', 17);
    assert_eq!(Pan::parse(&right).unwrap().brand(), None);
    assert_eq!(error(&with_wrong_check_digit(&right)), Some(PanError::CheckDigit));
}

#[test]
fn the_length_is_judged_before_the_check_digit() {
    let long = with_wrong_check_digit(&number("37", '0', 16));
    assert_eq!(error(&long), Some(PanError::WrongLengthForBrand));
}

#[test]
fn no_published_number_survives_a_changed_check_digit() {
    for (number, _) in PUBLISHED {
        assert_eq!(error(&with_wrong_check_digit(number)), Some(PanError::CheckDigit), "{number}");
    }
}

#[test]
fn ranges_without_luhn_take_any_last_digit() {
    for prefix in ["9860", "8600", "5614", "9704"] {
        let right = number(prefix, '1', 16);
        assert_eq!(error(&right), None, "{right}");
        assert_eq!(error(&with_wrong_check_digit(&right)), None, "{right}");
    }
}

#[test]
fn bin_is_absent_when_fewer_than_four_digits_would_stay_hidden() {
    for length in 12..=19 {
        let pan = Pan::parse(&number("675912", '3', length)).unwrap();
        assert_eq!(pan.bin().map(|bin| bin.as_str().to_owned()), (length >= 14).then(|| "675912".to_owned()));
        assert_eq!(pan.last4().as_str(), &pan.expose()[length - 4..]);
    }
}

#[test]
fn a_dialect_falls_back_to_the_network_that_it_knows() {
    let international = |brand| match brand {
        Brand::Visa => Some("V"),
        Brand::Maestro => Some("M"),
        _ => None,
    };
    let co_badged = Pan::parse(&number("4571", '0', 16)).unwrap();
    assert_eq!(co_badged.brand(), Some(Brand::Dankort));
    assert_eq!(co_badged.brand_by(international), Some("V"));
    assert_eq!(co_badged.brand_by(|brand| Some(brand.name())), Some("Dankort"));
    let dankort = Pan::parse("5019717010103742").unwrap();
    assert_eq!(dankort.brand_by(international), None, "not Maestro, though 50 is a wide Maestro range");
    assert_eq!(Pan::parse("6771790000000018").unwrap().brand_by(international), Some("M"));
}

#[test]
fn debug_and_errors_show_no_digit_of_the_number() {
    for (number, _) in PUBLISHED {
        let pan = Pan::parse(number).unwrap();
        for shown in [format!("{pan:?}"), format!("{pan:#?}"), format!("{:?}", Some(&pan))] {
            assert!(!shown.contains(|c: char| c.is_ascii_digit()), "{shown}");
        }
        let error = Pan::parse(&with_wrong_check_digit(number)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(|c: char| c.is_ascii_digit()));
    }
}

#[test]
fn padded_is_one_count_the_digits_and_zeros() {
    let pan = Pan::parse("4222222222222").unwrap();
    assert_eq!(*pan.padded(), *b"\x0d4222222222222\0\0\0\0\0\0");
}

#[test]
fn from_padded_checks_the_shape_and_not_the_rules() {
    let error = |bytes: &[u8]| Pan::from_padded(bytes).err();
    assert_eq!(error(b"\x104111111111111112\0\0\0"), None, "a wrong check digit is not judged again");
    assert_eq!(error(b"\x0c371111111111\0\0\0\0\0\0\0"), None, "nor is the brand's length");
    assert_eq!(error(b""), Some(PanError::Empty));
    assert_eq!(error(b"\x104111111111111111\0\0"), Some(PanError::TooShort), "19 bytes");
    assert_eq!(error(b"\x104111111111111111\0\0\0\0"), Some(PanError::TooLong), "21 bytes");
    assert_eq!(error(b"\x0b41111111111\0\0\0\0\0\0\0\0"), Some(PanError::TooShort), "11 digits");
    assert_eq!(error(b"\x1441111111111111111111"), Some(PanError::TooLong), "the count says 20");
    assert_eq!(error(b"\x0f4111111111111111\0\0\0"), Some(PanError::NotDigits), "a digit after the count");
    assert_eq!(error(b"\x114111111111111111\0\0\0"), Some(PanError::NotDigits), "the count takes in a zero");
}

proptest! {
    #[test]
    fn padded_round_trip(body in "[0-9]{11,18}") {
        let text = format!("{body}{}", check_digit(&body));
        let bytes = Zeroizing::new({
            let mut bytes = [0_u8; 20];
            bytes[0] = u8::try_from(text.len()).unwrap();
            bytes[1..=text.len()].copy_from_slice(text.as_bytes());
            bytes
        });
        let pan = Pan::from_padded(bytes.as_slice()).unwrap();
        prop_assert_eq!(pan.expose(), &text);
        prop_assert_eq!(pan.padded(), &*bytes);
    }

    #[test]
    fn parse_keeps_the_text_or_refuses_it(text in "[0-9]{0,22}") {
        match Pan::parse(&text) {
            Ok(pan) => {
                prop_assert_eq!(pan.expose(), &text);
                let back = Pan::from_padded(pan.padded().as_slice()).unwrap();
                prop_assert_eq!(back.expose(), &text);
            }
            Err(error) => {
                let by_length = [PanError::Empty, PanError::TooShort, PanError::TooLong].contains(&error);
                prop_assert_eq!(by_length, !(12..=19).contains(&text.len()));
            }
        }
    }

    #[test]
    fn any_input_is_answered(text in ".{0,30}", bytes in prop::collection::vec(any::<u8>(), 0..24)) {
        if let Ok(pan) = Pan::parse(&text) {
            prop_assert_eq!(pan.expose(), &text);
        }
        if let Ok(pan) = Pan::from_padded(&bytes) {
            prop_assert_eq!(pan.padded().to_vec(), bytes);
        }
    }
}

#[test]
fn a_lenient_reader_knows_no_lengths_of_brands() {
    let lenient = |text: &str| Pan::parse_leniently(text).err();
    for (prefix, brand) in [("34", Brand::AmericanExpress), ("4", Brand::Visa), ("5100", Brand::Mastercard)] {
        for length in 12..=19 {
            let right = number(prefix, '0', length);
            assert_eq!(Pan::parse_leniently(&right).unwrap().brand(), Some(brand), "{right}");
            assert_eq!(lenient(&with_wrong_check_digit(&right)), Some(PanError::CheckDigit), "{right}");
        }
    }
    assert_eq!(error("3400000000000000"), Some(PanError::WrongLengthForBrand), "the strict one does");
    assert_eq!(lenient(""), Some(PanError::Empty));
    assert_eq!(lenient(&number("4", '0', 11)), Some(PanError::TooShort));
    assert_eq!(lenient(&number("4", '0', 20)), Some(PanError::TooLong));
    assert_eq!(lenient("4111 1111 1111 1111"), Some(PanError::NotDigits));
}

#[test]
fn a_lenient_reader_asks_no_check_digit_of_maestro() {
    let lenient = |text: &str| Pan::parse_leniently(text).err();
    for text in ["6759649826438453", "6771790000000018"] {
        let wrong = with_wrong_check_digit(text);
        assert_eq!((lenient(text), lenient(&wrong)), (None, None), "{text}");
        assert_eq!(error(&wrong), Some(PanError::CheckDigit), "the strict one does");
    }
    let unknown = with_wrong_check_digit(&number("7", '3', 16));
    assert_eq!(lenient(&unknown), Some(PanError::CheckDigit), "of no brand at all it does");
    assert_eq!(lenient(&with_wrong_check_digit(&number("9860", '1', 16))), None, "and of none without one");
}
