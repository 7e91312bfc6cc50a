//! What is read of requests that are right.

use coffer_core::Protected;
use coffer_types::{Cvv, Expiry};
use serde_json::{Value, json};

use super::{
    super::{
        create::{ApplePayRequest, SecureRequest, SessionRequest, SingleUseRequest, UpdateAccountRequest},
        facts::{AchSource, CardSource, EntryMethod, PadSource, SourceFacts},
        kept::KeptOwn,
        source::{AnySource, GivenSource, Taking},
        words::{AccountType, Channel, MitAgreement, Scenario, SecCode},
    },
    TAKING,
    bodies::{
        NUMBER, ach, all_secure, cards, chip, object, of_card, pad, single_use as request, token, tracks,
    },
    changed, secure, single_use, with,
};

/// What was read of a card: mask, number, expiry, code, name, entry.
fn seen(given: &GivenSource) -> (&str, Option<&str>, Option<Expiry>, Option<&str>, &str, EntryMethod) {
    let SourceFacts::Card(card) = &given.facts else { panic!("a card") };
    let number = match &given.protected {
        Protected::Card(pan) => Some(pan.expose()),
        Protected::Nothing => None,
        _ => panic!("a card or nothing"),
    };
    let code = given.cvv.as_ref().map(Cvv::expose);
    (&card.number, number, given.expiry, code, &card.cardholder_name, card.entry_method)
}

fn december() -> Option<Expiry> {
    Expiry::new(2030, 12).ok()
}

#[test]
fn every_form_of_a_card_gives_what_it_tells() {
    const MASK: &str = "453985******7062";
    let (name, number) = ("Sarah Hazel Hopper", Some(NUMBER));
    let expected = [
        (MASK, number, december(), Some("234"), name, EntryMethod::Keyed),
        (MASK, None, december(), Some("2345"), name, EntryMethod::Keyed),
        ("4***************", None, None, None, name, EntryMethod::Keyed),
        (MASK, number, december(), None, name, EntryMethod::Swiped),
        ("5***************", None, None, None, name, EntryMethod::Swiped),
        (MASK, number, december(), None, "HOPPER/SARAH", EntryMethod::Raw),
        ("3***************", None, None, None, "", EntryMethod::Icc),
    ];
    let cards = cards();
    assert_eq!(cards.len(), expected.len());
    for ((form, details), expected) in cards.into_iter().zip(expected) {
        let given = single_use(&of_card(&details)).unwrap_or_else(|wrong| panic!("{form}: {wrong:?}"));
        assert_eq!(seen(&given), expected, "{form}");
        let SourceFacts::Card(card) = &given.facts else { panic!("a card") };
        assert_eq!(card.account_type, Some(AccountType::Savings), "{form}");
        let kept: Value = serde_json::from_str(given.reader.as_deref().unwrap()).unwrap();
        assert_eq!(kept, details, "{form}: kept as it came");
    }
}

#[test]
fn a_card_that_was_typed_is_kept_whole_only_for_what_has_no_other_place() {
    let plain =
        json!({ "dataFormat": "plainText", "cardNumber": NUMBER, "expiryDate": "1230", "cvv": "234" });
    let typed =
        json!({ "entryMethod": "keyed", "keyedData": plain, "cardholderName": "S", "unknown": { "a": 1 } });
    let is_kept = |details: Value| single_use(&of_card(&details)).unwrap().reader.is_some();
    assert!(!is_kept(typed.clone()), "the published example (3.2)");
    let device = json!({ "model": "uic680", "serialNumber": "1" });
    for (place, value) in [
        ("/keyedData/issueNumber", json!("1")),
        ("/keyedData/device", device),
        ("/ebtDetails", json!({ "benefitCategory": "cash" })),
        ("/cardholderSignature", json!("s")),
    ] {
        assert!(is_kept(changed(&typed, place, value)), "{place}");
        assert!(!is_kept(changed(&typed, place, Value::Null)), "{place}");
    }
}

#[test]
fn a_number_alone_is_a_card() {
    let details =
        json!({ "entryMethod": "keyed", "keyedData": { "dataFormat": "plainText", "cardNumber": NUMBER } });
    let given = single_use(&of_card(&details)).unwrap();
    assert_eq!(seen(&given), ("453985******7062", Some(NUMBER), None, None, "", EntryMethod::Keyed));
    assert!(given.reader.is_none());
}

/// Section 10, and the mask of each.
#[test]
fn the_numbers_of_the_test_environment_are_taken() {
    let numbers = [
        ("3400000000000000", "340000******0000"),
        ("5100270000000007", "510027******0007"),
        ("3600000000000008", "360000******0008"),
        ("6011000000000004", "601100******0004"),
        ("3528000000000007", "352800******0007"),
        ("5000330000000000", "500033******0000"),
        ("5001650000000000", "500165******0000"),
        ("6301144000000009", "630114******0009"),
        ("4539858876047062", "453985******7062"),
        ("4000060000000006", "400006******0006"),
        ("4001020000000009", "400102******0009"),
        // Other lengths keep theirs.
        ("4222222222222", "42222****2222"),
        ("378282246310005", "378282*****0005"),
        // Maestro's check digit is not asked.
        ("6759649826438454", "675964******8454"),
    ];
    let (_, details) = cards().swap_remove(0);
    for (number, mask) in numbers {
        let body = of_card(&changed(&details, "/keyedData/cardNumber", json!(number)));
        let given = single_use(&body).unwrap_or_else(|wrong| panic!("{number}: {wrong:?}"));
        let (shown, read, ..) = seen(&given);
        assert_eq!((shown, read), (mask, Some(number)));
    }
}

#[test]
fn a_name_in_the_request_goes_before_that_of_the_stripe() {
    let (_, swiped) = cards().swap_remove(3);
    let holder = |name: Value| {
        let given = single_use(&of_card(&changed(&swiped, "/cardholderName", name))).unwrap();
        let SourceFacts::Card(card) = given.facts else { panic!("a card") };
        card.cardholder_name
    };
    assert_eq!(holder(json!("Ada")), "Ada");
    for none in [json!(""), Value::Null] {
        assert_eq!(holder(none), "HOPPER/SARAH");
    }
}

#[test]
fn what_a_reader_does_not_tell_is_absent() {
    let read = |place: usize, at: &str, data: &str| {
        let (_, details) = cards().swap_remove(place);
        let details = changed(&changed(&details, at, json!(data)), "/cardholderName", Value::Null);
        single_use(&of_card(&details)).unwrap()
    };
    let track = format!("{NUMBER}==1");
    let stripe = read(3, "/swipedData/trackData", &track);
    assert_eq!(seen(&stripe).2, None, "no expiry");
    assert_eq!(seen(&stripe).4, "", "no name");
    let chip = read(5, "/rawData", &object("5A", NUMBER));
    assert_eq!((seen(&chip).1, seen(&chip).2, seen(&chip).4), (Some(NUMBER), None, ""));
    for place in [2, 4] {
        let (_, details) = cards().swap_remove(place);
        let data = if place == 2 { "keyedData" } else { "swipedData" };
        let given =
            single_use(&of_card(&changed(&details, &format!("/{data}/firstDigitOfPan"), Value::Null)));
        assert_eq!(seen(&given.unwrap()).0, "****************", "not even its first digit");
    }
    let (_, icc) = cards().swap_remove(6);
    let given = single_use(&of_card(&changed(&icc, "/firstDigitOfPan", Value::Null))).unwrap();
    assert_eq!(seen(&given).0, "****************");
}

#[test]
fn what_is_encrypted_may_be_any_bytes() {
    let (_, icc) = cards().swap_remove(6);
    // A whole card in the clear is none of ours to look at; and half a byte is none of ours to mind.
    for data in [chip(), "F".to_owned(), "00".repeat(4_096)] {
        let given = single_use(&of_card(&changed(&icc, "/iccData", json!(data)))).unwrap();
        assert!(matches!(given.protected, Protected::Nothing));
    }
}

#[test]
fn accounts_are_read_with_their_banks() {
    let account = |given: &GivenSource| match &given.protected {
        Protected::Account(account) => {
            (account.number.expose().to_owned(), account.routing.as_ref().unwrap().as_str().to_owned())
        }
        _ => panic!("an account"),
    };
    let given = single_use(&request(&ach())).unwrap();
    assert_eq!(account(&given), ("32183159".to_owned(), "123456789".to_owned()));
    let facts = AchSource {
        name_on_account: "Sarah Hazel Hopper".to_owned(),
        number: "****3159".to_owned(),
        routing_number: "123456789".to_owned(),
        aba_checksum: false,
        account_type: Some(AccountType::Checking),
        sec_code: Some(SecCode::Web),
    };
    assert!(given.facts == SourceFacts::Ach(facts));
    assert!(given.cvv.is_none() && given.reader.is_none() && given.expiry.is_none());
    let given = single_use(&request(&pad())).unwrap();
    assert_eq!(account(&given), ("1234567890".to_owned(), "76543543".to_owned()), "branch, then bank");
    let facts = PadSource {
        name_on_account: "Sarah Hazel Hopper".to_owned(),
        number: "******7890".to_owned(),
        transit_number: "76543".to_owned(),
        institution_number: "543".to_owned(),
        account_type: Some(AccountType::Savings),
    };
    assert!(given.facts == SourceFacts::Pad(facts));
    let least = changed(&request(&ach()), "/source/accountNumber", json!("1234"));
    let SourceFacts::Ach(facts) = single_use(&least).unwrap().facts else { panic!("ach") };
    assert_eq!(facts.number, "****", "of four digits nothing is shown");
}

#[test]
fn a_terminal_may_take_cards_that_have_expired() {
    let allowing = Taking { allow_expired: true, ..TAKING };
    let old_track = tracks().replace("3012", "3002");
    let old_chip = chip().replace("301231", "300228");
    for (place, at, value) in [
        (0, "/keyedData/expiryDate", "0230"),
        (1, "/keyedData/expiryDate", "0230"),
        (3, "/swipedData/trackData", old_track.as_str()),
        (5, "/rawData", old_chip.as_str()),
    ] {
        let (form, details) = cards().swap_remove(place);
        let body = of_card(&changed(&details, at, json!(value)));
        let read = |taking| {
            with(&body, |node| SingleUseRequest::read(node, taking).map(|request| request.source.expiry))
        };
        assert_eq!(read(allowing), Ok(Expiry::new(2030, 2).ok()), "{form}");
        let field = format!("source.cardDetails{}: The card has expired.", at.replace('/', "."));
        assert_eq!(read(TAKING), Err(vec![field]), "{form}");
    }
    let this_month = changed(
        &of_card(&cards().swap_remove(0).1),
        "/source/cardDetails/keyedData/expiryDate",
        json!("0330"),
    );
    assert_eq!(single_use(&this_month).unwrap().expiry, Expiry::new(2030, 3).ok());
}

#[test]
fn the_rest_of_a_single_use_request() {
    for (word, channel) in [("pos", Channel::Pos), ("web", Channel::Web), ("moto", Channel::Moto)] {
        let body = changed(&request(&ach()), "/channel", json!(word));
        let read = with(&body, |node| {
            SingleUseRequest::read(node, TAKING)
                .map(|request| (request.channel, request.operator.map(str::to_owned)))
        });
        assert_eq!(read, Ok((channel, Some("Jane".to_owned()))));
    }
}

#[test]
fn a_secure_token_is_made_of_details_or_of_a_token() {
    let bodies = all_secure();
    let kinds: Vec<bool> = bodies.iter().map(|body| secure(body).unwrap().is_some()).collect();
    assert_eq!(kinds, [false, true, true, true]);
    with(&bodies[0], |node| {
        SecureRequest::read(node, TAKING).map(|request| {
            assert_eq!(request.secure_token_id, Some("MREF_abc1de23-f4a5-6789-bcd0-12e345678901fa"));
            assert_eq!(request.operator, Some("Jane"));
            let KeptOwn { mit_agreement, customer, custom_fields } = &request.own;
            assert_eq!(*mit_agreement, Some(MitAgreement::Unscheduled));
            assert_eq!(serde_json::to_value(customer).unwrap(), bodies[0]["customer"]);
            assert_eq!(serde_json::to_value(custom_fields).unwrap(), bodies[0]["customFields"]);
            let AnySource::Token(token_source) = request.source else { panic!("a token") };
            assert_eq!(token_source.token, token());
            assert_eq!(token_source.account_type, Some(AccountType::Checking));
            assert_eq!(token_source.sec_code, Some(SecCode::Ppd));
        })
    })
    .unwrap();
    let least = json!({ "source": { "type": "singleUseToken", "token": token() } });
    with(&least, |node| {
        SecureRequest::read(node, TAKING).map(|request| {
            assert_eq!((request.secure_token_id, request.operator), (None, None));
            assert!(request.own == KeptOwn::default());
        })
    })
    .unwrap();
}

#[test]
fn an_empty_optional_text_is_none() {
    let mut body = all_secure().swap_remove(0);
    body["customer"] = json!({ "firstName": "", "billingAddress": { "address1": "a", "address2": "", "city": "c",
        "state": "", "country": "IE", "postalCode": "" } });
    let expected = json!({ "billingAddress": { "address1": "a", "city": "c", "state": "", "country": "IE",
        "postalCode": "" } });
    with(&body, |node| {
        SecureRequest::read(node, TAKING)
            .map(|request| assert_eq!(serde_json::to_value(request.own.customer).unwrap(), expected))
    })
    .unwrap();
}

#[test]
fn names_of_secure_tokens_are_one_segment_of_a_path() {
    let read = |id: &str| {
        let body = changed(&all_secure()[0], "/secureTokenId", json!(id));
        secure(&body).map(|_| ())
    };
    let longest = "é".repeat(200);
    for id in [
        "1",
        "MREF_1",
        "a b",
        "a?b#c%2F",
        "...",
        "\u{a0}a\u{feff}",
        "ä:@;=",
        &longest,
        "7d3c1e0a-0b1f-4c55-9d3c-3f1e6f0c2b10",
    ] {
        assert_eq!(read(id), Ok(()), "{id}");
    }
    let shape = "secureTokenId: Must have no control characters, no space at an end, and not be . or ..";
    for id in [".", "..", " a", "a ", "a\nb", "a\u{85}", "\u{7f}"] {
        assert_eq!(read(id), Err(vec![shape.to_owned()]), "{id:?}");
    }
    assert_eq!(read(""), Err(vec!["secureTokenId: Must not be empty.".to_owned()]));
    assert_eq!(
        read(&"a".repeat(201)),
        Err(vec!["secureTokenId: Must have at most 200 characters.".to_owned()])
    );
    let number = Err(vec!["secureTokenId: Must not contain a card number.".to_owned()]);
    assert_eq!(read(NUMBER), number, "it stands in addresses");
}

#[test]
fn the_small_requests() {
    let body = json!({ "type": "singleUseToken", "token": token(), "more": 1 });
    let update = with(&body, |node| UpdateAccountRequest::read(node).map(|request| request.token.to_owned()));
    assert_eq!(update, Ok(token()));
    let body = json!({ "libVersion": "1.7.0.261457", "scenario": "tokenization", "secureTokenId": "MREF_1" });
    with(&body, |node| {
        SessionRequest::read(node).map(|request| {
            assert_eq!((request.lib_version, request.scenario), ("1.7.0.261457", Scenario::Tokenization));
            assert_eq!(request.secure_token_id, Some("MREF_1"));
        })
    })
    .unwrap();
    let body = json!({ "libVersion": "1.7.0.261457", "scenario": "payment" });
    let scenario = with(&body, |node| SessionRequest::read(node).map(|request| request.scenario));
    assert_eq!(scenario, Ok(Scenario::Payment));
    let body = json!({ "appleDomainId": "d", "appleValidationUrl": "https://apple.example/session" });
    assert_eq!(with(&body, |node| ApplePayRequest::read(node).map(|_| ())), Ok(()));
}

#[test]
fn telephone_numbers_may_look_like_card_numbers_and_nothing_longer_may() {
    let read = |kind: &str, value: &str| {
        let body =
            changed(&all_secure()[0], "/customer/contactMethods", json!([{ "type": kind, "value": value }]));
        secure(&body).is_ok()
    };
    for kind in ["phone", "mobile", "fax"] {
        assert!(read(kind, "+4222222222222"), "{kind}");
        assert!(!read(kind, "4222222222222"), "{kind}: only the international form may");
        assert!(read(kind, "+1 (202) 555-0164 ext. 7"), "{kind}");
        assert!(!read(kind, NUMBER), "{kind}");
    }
    assert!(!read("email", "4222222222222") && !read("email", "4222222222222@example.com"));
}

#[test]
fn facts_begin_without_what_tables_tell() {
    let (_, details) = cards().swap_remove(0);
    let SourceFacts::Card(card) = single_use(&of_card(&details)).unwrap().facts else { panic!("a card") };
    let expected = CardSource {
        cardholder_name: "Sarah Hazel Hopper".to_owned(),
        number: "453985******7062".to_owned(),
        account_type: Some(AccountType::Savings),
        card_type: None,
        currency: None,
        debit: None,
        entry_method: EntryMethod::Keyed,
    };
    assert!(card == expected);
}
