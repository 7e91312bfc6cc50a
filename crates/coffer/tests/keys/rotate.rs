//! Every level of a running sandbox is rotated under load, again and again, over restarts.

use std::fs;

use serde_json::Value;

use crate::{
    command::{self, in_use, on, status, wait_until},
    load::Load,
    made::opens,
    support::{Node, home, log::Log},
    vault::Held,
};

const LEVELS: [&str; 5] = ["root", "kek", "data", "fingerprint", "locator"];

fn rotated(report: &Value) -> Vec<&str> {
    report["rotated"].as_array().unwrap().iter().map(|level| level["level"].as_str().unwrap()).collect()
}

#[test]
fn every_level_changes_under_load_and_no_request_fails() {
    let home = home();
    let mut node = Node::sandbox(home.path());
    let key = home.path().join("key");
    let (before, root) = (fs::read(&key).unwrap(), status(home.path())["root"].clone());
    let held = Held::new(&node, "before");
    let load = Load::on(&[&node]);
    // So that the fingerprints of the first rotation are not done with before the second.
    on(home.path(), &["pause"]).ends(0);
    let report = load.during("every level", || on(home.path(), &["rotate", "--json"])).ends(0).json();
    assert_eq!(rotated(&report), LEVELS, "{report}");
    load.goes_on();
    held.is_there(&node);
    let now = status(home.path());
    for purpose in ["kek", "data, durable", "data, short-lived", "fingerprint", "locator", "root"] {
        assert_eq!(in_use(&now, purpose), 2, "{purpose}: {now:#}");
    }
    assert_ne!(fs::read(&key).unwrap(), before, "the file has the next root");
    assert_ne!(now["root"], root);
    assert!(!home.path().join("key.next").exists());
    // Fingerprints wait for the records, and hold up nobody else.
    let report =
        load.during("all but fingerprints", || on(home.path(), &["rotate", "--json"])).ends(3).json();
    assert_eq!(rotated(&report), ["root", "kek", "data", "locator"], "{report}");
    assert_eq!(report["waiting"][0]["level"], "fingerprint", "{report}");
    on(home.path(), &["resume"]).ends(0);
    let between = Held::new(&node, "between");
    assert!(node.metrics().contains("coffer_key_rotation_due{level=\"data\"} 0"), "{}", node.metrics());
    load.during("data, and all records", || {
        on(home.path(), &["rotate", "--level", "data"]).ends(0);
        wait_until(home.path(), "renewed", |now| load.is_renewed(now))
    });
    load.goes_on();
    held.is_there(&node);
    between.is_there(&node);
    let now = wait_until(home.path(), "found by one fingerprint", |now| {
        in_use(now, "fingerprint") == 2 && command::of(now, "fingerprint", "active").len() == 4
    });
    assert_eq!(now["walk"]["stuck"], 0, "{now:#}");
    let walked = node.metrics();
    let walked = walked.lines().find(|line| line.starts_with("coffer_key_walk_records_total ")).unwrap();
    assert!(!walked.ends_with(" 0"), "{walked}");
    let made = load.ends(&[&node]);
    opens(&made, &[&node]);
    assert!(node.stop(), "{}", node.said());
    let said = node.said();
    let node = Node::sandbox(home.path());
    held.is_there(&node);
    on(home.path(), &["rotate"]).ends(0);
    between.opens(&node);
    held.opens(&node);
    // Neither the roots nor anything of the cards is in a log.
    for secret in [String::from_utf8(before).unwrap(), fs::read_to_string(&key).unwrap()] {
        assert!(!said.contains(secret.trim()) && !node.said().contains(secret.trim()));
    }
    node.kill();
    let log = Log::of(home.path());
    let orders = log.of_action("key.order");
    assert!(orders.iter().all(|fact| fact["actor"].as_str().unwrap().starts_with("uid ")), "{orders:?}");
    for asked in ["rotate", "root begin", "root finish"] {
        assert!(orders.iter().any(|fact| fact["reason"] == asked), "{asked}");
    }
}

#[test]
fn a_stopped_node_shows_its_keys_and_takes_no_order() {
    let home = home();
    let mut node = Node::sandbox(home.path());
    let running = status(home.path());
    assert!(node.stop());
    if !crate::support::store::is_postgres() {
        let stopped = status(home.path());
        assert_eq!(stopped["running"], false);
        assert_eq!(stopped["root"], running["root"]);
        assert_eq!(stopped["keys"].as_array().unwrap().len(), running["keys"].as_array().unwrap().len());
    }
    let refused = on(home.path(), &["rotate"]).ends(1);
    assert!(refused.err.contains("start it first"), "{}", refused.err);
}

#[test]
fn orders_have_no_door_but_the_socket() {
    let home = home();
    let node = Node::sandbox(home.path());
    for address in [node.clients, node.operator] {
        for (method, path) in
            [("GET", "/admin/keys"), ("POST", "/admin/keys/rotate"), ("POST", "/admin/keys/pause")]
        {
            let answer =
                crate::support::Client::new(address).call(method, path, &[], b"{\"levels\":[\"data\"]}");
            assert_eq!(answer.status, 404, "{address} {path}");
        }
    }
    assert_eq!(in_use(&status(home.path()), "data, durable"), 1);
}
