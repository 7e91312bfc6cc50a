//! What callers of every dialect hold means the same after a move.

use std::fs;

use super::{
    commands::{Where, export, import, json_of, with_key_of},
    held::{PAYROC_PAN, WORLDPAY_PAN, look, make, make_another},
};
use crate::support::{Node, SECRET, card, create, exchange, files, home};

fn tokens_work_unchanged(first: &Where, second: &Where, third: &Where) {
    let out = home();
    let (one, two) = (out.path().join("one"), out.path().join("two"));
    let mut node = first.node();
    let held = make(&node);
    let open = create(&mut node.client(), &card());
    look(&node, &held);
    assert!(node.stop(), "it ends");
    assert_eq!(json_of(first.export(&one))["quiet"], true);

    with_key_of(first.home.path(), second.home.path());
    assert_eq!(json_of(second.import(&one))["equal"], true);
    let mut node = second.node();
    look(&node, &held);
    let gone = exchange(&mut node.client(), &open, "customer-2");
    assert_ne!(gone.status, 201, "what lives half an hour stayed behind");
    let fresh = make_another(&node);
    assert!(node.stop(), "it ends");

    assert_eq!(json_of(second.export(&two))["quiet"], true);
    with_key_of(first.home.path(), third.home.path());
    assert_eq!(json_of(third.import(&two))["equal"], true);
    let node = third.node();
    look(&node, &held);
    let path = format!("/rebilly/payment-instruments/{fresh}");
    assert_eq!(node.client().call("GET", &path, &[SECRET], b"").status, 200);
    drop(node);
    shows_nothing(&one);
    shows_nothing(&two);
}

#[test]
fn tokens_of_every_dialect_work_unchanged_after_a_move_and_back() {
    tokens_work_unchanged(&Where::folder(), &Where::folder(), &Where::folder());
}

#[test]
fn tokens_of_every_dialect_work_unchanged_after_a_move_into_a_database_and_back() {
    tokens_work_unchanged(&Where::folder(), &Where::database(), &Where::folder());
}

#[test]
fn tokens_of_every_dialect_work_unchanged_after_a_move_from_a_database_and_back() {
    tokens_work_unchanged(&Where::database(), &Where::folder(), &Where::database());
}

/// Nothing of a card, a name or an address is readable in an export.
fn shows_nothing(folder: &std::path::Path) {
    for file in files(folder) {
        let bytes = fs::read(&file).expect("a file");
        for marked in [
            "4111111111111111",
            WORLDPAY_PAN,
            PAYROC_PAN,
            "411111",
            "444433",
            "453985",
            "Qzxmarked",
            "Franklin",
        ] {
            let found = bytes.windows(marked.len()).any(|window| window == marked.as_bytes());
            assert!(!found, "{} shows {} characters of what was marked", file.display(), marked.len());
        }
    }
}

#[test]
fn an_export_beside_a_node_disturbs_nobody_and_says_what_it_is() {
    let (first, second, out) = (home(), home(), home());
    let mut node = Node::sandbox(first.path());
    let held = make(&node);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let manifest = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut made = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) || made < 3 {
                make_another(&node);
                made += 1;
            }
        });
        while make_another(&node).is_empty() {}
        let manifest = export(first.path(), &out.path().join("served"));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        load.join().expect("nobody is disturbed");
        manifest
    });
    assert!(node.stop(), "it ends");
    with_key_of(first.path(), second.path());
    let said = import(second.path(), &out.path().join("served"), &[]);
    if manifest["quiet"] == false {
        assert_eq!(said.code, Some(1));
        assert!(said.stderr.contains("--allow-unquiet"), "{}", said.stderr);
        let said = import(second.path(), &out.path().join("served"), &["--allow-unquiet"]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
    }
    look(&Node::sandbox(second.path()), &held);
}
