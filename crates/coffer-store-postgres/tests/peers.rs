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

use coffer_core::peers::contract::{Opened, all};
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
