//! What several tests of the store need.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test binary uses a part of it")]

use std::{
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

pub use coffer_core::store::contract::histories::{History, Random, facts, replay};
use coffer_core::store::{Outcome, Pending, Position, Store, StoreError, UnitBuilder, contract::block_on};
use coffer_store_sqlite::{Options, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

/// A folder on a real disk, gone with the test.
pub fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder")
}

/// Options of the sandbox that stop the test where the product would abort.
pub fn options() -> Options {
    let fatal = Arc::new(|kind: &'static str| panic!("fatal: {kind}"));
    Options { fatal, ..Options::new("sandbox") }
}

/// Options, and where the kinds of fatal failures are collected.
pub fn recording() -> (Options, Arc<Mutex<Vec<&'static str>>>) {
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&kinds);
    let fatal = Arc::new(move |kind| sink.lock().expect("no panic before").push(kind));
    (Options { fatal, ..Options::new("sandbox") }, kinds)
}

pub fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder, options()).expect("the store opens")
}

pub fn commit(store: &SqliteStore, unit: UnitBuilder) -> Result<Outcome, StoreError> {
    block_on(store.commit(unit.finish()))
}

#[track_caller]
pub fn done(store: &SqliteStore, unit: UnitBuilder) -> Position {
    match commit(store, unit) {
        Ok(Outcome::Done(position)) => position,
        other => panic!("should have been done: {other:?}"),
    }
}

/// What a future holds already, without waiting.
pub fn now<T>(pending: &mut Pending<'_, T>) -> Option<Result<T, StoreError>> {
    use std::task::{Context, Poll, Waker};
    match pending.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

/// A connection that is none of the store's.
pub fn foreign(folder: &Path) -> Connection {
    Connection::open(folder.join("coffer.db")).expect("a foreign connection")
}

/// Holds the engine's write lock until it is dropped: the writer stands still before its next batch.
pub struct Pause(Connection);

impl Pause {
    pub fn of(folder: &Path) -> Self {
        let connection = foreign(folder);
        connection.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
        Self(connection)
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        self.0.execute_batch("ROLLBACK").expect("the lock is given back");
    }
}

/// Waits for something that another thread brings about; how long it takes decides nothing.
pub fn until(reached: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !reached() {
        assert!(Instant::now() < end, "it never happened");
        thread::yield_now();
    }
}
