//! Secure tokens are made (section 6.2): from details or from a single-use token, under the merchant's id or another,
//! and an id is used once.

use serde_json::{Value, json};

use super::calls::{
    FOREIGN, MASKED, PAN, SECOND, Shop, TERMINAL, ach, assert_names, assert_refused, card, encoded, flat,
    names, pad, redeem, reveal, secure, text, with,
};
use crate::support::{Node, home};

fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0') * if at % 2 == 1 { 2 } else { 1 };
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[test]
fn a_token_of_each_source() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let shown_card = json!({"type": "card", "cardholderName": "Sarah Hazel Hopper", "cardNumber": MASKED,
        "expiryDate": "1230", "cardType": "Visa"});
    let shown_ach = json!({"type": "ach", "nameOnAccount": "Shara Hazel Hopper", "accountNumber": "****3159",
        "routingNumber": "123456789"});
    let shown_pad = json!({"type": "pad", "nameOnAccount": "Sarah Hazel Hopper", "accountNumber": "******7890",
        "transitNumber": "76543", "institutionNumber": "543"});
    let mut seen = std::collections::BTreeSet::new();
    for (source, shown, kind) in [
        (card(), shown_card, None),
        (ach(), shown_ach, Some("checking")),
        (pad(), shown_pad, Some("savings")),
    ] {
        let single = text(&shop.single_use(&source), "token");
        for source in [source, flat(&single)] {
            let answer = shop.post("secure-tokens", &json!({"source": source, "operator": "Jane"}));
            assert_eq!(answer.status, 201, "{}", answer.text());
            let made = answer.json();
            assert_eq!(names(&made), ["processingTerminalId", "secureTokenId", "source", "status", "token"]);
            assert_eq!(made["source"], shown);
            assert_eq!(
                (&made["status"], &made["processingTerminalId"]),
                (&json!("notValidated"), &json!(TERMINAL))
            );
            let (id, token) = (text(&made, "secureTokenId"), text(&made, "token"));
            assert!(token.len() == 19 && token.starts_with("296753"), "{token}");
            assert!(token.bytes().all(|byte| byte.is_ascii_digit()) && !passes_luhn(&token), "{token}");
            assert!(seen.insert(id.clone()) && seen.insert(token.clone()), "the same card is another token");
            // As the documentation's example.
            let form: Vec<usize> =
                id.strip_prefix("MREF_").expect("MREF_").split('-').map(str::len).collect();
            assert_eq!(form, [8, 4, 4, 4, 14], "{id}");
            let location = answer.header("location").expect("a location").to_owned();
            assert_eq!(location, format!("http://{}{}", node.clients, shop.secure_path(&id)));
            let read = shop.get(&location).json();
            let expected = match kind {
                Some(kind) => with(&made, "/source/accountType", json!(kind)),
                None => made,
            };
            assert_eq!(read, expected, "only the account's type is more");
        }
        assert_eq!(redeem(&node, &single).status, 404, "it was used");
    }
}

/// What is said beside a single-use token goes before what it was made with.
#[test]
fn an_account_type_beside_a_single_use_token() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for source in [ach(), pad()] {
        let single = text(&shop.single_use(&source), "token");
        let more = with(&flat(&single), "/accountType", json!("savings"));
        let more = with(&more, "/secCode", json!("ppd"));
        let more = with(&more, "/ebtDetails", json!({"benefitCategory": "cash"}));
        let made = shop.secure(&json!({"source": more}));
        assert_eq!(shop.read(&text(&made, "secureTokenId"))["source"]["accountType"], "savings");
    }
    let token = shop.token();
    let wrong = json!({"type": "singleUseToken", "token": token, "accountType": "x", "secCode": "x",
        "ebtDetails": {"benefitCategory": "x"}});
    let answer = shop.post("secure-tokens", &json!({"source": wrong}));
    let mut found = super::calls::parameters(&answer);
    found.sort_unstable();
    assert_eq!(found, ["source.accountType", "source.ebtDetails.benefitCategory", "source.secCode"]);
    assert_eq!(redeem(&node, &token).status, 200, "it was not used up");
}

/// What is kept for years has no place for a code, whatever a merchant calls it.
#[test]
fn a_custom_field_is_no_place_for_a_code() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for name in ["cvv", "CVV2", "security_code", "securityCode", "pin", "track2", "Card-CVC"] {
        let fields = json!([{"name": "note", "value": "x"}, {"name": name, "value": "937"}]);
        let answer = shop.post("secure-tokens", &with(&secure("one", &card()), "/customFields", fields));
        assert_names(&answer, "customFields.1.name");
        assert!(!answer.text().contains("937"), "{}", answer.text());
    }
    let fields = json!([{"name": "campaign", "value": "937"}]);
    let kept = shop.secure(&with(&secure("one", &card()), "/customFields", fields.clone()));
    assert_eq!(kept["customFields"], fields);
}

#[test]
fn an_id_is_used_once_on_a_terminal() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let first = shop.secure(&secure("mine", &card()));
    let path = shop.secure_path("mine");
    let token = shop.token();
    for source in [card(), ach(), flat(&token)] {
        let answer = shop.post("secure-tokens", &secure("mine", &source));
        assert_refused(&answer, 409, "resource-already-exists");
        let body = answer.json();
        let href = format!("http://{}{path}", node.clients);
        assert_eq!(body["instance"], href);
        assert_eq!(body["link"], json!({"rel": "self", "method": "GET", "href": href}));
        assert_eq!(shop.get(&href).json(), first);
    }
    // The case of letters matters, and so does the terminal.
    assert_eq!(text(&shop.secure(&secure("Mine", &card())), "secureTokenId"), "Mine");
    SECOND.clone_into(&mut shop.terminal);
    assert_eq!(text(&shop.secure(&secure("mine", &card())), "processingTerminalId"), SECOND);
    let mut other = Shop::other(&node);
    assert_eq!(text(&other.secure(&secure("mine", &card())), "processingTerminalId"), FOREIGN);
    // A deleted token's id is burned for ever.
    TERMINAL.clone_into(&mut shop.terminal);
    assert_eq!(shop.delete("mine").status, 204);
    for source in [card(), flat(&token)] {
        let answer = shop.post("secure-tokens", &secure("mine", &source));
        assert_refused(&answer, 409, "resource-already-exists");
    }
    node.advance(400 * 86_400);
    let mut shop = Shop::of(&node);
    let answer = shop.post("secure-tokens", &secure("mine", &card_of_far()));
    assert_refused(&answer, 409, "resource-already-exists");
}

/// A card that is good after the clock was moved by more than a year.
fn card_of_far() -> Value {
    with(&card(), "/cardDetails/keyedData/expiryDate", json!("1299"))
}

#[test]
fn a_refused_request_uses_nothing_up() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("taken", &card()));
    let token = shop.token();
    let taken = shop.post("secure-tokens", &secure("taken", &flat(&token)));
    assert_refused(&taken, 409, "resource-already-exists");
    let wrong = with(&secure("free", &flat(&token)), "/mitAgreement", json!("x"));
    assert_names(&shop.post("secure-tokens", &wrong), "mitAgreement");
    let made = shop.secure(&secure("free", &flat(&token)));
    let clear = reveal(&node, &text(&made, "token")).json();
    assert_eq!(clear["card"], json!({"pan": PAN, "expMonth": 12, "expYear": 2030}), "without a code");
}

#[test]
fn an_id_is_any_text_that_fits_in_a_path() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for id in [
        "1",
        "with a blank",
        "100%",
        "%41",
        "a+b",
        "a?b=c&d#e",
        "Müller-Lüdenscheidt",
        "顧客の一",
        "🂡",
        "...",
        "~._-:;,@!$'()*[]{}|^`\"<>=",
        "update-account",
        "a/b",
        "/",
        "a//b/",
        "a\\b",
        &"x".repeat(200),
        &"ä".repeat(200),
    ] {
        let answer = shop.post("secure-tokens", &secure(id, &card()));
        assert_eq!(answer.status, 201, "{id}: {}", answer.text());
        assert_eq!(answer.json()["secureTokenId"], id);
        let location = answer.header("location").expect("a location").to_owned();
        assert!(location.is_ascii() && !location.contains(' '), "{location}");
        assert_eq!(shop.get(&location).json()["secureTokenId"], id, "{location}");
        assert_eq!(shop.read(id)["secureTokenId"], id);
        let found = shop.get(&format!("{}?secureTokenId={}", shop.path("secure-tokens"), encoded(id)));
        assert_eq!(found.json()["data"][0]["secureTokenId"], id, "{}", found.text());
        let again = shop.post("secure-tokens", &secure(id, &card()));
        assert_eq!(again.json()["instance"], location);
        assert_eq!(shop.patch(id, &json!([])).status, 200);
        let token = shop.token();
        assert_eq!(shop.update_account(id, &token).status, 200);
        assert_eq!(shop.delete(id).status, 204);
    }
    for id in [
        json!(""),
        json!("x".repeat(201)),
        json!("."),
        json!(".."),
        json!(" a"),
        json!("a "),
        json!("a\nb"),
        json!("a\u{0}b"),
        json!(PAN),
        json!("card 4539 8588 7604 7062"),
        json!(7),
        json!(["a"]),
    ] {
        let answer = shop.post("secure-tokens", &json!({"secureTokenId": id, "source": card()}));
        assert_names(&answer, "secureTokenId");
    }
    // Null is as good as none.
    let made = shop.secure(&json!({"secureTokenId": null, "source": card()}));
    assert!(text(&made, "secureTokenId").starts_with("MREF_"));
}

#[test]
fn what_a_terminal_does_not_take_is_refused_in_words_of_its_own() {
    let live = crate::live::Live::new();
    let node = live.try_start(&super::place::config(&live, "")).expect("the node starts");
    let mut shop = Shop::by(&node, super::place::KEY, super::place::CARDS_ONLY);
    for source in [ach(), pad()] {
        for (path, body) in [
            ("single-use-tokens", super::calls::request(&source)),
            ("secure-tokens", json!({"source": source})),
        ] {
            let answer = shop.post(path, &body);
            assert_refused(&answer, 400, "capabilities-missing");
            assert_eq!(answer.json()["errors"][0]["parameter"], "source.type");
        }
    }
    let token = shop.token();
    super::place::BANK_ONLY.clone_into(&mut shop.terminal);
    for source in [ach(), pad()] {
        shop.single_use(&source);
    }
    assert_refused(
        &shop.post("single-use-tokens", &super::calls::request(&card())),
        400,
        "capabilities-missing",
    );
    // What was made at another terminal is no way around it, and is not used up.
    shop.secure(&secure("bank", &ach()));
    let before = shop.read("bank");
    let carried = shop.post("secure-tokens", &json!({"source": flat(&token)}));
    let updated = shop.update_account("bank", &token);
    for (answer, parameter) in [(carried, "source.token"), (updated, "token")] {
        assert_refused(&answer, 400, "capabilities-missing");
        assert_eq!(answer.json()["errors"][0]["parameter"], parameter);
    }
    assert_eq!(shop.read("bank"), before);
    super::place::CARDS_ONLY.clone_into(&mut shop.terminal);
    assert_eq!(shop.post("secure-tokens", &json!({"source": flat(&token)})).status, 201);
}
