//! Retired keys end: when backups of their time are gone, or at once when the operator says so.

use serde_json::Value;

use crate::{
    command::{keys, of, on, status, typed, wait_until},
    support::{Node, home},
    vault::Held,
};

const DAY: u64 = 86_400;

#[test]
fn a_retired_key_is_destroyed_when_no_backup_needs_it_any_more() {
    let home = home();
    let node = Node::sandbox(home.path());
    let held = Held::new(&node, "kept");
    let told = on(home.path(), &["rotate", "--level", "data,fingerprint", "--wait"]).ends(0).out;
    assert!(
        told.contains("data, durable, version 1, 4 keys: backups of the data need it until 20"),
        "{told}"
    );
    let now = status(home.path());
    let retired = of(&now, "data, durable", "decrypt-only");
    assert_eq!(retired.len(), 4, "{now:#}");
    assert!(retired.iter().all(|key| key["unneeded"] == true), "{now:#}");
    let (changed, erased) = (&retired[0]["changedAt"], &retired[0]["erasedBy"]);
    let days = (erased.as_i64().unwrap() - changed.as_i64().unwrap()) / (DAY.cast_signed() * 1_000);
    assert_eq!(days, 65, "30 days of backups of the data, 35 of the keys'");
    // Nothing but what is due: these keys wait for backups.
    let done = on(home.path(), &["destroy", "--json"]).ends(3).json();
    assert_eq!(done["destroyed"].as_array().unwrap().len(), 0, "{done}");
    let why = |key: &Value| (key["purpose"].as_str().unwrap().to_owned(), key["waits"]["reason"].clone());
    let mut left: Vec<_> = done["left"].as_array().unwrap().iter().map(why).collect();
    left.dedup();
    left.sort_by_key(|(purpose, _)| purpose.clone());
    left.dedup();
    let expected =
        [("data, durable", "backups"), ("data, short-lived", "tokens"), ("fingerprint", "backups")];
    assert_eq!(left, expected.map(|(purpose, reason)| (purpose.to_owned(), reason.into())));
    let until = done["left"][0]["waits"]["until"].as_i64().unwrap();
    assert!(until > status(home.path())["now"].as_i64().unwrap(), "{done}");
    let told = on(home.path(), &["destroy"]).ends(3).out;
    let line = "fingerprint, version 1, 4 keys: backups of the data need it until 20";
    assert!(told.starts_with("0 keys destroyed, 12 retired keys left\n") && told.contains(line), "{told}");
    node.advance(31 * DAY);
    let now = wait_until(home.path(), "destroyed", |now| of(now, "data, durable", "destroyed").len() == 4);
    assert_eq!(of(&now, "fingerprint", "destroyed").len(), 4, "{now:#}");
    let table = on(home.path(), &["status"]).ends(0).out;
    let line =
        table.lines().find(|line| line.contains("data, durable") && line.contains("destroyed")).unwrap();
    let date = line.split_whitespace().last().unwrap();
    assert!(date.len() == 10 && date.starts_with("20"), "{table}");
    let all = on(home.path(), &["status", "--all"]).ends(0).out;
    assert!(all.lines().count() > table.lines().count() && all.contains(" t4 "), "{all}");
    // Single-use tokens are over after 31 days; the rest is there.
    let reusable = Held::new(&node, "later");
    reusable.opens(&node);
    drop(held);
}

#[test]
fn an_operator_who_does_not_wait_says_so() {
    let home = home();
    let mut node = Node::sandbox(home.path());
    let held = Held::new(&node, "now");
    let told = on(home.path(), &["rotate", "--level", "data", "--wait", "--json"]).ends(0).json();
    assert_eq!(told["left"].as_array().unwrap().len(), 8, "{told}");
    assert_eq!(told["rotated"][0]["level"], "data", "{told}");
    let mut command = keys(&["destroy", "--now"]);
    command.arg("--data").arg(home.path());
    let asked = typed(command, "no\n").ends(1);
    assert!(asked.err.contains("backups of the data from before 20"), "{}", asked.err);
    assert!(asked.err.contains("give --yes"), "{}", asked.err);
    let mut command = keys(&["destroy", "--now", "--json"]);
    command.arg("--data").arg(home.path());
    let unasked = typed(command, "yes\n").ends(2);
    assert!(unasked.json()["error"].as_str().unwrap().contains("--yes"), "{}", unasked.out);
    assert!(!unasked.err.contains("Type yes"), "nobody is asked: {}", unasked.err);
    assert_eq!(of(&status(home.path()), "data, durable", "destroyed").len(), 0);
    // Keys of single-use tokens stay for a day.
    let done = on(home.path(), &["destroy", "--now", "--yes", "--json"]).ends(3).json();
    assert_eq!(done["left"].as_array().unwrap().len(), 4, "{done}");
    assert_eq!(done["destroyed"].as_array().unwrap().len(), 4, "{done}");
    assert_eq!(of(&status(home.path()), "data, durable", "destroyed").len(), 4);
    assert!(node.stop());
    held.opens(&Node::sandbox(home.path()));
}

/// The renewal retires fingerprint keys while the command waits for it.
#[test]
fn what_was_destroyed_is_counted_whenever_it_was_retired() {
    let home = home();
    let node = Node::sandbox(home.path());
    let held = Held::new(&node, "counted");
    on(home.path(), &["rotate", "--level", "data,fingerprint"]).ends(0);
    assert_eq!(of(&status(home.path()), "fingerprint", "decrypt-only").len(), 0, "not yet");
    let done = on(home.path(), &["destroy", "--now", "--yes", "--json"]).ends(3).json();
    let now = status(home.path());
    let gone = of(&now, "data, durable", "destroyed").len() + of(&now, "fingerprint", "destroyed").len();
    assert_eq!(done["destroyed"].as_array().unwrap().len(), gone, "{done}");
    assert_eq!(gone, 8, "{now:#}");
    // Nothing more of what this destroys: what was destroyed before does not count again.
    let again = on(home.path(), &["destroy", "--now", "--yes"]).ends(3).out;
    assert!(again.starts_with("0 keys destroyed, 4 retired keys left\n"), "{again}");
    held.is_there(&node);
}

#[test]
fn nothing_left_is_a_success() {
    let home = home();
    let _node = Node::sandbox(home.path());
    let none = on(home.path(), &["destroy"]).ends(0).out;
    assert_eq!(none, "0 keys destroyed, 0 retired keys left\n");
}
