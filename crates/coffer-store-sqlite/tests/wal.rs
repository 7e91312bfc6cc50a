//! The write-ahead log stays bounded, however long the load lasts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{
    collections::VecDeque,
    env, fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use coffer_core::store::{
    Outcome, Pending, Store, StoreError, TokenRow,
    contract::{block_on, number, tenant, token, unit},
};
use coffer_crypto::Blob;
use coffer_store_sqlite::{Options, SqliteStore};
use common::{Random, done, folder, open, options, until};

const WAL_BOUND: u64 = 256 * 1024 * 1024;
const WRITERS: u64 = 4;
const READERS: u64 = 2;
/// Units that one writer has under way: together more than the queue holds.
const WINDOW: usize = 1_500;
/// Rows that are kept; what is older is swept beside the load, as the product does it. Bounds the disk that is needed.
const KEPT: u64 = 200_000;
const SWEEP: u32 = 500;

/// About 700 bytes.
fn row(value: u64) -> TokenRow {
    let byte = value.to_le_bytes()[1];
    TokenRow { details: Blob::from_bytes(vec![byte; 550]), ..token(value) }
}

struct Load<'a> {
    store: &'a SqliteStore,
    next: AtomicU64,
    /// Numbers below this were swept, or may have been.
    swept: AtomicU64,
    stop: AtomicBool,
}

impl Load<'_> {
    /// Inserts until it is told to stop. Gives back the acknowledged numbers.
    fn write(&self) -> Vec<u64> {
        let mut acknowledged = Vec::new();
        let mut window: VecDeque<(u64, Pending<'static, Outcome>)> = VecDeque::with_capacity(WINDOW);
        while !self.stop.load(SeqCst) {
            while window.len() < WINDOW {
                let value = self.next.fetch_add(1, SeqCst);
                window.push_back((value, self.store.commit(unit(value).insert(row(value)).finish())));
            }
            for (value, pending) in window.drain(..WINDOW / 4) {
                acknowledged.extend(settle(value, pending));
            }
        }
        acknowledged.extend(window.into_iter().filter_map(|(value, pending)| settle(value, pending)));
        acknowledged
    }

    fn read(&self, seed: u64) -> u64 {
        let (mut random, mut found) = (Random::new(seed), 0);
        while !self.stop.load(SeqCst) {
            let value = 1 + random.below(self.next.load(SeqCst));
            let answer = block_on(self.store.token(tenant(1), number(value))).unwrap();
            if let Some(answer) = answer {
                assert_eq!(answer, row(value));
                found += 1;
            }
        }
        found
    }

    fn sweep(&self) {
        while !self.stop.load(SeqCst) {
            let below = self.next.load(SeqCst).saturating_sub(KEPT).max(1);
            self.swept.store(below, SeqCst);
            let swept =
                block_on(self.store.commit(unit(1).erase_tokens_below(number(below), SWEEP).finish()));
            assert!(matches!(swept, Ok(Outcome::Done(_)) | Err(StoreError::Full)), "{swept:?}");
        }
    }
}

fn settle(value: u64, pending: Pending<'static, Outcome>) -> Option<u64> {
    match block_on(pending) {
        Ok(Outcome::Done(_)) => Some(value),
        Err(StoreError::Full) => None,
        other => panic!("{other:?}"),
    }
}

fn wal_bytes(folder: &Path) -> u64 {
    fs::metadata(folder.join("coffer.db-wal")).map_or(0, |wal| wal.len())
}

/// Seconds of load: 60, or what `COFFER_WAL_SECONDS` says.
#[allow(clippy::disallowed_methods, reason = "a test is told its length, the product is not")]
fn seconds() -> u64 {
    env::var("COFFER_WAL_SECONDS").map_or(60, |text| text.parse().expect("COFFER_WAL_SECONDS is a number"))
}

#[test]
fn the_log_stays_bounded_under_full_load_with_readers() {
    let folder = folder();
    let store = open(folder.path());
    let load = Load {
        store: &store,
        next: AtomicU64::new(1),
        swept: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    };
    let (mut largest, mut acknowledged) = (0, Vec::new());
    thread::scope(|scope| {
        let load = &load;
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(|| load.write())).collect();
        let readers: Vec<_> = (0..READERS).map(|seed| scope.spawn(move || load.read(seed + 1))).collect();
        scope.spawn(|| load.sweep());
        let end = Instant::now() + Duration::from_secs(seconds());
        while Instant::now() < end {
            largest = largest.max(wal_bytes(folder.path()));
            thread::sleep(Duration::from_millis(5));
        }
        load.stop.store(true, SeqCst);
        acknowledged = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        let found: u64 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        assert!(found > 0, "readers read along");
    });
    largest = largest.max(wal_bytes(folder.path()));
    assert!(largest <= WAL_BOUND, "the log grew to {largest} bytes");
    assert!(store.gauges().wal_restarts > 0, "the log began anew: {:?}", store.gauges());
    let swept = load.swept.load(SeqCst);
    block_on(store.close()).unwrap();
    assert_eq!(wal_bytes(folder.path()), 0, "closing leaves an empty log");
    drop(store);
    let store = open(folder.path());
    acknowledged.retain(|value| *value >= swept);
    assert!(!acknowledged.is_empty());
    for value in acknowledged {
        assert_eq!(
            block_on(store.token(tenant(1), number(value))),
            Ok(Some(row(value))),
            "acknowledged and gone"
        );
    }
}

#[test]
fn past_its_bound_the_log_is_made_to_begin_anew() {
    let folder = folder();
    let store = SqliteStore::open(folder.path(), Options { wal_restart_bytes: 1, ..options() }).unwrap();
    for value in 1..=3 {
        for more in 0..50 {
            done(&store, unit(value).insert(row(value * 1_000 + more)));
        }
        until(|| store.gauges().wal_restarts >= value);
        until(|| store.gauges().wal_bytes == 0);
    }
    // A checkpoint that is still looking at the log keeps one commit from its start, and not many in a row.
    let goes_to_the_start = |value: u64| {
        until(|| store.gauges().wal_bytes == 0);
        let grown = wal_bytes(folder.path());
        done(&store, unit(value).insert(row(value)));
        assert_eq!(block_on(store.token(tenant(1), number(value))), Ok(Some(row(value))));
        wal_bytes(folder.path()) == grown
    };
    assert!((10..30).any(goes_to_the_start), "no commit went to the start of the file");
}

#[test]
fn an_idle_log_is_copied_whole() {
    let folder = folder();
    let store = open(folder.path());
    let mark = b"THE LAST ROW BEFORE A REST".as_slice();
    for value in 1..=200 {
        done(&store, unit(value).insert(row(value)));
    }
    done(&store, unit(201).insert(TokenRow { details: Blob::from_bytes(mark.to_vec()), ..row(201) }));
    // Read from the file behind the engine's back: what was copied is in the database file itself.
    until(|| {
        let bytes = fs::read(folder.path().join("coffer.db")).unwrap();
        bytes.windows(mark.len()).any(|window| window == mark)
    });
}
