//! What several tests of the store need.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use std::{
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use coffer_core::store::{
    Model, Outcome, Pending, Position, Store, StoreError, Unit, UnitBuilder, contract::block_on,
};
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

/// A small repeatable source of numbers (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % bound
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).expect("an index")]
    }
}

/// Units, and how each ended.
pub type History = Vec<(Unit, Outcome)>;

/// Replays a history on a fresh model. Every unit must end there as it ended in the store.
pub fn replay(history: &History, seed: u64) -> Model {
    let model = Model::new();
    let mut done: Vec<_> =
        history.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done(_))).collect();
    done.sort_by_key(|(_, outcome)| place(outcome));
    let mut lost: Vec<_> =
        history.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Lost { .. })).collect();
    lost.sort_by_key(|(_, outcome)| place(outcome));
    let mut lost = lost.into_iter().peekable();
    let mut replay_lost = |reached: Position| {
        while let Some((unit, outcome)) = lost.next_if(|(_, outcome)| place(outcome) == reached) {
            assert_eq!(model.apply(unit), Ok(*outcome), "seed {seed}: {unit:?}");
        }
    };
    replay_lost(Position(0));
    for (count, (unit, outcome)) in (1..).zip(done) {
        assert_eq!(
            *outcome,
            Outcome::Done(Position(count)),
            "seed {seed}: positions have no gap and no double"
        );
        assert_eq!(model.apply(unit), Ok(*outcome), "seed {seed}: {unit:?}");
        replay_lost(Position(count));
    }
    assert_eq!(lost.next(), None, "seed {seed}: every lost unit was decided at a position that was reached");
    model
}

/// The position of a done unit, or the one after which a lost unit was decided.
fn place(outcome: &Outcome) -> Position {
    match outcome {
        Outcome::Done(position) => *position,
        Outcome::Lost { after, .. } => *after,
    }
}

/// All lines of the audit log, and the last position. Frames are cut by commits, and a model has one for each unit.
pub fn facts(store: &dyn Store) -> (Vec<u8>, Option<Position>) {
    let frames = block_on(store.frames(Position(0), 100_000)).expect("the store reads");
    assert!(frames.iter().all(coffer_core::audit::Frame::is_intact));
    (frames.iter().flat_map(|frame| frame.records.clone()).collect(), frames.last().map(|frame| frame.last))
}
