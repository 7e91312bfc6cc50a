//! Whoever rotates is killed at some moment, the command or the node: the node starts again, and the next command ends
//! what was begun.

use std::{process::Stdio, thread, time::Duration};

use crate::{
    command::{in_use, keys, on, wait_until},
    support::{Node, home, store},
    vault::Held,
};

/// Moments of a command that takes a fifth of a second, by what the clock makes of them.
const MOMENTS: u64 = 24;

#[test]
fn a_command_that_is_killed_anywhere_is_ended_by_the_next() {
    let home = home();
    let mut node = Node::sandbox(home.path());
    let held = Held::new(&node, "killed");
    for moment in 0..MOMENTS {
        let mut command = keys(&["rotate", "--level", "root,kek,data,locator"]);
        command.arg("--data").arg(home.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        thread::sleep(Duration::from_millis(moment * 8));
        child.kill().unwrap();
        child.wait().unwrap();
        // Every third time the node dies as well: whatever file there is must open the store.
        if moment % 3 == 0 {
            node.kill();
            node = Node::sandbox(home.path());
        }
        held.is_there(&node);
    }
    on(home.path(), &["rotate", "--level", "root,kek,data,locator"]).ends(0);
    assert!(!home.path().join("key.next").exists());
    assert!(node.stop(), "{}", node.said());
    held.opens(&Node::sandbox(home.path()));
}

/// The steps of a change of the root, each as if the command had been killed behind it.
#[test]
fn a_root_that_was_changed_half_way_opens_and_is_changed_to_the_end() {
    for step in 0..3 {
        let home = home();
        let (key, next) = (home.path().join("key"), home.path().join("key.next"));
        let mut node = Node::sandbox(home.path());
        let held = Held::new(&node, "half");
        let before = crate::command::status(home.path())["root"].clone();
        std::fs::write(&next, "b7".repeat(32)).unwrap();
        std::fs::set_permissions(&next, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        if step >= 1 {
            begin(home.path());
        }
        if step >= 2 {
            std::fs::rename(&next, &key).unwrap();
        }
        assert!(node.stop());
        let node = Node::sandbox(home.path());
        held.is_there(&node);
        assert_eq!(crate::command::status(home.path())["root"], before, "step {step}");
        on(home.path(), &["rotate", "--level", "root"]).ends(0);
        assert_ne!(crate::command::status(home.path())["root"], before);
        assert_eq!(std::fs::read_to_string(&key).unwrap(), "b7".repeat(32), "the change that was begun");
        assert!(!next.exists());
        node.kill();
        held.opens(&Node::sandbox(home.path()));
    }
}

/// What the command asks of the node first.
fn begin(home: &std::path::Path) {
    use std::io::{Read, Write};
    let socket = std::fs::read_dir(home.join("run")).unwrap().next().unwrap().unwrap().path();
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    let request =
        b"POST /admin/keys/root/begin HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_node_that_is_killed_while_records_are_renewed_goes_on_with_it() {
    let home = home();
    let mut node = Node::sandbox(home.path());
    let held: Vec<Held> = (0..12).map(|name| Held::new(&node, &format!("walk{name}"))).collect();
    on(home.path(), &["rotate", "--level", "data,fingerprint"]).ends(0);
    for moment in 0..6 {
        // The walk of a sandbox begins four seconds after all nodes have met: around that time.
        thread::sleep(Duration::from_millis(3_800 + moment * 60));
        node.kill();
        node = Node::sandbox(home.path());
        held[0].is_there(&node);
        if store::is_postgres() && moment == 2 {
            break;
        }
    }
    let now = wait_until(home.path(), "renewed", |now| now["renewing"] == false);
    assert_eq!(in_use(&now, "fingerprint"), 2);
    for held in held {
        held.opens(&node);
    }
}
