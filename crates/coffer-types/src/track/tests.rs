//! What of a stripe's text is a card, and what is refused.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::test_numbers::{PUBLISHED, check_digit, number, with_wrong_check_digit};
use crate::{Expiry, Pan};

const TRACK_1: &str = "%B4111111111111111^DOE/JANE^3012101123?";
const TRACK_2: &str = ";4111111111111111=3012101123?";

/// Number, year and month, name.
type Seen = (String, Option<(u16, u8)>, Option<String>);

fn seen(card: &StripeCard) -> Seen {
    let month = |expiry: Expiry| (expiry.year(), expiry.month());
    (card.pan.expose().to_owned(), card.expiry.map(month), card.holder.as_deref().cloned())
}

fn read(text: &str) -> Seen {
    match read_tracks(text) {
        Ok(card) => seen(&card),
        Err(error) => panic!("{error}: {text:?}"),
    }
}

fn error(text: &str) -> Option<TrackError> {
    read_tracks(text).err()
}

fn whole(name: Option<&str>) -> Seen {
    ("4111111111111111".to_owned(), Some((2030, 12)), name.map(str::to_owned))
}

#[test]
fn every_form_is_read() {
    let bare = |track: &str| track[1..track.len() - 1].to_owned();
    assert_eq!(read(TRACK_1), whole(Some("DOE/JANE")));
    assert_eq!(read(TRACK_2), whole(None));
    assert_eq!(read(&[TRACK_1, TRACK_2].concat()), whole(Some("DOE/JANE")));
    assert_eq!(read(&bare(TRACK_1)), whole(Some("DOE/JANE")));
    assert_eq!(read(&bare(TRACK_2)), whole(None));
    assert_eq!(read("4111111111111111=3012"), whole(None), "nothing behind the expiry");
}

#[test]
fn a_check_character_may_stand_behind_each_track() {
    for check in (' '..='~').map(String::from).chain([String::new()]) {
        assert_eq!(read(&format!("{TRACK_1}{check}")), whole(Some("DOE/JANE")), "{check}");
        assert_eq!(read(&format!("{TRACK_2}{check}")), whole(None), "{check}");
        let both = format!("{TRACK_1}{check}{TRACK_2}{check}");
        assert_eq!(read(&both), whole(Some("DOE/JANE")), "{check}");
        // What stands in track 2 was read: it can be at odds.
        let other = format!("{TRACK_1}{check};4111111111111111=3011101?");
        assert_eq!(error(&other), Some(TrackError::AtOdds), "{check}");
    }
    for more in ["ab", "55", "5%", "5 ", "5B4111111111111111"] {
        assert_eq!(error(&format!("{TRACK_1}{more}")), Some(TrackError::WrongForm), "{more}");
        assert_eq!(error(&format!("{TRACK_2}{more}")), Some(TrackError::WrongForm), "{more}");
    }
}

#[test]
fn line_ends_may_stand_around_tracks_and_not_in_them() {
    for end in ["\r", "\n", "\r\n"] {
        let both = format!("{end}{TRACK_1}{end}{TRACK_2}{end}");
        assert_eq!(read(&both), whole(Some("DOE/JANE")));
        assert_eq!(read(&format!("{TRACK_1}X{end}{TRACK_2}7{end}")), whole(Some("DOE/JANE")));
        for text in [TRACK_1, TRACK_2] {
            for at in [1, text.len() - 1] {
                let broken = format!("{}{end}{}", &text[..at], &text[at..]);
                assert!(error(&broken).is_some(), "{broken:?}");
            }
        }
    }
}

#[test]
fn a_third_track_is_passed_over() {
    for third in ["+010000000000000000=1?", ";011234567890123445=724724100000000000?", "+?", "+", ";"] {
        for check in ["", "5", "\r\n"] {
            assert_eq!(read(&format!("{TRACK_2}{check}{third}")), whole(None), "{third}");
            let all = format!("{TRACK_1}{check}{TRACK_2}{check}{third}");
            assert_eq!(read(&all), whole(Some("DOE/JANE")), "{third}");
        }
    }
    assert_eq!(read(&format!("{TRACK_1}+0100?")), whole(Some("DOE/JANE")), "without a track 2");
    let third = |chars: usize| format!("{TRACK_2}+{}", "0".repeat(chars - 1));
    assert_eq!(error(&third(TRACK_3_CHARS)), None);
    assert_eq!(error(&third(TRACK_3_CHARS + 1)), Some(TrackError::TooLong));
    assert_eq!(error("+010000000000000000=1?"), Some(TrackError::WrongForm), "alone it is no card");
}

#[test]
fn an_expiry_may_be_absent() {
    assert_eq!(read(";4111111111111111==101123?").1, None);
    assert_eq!(read("4111111111111111==").1, None);
    assert_eq!(read("%B4111111111111111^DOE/JANE^^101?").1, None);
    assert_eq!(read(&format!("%B4111111111111111^DOE/JANE^^101?{TRACK_2}")), whole(Some("DOE/JANE")));
    assert_eq!(read(";4111111111111111=0001?").1, Some((2000, 1)));
    for rest in ["", "3", "301", "3000", "3013", "30=2101", "9999"] {
        assert_eq!(error(&format!(";4111111111111111={rest}?")), Some(TrackError::Expiry), "{rest}");
        let text = format!("%B4111111111111111^DOE/JANE^{rest}?");
        assert_eq!(error(&text), Some(TrackError::Expiry), "{rest}");
    }
    assert_eq!(error("%B4111111111111111^DOE/JANE^30AB101?"), Some(TrackError::Expiry));
}

#[test]
fn a_name_is_kept_as_it_stands() {
    let name = |text: &str| read(&format!("%B4111111111111111^{text}^3012101?")).2;
    assert_eq!(name("O'HOPPER/SARAH HAZEL.DR   ").as_deref(), Some("O'HOPPER/SARAH HAZEL.DR"));
    assert_eq!(name("  doe "), Some("doe".to_owned()));
    assert_eq!(name(&"A".repeat(26)), Some("A".repeat(26)));
    for none in ["", " ", "/", " /", "  /  "] {
        assert_eq!(name(none), None, "{none:?}");
    }
    for long in ["A".repeat(27), " ".repeat(27)] {
        let text = format!("%B4111111111111111^{long}^3012101?");
        assert_eq!(error(&text), Some(TrackError::Holder));
    }
}

#[test]
fn tracks_of_two_cards_are_refused() {
    let with = |digits: &str, yymm: &str| format!("{TRACK_1};{digits}={yymm}101?");
    assert_eq!(error(&with("4111111111111111", "3012")), None);
    assert_eq!(error(&with("4242424242424242", "3012")), Some(TrackError::AtOdds));
    assert_eq!(error(&with("4111111111111111", "3112")), Some(TrackError::AtOdds));
    assert_eq!(error(&with("4111111111111111", "3011")), Some(TrackError::AtOdds));
}

#[test]
fn what_is_no_card_number_says_why() {
    let cases = [
        (with_wrong_check_digit("4111111111111111"), PanError::CheckDigit),
        (number("37", '0', 16), PanError::WrongLengthForBrand),
        (String::new(), PanError::Empty),
        ("41111111111".to_owned(), PanError::TooShort),
        (number("6759", '8', 20), PanError::TooLong),
        ("4111 1111 1111 1111".to_owned(), PanError::NotDigits),
        ("411111******1111".to_owned(), PanError::NotDigits),
    ];
    for (digits, wrong) in cases {
        let expected = Some(TrackError::Pan(wrong));
        assert_eq!(error(&format!(";{digits}=3012101?")), expected, "{wrong:?}");
        assert_eq!(error(&format!("%B{digits}^DOE/JANE^3012101?")), expected, "{wrong:?}");
    }
}

#[test]
fn each_track_has_the_length_of_its_standard() {
    let first = |chars: usize| format!("{:0<1$}?L", "%B4111111111111111^DOE/JANE^3012", chars - 2);
    let second = |chars: usize| format!("{:0<1$}?L", ";4111111111111111=3012", chars - 2);
    assert_eq!((first(TRACK_1_CHARS).len(), second(TRACK_2_CHARS).len()), (79, 40));
    let longest = first(79) + "\r\n" + &second(40) + "\r\n+" + &"0".repeat(TRACK_3_CHARS - 1);
    assert_eq!(error(&longest), None);
    assert_eq!(longest.len(), TRACKS_CHARS);
    for long in [first(80), second(41), first(80) + &second(40), first(79) + &second(41)] {
        assert_eq!(error(&long), Some(TrackError::TooLong));
        let bare = long[1..].split('?').next().unwrap().to_owned();
        assert_eq!(error(&bare).is_some(), [80, 41].contains(&(bare.len() + 3)), "and without sentinels");
    }
    assert_eq!(error(&"0".repeat(TRACKS_CHARS + 1)), Some(TrackError::TooLong));
    assert_eq!(read(&("\n".repeat(TRACKS_CHARS) + TRACK_2)), whole(None), "line ends do not count");
}

#[test]
fn other_texts_are_refused() {
    for text in ["", "\r\n", "\n\n\n"] {
        assert_eq!(error(text), Some(TrackError::Empty), "{text:?}");
    }
    let forms = [
        "4111111111111111",
        "=3012101",
        "X4111111111111111=3012101",
        "411111******1111",
        "%4111111111111111^DOE/JANE^3012101?",
        "%A4111111111111111^DOE/JANE^3012101?",
        "%b4111111111111111^DOE/JANE^3012101?",
        "%B4111111111111111?",
        "%B4111111111111111^DOE/JANE?",
        "%B4111111111111111=3012101?",
        ";4111111111111111?",
        ";4111111111111111D3012101?",
        "%?;4111111111111111=3012101?",
    ];
    for text in forms {
        assert_eq!(error(text), Some(TrackError::WrongForm), "{text}");
    }
    assert_eq!(error(&[TRACK_2, TRACK_1].concat()), Some(TrackError::WrongForm), "the wrong order");
    assert_eq!(error(&[TRACK_1, TRACK_1].concat()), Some(TrackError::WrongForm), "one twice");
    for text in ["%B4111111111111111^DOE/JANE^3012101", ";4111111111111111=3012101", "%", ";"] {
        assert_eq!(error(text), Some(TrackError::Truncated), "{text}");
        assert_eq!(error(&[TRACK_1, "X;4111111111111111=3012"].concat()), Some(TrackError::Truncated));
    }
    let characters = [
        ";4111111111111111=3012101A?",
        ";4111111111111111=3012101;?",
        "4111111111111111=3012101?",
        "B4111111111111111^DOE/JANE^3012101?",
        "B4111111111111111^DOE/JANE^3012101%",
        "%B4111111111111111^D\u{d6}/JANE^3012101?",
        "%B4111111111111111^DOE\t/JANE^3012101?",
        ";4111111111111111=3012101?\0",
        ";4111111111111111=3012１01?",
    ];
    for text in characters {
        assert_eq!(error(text), Some(TrackError::WrongCharacter), "{text}");
    }
}

/// A card and a text of its tracks.
#[derive(Debug)]
struct Stripe {
    card: Seen,
    text: String,
}

fn stripes() -> impl Strategy<Value = Stripe> {
    let digits = prop_oneof![
        select(PUBLISHED).prop_map(|(number, _)| number.to_owned()),
        "7[0-9]{10,17}".prop_map(|body| format!("{body}{}", check_digit(&body))),
    ];
    let expiry = prop::option::of((2000_u16..2100, 1_u8..=12));
    let more = ("[0-9]{3}", "[ -$&->@-\\]_A-Z0-9]{0,20}", "[0-9]{0,8}");
    let frame = (select(&["", "\r\n"][..]), "[ -_]?", "[0-?]?", select(&["", "+0100?", ";0199?8"][..]));
    (digits, expiry, "[A-Z]{1,12}/[A-Z .]{0,11}[A-Z]", more, frame, 0_u8..5).prop_map(
        |(digits, expiry, name, (service, first, second), (line, lrc_1, lrc_2, third), form)| {
            let yymm = expiry.map(|(year, month)| format!("{:02}{month:02}", year % 100));
            let field = |separator: &str| yymm.clone().unwrap_or(separator.to_owned());
            let track_1 = format!("B{digits}^{name} ^{}{service}{first}", field("^"));
            let track_2 = format!("{digits}={}{service}{second}", field("="));
            let text = match form {
                0 => track_1,
                1 => track_2,
                2 => format!("%{track_1}?{lrc_1}{line}"),
                3 => format!(";{track_2}?{lrc_2}{line}{third}"),
                _ => format!("%{track_1}?{lrc_1}{line};{track_2}?{lrc_2}{line}{third}"),
            };
            let has_name = form % 2 == 0;
            Stripe { card: (digits, expiry, has_name.then_some(name)), text }
        },
    )
}

/// Whatever is read is what the types promise.
fn judge(text: &str) -> Result<(), TestCaseError> {
    let Ok(card) = read_tracks(text) else { return Ok(()) };
    prop_assert!(text.contains(card.pan.expose()) && Pan::parse(card.pan.expose()).is_ok());
    prop_assert!(card.expiry.is_none_or(|expiry| (2000..2100).contains(&expiry.year())));
    prop_assert!(card.holder.is_none_or(|name| (1..=26).contains(&name.len()) && text.contains(&*name)));
    Ok(())
}

proptest! {
    #[test]
    fn well_formed_tracks_are_read_back(stripe in stripes()) {
        let card = read_tracks(&stripe.text);
        prop_assert_eq!(card.as_ref().err(), None);
        prop_assert_eq!(card.map(|card| seen(&card)).ok(), Some(stripe.card));
    }

    #[test]
    fn a_part_tells_nothing_but_what_the_whole_has(stripe in stripes()) {
        for end in 0..stripe.text.len() {
            if let Ok(card) = read_tracks(&stripe.text[..end]) {
                prop_assert_eq!(seen(&card), stripe.card.clone(), "{}", end);
            }
        }
    }

    #[test]
    fn changed_characters_never_make_a_wrong_number(
        stripe in stripes(),
        changes in prop::collection::vec((any::<Index>(), "[ -~]|."), 1..4),
    ) {
        let mut characters: Vec<char> = stripe.text.chars().collect();
        for (at, with) in changes {
            let at = at.index(characters.len());
            characters.splice(at..=at, with.chars());
        }
        judge(&characters.into_iter().collect::<String>())?;
    }

    #[test]
    fn any_text_is_answered(text in ".{0,80}|[%B;=?^+0-9A-Z/ \r\n]{0,120}", other in "[%;=?^+0-9é\r\n]{0,30}") {
        judge(&text)?;
        judge(&format!("{TRACK_1}{text}"))?;
        judge(&format!(";4111111111111111={other}{text}"))?;
    }
}
