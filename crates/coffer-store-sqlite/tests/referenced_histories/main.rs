//! Random histories of referenced tokens, of what is sent out of tokens and of acts that are asked for again: a small
//! oracle of plain values says what each must answer, and what many threads did at once is what the model does in the
//! order of the commits.
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
#[path = "../reusable_histories/recorded.rs"]
mod recorded;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    thread,
};

use coffer_core::store::{Ended, Model, Put, Row, Store, contract::block_on};
use coffer_types::Timestamp;
use common::{History, Random, facts as audit_of, folder, open, replay};
use oracle::{Asked, DAY, Oracle, SPANS};
use real::{Real, act, at};
use recorded::Recorded;

/// Few, so that requests meet under them.
const KEYS: u64 = 6;
const ANSWERS: [&str; 13] = [
    "single",
    "token",
    "opened",
    "deleted",
    "listed",
    "placeless",
    "sent",
    "checked",
    "unknown",
    "unusable",
    "taken",
    "different",
    "underway",
];

/// How often each sort of answer was met.
#[derive(Default)]
struct Met(BTreeMap<String, u32>);

impl Met {
    fn count(&mut self, answer: &str) {
        let word = answer.split(' ').next().unwrap();
        *self.0.entry(word.to_owned()).or_default() += 1;
    }
}

/// One history: each act is asked of the oracle and of the vault. Every few acts one before it is asked for again.
fn run(
    store: Arc<dyn Store>,
    open: &dyn Fn(Arc<dyn Store>) -> Arc<dyn Store>,
    (seed, acts): (u64, u32),
    met: &mut Met,
) {
    let mut real = Real::over(store, seed);
    let (mut oracle, mut random) = (Oracle::new(), Random::new(seed));
    let mut keyed: Vec<(u32, u64, Asked)> = Vec::new();
    for step in 0..acts {
        match random.below(100) {
            0..6 => {
                oracle.now += random.pick(&SPANS);
                real.clock.raise_to(at(oracle.now));
            }
            6..8 => real.sweep(),
            8 => {
                real.restart(seed + 1_000 + u64::from(step), open);
                // A new start counts on from the millisecond after the newest number; histories are in whole seconds.
                oracle.now = real.clock.now().millis() / 1_000 + 1;
                real.clock.raise_to(at(oracle.now));
            }
            drawn => {
                let fresh = Asked::random(&mut random, oracle.singles(), oracle.tokens());
                let caller = random.pick(&[1, 1, 1, 2]);
                let wants_key = fresh.takes_a_key() && random.below(2) == 0;
                // Keys come again much later, when some of them are free.
                let block = u64::from(step / 30 % 40) * KEYS;
                let key = wants_key.then(|| block + random.below(KEYS));
                let again = keyed.len().checked_sub(1 + usize::try_from(random.below(4)).unwrap());
                let (caller, key, asked) = match again {
                    Some(index) if drawn < 40 => {
                        let (caller, key, asked) = keyed[index];
                        (caller, Some(key), asked)
                    }
                    _ => (caller, key, fresh),
                };
                if let Some(key) = key {
                    keyed.push((caller, key, asked));
                }
                let expected = oracle.ask(caller, key, asked);
                let answer = block_on(real.ask(&act(caller), key, asked));
                assert_eq!(answer, expected, "seed {seed}, act {step} of {caller} under {key:?}: {asked:?}");
                met.count(&answer);
            }
        }
    }
    real.sweep();
    let all = Timestamp::from_millis(i64::MAX);
    let rows = block_on(real.store.as_ref().unwrap().ended_reusables(Ended::NOTHING, all, 10_000)).unwrap();
    assert_eq!(rows.len(), oracle.living().len(), "seed {seed}: what is left is what lives");
}

#[test]
fn the_oracle_foretells_every_answer() {
    let mut met = Met::default();
    for seed in 1..=10 {
        run(Arc::new(Model::new()), &|store| store, (seed, 1_500), &mut met);
    }
    for seed in 11..=13 {
        let folder = folder();
        let reopen = |store: Arc<dyn Store>| {
            drop(store);
            Arc::new(open(folder.path())) as Arc<dyn Store>
        };
        run(Arc::new(open(folder.path())), &reopen, (seed, 700), &mut met);
    }
    let rare = ANSWERS.iter().chain(&["lost"]).filter(|word| met.0.get(**word).is_none_or(|met| *met < 20));
    assert_eq!(rare.collect::<Vec<_>>(), Vec::<&&str>::new(), "every answer was met often: {:?}", met.0);
}

const THREADS: u64 = 4;
const ACTS: u64 = 200;

type Heard = (Option<u64>, Asked, String);

/// Many threads at once, whose requests meet under few keys; the clock moves on under them, by less than a week.
fn run_many(real: &Real, seed: u64) -> Vec<Heard> {
    let began = real.clock.now().plus_seconds(6 * DAY);
    thread::scope(|scope| {
        let lane = |lane: u64| {
            move || {
                // The acts under keys are the same in all lanes.
                let (mut random, mut shared) = (Random::new(seed * 100 + lane), Random::new(seed * 100 + 99));
                let mut heard = Vec::new();
                for number in 0..ACTS {
                    if random.below(40) == 0 && real.clock.now() < began {
                        real.clock.raise_to(real.clock.now().plus_seconds(random.pick(&[60, 1_800])));
                    }
                    if random.below(40) == 0 {
                        block_on(real.vault().sweep()).unwrap();
                    }
                    let (singles, tokens) =
                        (real.singles.lock().unwrap().len(), real.digits.lock().unwrap().len());
                    let fresh = Asked::random(&mut random, singles, tokens);
                    let common = Asked::random(&mut shared, 40, 40);
                    let is_common = common.takes_a_key() && number % 2 == 0;
                    let (key, asked) = if is_common { (Some(number), common) } else { (None, fresh) };
                    let answer = block_on(real.ask(&act(1), key, asked));
                    heard.push((key, asked, answer));
                }
                heard
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|index| scope.spawn(lane(index))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Whoever asked under a key heard the one answer that it has; of what was sent without an end, one heard it.
fn assert_one_answer_a_key(heard: &[Heard], seed: u64) -> usize {
    let mut answers: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for (key, _, answer) in heard {
        if let Some(key) = key {
            answers.entry(*key).or_default().push(answer);
        }
    }
    for (key, all) in &answers {
        assert_eq!(all.len(), usize::try_from(THREADS).unwrap());
        let known: BTreeSet<_> =
            all.iter().filter(|answer| !["underway", "lost", "contended"].contains(*answer)).collect();
        assert!(known.len() <= 1, "seed {seed}, key {key}: {all:?}");
    }
    answers.len()
}

fn assert_same(inner: &dyn Store, model: &Model, history: &History, seed: u64) {
    let all = Timestamp::from_millis(i64::MAX);
    let rows = |store: &dyn Store| block_on(store.ended_reusables(Ended::NOTHING, all, 10_000)).unwrap();
    assert_eq!(rows(inner), rows(model), "seed {seed}");
    assert_eq!(audit_of(inner), audit_of(model), "seed {seed}");
    for put in history.iter().flat_map(|(unit, _)| unit.puts()) {
        match put {
            Put::Insert(Row::Index { key, .. }) => {
                assert_eq!(block_on(inner.holder(*key)), block_on(model.holder(*key)), "seed {seed}");
            }
            Put::Insert(Row::Reply(row)) | Put::Replace(Row::Reply(row)) => {
                let (theirs, ours) = (inner.reply(row.tenant, row.key), model.reply(row.tenant, row.key));
                assert_eq!(block_on(theirs), block_on(ours), "seed {seed}");
            }
            Put::Insert(Row::Token(row)) => {
                let (theirs, ours) =
                    (inner.token(row.tenant, row.number), model.token(row.tenant, row.number));
                assert_eq!(block_on(theirs), block_on(ours), "seed {seed}");
            }
            _ => {}
        }
    }
}

#[test]
fn what_many_threads_did_at_once_is_what_the_model_does_in_their_order() {
    let (mut met, mut keys) = (Met::default(), 0);
    for seed in 1..=4 {
        let folder = folder();
        let inner = Arc::new(open(folder.path()));
        let history = Arc::new(Mutex::new(History::new()));
        let store = Recorded { inner: Arc::clone(&inner) as Arc<dyn Store>, history: Arc::clone(&history) };
        let real = Real::over(Arc::new(store), seed);
        let heard = run_many(&real, seed);
        keys += assert_one_answer_a_key(&heard, seed);
        for (_, _, answer) in &heard {
            met.count(answer);
        }
        real.sweep();
        let history = std::mem::take(&mut *history.lock().unwrap());
        let model = replay(&history, seed);
        assert_same(&*inner, &model, &history, seed);
    }
    assert!(keys > 150, "many were asked for at once: {keys}");
    let missing = ANSWERS.iter().filter(|word| **word != "different" && !met.0.contains_key(**word));
    assert!(missing.count() <= 2, "nearly every answer was met: {:?}", met.0);
}
