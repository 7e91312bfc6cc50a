//! `masked=false` (section 5.1): card numbers in the clear, for who may do nothing else, and in the audit log before
//! they leave.

use serde_json::json;

use super::calls::{CARD_ON_FILE, CLEAR, PAN, Shop, TOKENS, V3, both, card, link, plain, refused, with};
use crate::support::{Node, home, log::Log};

fn auditor(node: &Node) -> Shop {
    Shop::by(node, "sandbox-reveal", "sandbox-reveal")
}

#[test]
fn the_number_is_shown_and_nothing_else_changes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let token = Shop::of(&node).create(&card());
    let mut expected = with(&token, "/paymentInstrument/cardNumber", json!(PAN));
    expected["paymentInstrument"]["type"] = json!("card/front");
    let by_id = format!("{TOKENS}/{}", token["tokenId"].as_str().unwrap());
    for to in [link(&token, "token"), by_id] {
        for accept in [
            CLEAR,
            "application/vnd.worldpay.tokens-v3.hal+json;masked=\"false\"",
            "text/html, application/vnd.worldpay.tokens-v3.hal+json; q=1; masked=false",
        ] {
            let answer = auditor(&node).send("GET", &to, &[("Accept", accept)], b"");
            assert_eq!((answer.status, answer.header("content-type")), (200, Some(V3)), "{}", answer.text());
            assert_eq!(answer.json(), expected);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
}

#[test]
fn who_may_reveal_may_nothing_else_and_nobody_else_may() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut auditor) = (Shop::of(&node), auditor(&node));
    let token = shop.create(&card());
    let href = link(&token, "token");
    let conflict = with(&card(), "/paymentInstrument/cardHolderName", json!("Other"));
    let waiting = link(&shop.post(TOKENS, &conflict).json(), "conflicts");
    let denied = (403, "accessDenied".to_owned());
    for to in [href.as_str(), &waiting, TOKENS, &format!("{TOKENS}?namespace=x")] {
        let answer = shop.send("GET", to, &[("Accept", CLEAR)], b"");
        assert_eq!(refused(&answer), denied, "{to}");
        assert_eq!(refused(&auditor.get(to)), denied, "{to}");
    }
    for accept in ["*/*", "application/json", V3, "application/vnd.worldpay.tokens-v3.hal+json; masked=true"]
    {
        assert_eq!(refused(&auditor.send("GET", &href, &[("Accept", accept)], b"")), denied, "{accept}");
    }
    let clear = [("Content-Type", V3), ("Accept", CLEAR)];
    let body = card().to_string();
    assert_eq!(refused(&auditor.send("POST", TOKENS, &clear, body.as_bytes())), denied);
    assert_eq!(refused(&auditor.send("PUT", &link(&token, "description"), &clear, b"\"x\"")), denied);
    assert_eq!(refused(&auditor.send("DELETE", &href, &clear, b"")), denied);
    assert_eq!(refused(&auditor.send("GET", TOKENS, &clear, b"")), denied);
    assert_eq!(refused(&auditor.post(CARD_ON_FILE, &plain(PAN))), denied);
    // The parameter belongs to the API's own type: beside another it is nothing.
    let elsewhere = shop.send("GET", &href, &[("Accept", "application/json; masked=false")], b"");
    assert_eq!((elsewhere.status, elsewhere.json()), (200, token.clone()));
    assert_eq!(auditor.send("GET", &waiting, &[("Accept", CLEAR)], b"").status, 404);
    let part = link(&token, "description");
    assert_eq!(auditor.send("GET", &part, &[("Accept", CLEAR)], b"").status, 405);
    assert_eq!(shop.send("DELETE", &href, &both(V3), b"").status, 204);
    assert_eq!(auditor.send("GET", &href, &[("Accept", CLEAR)], b"").status, 404);
}

#[test]
fn it_is_in_the_audit_log_before_it_is_answered() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let token = Shop::of(&node).create(&card());
    let answer = auditor(&node).send("GET", &link(&token, "token"), &[("Accept", CLEAR)], b"");
    node.kill();
    assert_eq!(answer.json()["paymentInstrument"]["cardNumber"], PAN);
    let log = Log::of(folder.path());
    let (made, shown) = (log.of_action("reusable.create"), log.of_action("reusable.reveal"));
    let ([made], [shown]) = (made.as_slice(), shown.as_slice()) else { panic!("{:?}", log.facts) };
    let told = ["actor", "object", "outcome", "origin", "reason", "request"].map(|name| shown[name].clone());
    let request = answer.header("x-request-id").expect("an id");
    let object = made["object"].clone();
    assert_eq!(
        told,
        [
            json!("sandbox reveal user"),
            object,
            json!("done"),
            json!("127.0.0.1"),
            json!("detokenize"),
            json!(request)
        ]
    );
}
