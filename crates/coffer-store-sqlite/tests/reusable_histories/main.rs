//! Random histories of reusable tokens: a small oracle of plain values says what each act must answer, and what many
//! threads did at once is what the model does in the order of the commits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "../common/mod.rs"]
mod common;
mod oracle;
mod real;
mod recorded;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    thread,
};

use coffer_core::{
    Lifetime,
    store::{Ended, IndexKind, Model, Put, Row, Store, UniqueKey, contract::block_on},
};
use common::{History, Random, facts as audit_of, folder, open, replay};
use oracle::{Answer, Asked, CARDS, DAY, HOUR, NAMESPACES, Oracle, PLACES, Plain, START, UPDATES};
use real::{Real, act, at, card_of, seconds, start, tenant};
use recorded::Recorded;

/// Something to ask about what may be there: of the newest names most often.
fn random_asked(random: &mut Random, now: i64, names: usize, conflicts: usize) -> Asked {
    let one_of = |random: &mut Random, count: usize| {
        let back = usize::try_from(random.below(random_bound(count))).unwrap();
        count.saturating_sub(back)
    };
    let name = one_of(random, names);
    match random.below(100) {
        0..50 => Asked::Create {
            namespace: random.pick(&[0, 1, 1, 1, 2, 3]),
            card: random.below(CARDS),
            facts: Plain::random(random),
            words: random.below(5),
            ends: random
                .pick(&[None, None, None, Some(HOUR), Some(2 * DAY), Some(20 * DAY)])
                .map(|more| now + more),
        },
        50..60 => Asked::Resolve(one_of(random, conflicts.min(12)) + conflicts.saturating_sub(12)),
        60..66 => Asked::ReadConflict(one_of(random, conflicts.min(12)) + conflicts.saturating_sub(12)),
        66..72 => Asked::Describe(name, random.below(5)),
        72..80 => Asked::Change(name, Plain::random(random)),
        80..84 => Asked::Delete(name),
        84..90 => Asked::Read(name),
        90..95 => Asked::Query(random.pick(&[1, 2, 3])),
        _ => Asked::Reveal(name),
    }
}

fn random_bound(count: usize) -> u64 {
    u64::try_from(count.min(60)).unwrap() + 1
}

/// One history: each act is asked of the oracle and of the vault. Counts the kinds of answers.
fn run(store: &Arc<dyn Store>, seed: u64, acts: u32, kinds: &mut [u32; Answer::KINDS]) {
    let lifetime = Lifetime { seconds: 10 * DAY, extends: !seed.is_multiple_of(3) };
    let mut real = Real::over(Arc::clone(store), lifetime, seed);
    let gone = BTreeSet::new();
    let mut oracle = Oracle { now: START, lifetime, tokens: Vec::new(), gone, conflicts: Vec::new() };
    let mut random = Random::new(seed);
    for step in 0..acts {
        match random.below(100) {
            0..8 => {
                oracle.now += random.pick(&[1, 60, 20 * 60, 1_800, 12 * HOUR, 12 * HOUR, 3 * DAY, 6 * DAY]);
                real.clock.raise_to(at(oracle.now));
            }
            8..10 => real.sweep(),
            10 => {
                real.vault = start(store, &real.clock, seed + 1_000 + u64::from(step));
                // A new start puts time behind the newest number; histories are in whole seconds.
                oracle.now = (real.clock.now().millis() + 999) / 1_000;
                real.clock.raise_to(at(oracle.now));
            }
            drawn => {
                let asked =
                    random_asked(&mut random, oracle.now, oracle.tokens.len(), oracle.conflicts.len());
                let caller = random.pick(&[1, 1, 1, 1, 2]);
                // Now and then the same is asked until it is asked too often.
                let times = if drawn < 16 && matches!(asked, Asked::Describe(..) | Asked::Change(..)) {
                    UPDATES + 2
                } else {
                    1
                };
                for _ in 0..times {
                    let expected = oracle.ask(caller, &asked);
                    let answer = block_on(real.ask(&act(caller), &asked));
                    assert_eq!(answer, expected, "seed {seed}, act {step} of tenant {caller}: {asked:?}");
                    kinds[answer.kind()] += 1;
                }
            }
        }
    }
    real.sweep();
    let left: Vec<_> = block_on(store.ended_reusables(Ended::NOTHING, at(i64::MAX / 1_000), 10_000)).unwrap();
    let left: BTreeSet<_> = left.iter().map(|row| (row.tenant.get(), row.number)).collect();
    let living = (0..oracle.tokens.len()).filter(|name| oracle.living(oracle.tokens[*name].tenant, *name));
    let living: BTreeSet<_> = living.map(|name| (oracle.tokens[name].tenant, real.number(name))).collect();
    assert_eq!(left, living, "seed {seed}: what is left is what lives");
}

#[test]
fn the_oracle_foretells_every_answer() {
    let mut kinds = [0; Answer::KINDS];
    for seed in 1..=10 {
        run(&(Arc::new(Model::new()) as Arc<dyn Store>), seed, 1_500, &mut kinds);
    }
    for seed in 11..=13 {
        let folder = folder();
        run(&(Arc::new(open(folder.path())) as Arc<dyn Store>), seed, 600, &mut kinds);
    }
    assert!(kinds.iter().all(|count| *count >= 20), "every answer was met often: {kinds:?}");
}

const THREADS: u64 = 4;
const ACTS: u64 = 150;

/// Many threads at once, each with acts of its own; the clock moves on under them.
fn run_many(real: &Real, seed: u64) -> Vec<Answer> {
    thread::scope(|scope| {
        let lane = |lane: u64| {
            move || {
                let mut random = Random::new(seed * 100 + lane);
                let mut answers = Vec::new();
                for _ in 0..ACTS {
                    if random.below(40) == 0 {
                        let more = random.pick(&[60, 1_800, HOUR, DAY, 6 * DAY]);
                        real.clock.raise_to(at(seconds(real.clock.now()) + more));
                    }
                    if random.below(40) == 0 {
                        block_on(real.vault.sweep()).unwrap();
                    }
                    let (names, conflicts) =
                        (real.names.lock().unwrap().len(), real.conflicts.lock().unwrap().len());
                    let now = seconds(real.clock.now());
                    let asked = random_asked(&mut random, now, names, conflicts);
                    answers.push(block_on(real.ask(&act(1), &asked)));
                }
                answers
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|index| scope.spawn(lane(index))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Every unique key leads to a living row and back, no namespace has more than its places, no card is there twice.
fn look_through(real: &Real, history: &History, seed: u64) {
    let rows = block_on(real.store.ended_reusables(Ended::NOTHING, at(i64::MAX / 1_000), 10_000)).unwrap();
    let numbers: BTreeSet<_> = rows.iter().map(|row| row.number).collect();
    let (mut cards, mut places) = (BTreeSet::new(), BTreeSet::new());
    let mut keys: Vec<UniqueKey> = Vec::new();
    for put in history.iter().flat_map(|(unit, _)| unit.puts()) {
        if let Put::Insert(Row::Index { key, .. }) = put {
            keys.push(*key);
        }
    }
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let Some(holder) = block_on(real.store.holder(key)).unwrap() else { continue };
        let held = match key.kind {
            IndexKind::ReusableCard => &mut cards,
            IndexKind::NamespacePlace => &mut places,
            _ => continue,
        };
        assert!(held.insert(holder), "seed {seed}: two keys of a kind lead to one token");
    }
    assert_eq!(cards, numbers, "seed {seed}: each token has its card's key, and each key its token");
    let (mut seen, mut placed) = (BTreeSet::new(), BTreeSet::new());
    for row in &rows {
        let shown = block_on(real.vault.reveal_reusable(&act(1), row.number, "test", real.lifetime));
        let Ok(shown) = shown else { continue };
        let namespace = shown.view.details.namespace;
        assert!(
            seen.insert((namespace.clone(), card_of(&shown.clear.protected))),
            "seed {seed}: a card is there once"
        );
        if namespace.is_some() {
            placed.insert(row.number);
        }
    }
    assert_eq!(places, placed, "seed {seed}: a place each");
    for namespace in NAMESPACES.into_iter().flatten() {
        let views = block_on(real.vault.read_namespace(tenant(1), namespace)).unwrap();
        assert!(views.len() <= PLACES, "seed {seed}");
        let listed: BTreeSet<_> = views.iter().map(|view| view.number).collect();
        assert!(listed.is_subset(&placed), "seed {seed}");
    }
}

#[test]
fn what_many_threads_did_at_once_is_what_the_model_does_in_their_order() {
    let mut kinds = [0; Answer::KINDS];
    for seed in 1..=4 {
        let folder = folder();
        let inner = Arc::new(open(folder.path()));
        let history = Arc::new(Mutex::new(History::new()));
        let store = Recorded { inner: Arc::clone(&inner) as Arc<dyn Store>, history: Arc::clone(&history) };
        let lifetime = Lifetime { seconds: 10 * DAY, extends: true };
        let real = Real::over(Arc::new(store), lifetime, seed);
        for answer in run_many(&real, seed) {
            kinds[answer.kind()] += 1;
        }
        real.sweep();
        let until_now = history.lock().unwrap().clone();
        look_through(&real, &until_now, seed);
        let history = std::mem::take(&mut *history.lock().unwrap());
        let model = replay(&history, seed);
        let all = at(i64::MAX / 1_000);
        let (theirs, ours) = (
            inner.ended_reusables(Ended::NOTHING, all, 10_000),
            model.ended_reusables(Ended::NOTHING, all, 10_000),
        );
        assert_eq!(block_on(theirs), block_on(ours), "seed {seed}");
        assert_eq!(audit_of(&*inner), audit_of(&model), "seed {seed}");
        for put in history.iter().flat_map(|(unit, _)| unit.puts()) {
            if let Put::Insert(Row::Index { key, .. }) = put {
                assert_eq!(block_on(inner.holder(*key)), block_on(model.holder(*key)), "seed {seed}");
            }
        }
    }
    let met = kinds.iter().filter(|count| **count > 0).count();
    assert!(met >= 9, "nearly every answer was met: {kinds:?}");
}
