//! A kept code after its use and after 31 minutes: in no file, and opened by no copy of the files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

use std::{fs, path::Path};

use coffer_core::store::{TokenKind, TokenState};
use serde_json::{Value, json};
use support::{Client, Node, REDEEM, create, exchange, home, log, log::Log};
use tempfile::TempDir;

/// A code that is easy to find: as it is sealed, and as a request or an answer writes it.
const CODE: &str = "9173";
const MARKS: [&[u8]; 2] = [b"\x049173", b"\"9173\""];

fn keeping(home: &Path) -> Node {
    Node::on_a_free_port(|| Node::try_sandbox_with(home, &["--keep-code"]))
}

/// A home whose node was killed after an exchange, and the instrument.
fn killed_with_an_instrument() -> (TempDir, String) {
    let folder = home();
    let node = keeping(folder.path());
    let mut client = node.client();
    let mut card = support::card();
    card["paymentInstrument"]["pan"] = json!("378282246310005");
    card["paymentInstrument"]["cvv"] = json!(CODE);
    let token = create(&mut client, &card);
    let made = exchange(&mut client, &token, "cus");
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    node.kill();
    (folder, id)
}

fn revealed(client: &mut Client, id: &str) -> Option<Value> {
    let path = format!("/coffer/v1/instruments/{id}/reveal");
    let answer = client.call("POST", &path, &[REDEEM], br#"{"reason":"a test"}"#);
    assert_eq!(answer.json()["card"]["pan"], "378282246310005", "{}", answer.text());
    answer.json()["card"].get("cvv").cloned()
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

fn lies_in(home: &Path, wanted: &[u8]) -> bool {
    let files = support::files(home);
    files.iter().any(|file| support::bytes(file).windows(wanted.len()).any(|window| window == wanted))
}

/// The number of the code's row: of a copy whose code is given out, the log names it.
fn number_of(home: &Path, id: &str) -> u64 {
    let copy = copy_of(home);
    let node = keeping(copy.path());
    assert_eq!(revealed(&mut node.client(), id), Some(json!(CODE)), "the control");
    node.kill();
    Log::of(copy.path()).of_action("instrument.reveal")[0]["result"].as_u64().expect("a number")
}

#[test]
fn after_its_use_it_is_in_no_file_and_no_answer() {
    let (folder, id) = killed_with_an_instrument();
    let home = folder.path();
    let number = number_of(home, &id);
    let row = log::token_row(home, number).expect("the code's row");
    let TokenState::Live { protected, sad: Some(sad) } = &row.state else { panic!("{row:?}") };
    assert_eq!((row.kind, row.face), (TokenKind::KeptCode, None));
    assert!(
        lies_in(home, sad.as_bytes()) && lies_in(home, protected.as_bytes()),
        "the search finds what is there"
    );

    let mut node = keeping(home);
    let mut client = node.client();
    assert_eq!(revealed(&mut client, &id), Some(json!(CODE)));
    assert_eq!(revealed(&mut client, &id), None);
    assert!(node.stop());
    assert_eq!(log::token_row(home, number), None, "the row is gone");
    assert!(!lies_in(home, sad.as_bytes()), "the sealed code is still in a file of a node that has ended");
    for mark in MARKS {
        assert!(!lies_in(home, mark), "{mark:?} lies in the clear");
    }
    assert!(!node.said().contains(CODE), "{}", node.said());
    assert_eq!(revealed(&mut keeping(home).client(), &id), None);
}

#[test]
fn a_use_is_durable_before_the_code_leaves() {
    let (folder, id) = killed_with_an_instrument();
    let node = keeping(folder.path());
    assert_eq!(revealed(&mut node.client(), &id), Some(json!(CODE)));
    node.kill();
    // Whatever a copy of all files of this moment is worth to whoever has the root key, the vault gives no code of it.
    let copy = copy_of(folder.path());
    for home in [folder.path(), copy.path()] {
        assert_eq!(revealed(&mut keeping(home).client(), &id), None);
    }
}

#[test]
fn after_31_minutes_it_opens_nowhere() {
    let (folder, id) = killed_with_an_instrument();
    let home = folder.path();
    let (before, number) = (copy_of(home), number_of(home, &id));
    let mut node = keeping(home);
    node.advance(31 * 60);
    assert_eq!(revealed(&mut node.client(), &id), None);
    // The sweep takes the sealed code out of the row within a moment.
    node.wait_until_said(&["serving"]);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        assert!(node.stop());
        let row = log::token_row(home, number).expect("a row");
        if row.state == TokenState::Expired {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "not blanked: {row:?}");
        node = keeping(home);
    }
    let ring = fs::read(home.join("ring")).unwrap();
    assert!(ring[512..].iter().all(|byte| *byte == 0), "no key is left in the ring");

    // Whoever kept the data of then, and has the root key and the ring of now, has a card and no code.
    let thief = copy_of(before.path());
    fs::copy(home.join("ring"), thief.path().join("ring")).unwrap();
    assert_eq!(revealed(&mut keeping(thief.path()).client(), &id), None);
    for mark in MARKS {
        assert!(!lies_in(home, mark) && !lies_in(before.path(), mark), "{mark:?} lies in the clear");
    }
}
