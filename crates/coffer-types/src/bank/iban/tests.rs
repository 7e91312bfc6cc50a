//! Which texts are IBANs, country by country.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{AccountKind, AccountNumber};

/// One IBAN of every country of the SWIFT IBAN registry: the example that the registry prints. Three stand in
/// groups of four, as on paper.
const REGISTRY: &[&str] = &[
    "AD1200012030200359100100",
    "AE070331234567890123456",
    "AL47212110090000000235698741",
    "AT611904300234573201",
    "AZ21NABZ00000000137010001944",
    "BA391290079401028494",
    "BE68539007547034",
    "BG80BNBG96611020345678",
    "BH67BMAG00001299123456",
    "BI4210000100010000332045181",
    "BR1800360305000010009795493C1",
    "BY13NBRB3600900000002Z00AB00",
    "CH9300762011623852957",
    "CR05015202001026284066",
    "CY17002001280000001200527600",
    "CZ6508000000192000145399",
    "DE89370400440532013000",
    "DJ2100010000000154000100186",
    "DK50 0040 0440 1162 43",
    "DO28BAGR00000001212453611324",
    "EE382200221020145685",
    "EG380019000500000000263180002",
    "ES9121000418450200051332",
    "FI2112345600000785",
    "FK88SC123456789012",
    "FO62 6460 0001 6316 34",
    "FR1420041010050500013M02606",
    "GB29NWBK60161331926819",
    "GE29NB0000000101904917",
    "GI75NWBK000000007099453",
    "GL8964710001000206",
    "GR1601101250000000012300695",
    "GT82TRAJ01020000001210029690",
    "HN88CABF00000000000250005469",
    "HR1210010051863000160",
    "HU42117730161111101800000000",
    "IE29AIBK93115212345678",
    "IL620108000000099999999",
    "IQ98NBIQ850123456789012",
    "IS140159260076545510730339",
    "IT60X0542811101000000123456",
    "JO94CBJO0010000000000131000302",
    "KW81CBKU0000000000001234560101",
    "KZ86125KZT5004100100",
    "LB62099900000001001901229114",
    "LC55HEMM000100010012001200023015",
    "LI21088100002324013AA",
    "LT121000011101001000",
    "LU280019400644750000",
    "LV80BANK0000435195001",
    "LY83002048000020100120361",
    "MC5811222000010123456789030",
    "MD24AG000225100013104168",
    "ME25505000012345678951",
    "MK07250120000058984",
    "MN121234123456789123",
    "MR1300020001010000123456753",
    "MT84MALT011000012345MTLCAST001S",
    "MU17BOMM0101101030300200000MUR",
    "NI45BAPR00000013000003558124",
    "NL91ABNA0417164300",
    "NO9386011117947",
    "OM810180000001299123456",
    "PK36SCBL0000001123456702",
    "PL61109010140000071219812874",
    "PS92PALS000000000400123456702",
    "PT50000201231234567890154",
    "QA58DOHB00001234567890ABCDEFG",
    "RO49 AAAA 1B31 0075 9384 0000",
    "RS35260005601001611379",
    "RU0304452522540817810538091310419",
    "SA0380000000608010167519",
    "SC18SSCB11010000000000001497USD",
    "SD8811123456789012",
    "SE4550000000058398257466",
    "SI56263300012039086",
    "SK3112000000198742637541",
    "SM86U0322509800000000270100",
    "SO211000001001000100141",
    "ST23000100010051845310146",
    "SV62CENR00000000000000700025",
    "TL380080012345678910157",
    "TN5910006035183598478831",
    "TR330006100519786457841326",
    "UA213223130000026007233566001",
    "VA59001123000012345678",
    "VG96VPVG0000012345678901",
    "XK051212012345678906",
    "YE15CBYE0001018861234567891234",
];

fn error(text: &str) -> Option<IbanError> {
    AccountNumber::parse_iban(text).err()
}

/// An IBAN of `country` around `account`, with check digits from long division on paper.
fn iban(country: &str, account: &str) -> String {
    let mut number = String::new();
    for character in format!("{account}{country}00").chars() {
        number += &character.to_digit(36).unwrap().to_string();
    }
    let mut rest = 0;
    for digit in number.chars() {
        rest = (rest * 10 + digit.to_digit(10).unwrap()) % 97;
    }
    format!("{country}{:02}{account}", 98 - rest)
}

#[test]
fn every_country_of_the_registry_has_its_length_and_its_example() {
    let mut countries = BTreeSet::new();
    for text in REGISTRY {
        let plain = text.replace(' ', "");
        assert_eq!(AccountNumber::parse_iban(text).unwrap().expose(), plain);
        assert_eq!(length_in(&text[..2]), Some(plain.len()), "{text}");
        assert_eq!(iban(&plain[..2], &plain[4..]), plain, "the helper of these tests agrees");
        assert!(countries.insert(&text[..2]), "{text} stands twice");
    }
    let letters = || b'A'..=b'Z';
    let every = letters().flat_map(|first| letters().map(move |second| [first, second]));
    let listed = every.filter(|pair| length_in(str::from_utf8(pair).unwrap()).is_some()).count();
    assert_eq!(listed, countries.len(), "each entry of the table has its example");
    assert_eq!(listed, 89);
}

#[test]
fn a_character_more_or_less_is_refused_for_a_country_with_a_length() {
    for text in REGISTRY {
        let plain = text.replace(' ', "");
        for account in [format!("{}0", &plain[4..]), plain[4..plain.len() - 1].to_owned()] {
            let other = iban(&plain[..2], &account);
            let expected = match other.len() {
                14 => IbanError::TooShort,
                _ => IbanError::WrongLengthForCountry,
            };
            assert_eq!(error(&other), Some(expected), "{other}");
        }
    }
}

#[test]
fn a_country_outside_the_registry_may_have_any_length() {
    assert_eq!(length_in("ZZ"), None);
    for length in 15..=34 {
        let text = iban("ZZ", &"7".repeat(length - 4));
        assert_eq!(error(&text), None, "{length}");
        let wrong = format!("{}8", &text[..length - 1]);
        assert_eq!(error(&wrong), Some(IbanError::Checksum), "{length}");
    }
    assert_eq!(error(&iban("ZZ", &"7".repeat(10))), Some(IbanError::TooShort));
    assert_eq!(error(&iban("ZZ", &"7".repeat(31))), Some(IbanError::TooLong));
    assert_eq!(error(&iban("ZZ", &"7".repeat(300))), Some(IbanError::TooLong));
}

#[test]
fn blanks_and_small_letters_make_no_difference() {
    for text in ["DE89 3704 0044 0532 0130 00", "de89370400440532013000", "  D E89370400440532013000 "] {
        let account = AccountNumber::parse_iban(text).unwrap();
        assert_eq!(account.expose(), "DE89370400440532013000", "{text:?}");
        assert_eq!(account.kind(), AccountKind::Iban);
    }
    assert_eq!(error("DE62370400440532013001"), None);
    let mixed = AccountNumber::parse_iban("mt84malt011000012345mtlcast001s").unwrap();
    assert_eq!(mixed.expose(), "MT84MALT011000012345MTLCAST001S");
}

#[test]
fn each_broken_rule_has_its_error() {
    for text in ["", " ", "      "] {
        assert_eq!(error(text), Some(IbanError::Empty), "{text:?}");
    }
    let odd = [
        "DE89-3704-0044-0532-0130-00",
        "DE8937040044053201300\u{0660}",
        "ＤE89370400440532013000",
        "DE89370400440532013000\n",
        "DE89\u{a0}370400440532013000",
        "DE89\t370400440532013000",
        "DE8937040044053201300\0",
        "ſE89370400440532013000",
    ];
    for text in odd {
        assert_eq!(error(text), Some(IbanError::WrongCharacter), "{text:?}");
    }
    assert_eq!(error("NO938601111794"), Some(IbanError::TooShort));
    for text in ["D889370400440532013000", "8E89370400440532013000", "893704004405320130001"] {
        assert_eq!(error(text), Some(IbanError::Country), "{text}");
    }
    for text in ["DEA9370400440532013000", "DE8A370400440532013000", "DEDE370400440532013000"] {
        assert_eq!(error(text), Some(IbanError::CheckDigits), "{text}");
    }
    assert_eq!(error("DE89370400440532013001"), Some(IbanError::Checksum));
}

/// 00, 01 and 99 leave the same remainder as 97, 98 and 02.
#[test]
fn an_account_has_one_pair_of_check_digits() {
    let mut seen = BTreeSet::new();
    for account in 0..2_000 {
        let right = iban("ZZ", &format!("{account:018}"));
        let pairs = (0..100).map(|pair| format!("ZZ{pair:02}{}", &right[4..]));
        let accepted: Vec<String> = pairs.filter(|text| error(text).is_none()).collect();
        assert_eq!(accepted, [right.as_str()]);
        seen.insert(right[2..4].to_owned());
    }
    assert!(["02", "97", "98"].iter().all(|pair| seen.contains(*pair)), "the ends occur");
    assert_eq!(error("ZZ00000000000000000"), Some(IbanError::CheckDigits));
}

#[test]
fn errors_show_no_character_of_the_text() {
    for text in ["DE89370400440532013001", "D889370400440532013000", "QXJZ370400440532013000"] {
        let error = error(text).unwrap();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(|c: char| c.is_ascii_digit()) && !shown.contains("QX"), "{shown}");
    }
}

proptest! {
    #[test]
    fn one_wrong_character_is_always_noticed(
        account in "[0-9A-Z]{11,30}",
        place in 4_usize..15,
        other in prop::char::ranges(vec!['0'..='9', 'A'..='Z'].into()),
    ) {
        let right = iban("ZZ", &account);
        prop_assert_eq!(error(&right), None);
        let mut wrong: Vec<char> = right.chars().collect();
        let before = std::mem::replace(&mut wrong[place], other);
        // Of two digits or two letters; a letter for a digit changes the length of the long number.
        prop_assume!(before != other && before.is_ascii_digit() == other.is_ascii_digit());
        prop_assert_eq!(error(&wrong.into_iter().collect::<String>()), Some(IbanError::Checksum));
    }

    #[test]
    fn two_digits_in_the_wrong_order_are_always_noticed(account in "[0-9]{11,30}", place in 4_usize..14) {
        let right = iban("ZZ", &account);
        let mut wrong = right.clone().into_bytes();
        prop_assume!(wrong[place] != wrong[place + 1]);
        wrong.swap(place, place + 1);
        prop_assert_eq!(error(str::from_utf8(&wrong).unwrap()), Some(IbanError::Checksum));
    }

    #[test]
    fn any_text_is_answered(text in ".{0,60}") {
        if let Ok(account) = AccountNumber::parse_iban(&text) {
            prop_assert!((15..=34).contains(&account.expose().len()));
        }
    }
}
