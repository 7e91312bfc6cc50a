//! What is over is gone from the store: a deleted token's card, and a session's card and code once it was used or its
//! time is over.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use coffer_core::store::TokenState;
use serde_json::json;

use super::calls::{
    CARD_ON_FILE, CARD_SESSIONS, CVC_SESSIONS, IDENTITY, PAN, SESSIONS, Shop, TOKENS, both, card, checkout,
    link, session, with,
};
use crate::support::{Node, home, log, log::Log, store::holds};

/// The account's tenant.
const ACCOUNT: u32 = 2;

/// The records that acts of this name made, in their order.
fn numbers(home: &Path, action: &str) -> Vec<u64> {
    Log::of(home).of_action(action).iter().map(|fact| fact["object"].as_u64().expect("a number")).collect()
}

/// What is sealed of a session: its card and its code.
fn sealed(home: &Path, number: u64) -> Vec<Vec<u8>> {
    let row = log::token_row_of(home, ACCOUNT, number).expect("a live row");
    let TokenState::Live { protected, sad: Some(sad) } = row.state else { panic!("no code in {number}") };
    vec![protected.as_bytes().to_vec(), sad.as_bytes().to_vec()]
}

#[test]
fn what_was_deleted_used_or_not_used_in_time_is_nowhere_in_the_store() {
    let folder = home();
    let home = folder.path();
    let node = Node::sandbox(home);
    let mut shop = Shop::of(&node);
    let (deleted, kept) = (shop.create(&card()), shop.create(&with(&card(), "/namespace", json!("kept"))));
    let leave = |path: &str, body: &serde_json::Value| {
        let left = node.client().call("POST", path, &both(SESSIONS), body.to_string().as_bytes());
        assert_eq!(left.status, 201, "{}", left.text());
        left.header("location").expect("a location").to_owned()
    };
    let used = leave(CARD_SESSIONS, &session(PAN));
    leave(CARD_SESSIONS, &session(PAN));
    leave(CVC_SESSIONS, &json!({"cvc": "123", "identity": IDENTITY}));
    node.kill();

    let tokens = numbers(home, "reusable.create");
    let row = log::reusable_row(home, ACCOUNT, tokens[0]).expect("a row");
    let mut gone = vec![row.protected.as_bytes().to_vec(), row.details.as_bytes().to_vec()];
    gone.extend(numbers(home, "session.create").into_iter().flat_map(|number| sealed(home, number)));
    assert_eq!(gone.len(), 2 + 3 * 2);
    for blob in &gone {
        assert!(holds(home, blob), "the search finds what is there");
    }

    let node = Node::sandbox(home);
    let mut shop = Shop::of(&node);
    let body = with(&checkout(&used), "/namespace", json!("of-a-session"));
    let made = shop.post(CARD_ON_FILE, &body);
    assert_eq!(made.status, 201, "{}", made.text());
    let path = |token: &serde_json::Value| super::calls::path_of(&link(token, "token")).to_owned();
    assert_eq!(shop.delete(&path(&deleted)).status, 204);
    // What another process left is taken after half an hour.
    node.advance(1_801);
    assert_eq!(shop.get(&path(&kept)).status, 200);
    assert_eq!(shop.get(&format!("{TOKENS}?namespace=kept")).status, 200);
    // What is over opens nowhere at once; it leaves the store with the sweep a moment later, in this process or the
    // next.
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut node = Some(node);
    loop {
        let mut running = node.take().unwrap_or_else(|| Node::sandbox(home));
        assert!(running.stop());
        let left: Vec<usize> = (0..gone.len()).filter(|at| holds(home, &gone[*at])).collect();
        if left.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "what is over is still in the store: {left:?}");
        let next = Node::sandbox(home);
        thread::sleep(Duration::from_millis(500));
        node = Some(next);
    }
    assert!(log::reusable_row(home, ACCOUNT, tokens[0]).is_none());
    assert!(log::reusable_row(home, ACCOUNT, tokens[1]).is_some());
}
