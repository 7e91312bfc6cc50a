//! What is over of the Payroc dialect is gone from the files and opens nowhere: what a token protected after its use,
//! what was replaced or deleted, a form after it was finished, and whatever is sensitive authentication data after 31
//! minutes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[allow(dead_code, reason = "the words of the dialect's own tests, of which these need a part")]
#[path = "payroc/calls.rs"]
mod calls;

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use calls::{
    API, KEY, PAN, Shop, TERMINAL, ach, assert_names, bearer, card, flat, fresh_key, pad, redeem, secure,
    text, with,
};
use coffer_core::store::TokenState;
use serde_json::{Value, json};
use support::{Answer, Node, log, log::Log};
use tempfile::TempDir;

/// The merchant's tenant.
const MERCHANT: u32 = 3;
const DAY: u64 = 86_400;
const HALF_HOUR: u64 = 1_800;

/// What a reader sent of the example's card: encrypted, and a stripe in the clear.
fn readers() -> [Value; 2] {
    let device = json!({"model": "paxA920", "serialNumber": "1850010868"});
    let encrypting = with(&device, "/dataKsn", json!("FFFF9876543210E00001"));
    let details = [
        json!({"entryMethod": "icc", "device": encrypting, "iccData": "5F2A0208409F0206000000004999C0FFEE"}),
        json!({"entryMethod": "swiped", "swipedData": {"dataFormat": "plainText", "device": device,
            "trackData": ";4539858876047062=30121010000000001?"}}),
    ];
    details.map(|details| json!({"type": "card", "cardDetails": details}))
}

fn payment(token: &str) -> Value {
    json!({"channel": "web", "processingTerminalId": TERMINAL, "paymentMethod": flat(token),
        "order": {"orderId": "one", "amount": 4999, "currency": "USD"}})
}

fn pay(shop: &mut Shop, token: &str) -> Answer {
    shop.keyed("POST", &format!("{API}/payments"), &fresh_key(), &payment(token))
}

fn lies_in(home: &Path, wanted: &[u8]) -> bool {
    assert!(wanted.len() >= 16, "a few bytes may lie anywhere by chance");
    let files = support::files(home);
    files.iter().any(|file| support::bytes(file).windows(wanted.len()).any(|window| window == wanted))
}

/// The records that acts of this name made, in their order.
fn numbers(home: &Path, action: &str) -> Vec<u64> {
    Log::of(home).of_action(action).iter().map(|fact| fact["object"].as_u64().expect("a number")).collect()
}

/// What is sealed of a live token or session.
fn sealed(home: &Path, number: u64) -> Vec<Vec<u8>> {
    let row = log::token_row_of(home, MERCHANT, number).expect("a live row");
    let TokenState::Live { protected, sad } = row.state else { panic!("{number} is over") };
    [Some(protected), sad].into_iter().flatten().map(|blob| blob.as_bytes().to_vec()).collect()
}

/// What is sealed of a secure token.
fn sealed_secure(home: &Path, number: u64) -> Vec<Vec<u8>> {
    let row = log::reusable_row(home, MERCHANT, number).expect("a row");
    vec![row.protected.as_bytes().to_vec(), row.details.as_bytes().to_vec()]
}

#[track_caller]
fn assert_there(home: &Path, blobs: &[Vec<u8>]) {
    for blob in blobs {
        assert!(lies_in(home, blob), "the search finds what is there");
    }
}

/// A byte copy of a home whose node has ended.
fn copy_of(home: &Path) -> TempDir {
    let copy = support::home();
    for file in support::files(home) {
        let place = copy.path().join(file.strip_prefix(home).unwrap());
        support::own_folder(place.parent().unwrap());
        if file.extension().is_none_or(|extension| extension != "sock") {
            fs::copy(&file, &place).unwrap();
        }
    }
    copy
}

#[test]
fn a_use_takes_everything_out_of_the_row() {
    let folder = support::home();
    let home = folder.path();
    let node = Node::sandbox(home);
    let mut shop = Shop::of(&node);
    shop.secure(&secure("updated", &ach()));
    let mut tokens = vec![shop.token(), shop.token(), shop.token(), shop.token()];
    for source in readers() {
        tokens.push(text(&shop.single_use(&source), "token"));
    }
    tokens.push(text(&shop.single_use(&pad()), "token"));
    node.kill();

    let made = numbers(home, "token.create");
    assert_eq!(made.len(), tokens.len());
    let blobs: Vec<Vec<u8>> = made.iter().flat_map(|number| sealed(home, *number)).collect();
    assert_eq!(blobs.len(), 7 + 6, "all but the account have something sensitive");
    assert_there(home, &blobs);

    let mut node = Node::sandbox(home);
    let mut shop = Shop::of(&node);
    let kept = |token: &String| json!({"source": flat(token)});
    assert_eq!(shop.post("secure-tokens", &kept(&tokens[0])).status, 201);
    assert_eq!(shop.update_account("updated", &tokens[1]).status, 200);
    assert_eq!(redeem(&node, &tokens[3]).json()["card"]["cvv"], "234");
    for at in [2, 4, 5] {
        let paid = pay(&mut shop, &tokens[at]);
        assert_eq!(paid.status, 201, "{}", paid.text());
    }
    assert_eq!(shop.post("secure-tokens", &kept(&tokens[6])).status, 201);
    for token in &tokens {
        assert_eq!(redeem(&node, token).status, 404);
    }
    assert!(node.stop());
    for (at, blob) in blobs.iter().enumerate() {
        assert!(!lies_in(home, blob), "{at}: what was used is still in the files of a node that has ended");
    }
    for number in made {
        let row = log::token_row_of(home, MERCHANT, number).expect("a masked row");
        assert!(matches!(row.state, TokenState::Used { .. }), "{row:?}");
    }
}

#[test]
fn what_was_replaced_or_deleted_is_in_no_file() {
    let folder = support::home();
    let home = folder.path();
    let node = Node::sandbox(home);
    let mut shop = Shop::of(&node);
    for id in ["replaced", "patched", "deleted", "kept"] {
        let body =
            with(&secure(id, &card()), "/customer", json!({"firstName": "Sarah", "lastName": "Hopper"}));
        shop.secure(&body);
    }
    node.kill();
    let made = numbers(home, "reusable.create");
    let before: Vec<Vec<Vec<u8>>> = made.iter().map(|number| sealed_secure(home, *number)).collect();
    for blobs in &before {
        assert_there(home, blobs);
    }

    let mut node = Node::sandbox(home);
    let mut shop = Shop::of(&node);
    let token = text(&shop.single_use(&ach()), "token");
    assert_eq!(shop.update_account("replaced", &token).status, 200);
    let patch = json!([{"op": "replace", "path": "/customer/firstName", "value": "Ada"}]);
    assert_eq!(shop.patch("patched", &patch).status, 200);
    assert_eq!(shop.delete("deleted").status, 204);
    assert!(node.stop());
    for (at, id) in ["replaced", "patched", "deleted"].into_iter().enumerate() {
        for (part, blob) in before[at].iter().enumerate() {
            assert!(!lies_in(home, blob), "{id}: part {part} is still in the files");
        }
    }
    assert_there(home, &before[3]);
    assert_eq!(sealed_secure(home, made[3]), before[3]);
    let row = log::reusable_row(home, MERCHANT, made[2]);
    assert!(row.is_none(), "a deleted token has no row: {row:?}");
}

#[test]
fn a_form_is_gone_when_it_is_finished_and_when_it_is_not() {
    let folder = support::home();
    let home = folder.path();
    let node = Node::sandbox(home);
    let mut shop = Shop::of(&node);
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let body = json!({"libVersion": "1.7.0.261457", "scenario": "payment"});
        let opened = shop.post("hosted-fields-sessions", &body);
        assert_eq!(opened.status, 201, "{}", opened.text());
        let session = format!("{API}/hosted-fields-sessions/{}", text(&opened.json(), "token"));
        for (name, value) in
            [("cardNumber", PAN), ("cvv", "234"), ("expiryDate", "1230"), ("cardholderName", "Sarah Hopper")]
        {
            let body = json!({name: value, "type": name});
            let filled = shop.keyed("POST", &format!("{session}/fields"), &fresh_key(), &body);
            assert_eq!(filled.status, 200, "{}", filled.text());
        }
        sessions.push(session);
    }
    node.kill();
    let opened = numbers(home, "session.create");
    let blobs: Vec<Vec<u8>> = opened.iter().flat_map(|number| sealed(home, *number)).collect();
    assert_eq!(blobs.len(), 4);
    assert_there(home, &blobs);

    let mut node = Node::sandbox(home);
    let mut shop = Shop::of(&node);
    let finished =
        shop.keyed("POST", &format!("{}/single-use-tokens", sessions[0]), &fresh_key(), &Value::Null);
    assert_eq!(finished.status, 201, "{}", finished.text());
    let token = text(&finished.json(), "token");
    assert!(node.stop());
    assert!(!blobs[..2].iter().any(|blob| lies_in(home, blob)), "what the form held is in its token alone");
    assert_there(home, &blobs[2..]);

    let node = Node::sandbox(home);
    assert_eq!(redeem(&node, &token).json()["card"]["cvv"], "234");
    node.advance(HALF_HOUR + 1);
    gone_at_last(home, node, &blobs);
}

/// What is over opens nowhere at once; it leaves the files with the sweep a moment later, in this process or the next.
fn gone_at_last(home: &Path, node: Node, blobs: &[Vec<u8>]) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut node = node;
    loop {
        assert!(node.stop());
        let left: Vec<usize> = (0..blobs.len()).filter(|at| lies_in(home, &blobs[*at])).collect();
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "what is over is still in the files: {left:?}");
        node = Node::sandbox(home);
        thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn tokens_that_nobody_used_go_after_a_day() {
    let folder = support::home();
    let home = folder.path();
    let node = Node::sandbox(home);
    let mut shop = Shop::of(&node);
    let tokens: Vec<String> = [card(), ach(), readers()[0].clone()]
        .iter()
        .map(|source| text(&shop.single_use(source), "token"))
        .collect();
    node.kill();
    let blobs: Vec<Vec<u8>> =
        numbers(home, "token.create").iter().flat_map(|number| sealed(home, *number)).collect();
    assert_there(home, &blobs);
    let node = Node::sandbox(home);
    node.advance(HALF_HOUR);
    let mut shop = Shop::of(&node);
    for token in &tokens {
        assert_names(&shop.post("secure-tokens", &json!({"source": flat(token)})), "source.token");
    }
    assert_names(&pay(&mut shop, &tokens[0]), "paymentMethod.token");
    node.advance(DAY);
    gone_at_last(home, node, &blobs);
    for number in numbers(home, "token.create") {
        assert!(log::token_row_of(home, MERCHANT, number).is_none());
    }
}

#[test]
fn what_is_sensitive_opens_nowhere_after_31_minutes() {
    let folder = support::home();
    let home = folder.path();
    let node = Node::sandbox(home);
    let mut shop = Shop::of(&node);
    let of_card = shop.token();
    let of_readers = readers().map(|source| text(&shop.single_use(&source), "token"));
    node.kill();
    let before = copy_of(home);

    // The control: as long as the key lies in the ring, copies of ring and data give everything.
    let control = copy_of(before.path());
    let node = Node::sandbox(control.path());
    let mut shop = Shop::of(&node);
    assert_eq!(redeem(&node, &of_card).json()["card"]["cvv"], "234");
    for token in &of_readers {
        let paid = pay(&mut shop, token);
        assert_eq!(paid.status, 201, "{}", paid.text());
    }
    drop(node);

    let node = Node::sandbox(home);
    node.advance(31 * 60);
    let mut shop = Shop::of(&node);
    shop.token();
    node.kill();

    // Whoever kept the data of then, and has the root key and the ring of now, has a card number and nothing else.
    let thief = copy_of(before.path());
    fs::copy(home.join("ring"), thief.path().join("ring")).unwrap();
    let node = Node::sandbox(thief.path());
    let mut shop = Shop::of(&node);
    assert_eq!(bearer(&node, KEY).len(), shop.bearer.len());
    let answer = redeem(&node, &of_card);
    assert_eq!(answer.status, 200, "to the data of then, the token is young: {}", answer.text());
    let clear = answer.json();
    assert_eq!((&clear["card"]["pan"], clear["card"].get("cvv")), (&json!(PAN), None), "{clear}");
    // Of what a reader encrypted nothing is left; the number on a stripe is a card number.
    assert_names(&pay(&mut shop, &of_readers[0]), "paymentMethod.token");
    let answer = redeem(&node, &of_readers[1]);
    assert_eq!(answer.json()["card"]["pan"], PAN);
    let said = answer.text();
    assert!(!said.contains("3012101") && !said.contains("trackData"), "{said}");
}
