//! A vault that stores no sensitive authentication data (`sad.enabled = false`): codes are checked as ever and dropped,
//! no ring is made, and everything else works in every dialect.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "support/live.rs"]
mod live;

#[allow(dead_code, reason = "the words of the dialect's own tests, of which these need a part")]
#[path = "payroc/calls.rs"]
mod payroc;

#[allow(dead_code, reason = "the words of the dialect's own tests, of which these need a part")]
#[path = "worldpay/calls.rs"]
mod worldpay;

use std::{fs, path::Path};

use coffer_core::store::TokenState;
use live::Live;
use payroc::{API, TERMINAL, assert_names, assert_refused, flat, fresh_key, text, with};
use serde_json::{Value, json};
use support::{Node, REDEEM, SECRET, card, create, exchange, home, log, log::Log, redeem};

fn dropping(home: &Path) -> Node {
    Node::on_a_free_port(|| Node::try_sandbox_with(home, &["--no-codes"]))
}

/// What is drawn for the ring, and what is sealed of codes, over all tokens and sessions of a node that has ended.
fn assert_nothing_was_stored(home: &Path) {
    assert!(!home.join("ring").exists(), "no ring is made");
    let log = Log::of(home);
    let made: Vec<(u32, u64)> = ["token.create", "session.create"]
        .iter()
        .flat_map(|action| log.of_action(action))
        .map(|fact| {
            let tenant = u32::try_from(fact["tenant"].as_u64().unwrap()).unwrap();
            (tenant, fact["object"].as_u64().unwrap())
        })
        .collect();
    assert!(!made.is_empty());
    for (tenant, number) in made {
        let row = log::token_row_of(home, tenant, number).expect("a row");
        assert!(!matches!(row.state, TokenState::Live { sad: Some(_), .. }), "{row:?}");
    }
}

#[test]
fn rebilly_takes_codes_and_keeps_none() {
    let folder = home();
    let node = dropping(folder.path());
    let mut client = node.client();
    let mut wrong = card();
    wrong["paymentInstrument"]["cvv"] = json!("12");
    let refused = client.call("POST", "/rebilly/tokens", &[SECRET], wrong.to_string().as_bytes());
    assert_eq!(refused.status, 422, "a code is checked as ever: {}", refused.text());
    assert!(refused.text().contains("cvv"), "{}", refused.text());

    let tokens: Vec<String> = (0..3).map(|_| create(&mut client, &card())).collect();
    let answer = redeem(&mut client, &tokens[0]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["card"], json!({"pan": "4111111111111111", "expMonth": 12, "expYear": 2035}));
    assert_eq!(redeem(&mut client, &tokens[0]).status, 404, "used once");
    let made = exchange(&mut client, &tokens[1], "cus");
    assert_eq!(made.status, 201);
    let path = format!("/coffer/v1/instruments/{}/reveal", text(&made.json(), "id"));
    let revealed = client.call("POST", &path, &[REDEEM], br#"{"reason":"a test"}"#);
    assert_eq!(revealed.json()["card"]["pan"], "4111111111111111");
    assert_eq!(revealed.json()["card"].get("cvv"), None);
    // A form of a page sends a card's code the same way.
    let shown = client.call("GET", &format!("/rebilly/tokens/{}", tokens[2]), &[SECRET], b"");
    assert_eq!(shown.status, 200);
    node.advance(31 * 60);
    assert_eq!(redeem(&mut client, &tokens[2]).status, 404, "half an hour, as ever");
    node.kill();
    assert_nothing_was_stored(folder.path());
}

#[test]
fn payroc_pays_without_a_stored_code_and_with_one_that_the_payment_brings() {
    let folder = home();
    let node = dropping(folder.path());
    let mut shop = payroc::Shop::of(&node);
    let pay = |shop: &mut payroc::Shop, method: &Value| -> Value {
        let body = json!({"channel": "web", "processingTerminalId": TERMINAL, "paymentMethod": method,
            "order": {"orderId": "one", "amount": 4999, "currency": "USD"}});
        let answer = shop.keyed("POST", &format!("{API}/payments"), &fresh_key(), &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["card"]["securityChecks"]["cvvResult"].clone()
    };
    let token = shop.token();
    assert_eq!(pay(&mut shop, &flat(&token)), "U", "the answer says truly that none was sent");
    assert_eq!(pay(&mut shop, &payroc::card()), "M", "what the payment brings is sent on");
    let token = shop.token();
    let made = shop.secure(&json!({"secureTokenId": "t", "source": flat(&token)}));
    assert_eq!(pay(&mut shop, &json!({"type": "secureToken", "token": text(&made, "token")})), "U");
    let wrong = with(&payroc::card(), "/cardDetails/keyedData/cvv", json!("12"));
    let refused = shop.post("single-use-tokens", &payroc::request(&wrong));
    assert_names(&refused, "source.cardDetails.keyedData.cvv");

    // Asked again under one key: one answer and one token, also with another code, of which nothing is known any more.
    let (path, key) = (shop.path("single-use-tokens"), fresh_key());
    let asked = payroc::request(&payroc::card());
    let first = shop.keyed("POST", &path, &key, &asked);
    assert_eq!(first.status, 201);
    let other = with(&asked, "/source/cardDetails/keyedData/cvv", json!("999"));
    for again in [&asked, &other] {
        assert_eq!(shop.keyed("POST", &path, &key, again).body, first.body);
    }
    node.kill();
    assert_nothing_was_stored(folder.path());
}

#[test]
fn what_a_reader_sends_makes_no_token_and_pays_at_once() {
    let folder = home();
    let node = dropping(folder.path());
    let mut shop = payroc::Shop::of(&node);
    let device = json!({"model": "paxA920", "serialNumber": "1850010868"});
    let encrypting = with(&device, "/dataKsn", json!("FFFF9876543210E00001"));
    let details = [
        json!({"entryMethod": "icc", "device": encrypting, "iccData": "5F2A0208409F0206000000004999C0FFEE"}),
        json!({"entryMethod": "swiped", "swipedData": {"dataFormat": "plainText", "device": device,
            "trackData": ";4539858876047062=30121010000000001?"}}),
    ];
    for details in details {
        let source = json!({"type": "card", "cardDetails": details});
        let refused = shop.post("single-use-tokens", &payroc::request(&source));
        assert_refused(&refused, 400, "capabilities-missing");
        assert_eq!(refused.json()["errors"][0]["parameter"], "source.cardDetails");
        assert!(refused.text().contains("card reader"), "it says why: {}", refused.text());
        assert!(!refused.text().contains("C0FFEE") && !refused.text().contains("7062"), "{}", refused.text());
        let body = json!({"channel": "pos", "processingTerminalId": TERMINAL, "paymentMethod": source,
            "order": {"orderId": "one", "amount": 4999, "currency": "USD"}});
        let paid = shop.keyed("POST", &format!("{API}/payments"), &fresh_key(), &body);
        assert_eq!(paid.status, 201, "{}", paid.text());
    }
}

#[test]
fn a_form_of_payroc_takes_a_code_and_its_token_has_none() {
    let folder = home();
    let node = dropping(folder.path());
    let mut shop = payroc::Shop::of(&node);
    let opened =
        shop.post("hosted-fields-sessions", &json!({"libVersion": "1.7.0.261457", "scenario": "payment"}));
    assert_eq!(opened.status, 201, "{}", opened.text());
    let session = format!("{API}/hosted-fields-sessions/{}", text(&opened.json(), "token"));
    let fill = |shop: &mut payroc::Shop, name: &str, value: &str| {
        let path = format!("{session}/fields");
        shop.keyed("POST", &path, &fresh_key(), &json!({name: value, "type": name})).status
    };
    for (name, value) in [
        ("cvv", "234"),
        ("cardNumber", payroc::PAN),
        ("expiryDate", "1230"),
        ("cardholderName", "Sarah Hopper"),
    ] {
        assert_eq!(fill(&mut shop, name, value), 200);
    }
    assert!(fill(&mut shop, "cvv", "12") >= 400, "it is checked as ever");
    let finished = shop.keyed("POST", &format!("{session}/single-use-tokens"), &fresh_key(), &Value::Null);
    assert_eq!(finished.status, 201, "{}", finished.text());
    let answer = payroc::redeem(&node, &text(&finished.json(), "token"));
    assert_eq!(answer.json()["card"], json!({"pan": payroc::PAN, "expMonth": 12, "expYear": 2030}));
    node.kill();
    assert_nothing_was_stored(folder.path());
}

#[test]
fn worldpay_makes_its_sessions_and_they_hold_no_code() {
    let folder = home();
    let node = dropping(folder.path());
    let mut client = node.client();
    let mut leave = |path: &str, body: &Value| {
        let headers = worldpay::both(worldpay::SESSIONS);
        client.call("POST", path, &headers, body.to_string().as_bytes())
    };
    let cvc = json!({"cvc": "123", "identity": worldpay::IDENTITY});
    let sessions = [
        leave(worldpay::CARD_SESSIONS, &worldpay::session(worldpay::PAN)),
        leave(worldpay::CARD_SESSIONS, &worldpay::session(worldpay::PAN)),
        leave(worldpay::CVC_SESSIONS, &cvc),
    ];
    let hrefs = sessions.map(|answer| {
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.header("location").unwrap().to_owned()
    });
    let refused = leave(worldpay::CVC_SESSIONS, &json!({"cvc": "12", "identity": worldpay::IDENTITY}));
    assert_eq!(refused.status, 400, "it is checked as ever: {}", refused.text());
    let mut shop = worldpay::Shop::of(&node);
    let token = shop.post(worldpay::CARD_ON_FILE, &worldpay::checkout(&hrefs[0]));
    assert!((200..300).contains(&token.status), "{}", token.text());
    let mut last = |href: &str| redeem(&mut client, href.rsplit('/').next().unwrap());
    let of_card = last(&hrefs[1]);
    assert_eq!(of_card.json()["card"], json!({"pan": worldpay::PAN, "expMonth": 11, "expYear": 2030}));
    let of_code = last(&hrefs[2]);
    assert_eq!((of_code.status, &of_code.json()["card"]), (200, &json!({})), "it is used, and has nothing");
    assert_eq!(last(&hrefs[2]).status, 404);
    node.kill();
    assert_nothing_was_stored(folder.path());
}

#[test]
fn codes_of_before_are_given_out_no_more_and_their_keys_are_overwritten() {
    let folder = home();
    let node = Node::on_a_free_port(|| Node::try_sandbox_with(folder.path(), &["--keep-code"]));
    let mut client = node.client();
    let token = create(&mut client, &card());
    let exchanged = create(&mut client, &card());
    let id = text(&exchange(&mut client, &exchanged, "cus").json(), "id");
    node.kill();
    let keys = || fs::read(folder.path().join("ring")).unwrap()[512..].iter().any(|byte| *byte != 0);
    assert!(keys());

    let node = dropping(folder.path());
    assert!(!keys(), "before the node is ready");
    let mut client = node.client();
    assert_eq!(redeem(&mut client, &token).json()["card"].get("cvv"), None);
    let path = format!("/coffer/v1/instruments/{id}/reveal");
    let revealed = client.call("POST", &path, &[REDEEM], br#"{"reason":"a test"}"#);
    assert_eq!((revealed.status, revealed.json()["card"].get("cvv")), (200, None));
    create(&mut client, &card());
    node.kill();
    assert!(!keys(), "and no key was drawn");
    // And back: new codes are stored again; on a database from the next half minute on, for the key of this one was
    // made known and is lost.
    let node = Node::sandbox(folder.path());
    node.advance(60);
    let mut client = node.client();
    let token = create(&mut client, &card());
    assert_eq!(redeem(&mut client, &token).json()["card"]["cvv"], "123");
}

#[test]
fn a_configuration_says_it() {
    let live = Live::new();
    let node = live.try_start(&(live.config() + "[sad]\nenabled = false\n")).expect("the node starts");
    let mut client = node.client();
    let (secret, opens) =
        (("REB-APIKEY", "sk_live_alpha_0001"), ("Authorization", "Bearer ck_live_alpha_redeem_0001"));
    let body = card().to_string();
    let token = text(&client.call("POST", "/rebilly/tokens", &[secret], body.as_bytes()).json(), "id");
    let answer = client.call("POST", &format!("/coffer/v1/tokens/{token}/redeem"), &[opens], b"");
    assert_eq!((answer.status, answer.json()["card"].get("cvv")), (200, None));
    assert!(!live.path("ring").exists());
}
