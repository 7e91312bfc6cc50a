//! Verified tokens (section 11): as a token, of a card or of a session, with what the operator says of the
//! verification that a vault cannot make.

use serde_json::{Value, json};

use super::{
    calls::{
        CARD_ON_FILE, CARD_SESSIONS, CVC_SESSIONS, IDENTITY, OLD_SESSIONS, ONE_TIME, PAN, SESSIONS, Shop,
        TOKENS, V3, VERIFIED_V1, VERIFIED_V2, VERIFIED_V3, both, card, card_in, checkout, link, one_field,
        plain, refused, session, with, without,
    },
    cards::CARDS,
    place::{self, CHECKOUT, OTHER_USER, USER},
};
use crate::{
    live::Live,
    support::{Answer, Client, Node, home},
};

fn post(shop: &mut Shop, path: &str, media: &str, body: &Value) -> Answer {
    let answer = shop.send("POST", path, &both(media), body.to_string().as_bytes());
    if answer.status < 300 || answer.status == 409 {
        assert_eq!(answer.header("content-type"), Some(media));
    }
    answer
}

/// A session of a browser; its link.
fn leave(client: &mut Client, path: &str, body: &Value) -> String {
    let media = if path == OLD_SESSIONS { VERIFIED_V1 } else { SESSIONS };
    let answer = client.call("POST", path, &both(media), body.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.header("location").expect("a location").to_owned()
}

fn no_session(answer: &Answer) {
    assert_eq!(refused(answer), (400, "sessionNotFound".to_owned()));
    // A first-party plugin compares this sentence.
    assert_eq!(answer.json()["message"], "Session could not be found");
}

#[test]
fn version_three_gives_the_token_and_the_verification() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let base = format!("http://{}/worldpay", node.clients);
    let mut shop = Shop::of(&node);
    for path in [CARD_ON_FILE, ONE_TIME] {
        let made = post(&mut shop, path, VERIFIED_V3, &plain(PAN));
        assert_eq!(made.status, 201, "{}", made.text());
        let body = made.json();
        let (verification, token) = (&body["_embedded"]["verification"], &body["_embedded"]["token"]);
        assert_eq!(verification["outcome"], "verified");
        assert!(verification["checkedAt"].as_str().is_some_and(|at| at.ends_with('Z')), "{verification}");
        assert_eq!((verification.get("code"), verification.get("description")), (None, None));
        assert_eq!(
            verification["paymentInstrument"],
            json!({"type": "card/plain", "card": {"brand": "visa"}})
        );
        let at = verification["_links"]["verifications:verification"]["href"].as_str().expect("a link");
        assert!(at.starts_with(&format!("{base}/verifications/accounts/")), "{at}");
        let href = link(token, "token");
        assert_eq!(made.header("location"), Some(href.as_str()));
        assert_eq!(shop.read(&href), *token, "the token of the tokens API");

        let again = post(&mut shop, path, VERIFIED_V3, &plain(PAN));
        assert_eq!((again.status, &again.json()["_embedded"]["token"]), (200, token));
        let other = with(&plain(PAN), "/paymentInstrument/cardHolderName", json!("John Watson"));
        let differs = post(&mut shop, path, VERIFIED_V3, &other);
        assert_eq!((differs.status, differs.header("location")), (409, Some(href.as_str())));
        let conflict = differs.json()["_embedded"]["token"].clone();
        assert_eq!(conflict["conflicts"]["paymentInstrument"], json!({"cardHolderName": "John Watson"}));
        assert_eq!(shop.resolve(&link(&conflict, "conflicts")).status, 204);
        assert_eq!(shop.read(&href)["paymentInstrument"]["cardHolderName"], "John Watson");
        assert_eq!(shop.delete(&href).status, 204);
    }
}

#[test]
fn the_older_versions_are_flat() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for media in [VERIFIED_V1, VERIFIED_V2] {
        let made = post(&mut shop, CARD_ON_FILE, media, &plain(PAN));
        assert_eq!(made.status, 201, "{}", made.text());
        let body = made.json();
        assert_eq!((body.as_object().unwrap().len(), &body["outcome"]), (2, &json!("verified")));
        let names: Vec<_> = body["_links"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["curies", "tokens:token", "verifications:verification"]);
        let href = link(&body, "token");
        assert_eq!(shop.read(&href)["paymentInstrument"]["cardNumber"], "4444********1111");
        let again = post(&mut shop, CARD_ON_FILE, media, &plain(PAN));
        assert_eq!((again.status, again.json()), (200, body));
        let other = with(&plain(PAN), "/paymentInstrument/cardExpiryDate/month", json!(6));
        let differs = post(&mut shop, CARD_ON_FILE, media, &other);
        let body = differs.json();
        assert_eq!((differs.status, &body["outcome"], body.get("code")), (409, &json!("verified"), None));
        assert_eq!(link(&body, "token"), href);
        let waiting = shop.read(&link(&body, "conflicts"));
        let expected = json!({"cardExpiryDate": {"month": 6, "year": 2035}});
        assert_eq!(waiting["conflicts"]["paymentInstrument"], expected);
        assert_eq!(shop.delete(&href).status, 204);
    }
}

/// Where nothing is verified: 206 whatever became of the card, and no word of what waits.
#[test]
fn an_operator_may_say_that_nothing_is_verified() {
    for table in ["", "[worldpay]\nverification = \"not-verified\"\n"] {
        let live = Live::new();
        let node = live.try_start(&place::config(&live, table)).expect("the node starts");
        let mut shop = Shop::by(&node, USER.0, USER.1);
        let other = with(&plain(PAN), "/paymentInstrument/cardHolderName", json!("John Watson"));
        let mut href = None;
        for body in [plain(PAN), plain(PAN), other] {
            for (media, explained) in [(VERIFIED_V1, false), (VERIFIED_V2, true), (VERIFIED_V3, true)] {
                let answer = post(&mut shop, CARD_ON_FILE, media, &body);
                assert_eq!(answer.status, 206, "{}", answer.text());
                let said = answer.json();
                let embedded = &said["_embedded"];
                let (verification, token) = if media == VERIFIED_V3 {
                    (&embedded["verification"], &embedded["token"])
                } else {
                    (&said, &said)
                };
                assert_eq!(verification["outcome"], "not verified");
                assert_eq!(verification["code"].is_string(), explained, "{media}");
                assert_eq!(verification["description"].is_string(), explained, "{media}");
                let found = link(token, "token");
                assert_eq!(*href.get_or_insert(found.clone()), found, "one card is one token");
                let names = token["_links"].as_object().unwrap();
                assert!(!names.contains_key("tokens:conflicts"), "{token}");
                assert!(!names.contains_key("tokens:schemeTransactionReference"), "{token}");
                assert!(token.get("conflicts").is_none());
            }
        }
        let token = shop.read(&href.unwrap());
        assert_eq!(token["paymentInstrument"]["cardHolderName"], "Sherlock Holmes", "unchanged");
    }
    let live = Live::new();
    let node = live
        .try_start(&place::config(&live, "[worldpay]\nverification = \"verified\"\n"))
        .expect("it starts");
    assert_eq!(post(&mut Shop::by(&node, USER.0, USER.1), ONE_TIME, VERIFIED_V3, &plain(PAN)).status, 201);
}

#[test]
fn a_session_is_used_once_by_any_of_its_names() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut browser) = (Shop::of(&node), node.client());
    let base = format!("http://{}/worldpay", node.clients);
    for (at, (path, old)) in
        [(CARD_SESSIONS, false), (CARD_SESSIONS, true), (OLD_SESSIONS, false), (OLD_SESSIONS, true)]
            .into_iter()
            .enumerate()
    {
        let left = leave(&mut browser, path, &session(CARDS[at].0));
        let reference = left.rsplit('/').next().unwrap().to_owned();
        // Clients build the old path, or the new one, from a bare reference.
        let href = if old {
            format!("{base}/verifiedTokens/sessions/{reference}")
        } else {
            format!("{base}/sessions/{reference}")
        };
        let made = post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &checkout(&href));
        assert_eq!(made.status, 201, "{}", made.text());
        let token = made.json()["_embedded"]["token"].clone();
        let card = &token["paymentInstrument"];
        assert_eq!(card["cardExpiryDate"], json!({"month": 11, "year": 2030}), "the session's");
        assert_eq!(card["cardHolderName"], "Sherlock Holmes", "the request's");
        assert_eq!(card["brand"], CARDS[at].1);
        for name in [&href, &left, &reference] {
            no_session(&post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &checkout(name)));
        }
    }
    let left = leave(&mut browser, CARD_SESSIONS, &session(CARDS[7].0));
    let bare = left.rsplit('/').next().unwrap();
    assert_eq!(post(&mut shop, ONE_TIME, VERIFIED_V2, &checkout(bare)).status, 201, "the reference alone");
    // A match and a conflict use the session up as well.
    for (holder, status) in [("Sherlock Holmes", 200), ("Other", 409)] {
        let left = leave(&mut browser, CARD_SESSIONS, &session(CARDS[7].0));
        let body = with(&checkout(&left), "/paymentInstrument/cardHolderName", json!(holder));
        assert_eq!(post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &body).status, status);
        no_session(&post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &body));
    }
}

#[test]
fn a_session_ends_after_a_minute_and_is_its_accounts() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut browser) = (Shop::of(&node), node.client());
    let (first, second) = (
        leave(&mut browser, CARD_SESSIONS, &session(PAN)),
        leave(&mut browser, CARD_SESSIONS, &session(CARDS[9].0)),
    );
    node.advance(58);
    assert_eq!(post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &checkout(&first)).status, 201);
    node.advance(3);
    no_session(&post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &checkout(&second)));
    let code = leave(&mut browser, CVC_SESSIONS, &json!({"cvc": "123", "identity": IDENTITY}));
    for strange in [
        code.as_str(),
        "https://try.access.worldpay.com/verifiedTokens/sessions/eyJrIjox",
        "x",
        &first[..first.len() - 1],
    ] {
        no_session(&post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &checkout(strange)));
    }
    let token = shop.create(&with(&card(), "/namespace", json!("x")));
    no_session(&post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &checkout(&link(&token, "token"))));

    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let left = leave(&mut node.client(), CARD_SESSIONS, &with(&session(PAN), "/identity", json!(CHECKOUT)));
    let mut other = Shop::by(&node, OTHER_USER.0, OTHER_USER.1);
    no_session(&post(&mut other, CARD_ON_FILE, VERIFIED_V3, &checkout(&left)));
    let mut own = Shop::by(&node, USER.0, USER.1);
    assert_eq!(post(&mut own, CARD_ON_FILE, VERIFIED_V3, &checkout(&left)).status, 206, "and is still there");
}

/// A refused request uses nothing up.
#[test]
fn what_is_refused_leaves_the_session_as_it_was() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut browser) = (Shop::of(&node), node.client());
    for (number, _) in &CARDS[..16] {
        shop.create(&card_in(number, "full"));
    }
    let left = leave(&mut browser, CARD_SESSIONS, &session(CARDS[16].0));
    let full = with(&checkout(&left), "/namespace", json!("full"));
    let answer = post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &full);
    assert_eq!(refused(&answer), (403, "tooManyTokensForNamespace".to_owned()));
    let entity = with(&checkout(&left), "/merchant/entity", json!("other"));
    assert_eq!(refused(&post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &entity)).0, 403);
    let broken = without(&checkout(&left), "/verificationCurrency");
    one_field(
        &post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &broken),
        "fieldIsMissing",
        "$.verificationCurrency",
    );
    assert_eq!(post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &checkout(&left)).status, 201);
}

#[test]
fn fields_of_a_verified_token() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut whole = plain(PAN);
    whole["narrative"] = json!({"line1": "Verified", "line2": "Token"});
    // A plugin sends the time as a namespace, and the code as an integer.
    whole["namespace"] = json!(1_783_000_000);
    whole = with(&whole, "/paymentInstrument/cvc", json!(123));
    let made = post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &whole);
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["_embedded"]["token"]["namespace"], "1783000000");
    assert!(!made.text().contains("cvc") && !made.text().contains("Verified\""));
    for (body, name, path) in [
        (without(&whole, "/merchant"), "fieldIsMissing", "$.merchant"),
        (
            with(&whole, "/verificationCurrency", json!("gbp")),
            "stringFailedRegexCheck",
            "$.verificationCurrency",
        ),
        (with(&whole, "/verificationCurrency", json!("GB")), "stringIsTooShort", "$.verificationCurrency"),
        (with(&whole, "/narrative", json!({})), "fieldIsMissing", "$.narrative.line1"),
        (with(&whole, "/narrative/line1", json!("x".repeat(25))), "stringIsTooLong", "$.narrative.line1"),
        (with(&whole, "/paymentInstrument/cvc", json!("12")), "stringIsTooShort", "$.paymentInstrument.cvc"),
        (
            with(&whole, "/paymentInstrument/cvc", json!("12a")),
            "fieldMustBeNumber",
            "$.paymentInstrument.cvc",
        ),
        (
            with(&whole, "/paymentInstrument/type", json!("card/front")),
            "fieldHasInvalidValue",
            "$.paymentInstrument",
        ),
        (
            without(&whole, "/paymentInstrument/cardHolderName"),
            "fieldIsMissing",
            "$.paymentInstrument.cardHolderName",
        ),
        (
            without(&checkout("x"), "/paymentInstrument/sessionHref"),
            "fieldIsMissing",
            "$.paymentInstrument.sessionHref",
        ),
    ] {
        for media in [VERIFIED_V1, VERIFIED_V3] {
            one_field(&post(&mut shop, ONE_TIME, media, &body), name, path);
        }
    }
    let unnamed = post(&mut shop, CARD_ON_FILE, VERIFIED_V3, &plain("6200000000000005"));
    assert_eq!(refused(&unnamed), (422, "unrecognizedCardBrand".to_owned()));
    // A session cannot be sent to the tokens API (section 11).
    let answer = shop.post(TOKENS, &checkout("x"));
    assert_eq!(refused(&answer).0, 400);
    assert_eq!(refused(&shop.send("POST", CARD_ON_FILE, &both(V3), b"{}")).0, 406);
}
