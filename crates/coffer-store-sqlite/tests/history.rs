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

use coffer_core::{
    audit::{Action, Fact},
    store::{
        CounterKey, CounterKind, CustomerRow, Ended, IndexKind, InstrumentRow, KeyRow, Lost, Model, Order,
        Outcome, RecordKey, ReplyRow, ReusableRow, Row, Store, Stretch, TokenKind, TokenRow, TokenState,
        UniqueKey, Unit, UnitBuilder, Window,
        contract::{block_on, customer, instrument, number, reply, reusable, tenant, token},
    },
};
use coffer_crypto::{Blob, WrappedKey};
use coffer_store_sqlite::SqliteStore;
use coffer_types::{Generation, RecordNumber, Tenant, Timestamp};
use common::{History, Pause, Random, facts, folder, open, replay};

const THREADS: u64 = 4;
const BURSTS: u64 = 40;
const BURST: u64 = 8;
const NUMBERS: u64 = 10;
const KEYS: u8 = 6;
const PREFIXES: u8 = 2;
const ENDS: [i64; 3] = [50, 100, 1_000];
const INDEX_KINDS: [IndexKind; 3] =
    [IndexKind::CustomerInstrument, IndexKind::CustomerId, IndexKind::ReusableCard];

fn random_tenant(random: &mut Random) -> Tenant {
    tenant(random.pick(&[1, 1, 1, 2]))
}

fn random_number(random: &mut Random) -> RecordNumber {
    number(1 + random.below(NUMBERS))
}

fn random_generation(random: &mut Random) -> Generation {
    Generation::new(random.pick(&[1, 1, 1, 2, 2, 3])).unwrap()
}

fn random_token(random: &mut Random, generation: Generation) -> TokenRow {
    let byte = u8::try_from(random.below(256)).unwrap();
    let state = match random.below(8) {
        0 => TokenState::Expired,
        1 | 2 => TokenState::Used { at: Timestamp::from_millis(5) },
        _ => TokenState::Live {
            protected: Blob::from_bytes(vec![byte; 1 + usize::from(byte)]),
            sad: (byte % 2 == 0).then(|| Blob::from_bytes(vec![byte; 27])),
        },
    };
    let expires_at = Timestamp::from_millis(random.pick(&[50, 100, 1_000]));
    TokenRow {
        tenant: random_tenant(random),
        kind: random.pick(&[
            TokenKind::SingleUse,
            TokenKind::SingleUse,
            TokenKind::CardSession,
            TokenKind::Conflict,
        ]),
        generation,
        expires_at,
        state,
        ..token(random_number(random).get())
    }
}

fn random_instrument(random: &mut Random, generation: Generation) -> InstrumentRow {
    let row = instrument(random_number(random).get());
    let bare = random.below(4) == 0;
    let (face, fingerprint) = if bare { (None, None) } else { (row.face, row.fingerprint) };
    InstrumentRow { tenant: random_tenant(random), generation, face, fingerprint, ..row }
}

fn random_customer(random: &mut Random, generation: Generation) -> CustomerRow {
    let details = Blob::from_bytes(vec![3; usize::try_from(random.below(300)).unwrap()]);
    let tenant = random_tenant(random);
    CustomerRow { tenant, generation, details, ..customer(random_number(random).get()) }
}

fn random_reusable(random: &mut Random, generation: Generation) -> ReusableRow {
    let details = Blob::from_bytes(vec![4; usize::try_from(random.below(300)).unwrap()]);
    let ends_at = Timestamp::from_millis(random.pick(&ENDS));
    let row = reusable(random_number(random).get());
    let bare = random.below(4) == 0;
    let (face, fingerprint) = if bare { (None, None) } else { (row.face, row.fingerprint) };
    ReusableRow { tenant: random_tenant(random), generation, ends_at, face, fingerprint, details, ..row }
}

/// Keys of which some begin alike.
fn unique_of(tenant: Tenant, kind: IndexKind, value: u8) -> UniqueKey {
    let mut bytes = [value; 16];
    bytes[..8].fill(value % PREFIXES);
    UniqueKey { tenant, kind, value: bytes }
}

fn random_unique(random: &mut Random) -> UniqueKey {
    let value = u8::try_from(random.below(KEYS.into())).unwrap();
    unique_of(random_tenant(random), random.pick(&INDEX_KINDS), value)
}

/// Of few keys, so that two want one.
fn random_reply(random: &mut Random, generation: Generation) -> ReplyRow {
    let row = reply(random_number(random).get());
    let key = [u8::try_from(random.below(KEYS.into())).unwrap(); 16];
    ReplyRow { tenant: random_tenant(random), key, generation, ..row }
}

/// A record in one of the groups that the first keys begin like. It need not be its own place that leads to it.
fn random_member(random: &mut Random) -> Row {
    let mut key = unique_of(random_tenant(random), IndexKind::GroupMember, 0);
    key.value[..8].fill(u8::try_from(random.below(PREFIXES.into())).unwrap());
    key.value[8..].copy_from_slice(&random_number(random).get().to_be_bytes());
    Row::Index { key, holder: random_number(random) }
}

fn random_counter(random: &mut Random) -> CounterKey {
    let subject = [u8::try_from(random.below(KEYS.into())).unwrap(); 16];
    CounterKey { kind: CounterKind::SandboxClock, subject }
}

fn random_key(random: &mut Random) -> KeyRow {
    KeyRow {
        tenant: random.pick(&[None, Some(tenant(1))]),
        purpose: u8::try_from(1 + random.below(2)).unwrap(),
        version: u32::try_from(1 + random.below(20)).unwrap(),
        created_at: Timestamp::from_millis(7),
        wrapped: WrappedKey(vec![u8::try_from(random.below(256)).unwrap(); 62]),
    }
}

fn add_act(unit: UnitBuilder, random: &mut Random) -> UnitBuilder {
    let before = random_generation(random);
    let after = before.next().unwrap();
    match random.below(32) {
        0..=2 => unit.insert(random_token(random, Generation::FIRST)),
        3 | 4 => unit.insert(random_instrument(random, Generation::FIRST)),
        5 | 6 => unit.insert(Row::Index { key: random_unique(random), holder: random_number(random) }),
        7 => unit.insert(random_key(random)),
        8 | 9 => unit.replace_token(before, random_token(random, after)),
        10 | 11 => unit.replace_instrument(before, random_instrument(random, after)),
        12 => {
            let (tenant, number) = (random_tenant(random), random_number(random));
            let keys = [
                RecordKey::Token,
                RecordKey::Instrument,
                RecordKey::Customer,
                RecordKey::Reusable,
                RecordKey::Reply,
            ];
            unit.erase(random.pick(&keys)(tenant, number), before)
        }
        13 => {
            let at_most = u32::try_from(random.below(4)).unwrap();
            unit.erase_tokens_below(random_number(random), at_most)
        }
        14 => unit.blank_tokens(random_stretch(random)),
        15 => unit.add(random_counter(random), random.pick(&[1, 2, u64::MAX / 3])),
        16 | 17 => unit.insert(random_customer(random, Generation::FIRST)),
        18 => unit.replace_customer(before, random_customer(random, after)),
        19 => unit.free_key(random_unique(random)),
        // One record's key moves, as when an instrument gets another number.
        20 => {
            let (old, new) = (random_unique(random), random_unique(random));
            unit.free_key(old).insert(Row::Index { key: new, holder: random_number(random) })
        }
        21 | 22 => unit.insert(random_reusable(random, Generation::FIRST)),
        23 | 24 => unit.replace_reusable(before, random_reusable(random, after)),
        25 | 26 => unit.insert(random_reply(random, Generation::FIRST)),
        27 => unit.replace_reply(before, random_reply(random, after)),
        28 => unit.erase_replies_below(random_number(random), u32::try_from(random.below(3)).unwrap()),
        29 | 30 => unit.insert(random_member(random)),
        _ => unit.add_below(random_counter(random), 1, random.below(12)),
    }
}

fn random_stretch(random: &mut Random) -> Stretch {
    let (from, below) = (random_number(random), random_number(random));
    Stretch { from, below, at_most: u32::try_from(random.below(5)).unwrap() }
}

fn random_unit(random: &mut Random) -> Unit {
    let at = Timestamp::from_millis(random.pick(&[10, 100, 200]));
    let mut unit = Unit::build(number(random.below(1 << 40)), at);
    for _ in 0..=random.below(3) {
        unit = add_act(unit, random);
    }
    for _ in 0..random.below(3) {
        unit = unit.fact(Fact::system(Action::Create).object(random_number(random)));
    }
    unit.finish()
}

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

fn assert_same(store: &SqliteStore, model: &Model, seed: u64) {
    for value in 0..=NUMBERS + 1 {
        let number = number(value);
        for tenant in [tenant(1), tenant(2)] {
            let (theirs, ours) = (store.token(tenant, number), model.token(tenant, number));
            assert_eq!(block_on(theirs), block_on(ours), "seed {seed}");
            let (theirs, ours) = (store.instrument(tenant, number), model.instrument(tenant, number));
            assert_eq!(block_on(theirs), block_on(ours), "seed {seed}");
            let (theirs, ours) = (store.customer(tenant, number), model.customer(tenant, number));
            assert_eq!(block_on(theirs), block_on(ours), "seed {seed}");
            let (theirs, ours) = (store.reusable(tenant, number), model.reusable(tenant, number));
            assert_eq!(block_on(theirs), block_on(ours), "seed {seed}");
        }
    }
    for (from, below) in (0..=NUMBERS + 1).flat_map(|from| (0..=NUMBERS + 1).map(move |below| (from, below)))
    {
        let stretch = Stretch { from: number(from), below: number(below), at_most: 2 };
        let (theirs, ours) = (store.oldest_protected(stretch), model.oldest_protected(stretch));
        assert_eq!(block_on(theirs), block_on(ours), "seed {seed}: {stretch:?}");
    }
    for (now, at_most) in ENDS.into_iter().flat_map(|end| [(end - 1, 100), (end, 3), (end, 100)]) {
        let now = Timestamp::from_millis(now);
        let (theirs, ours) = (
            store.ended_reusables(Ended::NOTHING, now, at_most),
            model.ended_reusables(Ended::NOTHING, now, at_most),
        );
        assert_eq!(block_on(theirs), block_on(ours), "seed {seed}: ended at {now:?}");
    }
    assert_same_lists(store, model, seed);
    for value in 0..KEYS {
        for (tenant, kind) in [1, 2].into_iter().flat_map(|one| INDEX_KINDS.map(|kind| (tenant(one), kind))) {
            let key = unique_of(tenant, kind, value);
            assert_eq!(block_on(store.holder(key)), block_on(model.holder(key)), "seed {seed}");
        }
        for tenant in [tenant(1), tenant(2)] {
            let (theirs, ours) = (store.reply(tenant, [value; 16]), model.reply(tenant, [value; 16]));
            assert_eq!(block_on(theirs), block_on(ours), "seed {seed}");
        }
        let key = CounterKey { kind: CounterKind::SandboxClock, subject: [value; 16] };
        assert_eq!(block_on(store.counter(key)), block_on(model.counter(key)), "seed {seed}");
    }
    assert_eq!(block_on(store.keys()), block_on(model.keys()), "seed {seed}");
    assert_eq!(block_on(store.oldest_token()), block_on(model.oldest_token()), "seed {seed}");
    assert_eq!(block_on(store.oldest_reply()), block_on(model.oldest_reply()), "seed {seed}");
    assert_eq!(block_on(store.newest_number()), block_on(model.newest_number()), "seed {seed}");
    assert_eq!(facts(store), facts(model), "seed {seed}");
}

/// Pages, counts and keys that begin alike, of every tenant.
fn assert_same_lists(store: &SqliteStore, model: &Model, seed: u64) {
    for tenant in [tenant(1), tenant(2), tenant(3)] {
        for from in 0..=NUMBERS + 1 {
            let (theirs, ours) =
                (store.count_tokens(tenant, number(from)), model.count_tokens(tenant, number(from)));
            assert_eq!(block_on(theirs), block_on(ours), "seed {seed}: from {from}");
            for (below, skip, at_most) in [(NUMBERS + 1, 0, 100), (NUMBERS, 1, 3), (NUMBERS / 2, 0, 0)] {
                let order = if skip % 2 == 0 { Order::NewestFirst } else { Order::OldestFirst };
                let window = Window { from: number(from), below: number(below), skip, at_most, order };
                let (theirs, ours) = (store.tokens(tenant, window), model.tokens(tenant, window));
                assert_eq!(block_on(theirs), block_on(ours), "seed {seed}: {window:?}");
                let (theirs, ours) = (store.instruments(tenant, window), model.instruments(tenant, window));
                assert_eq!(block_on(theirs), block_on(ours), "seed {seed}: {window:?}");
                let (theirs, ours) = (store.outlines(tenant, window), model.outlines(tenant, window));
                assert_eq!(block_on(theirs), block_on(ours), "seed {seed}: {window:?}");
                for prefix in 0..=PREFIXES {
                    let theirs = store.members(tenant, IndexKind::GroupMember, [prefix; 8], window);
                    let ours = model.members(tenant, IndexKind::GroupMember, [prefix; 8], window);
                    assert_eq!(block_on(theirs), block_on(ours), "seed {seed}: {prefix} {window:?}");
                }
            }
        }
        let (theirs, ours) = (store.count_instruments(tenant), model.count_instruments(tenant));
        assert_eq!(block_on(theirs), block_on(ours), "seed {seed}");
        for (kind, prefix) in
            INDEX_KINDS.into_iter().flat_map(|kind| (0..=PREFIXES).map(move |of| (kind, of)))
        {
            for at_most in [1, 100] {
                let theirs = store.holders(tenant, kind, [prefix; 8], at_most);
                let ours = model.holders(tenant, kind, [prefix; 8], at_most);
                assert_eq!(block_on(theirs), block_on(ours), "seed {seed}: {kind:?} {prefix}");
            }
        }
    }
}

fn kind(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Done(_) => 0,
        Outcome::Lost { lost: Lost::NotLive(_), .. } => 1,
        Outcome::Lost { lost: Lost::NotFree(_), .. } => 2,
        Outcome::Lost { lost: Lost::NotBelow(_), .. } => 3,
        Outcome::Lost { lost: Lost::Exists, .. } => 4,
    }
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
