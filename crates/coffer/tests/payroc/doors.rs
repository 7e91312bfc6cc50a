//! The native doors for what came in by this dialect: a single-use token is redeemed, a secure token revealed.

use serde_json::json;

use super::{
    calls::{PAN, Shop, ach, card, flat, millis, names, now, redeem, reveal, secure, text},
    place,
};
use crate::{
    live::Live,
    support::{ADMIN, Node, REDEEM, home},
};

#[test]
fn a_single_use_token_is_redeemed_once() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.token();
    let path = format!("/coffer/v1/tokens/{token}/redeem");
    let bearer = format!("Bearer {}", shop.bearer);
    for (headers, status) in [
        (vec![], 401),
        (vec![("Authorization", bearer.as_str())], 401),
        (vec![("x-api-key", "sandbox")], 401),
        (vec![("Authorization", "Bearer sandbox")], 401),
        (vec![("REB-APIKEY", "sk_sandbox_coffer")], 401),
        (vec![ADMIN], 403),
    ] {
        let answer = node.client().call("POST", &path, &headers, b"");
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.text());
        assert!(!answer.text().contains(PAN));
    }
    let before = now(&node);
    let answer = redeem(&node, &token);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(names(&body), ["card", "createdTime", "extra", "usedTime"]);
    assert_eq!(body["card"], json!({"pan": PAN, "expMonth": 12, "expYear": 2030, "cvv": "234"}));
    assert!(millis(&body["usedTime"]) >= before - 1_000);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let again = redeem(&node, &token);
    assert_eq!(again.status, 404);
    assert_eq!(redeem(&node, &"0".repeat(128)).text(), again.text(), "one answer for all");
    super::calls::assert_names(&shop.post("secure-tokens", &json!({"source": flat(&token)})), "source.token");
}

#[test]
fn a_secure_token_is_revealed_for_a_reason() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let made = shop.secure(&json!({"secureTokenId": "one", "source": card(), "mitAgreement": "recurring"}));
    let digits = text(&made, "token");
    let path = format!("/coffer/v1/referenced-tokens/{digits}/reveal");
    let reason = br#"{"reason":"a chargeback"}"#;
    for (headers, body, status) in [
        (vec![], &reason[..], 401),
        (vec![("Authorization", "Bearer sandbox")], reason, 401),
        (vec![ADMIN], reason, 403),
        (vec![REDEEM], b"", 400),
        (vec![REDEEM], b"{}", 422),
        (vec![REDEEM], br#"{"reason":""}"#, 422),
        (vec![REDEEM], br#"{"reason":"for 4539858876047062"}"#, 422),
    ] {
        let answer = node.client().call("POST", &path, &headers, body);
        assert!(answer.status == status || (status == 422 && answer.status == 400), "{}", answer.text());
        assert!(!answer.text().contains(PAN), "{}", answer.text());
    }
    for _ in 0..2 {
        let answer = node.client().call("POST", &path, &[REDEEM], reason);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        assert_eq!(body["card"], json!({"pan": PAN, "expMonth": 12, "expYear": 2030}));
        assert_eq!((&body["group"], &body["reference"]), (&json!("1234001"), &json!("one")));
        assert_eq!(body["own"]["mitAgreement"], "recurring");
        assert!(!answer.text().contains("cvv") && !answer.text().contains("234\""), "{}", answer.text());
    }
    for other in ["one", "2967530000000000000", "1", &format!("{digits}0"), &digits[..18]] {
        assert_eq!(reveal(&node, other).status, 404, "{other}");
    }
    let account = shop.secure(&secure("bank", &ach()));
    let answer = reveal(&node, &text(&account, "token")).json();
    assert_eq!(answer["account"], json!({"number": "32183159", "routingNumber": "123456789"}));
    assert_eq!(answer["extra"]["secCode"], "web", "{answer}");
}

#[test]
fn doors_are_for_one_merchant() {
    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let mut shop = Shop::by(&node, place::KEY, place::OPEN);
    let (token, made) = (shop.token(), shop.secure(&secure("one", &card())));
    let redeem = format!("/coffer/v1/tokens/{token}/redeem");
    let reveal = format!("/coffer/v1/referenced-tokens/{}/reveal", text(&made, "token"));
    for key in [place::OTHER_REDEEM_KEY, "ck_live_alpha_redeem_0001", "ck_live_beta_redeem_0001"] {
        let bearer = format!("Bearer {key}");
        for path in [&redeem, &reveal] {
            let headers = [("Authorization", bearer.as_str())];
            let answer = node.client().call("POST", path, &headers, br#"{"reason":"x"}"#);
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        }
    }
    let bearer = format!("Bearer {}", place::REDEEM_KEY);
    for path in [&redeem, &reveal] {
        let headers = [("Authorization", bearer.as_str())];
        let answer = node.client().call("POST", path, &headers, br#"{"reason":"x"}"#);
        assert_eq!((answer.status, &answer.json()["card"]["pan"]), (200, &json!(PAN)), "{path}");
    }
}
