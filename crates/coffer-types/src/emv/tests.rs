//! What of chip data is a card, and what is refused.

mod generated;

use super::*;
use crate::test_numbers::{PUBLISHED, number, with_wrong_check_digit};
use crate::{Expiry, read_hex};

const VISA: &str = "4111111111111111";
const AMEX: &str = "378282246310005";

/// An object with the shortest form of its length.
fn object(tag: &str, value: &[u8]) -> Vec<u8> {
    let form = match value.len() {
        ..=0x7F => 0,
        0x80..=0xFF => 1,
        _ => 2,
    };
    object_with(tag, form, value)
}

/// An object whose length is written in a byte, or in `form` bytes behind one that says so.
fn object_with(tag: &str, form: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    let mut bytes = hex(tag);
    match form {
        0 => bytes.push(length[1]),
        1 => bytes.extend([0x81, length[1]]),
        _ => bytes.extend([0x82, length[0], length[1]]),
    }
    bytes.extend(value);
    bytes
}

fn hex(text: &str) -> Vec<u8> {
    read_hex(text).unwrap().to_vec()
}

/// Digits, two a byte, filled up with `F`.
fn packed(digits: &str) -> Vec<u8> {
    hex(&if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("{digits}F") })
}

fn pan(digits: &str) -> Vec<u8> {
    object("5A", &packed(digits))
}

/// Track 2 equivalent data with a service code and discretionary data behind the expiry.
fn track_2(digits: &str, yymm: &str) -> Vec<u8> {
    object("57", &packed(&format!("{digits}D{yymm}2010000")))
}

fn expiry(yymmdd: &str) -> Vec<u8> {
    object("5F24", &hex(yymmdd))
}

fn holder(name: &[u8]) -> Vec<u8> {
    object("5F20", name)
}

fn error(parts: &[Vec<u8>]) -> Option<ChipError> {
    read_chip(&parts.concat()).err()
}

/// Number, year and month, name.
type Seen = (String, Option<(u16, u8)>, Option<String>);

fn seen(card: &ChipCard) -> Seen {
    let month = |expiry: Expiry| (expiry.year(), expiry.month());
    (card.pan.expose().to_owned(), card.expiry.map(month), card.holder.as_deref().cloned())
}

fn read(parts: &[Vec<u8>]) -> Seen {
    seen(&read_chip(&parts.concat()).unwrap())
}

#[test]
fn every_length_of_number_is_read_from_both_places() {
    let long = [number("6759", '8', 19), number("6759", '8', 18), number("6759", '8', 12)];
    for digits in PUBLISHED.iter().map(|(number, _)| *number).chain(long.iter().map(String::as_str)) {
        assert_eq!(read(&[pan(digits)]), (digits.to_owned(), None, None), "{digits}");
        assert_eq!(read(&[object("57", &packed(&format!("{digits}D3012")))]).0, digits);
        assert_eq!(read(&[pan(digits), track_2(digits, "3012")]).1, Some((2030, 12)), "{digits}");
    }
    let filled = object("5A", &hex("378282246310005FFFFF"));
    assert_eq!(read(&[filled]).0, AMEX, "filled up to the ten bytes of the longest");
}

#[test]
fn a_whole_card_in_any_order() {
    let expected = (VISA.to_owned(), Some((2030, 12)), Some("DOE/JANE".to_owned()));
    let parts = [pan(VISA), track_2(VISA, "3012"), expiry("301231"), holder(b"DOE/JANE  ")];
    assert_eq!(read(&parts), expected);
    assert_eq!(read(&parts.clone().into_iter().rev().collect::<Vec<_>>()), expected);
    assert_eq!(read(&parts[1..]), expected, "without 5A");
    assert_eq!(read(&[parts[0].clone(), parts[2].clone(), parts[3].clone()]), expected, "without 57");
}

#[test]
fn an_expiry_comes_from_either_place_or_is_absent() {
    assert_eq!(read(&[pan(VISA), expiry("991231")]).1, Some((2099, 12)));
    assert_eq!(read(&[pan(VISA), expiry("000100")]).1, Some((2000, 1)), "the day is not judged");
    assert_eq!(read(&[track_2(VISA, "0511")]).1, Some((2005, 11)));
    assert_eq!(read(&[track_2(VISA, "D")]).1, None, "a separator in its place");
    assert_eq!(read(&[track_2(VISA, "D"), expiry("301231")]).1, Some((2030, 12)));
}

#[test]
fn templates_are_opened_and_nothing_else() {
    for template in ["70", "77", "61", "6F", "E1", "A5", "BF0C", "FF8101"] {
        let inner = object(template, &[pan(VISA), expiry("301231")].concat());
        assert_eq!(read(std::slice::from_ref(&inner)).1, Some((2030, 12)), "{template}");
        assert_eq!(read(&[object("6F", &object("A5", &inner))]).0, VISA, "{template} further in");
    }
    for primitive in ["50", "80", "9F10", "DF8101", "C1"] {
        assert_eq!(error(&[object(primitive, &pan(VISA))]), Some(ChipError::NoPan), "{primitive}");
        assert_eq!(read(&[object(primitive, &pan(AMEX)), pan(VISA)]).0, VISA, "{primitive}");
    }
    for like in ["5A", "57"] {
        let longer = object(&format!("9F{like}"), &packed(AMEX));
        assert_eq!(read(&[longer, pan(VISA)]).0, VISA, "9F{like} is another tag");
    }
}

#[test]
fn lengths_have_three_forms() {
    for form in 0..=2 {
        assert_eq!(read(&[object_with("5A", form, &packed(VISA))]).0, VISA, "{form}");
    }
    let rest = |bytes: usize| object("9F10", &vec![0x5A; bytes]);
    for bytes in [0x7F, 0x80, 0xFF, 0x100, 0x1FF] {
        assert_eq!(read(&[rest(bytes), pan(VISA)]).0, VISA, "{bytes}");
        assert_eq!(read(&[object("70", &[rest(bytes), pan(VISA)].concat())]).0, VISA, "{bytes}");
    }
    for length in ["80", "83000008", "84", "FF", "88"] {
        let data = hex(&format!("5A{length}{VISA}0000"));
        assert_eq!(error(&[data]), Some(ChipError::Length), "{length}");
    }
}

#[test]
fn zero_bytes_between_objects_are_fill() {
    let fill = vec![0; 3];
    let inner = [&fill[..], &pan(VISA), &fill, &expiry("301231"), &fill].concat();
    assert_eq!(read(&[fill.clone(), object("70", &inner), fill.clone()]).1, Some((2030, 12)));
    assert_eq!(error(&[fill]), Some(ChipError::NoPan));
}

#[test]
fn data_that_ends_too_early_is_refused() {
    let whole = object_with("5F24", 2, &hex("301231"));
    for end in 1..whole.len() {
        assert_eq!(error(&[pan(VISA), whole[..end].to_vec()]), Some(ChipError::Truncated), "{end}");
    }
    let outside = [object("70", &[&pan(VISA)[..], &hex("9F1003AA")].concat()), hex("BBCC")];
    assert_eq!(error(&outside), Some(ChipError::Truncated), "an object longer than its template");
    for data in ["1F", "9F", "FF81", "5A81", "5A82", "5A8200", "5A01", "5A8101", "5A820001"] {
        assert_eq!(error(&[hex(data)]), Some(ChipError::Truncated), "{data}");
    }
}

#[test]
fn a_tag_has_at_most_three_bytes() {
    assert_eq!(read(&[object("1FFF7F", &[1]), pan(VISA)]).0, VISA);
    assert_eq!(error(&[object("1FFFFF7F", &[1]), pan(VISA)]), Some(ChipError::Tag));
    assert_eq!(error(&[hex("FFFFFFFF")]), Some(ChipError::Tag));
    assert_eq!(error(&[hex("1FFFFF")]), Some(ChipError::Tag), "the third byte says that there is a fourth");
}

#[test]
fn everything_has_a_limit() {
    assert_eq!(error(&[]), Some(ChipError::Empty));
    let card = pan(VISA);
    let fill = |bytes: usize| vec![0; bytes - card.len()];
    assert_eq!(error(&[card.clone(), fill(CHIP_BYTES)]), None);
    assert_eq!(error(&[card.clone(), fill(CHIP_BYTES + 1)]), Some(ChipError::TooLong));
    let nested = |depth: usize| (0..depth).fold(card.clone(), |inner, _| object("E1", &inner));
    assert_eq!(error(&[nested(CHIP_DEPTH)]), None);
    assert_eq!(error(&[nested(CHIP_DEPTH + 1)]), Some(ChipError::TooDeep));
    let others = |count: usize| object("9F10", &[]).repeat(count);
    assert_eq!(error(&[card.clone(), others(CHIP_OBJECTS - 1)]), None);
    assert_eq!(error(&[card.clone(), others(CHIP_OBJECTS)]), Some(ChipError::TooMany));
    let half = object("70", &others(CHIP_OBJECTS / 2));
    assert_eq!(
        error(&[card.clone(), half.clone(), half]),
        Some(ChipError::TooMany),
        "of all templates together"
    );
}

#[test]
fn a_pin_block_is_found_beside_a_card_that_nobody_can_read() {
    let pin = object("99", &[0x24; 8]);
    let encrypted = object("5A", &[0xCC; 8]);
    let holds = |parts: &[Vec<u8>]| holds_pin_block(&parts.concat());
    assert_eq!(error(&[encrypted.clone(), pin.clone()]), Some(ChipError::Pan(PanError::NotDigits)));
    assert!(holds(&[encrypted.clone(), pin.clone()]) && holds(std::slice::from_ref(&pin)));
    assert!(holds(&[encrypted.clone(), object("E1", &object("70", &pin))]), "within templates");
    assert!(!holds(&[encrypted.clone(), object("99", &[])]), "nothing in it");
    assert!(!holds(&[encrypted, object("9F19", &[1])]) && !holds(&[]), "another tag; nothing");
    assert!(!holds(&[pin.clone(), vec![0x5A, 0x08, 0x41]]), "cut off, so that it may be anything");
    assert!(!holds(&[pin, vec![0xDF, 0xFF, 0xFF, 0x01]]), "no chip data behind it");
}

#[test]
fn a_pin_block_is_refused_wherever_it_is() {
    let pin = object("99", &[0x24; 8]);
    assert_eq!(error(&[pan(VISA), pin.clone()]), Some(ChipError::PinBlock));
    assert_eq!(error(&[pin.clone(), pan(VISA)]), Some(ChipError::PinBlock));
    assert_eq!(error(&[pan(VISA), object("E1", &object("70", &pin))]), Some(ChipError::PinBlock));
    assert_eq!(
        error(&[pan(VISA), object("99", &[]), object("9F19", &[1])]),
        None,
        "nothing in it; another tag"
    );
}

#[test]
fn an_object_without_content_counts_as_absent() {
    let empty = ["5A", "57", "5F24", "5F20"].map(|tag| object(tag, &[]));
    assert_eq!(error(&empty), Some(ChipError::NoPan));
    assert_eq!(read(&[empty.concat(), pan(VISA)]), (VISA.to_owned(), None, None));
    assert_eq!(error(&[expiry("301231"), holder(b"DOE/JANE")]), Some(ChipError::NoPan));
}

#[test]
fn what_is_no_card_number_says_why() {
    let cases = [
        (pan(&with_wrong_check_digit(VISA)), PanError::CheckDigit),
        (track_2(&with_wrong_check_digit(VISA), "3012"), PanError::CheckDigit),
        (pan(&number("37", '0', 16)), PanError::WrongLengthForBrand),
        (object("5A", &hex("FF")), PanError::Empty),
        (object("57", &hex("D3012201")), PanError::Empty),
        (pan("41111111111"), PanError::TooShort),
        (pan(&number("6759", '8', 20)), PanError::TooLong),
        (object("5A", &hex("4111111111111111FFFFFF")), PanError::TooLong),
        (object("5A", &hex("411111CCCCCC1111")), PanError::NotDigits),
        (object("5A", &hex("41111111F1111111")), PanError::NotDigits),
        (object("5A", &hex("F411111111111111")), PanError::NotDigits),
        (object("57", &packed("FF4111111111111111D3012201")), PanError::NotDigits),
        (object("57", &packed("411111CCCCCC1111D3012201")), PanError::NotDigits),
    ];
    for (place, (data, wrong)) in cases.into_iter().enumerate() {
        assert_eq!(error(&[data]), Some(ChipError::Pan(wrong)), "case {place}");
    }
}

#[test]
fn track_2_data_has_a_separator_and_a_bound() {
    assert_eq!(error(&[object("57", &packed(VISA))]), Some(ChipError::Track2));
    assert_eq!(error(&[object("57", &hex("FFFF"))]), Some(ChipError::Track2));
    let filled = |bytes: usize| object("57", &packed(&format!("{:0<1$}", format!("{AMEX}D3012"), 2 * bytes)));
    assert_eq!(error(&[filled(TRACK_2_BYTES_MAX)]), None);
    assert_eq!(error(&[filled(TRACK_2_BYTES_MAX + 1)]), Some(ChipError::Track2));
}

#[test]
fn a_wrong_expiry_is_refused() {
    for date in ["300031", "301331", "3012", "30123100", "3A1231", "301A31", "30123A", "301AFF"] {
        assert_eq!(error(&[pan(VISA), expiry(date)]), Some(ChipError::Expiry), "{date}");
    }
    for rest in ["", "3", "301", "3000", "3013", "3D12", "301D"] {
        let track = object("57", &packed(&format!("{AMEX}D{rest}")));
        assert_eq!(error(&[track]), Some(ChipError::Expiry), "{rest}");
    }
}

#[test]
fn a_name_is_printable_trimmed_and_bounded() {
    let name = |text: &[u8]| read(&[pan(VISA), holder(text)]).2;
    assert_eq!(name(b" DOE/JANE Q.MS  ").as_deref(), Some("DOE/JANE Q.MS"));
    assert_eq!(name(b"A").as_deref(), Some("A"));
    assert_eq!(name(&[b'~'; 26]), Some("~".repeat(26)));
    for none in [&b" "[..], b"/", b" /", b" / ", b"                          "] {
        assert_eq!(name(none), None, "{none:?}");
    }
    for wrong in [&[b'A'; 27][..], &[b' '; 27], b"DOE\n", b"\0DOE", b"DO\x7F", "DÖ".as_bytes(), &[0xD6, b'D']]
    {
        assert_eq!(error(&[pan(VISA), holder(wrong)]), Some(ChipError::Holder), "{wrong:?}");
    }
}

#[test]
fn what_is_there_twice_must_agree() {
    let twice = |one: &Vec<u8>, other: Vec<u8>| error(&[pan(VISA), one.clone(), other]);
    let (track, date, name) = (track_2(VISA, "3012"), expiry("301231"), holder(b"DOE/JANE"));
    assert_eq!(twice(&track, object("70", &track)), None);
    assert_eq!(twice(&date, expiry("301201")), None, "the day is not kept");
    assert_eq!(twice(&name, holder(b"DOE/JANE ")), None);
    assert_eq!(twice(&track, date.clone()), None);
    for other in [pan(AMEX), track_2(AMEX, "3012"), object("E1", &pan(AMEX))] {
        assert_eq!(twice(&date, other.clone()), Some(ChipError::AtOdds));
        assert_eq!(error(&[other, pan(VISA)]), Some(ChipError::AtOdds));
    }
    assert_eq!(twice(&track, track_2(VISA, "3011")), Some(ChipError::AtOdds));
    assert_eq!(twice(&track, expiry("311231")), Some(ChipError::AtOdds));
    assert_eq!(twice(&date, expiry("301131")), Some(ChipError::AtOdds));
    assert_eq!(twice(&name, holder(b"DOE/JOHN")), Some(ChipError::AtOdds));
}
