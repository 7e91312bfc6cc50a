//! Random histories: what the store did, in the order of its positions, is what the model does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{
    path::Path,
    sync::{Arc, Barrier},
    thread,
};

use coffer_core::store::{
    Store, Unit,
    contract::{
        block_on,
        histories::{History, Random, assert_same, kind, random_unit, replay},
    },
};
use coffer_store_sqlite::SqliteStore;
use common::{Pause, folder, open};

const THREADS: u64 = 4;
const BURSTS: u64 = 40;
const BURST: u64 = 8;
/// Every thread has a burst of units under way at a time. The first bursts meet a writer that stands still, so some
/// commits hold many units, whatever the machine.
fn run(store: &SqliteStore, folder: &Path, seed: u64) -> History {
    let pause = Pause::of(folder);
    let sent = Barrier::new(usize::try_from(THREADS).unwrap() + 1);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|lane| {
                let sent = &sent;
                scope.spawn(move || {
                    let mut random = Random::new(seed * 100 + lane);
                    let mut history = History::new();
                    for burst in 0..BURSTS {
                        let units: Vec<Unit> = (0..BURST).map(|_| random_unit(&mut random)).collect();
                        let pending: Vec<_> = units.iter().map(|unit| store.commit(unit.clone())).collect();
                        if burst == 0 {
                            sent.wait();
                        }
                        let outcomes = pending.into_iter().map(|pending| block_on(pending).unwrap());
                        history.extend(units.into_iter().zip(outcomes));
                    }
                    history
                })
            })
            .collect();
        sent.wait();
        drop(pause);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn histories_replay_on_the_model() {
    let mut kinds = [0_u32; 5];
    for seed in 1..=8 {
        let folder = folder();
        let store = open(folder.path());
        let history = run(&store, folder.path(), seed);
        let model = Arc::new(replay(&history, seed));
        assert_same(&store, &model, seed);
        let gauges = store.gauges();
        assert!(gauges.batches < gauges.units, "seed {seed}: units shared commits");
        drop(store);
        assert_same(&open(folder.path()), &model, seed);
        for (_, outcome) in &history {
            kinds[kind(outcome)] += 1;
        }
    }
    assert!(kinds.iter().all(|count| *count > 50), "every way to end was met often: {kinds:?}");
}
