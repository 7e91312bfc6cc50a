//! A primary that waits for a standby, and several hosts of which one is silent.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use coffer_core::store::{
    Outcome, Store, StoreError,
    contract::{block_on, number, tenant, token, unit},
};
use coffer_postgres_fixture::Server;
use coffer_store_postgres::PostgresStore;
use common::open;

/// Backends that wait for a standby.
fn waiting(server: &Server, name: &str) -> usize {
    server.sql(name, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'").lines().count()
}

fn until(reached: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !reached() {
        assert!(Instant::now() < end, "it never happened");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A store on a server whose standby is gone.
fn without_a_standby() -> (Server, String, PostgresStore) {
    let server = Server::start(&[]);
    let url = server.database();
    let name = url.rsplit_once('/').unwrap().1.to_owned();
    let store = open(&url);
    block_on(store.commit(unit(100).insert(token(1)).finish())).unwrap();
    server.set("synchronous_standby_names", "'nobody'");
    (server, name, store)
}

#[test]
fn a_standby_that_is_gone_uses_up_no_connections_and_nothing_is_acknowledged_without_it() {
    let (server, name, store) = without_a_standby();
    for id in 101..113 {
        let outcome = block_on(store.commit(unit(id).insert(token(id)).finish()));
        assert_eq!(outcome, Err(StoreError::Unavailable), "unit {id}");
        assert!(!store.ready(), "unit {id}: it takes no writes");
        thread::sleep(Duration::from_millis(300));
    }
    let waits = waiting(&server, &name);
    assert!(waits <= 4, "what was given up is not left there again and again: {waits}");
    server.set("synchronous_standby_names", "''");
    until(|| store.ready());
    assert!(matches!(block_on(store.commit(unit(200).insert(token(200)).finish())), Ok(Outcome::Done(_))));
    assert_eq!(block_on(store.token(tenant(1), number(1))), Ok(Some(token(1))));
}

#[test]
fn a_commit_whose_wait_for_a_standby_is_cancelled_is_not_acknowledged() {
    let (server, name, store) = without_a_standby();
    let outcome = thread::scope(|scope| {
        let commit = scope.spawn(|| block_on(store.commit(unit(101).insert(token(2)).finish())));
        while !commit.is_finished() {
            server.sql(
                &name,
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
            );
            thread::sleep(Duration::from_millis(100));
        }
        commit.join().unwrap()
    });
    assert_eq!(outcome, Err(StoreError::Unavailable), "no standby has it");
}

#[test]
fn a_host_that_is_silent_takes_no_time_of_the_others() {
    let server = Server::start(&[]);
    let url = server.database();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = server.address();
    let both = url.replace(&place.to_string(), &format!("{},{place}", silent.local_addr().unwrap()));
    assert_ne!(both, url);
    let store = open(&both);
    block_on(store.commit(unit(100).insert(token(1)).finish())).unwrap();
    server.kill();
    server.start_again();
    until(|| matches!(block_on(store.token(tenant(1), number(1))), Ok(Some(_))));
    assert!(matches!(block_on(store.commit(unit(101).insert(token(2)).finish())), Ok(Outcome::Done(_))));
}
