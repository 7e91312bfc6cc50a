//! Nodes on one database. Always on PostgreSQL.

use coffer_postgres_fixture::shared;

use crate::{
    command::{in_use, on, wait_until},
    load::Load,
    made::opens,
    support::{Client, Node, home},
    vault::{Held, create, read},
};

#[test]
fn every_node_has_the_new_keys_without_a_restart() {
    let (home, url) = (home(), shared().database());
    let (one, two) = (Node::sandbox_on(home.path(), &url), Node::sandbox_on(home.path(), &url));
    let held = Held::new(&one, "both");
    let load = Load::on(&[&one, &two]);
    for round in 2..4 {
        // Fingerprints wait for the records from the second time on.
        let levels = if round == 2 { "root,kek,data,fingerprint,locator" } else { "root,kek,data,locator" };
        let ran = load.during(levels, || on(home.path(), &["rotate", "--level", levels]));
        assert_eq!(ran.code, 0, "{}{}\n{}\n{}", ran.out, ran.err, one.said(), two.said());
        for (maker, reader) in [(&one, &two), (&two, &one)] {
            held.is_there(reader);
            let token = create(&mut maker.client());
            let read = read(&mut reader.client(), &token);
            assert_eq!(read.status, 200, "{}", read.text());
        }
        let now = crate::command::status(home.path());
        assert_eq!(in_use(&now, "data, durable"), round, "{now:#}");
        assert!(now["met"] == true && now["nodes"].as_array().unwrap().len() == 2, "{now:#}");
        for node in [&one, &two] {
            let revision = format!("coffer_key_revision {}", now["revision"]);
            assert!(metric(node, "coffer_key_revision ") == revision, "{revision}");
        }
    }
    load.goes_on();
    wait_until(home.path(), "renewed", |now| load.is_renewed(now));
    held.is_there(&two);
    opens(&load.ends(&[&one, &two]), &[&one, &two]);
    one.kill();
    held.is_there(&two);
    two.kill();
    held.opens(&Node::sandbox_on(home.path(), &url));
}

/// A host whose copy of the key file was forgotten.
#[test]
fn the_root_before_is_kept_until_every_node_has_the_next_one() {
    let (first, second, url) = (home(), home(), shared().database());
    let one = Node::sandbox_on(first.path(), &url);
    std::fs::copy(first.path().join("key"), second.path().join("key")).unwrap();
    let two = Node::sandbox_on(second.path(), &url);
    let held = Held::new(&one, "hosts");
    let before = crate::command::status(first.path())["root"].clone();
    let waits = on(first.path(), &["rotate", "--level", "root"]).ends(3);
    assert!(waits.out.contains("copy ") && waits.out.contains("--finish"), "{}", waits.out);
    assert_eq!(crate::command::status(first.path())["root"], before);
    // Either host starts as it is.
    two.kill();
    let two = Node::sandbox_on(second.path(), &url);
    held.is_there(&two);
    let copied = second.path().join("key.copied");
    std::fs::copy(first.path().join("key"), &copied).unwrap();
    std::fs::rename(copied, second.path().join("key")).unwrap();
    on(first.path(), &["rotate", "--level", "root", "--finish"]).ends(0);
    assert_ne!(crate::command::status(first.path())["root"], before);
    two.kill();
    held.opens(&Node::sandbox_on(second.path(), &url));
    drop(one);
}

fn metric(node: &Node, name: &str) -> String {
    let page = Client::new(node.operator).call("GET", "/metrics", &[], b"").text();
    page.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned()
}
