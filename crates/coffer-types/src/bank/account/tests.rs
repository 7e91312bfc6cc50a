//! What an account number accepts, shows and seals.

use proptest::prelude::*;

use super::*;

fn error(text: &str) -> Option<BbanError> {
    AccountNumber::parse_bban(text).err()
}

/// A sealed form made by hand.
fn sealed(kind: u8, count: u8, characters: &[u8]) -> [u8; 36] {
    let mut bytes = [0; 36];
    bytes[0] = kind;
    bytes[1] = count;
    bytes[2..2 + characters.len()].copy_from_slice(characters);
    bytes
}

#[test]
fn a_national_number_keeps_every_digit() {
    for text in ["0", "000123456789", "00000000000000000", &"9".repeat(34)] {
        let account = AccountNumber::parse_bban(text).unwrap();
        assert_eq!(account.expose(), text);
        assert_eq!(account.kind(), AccountKind::Bban);
    }
}

#[test]
fn anything_else_is_no_national_number() {
    assert_eq!(error(""), Some(BbanError::Empty));
    assert_eq!(error(&"1".repeat(34)), None);
    assert_eq!(error(&"1".repeat(35)), Some(BbanError::TooLong));
    assert_eq!(error(&"1".repeat(300)), Some(BbanError::TooLong));
    let odd = [
        "000 123",
        " 123",
        "123\n",
        "12-3",
        "12a3",
        "+123",
        "１２３",
        "٠١٢",
        "123/",
        "123:",
        "DE89370400440532013000",
    ];
    for text in odd {
        assert_eq!(error(text), Some(BbanError::NotDigits), "{text:?}");
    }
}

#[test]
fn the_last_four_show_when_something_stays_hidden() {
    for text in ["1", "12", "123", "1234"] {
        assert_eq!(AccountNumber::parse_bban(text).unwrap().last4(), None, "{text}");
    }
    let last4 = |account: AccountNumber| account.last4().unwrap().as_str().to_owned();
    assert_eq!(last4(AccountNumber::parse_bban("12345").unwrap()), "2345");
    assert_eq!(last4(AccountNumber::parse_bban("000123450000").unwrap()), "0000");
    assert_eq!(last4(AccountNumber::parse_bban(&"7".repeat(34)).unwrap()), "7777");
    assert_eq!(last4(AccountNumber::parse_iban("DE62370400440532013001").unwrap()), "3001");
    assert_eq!(last4(AccountNumber::parse_iban("br1800360305000010009795493c1").unwrap()), "93C1");
}

#[test]
fn debug_and_errors_show_nothing_of_the_number() {
    let iban = AccountNumber::parse_iban("DE89370400440532013000").unwrap();
    let bban = AccountNumber::parse_bban("000123456789").unwrap();
    for shown in
        [format!("{iban:?}"), format!("{iban:#?}"), format!("{bban:?}"), format!("{:?}", Some(&bban))]
    {
        assert!(shown.contains("AccountNumber(..)"), "{shown}");
        assert!(!shown.contains(|c: char| c.is_ascii_digit()) && !shown.contains("DE"), "{shown}");
    }
    let error = AccountNumber::parse_bban("000123456789x").unwrap_err();
    assert!(!format!("{error} {error:?}").contains(|c: char| c.is_ascii_digit()));
}

#[test]
fn the_sealed_form_is_kind_count_characters_and_zeros() {
    let bban = AccountNumber::parse_bban("0012").unwrap();
    assert_eq!(*bban.to_sealed(), sealed(1, 4, b"0012"));
    let iban = AccountNumber::parse_iban("de89 3704 0044 0532 0130 00").unwrap();
    assert_eq!(*iban.to_sealed(), sealed(2, 22, b"DE89370400440532013000"));
    assert_eq!(*AccountNumber::parse_bban(&"5".repeat(34)).unwrap().to_sealed(), sealed(1, 34, &[b'5'; 34]));
}

#[test]
fn from_sealed_checks_the_shape_and_not_the_tables() {
    let error = |bytes: &[u8]| AccountNumber::from_sealed(bytes).err();
    let iban = b"DE89370400440532013000";
    assert_eq!(error(&sealed(2, 22, b"DE89370400440532013001")), None, "check digits are not judged again");
    assert_eq!(error(&sealed(2, 21, &iban[..21])), None, "nor is the country's length");
    assert_eq!(error(&[]), Some(SealedAccountError::Size));
    assert_eq!(error(&sealed(2, 22, iban)[..35]), Some(SealedAccountError::Size), "a byte missing");
    assert_eq!(
        error(&[&sealed(2, 22, iban)[..], &[0]].concat()),
        Some(SealedAccountError::Size),
        "a byte more"
    );
    for kind in [0, 3, b'1', 255] {
        assert_eq!(error(&sealed(kind, 4, b"0012")), Some(SealedAccountError::Kind), "{kind}");
    }
    let content = [
        ("no digits", sealed(1, 0, b"")),
        ("the count says 35", sealed(1, 35, &[b'1'; 34])),
        ("the count says 255", sealed(1, 255, &[b'1'; 34])),
        ("a zero in the count", sealed(1, 5, b"0012")),
        ("a digit after the count", sealed(1, 3, b"0012")),
        ("letters in a national number", sealed(1, 4, b"DE89")),
        ("numbers, not digits", sealed(1, 4, &[1, 2, 3, 4])),
        ("an IBAN of 14", sealed(2, 14, &iban[..14])),
        ("an empty IBAN", sealed(2, 0, b"")),
        ("small letters", sealed(2, 22, b"de89370400440532013000")),
        ("a blank", sealed(2, 22, b"DE89 70400440532013000")),
        ("no country", sealed(2, 22, b"1289370400440532013000")),
        ("no check digits", sealed(2, 22, b"DEXX370400440532013000")),
        ("check digits that are never given", sealed(2, 22, b"DE99370400440532013000")),
        ("a byte after the IBAN", sealed(2, 21, iban)),
    ];
    for (what, bytes) in content {
        assert_eq!(error(&bytes), Some(SealedAccountError::Content), "{what}");
    }
}

proptest! {
    #[test]
    fn a_national_number_survives_sealing(text in "[0-9]{1,34}") {
        let account = AccountNumber::parse_bban(&text).unwrap();
        let back = AccountNumber::from_sealed(account.to_sealed().as_slice()).unwrap();
        prop_assert_eq!(back.expose(), &text);
        prop_assert_eq!(back.kind(), AccountKind::Bban);
        prop_assert_eq!(back.last4().is_some(), text.len() > 4);
    }

    #[test]
    fn what_is_read_seals_to_the_same_bytes(
        kind in 0_u8..4, count in 0_u8..40, text in "[0-9A-Z]{34}", bytes in prop::collection::vec(any::<u8>(), 36),
    ) {
        let held = usize::from(count).min(34);
        for candidate in [sealed(kind, count, &text.as_bytes()[..held]).to_vec(), bytes] {
            if let Ok(account) = AccountNumber::from_sealed(&candidate) {
                prop_assert_eq!(account.to_sealed().to_vec(), candidate);
            }
        }
    }

    #[test]
    fn any_text_is_answered(text in ".{0,40}") {
        if let Ok(account) = AccountNumber::parse_bban(&text) {
            prop_assert_eq!(account.expose(), &text);
        }
    }
}
