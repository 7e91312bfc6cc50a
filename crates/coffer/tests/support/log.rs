//! The store and the audit log of a process that has ended, read by the store's own crate.
//!
//! A copy is read: looking changes nothing, and the lock of the folder is nobody's. (A lock that this process held for
//! a moment would live on in every child that another test forks in that moment, until the child becomes a node.)

use std::{collections::BTreeSet, fs, future::Future, path::Path, task::Poll};

use coffer_core::{
    audit::Frame,
    store::{Position, ReusableRow, Store, TokenRow},
};
use coffer_store_sqlite::{Options, SqliteStore};
use coffer_types::{RecordNumber, Tenant};
use serde_json::Value;

use super::Answer;

/// Frames in one read.
const PAGE: u32 = 1_000;

/// An act's name, its actor, and its request.
pub type Act = (&'static str, &'static str, String);

/// The act that gave this answer.
pub fn act(action: &'static str, actor: &'static str, answer: &Answer) -> Act {
    (action, actor, answer.header("x-request-id").expect("an id").to_owned())
}

/// Everything that an audit log says.
pub struct Log {
    pub frames: Vec<Frame>,
    /// The records of all frames, in order.
    pub facts: Vec<Value>,
}

impl Log {
    /// The log of a sandbox in this folder, which must have ended. Fails unless the log is whole.
    pub fn of(home: &Path) -> Self {
        read(&home.join("data"), "sandbox", Self::read)
    }

    /// The log of a live node with this data folder, which must have ended.
    pub fn of_live(data: &Path) -> Self {
        read(data, "live", Self::read)
    }

    fn read(store: &SqliteStore) -> Self {
        let (mut frames, mut reached) = (Vec::<Frame>::new(), Position(0));
        loop {
            let page = wait(store.frames(reached, PAGE)).expect("frames");
            let Some(last) = page.last() else { break };
            reached = last.last;
            frames.extend(page);
        }
        let facts = verified(&frames);
        Self { frames, facts }
    }

    /// The facts of one action.
    pub fn of_action(&self, action: &str) -> Vec<&Value> {
        self.facts.iter().filter(|fact| fact["action"] == action).collect()
    }

    /// How often each position is named, from 1 to the last: a unit without a fact shows as a gap.
    pub fn positions(&self) -> BTreeSet<u64> {
        self.facts.iter().map(|fact| fact["position"].as_u64().expect("a position")).collect()
    }

    /// The position that the store has reached.
    pub fn reached(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.last.0)
    }
}

/// A token's row, as it lies in the store of a sandbox that has ended.
pub fn token_row(home: &Path, number: u64) -> Option<TokenRow> {
    token_row_of(home, 1, number)
}

/// The same of a tenant of the sandbox.
pub fn token_row_of(home: &Path, tenant: u32, number: u64) -> Option<TokenRow> {
    let number = RecordNumber::from_u64(number).expect("a record number");
    let tenant = Tenant::new(tenant).expect("a tenant");
    read(&home.join("data"), "sandbox", |store| wait(store.token(tenant, number)).expect("a readable row"))
}

/// A reusable token's row of a tenant of the sandbox.
pub fn reusable_row(home: &Path, tenant: u32, number: u64) -> Option<ReusableRow> {
    let number = RecordNumber::from_u64(number).expect("a record number");
    let tenant = Tenant::new(tenant).expect("a tenant");
    read(&home.join("data"), "sandbox", |store| wait(store.reusable(tenant, number)).expect("a readable row"))
}

/// Opens a copy of a data folder and reads in it.
fn read<T>(data: &Path, environment: &'static str, read: impl FnOnce(&SqliteStore) -> T) -> T {
    let copy = super::home();
    for file in super::files(data) {
        fs::copy(&file, copy.path().join(file.file_name().expect("a name"))).expect("a copy");
    }
    let store = SqliteStore::open(copy.path(), Options::new(environment)).expect("a store that opens");
    read(&store)
}

/// Reads of the embedded store hold their answer already.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a read by key that waits"),
    }
}

/// The records, after every frame was held against its own hash, the frame before it and the positions so far.
fn verified(frames: &[Frame]) -> Vec<Value> {
    let (mut facts, mut reached, mut before): (_, u64, Option<&Frame>) = (Vec::new(), 0, None);
    for frame in frames {
        let place = format!("lane {} frame {}", frame.lane, frame.number);
        assert!(frame.is_intact(), "{place}: its hash is not its content's");
        if frame.number == 0 {
            assert_eq!(frame.lane, reached, "{place}: a lane begins where its writer found the store");
            assert_eq!(frame.previous, [0; 32], "{place}: the first of its lane");
        } else {
            let before = before.expect("a lane begins with frame 0");
            assert_eq!((frame.lane, frame.number), (before.lane, before.number + 1), "{place}: a gap");
            assert_eq!(frame.previous, before.hash, "{place}: not chained");
        }
        assert!(frame.last.0 > reached, "{place}: a frame without a unit");
        let mut lowest = reached + 1;
        for line in frame.records.split_inclusive(|byte| *byte == b'\n') {
            assert_eq!(line.last(), Some(&b'\n'), "{place}: a line that was cut off");
            let fact: Value = serde_json::from_slice(line).expect("a line of JSON");
            let position = fact["position"].as_u64().expect("a position");
            assert!((lowest..=frame.last.0).contains(&position), "{place}: position {position} is elsewhere");
            lowest = position;
            facts.push(fact);
        }
        (reached, before) = (frame.last.0, Some(frame));
    }
    facts
}
