//! Random histories: what one node did, in the order of its positions, is what the model does; and what several nodes
//! did together, in the order in which the database committed it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{sync::Arc, thread};

use coffer_core::store::{
    Outcome, Store, Unit,
    contract::{
        block_on,
        histories::{History, Random, assert_same, kind, random_unit, replay},
    },
};
use coffer_postgres_fixture::Server;
use common::{Nodes, database, open, open_in_order};

const THREADS: u64 = 4;
const BURSTS: u64 = 25;
const BURST: u64 = 8;

/// Every thread has a burst of units under way at a time.
fn run(store: &dyn Store, seed: u64) -> History {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|lane| {
                scope.spawn(move || {
                    let mut random = Random::new(seed * 100 + lane);
                    let mut history = History::new();
                    for _ in 0..BURSTS {
                        let units: Vec<Unit> = (0..BURST).map(|_| random_unit(&mut random)).collect();
                        let pending: Vec<_> = units.iter().map(|unit| store.commit(unit.clone())).collect();
                        let outcomes = pending.into_iter().map(|pending| block_on(pending).unwrap());
                        history.extend(units.into_iter().zip(outcomes));
                    }
                    history
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn histories_of_one_node_replay_on_the_model() {
    let mut kinds = [0_u32; 5];
    for seed in 1..=4 {
        let url = database();
        let store = open_in_order(&url);
        let history = run(&store, seed);
        let model = Arc::new(replay(&history, seed));
        assert_same(&store, &model, seed);
        let gauges = store.gauges();
        assert!(gauges.batches < gauges.units, "seed {seed}: units shared commits");
        drop(store);
        assert_same(&open_in_order(&url), &model, seed);
        for (_, outcome) in &history {
            kinds[kind(outcome)] += 1;
        }
    }
    assert!(kinds.iter().all(|count| *count > 50), "every way to end was met often: {kinds:?}");
}

#[test]
fn histories_of_three_nodes_replay_on_the_model_in_the_order_of_the_database() {
    let server = Server::start(common::IN_ORDER);
    for seed in 1..=3 {
        let url = server.database();
        let nodes = Nodes::of(vec![open(&url), open(&url), open(&url)]);
        let answers = nodes.race(seed, 300);
        let done = answers.values().filter(|answer| matches!(answer, Ok(Outcome::Done(_)))).count();
        assert!(answers.values().all(Result::is_ok) && done > 100, "seed {seed}: {done} units were done");
        nodes.check(&server, &url, seed, &answers);
    }
}
