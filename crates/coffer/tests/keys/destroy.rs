//! Retired keys end: when backups of their time are gone, or at once when the operator says so.

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
    on(home.path(), &["rotate", "--level", "data,fingerprint", "--wait"]).ends(0);
    let now = status(home.path());
    let retired = of(&now, "data, durable", "decrypt-only");
    assert_eq!(retired.len(), 4, "{now:#}");
    assert!(retired.iter().all(|key| key["unneeded"] == true), "{now:#}");
    let (changed, erased) = (&retired[0]["changedAt"], &retired[0]["erasedBy"]);
    let days = (erased.as_i64().unwrap() - changed.as_i64().unwrap()) / (DAY.cast_signed() * 1_000);
    assert_eq!(days, 65, "30 days of backups of the data, 35 of the keys'");
    // Nothing but what is due: these keys wait for backups.
    let done = on(home.path(), &["destroy", "--json"]).ends(0).json();
    assert_eq!(done["destroyed"].as_array().unwrap().len(), 0, "{done}");
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
    on(home.path(), &["rotate", "--level", "data", "--wait"]).ends(0);
    let mut command = keys(&["destroy", "--now"]);
    command.arg("--data").arg(home.path());
    let asked = typed(command, "no\n").ends(1);
    assert!(asked.err.contains("backups of the data from before 20"), "{}", asked.err);
    assert_eq!(of(&status(home.path()), "data, durable", "destroyed").len(), 0);
    let mut command = keys(&["destroy", "--now", "--json"]);
    command.arg("--data").arg(home.path());
    let done = typed(command, "yes\n").ends(0).json();
    assert_eq!(done["destroyed"].as_array().unwrap().len(), 4, "{done}");
    assert_eq!(of(&status(home.path()), "data, durable", "destroyed").len(), 4);
    assert!(node.stop());
    held.opens(&Node::sandbox(home.path()));
}
