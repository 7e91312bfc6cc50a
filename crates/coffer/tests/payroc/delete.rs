//! Secure tokens are read and deleted (sections 6.1 and 6.7): for ever, also their names.

use super::calls::{
    FOREIGN, SECOND, Shop, TERMINAL, assert_refused, card, flat, names, reveal, secure, text,
};
use crate::support::{Node, home};

#[test]
fn what_was_deleted_is_gone() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let kept = shop.secure(&secure("kept", &card()));
    let digits = text(&shop.secure(&secure("one", &card())), "token");
    assert_eq!(reveal(&node, &digits).status, 200);
    let answer = shop.delete("one");
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    let token = shop.token();
    for _ in 0..2 {
        let path = shop.secure_path("one");
        for answer in [
            shop.get(&path),
            shop.delete("one"),
            shop.patch("one", &serde_json::json!([])),
            shop.update_account("one", &token),
        ] {
            assert_refused(&answer, 404, "not-found");
            let body = answer.json();
            assert_eq!(names(&body), ["detail", "resource", "status", "title", "type"]);
            assert_eq!(body["resource"], "secureToken");
        }
    }
    assert_eq!(reveal(&node, &digits).status, 404);
    let list = shop.path(&format!("secure-tokens?token={digits}"));
    assert_eq!(shop.get(&list).json()["count"], 0);
    let list = shop.path("secure-tokens");
    assert_eq!(shop.get(&list).json()["data"], serde_json::json!([kept]));
    // Nothing was used up, and nothing comes back with the process.
    node.kill();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let path = shop.secure_path("one");
    assert_refused(&shop.get(&path), 404, "not-found");
    assert_eq!(reveal(&node, &digits).status, 404);
    assert_refused(&shop.post("secure-tokens", &secure("one", &card())), 409, "resource-already-exists");
    assert_eq!(shop.post("secure-tokens", &secure("new", &flat(&token))).status, 201);
}

#[test]
fn a_delete_needs_no_body_no_type_and_no_key() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (id, headers) in [
        ("plain", vec![]),
        ("typed", vec![("Content-Type", "application/json")]),
        ("keyed", vec![("Idempotency-Key", "8e03978e-40d5-43e8-bc93-6894a57f9324")]),
        ("keyed again", vec![("Idempotency-Key", "8e03978e-40d5-43e8-bc93-6894a57f9324")]),
        ("accepting", vec![("Accept", "*/*")]),
    ] {
        shop.secure(&secure(id, &card()));
        let path = shop.secure_path(id);
        assert_eq!(shop.send("DELETE", &path, &headers, b"").status, 204, "{id}");
        assert_refused(&shop.get(&path), 404, "not-found");
    }
}

#[test]
fn a_token_is_there_at_its_own_terminal_only() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut other) = (Shop::of(&node), Shop::other(&node));
    let made = shop.secure(&secure("one", &card()));
    for terminal in [SECOND, FOREIGN] {
        terminal.clone_into(&mut shop.terminal);
        let path = shop.secure_path("one");
        let expected = if terminal == FOREIGN { (403, "forbidden") } else { (404, "not-found") };
        assert_refused(&shop.get(&path), expected.0, expected.1);
        assert_refused(&shop.delete("one"), expected.0, expected.1);
    }
    let path = other.secure_path("one");
    assert_refused(&other.get(&path), 404, "not-found");
    assert_refused(&other.delete("one"), 404, "not-found");
    TERMINAL.clone_into(&mut shop.terminal);
    assert_eq!(shop.read("one"), made);
    // Its digits are no id, and ids are to the letter.
    for id in [text(&made, "token").as_str(), "ONE", "one ", "one%00"] {
        let path = shop.secure_path(id);
        assert_refused(&shop.get(&path), 404, "not-found");
    }
    for raw in ["%", "%zz", "%ff", "%2e%2e"] {
        let path = shop.path(&format!("secure-tokens/{raw}"));
        assert_refused(&shop.get(&path), 404, "not-found");
    }
}
