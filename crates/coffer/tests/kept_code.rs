//! Codes that outlive an exchange (`keep_code`): with the first reveal or payment, once, inside the token's half hour.

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

use std::{path::Path, sync::Barrier, thread};

use live::{ALPHA, Live};
use payroc::{API, Shop, TERMINAL, flat, fresh_key, text};
use serde_json::{Value, json};
use support::{Answer, Client, Node, REDEEM, SECRET, card, create, exchange, home, log::Log, redeem};

fn keeping(home: &Path) -> Node {
    Node::on_a_free_port(|| Node::try_sandbox_with(home, &["--keep-code"]))
}

/// An instrument of a new token with a code.
fn instrument(client: &mut Client, customer: &str) -> String {
    let token = create(client, &card());
    let answer = exchange(client, &token, customer);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_no_code(&answer);
    assert_eq!(redeem(client, &token).status, 404, "the token is used up");
    text(&answer.json(), "id")
}

fn reveal_by(client: &mut Client, id: &str, caller: (&str, &str)) -> Value {
    let path = format!("/coffer/v1/instruments/{id}/reveal");
    let answer = client.call("POST", &path, &[caller], br#"{"reason":"a test"}"#);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["card"].clone()
}

fn reveal(client: &mut Client, id: &str) -> Value {
    reveal_by(client, id, REDEEM)
}

fn with_code() -> Value {
    json!({"pan": "4111111111111111", "expMonth": 12, "expYear": 2035, "cvv": "123"})
}

fn without_code() -> Value {
    json!({"pan": "4111111111111111", "expMonth": 12, "expYear": 2035})
}

/// The companies' own answers have no place for it.
fn assert_no_code(answer: &Answer) {
    let said = answer.text();
    assert!(!said.contains("\"cvv\"") && !said.contains("\"123\"") && !said.contains("kept"), "{said}");
}

#[test]
fn the_first_reveal_of_an_instrument_has_the_code_and_no_other_answer() {
    let folder = home();
    let node = keeping(folder.path());
    let mut client = node.client();
    let id = instrument(&mut client, "cus");
    for path in ["/rebilly/payment-instruments".to_owned(), format!("/rebilly/payment-instruments/{id}")] {
        assert_no_code(&client.call("GET", &path, &[SECRET], b""));
    }
    let tokens = client.call("GET", "/rebilly/tokens", &[SECRET], b"").json();
    assert_eq!(tokens.as_array().unwrap().len(), 1, "a kept code is in no list: {tokens}");
    assert_eq!(reveal(&mut client, &id), with_code());
    assert_eq!(reveal(&mut client, &id), without_code());
}

#[test]
fn a_customer_of_a_token_keeps_its_code_too() {
    let folder = home();
    let node = keeping(folder.path());
    let mut client = node.client();
    let token = create(&mut client, &card());
    let body = json!({"paymentToken": token, "primaryAddress": {"firstName": "Ada", "country": "GB"}});
    let made = client.call("POST", "/rebilly/customers", &[SECRET], body.to_string().as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    assert_no_code(&made);
    let id = text(&made.json()["defaultPaymentInstrument"], "paymentInstrumentId");
    assert_eq!(reveal(&mut client, &id), with_code());
    assert_eq!(reveal(&mut client, &id), without_code());
}

#[test]
fn a_change_keeps_it_another_token_takes_its_place_and_a_deactivation_ends_it() {
    let folder = home();
    let node = keeping(folder.path());
    let mut client = node.client();
    let patch = |client: &mut Client, id: &str, body: &Value| {
        let path = format!("/rebilly/payment-instruments/{id}");
        let answer = client.call("PATCH", &path, &[SECRET], body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    let id = instrument(&mut client, "one");
    patch(&mut client, &id, &json!({"customFields": {"a": 1}}));
    assert_eq!(reveal(&mut client, &id), with_code());

    let id = instrument(&mut client, "two");
    let mut other = card();
    other["paymentInstrument"]["pan"] = json!("5555555555554444");
    other["paymentInstrument"]["cvv"] = json!("987");
    let token = create(&mut client, &other);
    patch(&mut client, &id, &json!({"token": token}));
    let revealed = reveal(&mut client, &id);
    assert_eq!((&revealed["pan"], &revealed["cvv"]), (&json!("5555555555554444"), &json!("987")));

    let id = instrument(&mut client, "three");
    other["paymentInstrument"].as_object_mut().unwrap().remove("cvv");
    let token = create(&mut client, &other);
    patch(&mut client, &id, &json!({"token": token}));
    assert_eq!(reveal(&mut client, &id).get("cvv"), None, "no code of another card");

    let id = instrument(&mut client, "four");
    let path = format!("/rebilly/payment-instruments/{id}/deactivation");
    let gone = client.call("POST", &path, &[SECRET], b"");
    assert!((200..300).contains(&gone.status), "{} {}", gone.status, gone.text());
    assert_eq!(reveal(&mut client, &id), without_code());
}

#[test]
fn it_ends_with_the_half_hour_of_its_token() {
    let folder = home();
    let node = keeping(folder.path());
    let mut client = node.client();
    let tokens = [create(&mut client, &card()), create(&mut client, &card())];
    node.advance(20 * 60);
    let ids = tokens.map(|token| {
        let answer = exchange(&mut client, &token, &token[..8]);
        assert_eq!(answer.status, 201);
        text(&answer.json(), "id")
    });
    node.advance(9 * 60);
    assert_eq!(reveal(&mut client, &ids[0]), with_code());
    node.advance(60);
    assert_eq!(
        reveal(&mut client, &ids[1]),
        without_code(),
        "ten minutes after the exchange, thirty after the token"
    );
}

#[test]
fn of_16_readers_at_once_one_gets_it() {
    let folder = home();
    let node = keeping(folder.path());
    for round in 0..5 {
        let id = instrument(&mut node.client(), &format!("cus-{round}"));
        let start = Barrier::new(16);
        let given: Vec<Value> = thread::scope(|scope| {
            let readers: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        let mut client = node.client();
                        start.wait();
                        reveal(&mut client, &id)
                    })
                })
                .collect();
            readers.into_iter().map(|reader| reader.join().unwrap()).collect()
        });
        assert_eq!(given.iter().filter(|given| **given == with_code()).count(), 1, "{given:?}");
        assert_eq!(given.iter().filter(|given| **given == without_code()).count(), 15);
    }
}

#[test]
fn it_outlives_a_crash_until_it_leaves_and_no_crash_brings_it_back() {
    let folder = home();
    let node = keeping(folder.path());
    let id = instrument(&mut node.client(), "cus");
    node.kill();
    let node = keeping(folder.path());
    assert_eq!(reveal(&mut node.client(), &id), with_code());
    node.kill();
    let node = keeping(folder.path());
    assert_eq!(reveal(&mut node.client(), &id), without_code());
    node.kill();
    let log = Log::of(folder.path());
    let facts = log.of_action("instrument.reveal");
    assert_eq!(facts.len(), 2);
    assert!(facts[0]["result"].is_u64() && facts[1].get("result").is_none(), "{facts:?}");
}

#[test]
fn the_first_payment_with_a_secure_token_has_it() {
    let folder = home();
    let node = keeping(folder.path());
    let mut shop = Shop::of(&node);
    let pay = |shop: &mut Shop, digits: &str| -> Value {
        let body = json!({"channel": "web", "processingTerminalId": TERMINAL,
            "paymentMethod": {"type": "secureToken", "token": digits},
            "order": {"orderId": "one", "amount": 4999, "currency": "USD"}});
        let answer = shop.keyed("POST", &format!("{API}/payments"), &fresh_key(), &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["card"]["securityChecks"]["cvvResult"].clone()
    };
    let make = |shop: &mut Shop, id: &str| -> String {
        let token = shop.token();
        let made = shop.secure(&json!({"secureTokenId": id, "source": flat(&token)}));
        assert!(!made.to_string().contains("234\""), "{made}");
        text(&made, "token")
    };
    let digits = make(&mut shop, "paid");
    assert_eq!(pay(&mut shop, &digits), "M", "the code went with the first payment");
    assert_eq!(pay(&mut shop, &digits), "U", "and with no other");
    assert_eq!(payroc::reveal(&node, &digits).json()["card"].get("cvv"), None);

    let digits = make(&mut shop, "revealed");
    assert_eq!(payroc::reveal(&node, &digits).json()["card"]["cvv"], "234");
    assert_eq!(payroc::reveal(&node, &digits).json()["card"].get("cvv"), None);
    assert_eq!(pay(&mut shop, &digits), "U");

    let digits = make(&mut shop, "updated");
    let token = shop.token();
    assert_eq!(shop.update_account("updated", &token).status, 200);
    assert_eq!(pay(&mut shop, &digits), "M", "the new token's");
    assert_eq!(pay(&mut shop, &digits), "U", "and not the old one's after it");

    // A payment that is refused before anything is sent leaves it.
    let digits = make(&mut shop, "refused");
    let body = json!({"processingTerminalId": TERMINAL, "paymentMethod": {"type": "secureToken", "token": digits},
        "order": {"orderId": "one", "amount": 4999, "currency": "USD"}});
    let refused = shop.keyed("POST", &format!("{API}/bank-transfer-payments"), &fresh_key(), &body);
    assert!(refused.status >= 400, "{}", refused.text());
    assert_eq!(pay(&mut shop, &digits), "M");
}

#[test]
fn nobody_keeps_one_unless_it_is_said() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let id = instrument(&mut client, "cus");
    assert_eq!(reveal(&mut client, &id), without_code());
    let mut shop = Shop::of(&node);
    let token = shop.token();
    let made = shop.secure(&json!({"secureTokenId": "t", "source": flat(&token)}));
    assert_eq!(payroc::reveal(&node, &text(&made, "token")).json()["card"].get("cvv"), None);
}

#[test]
fn a_tenant_of_a_configuration_keeps_them_and_its_neighbour_does_not() {
    let live = Live::new();
    let line = format!("organization = \"{ALPHA}\"\n");
    let config = live.config().replacen(&line, &format!("{line}keep_code = true\n"), 1);
    let node = live.try_start(&config).expect("the node starts");
    let mut client = node.client();
    for (secret, redeem, has_code) in [
        ("sk_live_alpha_0001", "Bearer ck_live_alpha_redeem_0001", true),
        ("sk_live_beta_0001", "Bearer ck_live_beta_redeem_0001", false),
    ] {
        let secret = ("REB-APIKEY", secret);
        let body = card().to_string();
        let token = text(&client.call("POST", "/rebilly/tokens", &[secret], body.as_bytes()).json(), "id");
        let body = json!({"token": token, "customerId": "cus"}).to_string();
        let made = client.call("POST", "/rebilly/payment-instruments", &[secret], body.as_bytes());
        let id = text(&made.json(), "id");
        let revealed = reveal_by(&mut client, &id, ("Authorization", redeem));
        assert_eq!(revealed, if has_code { with_code() } else { without_code() });
    }
    drop(node);
    let said = live.refusal(&(config + "[sad]\nenabled = false\n"));
    assert!(said.contains("keep_code") && said.contains("sad.enabled"), "{said}");
}
