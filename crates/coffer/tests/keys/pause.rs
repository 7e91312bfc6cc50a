//! The renewal of records is stopped and goes on, over a restart.

use std::{thread, time::Duration};

use crate::{
    command::{on, status, wait_until},
    support::{Node, home, log::Log},
    vault::Held,
};

#[test]
fn a_pause_outlives_a_restart() {
    let home = home();
    let mut node = Node::sandbox(home.path());
    let held = Held::new(&node, "paused");
    on(home.path(), &["pause"]).ends(0);
    on(home.path(), &["rotate", "--level", "data"]).ends(0);
    assert!(node.stop());
    let mut node = Node::sandbox(home.path());
    // Longer than an unpaused walk waits for.
    thread::sleep(Duration::from_secs(6));
    let now = status(home.path());
    assert_eq!((&now["paused"], &now["renewing"]), (&true.into(), &true.into()), "{now:#}");
    let waits = on(home.path(), &["rotate", "--level", "locator", "--wait"]).ends(3);
    assert!(waits.err.contains("coffer keys resume"), "{}", waits.err);
    on(home.path(), &["resume"]).ends(0);
    wait_until(home.path(), "renewed", |now| now["renewing"] == false && now["paused"] == false);
    held.opens(&node);
    assert!(node.stop());
    let log = Log::of(home.path());
    let orders: Vec<&str> =
        log.of_action("key.order").iter().map(|fact| fact["reason"].as_str().unwrap()).collect();
    assert_eq!(orders, ["pause", "rotate", "rotate", "resume"]);
}
