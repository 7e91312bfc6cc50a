//! Random histories: what a store did, in the order of its positions, is what the model does.
//!
//! A store crate's tests draw units here, let them race, and hold the outcome against the model.

use coffer_crypto::{Blob, KeyState, WrappedKey};
use coffer_types::{Generation, RecordNumber, Tenant};

use super::{at, block_on, customer, instrument, key_row, number, reply, reusable, tenant, token};
use crate::{
    audit::{Action, Fact, Frame},
    store::{
        CounterKey, CounterKind, CustomerRow, Ended, IndexKind, InstrumentRow, KeyRow, Lost, Model, Order,
        Outcome, Position, Put, RecordKey, RecordTable, ReplyRow, ReusableRow, Row, Store, Stretch, Target,
        TokenKind, TokenRow, TokenState, UniqueKey, Unit, UnitBuilder, Window,
    },
};

const NUMBERS: u64 = 10;
const KEYS: u8 = 6;
const PREFIXES: u8 = 2;
const ENDS: [i64; 3] = [50, 100, 1_000];
const INDEX_KINDS: [IndexKind; 3] =
    [IndexKind::CustomerInstrument, IndexKind::CustomerId, IndexKind::ReusableCard];

const RECORD_TABLES: [RecordTable; 5] = [
    RecordTable::Tokens,
    RecordTable::Customers,
    RecordTable::Instruments,
    RecordTable::Reusables,
    RecordTable::Replies,
];

fn random_tenant(random: &mut Random) -> Tenant {
    tenant(random.pick(&[1, 1, 1, 2]))
}

fn random_number(random: &mut Random) -> RecordNumber {
    number(1 + random.below(NUMBERS))
}

fn random_generation(random: &mut Random) -> Generation {
    Generation::new(random.pick(&[1, 1, 1, 2, 2, 3])).expect("a value")
}

fn random_token(random: &mut Random, generation: Generation) -> TokenRow {
    let byte = u8::try_from(random.below(256)).expect("a value");
    let state = match random.below(8) {
        0 => TokenState::Expired,
        1 | 2 => TokenState::Used { at: at(5) },
        _ => TokenState::Live {
            protected: Blob::from_bytes(vec![byte; 1 + usize::from(byte)]),
            sad: (byte % 2 == 0).then(|| Blob::from_bytes(vec![byte; 27])),
        },
    };
    let expires_at = at(random.pick(&[50, 100, 1_000]));
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
    let details = Blob::from_bytes(vec![3; usize::try_from(random.below(300)).expect("a value")]);
    let tenant = random_tenant(random);
    CustomerRow { tenant, generation, details, ..customer(random_number(random).get()) }
}

fn random_reusable(random: &mut Random, generation: Generation) -> ReusableRow {
    let details = Blob::from_bytes(vec![4; usize::try_from(random.below(300)).expect("a value")]);
    let ends_at = at(random.pick(&ENDS));
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
    let value = u8::try_from(random.below(KEYS.into())).expect("a value");
    unique_of(random_tenant(random), random.pick(&INDEX_KINDS), value)
}

/// Of few keys, so that two numbers want one; a number stays with its key.
fn random_reply(random: &mut Random, generation: Generation) -> ReplyRow {
    let row = reply(random_number(random).get());
    let key = [u8::try_from(row.number.get() % u64::from(KEYS)).expect("a value"); 16];
    ReplyRow { tenant: random_tenant(random), key, generation, ..row }
}

/// A record in one of the groups that the first keys begin like. It need not be its own place that leads to it.
fn random_member(random: &mut Random) -> Row {
    let mut key = unique_of(random_tenant(random), IndexKind::GroupMember, 0);
    key.value[..8].fill(u8::try_from(random.below(PREFIXES.into())).expect("a value"));
    key.value[8..].copy_from_slice(&random_number(random).get().to_be_bytes());
    Row::Index { key, holder: random_number(random) }
}

fn random_counter(random: &mut Random) -> CounterKey {
    let subject = [u8::try_from(random.below(KEYS.into())).expect("a value"); 16];
    CounterKey { kind: CounterKind::SandboxClock, subject }
}

fn random_key(random: &mut Random, generation: Generation) -> KeyRow {
    let state = random.pick(&KeyState::ALL);
    KeyRow {
        generation,
        state,
        under: u32::try_from(1 + random.below(3)).expect("a value"),
        active_at: random.pick(&[None, Some(at(6))]),
        changed_at: at(random.pick(&[7, 8])),
        tenant: random.pick(&[None, Some(tenant(1))]),
        purpose: u8::try_from(1 + random.below(2)).expect("a value"),
        version: u32::try_from(1 + random.below(8)).expect("a value"),
        wrapped: WrappedKey(vec![u8::try_from(random.below(256)).expect("a value"); 62]),
        ..key_row()
    }
}

fn add_act(unit: UnitBuilder, random: &mut Random) -> UnitBuilder {
    let before = random_generation(random);
    let after = before.next().expect("a value");
    match random.below(36) {
        0..=2 => unit.insert(random_token(random, Generation::FIRST)),
        3 | 4 => unit.insert(random_instrument(random, Generation::FIRST)),
        5 | 6 => unit.insert(Row::Index { key: random_unique(random), holder: random_number(random) }),
        7 | 32 => unit.insert(random_key(random, Generation::FIRST)),
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
            let at_most = u32::try_from(random.below(4)).expect("a value");
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
        28 => {
            unit.erase_replies_below(random_number(random), u32::try_from(random.below(3)).expect("a value"))
        }
        29 | 30 => unit.insert(random_member(random)),
        33 | 34 => unit.replace_key(before, random_key(random, after)),
        // Something that is decided by a key that stays as it is.
        35 => unit.expect_live(random_key(random, before).key(), before),
        _ => unit.add_below(random_counter(random), 1, random.below(12)),
    }
}

fn random_stretch(random: &mut Random) -> Stretch {
    let (from, below) = (random_number(random), random_number(random));
    Stretch { from, below, at_most: u32::try_from(random.below(5)).expect("a value") }
}

/// A unit of a few acts on few records, so that units meet.
pub fn random_unit(random: &mut Random) -> Unit {
    let id = number(random.below(1 << 40));
    let mut unit = acts(id, random);
    for _ in 0..random.below(3) {
        unit = unit.fact(Fact::system(Action::Create).object(random_number(random)));
    }
    unit.finish()
}

/// The same with a number that is given, which its one fact names, and for nodes that race: it erases nothing but
/// records that it expects to be live. So the audit log tells which units were committed and in which order, and each
/// of them meets what it touches by an expectation, as every unit of the product does.
pub fn marked_unit(id: RecordNumber, random: &mut Random) -> Unit {
    let guarded = |put: &Put| match put {
        Put::Erase(target) => matches!(target, Target::Record(_)),
        _ => true,
    };
    loop {
        let unit = acts(id, random).fact(Fact::system(Action::Create).object(id)).finish();
        if unit.puts().iter().all(guarded) {
            return unit;
        }
    }
}

fn acts(id: RecordNumber, random: &mut Random) -> UnitBuilder {
    let mut unit = Unit::build(id, at(random.pick(&[10, 100, 200])));
    for _ in 0..=random.below(3) {
        unit = add_act(unit, random);
    }
    unit
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
    let frames = block_on(store.frames(None, 100_000)).expect("the store reads");
    assert!(frames.iter().all(Frame::is_intact));
    (frames.iter().flat_map(|frame| frame.records.clone()).collect(), frames.last().map(|frame| frame.last))
}

/// A small repeatable source of numbers (xorshift64*).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// By a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % bound
    }

    /// One of some.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).expect("an index")]
    }
}

/// Everything that can be read is the same in both.
pub fn assert_same(store: &dyn Store, model: &Model, seed: u64) {
    assert_same_rows(store, model, seed);
    assert_eq!(facts(store), facts(model), "seed {seed}");
}

/// The same without the audit log, which nodes that share a store write in lanes.
pub fn assert_same_rows(store: &dyn Store, model: &Model, seed: u64) {
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
        let now = at(now);
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
    for table in RECORD_TABLES {
        for (from, at_most) in (0..=NUMBERS + 1).flat_map(|from| [(from, 3), (from, 100)]) {
            let (theirs, ours) =
                (store.records(table, number(from), at_most), model.records(table, number(from), at_most));
            assert_eq!(block_on(theirs), block_on(ours), "seed {seed}: {table:?} from {from}");
        }
    }
    assert_eq!(block_on(store.oldest_token()), block_on(model.oldest_token()), "seed {seed}");
    assert_eq!(block_on(store.oldest_reply()), block_on(model.oldest_reply()), "seed {seed}");
    assert_eq!(block_on(store.newest_number()), block_on(model.newest_number()), "seed {seed}");
}

/// Pages, counts and keys that begin alike, of every tenant.
fn assert_same_lists(store: &dyn Store, model: &Model, seed: u64) {
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

/// How a unit ended: done, or on what it lost.
pub fn kind(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Done(_) => 0,
        Outcome::Lost { lost: Lost::NotLive(_), .. } => 1,
        Outcome::Lost { lost: Lost::NotFree(_), .. } => 2,
        Outcome::Lost { lost: Lost::NotBelow(_), .. } => 3,
        Outcome::Lost { lost: Lost::Exists, .. } => 4,
    }
}
