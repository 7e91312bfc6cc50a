//! A store that is put back from an earlier time: single-use tokens of then are void.

use std::{fs, path::Path};

use super::{
    assert_clean,
    commands::{Where, run, text},
};
use crate::support::{self, Node, card, create, exchange, files, home, redeem};

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    support::own_folder(to);
    for file in files(from) {
        fs::copy(&file, to.join(file.file_name().expect("a name"))).expect("a copy");
    }
}

/// Takes a copy of the store of a node that is stopped, uses a token, ends the node, and puts the copy back.
fn put_back(end: impl Fn(Node)) {
    let (folder, aside) = (home(), home());
    let (data, copied) = (folder.path().join("data"), aside.path().join("data"));
    let mut node = Node::sandbox(folder.path());
    let mut client = node.client();
    let [used, open] = [(); 2].map(|()| create(&mut client, &card()));
    let kept = create(&mut client, &card());
    let kept = exchange(&mut client, &kept, "customer-1");
    let kept = kept.json()["id"].as_str().expect("an id").to_owned();
    assert!(node.stop(), "it ends");
    copy(&data, &copied);

    // A normal restart keeps tokens.
    let node = Node::sandbox(folder.path());
    assert!(!node.said().contains("put back"), "{}", node.said());
    assert_eq!(redeem(&mut node.client(), &used).status, 200);
    end(node);
    let mut node = Node::sandbox(folder.path());
    assert!(!node.said().contains("put back"), "no false alarm: {}", node.said());
    let late = create(&mut node.client(), &card());
    assert_eq!(redeem(&mut node.client(), &late).status, 200);
    end(node);

    fs::remove_dir_all(&data).expect("the store goes");
    copy(&copied, &data);
    node = Node::sandbox(folder.path());
    node.wait_until_said(&["it was put back from a copy"]);
    let mut client = node.client();
    assert_eq!(redeem(&mut client, &used).status, 404, "what was used stays used");
    assert_eq!(redeem(&mut client, &open).status, 404, "what may have been used is void");
    let read = format!("/coffer/v1/instruments/{kept}/reveal");
    let revealed = client.call("POST", &read, &[crate::support::REDEEM], b"{\"reason\":\"test\"}");
    assert_eq!(revealed.status, 200, "what is durable is as it was");
    let fresh = create(&mut client, &card());
    assert!(node.stop(), "it ends");
    // It is told once, and what was made since counts.
    let node = Node::sandbox(folder.path());
    assert!(!node.said().contains("put back"), "{}", node.said());
    assert_eq!(redeem(&mut node.client(), &fresh).status, 200);
    assert_clean(&["--data", text(folder.path())]);
}

#[test]
fn a_copy_over_a_newer_store_revives_nothing_after_a_stop() {
    put_back(|mut node| assert!(node.stop(), "it ends"));
}

#[test]
fn a_copy_over_a_newer_store_revives_nothing_after_a_kill() {
    put_back(Node::kill);
}

fn said_by_the_operator(place: &Where) {
    let mut node = place.node();
    let token = create(&mut node.client(), &card());
    if place.store.is_none() {
        let said = run(&["restored", "--data", text(place.home.path())]);
        assert_eq!(said.code, Some(1), "not beside a node of a folder");
    }
    assert!(node.stop(), "it ends");
    let said = run(&[&["restored", "--json"], place.arguments().as_slice()].concat());
    assert_eq!((said.code, said.stdout.trim()), (Some(0), r#"{"restores":1}"#), "{}", said.stderr);
    let node = place.node();
    assert_eq!(redeem(&mut node.client(), &token).status, 404);
    let fresh = create(&mut node.client(), &card());
    assert_eq!(redeem(&mut node.client(), &fresh).status, 200);
    assert_clean(&place.arguments());
}

#[test]
fn an_operator_says_that_a_folder_was_put_back() {
    said_by_the_operator(&Where::folder());
}

#[test]
fn an_operator_says_that_a_database_was_put_back() {
    said_by_the_operator(&Where::database());
}

#[test]
fn nothing_is_said_in_a_store_that_is_not_there() {
    let folder = home();
    fs::write(folder.path().join("key"), "00".repeat(32)).expect("a key");
    let said = run(&["restored", "--data", text(folder.path())]);
    assert_eq!(said.code, Some(1));
    assert!(!folder.path().join("data").join("coffer.db").exists());
    let said = run(&["fsck", "--data", text(folder.path())]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
}
