//! What nodes share beside the records, by the suite that every implementation keeps.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use coffer_core::{
    peers::{
        Announcement, LeaseId, Peers,
        contract::{Opened, all},
    },
    store::{
        CounterKey, Outcome, Store,
        contract::{block_on, unit},
    },
};
use coffer_postgres_fixture::shared;
use common::{database, open};

#[test]
fn keeps_the_contract_of_peers() {
    let opened = AtomicUsize::new(0);
    all(&|| {
        opened.fetch_add(1, Ordering::Relaxed);
        let url = database();
        let name = url.rsplit_once('/').unwrap().1.to_owned();
        let age = move |seconds: i64| {
            shared().sql(&name, &format!("UPDATE nodes SET renewed_at = renewed_at - {seconds} * 1000"));
        };
        Opened { peers: Arc::new(open(&url)), age: Box::new(age) }
    });
    assert!(opened.into_inner() > 3, "the suite opened its stores here");
}

/// A node of an older program takes a number over and leaves what was said of keys under it: it is not heard.
#[test]
fn a_node_of_an_older_program_says_nothing_of_keys() {
    let url = database();
    let store = open(&url);
    let (old, new) = (LeaseId([1; 16]), LeaseId([2; 16]));
    let says = || Announcement { key_revision: 9, root: vec![7; 8], ..Announcement::default() };
    let node = block_on(store.join(old)).unwrap().unwrap();
    block_on(store.beat(node, old, says())).unwrap().unwrap();
    let done = block_on(store.commit(unit(1).add(CounterKey::KEY_REVISION, 3).finish()));
    assert!(matches!(done, Ok(Outcome::Done(_))));
    let other = block_on(store.join(new)).unwrap().unwrap();
    let heard = |said: Announcement| {
        let beat = block_on(store.beat(other, new, says())).unwrap().unwrap();
        assert_eq!(beat.key_revision, 3);
        let peer = beat.peers.iter().find(|peer| peer.lease == old).unwrap();
        assert_eq!(peer.says, said);
    };
    heard(says());
    shared().sql(
        url.rsplit_once('/').unwrap().1,
        "UPDATE nodes SET schema = 1 WHERE lease = '\\x01010101010101010101010101010101'",
    );
    heard(Announcement::default());
}
