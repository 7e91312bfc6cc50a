//! The store and the audit log of a process that has ended, read by the store's own crate.
//!
//! Of files a copy is read: looking changes nothing, and the lock of the folder is nobody's. (A lock that this process
//! held for a moment would live on in every child that another test forks in that moment, until the child becomes a
//! node.)

use std::{collections::BTreeSet, fs, future::Future, path::Path, sync::OnceLock};

use coffer_core::{
    audit::Frame,
    store::{ReusableRow, Store, TokenRow},
};
use coffer_store_sqlite::{Options, SqliteStore};
use coffer_types::{RecordNumber, Tenant};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{Answer, store};

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
    /// Nodes that share a store wrote it.
    shared: bool,
}

impl Log {
    /// The log of a sandbox in this folder, which must have ended. Fails unless the log is whole.
    pub fn of(home: &Path) -> Self {
        read(&home.join("data"), "sandbox", |store| Self::read(store, store::is_postgres()))
    }

    /// The log of sandboxes that share this database.
    pub fn of_database(url: &str) -> Self {
        Self::read(&*store::open(url, "sandbox"), true)
    }

    /// The log of a live node with this data folder, which must have ended.
    pub fn of_live(data: &Path) -> Self {
        read(data, "live", |store| Self::read(store, store::is_postgres()))
    }

    fn read(store: &dyn Store, shared: bool) -> Self {
        let (mut frames, mut reached) = (Vec::<Frame>::new(), None);
        loop {
            let page = wait(store.frames(reached, PAGE)).expect("frames");
            let Some(last) = page.last() else { break };
            reached = Some(last.place());
            frames.extend(page);
        }
        let facts = verified(&frames, shared);
        Self { frames, facts, shared }
    }

    /// The facts of one action.
    pub fn of_action(&self, action: &str) -> Vec<&Value> {
        self.facts.iter().filter(|fact| fact["action"] == action).collect()
    }

    /// How many units were committed of which no fact tells.
    pub fn silent(&self) -> usize {
        let named: BTreeSet<(u64, u64)> = self
            .frames
            .iter()
            .flat_map(|frame| frame.records.split(|byte| *byte == b'\n').map(move |line| (frame.lane, line)))
            .filter(|(_, line)| !line.is_empty())
            .map(|(lane, line)| (lane, position(line)))
            .collect();
        let mut reached = 0;
        let units = self.frames.iter().map(|frame| {
            if frame.number == 0 {
                reached = begins_at(frame, self.shared);
            }
            let units = frame.last.0 - reached;
            reached = frame.last.0;
            usize::try_from(units).expect("few")
        });
        units.sum::<usize>() - named.len()
    }
}

fn position(line: &[u8]) -> u64 {
    let fact: Value = serde_json::from_slice(line).expect("a line of JSON");
    fact["position"].as_u64().expect("a position")
}

/// The position before a lane's first frame: nodes that share a store count each for itself, and one alone goes on.
fn begins_at(first: &Frame, shared: bool) -> u64 {
    if shared { 0 } else { first.lane }
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

/// Opens what the node with this data folder kept, and reads in it.
fn read<T>(data: &Path, environment: &'static str, read: impl FnOnce(&dyn Store) -> T) -> T {
    let folder = data.parent().expect("a folder with the data in it");
    if let Some(url) = store::url(folder) {
        return read(&*store::open(&url, environment));
    }
    let copy = super::home();
    for file in super::files(data) {
        fs::copy(&file, copy.path().join(file.file_name().expect("a name"))).expect("a copy");
    }
    let store = SqliteStore::open(copy.path(), Options::new(environment)).expect("a store that opens");
    read(&store)
}

/// Waits for what a store gives, which may come over a network.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime")).block_on(future)
}

/// The records, after every frame was held against its own hash, the frame before it and the positions so far.
fn verified(frames: &[Frame], shared: bool) -> Vec<Value> {
    let (mut facts, mut reached, mut before): (_, u64, Option<&Frame>) = (Vec::new(), 0, None);
    for frame in frames {
        let place = format!("lane {} frame {}", frame.lane, frame.number);
        assert!(frame.is_intact(), "{place}: its hash is not its content's");
        if frame.number == 0 {
            assert!(shared || frame.lane == reached, "{place}: its writer found the store elsewhere");
            reached = begins_at(frame, shared);
            assert_eq!(frame.previous, [0; 32], "{place}: the first of its lane");
        } else {
            let before = before.expect("a lane begins with frame 0");
            assert_eq!((frame.lane, frame.number), (before.lane, before.number + 1), "{place}: a gap");
            assert_eq!(frame.previous, before.hash, "{place}: not chained");
        }
        // A commit whose connection was lost is recognised, and then one without a unit is made behind it.
        let behind = shared && frame.last.0 == reached && frame.records.is_empty();
        assert!(frame.last.0 > reached || behind, "{place}: a frame without a unit");
        let mut lowest = reached + 1;
        for line in frame.records.split_inclusive(|byte| *byte == b'\n') {
            assert_eq!(line.last(), Some(&b'\n'), "{place}: a line that was cut off");
            let fact: Value = serde_json::from_slice(line).expect("a line of JSON");
            let position = position(line);
            assert!((lowest..=frame.last.0).contains(&position), "{place}: position {position} is elsewhere");
            lowest = position;
            facts.push(fact);
        }
        (reached, before) = (frame.last.0, Some(frame));
    }
    // Lanes are side by side: what happened one after the other stands in the order of its time and its request.
    if store::is_postgres() {
        facts.sort_by_key(|fact| (fact["at"].as_i64(), fact["request"].as_str().map(str::to_owned)));
    }
    facts
}
