//! What the links of a token are (section 3.1): opaque, unforgeable, stable, of one part each.

use serde_json::{Value, json};

use super::{
    calls::{Shop, TOKENS, V3, both, card, card_in, link, path_of, refused, with},
    place::{self, OTHER_USER, USER},
};
use crate::{
    live::Live,
    support::{Answer, Node, home},
};

const PARTS: [&str; 5] =
    ["description", "cardHolderName", "cardExpiryDate", "billingAddress", "schemeTransactionReference"];

/// An answer without what names the request.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !["x-request-id", "wp-correlationid", "date"].contains(&name.as_str()));
    (answer.status, headers, answer.text())
}

#[test]
fn a_part_has_no_other_method_than_its_own() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.create(&card());
    for part in PARTS {
        let href = link(&token, part);
        for answer in [shop.get(&href), shop.delete(&href)] {
            assert_eq!(refused(&answer), (405, "methodNotAllowed".to_owned()), "{part}");
            assert_eq!(answer.json()["message"], "Requested method is not allowed");
            assert_eq!((answer.header("allow"), answer.header("content-type")), (Some("PUT"), Some(V3)));
        }
    }
    // The token itself is no part: a published client sends `[]` there.
    let id = format!("{TOKENS}/{}", token["tokenId"].as_str().unwrap());
    for href in [link(&token, "token"), id] {
        for body in ["[]", "{\"description\":\"x\"}", "\"x\"", ""] {
            let answer = shop.send("PUT", &href, &both(V3), body.as_bytes());
            assert_eq!(refused(&answer), (400, "bodyDoesNotMatchSchema".to_owned()), "{body}");
        }
    }
    assert_eq!(shop.read(&link(&token, "token")), token);
}

/// Every text that is no link of this account's is answered the same.
#[test]
fn what_is_no_link_of_this_account_does_not_exist() {
    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let (mut shop, mut other) =
        (Shop::by(&node, USER.0, USER.1), Shop::by(&node, OTHER_USER.0, OTHER_USER.1));
    let (own, foreign) = (shop.create(&card()), other.create(&card()));
    let conflict = with(&card(), "/paymentInstrument/cardHolderName", json!("Other"));
    let waiting = link(&other.post(TOKENS, &conflict).json(), "conflicts");
    let segment = |token: &Value, name: &str| {
        let href = link(token, name);
        href.rsplit('/').next().expect("a segment").to_owned()
    };
    let whole = segment(&own, "token");
    let cut = whole[..whole.len() - 1].to_owned();
    let mut strange: Vec<String> = vec![
        "x".to_owned(),
        "eyJrIjoxLCJkIjoiYSJ9".to_owned(),
        "9902480679618049604".to_owned(),
        "012345678901234567890".to_owned(),
        cut,
        format!("{whole}A"),
        whole.to_lowercase(),
        foreign["tokenId"].as_str().unwrap().to_owned(),
        waiting.rsplit('/').next().unwrap().to_owned(),
    ];
    // Each place of a link, changed.
    for place in 1..whole.len() {
        let letter = if &whole[place..=place] == "A" { "B" } else { "A" };
        strange.push(format!("{}{letter}{}", &whole[..place], &whole[place + 1..]));
    }
    strange.push(segment(&foreign, "token"));
    strange.extend(PARTS.iter().map(|part| segment(&foreign, part)));
    let expected = seen(&shop.get(&format!("{TOKENS}/unknown")));
    assert_eq!(expected.0, 404);
    for text in &strange {
        let path = format!("{TOKENS}/{text}");
        assert_eq!(seen(&shop.get(&path)), expected, "GET {text}");
        assert_eq!(seen(&shop.delete(&path)), expected, "DELETE {text}");
        assert_eq!(seen(&shop.put(&path, &json!("x"))), expected, "PUT {text}");
    }
    assert_eq!(other.read(&link(&foreign, "token")), foreign, "untouched");
    assert_eq!(other.get(&waiting).status, 200);
    assert_eq!(shop.read(&link(&own, "token")), own);
}

#[test]
fn links_and_ids_are_the_same_after_a_restart() {
    let folder = home();
    let mut node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let (token, named) = (shop.create(&card()), shop.create(&card_in("5555555555554444", "restart")));
    let conflict = with(&card(), "/paymentInstrument/cardHolderName", json!("Other"));
    let waiting = shop.post(TOKENS, &conflict).json();
    assert!(node.stop());
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    // The sandbox listens elsewhere now: its links lead there, and their last parts are as they were.
    let moved = |token: &Value| -> Value {
        let text = token.to_string();
        let base = link(token, "token");
        let base = &base[..base.find("/worldpay").expect("a base")];
        serde_json::from_str(&text.replace(base, &format!("http://{}", node.clients))).unwrap()
    };
    for token in [&token, &named] {
        assert_eq!(shop.read(&link(token, "token")), moved(token));
        let id = token["tokenId"].as_str().unwrap();
        assert_eq!(shop.read(&format!("{TOKENS}/{id}")), moved(token));
    }
    assert_eq!(shop.read(&link(&waiting, "conflicts")), moved(&waiting));
    assert_eq!(shop.post(TOKENS, &card()).json(), moved(&token));
    let part = link(&named, "cardHolderName");
    assert_eq!(shop.put(&part, &json!("After")).status, 204);
    assert_eq!(shop.resolve(&link(&waiting, "conflicts")).status, 204);
}

/// The PHP client puts the id or the segment into the path, and adds the namespace.
#[test]
fn an_id_or_a_segment_in_the_path_names_the_token() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let (plain, named) = (shop.create(&card()), shop.create(&card_in("5555555555554444", "a@b.example")));
    let id = |token: &Value| format!("{TOKENS}/{}", token["tokenId"].as_str().unwrap());
    assert_eq!(shop.read(&id(&plain)), plain);
    assert_eq!(shop.read(&format!("{}/", id(&plain))), plain);
    assert_eq!(shop.read(&format!("{}?namespace=a%40b.example", id(&named))), named);
    assert_eq!(shop.read(&format!("{}?namespace=a%40b.example", path_of(&link(&named, "token")))), named);
    for (token, namespace) in [(&named, "other"), (&plain, "a%40b.example")] {
        for to in [id(token), path_of(&link(token, "token")).to_owned()] {
            let to = format!("{to}?namespace={namespace}");
            assert_eq!(shop.get(&to).status, 404);
            assert_eq!(refused(&shop.delete(&to)), (404, "resourceNotFound".to_owned()));
        }
        let part = format!("{}?namespace={namespace}", link(token, "cardHolderName"));
        assert_eq!(refused(&shop.put(&part, &json!("Another"))), (404, "resourceNotFound".to_owned()));
        assert_eq!(shop.read(&id(token)), *token, "as it was");
    }
    let part = format!("{}?namespace=a%40b.example", link(&named, "cardHolderName"));
    assert_eq!(shop.put(&part, &json!("Another")).status, 204);
    assert_eq!(shop.delete(&format!("{}?namespace=a%40b.example", id(&named))).status, 204);
    assert_eq!(shop.get(&id(&named)).status, 404);
}
